"""What VMs use and where it is too much. A host's load may exceed it; reservations may not.

Paper, section 4: DRS monitors the VMs all the time; VMware, DRS performance best practices (demand).
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require, where
from ..placement import runs
from ..state import VM, Cluster, Host


@derived
def uses(s: Cluster, vm: VM) -> Any:
    """MHz that the VM uses now."""
    return where(s.grown[vm], s.peak_demand[vm], s.demand[vm])


@derived
def load(s: Cluster, host: Host) -> Any:
    """MHz that the VMs on the host use."""
    return s.total(VM, lambda v: where(runs(s, v, host), uses(s, v), 0))


@derived
def contended(s: Cluster, host: Host) -> Any:
    """The VMs on the host use more than it has."""
    return load(s, host) > s.cpu[host]


@derived
def goes_to(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM is on its way to the host, or recommended to move there."""
    return s.destination[vm, host] | (s.recommended[vm, host] > 0)


@derived
def stays(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM runs on the host and is not to leave it."""
    return runs(s, vm, host) & no(s.exists(Host, lambda h: goes_to(s, vm, h)))


@derived
def planned_load(s: Cluster, host: Host) -> Any:
    """MHz that will be used on the host when all moves that are planned or under way are done."""
    return s.total(VM, lambda v: where(goes_to(s, v, host) | stays(s, v, host), uses(s, v), 0))


def require_relief(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The guards of a move that is to relieve the source."""
    now = contended(s, src) & (load(s, dst) + uses(s, vm) <= s.cpu[dst])
    require(now, "the source is not overloaded, or the destination would be")
    later = (planned_load(s, src) > s.cpu[src]) & (planned_load(s, dst) + uses(s, vm) <= s.cpu[dst])
    require(later, "the moves under way are enough, or in the way", mechanism="moves under way counted")


@action(agent="guest", kind="guest", budget="load_growth", source="paper, section 4: the load of a VM grows")
def load_grows(s: Cluster, vm: VM) -> None:
    """A VM uses more than before."""
    require(s.exists(Host, lambda h: runs(s, vm, h)), "the VM does not run")
    require(no(s.grown[vm]), "its load has grown already")
    s.grown[vm] = True


@action(agent="guest", kind="guest", source="paper, section 4")
def load_falls(s: Cluster, vm: VM) -> None:
    """A VM uses as little as before."""
    require(s.grown[vm], "its load has not grown")
    s.grown[vm] = False
