"""Scopes of the cluster: made from an inventory, or small ones with alike hosts and VMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cluster import VM, Cluster, Datastore, Host
from .language import Scope
from .language.domains import Sort


def ranks(moids: Mapping[str, str]) -> dict[tuple[str, str], bool]:
    """Who ranks above whom: Managed Object IDs are compared as strings, so "host-9" beats "host-10"."""
    return {(a, b): moids[a] > moids[b] for a in moids for b in moids}


def alike(
    hosts: int = 3,
    vms: int = 1,
    host_crash: int = 1,
    host_return: int = 0,
    false_suspicion: int = 0,
    room: int = 2,
    fault_tolerant: int = 0,
    without: Sequence[str] = (),
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
        without=tuple(without),
        budgets={"host_crash": host_crash, "host_return": host_return, "false_suspicion": false_suspicion},
        name=f"{hosts} alike hosts, {vms} VMs",
    )


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number + 1}" for number in range(count)]


_ = (Any,)
