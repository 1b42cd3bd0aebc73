"""Whether a small cluster ever breaks what could not be proved: engine after engine, few faults first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..solver.diagrams.limits import Size
from .effort import Effort
from .explore import explore
from .replay import Run
from .search import Limits, search
from .walk import walk

STEPS = 100_000
FEW = Limits(states=500_000, seconds=8)
SHORT, LONG = Size(seconds=3), Size(seconds=20)


@dataclass(frozen=True)
class Reached:
    """What is known about some statements in a small cluster: runs to states in which one is false.

    ``states`` were visited, ``complete``: these are all.
    """

    engine: str
    scope: Scope
    states: int
    complete: bool
    runs: dict[str, Run] = field(default_factory=dict)

    def says(self, goal: str) -> str:
        """What that means for the induction of a goal that fails."""
        run = self.runs.get(goal)
        if run is not None:
            return f"reachable: {goal} is false after {len(run.instances)} steps with {run.scope.name}"
        states = f"{self.states:,} states of {self.scope.name}"
        if self.complete:
            return f"unreachable in the {states}: a lemma is missing"
        return f"not reached among {states}: a lemma may be missing"


def reached(scope: Scope, asked: Sequence[Predicate]) -> Reached:
    """Look for a run that breaks the first statement; one that breaks another is kept, too."""
    runs: dict[str, Run] = {}
    states = 0
    for found in _engines(scope, asked):
        runs = found.runs | runs
        states = max(states, found.states)
        if asked[0].name in runs or found.complete:
            break
    return replace(found, states=states, runs=runs)


def _engines(scope: Scope, asked: Sequence[Predicate]) -> Iterator[Reached]:
    """One engine after the other, the exact ones first, and small parts of the scope before all of it."""
    found = search(scope, asked, limits=FEW)
    yield Reached("search", scope, found.states, found.complete, found.violations)
    for fewer in _with_few_faults(scope):
        yield replace(_explored(fewer, asked, SHORT), scope=scope, complete=False)
    yield _explored(scope, asked, LONG)
    walked = walk(scope, asked, steps=STEPS)
    yield Reached("walk", scope, 0, False, walked.violations)


def _with_few_faults(scope: Scope) -> Iterator[Scope]:
    """The scope without faults, then with each of them alone."""
    none = dict.fromkeys(scope.all_budgets, 0)
    yield replace(scope, budgets=none, name=f"{scope.name}, no fault")
    for name, times in scope.all_budgets.items():
        if times:
            yield replace(scope, budgets={**none, name: times}, name=f"{scope.name}, {name}")


def _explored(scope: Scope, asked: Sequence[Predicate], size: Size) -> Reached:
    found = explore(scope, (), Effort(size, only=tuple(predicate.name for predicate in asked)))
    runs = {name: runs[0] for name, runs in found.violations.items() if runs}
    return Reached("diagrams", scope, found.states, found.complete, runs)
