"""The clauses of one depth, to be copied with other variables for every further depth.

Clauses lie in one array, a zero after each. Variables of depth t are those of depth 0, moved by t strides, so a
copy is an addition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from .blueprint import Blueprint
from .circuit import FALSE, TRUE, Clause, Literal
from .layout import one_of_row
from .step import NEXT

Numbers = npt.NDArray[np.int64]


class Block:
    """Clauses as one array, a zero after each."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self.numbers = np.fromiter((n for clause in clauses for n in (*clause, 0)), np.int64)

    def moved(self, by: int) -> list[Clause]:
        """The clauses with all variables moved."""
        numbers = self.numbers + np.sign(self.numbers) * by
        ends = np.flatnonzero(numbers == 0).tolist()
        row, starts = numbers.tolist(), [0, *(end + 1 for end in ends)]
        return [row[start:end] for start, end in zip(starts, ends, strict=False)]


class Template:
    """What is said at every depth, cut to what bears on some questions.

    ``state``: clauses about a state and the questions on it; ``step``: about a step to the next state.
    ``stride``: how many variables a depth has; ``number``: of each variable that is used.
    """

    def __init__(self, plan: Blueprint, questions: Sequence[Literal]) -> None:
        self.plan, circuit = plan, plan.circuit
        self.cone = plan.cone(questions)
        self.overrun = plan.step.overrun(self.cone.choices)
        rows = [plan.layout.cells[index] for index in sorted(self.cone.cells)]
        asked = {v: None for v in circuit.below(questions)}
        state = [clause for row in rows for clause in one_of_row(circuit, row)]
        state += [*plan.about.clauses(), *circuit.clauses(asked)]
        step = list(plan.step.relation(self.cone.choices, self.cone.cells))
        read = {abs(l) % NEXT for clause in step for l in clause} | {abs(self.overrun)}
        step += circuit.clauses(v for v in circuit.below(read) if v not in asked)
        self._numbered([abs(l) for row in rows if len(row) > 1 for l in row.values()], state, step)

    def _numbered(self, first: Sequence[int], state: list[Clause], step: list[Clause]) -> None:
        """Number the variables that are used, those of the state first."""
        used = dict.fromkeys(first)
        used |= dict.fromkeys(abs(l) % NEXT for clause in (*state, *step) for l in clause)
        self.number = {variable: number for number, variable in enumerate(used, 1)}
        self.stride = len(self.number)
        self.state = Block(map(self._renumbered, state))
        self.step = Block(map(self._renumbered, step))

    def _renumbered(self, clause: Clause) -> Clause:
        return [self.literal(literal) for literal in clause]

    def literal(self, literal: Literal) -> Literal:
        """The number of a literal at depth 0."""
        variable = abs(literal)
        number = self.number[variable % NEXT] + (self.stride if variable >= NEXT else 0)
        return number if literal > 0 else -number
