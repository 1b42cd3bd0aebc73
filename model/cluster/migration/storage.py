"""Migration of a VM's disk to another datastore, while the VM runs or is off: Storage vMotion.

Mirror mode (vSphere 5.0): one pass, and what the guest writes meanwhile goes to both copies. The switch is
atomic, the old disk is deleted last. Shared-nothing migration begins here and goes on as a live one.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, mechanism, no, require
from ..network import connected
from ..placement import reaches_disk, runs
from ..state import VM, Cluster, Copy, Datastore, Disk, Host, Lease, Phase
from .jobs import disk_is_identical, require_no_job
from .live import switch_disks


@derived
def has_vm(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM runs on the host, or is registered there and off."""
    return s.up[host] & ((s.copy[vm, host] == Copy.RUNNING) | (s.copy[vm, host] == Copy.OFF))


def require_movable_disk(s: Cluster, vm: VM, host: Host, old: Datastore, new: Datastore) -> None:
    """The host has the VM, reaches its disk, and nothing of it is being moved."""
    require(s.storage_vmotion, "Storage vMotion is off")
    require(s.vcenter, "vCenter is down")
    require_no_job(s, vm)
    require(has_vm(s, vm, host), "the host does not have the VM")
    require(no(s.ft_enabled[vm]), "the disk of a fault-tolerant VM is not moved")
    require((s.disk[vm, old] == Disk.LIVE) & s.storage[host, old], "the host does not reach the disk there")
    require(s.disk[vm, new] == Disk.NONE, "the datastore already has a copy")


@action(agent="operator", kind="operator", source="paper, section 1: migration of the disks")
def begin_storage_migration(s: Cluster, vm: VM, host: Host, old: Datastore, new: Datastore) -> None:
    """Start copying a disk to another datastore that the host reaches."""
    require_movable_disk(s, vm, host, old, new)
    require(s.storage[host, new], "the host does not reach the other datastore")
    s.disk[vm, new] = Disk.COPYING


@action(
    agent="operator",
    kind="operator",
    source="paper, section 1: Shared Nothing Live Migration, one domain and 1 Gb/s; Hyper-V, steps 1 and 2",
)
def begin_shared_nothing_copy(
    s: Cluster, vm: VM, src: Host, dst: Host, old: Datastore, new: Datastore
) -> None:
    """Start copying a disk over the network to a datastore that only the other host reaches."""
    require_movable_disk(s, vm, src, old, new)
    require(s.near[src, dst], "the hosts are not of one domain, or their link is too slow")
    require(connected(s, src, dst), "source and destination host do not hear each other")
    require(no(s.storage[src, new]) & s.storage[dst, new], "only the destination may reach the datastore")
    s.disk[vm, new] = Disk.COPYING


@action(agent="source host", fairness="weak", source="Storage vMotion, mirror mode")
def finish_disk_copy(s: Cluster, vm: VM, new: Datastore) -> None:
    """The pass is done: the copy is in sync and is kept so."""
    require(s.disk[vm, new] == Disk.COPYING, "no disk is being copied there")
    reader = s.exists(Host, lambda h: has_vm(s, vm, h) & reaches_disk(s, vm, h))
    require(reader, "no host reads the disk")
    s.disk[vm, new] = Disk.MIRRORED
    s.disk_current[vm, new] = True


@action(agent="guest", kind="guest", observable=False, source="Storage vMotion, mirror mode")
def guest_writes_disk(s: Cluster, vm: VM, host: Host, other: Datastore) -> None:
    """The guest writes its disk while there is another copy of it."""
    require(runs(s, vm, host) & reaches_disk(s, vm, host), "the VM does not run here, or without its disk")
    require(s.lock[vm, host] == Lease.FRESH, "the host does not hold the disk lock")
    require((s.disk[vm, other] != Disk.LIVE) & s.disk_current[vm, other], "no other copy could fall behind")
    s.disk_current[vm, other] = False
    with mechanism("mirrored writes"):
        s.disk_current[vm, other] = s.disk[vm, other] == Disk.MIRRORED


@action(agent="source host", fairness="weak", source="Storage vMotion: the switch is atomic")
def switch_to_new_disk(s: Cluster, vm: VM, host: Host, new: Datastore) -> None:
    """The VM, staying on its host, goes over to the copy of its disk."""
    require(s.disk[vm, new] == Disk.MIRRORED, "there is no mirror")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved with its disk")
    require(
        has_vm(s, vm, host) & s.storage[host, new], "the host does not have the VM, or not reach the copy"
    )
    require(disk_is_identical(s, vm), "the copy of the disk differs", mechanism="disk copy verified")
    switch_disks(s, vm)


@action(agent="source host", fairness="weak", source="paper, section 1: the original goes last")
def delete_old_disk(s: Cluster, vm: VM, old: Datastore, new: Datastore) -> None:
    """The disk that the VM has left is deleted."""
    require((s.disk[vm, old] != Disk.NONE) & (s.disk[vm, new] != Disk.NONE), "there are not two copies")
    require(old != new, "these are one datastore")
    require(s.disk[vm, new] != Disk.OLD, "that copy is the older one")
    require(
        s.disk[vm, old] == Disk.OLD,
        "the VM has not left this disk",
        mechanism="source disk kept until the switch",
    )
    s.disk[vm, old] = Disk.NONE
    s.disk_current[vm, old] = False


@action(agent="source host", fairness="weak", source="vdsm pull request 400: a mirror left behind")
def abort_storage_migration(s: Cluster, vm: VM, new: Datastore) -> None:
    """The copy of the disk is given up before the switch; the VM keeps its disk."""
    given_up = (s.disk[vm, new] == Disk.COPYING) | (s.disk[vm, new] == Disk.MIRRORED)
    require(given_up, "no disk is being copied there")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved with its disk")
    s.disk[vm, new] = Disk.NONE
    s.disk_current[vm, new] = False
