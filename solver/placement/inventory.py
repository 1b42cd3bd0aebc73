"""An inventory of ours (TOML) as a placement problem: loads, reservations, rules, FT, datastores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...model.inventory import HostItem, Inventory, VMItem
from .problem import NOWHERE, VM, Host, HostState, Mode, Problem, Resource, Rule

CPU, MEMORY = Resource("cpu", "MHz"), Resource("memory", "MiB")
PROMISES = (
    Resource("cpu reservation", "MHz", load=False),
    Resource("memory reservation", "MiB", load=False),
)
NETWORK = Resource("network", "Mb/s")
VCPUS, COUNT = Resource("vcpus", "vCPUs", load=False), Resource("vms", "VMs", load=False)
PRIORITY = {"high": 3, "normal": 2, "low": 1}
CPU_SHARES = {"high": 2000, "normal": 1000, "low": 500}  # a vCPU
MEMORY_SHARES = {"high": 20, "normal": 10, "low": 5}  # a MiB
RESTART = {"high": 3, "medium": 2, "low": 1, "disabled": 0}


def problem_of(inventory: Inventory, name: str = "") -> Problem:
    """The placement problem of an inventory.

    A VM that is off, or begins outside the cluster, has no host yet: ``admit`` places it. A fault-tolerant VM
    without a secondary in the file gets a row for one only when it is admitted.
    """
    numbers = {host.name: h for h, host in enumerate(inventory.hosts)}
    kinds = _resources(inventory)
    hosts = tuple(Host(h.name, _capacity(h, inventory, kinds), _state(h)) for h in inventory.hosts)
    rows: list[VM] = []
    for item in inventory.vms:
        rows += _rows(item, inventory.hosts, numbers, len(rows), kinds)
    return Problem(name, kinds, hosts, tuple(rows), tuple(_rules(inventory, rows, numbers)), _mode(inventory))


def _resources(inventory: Inventory) -> tuple[Resource, ...]:
    """Loads and reservations of CPU and memory, and what else the file counts."""
    stated = {
        NETWORK: any(host.network is not None for host in inventory.hosts),
        VCPUS: inventory.settings.vcpus_per_core is not None,
        COUNT: inventory.settings.vms_per_host is not None,
    }
    return (CPU, MEMORY, *PROMISES, *(kind for kind, there in stated.items() if there))


def _capacity(host: HostItem, inventory: Inventory, kinds: tuple[Resource, ...]) -> tuple[int, ...]:
    settings = inventory.settings
    more = {
        NETWORK: host.network or 0,
        VCPUS: (host.cores or 0) * (settings.vcpus_per_core or 0),
        COUNT: settings.vms_per_host or 0,
    }
    return (host.cpu, host.memory, host.cpu, host.memory, *(more[kind] for kind in kinds[4:]))


def _demand(item: VMItem, kinds: tuple[Resource, ...], secondary: bool = False) -> tuple[int, ...]:
    """The output of a secondary is suppressed: it sends nothing."""
    more = {NETWORK: 0 if secondary else item.network, VCPUS: item.vcpus, COUNT: 1}
    own = (item.cpu, item.memory, item.cpu_reservation, item.memory_reservation)
    return (*own, *(more[kind] for kind in kinds[4:]))


def _shares(item: VMItem) -> tuple[int, int]:
    """Shares of CPU (a level is so many for each vCPU) and memory (for each MiB).

    vSphere Resource Management, "Resource Allocation Shares".
    """
    cpu, memory = item.cpu_shares or item.priority, item.memory_shares or item.priority
    return (
        cpu if isinstance(cpu, int) else CPU_SHARES[cpu] * item.vcpus,
        memory if isinstance(memory, int) else MEMORY_SHARES[memory] * max(item.memory, 1),
    )


def _state(host: HostItem) -> HostState:
    return "maintenance" if host.maintenance else "quarantine" if host.quarantine else "normal"


def _mode(inventory: Inventory) -> Mode:
    drs = inventory.settings.drs
    return "manual" if drs == "off" else drs


def _rows(
    item: VMItem,
    hosts: tuple[HostItem, ...],
    numbers: dict[str, int],
    row: int,
    kinds: tuple[Resource, ...],
) -> list[VM]:
    """The VM, and its secondary where it is fault tolerant."""
    off, rest = item.power == "off" or item.convert is not None, len(kinds) - 2
    primary = VM(
        item.name, _demand(item, kinds), NOWHERE if off else numbers[item.host],
        frozenset(h for h, host in enumerate(hosts) if item.datastore not in host.datastores),
        mode=item.automation, priority=PRIORITY[item.priority], restart=RESTART[item.ha_priority],
        twin=row + 1 if item.ft else None,
        reserved=(item.cpu_reservation, item.memory_reservation, *[0] * rest),
        limits=(item.cpu_limit, item.memory_limit, *[None] * rest), shares=(*_shares(item), *[0] * rest),
    )  # fmt: skip
    if not item.ft:
        return [primary]
    place = NOWHERE if off or item.secondary is None else numbers[item.secondary]
    secondary = replace(
        primary, name=f"{item.name} (secondary)", demand=_demand(item, kinds, True), host=place, mode=None,
        restart=0, twin=row, secondary=True,
    )  # fmt: skip
    return [primary, secondary]


def _rules(inventory: Inventory, rows: list[VM], numbers: dict[str, int]) -> Iterator[Rule]:
    """The rules of the file bind both copies of a VM; keep-together rules only where the VM runs."""
    of = {vm.name: v for v, vm in enumerate(rows) if not vm.secondary}
    for rule in inventory.rules:
        vms = [of[name] for name in dict.fromkeys(rule.vms)]
        if rule.kind != "keep together":
            vms += [twin for v in list(vms) if (twin := rows[v].twin) is not None]
        if rule.kind == "keep apart":
            yield Rule(rule.name, rule.kind, tuple(vms))
        else:
            yield Rule(rule.name, rule.kind, tuple(vms), tuple(numbers[h] for h in dict.fromkeys(rule.hosts)))
    for v, vm in enumerate(rows):
        if vm.twin is not None and not vm.secondary:
            yield Rule(f"{vm.name}: primary and secondary on different hosts", "keep apart", (v, vm.twin))
