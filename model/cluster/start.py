"""Where a run begins: a healthy cluster with its best host as master, and a legal placement."""

from __future__ import annotations

from typing import Any

from ..language import final, initial, no, where
from .availability.election import beats
from .availability.restart import can_use, is_protected
from .network import is_master
from .placement import accepts, holds_place, keeps_apart, reaches_disk, runs
from .state import (
    MOST_ATTEMPTS,
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
    Role,
    Secondary,
    Seen,
    Service,
)


def has_room(s: Cluster, host: Host) -> Any:
    """The reservations of the copies that the host has fit into it."""
    cpu = s.total(VM, lambda v: where(holds_place(s, v, host), s.cpu_reservation[v], 0))
    memory = s.total(VM, lambda v: where(holds_place(s, v, host), s.memory_reservation[v], 0))
    return (cpu <= s.cpu[host]) & (memory <= s.memory[host])


@initial
def vcenter_begins(s: Cluster) -> Any:
    """vCenter works."""
    return s.vcenter


@initial
def hosts_begin(s: Cluster, host: Host) -> Any:
    """Every host works and is connected; all but those in maintenance are in service."""
    connected = s.forall(Datastore, lambda d: s.storage[host, d] == s.attached[host, d])
    network = s.sends[host] & s.receives[host] & s.whole_network[s.component[host]]
    service = where(s.in_maintenance[host], Service.MAINTENANCE, Service.NORMAL)
    return s.up[host] & connected & network & (s.service[host] == service)


@initial
def agents_begin(s: Cluster, host: Host, other: Host) -> Any:
    """The best host is master, sees all others run, and has the protected lists of its datastores open."""
    rivals = s.exists(Host, lambda h: (h != host) & no(s.in_maintenance[h]) & no(beats(s, host, h)))
    role = where(s.in_maintenance[host], Role.NONE, where(rivals, Role.SLAVE, Role.MASTER))
    leads = no(rivals) & no(s.in_maintenance[host]) & s.ha
    lists = s.forall(
        Datastore,
        lambda d: s.list_lock[host, d] == where(leads & s.attached[host, d], Lease.FRESH, Lease.NONE),
    )
    quiet = no(s.isolated[host]) & no(s.elected_beside[host]) & (s.seen[host, other] == Seen.RUNNING)
    return (s.role[host] == role) & lists & quiet


def _begins_running(s: Cluster, vm: VM) -> Any:
    """The VM is in the cluster and powered on."""
    return no(s.placed_off[vm]) & no(s.to_convert[vm])


def _placed(s: Cluster, vm: VM, host: Host) -> Any:
    """The copies are where the data say, or in any legal place."""
    running = s.copy[vm, host] == Copy.RUNNING
    guest = s.secondary[vm, host] == Secondary.LOCKSTEP
    there = s.placed[vm, host] & no(s.to_convert[vm])
    off = (s.copy[vm, host] == Copy.OFF) == (there & s.placed_off[vm])
    if s.start == "as placed":
        on = running == (there & no(s.placed_off[vm]))
        return on & off & (guest == (s.placed_secondary[vm, host] & _begins_running(s, vm)))
    primaries = s.count(Host, lambda h: s.copy[vm, h] == Copy.RUNNING)
    secondaries = s.count(Host, lambda h: s.secondary[vm, h] == Secondary.LOCKSTEP)
    on = _begins_running(s, vm)
    wanted = where(s.ft_enabled[vm] & on, 1, 0)
    reached = s.forall(Datastore, lambda d: no(s.stored_on[vm, d]) | s.attached[host, d])
    legal = s.permitted[vm, host] & reached & keeps_apart(s, vm, host)
    legal = legal & no(s.in_maintenance[host]) & no(running & guest) & has_room(s, host)
    return (primaries == where(on, 1, 0)) & (secondaries == wanted) & (legal | no(running | guest)) & off


