"""Scopes of the cluster: made from an inventory, or small ones with alike hosts and VMs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

from .cluster import VM, Cluster, Datastore, Host, Segment
from .cluster.state import Automation
from .language import Scope
from .language.domains import Sort

if TYPE_CHECKING:
    from .inventory import HostItem, Inventory, Rule, VMItem

FAST_LINK = 1000  # Mb/s
GROWTH = 2  # a VM whose load has grown uses twice as much
DRS_PRIORITY = {"high": 3, "normal": 2, "low": 1}
HA_PRIORITY = {"high": 3, "medium": 2, "low": 1, "disabled": 0}
Pairs = dict[tuple[str, str], bool]
Data = dict[str, Mapping[Any, Any]]


def ranks(moids: Mapping[str, str]) -> Pairs:
    """Who ranks above whom: Managed Object IDs are compared as strings, so "host-9" beats "host-10"."""
    return {(a, b): moids[a] > moids[b] for a in moids for b in moids}


def scope_of(inventory: Inventory, name: str = "") -> Scope:
    """The scope that an inventory describes, each VM where the file puts it.

    Budgets that the file does not name are 0; those the cluster has no action for yet are left out.
    """
    members: dict[type[Sort], list[str]] = {
        Host: [host.name for host in inventory.hosts],
        VM: [vm.name for vm in inventory.vms],
        Datastore: [datastore.name for datastore in inventory.datastores],
        Segment: ["network", "cut off"],
    }
    budgets = {action.budget for action in Cluster.model.actions.values() if action.budget}
    return Scope(
        Cluster,
        members,
        statics={**_host_data(inventory), **_vm_data(inventory), **_rule_data(inventory)},
        settings=_settings(inventory),
        budgets={fault: limit for fault, limit in inventory.budgets.items() if fault in budgets},
        name=name,
    )


def unread_rules(inventory: Inventory) -> tuple[str, ...]:
    """The names of rules that a file may have and that no action or property of the cluster reads yet."""
    return tuple(rule.name for rule in inventory.rules if rule.kind == "keep together")


def _settings(inventory: Inventory) -> dict[str, str | bool | int]:
    settings = inventory.settings
    powers_off = settings.isolation_response != "leave powered on"  # a shutdown ends in the same
    return {
        "ha": settings.ha,
        "ft": settings.ft,
        "drs": settings.drs,
        "migration_threshold": settings.migration_threshold,
        "vmotion": settings.vmotion,
        "storage_vmotion": settings.storage_vmotion,
        "election": settings.election,
        "isolation_response": "power off" if powers_off else "leave powered on",
        "self_fence": "on" if settings.self_fence else "off",
    }


def _host_data(inventory: Inventory) -> Data:
    hosts = inventory.hosts
    known = [datastore.name for datastore in inventory.datastores]
    return {
        "cpu": {host.name: host.cpu for host in hosts},
        "memory": {host.name: host.memory for host in hosts},
        "attached": {(host.name, d): d in host.datastores for host in hosts for d in known},
        "ranks_above": ranks({host.name: host.moid for host in hosts}),
        "in_maintenance": {host.name: host.maintenance for host in hosts},
        "near": {(a.name, b.name): _near(a, b) for a in hosts for b in hosts},
        "whole_network": {"network": True, "cut off": False},
    }


def _vm_data(inventory: Inventory) -> Data:
    vms = inventory.vms
    known = [datastore.name for datastore in inventory.datastores]
    return {
        "cpu_reservation": {vm.name: vm.cpu_reservation for vm in vms},
        "memory_reservation": {vm.name: vm.memory_reservation for vm in vms},
        "stored_on": {(vm.name, d): d == vm.datastore for vm in vms for d in known},
        "ha_priority": {vm.name: HA_PRIORITY[vm.ha_priority] for vm in vms},
        "drs_priority": {vm.name: DRS_PRIORITY[vm.priority] for vm in vms},
        "automation": {vm.name: _automation(vm) for vm in vms},
        "demand": {vm.name: _limited(vm, vm.cpu) for vm in vms},
        "peak_demand": {vm.name: _limited(vm, vm.cpu * GROWTH) for vm in vms},
        "fault_tolerant": {vm.name: vm.ft for vm in vms},
        "placed_off": {vm.name: vm.power == "off" for vm in vms},
        "to_convert": {vm.name: vm.convert is not None for vm in vms},
        "virtual_origin": {vm.name: vm.convert == "V2V" for vm in vms},
        "placed": {(vm.name, vm.host): True for vm in vms},
        "placed_secondary": {(vm.name, vm.secondary): True for vm in vms if vm.secondary},
    }


def _limited(vm: VMItem, cpu: int) -> int:
    """A limit caps what a VM uses."""
    return cpu if vm.cpu_limit is None else min(cpu, vm.cpu_limit)


def _near(one: HostItem, other: HostItem) -> bool:
    """The paper's condition for migration without shared storage: one domain, and 1 Gb/s."""
    return one.domain == other.domain and min(one.link, other.link) >= FAST_LINK


