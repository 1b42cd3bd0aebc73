"""Which codes each cell can have at all, found action by action with open parameters.

A cell begins with the codes of the initial states. An action whose guards are not ruled out, each by itself,
adds what it writes, at every place that its guards leave open; until nothing new comes. So every code of a
reachable state is found, and perhaps some more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...model.language.actions import Action
from ...model.language.scope import Scope, budget_name
from .circuit import Circuit
from .encoding import Encoder
from .layout import Layout, Slots
from .masks import Openings
from .moves import Mover, Store
from .numbers import Bits

Codes = list[set[int]]


def reachable_codes(scope: Scope, initial: Sequence[Iterable[int]]) -> list[list[int]]:
    """For each cell the codes that it can have in a reachable state, and perhaps some more."""
    codes = [set(allowed) for allowed in initial]
    waiting = list(actions_of(scope))
    reads = {action.name: _reads(scope, action) for action in waiting}
    while waiting:
        changed = _round(scope, codes, waiting)
        waiting = [action for action in actions_of(scope) if reads[action.name] & changed]
    return [sorted(allowed) for allowed in codes]


def actions_of(scope: Scope) -> Iterator[Action]:
    """The actions that the mechanisms leave in the model."""
    return (action for action in scope.model.actions.values() if scope.on(action.mechanism))


def _reads(scope: Scope, action: Action) -> frozenset[str]:
    budget = frozenset({budget_name(action.budget)} if action.budget else ())
    return scope.traces[action.name].reads() | budget


def _round(scope: Scope, codes: Codes, actions: Sequence[Action]) -> set[str]:
    """What the actions add to the codes; the fields that got any."""
    circuit = Circuit()
    layout = Layout(scope, circuit, [sorted(allowed) for allowed in codes])
    mover = Mover(Encoder(scope, circuit, layout.cells), Slots(scope, circuit), {})
    openings, changed = Openings(circuit), set[str]()
    for action in actions:
        move = mover.move(action)
        if move.possible:
            open_ = openings.of(move.rows, move.guards)
            for store in move.stores:
                if _added(scope, codes, store, open_):
                    changed.add(store.field)
    return changed


def _added(scope: Scope, codes: Codes, store: Store, open_: dict[int, tuple[Any, ...]]) -> bool:
    """Add what an assignment can write; whether that was anything new."""
    found = False
    for index in cells_written(scope, store, open_):
        new = {code for code, value in enumerate(scope.cells[index].values) if _can_be(store, value)}
        found = found or not new <= codes[index]
        codes[index] |= new
    return found


def _can_be(store: Store, value: Any) -> bool:
    if isinstance(store.value, Bits):
        return value in range(store.value.low, store.value.high + 1)
    return value in store.value


def cells_written(scope: Scope, store: Store, open_: dict[int, tuple[Any, ...]]) -> Iterator[int]:
    """The cells that an assignment can write, where the rows have only these members."""
    members = (open_.get(id(row), tuple(row)) for row in store.places)
    return (scope.cell_index[store.field, places] for places in itertools.product(*members))
