"""Which VMs High Availability protects: the lists on the datastores, and what vCenter has been told.

vSphere HA deepdive: a VM is protected when the master has committed it to the protected list on disk; only
then does the master report it to vCenter. A master owns a datastore while it has its list open, exclusively.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require, where
from ..network import connected, is_master
from ..placement import runs
from ..state import VM, Cluster, Datastore, Disk, Host, Lease


@derived
def owns_list(s: Cluster, host: Host, vm: VM) -> Any:
    """The host has the protected list of the VM's datastore open."""
    return s.exists(Datastore, lambda d: (s.disk[vm, d] == Disk.LIVE) & (s.list_lock[host, d] == Lease.FRESH))


@derived
def can_renew_list(s: Cluster, host: Host, datastore: Datastore) -> Any:
    """The host is master and reaches the datastore."""
    return is_master(s, host) & s.storage[host, datastore]


@action(agent="master", fairness="weak", source="vSphere HA deepdive: the master claims every datastore")
def claim_list(s: Cluster, master: Host, datastore: Datastore) -> None:
    """A master opens the protected list of a datastore; a lease that was not renewed is broken."""
    require(s.ha, "High Availability is off")
    require(can_renew_list(s, master, datastore), "the host is no master, or does not reach the datastore")
    require(s.list_lock[master, datastore] != Lease.FRESH, "the master has the list open")
    others = s.exists(Host, lambda h: (h != master) & (s.list_lock[h, datastore] == Lease.FRESH))
    require(no(others), "another master has the list open", mechanism="protected list lock")
    s.list_lock[:, datastore] = lambda h: where(
        h == master,
        Lease.FRESH,
        where(s.list_lock[h, datastore] == Lease.LAPSED, Lease.NONE, s.list_lock[h, datastore]),
    )


@action(agent="storage", fairness="weak", source="vSphere HA deepdive: the lock expires with its master")
def let_list_lapse(s: Cluster, host: Host, datastore: Datastore) -> None:
    """The lease of a master that is gone, or does not reach the datastore, is up for breaking."""
    require(s.list_lock[host, datastore] == Lease.FRESH, "the host has no such list open")
    require(no(can_renew_list(s, host, datastore)), "the master renews its lease")
    s.list_lock[host, datastore] = Lease.LAPSED


@action(agent="storage", fairness="weak", source="VMFS: a free lock")
def release_lapsed_list(s: Cluster, host: Host, datastore: Datastore) -> None:
    """A host that works again and is not master closes the list."""
    require(s.list_lock[host, datastore] == Lease.LAPSED, "the host has no lapsed lease")
    require(s.up[host] & s.storage[host, datastore], "the host is down, or does not reach the datastore")
    require(no(is_master(s, host)), "the host is master")
    s.list_lock[host, datastore] = Lease.NONE


@action(agent="master", fairness="weak", source="vSphere HA deepdive, VM protection")
def protect(s: Cluster, master: Host, vm: VM, host: Host) -> None:
    """The master learns from a slave, or from itself, that a VM runs, and commits it to the list on disk."""
    require(s.ha, "High Availability is off")
    require(s.ha_priority[vm] > 0, "HA does not protect this VM")
    require(is_master(s, master) & owns_list(s, master, vm), "the host does not own the VM's datastore")
    owned = s.lock[vm, host] == Lease.FRESH
    require(runs(s, vm, host) & owned, "the VM does not run here, or only what is left of it")
    require((master == host) | connected(s, master, host), "the master does not hear the host")
    require(no(s.stopping[vm]), "the VM is being stopped")
    require(no(s.listed[vm]), "the VM is on the list")
    s.listed[vm] = True


@action(agent="master", fairness="weak", source="paper, section 2: the master reports to vCenter")
def report_protected(s: Cluster, master: Host, vm: VM) -> None:
    """The master tells vCenter that the VM is protected."""
    require(s.ha, "High Availability is off")
    require(s.vcenter, "vCenter is down")
    require(is_master(s, master) & owns_list(s, master, vm), "the host does not own the VM's datastore")
    require(no(s.reported[vm]), "vCenter knows")
    require(no(s.stopping[vm]) & (s.ha_priority[vm] > 0), "the VM is not to be protected")
    require(s.listed[vm], "the VM is not on the list on disk", mechanism="commit before report")
    s.reported[vm] = True


@action(agent="master", fairness="weak", source="vSphere HA deepdive, unprotection")
def unprotect(s: Cluster, master: Host, vm: VM) -> None:
    """The master takes a VM that the user stops off the list, and tells vCenter."""
    require(is_master(s, master) & owns_list(s, master, vm), "the host does not own the VM's datastore")
    require(s.stopping[vm], "the VM is not being stopped")
    require(s.listed[vm] | s.reported[vm], "the VM is not protected")
    s.listed[vm] = False
    s.reported[vm] = False
