"""Check a scope: search it where that completes, else walk it at random; say which.

The verdict words are those of the contract: HOLDS only when every reachable state was visited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..model.language.plain import true_of
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Scope
from ..model.language.wording import word
from ..solver.ground import Grounder
from ..solver.simplify import is_false
from .replay import Run, confirmed, program, violates
from .results import Coverage, Finding, Result, Verdict
from .search import Limits, Search, Tick, search
from .walk import Walk, walk

if TYPE_CHECKING:
    from .lasso import Lasso

NO_DEADLOCK = "no_deadlock"
STATE_COUNT = "state_count"
UNTOUCHED = "vacuous: nothing that can happen in this scope touches it"


@dataclass(frozen=True)
class Options:
    """How hard ``check`` tries: the search's limits, then the walk's steps and seed.

    ``expect`` and ``states`` are what the file expects: verdicts, and the number of reachable states.
    """

    limits: Limits = Limits(states=300_000, seconds=30)
    steps: int = 200_000
    seed: int = 0
    expect: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None
    on_tick: Callable[[Tick], None] | None = None


def check(scope: Scope, options: Options = Options()) -> Result:
    """Ask every invariant and every ``possible`` of a scope, and look for deadlocks."""
    asked = [p for p in scope.model.of_kind("possible") if can_be_asked(scope, p)]
    invariants = invariants_of(scope.model)
    waits = bool(scope.model.of_kind("progress"))
    found = search(
        scope, invariants, asked, limits=options.limits, on_tick=options.on_tick, keeps_edges=waits
    )
    if found.complete or found.stopped == "interrupted" or not found.states:
        return _result(scope, options, _Searched(found), invariants, asked)
    walked = walk(scope, invariants, asked, steps=options.steps, seed=options.seed, on_tick=options.on_tick)
    return _result(scope, options, _Sampled(found, walked), invariants, asked)


def can_be_asked(scope: Scope, predicate: Predicate) -> bool:
    """Whether the scope's data, settings and budgets leave a ``possible`` open (no FT VM: nothing of FT)."""
    if not all(scope.all_budgets.get(budget, 1) for budget in predicate.needs):
        return False
    return not is_false(Grounder(scope).statement(predicate))


class _Searched:
    """What is known after a search."""

    engine = "search"

    def __init__(self, found: Search) -> None:
        self.found = found
        self.violations, self.witnesses, self.deadlock = found.violations, found.witnesses, found.deadlock
        self.states, self.transitions, self.depth = found.states, found.transitions, found.depth
        self.seconds, self.coverage, self.seed = found.seconds, Coverage(dict(found.fired)), None

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""
        if not self.found.states:
            return Verdict.UNDETERMINED, self.found.stopped
        if self.found.complete:
            return Verdict.HOLDS, f"all {self.found.states:,} reachable states"
        return (
            Verdict.UNDETERMINED,
            f"{self.found.stopped} after {self.found.states:,} states; give it more time",
        )

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""
        return "no reachable state shows it: the scope (or the model) says too little"


class _Sampled:
    """What is known after a search that gave up and a walk."""

    engine = "walk"

    def __init__(self, found: Search, walked: Walk) -> None:
        self.found, self.walked = found, walked
        self.violations = {**walked.violations, **found.violations}
        self.witnesses = {**walked.witnesses, **found.witnesses}
        self.deadlock = found.deadlock or walked.deadlock
        self.states, self.transitions, self.depth = walked.states, walked.steps, None
        self.seconds, self.coverage, self.seed = found.seconds + walked.seconds, walked.coverage, walked.seed

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""
        if self.walked.stopped:
            return Verdict.UNDETERMINED, f"{self.walked.stopped} after {self.walked.steps:,} random steps"
        searched = f"before, {self.found.states:,} states breadth-first to level {self.found.depth}"
        return Verdict.SAMPLED, f"{self.walked.steps:,} random steps in {self.walked.runs:,} runs; {searched}"

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""
        return f"not seen in {self.walked.steps:,} random steps; try --steps or a smaller scope"


_Known = _Searched | _Sampled


def _result(
    scope: Scope, options: Options, known: _Known, invariants: tuple[Predicate, ...], asked: list[Predicate]
) -> Result:
    findings = [
        *(_invariant(scope, p, known) for p in invariants),
        *(_possible(scope, p, known) for p in asked),
    ]
    findings += [_no_deadlock(scope, known), *_progress(scope, known), *_count(options, known)]
    expected = tuple(replace(f, expected=options.expect.get(f.property)) for f in findings)
    return Result(
        command="check",
        model=scope.model.name,
        scope=scope.describe(),
        settings=dict(scope.all_settings),
        findings=expected,
        states=known.states,
        transitions=known.transitions,
        depth=known.depth,
        seconds=known.seconds,
        seed=known.seed,
        coverage=known.coverage,
        notes=tuple(_notes(scope, options, asked, findings)),
    )


