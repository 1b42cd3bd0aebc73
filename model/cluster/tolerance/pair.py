"""A fault-tolerant VM has a second copy on another host, made by cloning it while it runs.

Paper, section 3; Scales, Nelson and Venkitachalam 2010, section 3.1. DRS decides where; with DRS off, HA
placement does. vCenter has the secondary powered on; without it the responsible master does, in its own
part of the network (vSphere Availability, Fault Tolerance in a partition).
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require
from ..availability.protection import owns_list
from ..network import connected, is_master
from ..placement import require_place, runs
from ..state import VM, Cluster, Copy, Host, Lease, Origin, Phase, Secondary, Service


@derived
def leads(s: Cluster, master: Host, host: Host) -> Any:
    """The host is the master itself, or one whose heartbeats the master gets."""
    return (master == host) | connected(s, master, host)


@derived
def can_place_secondary(s: Cluster, vm: VM, primary: Host, target: Host) -> Any:
    """vCenter works; or the master that owns the VM's datastore has both hosts in its part of the network."""
    master = s.exists(
        Host, lambda m: is_master(s, m) & owns_list(s, m, vm) & leads(s, m, primary) & leads(s, m, target)
    )
    return s.vcenter | master


@action(agent="operator", kind="operator", budget="ft_enable", source="paper, section 3: only within HA")
def enable_fault_tolerance(s: Cluster, vm: VM) -> None:
    """The operator turns Fault Tolerance on for a VM."""
    require(s.ha, "Fault Tolerance is only possible inside an HA cluster", mechanism="FT only inside HA")
    require(s.ft, "Fault Tolerance is off")
    require(s.vcenter, "vCenter is down")
    require(s.origin[vm] == Origin.NONE, "the VM is not converted for good")
    require(no(s.ft_enabled[vm]), "the VM is fault tolerant")
    s.ft_enabled[vm] = True


@action(
    agent="DRS or HA placement", fairness="weak", source="paper, section 3; Scales et al. 2010, section 3.1"
)
def start_secondary(s: Cluster, vm: VM, primary: Host, target: Host) -> None:
    """Begin to clone a fault-tolerant VM to a second host, which DRS or, without it, HA chooses."""
    require(s.ft_enabled[vm], "the VM is not fault tolerant")
    require(runs(s, vm, primary), "the VM does not run on this host")
    require((s.lock[vm, primary] == Lease.FRESH) & no(s.paired[vm]), "the VM is one of a pair, or an orphan")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    require(no(s.stopping[vm]), "the VM is being stopped")
    places = can_place_secondary(s, vm, primary, target)
    require(places, "neither vCenter nor the VM's master can have it made")
    present = s.exists(Host, lambda h: s.secondary[vm, h] != Secondary.NONE)
    require(no(present), "the VM has a secondary")
    require(primary != target, "the primary runs on this host", mechanism="secondary on another host")
    require((primary == target) | connected(s, primary, target), "the hosts do not hear each other")
    leftover = (primary != target) & (s.copy[vm, target] != Copy.NONE)
    require(no(leftover), "the host has an old copy of the VM")
    require_place(s, vm, target)
    s.secondary[vm, target] = Secondary.STARTING
    s.reserved[vm, target] = True


@action(agent="primary's host", fairness="weak", source="Scales et al. 2010, section 3.1: FT VMotion")
def complete_secondary(s: Cluster, vm: VM, primary: Host, target: Host) -> None:
    """The clone is complete; from now on the primary logs and the secondary replays."""
    require(runs(s, vm, primary), "the VM does not run on this host")
    require(s.lock[vm, primary] == Lease.FRESH, "the copy has lost its lock: it is no longer the VM")
    require(s.up[target], "the secondary's host is down")
    require(s.secondary[vm, target] == Secondary.STARTING, "no clone is being made here")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    s.secondary[vm, target] = Secondary.LOCKSTEP
    s.paired[vm] = True
    s.log_link[vm] = True
    s.taken[vm, target] = False


@action(agent="secondary's host", fairness="weak", source="Scales et al. 2010, section 3.1")
def drop_clone(s: Cluster, vm: VM, host: Host) -> None:
    """A secondary whose primary is gone before the clone was complete is given up."""
    require(s.secondary[vm, host] == Secondary.STARTING, "no clone is being made here")
    require(no(s.exists(Host, lambda h: runs(s, vm, h))), "the primary runs")
    s.secondary[vm, host] = Secondary.NONE
    s.reserved[vm, host] = False


@action(agent="vCenter", fairness="weak", source="vSphere FT and maintenance mode: created anew elsewhere")
def evacuate_secondary(s: Cluster, vm: VM, host: Host) -> None:
    """A host that enters maintenance mode gives its secondaries up."""
    require(s.vcenter, "vCenter is down")
    require(s.service[host] == Service.ENTERING, "the host does not enter maintenance mode")
    require(s.secondary[vm, host] != Secondary.NONE, "the host has no secondary of the VM")
    primary = s.exists(Host, lambda h: runs(s, vm, h) & (h != host))
    require(primary, "the primary does not run elsewhere")
    s.secondary[vm, host] = Secondary.NONE
    s.reserved[vm, host] = False
