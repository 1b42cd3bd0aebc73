"""Every move of a plan is an enabled action of the cluster model: the plan is run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...model.cluster import VM, Host
from ...model.inventory import Inventory
from ...model.language.plain import NotPossible, Packed, run
from ...model.language.scope import Instance
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
SECONDARY = "a secondary is not moved but made anew, after a takeover"
OWN_HOST = "a VM that DRS may not place starts on its own host"
CONVERTED = "a conversion brings it into the cluster"


def checked(problem: Problem, inventory: Inventory, plan: Plan) -> Plan:
    """The plan with the number of moves that the model was seen to take, and the others with the reason.

    A migration is run to its end, a VM that is off is powered on where the plan puts it. After what the model
    has no action for it goes on from the placement that is reached then. Raises NotAllowed.
    """
    replay = Replay(problem, inventory)
    for step in plan.steps:
        replay.take(step)
    return replace(plan, checked=replay.count, not_replayed=tuple(replay.skipped))


class Replay:
    """A run of the cluster model beside a plan. ``packed`` is None where a state is to be made anew."""

    def __init__(self, problem: Problem, inventory: Inventory) -> None:
        self.problem, self.inventory = problem, inventory
        self.items = {item.name: item for item in inventory.vms}
        self.scope = scope_of(inventory)
        self.packed: Packed | None = None
        self.count, self.skipped = 0, list[str]()

    def take(self, step: Sequence[PlannedMove]) -> None:
        """All moves of the step that the model knows begin before the first of them goes on."""
        reasons = {move: self._no_action(move) for move in step}
        known = [move for move in step if not reasons[move]]
        if known and self.packed is None:
            self.packed = next(initial_states(self.scope), None)
        if self.packed is not None:
            for name in ("power_on", BEGIN, *REST):
                for move in known:
                    if (move.source == NOWHERE) == (name == "power_on"):
                        self.packed = self._run(name, move)
            self.count += len(known)
        self._settle(step, [move for move in step if reasons[move]])
        self.skipped += [f"{self._name(move)}: {why}" for move, why in reasons.items() if why]

    def _no_action(self, move: PlannedMove) -> str:
        """Why the model has no action for a move; empty: it has one."""
        vm = self.problem.vms[move.vm]
        if vm.secondary:
            return SECONDARY
        if move.source != NOWHERE:
            settings = self.inventory.settings
            return "" if settings.vmotion == "on" else "vMotion is not on in the file"
        item, drs = self.items[vm.name], self.inventory.settings.drs
        if item.convert is not None:
            return CONVERTED
        placed = drs != "off" and (item.automation or drs) != "manual"
        return "" if placed or self.problem.host_number(item.host) == move.target else OWN_HOST

    def _settle(self, step: Sequence[PlannedMove], skipped: Sequence[PlannedMove]) -> None:
        """The inventory is where the step leads; what was skipped makes a new state necessary."""
        for move in step:
            vm, host = self.problem.vms[move.vm], self.problem.hosts[move.target].name
            name = vm.name if not vm.secondary else self.problem.vms[vm.twin or 0].name
            change = {"secondary": host} if vm.secondary else {"host": host, "power": "on", "convert": None}
            self.items[name] = replace(self.items[name], **change)
        if skipped:
            self.scope = scope_of(replace(self.inventory, vms=tuple(self.items.values())))
            self.packed = None

    def _run(self, name: str, move: PlannedMove) -> Packed:
        assert self.packed is not None
        vm, target = self._name(move), self.problem.hosts[move.target].name
        source = self.items[vm].host
        instance = Instance(self.scope.model.actions[name], (VM(vm), Host(source), Host(target)))
        try:
            return run(self.scope, self.packed, instance)
        except NotPossible as refused:
            raise NotAllowed(f"the cluster model refuses a step of the plan: {refused}") from refused

    def _name(self, move: PlannedMove) -> str:
        return self.problem.vms[move.vm].name
