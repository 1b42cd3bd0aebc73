"""An action with open parameters, as literals: its guards, what it writes where, and which choices it has."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ...model.language.actions import Action
from ...model.language.domains import Range
from ...model.language.scope import Scope, budget_name
from ...model.language.terms import Var
from .circuit import FALSE, TRUE, Literal
from .encoding import Encoder, Environment
from .layout import Slots
from .numbers import Cases, Value


@dataclass(frozen=True)
class Store:
    """One assignment: the field (a budget's cell has no places), the places as choices, the value.

    ``level``: how many assignments of the same action to the same field stand before it.
    """

    field: str
    places: tuple[Cases, ...]
    value: Value
    level: int
    domain: Range | None

    def literals(self) -> Iterable[Literal]:
        """What the value is made of."""
        return self.value.values() if isinstance(self.value, Mapping) else self.value.digits


@dataclass(frozen=True)
class Move:
    """An action with open parameters: its rows, its guards and its assignments."""

    action: Action
    rows: tuple[Cases, ...]
    guards: tuple[Literal, ...]
    stores: tuple[Store, ...] = field(repr=False)

    @property
    def possible(self) -> bool:
        """Whether no guard is ruled out by itself."""
        return FALSE not in self.guards


Dropped = Mapping[str, frozenset[int]]
"""For an action the numbers of guards that are taken to hold, to say more than happens."""


class Mover:
    """Encodes the actions of a scope in one state."""

    def __init__(self, encoder: Encoder, slots: Slots, dropped: Dropped) -> None:
        self.encoder, self.slots, self.dropped = encoder, slots, dropped
        self.scope: Scope = encoder.scope

    def move(self, action: Action) -> Move:
        """The action as literals; without its assignments where a guard rules it out."""
        trace = self.scope.traces[action.name]
        rows = tuple(self.slots.of([parameter.domain for parameter in action.parameters]))
        env = {var.name: row for var, row in zip(trace.parameters, rows, strict=True)}
        guards, ignored = list[Literal](), self.dropped.get(action.name, frozenset())
        for number, guard in enumerate(guard for guard in trace.guards if self.scope.on(guard.mechanism)):
            guards.append(TRUE if number in ignored else self.encoder.truth(guard.condition, env))
            if guards[-1] == FALSE:
                return Move(action, rows, (FALSE,), ())
        left = self._left(action)
        if left is not None:
            guards.append(self.encoder.numbers.less(self.encoder.constant(0), left))
        stores = tuple(self._stores(action, env, left)) if FALSE not in guards else ()
        return Move(action, rows, tuple(guards), stores)

    def _left(self, action: Action) -> Cases | None:
        """What is left of the action's budget."""
        if action.budget is None:
            return None
        return self.encoder.cells[self.scope.cell_index[budget_name(action.budget), ()]]

    def _stores(self, action: Action, env: Environment, left: Cases | None) -> Iterator[Store]:
        levels: dict[str, int] = {}
        for write in self.scope.traces[action.name].writes:
            if all(map(self.scope.on, write.mechanisms)):
                name = write.field.name
                levels[name] = levels.get(name, -1) + 1
                domain = write.field.value if isinstance(write.field.value, Range) else None
                for inner in self._bindings(write.rows, env):
                    value = self.encoder.value(write.value, inner)
                    places = tuple(self.encoder.place(place, inner) for place in write.places)
                    yield Store(name, places, value, levels[name], domain)
        if left is not None:
            less = {number - 1: literal for number, literal in left.items() if number > 0}
            assert action.budget is not None
            yield Store(budget_name(action.budget), (), less, 0, None)

    def _bindings(self, rows: tuple[Var, ...], env: Environment) -> Iterator[Environment]:
        values = [row.domain.values(self.scope.sorts) for row in rows]
        for members in itertools.product(*values):
            constants = map(self.encoder.constant, members)
            yield {**env, **{row.name: value for row, value in zip(rows, constants, strict=True)}}
