"""One step as clauses: exactly one action with exactly one choice of its parameters, and what it leaves.

Steps are taken one at a time, as every other engine takes them: the depth at which a violation is first found
is the length of a shortest run. The clauses are made once and copied for every depth.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from .circuit import FALSE, TRUE, Clause, Literal, exactly_one, implied_equal
from .encoding import Encoder
from .layout import Layout, Slots, deciding
from .masks import Openings
from .moves import Dropped, Move, Mover, Store
from .numbers import Cases
from .reach import actions_of, cells_written

NEXT = 1 << 30
"""Added to a variable of the state: the same in the state after the step."""


def after(literal: Literal) -> Literal:
    """A literal of the state, in the state after the step."""
    return literal + NEXT if literal > 0 else literal - NEXT


@dataclass(frozen=True)
class Choice:
    """A move that can be chosen: the literal that chooses it, and the cells that it can write."""

    move: Move
    chosen: Literal
    targets: tuple[tuple[Store, tuple[int, ...]], ...] = field(repr=False)

    def about(self, cells: Set[int]) -> Choice:
        """The choice with the assignments that can write one of these cells."""
        return replace(self, targets=tuple((s, w) for s, w in self.targets if not cells.isdisjoint(w)))


@dataclass
class _Writers:
    """What is written at the same places by different actions, none of which happen together."""

    places: tuple[Cases, ...]
    level: int
    stores: list[tuple[Literal, Store]]
    cells: set[int]


@dataclass(frozen=True)
class Focused:
    """That the cells of one member stand for those of all its kind.

    ``row``: which member it is; ``position``: of that member among the places of each field.
    """

    row: Cases
    position: Mapping[str, int | None]

    def here(self, place: Cases) -> Literal:
        """What is written at a place is written of the member in question."""
        if len(place) == 1 and len(self.row) > 1:
            return self.row[next(iter(place))]
        return TRUE


class Step:
    """All that can happen in a state."""

    def __init__(
        self,
        encoder: Encoder,
        layout: Layout,
        slots: Slots,
        dropped: Dropped,
        focus: Focused | None = None,
    ) -> None:
        self.encoder, self.layout, self.slots, self.focus = encoder, layout, slots, focus
        self.scope, self.circuit = encoder.scope, encoder.circuit
        self._openings = Openings(self.circuit)
        mover = Mover(encoder, self.slots, dropped)
        moves = [move for action in actions_of(self.scope) if (move := mover.move(action)).possible]
        self.choices = [self._choice(move) for move in moves]

    def _choice(self, move: Move) -> Choice:
        open_ = self._openings.of(move.rows, move.guards)
        cells = ((store, cells_written(self.scope, store, open_)) for store in move.stores)
        targets = tuple((store, tuple(self._changing(found))) for store, found in cells)
        return Choice(move, self.circuit.variable(), targets)

    def _changing(self, cells: Iterable[int]) -> Iterable[int]:
        like, codes = self.layout.like, self.layout.codes
        return dict.fromkeys(like[index] for index in cells if len(codes[index]) > 1)

    def overrun(self, choices: Iterable[Choice]) -> Literal:
        """One of the moves is chosen and one of its numbers leaves the range of its field."""
        pairs = ((choice.chosen, self.outside(choice)) for choice in choices)
        return self.circuit.disjunction([self.circuit.conjunction(pair) for pair in pairs])

    def outside(self, choice: Choice) -> Literal:
        """A number that the move writes leaves the range of its field."""
        ranges = ((store, store.domain) for store, _ in choice.targets if store.domain is not None)
        outside = self.encoder.numbers.outside
        return self.circuit.disjunction([outside(store.value, d.low, d.high) for store, d in ranges])

    def relation(self, chosen: Sequence[Choice], cells: Set[int]) -> Iterator[Clause]:
        """The clauses of a step with one of these choices, about these cells."""
        yield from exactly_one(self.circuit, [choice.chosen for choice in chosen])
        yield from self.slots.clauses()
        for choice in chosen:
            pinned = self.slots.unused(choice.move.rows)
            yield from ([-choice.chosen, literal] for literal in (*choice.move.guards, *pinned))
        yield from self._effects(chosen, cells)

    def _effects(self, chosen: Sequence[Choice], cells: Set[int]) -> Iterator[Clause]:
        """What each cell holds afterwards."""
        writers: dict[int, list[_Writers]] = {}
        for group in self._grouped(chosen):
            for index in group.cells & cells:
                writers.setdefault(index, []).append(group)
        values: dict[int, Cases] = {}
        for index in sorted(cells):
            yield from self._cell_after(index, writers.get(index, []), values)

    def _grouped(self, chosen: Sequence[Choice]) -> list[_Writers]:
        groups: dict[tuple[Any, ...], _Writers] = {}
        for choice in chosen:
            for store, cells in choice.targets:
                places = tuple(self.encoder.shared(row) for row in store.places)
                key = (store.field, store.level, *map(id, places))
                group = groups.setdefault(key, _Writers(places, store.level, [], set()))
                group.stores.append((choice.chosen, store))
                group.cells.update(cells)
        return list(groups.values())

    def _cell_after(
        self, index: int, groups: Sequence[_Writers], values: dict[int, Cases]
    ) -> Iterator[Clause]:
        row = self.layout.cells[index]
        later = list[Literal]()
        for _, same in itertools.groupby(sorted(groups, key=lambda g: -g.level), key=lambda g: g.level):
            hits = [(group, self._hit(group, index)) for group in same]
            for group, hit in hits:
                here = self.circuit.conjunction([hit, *(-other for other in later)])
                written = self._written(group, values)
                for value, literal in deciding(row):
                    if here != FALSE:
                        yield from implied_equal([here], after(literal), written.get(value, FALSE))
            later += [hit for _, hit in hits]
        stays = -self.circuit.disjunction(later)
        for _, literal in deciding(row):
            yield from implied_equal([stays] if stays != TRUE else [], after(literal), literal)

    def _hit(self, group: _Writers, index: int) -> Literal:
        """A member of the group is chosen, at the places of the cell."""
        some = self.circuit.disjunction([chosen for chosen, _ in group.stores])
        cell = self.scope.cells[index]
        there = [row.get(member, FALSE) for row, member in zip(group.places, cell.places, strict=True)]
        if self.focus is not None and (place := self.focus.position.get(cell.field)) is not None:
            there[place] = self.focus.here(group.places[place])
        return self.circuit.conjunction([some, *there])

    def _written(self, group: _Writers, values: dict[int, Cases]) -> Cases:
        """The value that the group writes, by who of it is chosen."""
        if id(group) not in values:
            options = [(chosen, self._cases(store)) for chosen, store in group.stores]
            found = self.encoder.numbers.selected(options)
            assert not hasattr(found, "digits")
            values[id(group)] = found
        return values[id(group)]

    def _cases(self, store: Store) -> Cases:
        if store.domain is None:
            assert isinstance(store.value, dict)
            return store.value
        return self.encoder.numbers.cases(store.value, store.domain.values({}))
