"""What users do: stop a VM and start it again. A user's stop must stay a stop.

vSphere HA deepdive, VM protection; Scales et al. 2010, section 3.2: control operations go through the log.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, mechanism, no, require, where
from ..leases import require_lock, take_lock
from ..migration.jobs import require_no_job
from ..placement import require_no_secondary, require_place, runs
from ..state import VM, Automation, Cluster, Copy, Host, Lease, Phase, Secondary
from ..tolerance.log import empty_log
from .restart import begin_anew


@action(agent="user", kind="operator", budget="user_stop", source="vSphere HA deepdive, VM protection")
def request_stop(s: Cluster, vm: VM, host: Host) -> None:
    """A user asks for a VM to be powered off."""
    require(runs(s, vm, host), "the VM does not run here")
    require(no(s.stopping[vm]), "the VM is being stopped")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    s.stopping[vm] = True


@action(agent="host", fairness="weak", source="vSphere HA deepdive, VM protection")
def power_off(s: Cluster, vm: VM, host: Host) -> None:
    """The host powers the VM off, and the user is told so."""
    require(runs(s, vm, host), "the VM does not run here")
    require(s.stopping[vm], "nobody has asked for that")
    require(s.lock[vm, host] == Lease.FRESH, "the host does not hold the disk lock")
    listed = s.listed[vm] | s.reported[vm]
    require(no(listed), "the VM is still protected", mechanism="unprotect before power-off")
    with mechanism("stop goes through the log"):
        s.reserved[vm, :] = lambda h: s.reserved[vm, h] & (s.secondary[vm, h] == Secondary.NONE)
        s.secondary[vm, :] = Secondary.NONE
        empty_log(s, vm)
    s.copy[vm, host] = Copy.OFF
    s.lock[vm, host] = Lease.NONE
    s.address[vm, host] = False
    s.reserved[vm, host] = False
    s.stopping[vm] = False
    s.stopped[vm] = True


@derived
def is_placed_by_drs(s: Cluster, vm: VM) -> Any:
    """The VM's own automation level, else the cluster's, lets DRS choose where it starts."""
    own, cluster = s.automation[vm], s.drs in ("partially automated", "fully automated")
    automatic = (own == Automation.PARTIAL) | (own == Automation.FULL)
    return (automatic | ((own == Automation.CLUSTER) & cluster)) & (s.drs != "off")


@action(agent="user", kind="operator", source="paper, section 4: DRS places a VM when it is started")
def power_on(s: Cluster, vm: VM, old: Host, host: Host) -> None:
    """A user starts a VM: on its own host, or where DRS places it."""
    require(s.copy[vm, old] == Copy.OFF, "the VM is not powered off here")
    placed = is_placed_by_drs(s, vm) & s.vcenter
    require((old == host) | placed, "without DRS, or without vCenter, a VM starts on its own host")
    require((old == host) | (s.copy[vm, host] == Copy.NONE), "the host has an old copy of the VM")
    require_no_job(s, vm)
    require_no_secondary(s, vm, host)
    require_place(s, vm, host)
    require_lock(s, vm, host)
    take_lock(s, vm, host)
    s.copy[vm, old] = where(old == host, Copy.RUNNING, Copy.NONE)
    begin_anew(s, vm, host)
    s.stopped[vm] = False
