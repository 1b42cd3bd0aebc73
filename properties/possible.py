"""What the cluster must be able to do: without a witness the model, or the scope, says too little."""

from __future__ import annotations

from typing import Any

from ..model.cluster.availability import is_master
from ..model.cluster.migration import identical
from ..model.cluster.placement import runs
from ..model.cluster.state import VM, Cluster, Copy, Host, Phase, Role, Secondary
from ..model.language import no, possible


@possible
def a_migration_moves_the_vm(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """Live migration: the VM runs on the destination while the source still has it."""
    handed_over = s.source[vm, src] & s.destination[vm, dst] & (s.phase[vm] == Phase.ACTIVATED)
    return handed_over & runs(s, vm, dst) & (s.copy[vm, src] == Copy.STOPPED)


@possible
def the_copy_is_complete(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """Two hosts have all parts of one VM, and only one of them may run it."""
    whole = identical(s, vm, src) & identical(s, vm, dst) & (s.copy[vm, dst] == Copy.COMPLETE)
    return (src != dst) & whole & (s.copy[vm, src] == Copy.STOPPED)


@possible
def an_election_is_held(s: Cluster, host: Host) -> Any:
    """A host takes part in an election."""
    return s.up[host] & (s.role[host] == Role.ELECTION)


@possible
def a_vm_is_restarted(s: Cluster, vm: VM, old: Host, new: Host) -> Any:
    """A VM of a failed host runs on another one, started by a master."""
    elsewhere = runs(s, vm, new) & (s.copy[vm, old] == Copy.STALE) & no(s.up[old]) & no(s.fault_tolerant[vm])
    return elsewhere & s.exists(Host, lambda h: is_master(s, h))


@possible
def redundancy_is_back(s: Cluster, vm: VM, old: Host, new: Host, guest: Host) -> Any:
    """After a failure a fault-tolerant VM runs on its former secondary's host and has a new secondary."""
    moved = s.fault_tolerant[vm] & runs(s, vm, new) & (s.copy[vm, old] == Copy.STALE)
    return moved & (s.secondary[vm, guest] == Secondary.LOCKSTEP)
