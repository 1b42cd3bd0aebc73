"""The protections of the cluster, each with what it does, what happens without it, and where it is described.

A mechanism stands in the actions as ``mechanism="…"`` on a guard, as ``with mechanism("…"):`` around
effects, or on a whole action; ``Scope(without=("…",))`` takes it away.
"""

from __future__ import annotations

from ..language import Mechanism, State


class MigrationMechanisms(State):
    """What protects a VM while it is moved or converted."""

    acknowledgement = Mechanism(
        "commit acknowledgement",
        "The destination acknowledges a migration only when it has every part as the source has it.",
        removed="the destination acknowledges whatever has arrived",
        source="Clark et al. 2005, section 3.2; paper, section 1",
    )
    original_kept = Mechanism(
        "original kept until activation",
        "The source destroys its copy only when the destination runs the VM.",
        removed="the source may destroy its copy as soon as the migration has begun",
        source="paper, section 1 and summary",
    )
    one_job = Mechanism(
        "one job per VM",
        "A VM has at most one migration at a time, of state or disk, and nobody restarts it meanwhile.",
        removed="a second migration of a VM may begin while the first is under way",
        source="libvirt job lock; vCenter task queue; vSphere HA deepdive, Storage vMotion",
    )
    mirror = Mechanism(
        "mirrored writes",
        "While a disk moves, the guest's writes go to both copies.",
        removed="they go to the source alone",
        source="Storage vMotion, mirror mode (vSphere 5.0); Hyper-V shared-nothing live migration, step 3",
    )
    disk_verified = Mechanism(
        "disk copy verified",
        "A VM goes over to the copy of its disk only when that is identical.",
        removed="it goes over to whatever is there",
        source="paper, section 1: an identical copy; Apache CloudStack issue 5514",
    )
    source_disk = Mechanism(
        "source disk kept until the switch",
        "The old disk is deleted only when the VM uses the new one.",
        removed="the old disk may be deleted as soon as copying has begun",
        source="paper, section 1; Hyper-V shared-nothing live migration, step 5",
    )
    verified = Mechanism(
        "conversion verified",
        "A converted machine starts only after its disk was compared with the source's.",
        removed="it starts with whatever was copied",
        source="paper, section 1: conversion to a VM",
    )
    source_off = Mechanism(
        "source powered off",
        "A server is copied only after it was powered off.",
        removed="it serves on while it is copied",
        source="VMware Converter, cold cloning",
    )
    accepted = Mechanism(
        "source kept until accepted",
        "The source of a conversion is deleted only after the operator has accepted the target.",
        removed="it may be deleted as soon as the conversion has begun",
        source="paper, section 1: the original goes last",
    )


class AvailabilityMechanisms(State):
    """What protects a VM from being lost, or run twice, by High Availability."""

    disk_lock = Mechanism(
        "vm disk lock",
        "One host at a time holds the lock of a VM's disk; a host that cannot get it does not run the VM.",
        removed="a host runs a VM without asking who holds its disk",
        source="VMFS on-disk locks; vSphere HA deepdive",
    )
    lost_lock = Mechanism(
        "lost lock detection",
        "A host that reaches a VM's disk again and finds its lock taken powers its own copy off.",
        removed="the copy runs on",
        source="vSphere HA deepdive, adding resiliency",
    )
    self_fence = Mechanism(
        "self-fence",
        "A host that cannot renew a lock stops the VM before the lock lapses (a setting).",
        removed="the lock lapses although the VM still runs",
        source="Proxmox VE HA manager: watchdog shorter than the lock",
    )
    election_rule = Mechanism(
        "election",
        "A host becomes master only where no master is heard, and when it beats every host it hears: most"
        " datastores, then the higher Managed Object ID.",
        removed="any host may become master at any time",
        source="paper, section 2; vSphere HA deepdive, election",
    )
    cluster_lock = Mechanism(
        "cluster lock",
        "With election by cluster lock a host becomes master only by taking the one lock.",
        removed="any host may become master at any time",
        source="Proxmox VE HA manager lock",
    )
    list_lock = Mechanism(
        "protected list lock",
        "A master opens the protected list of a datastore in exclusive mode.",
        removed="it opens the list although another master has it open",
        source="vSphere HA deepdive, protectedlist",
    )
    commit_first = Mechanism(
        "commit before report",
        "A master tells vCenter that a VM is protected only when the list on disk says so.",
        removed="it reports what it has in memory",
        source="vSphere HA deepdive, VM protection",
    )
    host_heartbeat = Mechanism(
        "host heartbeat",
        "The master declares a host dead only when no heartbeat of it comes over the management network.",
        removed="the master may declare any host dead whose datastore heartbeat is missing",
        source="paper, section 2",
    )
    datastore_heartbeat = Mechanism(
        "datastore heartbeat",
        "The master declares a host dead only when no heartbeat of it is found on a common datastore.",
        removed="a host that is merely partitioned is declared dead",
        source="paper, section 2; vSphere HA deepdive, heartbeats",
    )
    authentication = Mechanism(
        "heartbeat authentication",
        "A heartbeat that another than the host has sent counts for nothing.",
        removed="the master takes it for the host's",
        source="paper, section 2: a secure SSL channel",
    )
    power_off_file = Mechanism(
        "power-off file",
        "After an isolation HA restarts only the VMs that it has itself powered off.",
        removed="it restarts every VM of an isolated host",
        source="vSphere HA deepdive, poweredoff file",
    )
    ownership = Mechanism(
        "isolation ownership check",
        "An isolated host powers a VM off only when a master owns the VM's datastore, or it is out of reach.",
        removed="it powers its VMs off although nobody is left to restart them",
        source="vSphere HA deepdive, isolation response",
    )
    unprotect_first = Mechanism(
        "unprotect before power-off",
        "A user's stop is carried out only when the VM is off the protected list.",
        removed="the VM is powered off while the list still has it",
        source="vSphere HA deepdive, VM protection",
    )
    reset_bound = Mechanism(
        "reset bound",
        "VM monitoring resets a guest at most three times.",
        removed="it resets without end",
        source="vSphere HA deepdive, VM monitoring: three resets in a window",
    )


