"""Scopes of the cluster: made from an inventory, or small ones with alike hosts and VMs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

from .cluster import VM, Cluster, Datastore, Host
from .language import Scope
from .language.domains import Sort

if TYPE_CHECKING:
    from .inventory import Inventory, Rule

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


def _settings(inventory: Inventory) -> dict[str, str | bool | int]:
    settings = inventory.settings
    return {"ha": settings.ha, "ft": settings.ft, "drs": settings.drs, "election": settings.election}


def _host_data(inventory: Inventory) -> Data:
    hosts = inventory.hosts
    known = [datastore.name for datastore in inventory.datastores]
    return {
        "cpu": {host.name: host.cpu for host in hosts},
        "memory": {host.name: host.memory for host in hosts},
        "attached": {(host.name, d): d in host.datastores for host in hosts for d in known},
        "ranks_above": ranks({host.name: host.moid for host in hosts}),
        "in_maintenance": {host.name: host.maintenance for host in hosts},
    }


def _vm_data(inventory: Inventory) -> Data:
    vms = inventory.vms
    known = [datastore.name for datastore in inventory.datastores]
    return {
        "cpu_reservation": {vm.name: vm.cpu_reservation for vm in vms},
        "memory_reservation": {vm.name: vm.memory_reservation for vm in vms},
        "stored_on": {(vm.name, d): d == vm.datastore for vm in vms for d in known},
        "ha_priority": {vm.name: HA_PRIORITY[vm.ha_priority] for vm in vms},
        "fault_tolerant": {vm.name: vm.ft for vm in vms},
        "placed": {(vm.name, vm.host): True for vm in vms},
        "placed_secondary": {(vm.name, vm.secondary): True for vm in vms if vm.secondary},
    }


def _rule_data(inventory: Inventory) -> Data:
    hosts = [host.name for host in inventory.hosts]
    apart = {
        pair: True
        for rule in inventory.rules
        if rule.kind == "keep apart"
        for pair in permutations(rule.vms, 2)
    }
    return {"apart": apart, "permitted": dict.fromkeys(_forbidden(inventory.rules, hosts), False)}


def _forbidden(rules: Iterable[Rule], hosts: Sequence[str]) -> list[tuple[str, str]]:
    """VM and host, where a must rule keeps the VM off the host."""
    forbidden: list[tuple[str, str]] = []
    for rule in rules:
        if rule.kind == "must run on":
            forbidden += [(vm, host) for vm in rule.vms for host in hosts if host not in rule.hosts]
        elif rule.kind == "must not run on":
            forbidden += [(vm, host) for vm in rule.vms for host in rule.hosts]
    return forbidden


def alike(
    hosts: int = 3,
    vms: int = 1,
    host_crash: int = 1,
    host_return: int = 0,
    false_suspicion: int = 0,
    room: int = 2,
    fault_tolerant: int = 0,
    **settings: str | bool | int,
) -> Scope:
    """A small cluster of alike hosts, each with room for so many alike VMs, on one datastore.

    VM ``v1`` begins on ``h1``, ``v2`` on ``h2`` and so on; the first ``fault_tolerant`` VMs have their
    secondary on the next host. Higher numbers win elections.
    """
    host_names, vm_names = _names("h", hosts), _names("v", vms)
    on = {vm: host_names[i % hosts] for i, vm in enumerate(vm_names)}
    next_to = {vm: host_names[(i + 1) % hosts] for i, vm in enumerate(vm_names[:fault_tolerant])}
    members: dict[type[Sort], list[str]] = {Host: host_names, VM: vm_names, Datastore: ["d1"]}
    return Scope(
        Cluster,
        members,
        statics={
            "ranks_above": ranks({name: f"host-{number:03}" for number, name in enumerate(host_names)}),
            "memory": dict.fromkeys(host_names, room),
            "memory_reservation": dict.fromkeys(vm_names, 1),
            "fault_tolerant": dict.fromkeys(next_to, True),
            "placed": dict.fromkeys(on.items(), True),
            "placed_secondary": dict.fromkeys(next_to.items(), True),
        },
        settings=settings,
        budgets={"host_crash": host_crash, "host_return": host_return, "false_suspicion": false_suspicion},
        name=f"{hosts} alike hosts, {vms} VMs",
    )


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number + 1}" for number in range(count)]
