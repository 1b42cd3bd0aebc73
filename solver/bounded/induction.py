"""k-induction: what holds for k steps in a row, wherever they begin, holds after the next.

All statements are tried together, each leaning on the others; those that fail are taken out until the rest
stand (Houdini). Where the first steps from the start violate none of them either, they hold for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from ...model.language.predicates import Predicate
from .blueprint import Plan, Question
from .circuit import FALSE, TRUE, Literal
from .template import Template
from .unrolling import Unrolling

SLICES = 15  # of the solver's work for one statement, then it counts as failed


class Induction:
    """Statements about a plan, and k steps that begin anywhere."""

    def __init__(self, plan: Plan, predicates: Sequence[Predicate], on_slice: Callable[[], None]) -> None:
        self.names = [predicate.name for predicate in predicates]
        self.bad = [plan.bad(predicate) for predicate in predicates]
        holds = list[Literal]()
        for predicate in predicates:
            on_slice()
            holds.append(plan.holds(predicate))
        questions = [Question(predicate, bad) for predicate, bad in zip(predicates, self.bad, strict=True)]
        self.template = Template(plan, questions, supposed=holds, ordered=False)
        self.unrolling = Unrolling(self.template, on_slice, anywhere=True)

    def deeper(self) -> None:
        """One step more."""
        self.unrolling.suppose()
        self.unrolling.grow()

    def standing(self, names: Set[str], known: Set[str]) -> set[str]:
        """Those of the statements that hold after the last step if they and the ``known`` hold before it."""
        left = [number for number, name in enumerate(self.names) if name in names]
        always = [number for number, name in enumerate(self.names) if name in known]
        before = -1
        while len(left) != before:
            before = len(left)
            for number in list(left):
                if not self._holds(number, [*left, *always]):
                    left.remove(number)
        return {self.names[number] for number in left}

    def _holds(self, number: int, left: Sequence[int]) -> bool:
        """Whether a statement holds after the last step, surely."""
        bad = self.bad[number]
        if bad in (TRUE, FALSE):
            return bad == FALSE
        uses = [self.unrolling.literal(self.template.uses[other], 0) for other in left]
        asked = [*uses, self.unrolling.literal(bad, self.unrolling.depth)]
        answers = (self.unrolling.try_for_a_slice(asked) for _ in range(SLICES))
        return next((answer for answer in answers if answer is not None), True) is False
