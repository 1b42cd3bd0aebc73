"""The clauses of one depth, to be copied with other variables for every further depth.

Clauses lie in one array, a zero after each. Variables of depth t are those of depth 0, moved by t strides, so
a copy is an addition. What a question is about (a VM, a host) is the same at every depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .blueprint import Plan, Question
from .circuit import TRUE, Clause, Literal, without_constants
from .layout import one_of_row
from .step import NEXT, Choice

Numbers = npt.NDArray[np.int64]


class Block:
    """Clauses as one array, a zero after each; the first ``fixed`` variables are the same at every depth."""

    def __init__(self, clauses: Iterable[Clause], fixed: int) -> None:
        self.numbers = np.fromiter((n for clause in clauses for n in (*clause, 0)), np.int64)
        self._moves = np.sign(self.numbers) * (np.abs(self.numbers) > fixed)
        self._ends = np.flatnonzero(self.numbers == 0).tolist()

    def moved(self, by: int) -> list[Clause]:
        """The clauses with all variables of a depth moved."""
        row, starts = (self.numbers + self._moves * by).tolist(), [0, *(end + 1 for end in self._ends)]
        return [row[start:end] for start, end in zip(starts, self._ends, strict=False)]

    def __len__(self) -> int:
        return len(self._ends)


class Template:
    """What is said at every depth, cut to what bears on some questions.

    ``about``: clauses about what the questions speak of, said once; ``state``: about a state and the
    questions on it; ``step``: about a step to the next state; ``order``: about a step and the one after it;
    ``premise``: the ``supposed`` statements, each where its variable of ``uses`` is true.
    ``watched``: moves of which it is asked whether a number leaves its range; ``overrun`` says that one does.
    ``switch``: a variable of each depth, to ask for one of several questions. ``fixed``: how many variables
    are the same at every depth; ``stride``: how many a depth has besides.
    """

    def __init__(
        self,
        plan: Plan,
        questions: Sequence[Question],
        *,
        watched: Sequence[Choice] = (),
        supposed: Sequence[Literal] = (),
        ordered: bool = True,
    ) -> None:
        self.plan, circuit = plan, plan.circuit
        self.questions = tuple(questions)
        roots = [*(question.bad for question in questions), *supposed]
        self.uses = [circuit.variable() for _ in supposed]
        guards = [literal for choice in watched for literal in choice.move.guards]
        self.cone = plan.cone(
            [*roots, *guards], (i for c in watched for _, found in c.targets for i in found)
        )
        self.overrun = plan.step.overrun(self.cone.choices)
        asked = dict.fromkeys(circuit.below(roots))
        rows = [plan.layout.cells[index] for index in sorted(self.cone.cells)]
        state = [clause for row in rows for clause in one_of_row(circuit, row)]
        state += circuit.clauses(asked)
        step = [*plan.step.relation(self.cone.choices, self.cone.cells), *self._only_about(questions)]
        order = plan.order(self.cone.choices) if ordered else None
        following = [] if order is None else list(order.clauses())
        step += circuit.clauses(
            v for v in circuit.below(_variables(step, following, [[self.overrun]])) if v not in asked
        )
        about = list(plan.about.clauses())
        self.switch = circuit.variable()
        premise = [[-use, literal] for use, literal in zip(self.uses, supposed, strict=True)]
        self._numbered(
            [self.switch, *_variables([list(row.values()) for row in rows])],
            [about, state, step, following, premise],
        )

    def _only_about(self, questions: Sequence[Question]) -> Iterator[Clause]:
        """What matters only to the member in question happens only to it."""
        chosen = {choice.chosen for choice in self.cone.choices}
        for sort, narrow in questions[0].narrow if questions else ():
            about = self.plan.about.row(sort)
            row = self.plan.step.slots.row(sort)
            same = self.plan.circuit.select((here, about[member]) for member, here in row.items())
            yield from ([-literal, same] for literal in narrow & chosen)

    def _numbered(self, first: Sequence[int], blocks: Sequence[list[Clause]]) -> None:
        """Number the variables that are used: those of the questions first, then those of the state."""
        blocks = [list(without_constants(block)) for block in blocks]
        rows = [list(row.values()) for row in self.plan.about.rows.values()]
        about = dict.fromkeys(_variables(rows, blocks[0], [self.uses]))
        self.fixed = len(about)
        used = about | dict.fromkeys(first) | dict.fromkeys(v for block in blocks for v in _variables(block))
        self.number = {variable: number for number, variable in enumerate(used, 1)}
        self.stride = len(self.number) - self.fixed
        numbered = ([list(map(self.literal, clause)) for clause in block] for block in blocks)
        made = (Block(block, self.fixed) for block in numbered)
        self.about, self.state, self.step, self.order, self.premise = made

    def literal(self, literal: Literal, by: int = 0) -> Literal:
        """The number of a literal of depth 0, or moved."""
        variable = abs(literal)
        number = self.number[variable % NEXT]
        if number > self.fixed:
            number += by + (self.stride if variable >= NEXT else 0)
        return number if literal > 0 else -number


def _variables(*blocks: Sequence[Clause]) -> Iterator[int]:
    return (
        variable
        for block in blocks
        for clause in block
        for literal in clause
        if (variable := abs(literal) % NEXT) != TRUE
    )
