"""Live migration with pre-copy: the original is copied while it runs, and destroyed last.

Clark et al. 2005, "Live migration of virtual machines"; paper, section 1 and summary. Shared storage:
the disk stays where it is, its lock is handed over.
"""

from __future__ import annotations

from typing import Any

from ..language import action, no, require
from .placement import require_place
from .state import VM, Cluster, Copy, Host, Part, Phase, Secondary


def require_job(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """This source and destination are those of the VM's migration."""
    require(s.source[vm, src], "this host is not the source of the migration")
    require(s.destination[vm, dst], "this host is not the destination of the migration")


def require_link(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Both ends of the migration work, and the destination is still receiving."""
    require_job(s, vm, src, dst)
    require(s.up[src] & s.up[dst], "source or destination host is down")
    require(s.copy[vm, dst] == Copy.RECEIVING, "the destination has lost what it had received")


def before_commit(s: Cluster, vm: VM) -> Any:
    """The destination has not acknowledged: the source decides what becomes of the VM."""
    return (s.phase[vm] == Phase.PRECOPY) | (s.phase[vm] == Phase.SWITCHOVER)


def source_has_it(s: Cluster, vm: VM, src: Host) -> Any:
    """The source still has the VM, running or stopped for the switchover."""
    return (s.copy[vm, src] == Copy.RUNNING) | (s.copy[vm, src] == Copy.STOPPED)


def identical(s: Cluster, vm: VM, host: Host) -> Any:
    """The host's copy has all four parts as the live copy has them."""
    cpu, devices = s.current[vm, host, Part.CPU], s.current[vm, host, Part.DEVICES]
    return cpu & devices & s.current[vm, host, Part.RAM] & s.current[vm, host, Part.DISK]


def nobody_locks(s: Cluster, vm: VM) -> Any:
    """No host holds the lock of the VM's disk."""
    return no(s.exists(Host, lambda h: s.lock[vm, h]))


def drop_destination(s: Cluster, vm: VM, dst: Host) -> None:
    """Effects: what the destination had received is destroyed."""
    s.copy[vm, dst] = Copy.NONE
    s.current[vm, dst, :] = False
    s.reserved[vm, dst] = False


def end_job(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Effects: the VM is no longer being moved."""
    s.source[vm, src] = False
    s.destination[vm, dst] = False
    s.phase[vm] = Phase.IDLE


@action(agent="source host", source="Clark et al. 2005, stages 0 and 1")
def begin_live_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Start copying a running VM's memory to another host."""
    require(s.up[src], "the source host is down")
    require(s.copy[vm, src] == Copy.RUNNING, "the VM does not run on this host")
    require(s.phase[vm] == Phase.IDLE, "the VM is already being moved", mechanism="one job per VM")
    require(s.copy[vm, dst] == Copy.NONE, "the destination already has a copy")
    require(
        s.secondary[vm, dst] == Secondary.NONE,
        "the destination has the VM's secondary",
        mechanism="secondary on another host",
    )
    require_place(s, vm, dst)
    s.phase[vm] = Phase.PRECOPY
    s.source[vm, src] = True
    s.destination[vm, dst] = True
    s.reserved[vm, dst] = True
    s.copy[vm, dst] = Copy.RECEIVING
    s.current[vm, dst, Part.DISK] = True  # shared storage: both hosts see the same disk


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 2")
def send_memory(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """A pre-copy round: send the pages that changed since the last one."""
    require_link(s, vm, src, dst)
    require(s.phase[vm] == Phase.PRECOPY, "the migration is not in pre-copy")
    require(s.copy[vm, src] == Copy.RUNNING, "the source has lost the VM")
    require(no(s.current[vm, dst, Part.RAM]), "no page has changed")
    s.current[vm, dst, Part.RAM] = True


@action(agent="guest", kind="guest", observable=False)
def guest_writes(s: Cluster, vm: VM, host: Host) -> None:
    """The guest changes its memory; copies elsewhere fall behind."""
    require(s.up[host], "the host is down")
    require(s.copy[vm, host] == Copy.RUNNING, "the VM does not run on this host")
    behind = s.exists(Host, lambda h: (h != host) & s.current[vm, h, Part.RAM])
    require(behind, "no other copy could fall behind")
    s.current[vm, :, Part.RAM] = lambda h: h == host


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 3")
def stop_for_switchover(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Stop the VM on the source; what is left to send is small."""
    require_link(s, vm, src, dst)
    require(s.phase[vm] == Phase.PRECOPY, "the migration is not in pre-copy")
    require(s.copy[vm, src] == Copy.RUNNING, "the source has lost the VM")
    require(s.current[vm, dst, Part.RAM], "too many pages have changed")
    s.phase[vm] = Phase.SWITCHOVER
    s.copy[vm, src] = Copy.STOPPED


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 3")
def send_rest(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Send the CPU registers and the device state of the stopped VM."""
    require_link(s, vm, src, dst)
    require(s.phase[vm] == Phase.SWITCHOVER, "the VM has not been stopped for the switchover")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(no(s.current[vm, dst, Part.CPU]), "the rest has been sent")
    s.current[vm, dst, Part.CPU] = True
    s.current[vm, dst, Part.DEVICES] = True


@action(agent="destination host", fairness="weak", source="Clark et al. 2005, stage 4 (commitment)")
def acknowledge(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination acknowledges the whole state; the source gives the disk lock away."""
    require_link(s, vm, src, dst)
    require(s.phase[vm] == Phase.SWITCHOVER, "the VM has not been stopped for the switchover")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(identical(s, vm, dst), "a part has not arrived", mechanism="commit acknowledgement")
    s.phase[vm] = Phase.COMMITTED
    s.copy[vm, dst] = Copy.COMPLETE
    s.lock[vm, src] = False


@action(agent="destination host", fairness="weak", source="Clark et al. 2005, stage 5 (activation)")
def activate_destination(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination takes the disk lock, runs, and announces the VM's network address."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.COMMITTED, "the destination has not acknowledged the whole state")
    require(s.copy[vm, dst] == Copy.COMPLETE, "the destination's copy is not complete")
    require(s.up[dst], "the destination host is down")
    require(nobody_locks(s, vm), "a host holds the disk lock", mechanism="vm disk lock")
    s.phase[vm] = Phase.ACTIVATED
    s.lock[vm, dst] = True
    s.copy[vm, dst] = Copy.RUNNING
    s.address[vm, :] = lambda h: h == dst


@action(agent="source host", fairness="weak", source="paper, section 1: the original is destroyed last")
def destroy_original(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source deletes its copy and frees its reservation; the migration is over."""
    require_job(s, vm, src, dst)
    require(s.up[src], "the source host is down")
    require(
        s.phase[vm] == Phase.ACTIVATED,
        "the destination does not run the VM yet",
        mechanism="original kept until activation",
    )
    s.copy[vm, src] = Copy.NONE
    s.current[vm, src, :] = False
    s.reserved[vm, src] = False
    end_job(s, vm, src, dst)


@action(agent="source host", source="paper, summary: the original is there until the last moment")
def abort_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Before the commit: the source goes on running, the partial copy is destroyed."""
    require_job(s, vm, src, dst)
    require(before_commit(s, vm), "the destination has acknowledged: it may run the VM")
    require(s.up[src], "the source host is down")
    require(source_has_it(s, vm, src), "the source has lost the VM")
    s.copy[vm, src] = Copy.RUNNING
    drop_destination(s, vm, dst)
    end_job(s, vm, src, dst)


@action(agent="destination host", fairness="weak", source="libvirt 11.3, Finish with cancelled=1")
def drop_partial_copy(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source failed before the commit: the destination destroys what it has received."""
    require_job(s, vm, src, dst)
    require(before_commit(s, vm), "the destination has acknowledged: it may run the VM")
    require(no(source_has_it(s, vm, src)), "the source still has the VM")
    drop_destination(s, vm, dst)
    end_job(s, vm, src, dst)


@action(agent="source host", fairness="weak", source="Clark et al. 2005: one consistent image at all times")
def take_back(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination failed between acknowledgement and activation: the source runs the VM again."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.COMMITTED, "the migration is not between commit and activation")
    require(s.up[src], "the source host is down")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(s.copy[vm, dst] != Copy.COMPLETE, "the destination has the complete copy")
    require(nobody_locks(s, vm), "a host holds the disk lock", mechanism="vm disk lock")
    s.lock[vm, src] = True
    s.copy[vm, src] = Copy.RUNNING
    drop_destination(s, vm, dst)
    end_job(s, vm, src, dst)


@action(agent="destination host", fairness="weak", source="libvirt 11.3, Confirm when the source is gone")
def close_job(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source has lost the VM after the commit, and nothing is left for it to do."""
    require_job(s, vm, src, dst)
    require(no(before_commit(s, vm)), "the destination has not acknowledged the whole state")
    require(no(source_has_it(s, vm, src)), "the source still has the VM")
    require(s.copy[vm, dst] != Copy.COMPLETE, "the destination is about to run the VM")
    end_job(s, vm, src, dst)
