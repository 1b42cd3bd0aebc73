"""Check a scope: one engine after the other until one finishes, and say which.

A small scope is searched state by state, a larger one explored with decision diagrams; where both give up
it is walked at random. The verdict words are those of the contract: HOLDS only when every reachable state
was visited.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Scope
from ..solver.diagrams.limits import Size
from ..solver.ground import Grounder
from ..solver.simplify import is_false
from .effort import Effort
from .known import UNSEEN, Known, Waits, count_finding, findings_of
from .results import Coverage, Finding, Result, Verdict
from .search import Limits, Search, Tick, search
from .walk import Walk, walk

if TYPE_CHECKING:
    from ..solver.diagrams.limits import Growth
    from .explore import Explored

FEW = 5_000  # states: so many are searched one by one, which is quick and tells the most


@dataclass(frozen=True)
class Options:
    """How hard ``check`` tries: ``limits`` of the plain search, then the walk's steps and seed.

    ``effort``: of the exploration with diagrams; None: it is left out. ``expect`` and ``states`` are what the
    file expects: verdicts, and the number of reachable states.
    """

    limits: Limits = Limits(states=300_000, seconds=30)
    effort: Effort | None = Effort(Size(seconds=30))
    steps: int = 200_000
    seed: int = 0
    expect: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None
    on_tick: Callable[[Tick | Growth], None] | None = None


def check(scope: Scope, options: Options = Options()) -> Result:
    """Ask every invariant and every ``possible`` of a scope, and look for deadlocks."""
    asked, began = questions(scope), time.perf_counter()
    result = result_of(scope, "check", _known(scope, options, asked), asked, options.expect, options.states)
    return replace(result, seconds=time.perf_counter() - began)


def questions(scope: Scope) -> list[Predicate]:
    """The ``possible`` statements that can be asked in a scope."""
    return [p for p in scope.model.of_kind("possible") if can_be_asked(scope, p)]


def can_be_asked(scope: Scope, predicate: Predicate) -> bool:
    """Whether the scope's data, settings and budgets leave a ``possible`` open (no FT VM: nothing of FT)."""
    if not all(scope.all_budgets.get(budget, 1) for budget in predicate.needs):
        return False
    return not is_false(Grounder(scope).statement(predicate))


def _known(scope: Scope, options: Options, asked: list[Predicate]) -> Known:
    """What the first engine that finishes found out; else what a search and a walk did."""
    few = replace(options.limits, states=min(FEW, options.limits.states or FEW))
    found = _searched(scope, few if options.effort else options.limits, asked, options)
    if options.effort is not None and _gave_up(found):
        explored = _explored(scope, options.effort, asked, options)
        if explored.complete or explored.stopped == "interrupted":
            return explored
        seconds = options.limits.seconds
        less = replace(options.limits, seconds=None if seconds is None else seconds / 3)
        found = _searched(scope, less, asked, options)
    if not _gave_up(found):
        return _Searched(found)
    invariants = invariants_of(scope.model)
    walked = walk(scope, invariants, asked, steps=options.steps, seed=options.seed, on_tick=options.on_tick)
    return _Sampled(found, walked)


def _gave_up(found: Search) -> bool:
    """Whether a search reached one of its limits."""
    return bool(found.states) and not found.complete and found.stopped != "interrupted"


def _searched(scope: Scope, limits: Limits, asked: list[Predicate], options: Options) -> Search:
    waits = bool(scope.model.of_kind("progress"))
    invariants = invariants_of(scope.model)
    return search(scope, invariants, asked, limits=limits, on_tick=options.on_tick, keeps_edges=waits)


def _explored(scope: Scope, effort: Effort, asked: list[Predicate], options: Options) -> Explored:
    from .explore import explore

    return explore(scope, asked, replace(effort, partial=False), options.on_tick)


