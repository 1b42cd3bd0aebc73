"""Live migration with pre-copy: the original is copied while it runs, and destroyed last.

Clark et al. 2005, "Live migration of virtual machines"; paper, section 1 and summary. With shared storage
the disk stays and its lock is handed over; otherwise a mirrored copy of the disk is taken along.
"""

from __future__ import annotations

from ...language import action, no, require, where
from ..leases import require_lock, take_lock
from ..network import connected
from ..placement import require_no_secondary, require_place, require_room, runs
from ..state import VM, Cluster, Copy, Datastore, Disk, Host, Lease, Part, Phase
from .jobs import (
    before_commit,
    close_job,
    disk_is_identical,
    forget,
    identical,
    open_job,
    received,
    require_ends,
    require_job,
    require_no_job,
    source_has_it,
    takes_disk_along,
)


def require_ready_for_vmotion(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The VM runs here, and the destination is free of it; where it may go is asked apart."""
    require(s.vmotion != "off", "vMotion is off")
    require(s.vcenter, "vCenter is down")
    require(s.copy[vm, src] == Copy.RUNNING, "the VM does not run on this host")
    require(connected(s, src, dst), "source and destination host do not hear each other")
    require(no(s.stopping[vm]), "the VM is being stopped")
    require(s.copy[vm, dst] == Copy.NONE, "the destination already has a copy")
    require_no_secondary(s, vm, dst)


@action(agent="operator", kind="operator", source="Clark et al. 2005, stages 0 and 1")
def begin_live_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Start copying a running VM's memory to another host; its disk is on shared storage."""
    require(s.vmotion == "on", "only DRS begins migrations")
    require_no_job(s, vm)
    require_ready_for_vmotion(s, vm, src, dst)
    require_place(s, vm, dst)
    open_job(s, vm, src, dst, Phase.PRECOPY)


@action(
    agent="operator",
    kind="operator",
    source="paper, section 1: both in one operation; Hyper-V shared-nothing live migration, step 4",
)
def begin_combined_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Start copying the memory of a VM whose disk is already mirrored where the destination needs it."""
    require(s.phase[vm] == Phase.IDLE, "the VM is already being moved", mechanism="one job per VM")
    require_ready_for_vmotion(s, vm, src, dst)
    require(takes_disk_along(s, vm, dst), "the destination reaches no mirror of the disk")
    require_room(s, vm, dst)
    open_job(s, vm, src, dst, Phase.PRECOPY)


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 2")
def send_memory(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """A pre-copy round: send the pages that changed since the last one."""
    require_ends(s, vm, src, dst)
    require(s.phase[vm] == Phase.PRECOPY, "the migration is not in pre-copy")
    require(s.copy[vm, src] == Copy.RUNNING, "the source has lost the VM")
    require(no(s.current[vm, dst, Part.RAM]), "no page has changed")
    require(s.current[vm, src, Part.RAM], "the source is behind: what it sends is not the VM as it is now")
    s.current[vm, dst, Part.RAM] = True


@action(agent="guest", kind="guest", observable=False, source="Clark et al. 2005, writable working set")
def guest_writes(s: Cluster, vm: VM, host: Host) -> None:
    """The guest changes its memory; copies elsewhere fall behind."""
    require(runs(s, vm, host), "the VM does not run on this host")
    require(s.lock[vm, host] != Lease.NONE, "the copy has lost its lock: it is no longer the VM")
    behind = s.exists(Host, lambda h: (h != host) & s.current[vm, h, Part.RAM])
    require(behind, "no other copy could fall behind")
    s.current[vm, :, Part.RAM] = lambda h: h == host


@action(
    agent="source host",
    fairness="strong",
    source="Clark et al. 2005, stage 3; vMotion: the guest is slowed down until it converges",
)
def stop_for_switchover(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Stop the VM on the source; what is left to send is small."""
    require_ends(s, vm, src, dst)
    require(s.phase[vm] == Phase.PRECOPY, "the migration is not in pre-copy")
    require(s.copy[vm, src] == Copy.RUNNING, "the source has lost the VM")
    require(s.lock[vm, src] != Lease.NONE, "the copy has lost its lock: it is no longer the VM")
    require(s.current[vm, dst, Part.RAM], "too many pages have changed")
    s.phase[vm] = Phase.SWITCHOVER
    s.copy[vm, src] = Copy.STOPPED


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 3")
def send_rest(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Send the CPU registers and the device state of the stopped VM."""
    require_ends(s, vm, src, dst)
    require(s.phase[vm] == Phase.SWITCHOVER, "the VM has not been stopped for the switchover")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(no(s.current[vm, dst, Part.CPU]), "the rest has been sent")
    s.current[vm, dst, Part.CPU] = True
    s.current[vm, dst, Part.DEVICES] = True


@action(agent="destination host", fairness="weak", source="Clark et al. 2005, stage 4 (commitment)")
def acknowledge(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination has the whole state and says so."""
    require_ends(s, vm, src, dst)
    require(s.phase[vm] == Phase.SWITCHOVER, "the VM has not been stopped for the switchover")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(identical(s, vm, dst), "a part has not arrived", mechanism="commit acknowledgement")
    s.copy[vm, dst] = Copy.COMPLETE
    s.acknowledged[vm] = True


@action(agent="source host", fairness="weak", source="Clark et al. 2005, stage 4 (commitment)")
def commit(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The acknowledgement arrives: the source gives the disk lock away and will not run the VM again."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.SWITCHOVER, "the VM has not been stopped for the switchover")
    require(s.up[src] & (s.copy[vm, src] == Copy.STOPPED), "the source has lost the VM")
    require(s.acknowledged[vm], "no acknowledgement has come")
    s.phase[vm] = Phase.COMMITTED
    s.acknowledged[vm] = False
    s.lock[vm, src] = Lease.NONE


def switch_disks(s: Cluster, vm: VM) -> None:
    """Effects: the VM goes over to the mirror of its disk, if it has one; the old copy is kept."""
    moved = s.exists(Datastore, lambda d: s.disk[vm, d] == Disk.MIRRORED)
    s.disk[vm, :] = lambda d: where(
        s.disk[vm, d] == Disk.MIRRORED,
        Disk.LIVE,
        where(moved & (s.disk[vm, d] == Disk.LIVE), Disk.OLD, s.disk[vm, d]),
    )


@action(agent="destination host", fairness="weak", source="Clark et al. 2005, stage 5 (activation)")
def activate_destination(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination takes the disk lock, runs, and announces the VM's network address."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.COMMITTED, "the source has not given the VM away")
    require(s.copy[vm, dst] == Copy.COMPLETE, "the destination's copy is not complete")
    require(s.up[dst], "the destination host is down")
    require_lock(s, vm, dst)
    s.phase[vm] = Phase.ACTIVATED
    take_lock(s, vm, dst)
    switch_disks(s, vm)
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
    forget(s, vm, src)
    close_job(s, vm, src, dst)


def go_on_as_before(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Effects: the migration is over, the VM goes on at its source; a stopped one only with its lock."""
    stopped = s.copy[vm, src] == Copy.STOPPED
    barred = stopped & (s.lock[vm, src] != Lease.FRESH)
    s.copy[vm, src] = where(barred, Copy.STALE, where(stopped, Copy.RUNNING, s.copy[vm, src]))
    close_job(s, vm, src, dst)


def require_abortable(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source still decides, and has the VM."""
    require_job(s, vm, src, dst)
    require(before_commit(s, vm), "the destination has acknowledged: it may run the VM")
    require(s.up[src], "the source host is down")
    require(source_has_it(s, vm, src), "the source has lost the VM")


@action(agent="source host", fairness="weak", source="paper, summary: the original is there until the end")
def abort_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Before the commit, because it cannot go on, or not with this disk: the source keeps the VM."""
    require_abortable(s, vm, src, dst)
    receives = (s.copy[vm, dst] == Copy.RECEIVING) & disk_is_identical(s, vm)
    decides = (s.phase[vm] == Phase.COLD) | (s.lock[vm, src] != Lease.NONE)
    goes_on = connected(s, src, dst) & decides & (receives | s.acknowledged[vm])
    require(no(goes_on), "the migration goes on")
    go_on_as_before(s, vm, src, dst)


@action(
    agent="source host",
    kind="operator",
    budget="migration_timeout",
    source="paper, summary: too much changes in the guest; Clark et al. 2005, section 3.2",
)
def time_out_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Before the commit, because it never converges or is cancelled: the source keeps the VM."""
    require_abortable(s, vm, src, dst)
    go_on_as_before(s, vm, src, dst)


@action(agent="destination host", fairness="weak", source="libvirt 11.3, Finish with cancelled=1")
def drop_partial_copy(s: Cluster, vm: VM, dst: Host) -> None:
    """The migration was given up: the destination destroys what it has received."""
    require(s.up[dst], "the destination host is down")
    require(received(s, vm, dst), "the host has received nothing")
    require(no(s.destination[vm, dst]), "the host is the destination of a migration")
    forget(s, vm, dst)


@action(
    agent="destination host", fairness="weak", source="libvirt 11.3: the source is gone before the commit"
)
def give_up_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source failed before the commit: there is nothing to go on with."""
    require_job(s, vm, src, dst)
    require(before_commit(s, vm), "the destination has acknowledged: it may run the VM")
    require(no(s.up[src] & source_has_it(s, vm, src)), "the source still has the VM")
    close_job(s, vm, src, dst)


@action(agent="source host", fairness="weak", source="Clark et al. 2005: one consistent image at all times")
def take_back(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination failed between acknowledgement and activation: the source runs the VM again."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.COMMITTED, "the migration is not between commit and activation")
    require(s.up[src], "the source host is down")
    require(s.copy[vm, src] == Copy.STOPPED, "the source has lost the VM")
    require(s.copy[vm, dst] != Copy.COMPLETE, "the destination has the complete copy")
    require_lock(s, vm, src)
    take_lock(s, vm, src)
    s.copy[vm, src] = Copy.RUNNING
    close_job(s, vm, src, dst)


@action(agent="destination host", fairness="weak", source="libvirt 11.3, Confirm when the source is gone")
def confirm_without_source(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The source has lost the VM after the commit, and nothing is left for it to do."""
    require_job(s, vm, src, dst)
    after = (s.phase[vm] == Phase.COMMITTED) | (s.phase[vm] == Phase.ACTIVATED)
    require(after, "the destination has not acknowledged the whole state")
    require(no(source_has_it(s, vm, src)), "the source still has the VM")
    require(s.copy[vm, dst] != Copy.COMPLETE, "the destination is about to run the VM")
    close_job(s, vm, src, dst)
