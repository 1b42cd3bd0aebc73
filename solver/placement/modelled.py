"""Every migration of a plan is an enabled action of the cluster model: the plan is run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...model.cluster import VM, Host
from ...model.inventory import Inventory
from ...model.language.plain import NotPossible, Packed, run
from ...model.language.scope import Instance, Scope
from ...model.scenarios import scope_of
from ..initial import initial_states
from .answers import Plan, PlannedMove
from .faults import NotAllowed
from .problem import NOWHERE, Problem

BEGIN = "begin_live_migration"
REST = (
    "send_memory",
    "stop_for_switchover",
    "send_rest",
    "acknowledge",
    "commit",
    "activate_destination",
    "destroy_original",
)


def checked(problem: Problem, inventory: Inventory, plan: Plan) -> Plan:
    """The plan with the number of migrations that the model was seen to take; it stops before what the model
    has no migration for (a VM that is placed anew, a secondary). Raises NotAllowed."""
    if inventory.settings.vmotion != "on":
        return replace(
            plan, reason=f"{plan.reason}; vMotion is not on in the file, so the model was not asked"
        )
    scope = scope_of(inventory)
    packed = next(initial_states(scope), None)
    count = 0
    for step in plan.steps if packed is not None else ():
        if any(move.source == NOWHERE or problem.vms[move.vm].secondary for move in step):
            break
        assert packed is not None
        packed = _step(problem, scope, packed, step)
        count += len(step)
    return replace(plan, checked=count)


def _step(problem: Problem, scope: Scope, packed: Packed, step: Sequence[PlannedMove]) -> Packed:
    """All migrations of the step begin before the first of them goes on."""
    for name in (BEGIN, *REST):
        for move in step:
            instance = _instance(problem, scope, name, move)
            try:
                packed = run(scope, packed, instance)
            except NotPossible as refused:
                raise NotAllowed(f"the cluster model refuses a step of the plan: {refused}") from refused
    return packed


def _instance(problem: Problem, scope: Scope, name: str, move: PlannedMove) -> Instance:
    source, target = problem.hosts[move.source].name, problem.hosts[move.target].name
    vm = VM(problem.vms[move.vm].name)
    return Instance(scope.model.actions[name], (vm, Host(source), Host(target)))
