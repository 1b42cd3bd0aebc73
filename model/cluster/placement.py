"""Where a VM may run: capacity, rules, storage, health. The words are DRS's published fault names."""

from __future__ import annotations

from typing import Any

from ..language import axiom, derived, no, require, where
from .state import VM, Cluster, Copy, Datastore, Disk, Host, Secondary, Service


@derived
def alive(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has a copy that runs, or that may run without being started anew."""
    copy = s.copy[vm, host]
    return (copy == Copy.RUNNING) | (copy == Copy.STOPPED) | (copy == Copy.COMPLETE)


@derived
def holds_place(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has a living copy, receives one, or has the VM's secondary."""
    guest = s.secondary[vm, host] != Secondary.NONE
    arrives = (s.copy[vm, host] == Copy.RECEIVING) & s.reserved[vm, host]  # not of a VM that is off
    return alive(s, vm, host) | arrives | guest


@derived
def runs(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM executes on this host."""
    return s.up[host] & (s.copy[vm, host] == Copy.RUNNING)


@derived
def reaches_disk(s: Cluster, vm: VM, host: Host) -> Any:
    """The host reaches every datastore on which the VM's live disk is."""
    return s.forall(Datastore, lambda d: (s.disk[vm, d] != Disk.LIVE) | s.storage[host, d])


@derived
def fits(s: Cluster, vm: VM, host: Host) -> Any:
    """The host's reservations leave room for the VM's, in CPU and in memory."""
    cpu = s.total(VM, lambda v: where(s.reserved[v, host], s.cpu_reservation[v], 0))
    memory = s.total(VM, lambda v: where(s.reserved[v, host], s.memory_reservation[v], 0))
    return (cpu + s.cpu_reservation[vm] <= s.cpu[host]) & (
        memory + s.memory_reservation[vm] <= s.memory[host]
    )


@derived
def keeps_apart(s: Cluster, vm: VM, host: Host) -> Any:
    """No VM that a rule keeps apart from this one has a place on the host."""
    return no(s.exists(VM, lambda other: s.apart[vm, other] & holds_place(s, other, host)))


@derived
def obeys_must_rules(s: Cluster, vm: VM, host: Host) -> Any:
    """The host's reserve and all must rules allow the VM here."""
    return fits(s, vm, host) & s.permitted[vm, host] & keeps_apart(s, vm, host)


@derived
def accepts(s: Cluster, vm: VM, host: Host) -> Any:
    """All that ``require_place`` asks, as one condition."""
    ready = s.up[host] & (s.service[host] == Service.NORMAL) & reaches_disk(s, vm, host)
    return ready & obeys_must_rules(s, vm, host)


def require_place(s: Cluster, vm: VM, host: Host, mechanism: str = "placement check") -> None:
    """The guards that every way of putting a VM on a host shares."""
    require(reaches_disk(s, vm, host), "the host cannot access the VM's datastore")
    require_room(s, vm, host, mechanism)


def require_room(s: Cluster, vm: VM, host: Host, mechanism: str = "placement check") -> None:
    """The same without the disk, which may come along."""
    require(s.up[host], "the host is down")
    require(s.service[host] == Service.NORMAL, "the host is in maintenance mode, or about to be")
    require(fits(s, vm, host), "host has insufficient capacity for VM", mechanism=mechanism)
    require(s.permitted[vm, host], "VM/host DRS rule violated", mechanism=mechanism)
    require(keeps_apart(s, vm, host), "VM/VM DRS rule violated", mechanism=mechanism)


def require_no_secondary(s: Cluster, vm: VM, host: Host) -> None:
    """The guard that keeps the running copy off the host of its secondary."""
    require(
        s.secondary[vm, host] == Secondary.NONE,
        "the host has the VM's secondary",
        mechanism="secondary on another host",
    )


@axiom
def ranks_are_an_order(s: Cluster, one: Host, other: Host) -> Any:
    """Of two different hosts exactly one has the higher Managed Object ID."""
    above, below = s.ranks_above[one, other], s.ranks_above[other, one]
    return where(one == other, no(above), above != below)


@axiom
def ranks_are_transitive(s: Cluster, one: Host, other: Host, third: Host) -> Any:
    """Managed Object IDs are ordered as strings are."""
    return no(s.ranks_above[one, other] & s.ranks_above[other, third]) | s.ranks_above[one, third]


@axiom
def apart_is_mutual(s: Cluster, one: VM, other: VM) -> Any:
    """A rule that keeps VMs apart binds both, and no VM is kept apart from itself."""
    return (s.apart[one, other] == s.apart[other, one]) & no((one == other) & s.apart[one, other])
