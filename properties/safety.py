"""What must hold in every state of the cluster, and the mechanism that protects it.

A property speaks of what the world sees: what runs, what can write, which packets leave, which data are gone.
The numbers I1 to I16 are those of docs/cluster.md.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.migration.jobs import has_memory
from ..model.cluster.network import connected, is_master
from ..model.cluster.placement import alive, holds_place, reaches_disk, runs
from ..model.cluster.start import has_room
from ..model.cluster.state import (
    MOST_RESETS,
    VM,
    Cluster,
    Copy,
    Datastore,
    Disk,
    Host,
    Lease,
    Origin,
    Secondary,
    Seen,
    Service,
)
from ..model.language import derived, invariant, no


@derived
def can_write(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM runs here, and the storage takes its writes: it is in reach, and the lease is not lost."""
    return runs(s, vm, host) & reaches_disk(s, vm, host) & (s.lock[vm, host] != Lease.NONE)


@derived
def sends_output(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy or a secondary executes here, and the network has the VM's address at this host."""
    executes = runs(s, vm, host) | (s.up[host] & (s.secondary[vm, host] == Secondary.LOCKSTEP))
    return executes & s.address[vm, host]


@invariant(
    mechanism=("vm disk lock", "FT test-and-set", "secondary output suppressed"),
    source="I1; vSphere HA: VM file locks; paper, sections 1 and 3",
)
def single_live_primary(s: Cluster, vm: VM) -> Any:
    """At most one copy of a VM can write its disk, and at most one sends output."""
    writers = s.count(Host, lambda h: can_write(s, vm, h))
    return (writers <= 1) & (s.count(Host, lambda h: sends_output(s, vm, h)) <= 1)


@invariant(
    mechanism=("self-fence",),
    source="I2; Proxmox VE: the watchdog is shorter than the lock",
)
def a_broken_lock_stops_nobody(s: Cluster, vm: VM, host: Host) -> Any:
    """With self-fencing no copy still runs when its lock is lost (one of a fault-tolerant pair may)."""
    if s.self_fence == "off":
        return True
    return no(runs(s, vm, host)) | (s.lock[vm, host] != Lease.NONE) | s.ft_enabled[vm]


@invariant(
    mechanism=("election", "cluster lock", "protected list lock"),
    source="I3; vSphere HA: election, protected list; paper, section 2",
)
def unique_master(s: Cluster) -> Any:
    """No election makes a second master beside one that is heard, and no protected list has two owners.

    After a partition heals there are two masters for a moment, until one abdicates.
    """
    elected = s.forall(Host, lambda h: no(s.elected_beside[h]))
    owners = s.forall(
        Datastore,
        lambda d: s.count(Host, lambda h: is_master(s, h) & (s.list_lock[h, d] == Lease.FRESH)) <= 1,
    )
    return elected & owners


def disk_is_whole(s: Cluster, vm: VM) -> Any:
    """Some datastore has the VM's disk as the guest has written it."""
    return s.exists(Datastore, lambda d: s.disk_current[vm, d])


def live_disk_is_current(s: Cluster, vm: VM) -> Any:
    """The disk that the VM uses is as the guest has written it."""
    return s.forall(Datastore, lambda d: (s.disk[vm, d] != Disk.LIVE) | s.disk_current[vm, d])


def has_something(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has a copy or the secondary of the VM."""
    return (s.copy[vm, host] != Copy.NONE) | (s.secondary[vm, host] != Secondary.NONE)


@invariant(
    mechanism=(
        "commit acknowledgement",
        "original kept until activation",
        "source disk kept until the switch",
        "disk copy verified",
        "source kept until accepted",
    ),
    source="I4, I6; libvirt migration protocol 3, Confirm; paper, section 1: the original goes last",
)
def original_retained(s: Cluster, vm: VM) -> Any:
    """At every moment the VM, or the machine that it is converted from, exists whole somewhere.

    A fault-tolerant pair keeps it between the two; after a crash what the host had is the last state.
    """
    held = s.exists(Host, lambda h: has_something(s, vm, h) & has_memory(s, vm, h)) & disk_is_whole(s, vm)
    return held | (s.origin[vm] != Origin.NONE) | s.paired[vm]


@invariant(
    mechanism=(
        "commit acknowledgement",
        "mirrored writes",
        "disk copy verified",
        "log drained before go-live",
        "conversion verified",
    ),
    source="I5, I9; Clark et al. 2005; Scales et al. 2010, output requirement; paper, section 1",
)
def live_copy_is_current(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that runs has every part as it last was, the disk that it uses included."""
    return no(can_write(s, vm, host)) | (has_memory(s, vm, host) & live_disk_is_current(s, vm))


@invariant(
    mechanism=("FT test-and-set", "secondary output suppressed"),
    source="I5; Clark et al. 2005, stage 5: the address is announced once",
)
def one_address(s: Cluster, vm: VM) -> Any:
    """The network has the VM's address at one host at most."""
    return s.count(Host, lambda h: s.address[vm, h]) <= 1


@invariant(source="I5; Clark et al. 2005, stage 5: the destination announces the address")
def the_running_copy_is_reached(s: Cluster, vm: VM, host: Host) -> Any:
    """The network has the VM's address where the VM runs with the right to its disk."""
    return no(runs(s, vm, host) & (s.lock[vm, host] == Lease.FRESH)) | s.address[vm, host]


@invariant(
    mechanism=("placement check", "re-validation at execution"),
    source="I7; vSphere HA placement; paper, section 2: a host with a reserve",
)
def reservations_fit(s: Cluster, host: Host) -> Any:
    """The reservations of the copies that a host has fit into it."""
    return has_room(s, host)


@invariant(
    mechanism=("placement check", "re-validation at execution"),
    source="I8; vSphere DRS rules; paper, section 4: allocation rules",
)
def must_rules_hold(s: Cluster, vm: VM, host: Host) -> Any:
    """No copy is on a host that a must rule forbids."""
    return no(holds_place(s, vm, host)) | s.permitted[vm, host]


@invariant(
    mechanism=("placement check", "re-validation at execution"),
    source="I8; vSphere DRS rules; Apache CloudStack issue 5527; paper, section 4: allocation rules",
)
def rules_keep_apart(s: Cluster, one: VM, other: VM, host: Host) -> Any:
    """VMs that a rule keeps apart are on different hosts."""
    return no(s.apart[one, other] & holds_place(s, one, host) & holds_place(s, other, host))


@invariant(mechanism="FT output rule", source="I9; Scales et al. 2010, section 2.2, the output rule")
def no_output_outruns_the_log(s: Cluster, vm: VM) -> Any:
    """No output has left that depends on a log entry which the secondary has not received."""
    return s.owed[vm] == 0


@invariant(
    mechanism="FT test-and-set",
    source="I10; Scales et al. 2010, section 2.3; paper, section 3: when one of the two is not heard",
)
def one_of_a_pair_goes_live(s: Cluster, vm: VM) -> Any:
    """Of a fault-tolerant VM one copy at most runs with the right to its disk."""
    entitled = s.count(Host, lambda h: runs(s, vm, h) & (s.lock[vm, h] == Lease.FRESH))
    return no(s.ft_enabled[vm]) | (entitled <= 1)


@invariant(mechanism="secondary on another host", source="I11; vSphere FT requirements; paper, section 3")
def secondary_is_elsewhere(s: Cluster, vm: VM, host: Host) -> Any:
    """The primary and the secondary of a VM are on different hosts."""
    return no(runs(s, vm, host) & (s.secondary[vm, host] != Secondary.NONE))


@invariant(mechanism="FT only inside HA", source="I11; paper, section 3")
def fault_tolerance_needs_ha(s: Cluster, vm: VM, host: Host) -> Any:
    """Only in an HA cluster is there a secondary."""
    return no(s.secondary[vm, host] != Secondary.NONE) | s.ha


@invariant(mechanism="commit before report", source="I12; vSphere HA deepdive, VM protection")
def what_is_reported_is_listed(s: Cluster, vm: VM) -> Any:
    """A VM that vCenter shows as protected is on the protected list on disk."""
    return no(s.reported[vm]) | s.listed[vm]


@invariant(mechanism="power-off file", source="I13; vSphere HA deepdive, poweredoff file")
def isolated_vms_are_left_alone(s: Cluster, vm: VM, isolated: Host, other: Host) -> Any:
    """A VM that still runs on an isolated host, with its lock, runs nowhere else."""
    there = s.isolated[isolated] & runs(s, vm, isolated) & (s.lock[vm, isolated] == Lease.FRESH)
    elsewhere = runs(s, vm, other) & (s.lock[vm, other] == Lease.FRESH)
    return no(there & elsewhere) | (isolated == other)


@invariant(
    mechanism=("unprotect before power-off", "stop goes through the log"),
    source="I14; vSphere HA deepdive, VM protection; Scales et al. 2010, section 3.2",
)
def a_stop_stays_a_stop(s: Cluster, vm: VM, host: Host) -> Any:
    """A VM that a user has stopped does not run, with the right to its disk, until the user starts it."""
    return no(s.stopped[vm] & runs(s, vm, host) & (s.lock[vm, host] != Lease.NONE))


@invariant(mechanism="isolation ownership check", source="I15; vSphere HA deepdive, isolation response")
def nothing_is_powered_off_in_vain(s: Cluster, vm: VM) -> Any:
    """An isolated host powers no VM off that no master could restart.

    False when the master has just failed, and the isolated host still sees its lease on the datastore.
    """
    return no(s.abandoned[vm])


@invariant(
    mechanism="one job per VM", source="I16; libvirt job lock; vdsm pull request 400: a replica left behind"
)
def one_migration_per_vm(s: Cluster, vm: VM) -> Any:
    """A VM has at most one source and one destination."""
    return (s.count(Host, lambda h: s.source[vm, h]) <= 1) & (
        s.count(Host, lambda h: s.destination[vm, h]) <= 1
    )


@invariant(mechanism="evacuation before maintenance", source="I16; paper, section 4: maintenance mode")
def no_vm_in_maintenance(s: Cluster, vm: VM, host: Host) -> Any:
    """A host in maintenance mode has no VM."""
    return (s.service[host] != Service.MAINTENANCE) | no(holds_place(s, vm, host))


@invariant(mechanism=("source powered off",), source="paper, section 1: conversion to a VM")
def machine_and_vm_never_both_serve(s: Cluster, vm: VM, host: Host) -> Any:
    """While a machine is converted, it or the VM serves, not both."""
    return no((s.origin[vm] == Origin.SERVING) & alive(s, vm, host))


@invariant(mechanism="reset bound", source="vSphere HA deepdive, VM monitoring")
def resets_are_bounded(s: Cluster, vm: VM) -> Any:
    """VM monitoring has reset a guest three times at most."""
    return s.resets[vm] <= MOST_RESETS


@invariant(
    mechanism=("host heartbeat", "datastore heartbeat"),
    source="vSphere HA: a host is declared dead; paper, section 2",
)
def only_dead_hosts_are_given_up(s: Cluster, master: Host, host: Host) -> Any:
    """A host that a master has declared dead does not work, or is cut off (not promised: late heartbeats).

    False when heartbeats may be too slow.
    """
    reachable = connected(s, master, host) & s.exists(
        Datastore, lambda d: s.storage[master, d] & s.storage[host, d]
    )
    return no(is_master(s, master) & (s.seen[master, host] == Seen.FAILED)) | no(reachable)
