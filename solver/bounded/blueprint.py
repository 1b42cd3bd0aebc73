"""A scope as literals: its state, its step, its questions, and what can bear on a question at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...model.language.domains import Member, Sort
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ..initial import Starts
from .circuit import Circuit, Literal
from .encoding import Encoder
from .footprint import Footprint, Footprints, relevance
from .layout import Layout, Slots
from .order import Order
from .reach import reachable_codes
from .step import Choice, Step


@dataclass(frozen=True)
class Cone:
    """The cells that matter, the moves that write them, and how many moves there were."""

    cells: frozenset[int]
    choices: tuple[Choice, ...]
    of_choices: int


@dataclass(frozen=True)
class Question:
    """A violation of an invariant as a literal of the state.

    ``narrow``: for a sort that the invariant is about, the moves that matter only to the member in question.
    """

    predicate: Predicate
    bad: Literal
    narrow: Mapping[type[Sort], tuple[Choice, ...]]


class Blueprint:
    """A scope as literals, made once for all its questions."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.starts = Starts(scope)
        self.circuit = Circuit()
        self.layout = Layout(scope, self.circuit, reachable_codes(scope, self.starts.codes))
        self.encoder = Encoder(scope, self.circuit, self.layout.cells)
        self.step = Step(scope, self.circuit, self.layout, self.encoder)
        self.about = Slots(scope, self.circuit)
        self._footprints: dict[type[Sort], Footprints] = {}
        self._prints: dict[type[Sort], list[Footprint]] = {}

    def question(self, predicate: Predicate) -> Question:
        """When an invariant is violated, for some of its parameters."""
        statement = self.scope.statement(predicate)
        domains = [var.domain for var in statement.parameters]
        rows = self.about.of(domains)
        env = {var.name: row for var, row in zip(statement.parameters, rows, strict=True)}
        bad = -self.encoder.truth(statement.bodies[0], env)
        sorts = dict.fromkeys(domain.of for domain in domains if isinstance(domain, Member))
        return Question(predicate, bad, {sort: tuple(self._narrow(sort, bad)) for sort in sorts})

    def _narrow(self, sort: type[Sort], bad: Literal) -> list[Choice]:
        prints = self.prints(sort)
        asked = self._footprints[sort].reads([bad], self.about.row(sort))
        return relevance(prints, asked)

    def prints(self, sort: type[Sort]) -> list[Footprint]:
        """What every move reads and writes, with regard to a sort."""
        if sort not in self._prints:
            self._footprints[sort] = Footprints(self.scope, self.circuit, self.layout, sort)
            self._prints[sort] = [self._footprints[sort].of(choice) for choice in self.step.choices]
        return self._prints[sort]

    @cached_property
    def block(self) -> type[Sort] | None:
        """The sort that the most moves are about: in a cluster the VMs."""
        def moves(sort: type[Sort]) -> tuple[int, int]:
            rows = [print_.row for print_ in self.prints(sort)]
            return sum(row is not None for row in rows), len(self.scope.sorts[sort])

        return max(self.scope.sorts, key=moves, default=None)

    def order(self, choices: Sequence[Choice]) -> Order | None:
        """In which order steps are tried; None where there is no sort that they could be about."""
        if self.block is None or not self.step.slots.has(self.block):
            return None
        kept = {choice.chosen: choice for choice in choices}
        prints = [p for p in self.prints(self.block) if p.choice.chosen in kept]
        return Order(self.circuit, prints, self.step.slots.row(self.block))

    def holds(self, predicate: Predicate) -> Literal:
        """The statement for all its parameters."""
        return self.encoder.truth(self.scope.statement(predicate).closed(), {})

    def start(self) -> Literal:
        """The initial statements."""
        return self.circuit.conjunction([self.holds(p) for p in self.scope.initial_predicates()])

    def first_values(self) -> list[set[object]]:
        """The values that each cell can have at the start."""
        pairs = zip(self.scope.cells, self.starts.codes, strict=True)
        return [{cell.values[code] for code in codes} for cell, codes in pairs]

    def cells_below(self, roots: Iterable[Literal]) -> set[int]:
        """The cells that literals depend on."""
        cell_of = self.layout.cell_of
        return {cell_of[variable] for variable in self.circuit.below(roots) if variable in cell_of}

    def cone(self, roots: Iterable[Literal]) -> Cone:
        """What can bear on some literals, in any number of steps."""
        cells, before = self.cells_below(roots), -1
        while len(cells) != before:
            before = len(cells)
            for choice in self.step.choices:
                written = [store for store, found in choice.targets if not cells.isdisjoint(found)]
                if written:
                    values = [literal for store in written for literal in store.literals()]
                    cells |= self.cells_below([*choice.move.guards, *values])
        kept = [narrowed for choice in self.step.choices if (narrowed := choice.about(cells)).targets]
        return Cone(frozenset(cells), tuple(kept), len(self.step.choices))
