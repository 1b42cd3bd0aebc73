"""What the cluster must be able to do: without a witness the model, or the scope, says too little.

Each shows that the premise of a property occurs. ``needs`` names the budgets without which the scope rules a
question out; it is then not asked.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.migration.jobs import has_memory
from ..model.cluster.network import connected, is_master
from ..model.cluster.placement import alive, reaches_disk, runs
from ..model.cluster.state import (
    VM,
    Cluster,
    Conversion,
    Copy,
    Datastore,
    Disk,
    Host,
    Lease,
    Origin,
    Phase,
    Role,
    Secondary,
    Seen,
    Service,
)
from ..model.language import no, possible


@possible
def a_migration_moves_the_vm(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """Live migration: the VM runs on the destination while the source still has it."""
    if s.vmotion != "on":
        return False
    handed_over = s.source[vm, src] & s.destination[vm, dst] & (s.phase[vm] == Phase.ACTIVATED)
    return handed_over & runs(s, vm, dst) & (s.copy[vm, src] == Copy.STOPPED)


@possible
def the_copy_is_complete(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """Two hosts have all parts of one VM, and only one of them may run it."""
    if s.vmotion != "on":
        return False
    whole = has_memory(s, vm, src) & has_memory(s, vm, dst) & (s.copy[vm, dst] == Copy.COMPLETE)
    return (src != dst) & whole & (s.copy[vm, src] == Copy.STOPPED)


@possible(needs=("ack_loss",))
def an_acknowledgement_is_lost(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """The destination has everything and has said so, and the source does not know."""
    complete = s.destination[vm, dst] & (s.copy[vm, dst] == Copy.COMPLETE)
    waits = s.source[vm, src] & (s.phase[vm] == Phase.SWITCHOVER) & no(s.acknowledged[vm])
    return complete & waits


@possible
def a_disk_is_mirrored(s: Cluster, vm: VM, old: Datastore, new: Datastore) -> Any:
    """A running VM's disk is live on one datastore and mirrored on another."""
    if not s.storage_vmotion:
        return False
    both = (old != new) & (s.disk[vm, old] == Disk.LIVE) & (s.disk[vm, new] == Disk.MIRRORED)
    return both & s.exists(Host, lambda h: runs(s, vm, h))


@possible
def a_converted_vm_runs(s: Cluster, vm: VM, host: Host) -> Any:
    """A machine from outside runs as a VM, and its source is still kept."""
    kept = s.to_convert[vm] & (s.origin[vm] == Origin.OFF) & (s.conversion[vm] == Conversion.ACCEPTED)
    return kept & runs(s, vm, host)


@possible(needs=("host_crash",))
def an_election_is_held(s: Cluster, host: Host, other: Host) -> Any:
    """A host takes part in an election."""
    return s.up[host] & (s.role[host] == Role.ELECTION) & (host != other)


@possible(needs=("host_crash",))
def a_vm_is_restarted(s: Cluster, vm: VM, old: Host, new: Host) -> Any:
    """A VM of a failed host runs on another one, started by a master."""
    if not s.ha:
        return False
    elsewhere = runs(s, vm, new) & (s.copy[vm, old] == Copy.STALE) & no(s.up[old]) & no(s.fault_tolerant[vm])
    return elsewhere & s.exists(Host, lambda h: is_master(s, h)) & (s.ha_priority[vm] > 0)


@possible(needs=("host_crash",))
def redundancy_is_back(s: Cluster, vm: VM, old: Host, new: Host, guest: Host) -> Any:
    """After a failure a fault-tolerant VM runs on its former secondary's host and has a new secondary."""
    if not (s.ha and s.ft):
        return False
    moved = s.fault_tolerant[vm] & runs(s, vm, new) & (s.copy[vm, old] == Copy.STALE)
    return moved & (s.secondary[vm, guest] == Secondary.LOCKSTEP)


@possible(needs=("partition", "heal"))
def two_masters_hear_each_other(s: Cluster, one: Host, other: Host) -> Any:
    """After a partition heals there are two masters for a moment."""
    return (one != other) & is_master(s, one) & is_master(s, other) & connected(s, one, other)


@possible(needs=("partition",))
def a_host_is_seen_partitioned(s: Cluster, master: Host, host: Host) -> Any:
    """A master finds the datastore heartbeat of a host that it does not hear."""
    return (master != host) & is_master(s, master) & (s.seen[master, host] == Seen.PARTITIONED)