@initial
def copies_begin(s: Cluster, vm: VM, host: Host) -> Any:
    """A VM's host has its lock and its address; every copy is current."""
    running, off = s.copy[vm, host] == Copy.RUNNING, s.copy[vm, host] == Copy.OFF
    guest = s.secondary[vm, host] == Secondary.LOCKSTEP
    copies = (running | off | (s.copy[vm, host] == Copy.NONE)) & (
        guest | (s.secondary[vm, host] == Secondary.NONE)
    )
    lease = s.lock[vm, host] == where(running, Lease.FRESH, Lease.NONE)
    idle = no(s.source[vm, host]) & no(s.destination[vm, host]) & (s.recommended[vm, host] == 0)
    parts = [s.current[vm, host, part] == (running | off) for part in Part]
    rights = lease & (s.address[vm, host] == running) & (s.reserved[vm, host] == (running | guest))
    return (
        copies & rights & idle & parts[0] & parts[1] & parts[2] & no(s.taken[vm, host]) & _placed(s, vm, host)
    )


@initial
def disks_begin(s: Cluster, vm: VM, datastore: Datastore) -> Any:
    """The disk is on its datastore; of a machine that is still outside there is none."""
    there = s.stored_on[vm, datastore] & no(s.to_convert[vm])
    return (s.disk[vm, datastore] == where(there, Disk.LIVE, Disk.NONE)) & (
        s.disk_current[vm, datastore] == there
    )


def _protected_from_the_start(s: Cluster, vm: VM) -> Any:
    if not s.ha:
        return no(s.listed[vm]) & no(s.reported[vm])
    covered = _begins_running(s, vm) & (s.ha_priority[vm] > 0)
    return (s.listed[vm] == covered) & (s.reported[vm] == covered)


@initial
def jobs_begin(s: Cluster, vm: VM) -> Any:
    """Nothing is being moved, nothing has failed; a running VM is protected where HA is on."""
    outside = s.origin[vm] == where(s.to_convert[vm], Origin.SERVING, Origin.NONE)
    jobs = (s.phase[vm] == Phase.IDLE) & no(s.acknowledged[vm]) & (s.conversion[vm] == Conversion.NONE)
    healthy = s.guest_works[vm] & (s.resets[vm] == 0) & (s.attempts[vm] == 0) & no(s.grown[vm])
    past = no(s.powered_off[vm]) & no(s.abandoned[vm]) & no(s.resized[vm])
    user = no(s.stopping[vm]) & (s.stopped[vm] == (s.placed_off[vm] & no(s.to_convert[vm])))
    return outside & jobs & healthy & past & user & _protected_from_the_start(s, vm)


@initial
def pairs_begin(s: Cluster, vm: VM) -> Any:
    """A fault-tolerant VM with a secondary runs as one of a pair, its log empty."""
    guest = s.exists(Host, lambda h: s.secondary[vm, h] == Secondary.LOCKSTEP)
    enabled = s.ft_enabled[vm] == s.fault_tolerant[vm] if s.ha and s.ft else no(s.ft_enabled[vm])
    pair = (s.paired[vm] == guest) & (s.log_link[vm] == guest)
    log = (s.unacknowledged[vm] == 0) & (s.in_flight[vm] == 0) & (s.unreplayed[vm] == 0)
    return enabled & pair & log & (s.output[vm] == 0) & (s.owed[vm] == 0)


def could_restart(s: Cluster, master: Host, vm: VM, host: Host) -> Any:
    """A master knows that the VM is protected, and the host would take it."""
    knows = is_master(s, master) & is_protected(s, master, vm)
    return knows & can_use(s, master, host) & accepts(s, vm, host)


@final
def all_that_can_be_served_is(s: Cluster, vm: VM) -> Any:
    """Every VM runs, or is off on purpose, or nobody who could act knows of it or has a place for it."""
    served = s.exists(Host, lambda h: runs(s, vm, h))
    helpless = no(s.exists(Host, Host, lambda m, h: could_restart(s, m, vm, h)))
    off = s.stopped[vm] | (s.origin[vm] != Origin.NONE) | (s.attempts[vm] == MOST_ATTEMPTS)
    waits = s.exists(Host, lambda h: (s.secondary[vm, h] == Secondary.LOCKSTEP) & no(reaches_disk(s, vm, h)))
    return served | helpless | off | waits if s.ha else True
