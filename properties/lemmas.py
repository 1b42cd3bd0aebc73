"""What is true of every reachable state besides the properties, so that these can be proved for any size.

Each lemma says what it excludes. They are checked by the search wherever it completes, as the properties are.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.migration.jobs import disk_is_identical as no_disk_is_behind
from ..model.cluster.migration.jobs import has_memory
from ..model.cluster.placement import alive, runs
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
    Part,
    Phase,
    Secondary,
)
from ..model.language import axiom, lemma, no, where


def implies(premise: Any, conclusion: Any) -> Any:
    """Where the premise is true the conclusion is."""
    return no(premise) | conclusion


def is_outside(s: Cluster, vm: VM) -> Any:
    """The VM is a machine outside the cluster, or what was made of it has not been started."""
    early = (s.conversion[vm] != Conversion.STARTED) & (s.conversion[vm] != Conversion.ACCEPTED)
    return (s.origin[vm] != Origin.NONE) & early


def lasts(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has the whole VM, in a form that neither a crash nor a clean-up takes away."""
    copy = s.copy[vm, host]
    kept = (copy == Copy.RUNNING) | (copy == Copy.STOPPED) | (copy == Copy.OFF) | (copy == Copy.STALE)
    return kept & has_memory(s, vm, host)


# fixed data


@axiom
def every_disk_is_somewhere(s: Cluster, vm: VM) -> Any:
    """The disk of every VM is on some datastore."""
    return s.exists(Datastore, lambda d: s.stored_on[vm, d])


@axiom
def what_is_off_is_somewhere(s: Cluster, vm: VM) -> Any:
    """A VM that begins powered off is registered on some host."""
    return no(s.placed_off[vm]) | s.exists(Host, lambda h: s.placed[vm, h])


@axiom
def a_machine_is_not_fault_tolerant(s: Cluster, vm: VM) -> Any:
    """A machine that is to be converted has no Fault Tolerance yet."""
    return no(s.to_convert[vm] & s.fault_tolerant[vm])


@axiom
def reservations_are_not_negative(s: Cluster, vm: VM) -> Any:
    """Nobody reserves less than nothing."""
    return (s.cpu_reservation[vm] >= 0) & (s.memory_reservation[vm] >= 0)


@axiom
def hosts_have_something(s: Cluster, host: Host) -> Any:
    """No host has less than nothing."""
    return (s.cpu[host] >= 0) & (s.memory[host] >= 0)


# leases


@lemma
def one_lease(s: Cluster, vm: VM) -> Any:
    """Two hosts with a lease on one disk, renewed or not."""
    return s.count(Host, lambda h: s.lock[vm, h] != Lease.NONE) <= 1


@lemma
def one_owner_of_a_list(s: Cluster, datastore: Datastore) -> Any:
    """Two hosts, masters or not, that renew their lease on one protected list."""
    return s.count(Host, lambda h: s.list_lock[h, datastore] == Lease.FRESH) <= 1


# copies and hosts


@lemma
def what_lives_is_on_a_host_that_works(s: Cluster, vm: VM, host: Host) -> Any:
    """A living copy or a secondary on a host that is down."""
    return s.up[host] | no(alive(s, vm, host) | (s.secondary[vm, host] != Secondary.NONE))


@lemma
def a_pair_is_on_two_hosts(s: Cluster, vm: VM, host: Host) -> Any:
    """A secondary beside a copy that lives, is being received or is powered off."""
    busy = alive(s, vm, host) | (s.copy[vm, host] == Copy.RECEIVING) | (s.copy[vm, host] == Copy.OFF)
    return no(busy & (s.secondary[vm, host] != Secondary.NONE))


@lemma
def who_fences_itself_renews_first(s: Cluster, vm: VM, host: Host) -> Any:
    """With self-fencing, a copy that runs on a lease which is not renewed (one of a pair may)."""
    if s.self_fence == "off":
        return True
    return no(runs(s, vm, host)) | (s.lock[vm, host] == Lease.FRESH) | s.ft_enabled[vm]


# migration


