"""The independent checker of plans: every step, with what moves counted on both hosts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .answers import Plan, PlannedMove
from .checking import counts, kept, limit_of, seat
from .problem import NOWHERE, WHOLE, Problem, Rule


def check_plan(problem: Problem, plan: Plan, goal: Sequence[int], target: int = WHOLE) -> list[str]:
    """What is wrong with an order of migrations that is to lead from the current placement to ``goal``.

    Hosts may be filled to the ``target``, where that is above their capacity.
    """
    at, found = [vm.host for vm in problem.vms], []
    for number, step in enumerate(plan.steps, 1):
        found += [f"step {number}: {complaint}" for complaint in _step(problem, at, step, max(target, WHOLE))]
        for move in step:
            at[move.vm] = move.target
    placed = [v for v in range(len(at)) if at[v] != NOWHERE]
    found += [f"{problem.vms[v].name} does not arrive" for v in placed if at[v] != goal[v]]
    return found


def _step(problem: Problem, at: list[int], step: Sequence[PlannedMove], target: int) -> Iterable[str]:
    if len({move.vm for move in step}) < len(step):
        yield "a VM is moved twice at the same time"
    yield from (f"{problem.vms[m.vm].name} is not on its source" for m in step if at[m.vm] != m.source)
    for r, resource in enumerate(problem.resources):
        arrives: dict[int, int] = defaultdict(int)
        for move in step:
            arrives[move.target] += counts(problem.vms[move.vm], r)
        for h, amount in arrives.items():
            used = sum(counts(vm, r) for vm, place in zip(problem.vms, at, strict=True) if place == h)
            if amount and used + amount > limit_of(problem, h, r, target):
                yield f"{problem.hosts[h].name} is overloaded in {resource.name} while VMs move"
    after = list(at)
    for move in step:
        after[move.vm] = move.target
        yield from seat(problem, after, move.vm, ())
    for rule in problem.rules:
        yield from _broken(problem, rule, at, after, step)


def _broken(
    problem: Problem, rule: Rule, at: Sequence[int], after: Sequence[int], step: Sequence[PlannedMove]
) -> Iterable[str]:
    """A rule that holds is not broken; one between VMs and hosts binds every VM that moves, holds or not."""
    if rule.kind.endswith("run on"):
        there = not rule.kind.endswith("not run on")
        for move in step if not rule.kind.startswith("should") else ():
            if move.vm in rule.vms and (move.target in rule.hosts) != there:
                yield f"rule {rule.name!r} is broken by {problem.vms[move.vm].name}"
    elif kept(rule, at) and not _kept_on_the_way(rule, at, after):
        yield f"rule {rule.name!r} is broken on the way"


def _kept_on_the_way(rule: Rule, at: Sequence[int], after: Sequence[int]) -> bool:
    """While VMs move they count on both hosts; VMs that are kept together move together."""
    if rule.kind != "keep apart":
        return kept(rule, after)
    places = [place for v in rule.vms for place in {at[v], after[v]} if place != NOWHERE]
    return max(Counter(places).values(), default=0) <= 1