@possible(needs=("isolation",))
def a_host_is_seen_isolated(s: Cluster, master: Host, host: Host) -> Any:
    """A master learns from its poweron file that a host is isolated."""
    return (master != host) & is_master(s, master) & (s.seen[master, host] == Seen.ISOLATED)


@possible(needs=("isolation",))
def ha_powers_a_vm_off(s: Cluster, vm: VM, host: Host) -> Any:
    """An isolated host has powered a VM off, for another to restart it."""
    if s.isolation_response == "leave powered on":
        return False
    return s.powered_off[vm] & s.isolated[host] & (s.copy[vm, host] == Copy.STALE)


@possible(needs=("storage_loss",))
def a_lock_lapses(s: Cluster, vm: VM, host: Host) -> Any:
    """A host has lost its storage and with it the lock of a VM that it still runs."""
    if s.self_fence == "on":
        return False
    return runs(s, vm, host) & no(reaches_disk(s, vm, host)) & (s.lock[vm, host] != Lease.FRESH)


@possible(needs=("storage_loss",))
def a_host_fences_itself(s: Cluster, vm: VM, host: Host) -> Any:
    """A host that works has stopped a VM, because it cannot renew the lock of its disk."""
    if s.self_fence == "off":
        return False
    stopped = s.up[host] & (s.copy[vm, host] == Copy.STALE)
    return stopped & no(reaches_disk(s, vm, host)) & (s.lock[vm, host] != Lease.NONE)


@possible(needs=("guest_failure",))
def a_guest_is_reset(s: Cluster, vm: VM, host: Host) -> Any:
    """VM monitoring has reset a guest, on the host where it failed."""
    if not s.ha:
        return False
    return runs(s, vm, host) & s.guest_works[vm] & (s.resets[vm] > 0)


@possible(needs=("user_stop",))
def a_user_stops_a_vm(s: Cluster, vm: VM, host: Host) -> Any:
    """A VM is off because a user wanted it."""
    return s.stopped[vm] & (s.copy[vm, host] == Copy.OFF) & no(s.placed_off[vm])


@possible(needs=("user_stop",))
def a_vm_is_yet_to_be_reported(s: Cluster, vm: VM, host: Host) -> Any:
    """A running VM is on the protected list, and vCenter does not know yet."""
    if not s.ha:
        return False
    return runs(s, vm, host) & s.listed[vm] & no(s.reported[vm]) & (s.ha_priority[vm] > 0)


@possible
def a_rule_bars_a_host(s: Cluster, vm: VM, other: VM, host: Host) -> Any:
    """A must rule, or a rule that keeps VMs apart, bars a VM from a host that works."""
    apart = s.apart[vm, other] & runs(s, other, host)
    return s.up[host] & (no(s.permitted[vm, host]) | apart)


@possible
def an_output_waits(s: Cluster, vm: VM, host: Host) -> Any:
    """An output of the primary waits for the secondary's acknowledgement."""
    if not (s.ha and s.ft):
        return False
    return s.fault_tolerant[vm] & runs(s, vm, host) & (s.output[vm] > 1)


@possible(needs=("ft_link_loss",))
def a_test_and_set_is_lost(s: Cluster, vm: VM, loser: Host, winner: Host) -> Any:
    """Both of a pair execute, and one of them has won the test-and-set."""
    if not (s.ha and s.ft):
        return False
    both = s.fault_tolerant[vm] & runs(s, vm, loser) & runs(s, vm, winner)
    return both & s.taken[vm, loser] & (loser != winner)


@possible(needs=("load_growth",))
def drs_recommends_relief(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """The load of a VM has grown, and DRS proposes a move."""
    if s.drs == "off" or s.vmotion == "off":
        return False
    return runs(s, vm, src) & (s.recommended[vm, dst] > 1) & (src != dst)


@possible(needs=("maintenance",))
def a_host_enters_maintenance(s: Cluster, host: Host, other: Host) -> Any:
    """A host is empty and in maintenance mode."""
    empty = no(s.exists(VM, lambda v: alive(s, v, host))) & no(s.in_maintenance[host])
    return (s.service[host] == Service.MAINTENANCE) & empty & (host != other)