@lemma
def an_idle_vm_has_no_ends(s: Cluster, vm: VM, host: Host) -> Any:
    """The source or destination of a migration that is over, or an acknowledgement of one."""
    ends = s.source[vm, host] | s.destination[vm, host] | s.acknowledged[vm]
    return (s.phase[vm] != Phase.IDLE) | no(ends)


@lemma
def ends_differ(s: Cluster, vm: VM, host: Host) -> Any:
    """A migration from a host to itself."""
    return no(s.source[vm, host] & s.destination[vm, host])


@lemma
def a_complete_copy_waits_for_the_commit(s: Cluster, vm: VM, host: Host) -> Any:
    """A destination about to run the VM whose copy is not as the VM was last."""
    waits = s.destination[vm, host] & (s.copy[vm, host] == Copy.COMPLETE)
    decided = (s.phase[vm] == Phase.SWITCHOVER) | (s.phase[vm] == Phase.COMMITTED)
    return implies(waits & decided, has_memory(s, vm, host) & no_disk_is_behind(s, vm))


@lemma
def a_stopped_source_is_current(s: Cluster, vm: VM, host: Host) -> Any:
    """A source that has given the VM away and is not as the VM was last."""
    stopped = s.source[vm, host] & (s.copy[vm, host] == Copy.STOPPED)
    return implies(stopped & (s.phase[vm] == Phase.COMMITTED), has_memory(s, vm, host))


@lemma
def a_stopped_source_is_reached(s: Cluster, vm: VM, host: Host) -> Any:
    """A source that has given the VM away, and that the network has forgotten before it runs elsewhere."""
    stopped = s.source[vm, host] & (s.copy[vm, host] == Copy.STOPPED)
    return implies(stopped & (s.phase[vm] == Phase.COMMITTED), s.address[vm, host])


@lemma
def a_stopped_source_has_the_lease(s: Cluster, vm: VM, host: Host) -> Any:
    """A lease of another host, or a source that runs or has none, while the VM is stopped."""
    switching = s.phase[vm] == Phase.SWITCHOVER
    leased = s.lock[vm, host] != Lease.NONE
    stopped = s.source[vm, host] & (s.copy[vm, host] == Copy.STOPPED)
    return implies(switching, implies(leased, s.source[vm, host]) & implies(stopped, leased))


@lemma
def a_source_does_not_run_after_the_switchover(s: Cluster, vm: VM, host: Host) -> Any:
    """A source that runs the VM, or has its lease, when that has left."""
    left = (s.phase[vm] == Phase.COMMITTED) | (s.phase[vm] == Phase.ACTIVATED)
    switching = s.phase[vm] == Phase.SWITCHOVER
    runs = s.copy[vm, host] == Copy.RUNNING
    gone = implies(left, s.lock[vm, host] == Lease.NONE) & implies(left | switching, no(runs))
    return implies(s.source[vm, host], gone)


@lemma
def no_secondary_at_the_ends(s: Cluster, vm: VM, host: Host) -> Any:
    """A secondary on the source or the destination of its VM's migration."""
    return implies(s.source[vm, host] | s.destination[vm, host], s.secondary[vm, host] == Secondary.NONE)


