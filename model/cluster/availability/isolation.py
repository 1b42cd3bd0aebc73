"""A host that hears nobody: it declares itself isolated, and does what the isolation response says.

vSphere HA deepdive, isolation response: only where some master owns the VM's datastore and could restart the
VM, or where the datastore is out of reach.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require, where
from ..leases import kill_copy
from ..network import cut_off, has_agent, is_master
from ..placement import reaches_disk, runs
from ..state import VM, Cluster, Copy, Datastore, Host, Lease, Role
from .election import step_down
from .protection import owns_list


@derived
def reaches_a_datastore(s: Cluster, host: Host) -> Any:
    """The host can write its files on some datastore."""
    return s.exists(Datastore, lambda d: s.storage[host, d])


@action(agent="host", fairness="weak", source="vSphere HA deepdive: isolated after 30 s, a master after 5 s")
def declare_isolated(s: Cluster, host: Host) -> None:
    """A host hears nobody and its isolation address is silent: it says so in its poweron file."""
    require(s.ha, "High Availability is off")
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] != Role.SLAVE, "the host has still to look for a master")
    require(cut_off(s, host), "the host hears somebody")
    require(no(s.isolated[host]), "the host has said so")
    step_down(s, host, Role.ELECTION)
    s.isolated[host] = True


@action(agent="host", fairness="weak", source="vSphere HA deepdive: one answered ping ends the isolation")
def end_isolation(s: Cluster, host: Host) -> None:
    """An isolated host hears somebody again."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.isolated[host], "the host is not isolated")
    require(no(cut_off(s, host)), "the host hears nobody")
    s.isolated[host] = False


@action(agent="host", fairness="weak", source="vSphere HA deepdive: poweredoff file")
def leave_power_off_file(s: Cluster, vm: VM, host: Host) -> None:
    """An isolated host that has powered a VM off says so on the datastore, as soon as it reaches that."""
    require(s.isolated[host] & has_agent(s, host), "the host is not isolated")
    require(s.copy[vm, host] == Copy.STALE, "the host has not powered the VM off")
    require(reaches_a_datastore(s, host), "the host reaches no datastore")
    require(no(s.powered_off[vm]), "the file is there")
    require(no(s.exists(Host, lambda h: s.lock[vm, h] == Lease.FRESH)), "a host holds the disk lock")
    s.powered_off[vm] = True


@derived
def some_master_owns(s: Cluster, vm: VM) -> Any:
    """A host has the protected list of the VM's datastore open; isolated hosts see that on the datastore."""
    return s.exists(Host, lambda h: owns_list(s, h, vm))


@action(agent="host", fairness="weak", source="vSphere HA deepdive, isolation response: power off")
def respond_to_isolation(s: Cluster, vm: VM, host: Host) -> None:
    """An isolated host powers a VM off and leaves the power-off file."""
    require(s.isolation_response != "leave powered on", "the isolation response is to leave VMs powered on")
    require(s.isolated[host] & has_agent(s, host), "the host is not isolated")
    require(runs(s, vm, host), "the VM does not run here")
    reached, owned = reaches_disk(s, vm, host), some_master_owns(s, vm)
    require(owned | no(reached), "no master owns the VM's datastore", mechanism="isolation ownership check")
    helped = s.exists(Host, lambda h: is_master(s, h) & reaches_disk(s, vm, h))
    s.powered_off[vm] = s.powered_off[vm] | reaches_a_datastore(s, host)
    s.lock[vm, host] = where(reached, Lease.NONE, s.lock[vm, host])
    s.abandoned[vm] = reached & no(helped)
    kill_copy(s, vm, host)
