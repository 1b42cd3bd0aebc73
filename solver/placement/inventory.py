"""An inventory of ours (TOML) as a placement problem: loads, reservations, rules, FT, datastores."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.inventory import HostItem, Inventory, VMItem
from .problem import NOWHERE, VM, Host, HostState, Mode, Problem, Resource, Rule

RESOURCES = (
    Resource("cpu", "MHz"),
    Resource("memory", "MiB"),
    Resource("cpu reservation", "MHz", load=False),
    Resource("memory reservation", "MiB", load=False),
)
SHARES = {"high": 3, "normal": 2, "low": 1}
RESTART = {"high": 3, "medium": 2, "low": 1, "disabled": 0}


def problem_of(inventory: Inventory, name: str = "") -> Problem:
    """The placement problem of an inventory.

    A VM that is off, or begins outside the cluster, has no host yet: ``admit`` places it. A fault-tolerant VM
    without a secondary in the file gets a row for one only when it is admitted.
    """
    numbers = {host.name: h for h, host in enumerate(inventory.hosts)}
    hosts = tuple(Host(h.name, (h.cpu, h.memory, h.cpu, h.memory), _state(h)) for h in inventory.hosts)
    rows: list[VM] = []
    for item in inventory.vms:
        rows += _rows(item, inventory.hosts, numbers, len(rows))
    return Problem(
        name, RESOURCES, hosts, tuple(rows), tuple(_rules(inventory, rows, numbers)), _mode(inventory)
    )


def _state(host: HostItem) -> HostState:
    return "maintenance" if host.maintenance else "quarantine" if host.quarantine else "normal"


def _mode(inventory: Inventory) -> Mode:
    drs = inventory.settings.drs
    return "manual" if drs == "off" else drs


def _rows(item: VMItem, hosts: tuple[HostItem, ...], numbers: dict[str, int], row: int) -> list[VM]:
    """The VM, and its secondary where it is fault tolerant."""
    barred = frozenset(h for h, host in enumerate(hosts) if item.datastore not in host.datastores)
    demand = (item.cpu, item.memory, item.cpu_reservation, item.memory_reservation)
    off = item.power == "off" or item.convert is not None
    primary = VM(
        item.name, demand, NOWHERE if off else numbers[item.host], barred, mode=item.automation,
        priority=SHARES[item.priority], restart=RESTART[item.ha_priority], twin=row + 1 if item.ft else None,
    )  # fmt: skip
    if not item.ft:
        return [primary]
    place = NOWHERE if off or item.secondary is None else numbers[item.secondary]
    name = f"{item.name} (secondary)"
    return [
        primary,
        VM(name, demand, place, barred, priority=primary.priority, restart=0, twin=row, secondary=True),
    ]


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