@lemma
def nothing_runs_before_the_activation(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that runs, or a lease, between commit and activation."""
    return implies(s.phase[vm] == Phase.COMMITTED, s.lock[vm, host] == Lease.NONE)


@lemma
def the_destination_has_it_after_activation(s: Cluster, vm: VM, source: Host) -> Any:
    """A source that may be destroyed although nobody else has the VM."""
    over = (s.phase[vm] == Phase.ACTIVATED) & s.source[vm, source]
    elsewhere = s.exists(Host, lambda h: (h != source) & lasts(s, vm, h))
    return implies(over, elsewhere | s.paired[vm])


# conversion


@lemma
def a_machine_outside_is_no_vm_yet(s: Cluster, vm: VM, host: Host) -> Any:
    """A VM that lives in the cluster before its machine was converted, compared and started."""
    received = (s.copy[vm, host] == Copy.NONE) | (s.copy[vm, host] == Copy.RECEIVING)
    nothing = received & (s.lock[vm, host] == Lease.NONE) & (s.secondary[vm, host] == Secondary.NONE)
    quiet = no(s.address[vm, host]) & (s.phase[vm] == Phase.IDLE) & no(s.paired[vm]) & no(s.listed[vm])
    return implies(is_outside(s, vm), nothing & quiet)


@lemma
def a_machine_outside_is_not_fault_tolerant(s: Cluster, vm: VM, host: Host) -> Any:
    """Fault Tolerance for a VM whose machine outside may still serve again."""
    ft = s.ft_enabled[vm] | s.taken[vm, host] | (s.secondary[vm, host] != Secondary.NONE)
    return (s.origin[vm] == Origin.NONE) | no(ft)


@lemma
def what_is_outside_was_to_be_converted(s: Cluster, vm: VM) -> Any:
    """A machine outside that nobody spoke of."""
    return (s.origin[vm] == Origin.NONE) | s.to_convert[vm]


@lemma
def what_is_converted_is_there(s: Cluster, vm: VM) -> Any:
    """A conversion without its machine."""
    return (s.conversion[vm] == Conversion.NONE) | (s.origin[vm] != Origin.NONE)


@lemma
def what_is_converted_does_not_serve(s: Cluster, vm: VM) -> Any:
    """A conversion of a machine that serves."""
    return (s.conversion[vm] == Conversion.NONE) | (s.origin[vm] != Origin.SERVING)


# disks


@lemma
def live_disks_are_current(s: Cluster, vm: VM, datastore: Datastore) -> Any:
    """A live disk that is not as the guest has written it, except in a conversion that is not compared."""
    stale = (s.disk[vm, datastore] == Disk.LIVE) & no(s.disk_current[vm, datastore])
    return implies(stale, s.conversion[vm] == Conversion.COPIED)


@lemma
def there_is_a_live_disk(s: Cluster, vm: VM) -> Any:
    """A VM without a disk."""
    compared = (s.conversion[vm] == Conversion.COPIED) | (s.conversion[vm] == Conversion.VERIFIED)
    live = s.exists(Datastore, lambda d: s.disk[vm, d] == Disk.LIVE)
    return live | (is_outside(s, vm) & no(compared))


@lemma
def one_disk_is_moved_at_a_time(s: Cluster, vm: VM) -> Any:
    """Two copies of a disk that are being made."""

    def made(d: Datastore) -> Any:
        return (s.disk[vm, d] == Disk.COPYING) | (s.disk[vm, d] == Disk.MIRRORED)

    return s.count(Datastore, made) <= 1


@lemma
def a_machine_outside_has_no_disk_here(s: Cluster, vm: VM, datastore: Datastore) -> Any:
    """A disk of a machine whose conversion has not begun."""
    waits = (s.origin[vm] != Origin.NONE) & (s.conversion[vm] == Conversion.NONE)
    return implies(waits, s.disk[vm, datastore] == Disk.NONE)


@lemma
def no_disk_is_copied_while_the_vm_moves(s: Cluster, vm: VM, datastore: Datastore) -> Any:
    """A disk that is still being copied while the VM's state is moved."""
    return (s.phase[vm] == Phase.IDLE) | (s.disk[vm, datastore] != Disk.COPYING)


# memory


@lemma
def who_has_the_lease_is_current(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that runs or is stopped, with a lease, and is not as the VM was last."""
    has = (s.copy[vm, host] == Copy.RUNNING) | (s.copy[vm, host] == Copy.STOPPED)
    return implies(has & (s.lock[vm, host] != Lease.NONE), has_memory(s, vm, host))


@lemma
def a_lasting_copy_is_whole(s: Cluster, vm: VM) -> Any:
    """A VM of which only what a migration has sent, or a secondary without its pair, is left."""
    return s.exists(Host, lambda h: lasts(s, vm, h)) | is_outside(s, vm) | s.paired[vm]


@lemma
def the_loser_is_behind(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that has lost the test-and-set and is still the VM."""
    lost = s.taken[vm, host] & ((s.copy[vm, host] == Copy.RUNNING) | (s.copy[vm, host] == Copy.STOPPED))
    return implies(lost, no(s.current[vm, host, Part.RAM]))


@lemma
def the_loser_has_no_lease(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that has lost the test-and-set and still has the lease on the disk."""
    lost = s.taken[vm, host] & ((s.copy[vm, host] == Copy.RUNNING) | (s.copy[vm, host] == Copy.STOPPED))
    return implies(lost, s.lock[vm, host] == Lease.NONE)


@lemma
def who_receives_has_lost_nothing(s: Cluster, vm: VM, host: Host) -> Any:
    """A destination that is told to have lost a test-and-set."""
    receives = (s.copy[vm, host] == Copy.RECEIVING) | (s.copy[vm, host] == Copy.COMPLETE)
    return no(receives & s.taken[vm, host])


@lemma
def who_has_the_lease_is_reached(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that runs or is stopped, with a lease, to which the network sends nothing."""
    has = (s.copy[vm, host] == Copy.RUNNING) | (s.copy[vm, host] == Copy.STOPPED)
    return implies(has & (s.lock[vm, host] != Lease.NONE), s.address[vm, host])


# Fault Tolerance


@lemma
def fault_tolerance_is_inside_ha(s: Cluster, vm: VM) -> Any:
    """Fault Tolerance turned on where High Availability is off."""
    return no(s.ft_enabled[vm]) | s.ha


@lemma
def only_what_is_fault_tolerant_has_a_pair(s: Cluster, vm: VM, host: Host) -> Any:
    """A pair or a secondary of a VM for which Fault Tolerance was never turned on."""
    return implies(s.paired[vm] | (s.secondary[vm, host] != Secondary.NONE), s.ft_enabled[vm])


@lemma
def what_is_not_received_is_not_acknowledged(s: Cluster, vm: VM) -> Any:
    """A log entry that was acknowledged on its way."""
    return s.in_flight[vm] <= s.unacknowledged[vm]


# users


@lemma
def what_is_stopped_is_let_go(s: Cluster, vm: VM, host: Host) -> Any:
    """A VM that its user has stopped, and that a lease, a secondary, a list or a move could start again."""
    leased = (s.lock[vm, host] != Lease.NONE) | (s.secondary[vm, host] != Secondary.NONE)
    moved = (s.phase[vm] != Phase.IDLE) & (s.phase[vm] != Phase.COLD) & (s.phase[vm] != Phase.PRECOPY)
    known = s.listed[vm] | s.reported[vm] | is_outside(s, vm)
    return no(s.stopped[vm] & (leased | moved | known))


@lemma
def what_is_being_stopped_does_not_move(s: Cluster, vm: VM) -> Any:
    """A live migration of a VM that its user is stopping."""
    return implies(s.stopping[vm], (s.phase[vm] == Phase.IDLE) | (s.phase[vm] == Phase.COLD))


# placement


@lemma
def what_is_recommended_is_permitted(s: Cluster, vm: VM, host: Host) -> Any:
    """A recommendation that a must rule speaks against."""
    return (s.recommended[vm, host] == 0) | s.permitted[vm, host]


@lemma
def what_has_a_place_has_it_reserved(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that lives, is received to run, or follows as a secondary, without a reservation."""
    expected = (s.destination[vm, host] & (s.phase[vm] != Phase.COLD)) | is_outside(s, vm)
    arrives = (s.copy[vm, host] == Copy.RECEIVING) & expected
    guest = s.secondary[vm, host] != Secondary.NONE
    return implies(alive(s, vm, host) | arrives | guest, s.reserved[vm, host])


@lemma
def reserved_capacity_is_there(s: Cluster, host: Host) -> Any:
    """Reservations that are more than the host has, those included that nobody uses any more."""
    cpu = s.total(VM, lambda v: where(s.reserved[v, host], s.cpu_reservation[v], 0))
    memory = s.total(VM, lambda v: where(s.reserved[v, host], s.memory_reservation[v], 0))
    return (cpu <= s.cpu[host]) & (memory <= s.memory[host])