class ToleranceMechanisms(State):
    """What keeps primary and secondary one machine to the outside."""

    needs_ha = Mechanism(
        "FT only inside HA",
        "Fault Tolerance is refused where High Availability is off.",
        removed="it may be enabled anywhere",
        source="paper, section 3; vSphere 5.5 Availability, FT requirements",
    )
    other_host = Mechanism(
        "secondary on another host",
        "The secondary of a VM is placed on a host that does not run the primary.",
        removed="primary and secondary may share a host",
        source="paper, section 3",
    )
    output_rule = Mechanism(
        "FT output rule",
        "An output of the primary leaves only when the secondary has acknowledged all that led to it.",
        removed="it leaves at once",
        source="Scales et al. 2010, section 2.2",
    )
    suppression = Mechanism(
        "secondary output suppressed",
        "What the secondary sends is dropped by its hypervisor.",
        removed="the secondary's output leaves too",
        source="paper, section 3; Scales et al. 2010, section 2.1",
    )
    ft_heartbeat = Mechanism(
        "FT heartbeat",
        "One of a pair goes live alone only when the heartbeat of the other is missing.",
        removed="it may go live at any time",
        source="paper, section 3",
    )
    log_drained = Mechanism(
        "log drained before go-live",
        "A secondary replays everything it has received before it goes live.",
        removed="a secondary goes live in whatever state it is",
        source="Scales et al. 2010, section 2.2",
    )
    test_and_set = Mechanism(
        "FT test-and-set",
        "Whoever of a pair goes live alone must win an atomic test-and-set on the shared storage.",
        removed="both may go live",
        source="Scales et al. 2010, section 2.3",
    )
    stop_logged = Mechanism(
        "stop goes through the log",
        "A user's stop is a log entry: the secondary stops with the primary.",
        removed="the secondary finds the primary gone",
        source="Scales et al. 2010, section 3.2",
    )


class SchedulingMechanisms(State):
    """What keeps hosts within their means and rules."""

    placement_check = Mechanism(
        "placement check",
        "A host takes a VM only when its reservations fit beside those it has, and no must rule is broken.",
        removed="a host takes any VM",
        source="vSphere HA and DRS placement; paper, sections 2 and 4",
    )
    revalidation = Mechanism(
        "re-validation at execution",
        "A recommendation is checked against the present placement when it is carried out.",
        removed="it is carried out although the cluster has changed since",
        source="Apache CloudStack pull request 14108; paper, section 4",
    )
    moves_counted = Mechanism(
        "moves under way counted",
        "DRS reckons with the moves that are recommended or under way as if they were done.",
        removed="it reckons with the present load alone",
        source="Proxmox VE bug 6801: ping-pong",
    )
    evacuated = Mechanism(
        "evacuation before maintenance",
        "A host enters maintenance mode only when no VM is left on it.",
        removed="it enters at once",
        source="vSphere Resource Management, maintenance mode; paper, section 4",
    )
