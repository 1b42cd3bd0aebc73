"""Why a proof fails: a small cluster in which a step breaks the invariant, and whether it is ever reached."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..model.language.plain import Packed, refusals
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..model.language.wording import word
from .proofs import FOLLOWS, PROVED, START, FailedInduction, Obligation, Proof
from .prove_reach import Reached, reached
from .replay import OurBug, confirmed, program, step_of, violates
from .results import Finding, Step, Verdict

if TYPE_CHECKING:
    from ..solver.smt.small import SmallCase
    from .prove import Attempt

MOST_EXPLAINED = 6
SHOW_SECONDS = 20


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
    asked = {p.name: p for p in (attempt.properties[finding.property], attempt.goals[obligation.goal])}
    found = reached(case.scope, tuple(asked.values()))
    induction = _shown(case, obligation, attempt.goals[obligation.goal], found)
    if finding.property in found.runs:
        return _refuted(finding, asked[finding.property], found), induction
    return replace(finding, reason=f"{finding.reason}; {induction.reached}"), induction


def _small_case(attempt: Attempt, obligation: Obligation) -> SmallCase | None:
    """The smallest cluster with the failed step: with all that may be true, else with what is proved."""
    from ..solver.smt.small import sizes_of, small_case

    action = None if obligation.action == START else obligation.action
    began = time.monotonic()
    for sizes, assumed in itertools.product(sizes_of(attempt.scope), _believed(attempt, obligation.goal)):
        if time.monotonic() - began > SHOW_SECONDS:
            break
        found = small_case(attempt.scope, assumed, action, obligation.goal, sizes)
        if found is not None:
            return found
    return None


def _believed(attempt: Attempt, goal: str) -> list[dict[str, Predicate]]:
    """What is assumed of the state before: what did not fail, which makes it likely; what stands."""
    failed = {o.goal for o in attempt.found.values() if o.answer != PROVED}
    choices = (set(attempt.goals) - failed, attempt.standing())
    return [{n: p for n, p in attempt.goals.items() if n in names or n == goal} for names in choices]


def _refuted(finding: Finding, predicate: Predicate, found: Reached) -> Finding:
    run = found.runs[predicate.name]
    confirmed(run, violates(run.scope, predicate), predicate.name)
    return replace(
        finding,
        verdict=Verdict.REFUTED,
        engine=found.engine,
        reason=f"violated after {len(run.instances)} steps with {run.scope.name}",
        trace=run.steps(),
        program=program(run, predicate.name),
    )


def _shown(case: SmallCase, obligation: Obligation, goal: Predicate, found: Reached) -> FailedInduction:
    """The case as reports show it. Raises OurBug where the plain reading disagrees with Z3."""
    from ..model.language.plain import run, true_of

    state = tuple(_unusual(case.scope, case.before))
    way = found.runs.get(goal.name)
    if way is not None:
        confirmed(way, violates(way.scope, goal), goal.name)
    shown = FailedInduction(
        obligation, case.scope.name, state, None, (), found.says(goal.name), way.steps() if way else ()
    )
    if case.instance is None:
        _must(not true_of(case.scope, case.before, goal), obligation)
        return shown
    _must(
        true_of(case.scope, case.before, goal) and not refusals(case.scope, case.before, case.instance),
        obligation,
    )
    after = run(case.scope, case.before, case.instance)
    _must(not true_of(case.scope, after, goal), obligation)
    step: Step = step_of(case.scope, case.before, case.instance, after)
    guards = case.scope.traces[case.instance.action.name].guards
    held = tuple(guard.reason for guard in guards if case.scope.on(guard.mechanism))
    return replace(shown, step=step, held=held)


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