def _automation(vm: VMItem) -> Automation:
    return Automation(vm.automation) if vm.automation else Automation.CLUSTER


def _rule_data(inventory: Inventory) -> Data:
    hosts = [host.name for host in inventory.hosts]
    apart = {
        pair: True
        for rule in inventory.rules
        if rule.kind == "keep apart"
        for pair in permutations(rule.vms, 2)
    }
    return {
        "apart": apart,
        "permitted": dict.fromkeys(_forbidden(inventory.rules, hosts, "must"), False),
        "preferred": dict.fromkeys(_forbidden(inventory.rules, hosts, "should"), False),
    }


def _forbidden(rules: Iterable[Rule], hosts: Sequence[str], strength: str) -> list[tuple[str, str]]:
    """VM and host, where a rule of that strength ("must", "should") speaks against the host."""
    forbidden: list[tuple[str, str]] = []
    for rule in rules:
        if rule.kind == f"{strength} run on":
            forbidden += [(vm, host) for vm in rule.vms for host in hosts if host not in rule.hosts]
        elif rule.kind == f"{strength} not run on":
            forbidden += [(vm, host) for vm in rule.vms for host in rule.hosts]
    return forbidden


def alike(
    hosts: int = 3,
    vms: int = 1,
    datastores: int = 1,
    segments: int = 1,
    room: int = 2,
    fault_tolerant: int = 0,
    budgets: Mapping[str, int] | None = None,
    statics: Data | None = None,
    without: Sequence[str] = (),
    **settings: str | bool | int,
) -> Scope:
    """A small cluster of alike hosts, each with room for so many alike VMs.

    VM ``v1`` begins on ``h1``, ``v2`` on ``h2`` and so on, all on datastore ``d1``; the first
    ``fault_tolerant`` VMs have their secondary on the next host. Higher numbers win elections. Without
    ``budgets`` one host may crash; without settings operators move no VMs. ``statics`` replaces data.
    """
    host_names, vm_names = _names("h", hosts), _names("v", vms)
    names = {
        Host: host_names,
        VM: vm_names,
        Datastore: _names("d", datastores),
        Segment: _names("n", segments),
    }
    members: dict[type[Sort], list[str]] = {**names}
    return Scope(
        Cluster,
        members,
        statics={**_alike_data(host_names, vm_names, members, room, fault_tolerant), **(statics or {})},
        settings={"vmotion": "off", "storage_vmotion": False, **settings},
        budgets={"host_crash": 1} if budgets is None else budgets,
        without=tuple(without),
        name=f"{hosts} alike hosts, {vms} VMs",
    )


def _alike_data(
    hosts: list[str], vms: list[str], members: Mapping[type[Sort], list[str]], room: int, fault_tolerant: int
) -> Data:
    on = {vm: hosts[i % len(hosts)] for i, vm in enumerate(vms)}
    next_to = {vm: hosts[(i + 1) % len(hosts)] for i, vm in enumerate(vms[:fault_tolerant])}
    return {
        "ranks_above": ranks({name: f"host-{number:03}" for number, name in enumerate(hosts)}),
        "memory": dict.fromkeys(hosts, room),
        "memory_reservation": dict.fromkeys(vms, 1),
        "stored_on": {(vm, d): d == "d1" for vm in vms for d in members[Datastore]},
        "whole_network": {n: n == "n1" for n in members[Segment]},
        "fault_tolerant": dict.fromkeys(next_to, True),
        "placed": dict.fromkeys(on.items(), True),
        "placed_secondary": dict.fromkeys(next_to.items(), True),
    }


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number + 1}" for number in range(count)]
