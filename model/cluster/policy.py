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

from typing import Any

from ..language import Instance, where
from ..language.wording import word
from .state import VM, Cluster, Host

ORDER = (
    "replay_log",
    "fail_over",
    "drop_clone",
    "miss_heartbeats",
    "start_election",
    "become_master",
    "follow_master",
    "hear_again",
    "declare_dead",
    "expire_lock",
    "free_reservation",
    "drop_partial_copy",
    "take_back",
    "close_job",
    "activate_destination",
    "destroy_original",
    "restart",
    "discard_stale",
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
        vm, host = arguments
        return (-s.ha_priority[vm], -unreserved_memory(s, host))
    if name == "start_secondary":
        vm, _, target = arguments
        free = unreserved_memory(s, target) if s.drs == "off" else unreserved_cpu(s, target)
        return (-s.ha_priority[vm], -free)
    return ()
