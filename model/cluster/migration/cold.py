"""Cold migration: a VM that is powered off is registered on another host, with its disk or without.

Paper, section 1: Cold Migration.
"""

from __future__ import annotations

from ...language import action, no, require
from ..network import connected
from ..placement import reaches_disk, require_no_secondary
from ..state import VM, Cluster, Copy, Host, Phase, Service
from .jobs import close_job, disk_is_identical, disk_is_moved, forget, open_job, require_job, takes_disk_along
from .live import switch_disks


@action(agent="operator", kind="operator", source="paper, section 1: cold migration")
def begin_cold_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """Start moving a VM that is powered off."""
    require(s.vcenter, "vCenter is down")
    require(s.copy[vm, src] == Copy.OFF, "the VM is not powered off on this host")
    require(s.phase[vm] == Phase.IDLE, "the VM is already being moved", mechanism="one job per VM")
    require(s.copy[vm, dst] == Copy.NONE, "the destination already has a copy")
    require_no_secondary(s, vm, dst)
    require(connected(s, src, dst), "source and destination host do not hear each other")
    require(s.service[dst] == Service.NORMAL, "the host is in maintenance mode, or about to be")
    require(s.permitted[vm, dst], "VM/host DRS rule violated", mechanism="placement check")
    stays = no(disk_is_moved(s, vm)) & reaches_disk(s, vm, dst)
    require(stays | takes_disk_along(s, vm, dst), "the destination would not reach the VM's disk")
    open_job(s, vm, src, dst, Phase.COLD)
    s.reserved[vm, dst] = False


@action(agent="destination host", fairness="weak", source="paper, section 1: cold migration")
def finish_cold_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The destination has files and configuration; the source forgets the VM."""
    require_job(s, vm, src, dst)
    require(s.phase[vm] == Phase.COLD, "this is no cold migration")
    require(connected(s, src, dst), "source and destination host do not hear each other")
    require(s.copy[vm, dst] == Copy.RECEIVING, "the destination has lost what it had received")
    require(disk_is_identical(s, vm), "the copy of the disk differs", mechanism="disk copy verified")
    forget(s, vm, src)
    switch_disks(s, vm)
    s.copy[vm, dst] = Copy.OFF
    s.current[vm, dst, :] = True
    close_job(s, vm, src, dst)
