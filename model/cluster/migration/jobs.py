"""What every migration shares: the job of a VM, its two ends, and its parts."""

from __future__ import annotations

from typing import Any

from ...language import derived, no, require
from ..network import connected
from ..state import VM, Cluster, Copy, Datastore, Disk, Host, Part, Phase


@derived
def disk_is_moved(s: Cluster, vm: VM) -> Any:
    """A datastore receives, mirrors or still keeps a second copy of the VM's disk."""
    return s.exists(Datastore, lambda d: (s.disk[vm, d] != Disk.NONE) & (s.disk[vm, d] != Disk.LIVE))


def require_no_job(s: Cluster, vm: VM) -> None:
    """The VM is not being moved, neither its state nor its disk."""
    free = (s.phase[vm] == Phase.IDLE) & no(disk_is_moved(s, vm))
    require(free, "the VM is already being moved", mechanism="one job per VM")


def require_job(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """This source and destination are those of the VM's migration."""
    require(s.source[vm, src], "this host is not the source of the migration")
    require(s.destination[vm, dst], "this host is not the destination of the migration")


def require_ends(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Both ends of the migration work and hear each other, and the destination is still receiving."""
    require_job(s, vm, src, dst)
    require(connected(s, src, dst), "source and destination host do not hear each other")
    require(s.copy[vm, dst] == Copy.RECEIVING, "the destination has lost what it had received")


@derived
def before_commit(s: Cluster, vm: VM) -> Any:
    """The source has no acknowledgement: it decides what becomes of the VM."""
    live = (s.phase[vm] == Phase.PRECOPY) | (s.phase[vm] == Phase.SWITCHOVER)
    return live | (s.phase[vm] == Phase.COLD)


@derived
def source_has_it(s: Cluster, vm: VM, src: Host) -> Any:
    """The source still has the VM, running, stopped for the switchover, or powered off."""
    copy = s.copy[vm, src]
    return (copy == Copy.RUNNING) | (copy == Copy.STOPPED) | (copy == Copy.OFF)


@derived
def received(s: Cluster, vm: VM, host: Host) -> Any:
    """The host receives the VM, or has received it and may not run it yet."""
    return (s.copy[vm, host] == Copy.RECEIVING) | (s.copy[vm, host] == Copy.COMPLETE)


@derived
def disk_is_identical(s: Cluster, vm: VM) -> Any:
    """The live disk, and the copy that a migration takes along, are as the guest has written them."""
    return s.forall(
        Datastore,
        lambda d: no((s.disk[vm, d] == Disk.LIVE) | (s.disk[vm, d] == Disk.MIRRORED)) | s.disk_current[vm, d],
    )


@derived
def has_memory(s: Cluster, vm: VM, host: Host) -> Any:
    """The host's copy has registers, device state and RAM as the live copy has them."""
    return s.current[vm, host, Part.CPU] & s.current[vm, host, Part.DEVICES] & s.current[vm, host, Part.RAM]


@derived
def identical(s: Cluster, vm: VM, host: Host) -> Any:
    """The host's copy has all parts as the live copy has them, the disk included."""
    return has_memory(s, vm, host) & disk_is_identical(s, vm)


@derived
def takes_disk_along(s: Cluster, vm: VM, dst: Host) -> Any:
    """A datastore that the destination reaches mirrors the VM's disk."""
    return s.exists(Datastore, lambda d: (s.disk[vm, d] == Disk.MIRRORED) & s.storage[dst, d])


def open_job(s: Cluster, vm: VM, src: Host, dst: Host, phase: Phase) -> None:
    """Effects: the VM is being moved, and its reservation counts at both ends."""
    s.phase[vm] = phase
    s.source[vm, src] = True
    s.destination[vm, dst] = True
    s.reserved[vm, dst] = True
    s.copy[vm, dst] = Copy.RECEIVING
    s.recommended[vm, :] = 0
    s.taken[vm, dst] = False


def close_job(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Effects: the VM is no longer being moved."""
    s.source[vm, src] = False
    s.destination[vm, dst] = False
    s.phase[vm] = Phase.IDLE
    s.acknowledged[vm] = False


def forget(s: Cluster, vm: VM, host: Host) -> None:
    """Effects: the host has nothing of the VM any more."""
    s.copy[vm, host] = Copy.NONE
    s.current[vm, host, :] = False
    s.reserved[vm, host] = False
