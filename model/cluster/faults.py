"""What goes wrong, each with a budget in the scope; and what comes back.

Beside these: false suspicion and forged heartbeats (availability/agents), failed restarts
(availability/restart).
"""

from __future__ import annotations

from typing import Any

from ..language import action, no, require, where
from .migration.jobs import before_commit, forget, received, require_job
from .network import carries
from .placement import alive, runs
from .state import (
    VM,
    Cluster,
    Conversion,
    Copy,
    Datastore,
    Disk,
    Host,
    Role,
    Secondary,
    Seen,
    Segment,
    Service,
)


def after_crash(s: Cluster, vm: VM, host: Host) -> Any:
    """What is left of a copy: its host still knows the VM, the memory is gone."""
    kept = alive(s, vm, host) | (s.copy[vm, host] == Copy.STALE)
    off = where(s.copy[vm, host] == Copy.OFF, Copy.OFF, Copy.NONE)
    return where(kept, Copy.STALE, off)


@action(agent="environment", kind="fault", budget="host_crash", source="paper, section 5: server A fails")
def host_crash(s: Cluster, host: Host) -> None:
    """A host fails: what ran there stops, what it was receiving is lost."""
    require(s.up[host], "the host is down already")
    s.up[host] = False
    s.secondary[:, host] = Secondary.NONE
    s.taken[:, host] = False
    s.current[:, host, :] = lambda vm, part: (
        s.current[vm, host, part] & (s.copy[vm, host] != Copy.RECEIVING) & (s.copy[vm, host] != Copy.NONE)
    )
    s.copy[:, host] = lambda vm: after_crash(s, vm, host)


@action(agent="host", kind="fault", budget="host_return", source="vSphere HA deepdive: the host joins again")
def host_return(s: Cluster, host: Host) -> None:
    """A failed host comes back; it knows which VMs it had, but runs none."""
    require(no(s.up[host]), "the host is up")
    s.up[host] = True
    s.isolated[host] = False
    s.seen[:, host] = lambda m: where(carries(s, m, host), Seen.RUNNING, s.seen[m, host])
    s.seen[host, :] = Seen.RUNNING
    s.elected_beside[host] = False
    s.role[host] = where(s.service[host] == Service.MAINTENANCE, Role.NONE, Role.ELECTION)


@action(agent="environment", kind="fault", budget="guest_failure", source="paper, section 2: a guest fails")
def guest_failure(s: Cluster, vm: VM, host: Host) -> None:
    """The guest operating system fails; a secondary replays that, too."""
    require(runs(s, vm, host), "the VM does not run here")
    require(s.guest_works[vm], "the guest has failed already")
    s.guest_works[vm] = False


@action(
    agent="environment", kind="fault", budget="partition", source="vSphere HA deepdive: network partition"
)
def partition(s: Cluster, host: Host, segment: Segment) -> None:
    """A host is cut off from the whole management network, into another part of it."""
    require(no(s.whole_network[segment]), "that is the whole network")
    require(s.component[host] != segment, "the host is there already")
    s.component[host] = segment


@action(agent="environment", kind="fault", budget="heal", source="vSphere HA deepdive: network partition")
def heal(s: Cluster, host: Host, segment: Segment) -> None:
    """A host is connected to the whole management network again."""
    require(s.whole_network[segment], "that is only a part of the network")
    require(s.component[host] != segment, "the host is there already")
    s.component[host] = segment


@action(agent="environment", kind="fault", budget="link_loss", source="a one-way fault of a management link")
def lose_sending(s: Cluster, host: Host) -> None:
    """What a host sends over the management network no longer arrives; it still hears the others."""
    require(s.sends[host] & s.receives[host], "the link is faulty already")
    s.sends[host] = False


@action(agent="environment", kind="fault", budget="link_loss", source="a one-way fault of a management link")
def lose_receiving(s: Cluster, host: Host) -> None:
    """A host no longer hears the others; they still hear it."""
    require(s.sends[host] & s.receives[host], "the link is faulty already")
    s.receives[host] = False


@action(agent="environment", kind="fault", budget="isolation", source="vSphere HA deepdive: isolated hosts")
def isolate(s: Cluster, host: Host) -> None:
    """A host loses its network: nothing leaves it, nothing arrives."""
    require(s.sends[host] | s.receives[host], "the host is cut off already")
    s.sends[host] = False
    s.receives[host] = False


@action(agent="environment", kind="fault", budget="heal", source="the network comes back")
def restore_link(s: Cluster, host: Host) -> None:
    """The network link of a host works again."""
    require(no(s.sends[host] & s.receives[host]), "the link works")
    s.sends[host] = True
    s.receives[host] = True


@action(
    agent="environment", kind="fault", budget="storage_loss", source="vSphere HA deepdive: all paths down"
)
def lose_storage(s: Cluster, host: Host, datastore: Datastore) -> None:
    """A host no longer reaches a datastore."""
    require(s.storage[host, datastore], "the host does not reach it")
    s.storage[host, datastore] = False


@action(agent="environment", kind="fault", budget="storage_return", source="the paths come back")
def restore_storage(s: Cluster, host: Host, datastore: Datastore) -> None:
    """A host reaches a datastore again."""
    require(s.attached[host, datastore], "the host was never attached to it")
    require(no(s.storage[host, datastore]), "the host reaches it")
    s.storage[host, datastore] = True


@action(
    agent="environment", kind="fault", budget="vcenter_loss", source="vSphere HA: a restart needs no vCenter"
)
def lose_vcenter(s: Cluster) -> None:
    """vCenter Server fails."""
    require(s.vcenter, "vCenter is down already")
    s.vcenter = False


@action(agent="environment", source="vCenter is restarted")
def restore_vcenter(s: Cluster) -> None:
    """vCenter Server works again."""
    require(no(s.vcenter), "vCenter works")
    s.vcenter = True


@action(agent="network", kind="fault", budget="ack_loss", source="libvirt 11.3: an RPC failure after Finish")
def lose_acknowledgement(s: Cluster, vm: VM) -> None:
    """The destination's acknowledgement does not arrive."""
    require(s.acknowledged[vm], "no acknowledgement is on its way")
    s.acknowledged[vm] = False


@action(agent="network", kind="fault", budget="migration_cut", source="libvirt 11.3: a failure in Perform")
def cut_migration(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The connection of a migration breaks before the commit; the destination gives up what it has."""
    require_job(s, vm, src, dst)
    require(before_commit(s, vm), "the migration is not before its commit")
    require(received(s, vm, dst), "the destination has nothing")
    s.acknowledged[vm] = False
    forget(s, vm, dst)


@action(agent="network", kind="fault", budget="ft_link_loss", source="Scales et al. 2010, section 2.3")
def break_log_link(s: Cluster, vm: VM) -> None:
    """The logging network between primary and secondary breaks; both work."""
    require(s.paired[vm] & s.log_link[vm], "there is no such link")
    s.log_link[vm] = False


@action(agent="storage", kind="fault", budget="copy_error", source="Apache CloudStack issue 5514")
def spoil_disk_copy(s: Cluster, vm: VM, datastore: Datastore) -> None:
    """A copy of a disk is not what it should be, and the copier says that it is done."""
    require(s.disk[vm, datastore] == Disk.COPYING, "no disk is being copied there")
    converted = s.conversion[vm] == Conversion.COPYING
    s.disk[vm, datastore] = where(converted, Disk.LIVE, Disk.MIRRORED)
    s.conversion[vm] = where(converted, Conversion.COPIED, s.conversion[vm])
