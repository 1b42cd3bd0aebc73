"""Restart of VMs after a failure: by the master, of the highest priority first, where there is a reserve.

Paper, section 2; vSphere HA deepdive, restarting VMs. A master decides by its own list of hosts: two masters
may both try, and the disk lock lets one succeed.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require
from ..leases import require_lock, take_lock
from ..migration.jobs import require_no_job
from ..network import connected, is_master
from ..placement import accepts, alive, require_no_secondary, require_place, runs
from ..state import MOST_ATTEMPTS, VM, Cluster, Copy, Host, Lease, Secondary, Seen
from ..tolerance.log import empty_log
from .agents import datastore_heartbeat
from .protection import owns_list


@derived
def is_protected(s: Cluster, master: Host, vm: VM) -> Any:
    """The master knows that HA protects the VM: from the list that it has open, or from vCenter."""
    known = (s.listed[vm] & owns_list(s, master, vm)) | (s.vcenter & s.reported[vm])
    return known & (s.ha_priority[vm] > 0)


@derived
def has_lost(s: Cluster, master: Host, vm: VM, host: Host) -> Any:
    """As far as the master knows, the VM does not run on the host."""
    given_up = (s.seen[master, host] == Seen.FAILED) | (s.seen[master, host] == Seen.ISOLATED)
    nothing = s.copy[vm, host] == Copy.NONE
    told = (master == host) | connected(s, master, host)
    read = datastore_heartbeat(s, master, host)  # the poweron file of a host that is not heard
    return nothing | ((master != host) & given_up) | ((told | read) & no(alive(s, vm, host)))


@derived
def has_secondary(s: Cluster, master: Host, vm: VM) -> Any:
    """A secondary takes over, on a host that the master has not given up."""
    return s.exists(
        Host, lambda h: (s.secondary[vm, h] == Secondary.LOCKSTEP) & (s.seen[master, h] != Seen.FAILED)
    )


@derived
def waits_for_restart(s: Cluster, master: Host, vm: VM) -> Any:
    """As far as the master knows, a protected VM runs nowhere."""
    gone = s.forall(Host, lambda h: has_lost(s, master, vm, h))
    return gone & is_protected(s, master, vm) & no(has_secondary(s, master, vm))


@derived
def powered_off_if_isolated(s: Cluster, master: Host, vm: VM) -> Any:
    """An isolated host that had the VM has left the power-off file."""
    had_it = s.exists(
        Host,
        lambda h: (master != h) & (s.seen[master, h] == Seen.ISOLATED) & (s.copy[vm, h] != Copy.NONE),
    )
    return no(had_it) | s.powered_off[vm]


@derived
def can_use(s: Cluster, master: Host, host: Host) -> Any:
    """The master can have VMs started on the host."""
    return (master == host) | (connected(s, master, host) & (s.seen[master, host] == Seen.RUNNING))


def higher_waits(s: Cluster, master: Host, vm: VM) -> Any:
    """A VM of higher restart priority waits, has tries left, and some host could take it."""
    return s.exists(
        VM,
        lambda other: (
            (s.ha_priority[other] > s.ha_priority[vm])
            & (s.attempts[other] < MOST_ATTEMPTS)
            & waits_for_restart(s, master, other)
            & s.exists(Host, lambda h: accepts(s, other, h) & can_use(s, master, h))
        ),
    )


def require_restart(s: Cluster, master: Host, vm: VM, host: Host) -> None:
    """What both a restart that succeeds and one that fails need."""
    require(s.ha, "High Availability is off")
    require(is_master(s, master), "the host is no master")
    require(waits_for_restart(s, master, vm), "the VM does not wait for a restart")
    off = powered_off_if_isolated(s, master, vm)
    require(off, "HA has not powered the VM off", mechanism="power-off file")
    require(s.attempts[vm] < MOST_ATTEMPTS, "five restarts have failed")
    require_no_job(s, vm)
    require(can_use(s, master, host), "the master cannot use the host")
    require(no(alive(s, vm, host)) & (s.copy[vm, host] != Copy.RECEIVING), "the host has the VM")
    require_no_secondary(s, vm, host)
    require_place(s, vm, host)
    require(no(higher_waits(s, master, vm)), "a VM of higher restart priority waits")


def begin_anew(s: Cluster, vm: VM, host: Host) -> None:
    """Effects: the VM boots on the host; what it is from now on is what runs here."""
    s.copy[vm, host] = Copy.RUNNING
    s.reserved[vm, host] = True
    s.current[vm, :, :] = lambda h, part: h == host
    s.address[vm, :] = lambda h: h == host
    s.guest_works[vm] = True
    s.taken[vm, host] = False
    empty_log(s, vm)


@action(agent="master", fairness="weak", source="paper, section 2: restart on hosts that have a reserve")
def restart(s: Cluster, master: Host, vm: VM, host: Host) -> None:
    """The master has a VM powered on again."""
    require_restart(s, master, vm, host)
    require_lock(s, vm, host)
    take_lock(s, vm, host)
    begin_anew(s, vm, host)
    s.powered_off[vm] = False
    s.attempts[vm] = 0


@action(agent="host", kind="fault", budget="failed_restart", source="vSphere HA deepdive: five tries")
def fail_to_restart(s: Cluster, master: Host, vm: VM, host: Host) -> None:
    """A restart fails; the master, who counts in memory, will try again."""
    require_restart(s, master, vm, host)
    s.attempts[vm] = s.attempts[vm] + 1


@action(agent="host", fairness="weak", source="vSphere HA deepdive: unreserved capacity")
def free_reservation(s: Cluster, vm: VM, host: Host) -> None:
    """What a VM had reserved on a host that lost it is freed."""
    require(s.reserved[vm, host], "nothing is reserved")
    copy = s.copy[vm, host]
    lost = (copy == Copy.NONE) | (copy == Copy.STALE) | (copy == Copy.OFF)
    require(lost & (s.secondary[vm, host] == Secondary.NONE), "the host has the VM")
    require(no(s.destination[vm, host]), "the host is the destination of a migration")
    s.reserved[vm, host] = False


@action(agent="host", fairness="weak", source="vSphere HA: the VM is registered elsewhere")
def discard_stale(s: Cluster, vm: VM, host: Host) -> None:
    """A host deletes its leftover of a VM that runs elsewhere."""
    require(s.up[host], "the host is down")
    require(s.copy[vm, host] == Copy.STALE, "the copy is no leftover")
    require(no(s.source[vm, host]), "the host is the source of a migration")
    elsewhere = s.exists(Host, lambda h: runs(s, vm, h) & (h != host) & (s.lock[vm, h] == Lease.FRESH))
    require(elsewhere, "the VM does not run elsewhere")
    s.copy[vm, host] = Copy.NONE
    s.current[vm, host, :] = False
