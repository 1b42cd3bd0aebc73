"""Which cells never change in a scope: its budgets, settings and data leave many actions no chance.

Field by field: a field can change when an action that writes it is possible while all fields that cannot
change (as far as is known) have their initial values. What is left in the end is constant in every reachable
state, and so are the guards that read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.language.actions import Action
from ..model.language.predicates import Predicate
from ..model.language.scope import Instance, Scope
from ..model.language.terms import Const
from .compiled import Kernel, kernel_for
from .ground import Grounder
from .initial import Starts


def frozen_cells(scope: Scope) -> dict[int, Any]:
    """The values of the cells that are the same in every reachable state, by cell number."""
    cells = scope.cells
    values = {index: cells[index].values[code] for index, code in Starts(scope).decided.items()}
    values = {index: value for index, value in values.items() if cells[index].field in scope.model.fields}
    moving = {cell.field for index, cell in enumerate(cells) if index not in values}
    waiting = [a for a in scope.model.actions.values() if scope.on(a.mechanism) and _has_budget(scope, a)]
    while True:
        frozen = {index: value for index, value in values.items() if cells[index].field not in moving}
        grounder = Grounder(scope, frozen)
        awake = [action for action in waiting if _possible(grounder, scope, action)]
        if not awake:
            return frozen
        constant = _constants(scope, frozen)
        moving |= {field for action in awake for field in _written(scope, action, constant)}
        waiting = [action for action in waiting if action not in awake]


def _has_budget(scope: Scope, action: Action) -> bool:
    return action.budget is None or scope.all_budgets[action.budget] > 0


def _possible(grounder: Grounder, scope: Scope, action: Action) -> bool:
    arguments = scope.arguments(action.parameters)
    return any(grounder.possible(Instance(action, given)) for given in arguments)


def _constants(scope: Scope, frozen: dict[int, Any]) -> dict[str, set[Any]]:
    """The values that the cells of each frozen field have."""
    found: dict[str, set[Any]] = {}
    for index, value in frozen.items():
        found.setdefault(scope.cells[index].field, set()).add(value)
    return found


def _written(scope: Scope, action: Action, constant: dict[str, set[Any]]) -> set[str]:
    """The fields that the action can change: not those that it sets to what they are everywhere."""
    writes = [w for w in scope.traces[action.name].writes if all(map(scope.on, w.mechanisms))]
    return {
        write.field.name
        for write in writes
        if not (isinstance(write.value, Const) and constant.get(write.field.name) == {write.value.value})
    }


def kernel_from_start(scope: Scope, predicates: Iterable[Predicate] = ()) -> Kernel:
    """A kernel for states that are reached from an initial one: what never changes is compiled away."""
    return kernel_for(scope, predicates, frozen_cells(scope))
