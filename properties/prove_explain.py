"""Why a proof fails: a small cluster in which a step breaks the invariant, and whether it is ever reached."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..model.language.plain import Packed, refusals
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..model.language.wording import word
from ..solver.diagrams.limits import Size
from .effort import Effort
from .explore import explore
from .proofs import FOLLOWS, PROVED, START, FailedInduction, Obligation, Proof
from .replay import OurBug, Run, confirmed, program, step_of, violates
from .results import Finding, Step, Verdict
from .search import Limits, search
from .walk import walk

if TYPE_CHECKING:
    from ..solver.smt.small import SmallCase
    from .prove import Attempt

MOST_EXPLAINED = 6
SHOW_SECONDS = 20
STEPS = 100_000
REACH = Limits(states=20_000, seconds=8)
DIAGRAMS = Size(seconds=20)


def explained(attempt: Attempt, findings: list[Finding], proof: Proof) -> tuple[list[Finding], Proof]:
    """The findings with those refuted that a search has refuted, and the failed inductions."""
    changed: list[Finding] = []
    inductions: list[FailedInduction] = []
    for finding in findings:
        obligation = _first_failed(attempt, finding)
        shown = [failed.obligation for failed in inductions]
        if obligation is None or obligation in shown or len(inductions) == MOST_EXPLAINED:
            changed.append(finding)
            continue
        better, induction = _explain(attempt, finding, obligation)
        changed.append(better)
        inductions += [induction] if induction is not None else []
    return changed, replace(proof, inductions=tuple(inductions))


def _first_failed(attempt: Attempt, finding: Finding) -> Obligation | None:
    """The first obligation that stands in the way of a proof and can be shown on a small cluster."""
    if finding.verdict is Verdict.PROVED:
        return None
    goals = [finding.property, *sorted(attempt.supports(finding.property) - {finding.property})]
    found = (o for goal in goals for o in attempt.found.values() if o.goal == goal)
    open_ones = (o for o in found if o.answer != PROVED and o.action != FOLLOWS)
    return next((o for o in open_ones if o.goal in attempt.goals), None)


def _explain(
    attempt: Attempt, finding: Finding, obligation: Obligation
) -> tuple[Finding, FailedInduction | None]:
    case = _small_case(attempt, obligation)
    if case is None:
        return finding, None
    predicate = attempt.properties[finding.property]
    refuted, reached = _reach(case, predicate, finding)
    induction = _shown(case, obligation, attempt.goals[obligation.goal], reached)
    reason = f"{finding.reason}; {reached}" if refuted is finding else refuted.reason
    return replace(refuted, reason=reason), induction


def _small_case(attempt: Attempt, obligation: Obligation) -> SmallCase | None:
    from ..solver.smt.small import sizes_of, small_case

    standing = attempt.standing()
    assumed = {n: p for n, p in attempt.goals.items() if n in standing or n == obligation.goal}
    action = None if obligation.action == START else obligation.action
    began = time.monotonic()
    for sizes in sizes_of(attempt.scope):
        if time.monotonic() - began > SHOW_SECONDS:
            break
        found = small_case(attempt.scope, assumed, action, obligation.goal, sizes)
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class _Reached:
    """What an engine knows about a broken property in a small cluster."""

    engine: str
    run: Run | None
    states: int
    complete: bool


def _engines(scope: Scope, predicate: Predicate) -> Iterator[_Reached]:
    """One engine after the other, the exact ones first."""
    found = search(scope, [predicate], limits=REACH)
    yield _Reached("search", found.violations.get(predicate.name), found.states, found.complete)
    explored = explore(scope, (), Effort(DIAGRAMS, only=(predicate.name,)))
    runs = explored.violations.get(predicate.name, ())
    yield _Reached("diagrams", next(iter(runs), None), explored.states, explored.complete)
    walked = walk(scope, [predicate], steps=STEPS)
    yield _Reached("walk", walked.violations.get(predicate.name), explored.states, False)


def _reach(case: SmallCase, predicate: Predicate, finding: Finding) -> tuple[Finding, str]:
    """Whether a run of the small cluster breaks the property; then that is the answer."""
    for found in _engines(case.scope, predicate):
        if found.run is not None:
            return _refuted(case, predicate, finding, found), "reachable: the property is refuted"
        if found.complete:
            break
    states = f"{found.states:,} states of {case.scope.name}"
    if found.complete:
        return finding, f"unreachable in the {states}: a lemma is missing"
    return finding, f"not reached among {states}: a lemma may be missing"


def _refuted(case: SmallCase, predicate: Predicate, finding: Finding, found: _Reached) -> Finding:
    assert found.run is not None
    confirmed(found.run, violates(case.scope, predicate), predicate.name)
    return replace(
        finding,
        verdict=Verdict.REFUTED,
        engine=found.engine,
        reason=f"violated after {len(found.run.instances)} steps with {case.scope.name}",
        trace=found.run.steps(),
        program=program(found.run),
    )


def _shown(case: SmallCase, obligation: Obligation, goal: Predicate, reached: str) -> FailedInduction:
    """The case as reports show it. Raises OurBug where the plain reading disagrees with Z3."""
    from ..model.language.plain import run, true_of

    state = tuple(_unusual(case.scope, case.before))
    if case.instance is None:
        _must(not true_of(case.scope, case.before, goal), obligation)
        return FailedInduction(obligation, case.scope.name, state, None, (), reached)
    _must(
        true_of(case.scope, case.before, goal) and not refusals(case.scope, case.before, case.instance),
        obligation,
    )
    after = run(case.scope, case.before, case.instance)
    _must(not true_of(case.scope, after, goal), obligation)
    step: Step = step_of(case.scope, case.before, case.instance, after)
    guards = case.scope.traces[case.instance.action.name].guards
    held = tuple(guard.reason for guard in guards if case.scope.on(guard.mechanism))
    return FailedInduction(obligation, case.scope.name, state, step, held, reached)


def _must(agrees: bool, obligation: Obligation) -> None:
    if not agrees:
        raise OurBug(f"Z3 and the plain reading disagree about the failed induction of {obligation}")


def _unusual(scope: Scope, packed: Packed) -> list[tuple[str, str]]:
    """The cells that do not have the first value of their domain, budgets left out."""
    return [
        (str(cell), word(cell.values[code]))
        for cell, code in zip(scope.cells, packed, strict=True)
        if code and cell.field in scope.model.fields
    ]
