"""What goes wrong, each with a budget in the scope; and how a failed host comes back."""

from __future__ import annotations

from typing import Any

from ..language import action, no, require, where
from .placement import alive
from .state import VM, Cluster, Copy, Host, Role, Secondary


def leaves_a_trace(s: Cluster, vm: VM, host: Host) -> Any:
    """After a crash the host still knows the VM, its memory is gone."""
    return alive(s, vm, host) | (s.copy[vm, host] == Copy.STALE)


@action(agent="environment", kind="fault", budget="host_crash", source="paper, section 5: server A fails")
def host_crash(s: Cluster, host: Host) -> None:
    """A host fails: what ran there stops, what it was receiving is lost."""
    require(s.up[host], "the host is down already")
    s.up[host] = False
    s.secondary[:, host] = Secondary.NONE
    s.current[:, host, :] = lambda vm, part: leaves_a_trace(s, vm, host) & s.current[vm, host, part]
    s.copy[:, host] = lambda vm: where(leaves_a_trace(s, vm, host), Copy.STALE, Copy.NONE)


@action(agent="host", kind="fault", budget="host_return")
def host_return(s: Cluster, host: Host) -> None:
    """A failed host comes back; it knows which VMs it had, but runs none."""
    require(no(s.up[host]), "the host is up")
    s.up[host] = True
    s.heartbeat[host] = True
    s.declared_dead[host] = False
    s.role[host] = where(s.maintenance[host], Role.NONE, Role.ELECTION)


@action(agent="environment", kind="fault", budget="false_suspicion", source="slow heartbeats")
def delay_heartbeats(s: Cluster, host: Host) -> None:
    """The heartbeats of a host that works come too late."""
    require(s.up[host], "the host is down")
    require(s.role[host] != Role.MASTER, "the host is the master")
    require(s.heartbeat[host], "its heartbeats are missed already")
    s.heartbeat[host] = False
