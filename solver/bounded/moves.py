"""An action with open parameters, as literals: its guards, what it writes where, and which choices it has."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...model.language.actions import Action
from ...model.language.domains import Range
from ...model.language.scope import Scope, budget_name
from ...model.language.terms import Var
from .circuit import FALSE, TRUE, Circuit, Literal
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


class Mover:
    """Encodes the actions of a scope in one state."""

    def __init__(self, encoder: Encoder, slots: Slots) -> None:
        self.encoder, self.slots = encoder, slots
        self.scope: Scope = encoder.scope

    def move(self, action: Action) -> Move:
        """The action as literals; without its assignments where a guard rules it out."""
        trace = self.scope.traces[action.name]
        rows = tuple(self.slots.of([parameter.domain for parameter in action.parameters]))
        env = {var.name: row for var, row in zip(trace.parameters, rows, strict=True)}
        guards = []
        for guard in trace.guards:
            if self.scope.on(guard.mechanism):
                guards.append(self.encoder.truth(guard.condition, env))
                if guards[-1] == FALSE:
                    return Move(action, rows, (FALSE,), ())
        left = self._left(action)
        if left is not None:
            guards.append(self.encoder.numbers.less(self.encoder.constant(0), left))
        kept = tuple(dict.fromkeys(literal for literal in guards if literal != TRUE))
        stores = tuple(self._stores(action, env, left)) if FALSE not in kept else ()
        return Move(action, rows, kept, stores)

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


Mask = tuple[int, int]
"""Of a literal, for each member of a row (a binary digit each): can it be true, can it be false."""


def choices(circuit: Circuit, move: Move) -> dict[int, tuple[Any, ...]]:
    """For each row of a move, by identity, the members for which every guard alone can be true."""
    return {id(row): tuple(_open(circuit, row, move.guards)) for row in move.rows}


def _open(circuit: Circuit, row: Cases, guards: Sequence[Literal]) -> Iterator[Any]:
    every = (1 << len(row)) - 1
    masks: dict[int, Mask] = {}
    for number, literal in enumerate(row.values()):
        here = 1 << number
        mask = (here, every ^ here) if literal > 0 else (every ^ here, here)
        masks[abs(literal)] = mask  # of two members the second overwrites the first with the same
    masks[TRUE] = (every, 0)
    allowed = every
    for guard in guards:
        allowed &= _mask(circuit, guard, masks, every)[0]
    return (member for number, member in enumerate(row) if allowed >> number & 1)


def _mask(circuit: Circuit, root: Literal, masks: dict[int, Mask], every: int) -> Mask:
    """The mask of a literal, by three-valued evaluation of the gates below it for all members at once."""
    waiting = [abs(root)]
    while waiting:
        variable = waiting[-1]
        gate = circuit.gates.get(variable)
        if variable in masks or gate is None:
            masks.setdefault(variable, (every, every))
            waiting.pop()
            continue
        missing = [abs(part) for part in circuit.parts(variable) if abs(part) not in masks]
        if missing:
            waiting.extend(missing)
            continue
        masks[variable] = _gate_mask(gate, masks, every)
        waiting.pop()
    return _signed(masks, root)


def _signed(masks: Mapping[int, Mask], literal: Literal) -> Mask:
    true, false = masks[abs(literal)]
    return (true, false) if literal > 0 else (false, true)


def _gate_mask(gate: Iterable[Any], masks: Mapping[int, Mask], every: int) -> Mask:
    parts = list(gate)
    if isinstance(parts[0], tuple):
        true = false = 0
        for when, value in parts:
            applies, (can, cannot) = _signed(masks, when)[0], _signed(masks, value)
            true, false = true | applies & can, false | applies & cannot
        return true, false
    true, false = every, 0
    for part in parts:
        can, cannot = _signed(masks, part)
        true, false = true & can, false | cannot
    return true, false
