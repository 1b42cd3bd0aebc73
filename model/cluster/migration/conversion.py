"""Conversion of a machine outside the cluster into a VM: a physical server (P2V), another product's VM (V2V).

Paper, section 1. The source is powered off, copied, compared; it is kept until the operator has accepted the
VM that was made of it. A V2V conversion may change a parameter, such as the size of the disk.
"""

from __future__ import annotations

from ...language import action, no, require
from ..leases import require_lock, take_lock
from ..placement import require_room
from ..state import VM, Cluster, Conversion, Copy, Datastore, Disk, Host, Lease, Origin, Phase
from .jobs import disk_is_identical


@action(agent="operator", kind="operator", source="VMware Converter, cold cloning")
def power_off_origin(s: Cluster, vm: VM) -> None:
    """The machine outside is powered off, to be copied."""
    require(s.origin[vm] == Origin.SERVING, "the machine is not serving")
    require(s.conversion[vm] == Conversion.NONE, "it is being converted already")
    s.origin[vm] = Origin.OFF


@action(agent="operator", kind="operator", source="paper, section 1: P2V and V2V")
def begin_conversion(s: Cluster, vm: VM, host: Host, target: Datastore) -> None:
    """Start copying the machine's disk to a datastore of the cluster."""
    require(s.origin[vm] != Origin.NONE, "there is no machine to convert")
    require(s.origin[vm] == Origin.OFF, "the machine is not powered off", mechanism="source powered off")
    require(s.conversion[vm] == Conversion.NONE, "it is being converted already")
    require(s.storage[host, target], "the host does not reach the datastore")
    require_room(s, vm, host)
    s.conversion[vm] = Conversion.COPYING
    s.copy[vm, host] = Copy.RECEIVING
    s.reserved[vm, host] = True
    s.disk[vm, target] = Disk.COPYING


@action(agent="destination host", fairness="weak", source="paper, section 1: P2V and V2V")
def finish_conversion_copy(s: Cluster, vm: VM, host: Host, target: Datastore) -> None:
    """The copy of the machine's disk is complete."""
    require(s.conversion[vm] == Conversion.COPYING, "nothing is being copied")
    require(s.up[host] & (s.copy[vm, host] == Copy.RECEIVING), "the host has lost what it had received")
    require(s.disk[vm, target] == Disk.COPYING, "the disk goes elsewhere")
    s.conversion[vm] = Conversion.COPIED
    s.disk[vm, target] = Disk.LIVE
    s.disk_current[vm, target] = True


@action(agent="destination host", fairness="weak", source="VMware Converter: compare source and target")
def verify_conversion(s: Cluster, vm: VM, host: Host) -> None:
    """Source and target disk are compared."""
    require(s.conversion[vm] == Conversion.COPIED, "nothing is waiting to be compared")
    require(s.up[host] & (s.copy[vm, host] == Copy.RECEIVING), "the host has lost what it had received")
    require(disk_is_identical(s, vm), "the copy of the disk differs", mechanism="conversion verified")
    s.conversion[vm] = Conversion.VERIFIED


@action(agent="operator", kind="operator", source="paper, section 1: V2V may change the size of a disk")
def start_converted(s: Cluster, vm: VM, host: Host) -> None:
    """The VM runs, in the place of the machine that it was; V2V gives its disk the new size."""
    require(s.conversion[vm] == Conversion.VERIFIED, "the target has not been compared with the source")
    require(s.up[host] & (s.copy[vm, host] == Copy.RECEIVING), "the host has lost what it had received")
    require_lock(s, vm, host)
    take_lock(s, vm, host)
    s.conversion[vm] = Conversion.STARTED
    s.copy[vm, host] = Copy.RUNNING
    s.current[vm, host, :] = True
    s.address[vm, host] = True
    s.resized[vm] = s.virtual_origin[vm]


@action(agent="operator", kind="operator", source="paper, section 1: the original goes last")
def accept_conversion(s: Cluster, vm: VM, host: Host) -> None:
    """The operator is content with the VM."""
    require(s.conversion[vm] == Conversion.STARTED, "there is nothing to accept")
    require(s.up[host] & (s.copy[vm, host] == Copy.RUNNING), "the VM does not run")
    s.conversion[vm] = Conversion.ACCEPTED


@action(agent="operator", kind="operator", source="paper, section 1: the original goes last")
def delete_origin(s: Cluster, vm: VM) -> None:
    """The machine outside is deleted."""
    require(s.origin[vm] == Origin.OFF, "there is no machine that is powered off")
    require(s.conversion[vm] != Conversion.NONE, "it has not been converted")
    require(
        s.conversion[vm] == Conversion.ACCEPTED,
        "the operator has not accepted the VM",
        mechanism="source kept until accepted",
    )
    s.origin[vm] = Origin.NONE
    s.conversion[vm] = Conversion.NONE


@action(agent="operator", kind="operator", source="VMware Converter: go back to the source")
def reject_conversion(s: Cluster, vm: VM) -> None:
    """What was made of the machine is destroyed and no longer protected; the machine serves again."""
    under_way = (s.conversion[vm] != Conversion.NONE) & (s.conversion[vm] != Conversion.ACCEPTED)
    require(under_way, "nothing is being converted")
    require(s.origin[vm] == Origin.OFF, "the machine outside is not there, or serving")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    require(no(s.ft_enabled[vm]), "the VM is fault tolerant")
    require(no(s.exists(Host, lambda h: s.copy[vm, h] == Copy.STALE)), "HA is to restart the VM")
    s.conversion[vm] = Conversion.NONE
    s.origin[vm] = Origin.SERVING
    s.listed[vm] = False
    s.reported[vm] = False
    s.stopping[vm] = False
    s.stopped[vm] = False
    s.copy[vm, :] = Copy.NONE
    s.current[vm, :, :] = False
    s.disk[vm, :] = Disk.NONE
    s.disk_current[vm, :] = False
    s.lock[vm, :] = Lease.NONE
    s.address[vm, :] = False
    s.reserved[vm, :] = False
