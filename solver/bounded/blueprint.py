"""A scope as literals: its state, its step, its questions, and what can bear on a question at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ..initial import Starts
from .circuit import Circuit, Literal
from .encoding import Encoder
from .layout import Layout, Slots
from .reach import reachable_codes
from .step import Choice, Step


class Blueprint:
    """A scope as literals: its state, its step, and its questions. Made once, cut to size by ``template``."""

    def __init__(self, scope: Scope, questions: Sequence[Predicate]) -> None:
        self.scope = scope
        self.starts = Starts(scope)
        self.circuit = Circuit()
        self.layout = Layout(scope, self.circuit, reachable_codes(scope, self.starts.codes))
        self.encoder = Encoder(scope, self.circuit, self.layout.cells)
        self.step = Step(scope, self.circuit, self.layout, self.encoder)
        self.about = Slots(scope, self.circuit)
        self.bad = {predicate.name: -self._statement(predicate) for predicate in questions}
        self.overrun = self.step.overrun(self.step.choices)

    def _statement(self, predicate: Predicate) -> Literal:
        """The statement about open parameters."""
        statement = self.scope.statement(predicate)
        rows = self.about.of([var.domain for var in statement.parameters])
        env = {var.name: row for var, row in zip(statement.parameters, rows, strict=True)}
        return self.encoder.truth(statement.bodies[0], env)

    def holds(self, predicate: Predicate) -> Literal:
        """The statement for all its parameters."""
        return self.encoder.truth(self.scope.statement(predicate).closed(), {})

    def start(self) -> Literal:
        """The initial statements."""
        parts = (self.encoder.truth(self.scope.statement(p).closed(), {}) for p in self.scope.initial_predicates())
        return self.circuit.conjunction(parts)

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
                values = [v for store, written in choice.targets if not cells.isdisjoint(written) for v in store.literals()]
                if values:
                    cells |= self.cells_below([*choice.move.guards, *values])
        kept = [narrowed for choice in self.step.choices if (narrowed := choice.about(cells)).targets]
        return Cone(frozenset(cells), tuple(kept), len(self.step.choices))


@dataclass(frozen=True)
class Cone:
    """The cells that matter, the moves that write them, and how many moves there were."""

    cells: frozenset[int]
    choices: tuple[Choice, ...]
    of_choices: int