class _Searched:
    """What is known after a search."""

    engine = "search"
    seed = None

    def __init__(self, found: Search) -> None:
        self.found = found
        self.violations = {name: (run,) for name, run in found.violations.items()}
        self.witnesses, self.deadlock = dict(found.witnesses), found.deadlock
        self.states, self.transitions, self.depth = found.states, found.transitions, found.depth
        self.seconds, self.coverage = found.seconds, Coverage(dict(found.fired))
        self.settled, self.complete = found.kernel.settled, found.complete
        self.lost, self.details = dict[str, str](), dict[str, object]()

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""
        if not self.states:
            return Verdict.UNDETERMINED, self.found.stopped
        if self.complete:
            return Verdict.HOLDS, f"all {self.states:,} reachable states"
        return Verdict.UNDETERMINED, f"{self.found.stopped} after {self.states:,} states; give it more time"

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""
        return UNSEEN

    def waits(self, predicate: Predicate) -> Waits:
        """Whether a progress property has a wait, and one that never ends."""
        from .lasso import endless_wait

        return endless_wait(self.found, predicate)


class _Sampled:
    """What is known after a search that gave up and a walk."""

    engine = "walk"
    complete = False
    depth = None

    def __init__(self, found: Search, walked: Walk) -> None:
        self.found, self.walked = found, walked
        self.violations = {name: (run,) for name, run in {**walked.violations, **found.violations}.items()}
        self.witnesses = {**walked.witnesses, **found.witnesses}
        self.deadlock = found.deadlock or walked.deadlock
        self.states, self.transitions = walked.states, walked.steps
        self.seconds, self.coverage, self.seed = found.seconds + walked.seconds, walked.coverage, walked.seed
        self.settled, self.lost = found.kernel.settled, dict[str, str]()
        self.details = dict[str, object]()

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""
        if self.walked.stopped:
            return Verdict.UNDETERMINED, f"{self.walked.stopped} after {self.walked.steps:,} random steps"
        searched = f"before, {self.found.states:,} states breadth-first to level {self.found.depth}"
        return Verdict.SAMPLED, f"{self.walked.steps:,} random steps in {self.walked.runs:,} runs; {searched}"

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""
        return f"not seen in {self.walked.steps:,} random steps; try --steps or a smaller scope"

    def waits(self, predicate: Predicate) -> Waits:
        """A walk does not decide what must happen in the end."""
        return Waits(False, None)


def result_of(
    scope: Scope,
    command: str,
    known: Known,
    asked: Iterable[Predicate],
    expect: Mapping[str, str],
    states: int | None,
    only: tuple[str, ...] = (),
) -> Result:
    """The result that follows from what an engine knows. ``only``: names of the invariants that it asked."""
    invariants = [p for p in invariants_of(scope.model) if not only or p.name in only]
    findings = list(findings_of(scope, known, invariants, asked, everything=not only))
    if states is not None and known.complete and not only:
        findings.append(count_finding(known, states))
    return Result(
        command=command,
        model=scope.model.name,
        scope=scope.describe(),
        settings=dict(scope.all_settings),
        findings=tuple(replace(f, expected=expect.get(f.property)) for f in findings),
        states=known.states,
        transitions=known.transitions,
        depth=known.depth,
        seconds=known.seconds,
        seed=known.seed,
        coverage=known.coverage,
        notes=() if only else tuple(_notes(scope, expect, asked, findings)),
        details=known.details,
    )


def _notes(
    scope: Scope, expect: Mapping[str, str], asked: Iterable[Predicate], findings: list[Finding]
) -> Iterator[str]:
    skipped = [p.name for p in scope.model.of_kind("possible") if p not in asked]
    if skipped:
        yield f"not asked, the scope's data rule it out: {', '.join(skipped)}"
    silent = [p.name for p in scope.model.of_kind("progress") if all(f.property != p.name for f in findings)]
    if silent:
        yield f"not at stake, or only decided by a complete search: {', '.join(silent)}"
    unknown = sorted(set(expect) - {finding.property for finding in findings})
    if unknown:
        yield f"[expect] names what is not asked here: {', '.join(unknown)}"
