"""Fault Tolerance: a second copy in lockstep takes over without a gap.

Paper, section 3; Scales, Nelson and Venkitachalam 2010. The secondary is a clone of the running VM; it
replays what the primary logs and falls behind while the guest works.
"""

from __future__ import annotations

from ..language import action, no, require
from .migration import identical
from .placement import alive, require_place, runs
from .state import VM, Cluster, Copy, Host, Part, Phase, Secondary


@action(
    agent="DRS or HA placement", fairness="weak", source="paper, section 3; Scales et al. 2010, section 3.1"
)
def start_secondary(s: Cluster, vm: VM, primary: Host, target: Host) -> None:
    """Begin to clone a fault-tolerant VM to a second host."""
    require(s.ha, "Fault Tolerance is only possible inside an HA cluster")
    require(s.ft, "Fault Tolerance is off")
    require(s.fault_tolerant[vm], "the VM is not fault tolerant")
    require(runs(s, vm, primary), "the VM does not run on this host")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    present = s.exists(Host, lambda h: s.secondary[vm, h] != Secondary.NONE)
    require(no(present), "the VM has a secondary")
    require(primary != target, "the primary runs on this host", mechanism="secondary on another host")
    leftover = (primary != target) & (s.copy[vm, target] != Copy.NONE)
    require(no(leftover), "the host has an old copy of the VM")
    require_place(s, vm, target)
    s.secondary[vm, target] = Secondary.STARTING
    s.reserved[vm, target] = True
    s.current[vm, target, Part.DISK] = True  # shared storage


@action(agent="primary's host", fairness="weak", source="Scales et al. 2010, section 3.1: FT VMotion")
def complete_secondary(s: Cluster, vm: VM, primary: Host, target: Host) -> None:
    """The clone is complete; from now on the secondary replays the primary's log."""
    require(runs(s, vm, primary), "the VM does not run on this host")
    require(s.up[target], "the secondary's host is down")
    require(s.secondary[vm, target] == Secondary.STARTING, "no clone is being made here")
    s.secondary[vm, target] = Secondary.LOCKSTEP
    s.current[vm, target, :] = True


@action(agent="secondary's host", fairness="weak", source="Scales et al. 2010, section 2.1")
def replay_log(s: Cluster, vm: VM, host: Host) -> None:
    """The secondary replays what the primary has logged."""
    require(s.up[host], "the secondary's host is down")
    require(s.secondary[vm, host] == Secondary.LOCKSTEP, "no secondary runs here")
    require(no(s.current[vm, host, Part.RAM]), "everything is replayed")
    s.current[vm, host, Part.RAM] = True


@action(agent="secondary's host", fairness="weak", source="paper, section 3; Scales et al. 2010, section 2.3")
def fail_over(s: Cluster, vm: VM, host: Host) -> None:
    """The secondary takes the disk over, goes live and announces the VM's network address."""
    require(s.up[host], "the secondary's host is down")
    require(s.secondary[vm, host] == Secondary.LOCKSTEP, "no secondary runs here")
    primary_lives = s.exists(Host, lambda h: s.up[h] & alive(s, vm, h))
    require(no(primary_lives), "the primary's heartbeat arrives", mechanism="FT heartbeat")
    require(
        identical(s, vm, host), "the log is not replayed to its end", mechanism="log drained before go-live"
    )
    held = s.exists(Host, lambda h: s.up[h] & s.lock[vm, h])
    require(no(held), "a working host holds the disk lock", mechanism="vm disk lock")
    s.secondary[vm, host] = Secondary.NONE
    s.copy[vm, host] = Copy.RUNNING
    s.lock[vm, :] = lambda h: h == host
    s.address[vm, :] = lambda h: h == host


@action(agent="primary's host", fairness="weak")
def drop_clone(s: Cluster, vm: VM, host: Host) -> None:
    """A secondary whose primary is gone before the clone was complete is given up."""
    require(s.secondary[vm, host] == Secondary.STARTING, "no clone is being made here")
    require(no(s.exists(Host, lambda h: runs(s, vm, h))), "the primary runs")
    s.secondary[vm, host] = Secondary.NONE
    s.current[vm, host, :] = False
    s.reserved[vm, host] = False
