"""A scope as literals: its state, its step, its questions, and what can bear on a question at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...model.language.domains import Member, Sort
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.terms import ForAll
from ..initial import Starts
from .circuit import FALSE, Circuit, Clause, Literal, implied_equal
from .encoding import Encoder
from .footprint import Footprint, Footprints, Relevance, relevance
from .layout import Layout, Slots, deciding
from .order import Order
from .reach import reachable_codes
from .step import Choice, Focused, Step


@dataclass(frozen=True)
class Cone:
    """The cells that matter, the moves that write them, and how many moves there were."""

    cells: frozenset[int]
    choices: tuple[Choice, ...]
    of_choices: int


@dataclass(frozen=True)
class Question:
    """A violation of an invariant as a literal of the state.

    ``narrow``: for each sort that the invariant is about, the literals that choose a move which matters only
    where it is about the member in question.
    """

    predicate: Predicate
    bad: Literal
    narrow: tuple[tuple[type[Sort], frozenset[Literal]], ...] = ()


@dataclass(frozen=True)
class Lens:
    """A sort of which one member is enough to look at, and the guards that are left out for it."""

    sort: type[Sort]
    dropped: tuple[tuple[str, frozenset[int]], ...]

    @property
    def exact(self) -> bool:
        """Whether what is seen happens in the scope."""
        return not self.dropped

    def joined(self, other: Lens) -> Lens:
        """A lens for the questions of both, of the same sort."""
        mine, yours = dict(self.dropped), dict(other.dropped)
        names = {name: mine.get(name, frozenset()) | yours.get(name, frozenset()) for name in (*mine, *yours)}
        return Lens(self.sort, tuple(sorted(names.items())))


class Plan(ABC):
    """A state and a step as literals. ``about``: what questions speak of, the same in a whole run."""

    def __init__(self, encoder: Encoder, layout: Layout, step: Step, about: Slots) -> None:
        self.encoder, self.layout, self.step, self.about = encoder, layout, step, about
        self.scope, self.circuit = encoder.scope, encoder.circuit
        self._footprints: dict[type[Sort], Footprints] = {}
        self._prints: dict[type[Sort], list[Footprint]] = {}

    @property
    @abstractmethod
    def full(self) -> Blueprint:
        """The plan with all cells, whose initial states are those of the scope."""

    def link(self) -> Iterable[Clause]:
        """What ties the state at the start to that of the full plan."""
        return ()

    def bad(self, predicate: Predicate) -> Literal:
        """That an invariant is violated, for some of its parameters."""
        statement = self.scope.statement(predicate)
        rows = self.about.of([var.domain for var in statement.parameters])
        env = {var.name: row for var, row in zip(statement.parameters, rows, strict=True)}
        return -self.encoder.truth(statement.bodies[0], env)

    def holds(self, predicate: Predicate) -> Literal:
        """An invariant for all its parameters."""
        return self.encoder.truth(self.scope.statement(predicate).closed(), {})

    def footprints(self, sort: type[Sort]) -> Footprints:
        """What finds out what is read and written with regard to a sort."""
        if sort not in self._footprints:
            self._footprints[sort] = Footprints(self.scope, self.circuit, self.layout, sort)
        return self._footprints[sort]

    def prints(self, sort: type[Sort]) -> list[Footprint]:
        """What every move reads and writes, with regard to a sort."""
        if sort not in self._prints:
            self._prints[sort] = [self.footprints(sort).of(choice) for choice in self.step.choices]
        return self._prints[sort]

    @cached_property
    def block(self) -> type[Sort] | None:
        """The sort of which the most moves are about one member and touch no other: in a cluster the VMs."""
        alone = {sort: sum(map(self.footprints(sort).alone, self.prints(sort))) for sort in self.scope.sorts}
        best = max(alone, key=lambda sort: alone[sort], default=None)
        return best if best is not None and alone[best] else None

    def order(self, choices: Sequence[Choice]) -> Order | None:
        """In which order steps are tried; None where there is no sort that they could be about."""
        if self.block is None:
            return None
        kept = {choice.chosen for choice in choices}
        prints = [p for p in self.prints(self.block) if p.choice.chosen in kept]
        return Order(self.circuit, prints, self.step.slots.row(self.block))

    def cells_below(self, roots: Iterable[Literal]) -> set[int]:
        """The cells that literals depend on."""
        cell_of = self.layout.cell_of
        return {cell_of[variable] for variable in self.circuit.below(roots) if variable in cell_of}

    def cone(self, roots: Iterable[Literal], also: Iterable[int] = ()) -> Cone:
        """What can bear on some literals and on some cells, in any number of steps."""
        cells, before = self.cells_below(roots) | {*also}, -1
        while len(cells) != before:
            before = len(cells)
            for choice in self.step.choices:
                written = [store for store, found in choice.targets if not cells.isdisjoint(found)]
                if written:
                    values = [literal for store in written for literal in store.literals()]
                    cells |= self.cells_below([*choice.move.guards, *values])
        kept = [narrowed for choice in self.step.choices if (narrowed := choice.about(cells)).targets]
        return Cone(frozenset(cells), tuple(kept), len(self.step.choices))

    def question(self, predicate: Predicate) -> Question:
        """An invariant as a question."""
        return Question(predicate, self.bad(predicate))


class Blueprint(Plan):
    """A scope as literals, made once for all its questions; its initial states, too.

    There must be a value for each cell in them.
    """

    def __init__(self, scope: Scope, starts: Starts) -> None:
        self.starts = starts
        circuit = Circuit()
        layout = Layout(scope, circuit, reachable_codes(scope, self.starts.codes))
        encoder = Encoder(scope, circuit, layout.cells)
        step = Step(encoder, layout, Slots(scope, circuit), {})
        super().__init__(encoder, layout, step, Slots(scope, circuit))

    @property
    def full(self) -> Blueprint:
        return self

    def question(self, predicate: Predicate) -> Question:
        """An invariant as a question, and which moves matter only to the member in question."""
        bad = self.bad(predicate)
        narrow = ((sort, self._relevance(sort, bad).somewhere) for sort in self._sorts(predicate))
        moves = ((s, frozenset(p.choice.chosen for p in prints if p.row is not None)) for s, prints in narrow)
        return Question(predicate, bad, tuple(moves))

    def _sorts(self, predicate: Predicate) -> Iterable[type[Sort]]:
        domains = [parameter.domain for parameter in predicate.parameters]
        return dict.fromkeys(domain.of for domain in domains if isinstance(domain, Member))

    def _relevance(
        self, sort: type[Sort], bad: Literal, prints: Sequence[Footprint] | None = None
    ) -> Relevance:
        asked = self.footprints(sort).reads([bad], self.about.row(sort))
        return relevance(self.prints(sort) if prints is None else prints, asked)

    def lens(self, predicate: Predicate) -> Lens | None:
        """How to look at an invariant through the cells of one member; None where they are not enough.

        Guards that read what belongs to other members are left out.
        """
        sort = self.block
        if sort is None:
            return None
        mixed = self.footprints(sort).mixed
        prints = [replace(p, guards=tuple(g for g in p.guards if not g & mixed)) for p in self.prints(sort)]
        found = self._relevance(sort, self.bad(predicate), prints)
        whole = [p for p in found.everywhere if p.row is not None]
        if whole or found.known & mixed or any(_twice(p, sort) for p in found.somewhere):
            return None
        kept = {p.choice.move.action.name for p in (*found.everywhere, *found.somewhere)}
        dropped = {
            p.choice.move.action.name: frozenset(n for n, guard in enumerate(p.guards) if guard & mixed)
            for p in self.prints(sort)
        }
        return Lens(sort, tuple(sorted((n, some) for n, some in dropped.items() if n in kept and some)))

    def start(self) -> Literal:
        """The initial statements."""
        return self.circuit.conjunction([self.holds(p) for p in self.scope.initial_predicates()])

    def first_values(self) -> list[set[object]]:
        """The values that each cell can have at the start."""
        pairs = zip(self.scope.cells, self.starts.codes, strict=True)
        return [{cell.values[code] for code in codes} for cell, codes in pairs]


def _twice(print_: Footprint, sort: type[Sort]) -> bool:
    """Whether a move is about two members of a sort."""
    return sum(p.domain == Member(sort) for p in print_.choice.move.action.parameters) > 1


class Focus(Plan):
    """A plan with the cells of one member only, whichever it is.

    The guards that the lens leaves out are taken to hold: what happens in the scope happens here, and perhaps
    more.
    """

    def __init__(self, full: Blueprint, lens: Lens) -> None:
        sort, dropped = lens.sort, dict(lens.dropped)
        self._full, self.sort = full, sort
        scope, circuit, row = full.scope, full.circuit, full.about.row(sort)
        position = full.footprints(sort).position
        layout = full.layout.focused(position)
        encoder = Encoder(scope, circuit, layout.cells)
        slots = Slots(scope, circuit, {sort: row})
        super().__init__(
            encoder, layout, Step(encoder, layout, slots, dropped, Focused(row, position)), full.about
        )

    @property
    def full(self) -> Blueprint:
        return self._full

    def link(self) -> Iterable[Clause]:
        """At the start the cells are those of the member in question."""
        cells, row = self.full.layout, self.full.about.row(self.sort)
        position = self.full.footprints(self.sort).position
        for index, cell in enumerate(self.scope.cells):
            place = position.get(cell.field)
            if place is not None and len(cells.cells[index]) > 1:
                here, there = self.layout.cells[index], cells.cells[index]
                for value, literal in deciding(here):
                    yield from implied_equal([row[cell.places[place]]], literal, there.get(value, FALSE))

    def holds(self, predicate: Predicate) -> Literal:
        """An invariant for the member in question and all its other parameters."""
        statement = self.scope.statement(predicate)
        mine = next((var for var in statement.parameters if var.domain == Member(self.sort)), None)
        body = statement.bodies[0]
        for var in reversed(statement.parameters):
            body = body if var is mine else ForAll(var, body)
        env = {} if mine is None else {mine.name: self._full.about.row(self.sort)}
        return self.encoder.truth(body, env)
