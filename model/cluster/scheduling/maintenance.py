"""Maintenance mode: the host takes nothing new, its VMs go elsewhere, then it is out of service.

Paper, section 4: automatic migration, or its suggestion; section 2: planned unavailability.
"""

from __future__ import annotations

from ...language import action, no, require
from ..availability.election import step_down
from ..placement import holds_place
from ..state import VM, Cluster, Copy, Host, Role, Service


@action(agent="operator", kind="operator", budget="maintenance", source="paper, section 4: maintenance mode")
def request_maintenance(s: Cluster, host: Host) -> None:
    """The operator wants a host in maintenance mode."""
    require(s.vcenter, "vCenter is down")
    require(s.up[host], "the host is down")
    require(s.service[host] == Service.NORMAL, "the host is in maintenance mode, or about to be")
    s.service[host] = Service.ENTERING


@action(agent="operator", kind="operator", source="vSphere Resource Management, maintenance mode")
def cancel_maintenance(s: Cluster, host: Host) -> None:
    """The operator changes his mind."""
    require(s.service[host] == Service.ENTERING, "the host does not enter maintenance mode")
    s.service[host] = Service.NORMAL


@action(agent="host", fairness="weak", source="vSphere Resource Management, maintenance mode")
def enter_maintenance(s: Cluster, host: Host) -> None:
    """No VM is left on the host; it leaves High Availability."""
    require(s.up[host], "the host is down")
    require(s.service[host] == Service.ENTERING, "nobody has asked for that")
    left = s.exists(VM, lambda v: holds_place(s, v, host) | (s.copy[v, host] == Copy.STALE))
    require(no(left), "there are VMs on the host", mechanism="evacuation before maintenance")
    s.service[host] = Service.MAINTENANCE
    step_down(s, host, Role.NONE)
    s.isolated[host] = False


@action(agent="operator", kind="operator", source="vSphere Resource Management, maintenance mode")
def exit_maintenance(s: Cluster, host: Host) -> None:
    """The host is there for VMs again."""
    require(s.up[host], "the host is down")
    require(s.service[host] == Service.MAINTENANCE, "the host is not in maintenance mode")
    s.service[host] = Service.NORMAL
    s.role[host] = Role.ELECTION
