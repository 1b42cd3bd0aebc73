"""The placement policy: of all that is possible, what a healthy cluster does next, and where.

The actions say what *may* happen; every engine explores all of it. A told run needs one choice, and
this is it. Nothing else decides who restarts where.

1. Order: what needs nobody's decision comes first (a secondary takes over, heartbeats are missed), then
   the election, then what the master does (declare dead, restart), last the new secondary.
2. Restart (HA): the VM of the highest restart priority first; on the host with the most unreserved memory.
3. New secondary: DRS takes the host with the most unreserved CPU; with DRS off, HA placement takes the
   one with the most unreserved memory.
4. Ties: by name.

Migrations, aborts, and whatever a guest or an operator does are not begun by the policy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..language import Instance, where
from ..language.wording import word
from .availability.election import datastores
from .placement import accepts
from .state import VM, Cluster, Copy, Host

ORDER = (
    "replay_entry",
    "fail_over",
    "halt_primary",
    "halt_secondary",
    "go_on_alone",
    "drop_clone",
    "start_election",
    "become_master",
    "abdicate",
    "follow_master",
    "declare_isolated",
    "end_isolation",
    "let_list_lapse",
    "claim_list",
    "release_lapsed_list",
    "hear_host",
    "find_partitioned",
    "find_isolated",
    "declare_dead",
    "let_lock_lapse",
    "renew_lock",
    "release_lapsed_lock",
    "power_off_orphan",
    "respond_to_isolation",
    "leave_power_off_file",
    "free_reservation",
    "abort_migration",
    "give_up_migration",
    "drop_partial_copy",
    "take_back",
    "confirm_without_source",
    "activate_destination",
    "destroy_original",
    "restart",
    "reset_guest",
    "discard_stale",
    "protect",
    "report_protected",
    "complete_secondary",
    "start_secondary",
)


def unreserved_memory(s: Cluster, host: Host) -> int:
    """MiB of a host that no VM has reserved."""
    used: int = s.total(VM, lambda v: where(s.reserved[v, host], s.memory_reservation[v], 0))
    return int(s.memory[host]) - used


def unreserved_cpu(s: Cluster, host: Host) -> int:
    """MHz of a host that no VM has reserved."""
    used: int = s.total(VM, lambda v: where(s.reserved[v, host], s.cpu_reservation[v], 0))
    return int(s.cpu[host]) - used


def preference(s: Cluster, instance: Instance) -> tuple[Any, ...] | None:
    """A key by which possible instances are compared, the smallest first; None: not begun by the policy.

    ``s`` is a state on ordinary values.
    """
    name = instance.action.name
    if name not in ORDER:
        return None
    return (ORDER.index(name), *_where(s, name, instance.arguments), *map(word, instance.arguments))


def _where(s: Cluster, name: str, arguments: tuple[Any, ...]) -> tuple[int, ...]:
    if name == "restart":
        _, vm, host = arguments
        return (-s.ha_priority[vm], -unreserved_memory(s, host))
    if name == "start_secondary":
        vm, _, target = arguments
        free = unreserved_memory(s, target) if s.drs == "off" else unreserved_cpu(s, target)
        return (-s.ha_priority[vm], -free)
    return ()


def reason(s: Cluster, instance: Instance) -> str:
    """Why the policy chose just this, in words; empty where there was nothing to choose."""
    name, arguments = instance.action.name, instance.arguments
    if name == "become_master":
        return f"among those that work, {_compared(s, arguments[0])}"
    if name == "restart":
        return f"unreserved memory: {_amounts(s, arguments[1], unreserved_memory, 'MiB')}"
    if name == "start_secondary":
        by, unit = (unreserved_memory, "MiB") if s.drs == "off" else (unreserved_cpu, "MHz")
        who = "HA placement, unreserved memory" if s.drs == "off" else "DRS, unreserved CPU"
        return f"{who}: {_amounts(s, arguments[0], by, unit)}"
    return ""


def _compared(s: Cluster, winner: Host) -> str:
    if s.election != "datastores":
        return f"{winner} was the first to take the cluster lock"
    counts = {host: datastores(s, host) for host in s.members(Host) if s.up[host]}
    tied = [host for host, count in counts.items() if count == counts[winner] and host is not winner]
    by_count = f"{winner} reaches the most datastores ({counts[winner]})"
    return by_count + (f", as {_listed(tied)} do; its Managed Object ID is the highest" if tied else "")


def _listed(hosts: list[Host]) -> str:
    return " and ".join(map(str, hosts))


def _amounts(s: Cluster, vm: VM, amount: Callable[[Cluster, Host], int], unit: str) -> str:
    """What every host that would accept the VM has left, the most first."""
    free = {
        host: amount(s, host)
        for host in s.members(Host)
        if accepts(s, vm, host) and s.copy[vm, host] is not Copy.RUNNING
    }
    ranked = sorted(free.items(), key=lambda pair: (-pair[1], pair[0].name))
    return ", ".join(f"{host} {left:,} {unit}" for host, left in ranked)
