"""What must hold in every state of the cluster, and the mechanism that protects it.

A property speaks of what the world sees: what runs, what can write, which data are gone.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.availability import is_master
from ..model.cluster.migration import identical
from ..model.cluster.placement import holds_place, reaches_disk, runs
from ..model.cluster.start import has_room
from ..model.cluster.state import VM, Cluster, Copy, Host, Phase, Secondary
from ..model.language import invariant, no


@invariant(mechanism="vm disk lock", source="vSphere HA: VM file locks; paper, section 1")
def single_live_primary(s: Cluster, vm: VM) -> Any:
    """At most one copy of a VM can write its disk, and at most one sends output."""
    writers = s.count(Host, lambda h: runs(s, vm, h) & reaches_disk(s, vm, h))
    return (writers <= 1) & (s.count(Host, lambda h: runs(s, vm, h)) <= 1)


def has_something(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has a copy or the secondary of the VM."""
    return (s.copy[vm, host] != Copy.NONE) | (s.secondary[vm, host] != Secondary.NONE)


@invariant(
    mechanism=("commit acknowledgement", "original kept until activation"),
    source="libvirt migration protocol 3, Confirm; paper, section 1: the original goes last",
)
def original_retained(s: Cluster, vm: VM) -> Any:
    """At every moment some host has the VM with all its parts as they last were."""
    return s.exists(Host, lambda h: has_something(s, vm, h) & identical(s, vm, h))


@invariant(
    mechanism=("election", "cluster lock"), source="vSphere HA: one master a cluster; paper, section 2"
)
def unique_master(s: Cluster) -> Any:
    """At most one working host is master."""
    return s.count(Host, lambda h: is_master(s, h)) <= 1


@invariant(
    mechanism=("commit acknowledgement", "log drained before go-live"),
    source="Clark et al. 2005; Scales et al. 2010, output requirement; paper, section 1",
)
def live_copy_is_current(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that runs has every part as it last was."""
    return no(runs(s, vm, host)) | identical(s, vm, host)


@invariant(
    mechanism="placement check", source="vSphere HA placement; paper, section 2: a host with a reserve"
)
def reservations_fit(s: Cluster, host: Host) -> Any:
    """The reservations of the copies that a host has fit into it."""
    return has_room(s, host)


@invariant(mechanism="placement check", source="vSphere DRS rules; paper, section 4: allocation rules")
def must_rules_hold(s: Cluster, vm: VM, host: Host) -> Any:
    """No copy is on a host that a must rule forbids."""
    return no(holds_place(s, vm, host)) | s.permitted[vm, host]


@invariant(mechanism="placement check", source="vSphere DRS rules; paper, section 4: allocation rules")
def rules_keep_apart(s: Cluster, one: VM, other: VM, host: Host) -> Any:
    """VMs that a rule keeps apart are on different hosts."""
    return no(s.apart[one, other] & holds_place(s, one, host) & holds_place(s, other, host))


@invariant(mechanism="secondary on another host", source="vSphere FT requirements; paper, section 3")
def secondary_is_elsewhere(s: Cluster, vm: VM, host: Host) -> Any:
    """The primary and the secondary of a VM are on different hosts."""
    return no(runs(s, vm, host) & (s.secondary[vm, host] != Secondary.NONE))


@invariant(mechanism="one job per VM", source="vdsm pull request 400: a replica left behind")
def no_stray_copy(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that is being received belongs to a migration that is under way."""
    under_way = s.destination[vm, host] & (s.phase[vm] != Phase.IDLE)
    return (s.copy[vm, host] != Copy.RECEIVING) | under_way


@invariant(mechanism="host heartbeat", source="vSphere HA: a host is declared dead; paper, section 2")
def only_dead_hosts_are_given_up(s: Cluster, host: Host) -> Any:
    """A host that is declared dead does not work (false when heartbeats may be too slow)."""
    return no(s.declared_dead[host]) | no(s.up[host])
