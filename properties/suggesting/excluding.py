"""From a step that breaks a statement to lemmas that exclude it: boxes around its state that nothing reaches.

What has to be known of the state is a handful of cells. Some of them together never occur in a state that was
reached, whatever members stand in their places: each smallest such set, made as large as the states that were
reached allow, is a candidate.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.language.domains import Domain, Integer, Member, Range, Sort
from ...model.language.predicates import Predicate
from ...model.language.terms import Const, Term
from ...solver.ground import Grounder
from ...solver.smt.steps import Known
from ...solver.vectors import Vectors, matrix, number_of
from .boxes import Box, FieldLook, LessLook, Look, SameLook, holds_members
from .reached import Reached
from .wide import Wide

MOST_LOOKS = 4
MOST_VARIABLES = 4
Rows = NDArray[Any]


def looks_of(core: Iterable[Known]) -> dict[Look, Any]:
    """What can be seen in the cells of a counterexample, and the value that each look has there."""
    found: dict[Look, Any] = {}
    for known in core:
        domain = known.quantity.value
        if isinstance(domain, Integer):
            continue
        held = known.value if holds_members(domain) else None
        found[FieldLook(known.quantity, known.places, held)] = known.value if held is None else True
    found |= dict.fromkeys(_comparisons(found), True)
    members = sorted({m for look in found for m in look.members()}, key=str)
    for one, other in itertools.combinations(members, 2):
        if type(one) is type(other):
            found[SameLook(one, other)] = False
    return found


def _comparisons(found: dict[Look, Any]) -> Iterator[LessLook]:
    numbers = [look for look in found if isinstance(look, FieldLook) and isinstance(look.domain, Range)]
    for one, other in itertools.permutations(numbers, 2):
        if one.places == other.places and found[one] < found[other]:
            yield LessLook(one, other)


def seen(reached: Sequence[Reached], looks: Sequence[Look]) -> Rows:
    """The states that were reached, as far as some looks show them: every combination of values once.

    A row for each combination, a column for each look.
    """
    parts = [part for found in reached for part in _rows(found, looks)]
    return np.unique(np.concatenate(parts), axis=0) if parts else np.zeros((0, len(looks)), dtype=np.int64)


def _rows(found: Reached, looks: Sequence[Look]) -> Iterator[Rows]:
    """The values of the looks in the states of one scope, for all members that may stand in their places."""
    scope, states = found.scope, _projected(found, looks)
    grounder, vectors = Grounder(scope), Vectors(scope, states)
    members = sorted({m for look in looks for m in look.members()}, key=lambda m: (type(m).__name__, m.name))
    for choice in itertools.product(*(scope.sorts[type(member)] for member in members)):
        names: dict[Sort, Term] = {m: Const(c, _domain(c)) for m, c in zip(members, choice, strict=True)}
        columns = [vectors.value(grounder.ground(look.term(names), {})) for look in looks]
        yield np.unique(np.stack([np.asarray(c, dtype=np.int64) for c in columns], axis=1), axis=0)


def _domain(member: Sort) -> Domain:
    return Member(type(member))


def _projected(found: Reached, looks: Sequence[Look]) -> Any:
    """The states, what the looks do not read left out: much fewer."""
    read = {name for look in looks for name in _fields(look)}
    kept = [index for index, cell in enumerate(found.scope.cells) if cell.field in read]
    states = np.zeros_like(found.states)
    states[:, kept] = found.states[:, kept]
    narrow = np.ascontiguousarray(found.states[:, kept])
    if not kept:
        return states[:1]
    view = narrow.view(np.dtype((np.void, narrow.shape[1]))).ravel()
    return states[np.unique(view, return_index=True)[1]]


def _fields(look: Look) -> tuple[str, ...]:
    match look:
        case FieldLook(quantity=quantity):
            return (quantity.name,)
        case LessLook(less=less, more=more):
            return (less.quantity.name, more.quantity.name)
    return ()


@dataclass
class Excluder:
    """Finds boxes around counterexamples. ``reached``: the states that a lemma must not exclude.

    ``wide``: many more of them, that a lemma can be held against.
    """

    reached: list[Reached]
    wide: Sequence[Wide] = ()

    def around(self, core: Sequence[Known]) -> Around:
        """The boxes around a counterexample."""
        values = looks_of(core)
        return Around(values, seen(self.reached, list(values)))

    def refuted(self, predicate: Predicate) -> list[Reached]:
        """Reached states in which a statement is false; they are kept, for they refute others, too."""
        states = [(wide.scope, wide.against(predicate)) for wide in self.wide]
        found = [
            Reached(scope, matrix([state], len(scope.cells)), False)
            for scope, state in states
            if state is not None
        ]
        for new in found:
            self._keep(new)
        return found

    def _keep(self, new: Reached) -> None:
        for place, known in enumerate(self.reached):
            if known.scope is new.scope:
                self.reached[place] = replace(known, states=np.concatenate([known.states, new.states]))
                return
        self.reached.append(new)


class Around:
    """The boxes around one counterexample that no state of ``rows`` is in."""

    def __init__(self, values: dict[Look, Any], rows: Rows, most: int = MOST_LOOKS) -> None:
        self.values, self.rows, self.most = values, rows, most
        self.looks = list(values)
        self._next = self.boxes()

    def take(self) -> Box | None:
        """The next candidate; after ``add`` they begin anew."""
        return next(self._next, None)

    def add(self, reached: Sequence[Reached]) -> None:
        """Take further states into account."""
        self.rows = np.unique(np.concatenate([self.rows, seen(reached, self.looks)]), axis=0)
        self._next = self.boxes()

    def boxes(self) -> Iterator[Box]:
        """Candidates that exclude the counterexample, the simplest first."""
        found: list[set[int]] = []
        for number in range(1, self.most + 1):
            boxes = {box: None for subset in self._smallest(number, found) for box in self._boxes(subset)}
            few = (box for box in boxes if len(box.members()) <= MOST_VARIABLES)
            yield from sorted(few, key=lambda box: (box.size, str(box)))

    def _boxes(self, subset: tuple[int, ...]) -> Iterator[Box]:
        return (_widened(subset, order, self.looks, self.values, self.rows) for order in _orders(subset))

    def _smallest(self, number: int, found: list[set[int]]) -> Iterator[tuple[int, ...]]:
        """Sets of so many looks that have their values together in no state, smaller sets left out."""
        has = [self.rows[:, i] == number_of(value) for i, value in enumerate(self.values.values())]
        real = [i for i, look in enumerate(self.looks) if not isinstance(look, SameLook)]
        for chosen in itertools.combinations(real, number):
            if any(known <= set(chosen) for known in found):
                continue
            for subset in self._with_same(chosen):
                if not np.logical_and.reduce([has[i] for i in subset]).any():
                    found.append(set(subset))
                    yield subset
                    break

    def _with_same(self, chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Some looks without, and with, the variables of one sort being different."""
        yield chosen
        members = {m for i in chosen for m in self.looks[i].members()}
        same = [(i, look) for i, look in enumerate(self.looks) if isinstance(look, SameLook)]
        apart = [i for i, look in same if set(look.members()) <= members]
        for number in range(1, len(apart) + 1):
            for more in itertools.combinations(apart, number):
                yield (*chosen, *more)


def _orders(subset: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for start in range(len(subset)):
        yield (*subset[start:], *subset[:start])


def _widened(
    subset: tuple[int, ...],
    order: tuple[int, ...],
    looks: Sequence[Look],
    values: dict[Look, Any],
    rows: Rows,
) -> Box:
    """The set of looks as a box that is as large as the states that were reached allow."""
    inside = {i: {values[looks[i]]} for i in subset}
    for i in order:
        if isinstance(looks[i], SameLook):
            continue
        others = [np.isin(rows[:, j], [number_of(v) for v in inside[j]]) for j in subset if j != i]
        met = np.logical_and.reduce(others) if others else np.ones(len(rows), dtype=bool)
        taken = set(rows[met, i].tolist())
        inside[i] = {v for v in looks[i].domain.values({}) if number_of(v) not in taken}
    every = ((looks[i], frozenset(inside[i])) for i in subset)
    return Box(frozenset((look, v) for look, v in every if len(v) < len(look.domain.values({}))))
