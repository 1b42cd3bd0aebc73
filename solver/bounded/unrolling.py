"""Runs of a scope up to a depth, in a SAT solver that keeps what it has learned from depth to depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pysat.solvers import Solver

from ...model.language.plain import Packed
from ...model.language.scope import Instance
from .blueprint import Focus
from .circuit import FALSE, TRUE, Clause, Literal
from .layout import deciding, one_of_row
from .numbers import Cases
from .template import Template


class Unrolling:
    """The runs of so many steps from an initial state, as far as they bear on the template's questions."""

    def __init__(self, template: Template, name: str = "cadical195") -> None:
        self.template, self.plan = template, template.plan
        self.full = self.plan.full if isinstance(self.plan, Focus) else self.plan
        self.solver = Solver(name)
        self.depth = 0
        self._first: dict[int, int] = {}
        self._start()
        self._add(template.about.moved(0))
        self._add(template.state.moved(self._moved(0)))

    def _moved(self, depth: int) -> int:
        return len(self._first) + depth * self.template.stride

    def _start(self) -> None:
        """The clauses of the initial state: of all its cells, also those that nothing asked depends on."""
        circuit, start = self.plan.circuit, self.full.start()
        clauses = [] if start == TRUE else [[start] if start != FALSE else []]
        for row, codes in zip(self.full.layout.cells, self.full.first_values(), strict=True):
            clauses += [*one_of_row(circuit, row)]
            clauses += [[-literal] for value, literal in row.items() if value not in codes and literal != FALSE]
        clauses += [[l for l in clause if l != FALSE] for clause in self.plan.link() if TRUE not in clause]
        clauses += circuit.clauses(circuit.below({abs(l) for clause in clauses for l in clause}))
        used = dict.fromkeys(abs(l) for clause in clauses for l in clause)
        self._first = {v: n for n, v in enumerate((v for v in used if v not in self.template.number), 1 + self.template.fixed)}
        self._add([[self.literal(l, 0) for l in clause] for clause in clauses])

    def literal(self, literal: Literal, depth: int) -> Literal:
        """The solver's number of a literal at a depth."""
        variable = abs(literal)
        if variable in self._first:
            return self._first[variable] if literal > 0 else -self._first[variable]
        return self.template.literal(literal, self._moved(depth))

    def _add(self, clauses: Iterable[Clause]) -> None:
        self.solver.append_formula(clauses)

    def grow(self) -> None:
        """One step more."""
        self._add(self.template.step.moved(self._moved(self.depth)))
        if self.depth:
            self._add(self.template.order.moved(self._moved(self.depth - 1)))
        if self.template.overrun != FALSE:
            self._add([[-self.literal(self.template.overrun, self.depth)]])
        self.depth += 1
        self._add(self.template.state.moved(self._moved(self.depth)))

    def ask(self, literal: Literal) -> bool:
        """Whether some run of this depth ends in a state where the literal is true."""
        if literal in (TRUE, FALSE):
            return literal == TRUE and self.solver.solve()
        return self.solver.solve(assumptions=[self.literal(literal, self.depth)])

    def run(self) -> tuple[Packed, tuple[Instance, ...]]:
        model = self.solver.get_model()
        true = lambda l, d: l == TRUE or (l != FALSE and self._true(model, l, d))
        cells = self.full.layout.cells
        start = []
        for i, row in enumerate(cells):
            value = next(v for v, l in row.items() if true(l, 0))
            start.append(self.plan.scope.cells[i].values.index(value))
        steps = []
        for d in range(self.depth):
            ch = next(c for c in self.template.cone.choices if true(c.chosen, d))
            args = tuple(next(v for v, l in row.items() if true(l, d)) for row in ch.move.rows)
            steps.append(Instance(ch.move.action, args))
        return bytes(start), tuple(steps)

    def _true(self, model, l, d):
        n = self.literal(l, d)
        return (model[abs(n)-1] > 0) == (n > 0)
