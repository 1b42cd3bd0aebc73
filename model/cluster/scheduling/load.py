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
def would_relieve(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """The source is overloaded, and the destination would not be with the VM."""
    return contended(s, src) & (load(s, dst) + uses(s, vm) <= s.cpu[dst])


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