def _notes(scope: Scope, options: Options, asked: list[Predicate], findings: list[Finding]) -> Iterator[str]:
    skipped = [p.name for p in scope.model.of_kind("possible") if p not in asked]
    if skipped:
        yield f"not asked, the scope's data rule it out: {', '.join(skipped)}"
    silent = [p.name for p in scope.model.of_kind("progress") if all(f.property != p.name for f in findings)]
    if silent:
        yield f"not at stake, or only decided by a complete search: {', '.join(silent)}"
    unknown = sorted(set(options.expect) - {finding.property for finding in findings})
    if unknown:
        yield f"[expect] names what is not asked here: {', '.join(unknown)}"


def _finding(predicate: Predicate, known: _Known, verdict: Verdict, reason: str) -> Finding:
    return Finding(
        predicate.name,
        predicate.kind,
        predicate.sentence,
        verdict,
        known.engine,
        reason,
        predicate.mechanism,
        predicate.source,
    )


def _invariant(scope: Scope, predicate: Predicate, known: _Known) -> Finding:
    broken = known.violations.get(predicate.name)
    if broken is None:
        verdict, reason = known.good()
        vacuous = predicate.name in known.found.kernel.settled
        return _finding(predicate, known, verdict, UNTOUCHED if vacuous else reason)
    confirmed(broken, violates(scope, predicate), predicate.name)
    plain = _finding(predicate, known, Verdict.REFUTED, f"violated after {len(broken.instances)} steps")
    return replace(plain, trace=broken.steps(), program=program(broken))


def _possible(scope: Scope, predicate: Predicate, known: _Known) -> Finding:
    witness = known.witnesses.get(predicate.name)
    if witness is None:
        return _finding(predicate, known, Verdict.UNDETERMINED, known.unseen())
    confirmed(witness, lambda packed: true_of(scope, packed, predicate), predicate.name)
    seen = _finding(predicate, known, Verdict.HOLDS, f"seen after {len(witness.instances)} steps")
    return replace(seen, trace=witness.steps())


def _no_deadlock(scope: Scope, known: _Known) -> Finding:
    sentence = "Something can happen in every state, or a @final statement holds."
    blank = Finding(NO_DEADLOCK, "deadlock", sentence, *_engine_last(known))
    if known.deadlock is None:
        return blank
    stuck: Run = known.deadlock
    reason = f"nothing is possible after {len(stuck.instances)} steps; is it an end? then say so with @final"
    return replace(blank, verdict=Verdict.REFUTED, reason=reason, trace=stuck.steps(), program=program(stuck))


def _count(options: Options, known: _Known) -> Iterator[Finding]:
    """Whether there are as many reachable states as the file says, where all were visited."""
    if options.states is None or not known.found.complete:
        return
    met = known.states == options.states
    reason = (
        f"{known.states:,} states, as the file says"
        if met
        else (f"{known.states:,} states, and the file says {options.states:,}")
    )
    verdict = Verdict.HOLDS if met else Verdict.REFUTED
    sentence = "As many states are reachable as the file says."
    yield Finding(STATE_COUNT, "count", sentence, verdict, "search", reason)


def _engine_last(known: _Known) -> tuple[Verdict, str, str]:
    verdict, reason = known.good()
    return verdict, known.engine, reason


def _progress(scope: Scope, known: _Known) -> Iterator[Finding]:
    """The progress properties whose wait begins in the scope; decided where all states were visited."""
    predicates = scope.model.of_kind("progress")
    if not predicates or not known.found.complete:
        return
    from .lasso import endless_wait

    for predicate in predicates:
        waits = endless_wait(known.found, predicate)
        if waits.lasso is not None:
            yield _endless(predicate, known, waits.lasso)
        elif waits.begins:
            yield _finding(predicate, known, *known.good())


def _endless(predicate: Predicate, known: _Known, lasso: Lasso) -> Finding:
    before = len(lasso.run.instances) - lasso.round
    names = ", ".join(
        f"{p.name}={word(a)}" for p, a in zip(predicate.parameters, lasso.arguments, strict=True)
    )
    reason = f"after {before} steps " + (
        f"{lasso.round} steps go round for ever" if lasso.round else "nothing more has to happen"
    )
    plain = _finding(predicate, known, Verdict.REFUTED, reason + (f" ({names})" if names else ""))
    return replace(plain, trace=lasso.run.steps(), round=lasso.round)
