"""Runs of a scope up to a depth, in a SAT solver that keeps what it has learned from depth to depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pysat.solvers import Solver

from ...model.language.plain import Packed
from ...model.language.scope import Instance
from .blueprint import Question
from .circuit import FALSE, TRUE, Clause, Literal, without_constants
from .layout import one_of_row
from .numbers import Cases
from .template import Template

SOLVER = "glucose4"
SLICE = 1_000_000  # propagations between two looks at the clock


def _nothing() -> None:
    """Called when nobody wants to be called."""


@dataclass(frozen=True)
class Found:
    """A run that the solver found: where it starts, what is taken, and which questions it answers."""

    start: Packed
    instances: tuple[Instance, ...]
    answers: tuple[Question, ...]


class Unrolling:
    """The runs of ``depth`` steps, as far as they bear on the template's questions.

    They begin in an initial state, or ``anywhere``. ``on_slice`` is called now and then while the solver
    works; it may raise to end that.
    """

    def __init__(
        self,
        template: Template,
        on_slice: Callable[[], None] = _nothing,
        *,
        anywhere: bool = False,
        solver: str = SOLVER,
    ) -> None:
        self.template, self.plan, self.on_slice = template, template.plan, on_slice
        self.full = template.plan.full
        self.solver = Solver(solver)
        self.depth = 0
        self._first: dict[int, int] = {}
        self._switched = -1
        if not anywhere:
            self._start()
        self._add(template.about.moved(0))
        self._add(template.state.moved(self._moved(0)))

    def _moved(self, depth: int) -> int:
        return len(self._first) + depth * self.template.stride

    def _start(self) -> None:
        """The clauses of the initial state: of all its cells, also those that nothing asked depends on."""
        circuit = self.plan.circuit
        clauses = list(without_constants(self._initial()))
        roots = {abs(literal) for clause in clauses for literal in clause}
        clauses += circuit.clauses(circuit.below(roots))
        used = dict.fromkeys(abs(literal) for clause in clauses for literal in clause)
        apart = (variable for variable in used if variable not in self.template.number)
        self._first = {variable: number for number, variable in enumerate(apart, 1 + self.template.fixed)}
        self._add([[self.literal(literal, 0) for literal in clause] for clause in clauses])

    def _initial(self) -> Iterator[Clause]:
        yield [self.full.start()]
        for row, values in zip(self.full.layout.cells, self.full.first_values(), strict=True):
            yield from one_of_row(self.plan.circuit, row)
            yield from ([-literal] for value, literal in row.items() if value not in values)
        yield from self.plan.link()

    def literal(self, literal: Literal, depth: int) -> Literal:
        """The solver's number of a literal at a depth."""
        variable = abs(literal)
        if variable in self._first:
            return self._first[variable] if literal > 0 else -self._first[variable]
        return self.template.literal(literal, self._moved(depth))

    def _add(self, clauses: Iterable[Clause]) -> None:
        self.solver.append_formula(clauses)

    def step(self) -> None:
        """Let one step more be taken; ``settle`` says where it leads."""
        self._add(self.template.step.moved(self._moved(self.depth)))
        if self.depth:
            self._add(self.template.order.moved(self._moved(self.depth - 1)))

    def overrun(self) -> Found | None:
        """Before the step is settled: a run in which it writes a number that leaves its range."""
        if not self._asked(self.template.overrun):
            return None
        return self._found((), self.depth + 1)

    def settle(self) -> None:
        """Go to the state after the step; no number has left its range."""
        if self.template.overrun != FALSE:
            self._add([[-self.literal(self.template.overrun, self.depth)]])
        self.depth += 1
        self._add(self.template.state.moved(self._moved(self.depth)))

    def grow(self) -> None:
        """One step more."""
        self.step()
        self.settle()

    def goes_on(self) -> bool:
        """Whether there is any run of this depth."""
        return self._solved([])

    def violated(self, questions: Sequence[Question]) -> Found | None:
        """A run of this depth into a state that violates one of some invariants."""
        asked = [question for question in questions if question.bad != FALSE]
        plain = [q for q in asked if q.bad != TRUE]
        if len(plain) > 1 and len(plain) == len(asked) and self._switched < self.depth:
            self._switched = self.depth
            switch = self.literal(self.template.switch, self.depth)
            self._add([[-switch, *(self.literal(q.bad, self.depth) for q in plain)]])
            return self._found(questions, self.depth) if self._solved([switch]) else None
        if any(self._asked(question.bad) for question in asked):
            return self._found(questions, self.depth)
        return None

    def _asked(self, literal: Literal) -> bool:
        """Whether some run of this depth makes a literal true."""
        if abs(literal) == TRUE:
            return literal == TRUE and self._solved([])
        return self._solved([self.literal(literal, self.depth)])

    def _solved(self, assumptions: list[Literal]) -> bool:
        answer = None
        while answer is None:
            answer = self.try_for_a_slice(assumptions)
        return answer

    def try_for_a_slice(self, assumptions: list[Literal]) -> bool | None:
        """Whether the clauses can be satisfied under some assumptions; None: not known after a while."""
        self.on_slice()
        self.solver.prop_budget(SLICE)
        found: bool | None = self.solver.solve_limited(assumptions=assumptions, expect_interrupt=True)
        return found

    def suppose(self) -> None:
        """Take the statements that the template supposes to hold at this depth."""
        self._add(self.template.premise.moved(self._moved(self.depth)))

    def _found(self, questions: Sequence[Question], steps_taken: int) -> Found:
        true = set(self.solver.get_model())
        steps = tuple(self._instance(true, depth) for depth in range(steps_taken))
        answers = tuple(q for q in questions if self._true(true, q.bad, self.depth))
        return Found(bytes(self._codes(true)), steps, answers)

    def _codes(self, true: set[int]) -> Iterator[int]:
        """The initial state, cell by cell."""
        for cell, row in zip(self.plan.scope.cells, self.full.layout.cells, strict=True):
            yield cell.values.index(self._value(true, row, 0))

    def _instance(self, true: set[int], depth: int) -> Instance:
        taken = next(c for c in self.template.cone.choices if self._true(true, c.chosen, depth))
        arguments = tuple(self._value(true, row, depth) for row in taken.move.rows)
        return Instance(taken.move.action, arguments)

    def _value(self, true: set[int], row: Cases, depth: int) -> object:
        return next(value for value, literal in row.items() if self._true(true, literal, depth))

    def _true(self, true: set[int], literal: Literal, depth: int) -> bool:
        variable = abs(literal)
        if variable == TRUE or (variable not in self._first and variable not in self.template.number):
            return (literal > 0) == (variable == TRUE)  # what no clause speaks of is taken to be false
        return self.literal(literal, depth) in true

    def close(self) -> None:
        """Give the solver's memory back."""
        self.solver.delete()
