"""DRS recommendations: where a VM should move, how urgent it is, and who carries it out.

Paper, section 4: relief by moving this VM or by moving others away; manual, partially and fully automated.
vSphere Resource Management: priority 1 is mandatory (maintenance), the migration threshold says up to which
priority DRS acts by itself. What was right when it was recommended is checked again when it is carried out.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require, where
from ..migration.jobs import disk_is_moved, open_job, require_no_job
from ..migration.live import require_ready_for_vmotion
from ..placement import accepts, require_place, runs
from ..state import (
    VM,
    Automation,
    Cluster,
    Copy,
    Host,
    Phase,
    Secondary,
    Service,
)
from .load import require_relief


@derived
def has_recommendation(s: Cluster, vm: VM) -> Any:
    """DRS proposes to move the VM."""
    return s.exists(Host, lambda h: s.recommended[vm, h] > 0)


@derived
def urgency(s: Cluster, vm: VM) -> Any:
    """The priority of a move that relieves the VM: 2 to 4, the more important the VM the more urgent."""
    return where(s.drs_priority[vm] > 2, 2, where(s.drs_priority[vm] == 2, 3, 4))


@derived
def could_move(s: Cluster, vm: VM, src: Host, dst: Host) -> Any:
    """The VM runs here, is not being moved, and the destination would take it."""
    free = (s.copy[vm, dst] == Copy.NONE) & (s.secondary[vm, dst] == Secondary.NONE)
    at_rest = (s.phase[vm] == Phase.IDLE) & no(disk_is_moved(s, vm)) & no(s.stopping[vm])
    return runs(s, vm, src) & free & at_rest & accepts(s, vm, dst)


def require_proposal(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """What every recommendation needs."""
    require(s.drs != "off", "DRS is off")
    require(s.vcenter, "vCenter is down")
    require(no(has_recommendation(s, vm)), "there is a recommendation for the VM")
    require(could_move(s, vm, src, dst), "the VM cannot move there")


@action(agent="DRS", fairness="weak", source="paper, section 4: to a server with more free resources")
def recommend_moving(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """DRS proposes to move a VM whose load has grown to a host that has more to give."""
    require_proposal(s, vm, src, dst)
    require(s.grown[vm], "the VM's load has not grown")
    require_relief(s, vm, src, dst)
    require(s.preferred[vm, dst], "a should rule speaks against the host")
    s.recommended[vm, dst] = urgency(s, vm)


@action(agent="DRS", fairness="weak", source="paper, section 4: by moving the other VMs away")
def recommend_moving_away(s: Cluster, vm: VM, other: VM, src: Host, dst: Host) -> None:
    """DRS proposes to move another VM, of no higher priority, away from the one whose load has grown."""
    require_proposal(s, other, src, dst)
    require((vm != other) & s.grown[vm] & runs(s, vm, src), "the VM's load has not grown, or not here")
    require(s.drs_priority[other] <= s.drs_priority[vm], "the other VM has the higher priority")
    require_relief(s, other, src, dst)
    require(s.preferred[other, dst], "a should rule speaks against the host")
    s.recommended[other, dst] = urgency(s, vm)


@action(agent="DRS", fairness="weak", source="vSphere Resource Management: VM-host rules, should")
def recommend_for_rule(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """DRS proposes to move a VM from a host that a should rule speaks against."""
    require_proposal(s, vm, src, dst)
    require(no(s.preferred[vm, src]) & s.preferred[vm, dst], "no should rule asks for that")
    s.recommended[vm, dst] = 2


@action(agent="DRS", fairness="weak", source="paper, section 4: maintenance mode")
def recommend_evacuation(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """DRS proposes to move a VM away from a host that is to enter maintenance mode."""
    require_proposal(s, vm, src, dst)
    require(s.service[src] == Service.ENTERING, "the host does not enter maintenance mode")
    s.recommended[vm, dst] = 1


@derived
def is_automatic(s: Cluster, vm: VM) -> Any:
    """The VM's own automation level, else the cluster's, lets DRS move it by itself."""
    own = s.automation[vm]
    return (own == Automation.FULL) | ((own == Automation.CLUSTER) & (s.drs == "fully automated"))


@derived
def moves_by_itself(s: Cluster, vm: VM, dst: Host) -> Any:
    """DRS proposes to move the VM there, and need not ask: the proposal is urgent enough."""
    urgent = (s.recommended[vm, dst] > 0) & (s.recommended[vm, dst] <= s.migration_threshold)
    return urgent & is_automatic(s, vm)


def carry_out(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """The guards and effects of a recommendation that is applied, by DRS or by an operator."""
    require(s.recommended[vm, dst] > 0, "there is no such recommendation")
    require_no_job(s, vm)
    require_ready_for_vmotion(s, vm, src, dst)
    require_place(s, vm, dst, mechanism="re-validation at execution")
    open_job(s, vm, src, dst, Phase.PRECOPY)


@action(agent="DRS", fairness="weak", source="paper, section 4: fully automated")
def apply_recommendation(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """DRS carries out a recommendation that is urgent enough, where it may."""
    require(is_automatic(s, vm), "the VM is not fully automated")
    require(s.recommended[vm, dst] <= s.migration_threshold, "the migration threshold is stricter")
    carry_out(s, vm, src, dst)


@action(agent="operator", kind="operator", source="paper, section 4: manual and partially automated")
def approve_recommendation(s: Cluster, vm: VM, src: Host, dst: Host) -> None:
    """An operator carries out what DRS proposes."""
    require(no(moves_by_itself(s, vm, dst)), "DRS does so by itself")
    carry_out(s, vm, src, dst)


@action(agent="DRS", fairness="weak", source="vSphere Resource Management: recommendations are made anew")
def withdraw_recommendation(s: Cluster, vm: VM, dst: Host) -> None:
    """DRS takes back what is no longer possible."""
    require(s.vcenter, "vCenter is down")
    require(s.recommended[vm, dst] > 0, "there is no such recommendation")
    still = s.exists(Host, lambda h: could_move(s, vm, h, dst))
    require(no(still), "the VM can still move there")
    s.recommended[vm, dst] = 0
