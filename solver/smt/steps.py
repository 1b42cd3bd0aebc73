"""Single steps over the members of a small scope: which state does an action lead out of a statement from?

As ``small``, but made once and asked thousands of times; hypotheses come and go. A counterexample is lifted:
the cells that it needs are found, all others may have any value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from ...model.language.predicates import Predicate
from ...model.language.scope import Places, Scope
from ...model.language.state import Quantity
from .obligations import Step, Theory, numbers_in_range
from .small import Sizes, members_of, places_of, value_in
from .universe import Expr, conjunction, equality, negation

SECONDS = 20


@dataclass(frozen=True)
class Known:
    """The value of a field or static at a place of a counterexample."""

    quantity: Quantity
    places: Places
    value: Any


class Undecided(Exception):
    """Z3 gave up on a question over a small scope."""


class SmallSteps:
    """The actions of a scope's model over so many members of every sort.

    A question names the hypotheses that it may use, among those that were ``learn``ed.
    """

    def __init__(self, scope: Scope, sizes: Sizes) -> None:
        self.members = members_of(sizes)
        self._learned: dict[str, Predicate] = {}
        self.theory = Theory(scope, self._learned, self.members)
        self._solvers: dict[str | None, z3.Solver] = {}
        self._steps: dict[str, Step] = {}

    def learn(self, predicate: Predicate) -> None:
        """Take note of a statement that may be assumed or asked."""
        self._learned[predicate.name] = predicate

    def holds_at_start(self, predicate: Predicate) -> bool:
        """Whether a statement is true wherever a run begins."""
        self.learn(predicate)
        goal = self.theory.goal(predicate, self.theory.before)
        return self._asked(self._solver(None), goal, predicate, ()) is None

    def keeps(self, action: str, predicate: Predicate, assumed: Iterable[str]) -> bool:
        """Whether an action keeps a statement, with it and the hypotheses true before the step."""
        return self._model(action, predicate, assumed) is None

    def counterexample(self, action: str, predicate: Predicate, assumed: Iterable[str]) -> list[Known] | None:
        """What has to be known of a state for an action to break a statement; None where it never does."""
        model = self._model(action, predicate, assumed)
        return None if model is None else self._lifted(model, action, predicate)

    def excludes(self, predicate: Predicate, core: Iterable[Known]) -> bool:
        """Whether a statement is false in every state of which so much is known."""
        self.learn(predicate)
        theory, solver = self.theory, _new_solver()
        solver.add(*theory.axioms().values(), theory.assumed()[f"{predicate.kind} {predicate.name}"])
        for known in core:
            domains = known.quantity.index
            places = [theory.universe.value(p, d) for p, d in zip(known.places, domains, strict=True)]
            read = theory.before.read(known.quantity.name, tuple(places))
            solver.add(equality(read, theory.universe.value(known.value, known.quantity.value)))
        return bool(solver.check() == z3.unsat)

    def _model(self, action: str, predicate: Predicate, assumed: Iterable[str]) -> z3.ModelRef | None:
        self.learn(predicate)
        goal = self.theory.goal(predicate, self._step(action).after)
        return self._asked(self._solver(action), goal, predicate, (predicate.name, *assumed))

    def _asked(
        self, solver: z3.Solver, goal: Expr, predicate: Predicate, assumed: Iterable[str]
    ) -> z3.ModelRef | None:
        formulas = self.theory.assumed()
        solver.push()
        try:
            solver.add(negation(goal), *self.theory.numbers(predicate))
            solver.add(*(formulas[f"{self._learned[n].kind} {n}"] for n in assumed))
            answer = solver.check()
            if answer == z3.unknown:
                raise Undecided(solver.reason_unknown())
            return solver.model() if answer == z3.sat else None
        finally:
            solver.pop()

    def _step(self, action: str) -> Step:
        if action not in self._steps:
            self._steps[action] = self.theory.step(action)
        return self._steps[action]

    def _solver(self, action: str | None) -> z3.Solver:
        """A solver that knows the axioms, and the action's guards or the initial statements."""
        if action not in self._solvers:
            solver = self._solvers[action] = _new_solver()
            solver.add(*self.theory.axioms().values())
            if action is None:
                solver.add(*self.theory.initial().values())
            else:
                step = self._step(action)
                solver.add(*step.guards.values(), *numbers_in_range(step.arguments()))
        return self._solvers[action]

    def _lifted(self, model: z3.ModelRef, action: str, predicate: Predicate) -> list[Known]:
        """The cells of a state that make the action possible, and break the statement after it."""
        step, solver = self._step(action), _new_solver()
        some = self.theory.some(predicate)
        fixed = [*step.env.values(), *some.values(), *step.after.effects.values()]
        solver.add(*(value == model.eval(value, model_completion=True) for value in fixed))
        happens = conjunction(step.guards.values())
        solver.add(negation(conjunction([happens, negation(self.theory.goal(predicate, step.after))])))
        switches = {}
        for number, (known, fact) in enumerate(self._facts(model)):
            switch = z3.Bool(f"cell {number}")
            switches[switch.decl().name()] = known
            solver.add(z3.Implies(switch, fact))
        answer = solver.check(*map(z3.Bool, switches))
        if answer != z3.unsat:
            raise Undecided("a counterexample cannot be lifted")
        return [switches[switch.decl().name()] for switch in solver.unsat_core()]

    def _facts(self, model: z3.ModelRef) -> Iterator[tuple[Known, Expr]]:
        """Everything that a model says of a state."""
        theory, declared = self.theory, self.theory.scope.model
        for quantity in (*declared.fields.values(), *declared.statics.values()):
            for at, places in places_of(theory, quantity):
                read = theory.before.read(quantity.name, at)
                value = value_in(theory, model, read, quantity.value)
                fact = equality(read, theory.universe.value(value, quantity.value))
                yield Known(quantity, places, value), fact


def _new_solver() -> z3.Solver:
    solver = z3.Solver()
    solver.set("timeout", SECONDS * 1000)
    solver.set("core.minimize", True)
    solver.set("ctrl_c", False)
    return solver
