"""Locks of VM disks: leases on shared storage. Whoever cannot renew one may lose it, and must notice.

vSphere HA deepdive, adding resiliency (VMFS locks, lost lock detection); Proxmox VE (self-fence). The
order of the stages is the order of the deadlines: renewed, not renewed, taken by another host.
"""

from __future__ import annotations

from typing import Any

from ..language import action, derived, no, require, where
from .placement import alive, reaches_disk, runs
from .state import VM, Cluster, Copy, Host, Lease


@derived
def lock_is_free(s: Cluster, vm: VM, host: Host) -> Any:
    """No other host renews a lease on the VM's disk."""
    return no(s.exists(Host, lambda h: (h != host) & (s.lock[vm, h] == Lease.FRESH)))


def require_lock(s: Cluster, vm: VM, host: Host) -> None:
    """The guard of everything that makes a copy the running one."""
    require(lock_is_free(s, vm, host), "a host holds the disk lock", mechanism="vm disk lock")


def take_lock(s: Cluster, vm: VM, host: Host) -> None:
    """Effects: the host takes the lease; one that was not renewed is broken."""
    s.lock[vm, :] = lambda h: where(
        h == host, Lease.FRESH, where(s.lock[vm, h] == Lease.LAPSED, Lease.NONE, s.lock[vm, h])
    )


@derived
def can_renew(s: Cluster, vm: VM, host: Host) -> Any:
    """The host works, has a living copy, and reaches the disk."""
    return s.up[host] & alive(s, vm, host) & reaches_disk(s, vm, host)


@action(agent="storage", fairness="weak", source="VMFS: a lock that is not renewed can be broken")
def let_lock_lapse(s: Cluster, vm: VM, host: Host) -> None:
    """The lock of a host that cannot renew it is up for breaking."""
    require(s.lock[vm, host] == Lease.FRESH, "the host renews no lock")
    require(no(can_renew(s, vm, host)), "the host renews its lock")
    if s.self_fence == "on":
        require(no(runs(s, vm, host)), "the host has still to stop the VM", mechanism="self-fence")
    s.lock[vm, host] = Lease.LAPSED


@action(agent="host", fairness="weak", source="VMFS: the holder goes on renewing")
def renew_lock(s: Cluster, vm: VM, host: Host) -> None:
    """A host that reaches the disk again renews a lock that nobody has broken."""
    require(s.lock[vm, host] == Lease.LAPSED, "the lock has not lapsed")
    require(can_renew(s, vm, host), "the host cannot renew the lock")
    s.lock[vm, host] = Lease.FRESH


@action(agent="storage", fairness="weak", source="VMFS: a free lock")
def release_lapsed_lock(s: Cluster, vm: VM, host: Host) -> None:
    """A lapsed lock of a host that works without the VM is given up."""
    require(s.lock[vm, host] == Lease.LAPSED, "the lock has not lapsed")
    require(s.up[host] & no(alive(s, vm, host)), "the host is down, or has the VM")
    s.lock[vm, host] = Lease.NONE


def kill_copy(s: Cluster, vm: VM, host: Host) -> None:
    """Effects: the host powers its copy off; what is left is as after a failure."""
    s.copy[vm, host] = Copy.STALE
    s.reserved[vm, host] = False
    s.address[vm, host] = False
    s.taken[vm, host] = False


@action(
    agent="host",
    fairness="weak",
    mechanism="lost lock detection",
    source="vSphere HA deepdive: the question is answered with Yes, power off",
)
def power_off_orphan(s: Cluster, vm: VM, host: Host) -> None:
    """A host reaches the disk again, finds the lock taken, and powers its copy off."""
    require(runs(s, vm, host), "the VM does not run here")
    require(reaches_disk(s, vm, host), "the host does not reach the disk")
    require(s.lock[vm, host] == Lease.NONE, "the host has the lock")
    kill_copy(s, vm, host)


@action(agent="host", fairness="weak", source="Proxmox VE: watchdog")
def fence_itself(s: Cluster, vm: VM, host: Host) -> None:
    """A host that cannot renew a VM's lock stops the VM."""
    require(s.self_fence == "on", "self-fencing is off")
    require(runs(s, vm, host), "the VM does not run here")
    require(no(reaches_disk(s, vm, host)), "the host reaches the disk")
    kill_copy(s, vm, host)
