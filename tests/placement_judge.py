"""The judge of placement answers: a random small cluster, a query, and what trying everything says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from placement_clusters import memory_moved, moves, placements
from vmproof.solver.placement import (
    VM,
    Answer,
    Effort,
    Host,
    Problem,
    Resource,
    Rule,
    Verdict,
    check_answer,
    check_placement,
    check_plan,
    rules,
)
from vmproof.solver.placement.answers import Goal
from vmproof.solver.placement.checking_bounds import check_answer_bound
from vmproof.solver.placement.evening import aim_of, deviation_bound
from vmproof.solver.placement.explaining import Named, explain
from vmproof.solver.placement.planning import plan
from vmproof.solver.placement.queries import PRICES, admit, evacuate, rebalance, repair
from vmproof.solver.placement.surviving import survive
from vmproof.solver.placement.units import units_of

EFFORT = Effort(rounds=30, pieces=30, seconds=None)
KINDS: tuple[Any, ...] = (
    "keep together", "keep apart", "must run on", "must not run on", "should run on", "should not run on",
)  # fmt: skip


def cluster_of(dice: random.Random, placed: bool = True, soft: bool = False) -> Problem:
    """Two to four hosts, one to six VMs, one to four resources, rules, states, limits, pinned VMs."""
    hosts, vms = dice.randint(2, 4), dice.randint(1, 6)
    vms = min(vms, 4) if hosts == 4 else vms
    names = ("cpu", "memory", "slots", "network")[: dice.randint(1, 4)]
    resources = tuple(Resource(name, "units", load=name != "slots") for name in names)
    states: Any = ("normal",) * 8 + ("maintenance", "quarantine")
    return Problem(
        "random",
        resources,
        tuple(
            Host(f"h{h}", tuple(dice.randint(4, 26) for _ in names), dice.choice(states))
            for h in range(hosts)
        ),
        tuple(_vm(dice, f"v{v}", hosts, len(names), placed) for v in range(vms)),
        tuple(_rules(dice, hosts, vms, 6 if soft else 4)),
    )


def _vm(dice: random.Random, name: str, hosts: int, resources: int, placed: bool) -> VM:
    demand = tuple(dice.randint(0, 9) for _ in range(resources))
    limits = tuple(dice.choice((None, dice.randint(0, 9))) for _ in demand) if dice.random() < 0.3 else ()
    barred = frozenset([dice.randrange(hosts)]) if dice.random() < 0.15 else frozenset()
    place = dice.randrange(0 if placed else -1, hosts)
    pinned = dice.random() < 0.1
    return VM(name, demand, place, barred, pinned, priority=dice.randint(1, 3), limits=limits)


def _rules(dice: random.Random, hosts: int, vms: int, kinds: int) -> Iterator[Rule]:
    for number in range(dice.randint(0, 3)):
        kind = KINDS[dice.randrange(kinds)]
        least = 2 if kind.startswith("keep") else 1
        if vms >= least:
            group = dice.sample(range(vms), dice.randint(least, min(3, vms)))
            there = dice.sample(range(hosts), dice.randint(1, hosts)) if least == 1 else ()
            yield Rule(f"rule {number}", kind, tuple(group), tuple(there))


def judge(number: int) -> None:
    """Ask the query of this number about its cluster. Raises AssertionError where the answer is wrong."""
    dice = random.Random(number)
    query = QUERIES[number % len(QUERIES)]
    JUDGES[query](dice)


def sound(answer: Answer) -> None:
    """The answer passes the independent checker, and so does its bound where that is not a solver's word."""
    assert not check_answer(answer), check_answer(answer)
    if answer.bound is not None and answer.placement and answer.bound.stages:
        doubts = check_answer_bound(answer)
        assert not doubts, doubts


def _target(dice: random.Random) -> int:
    return dice.choice((10_000, 10_000, 8_000, 5_500, 13_000))


def _repair(dice: random.Random) -> None:
    problem, target = cluster_of(dice), _target(dice)
    _fewest(repair(problem, target, EFFORT), problem, target)


def _fewest(answer: Answer, problem: Problem, target: int) -> None:
    every = list(placements(problem, target))
    if not every:
        assert answer.verdict is Verdict.IMPOSSIBLE, answer.verdict
        return
    sound(answer)
    assert answer.verdict is Verdict.OPTIMAL, answer.verdict
    assert answer.objective == min(moves(problem, p) for p in every)
    least = min(memory_moved(problem, p) for p in every if moves(problem, p) == answer.objective)
    assert memory_moved(problem, answer.placement) == least


def _preferences(dice: random.Random) -> None:
    problem, target = cluster_of(dice, soft=True), _target(dice)
    soft = [rule for rule in problem.rules if rule.soft]
    answer = repair(problem, target, EFFORT)
    if not any(placements(problem.without(soft), target)):
        assert answer.verdict is Verdict.IMPOSSIBLE, answer.verdict
        return
    kept = list(soft)
    if not any(placements(problem, target)):
        kept = []
        for rule in soft:
            if any(placements(problem.without([r for r in soft if r not in [*kept, rule]]), target)):
                kept.append(rule)
    sound(answer)
    assert set(answer.given_up) == {rule.name for rule in soft if rule not in kept}
    rest = problem.without([rule for rule in soft if rule not in kept])
    assert answer.objective == min(moves(problem, p) for p in placements(rest, target))


def _evacuate(dice: random.Random) -> None:
    problem, target = cluster_of(dice), _target(dice)
    host = dice.randrange(len(problem.hosts))
    answer = evacuate(problem, [host], target, EFFORT)
    _fewest(answer, problem.in_maintenance([host]), target)
    assert host not in answer.placement


def measured(problem: Problem, placement: Sequence[int], goal: Goal) -> int:
    """The value of a goal by the statistics module, so by nobody's code here."""
    import math
    from fractions import Fraction
    from statistics import pvariance

    worst = 0
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    for r in (r for r, resource in enumerate(problem.resources) if resource.load):
        used = [
            sum(vm.counted[r] for vm, h in zip(problem.vms, placement, strict=True) if h == up_h)
            for up_h in up
        ]
        parts = [
            math.ceil(Fraction(u * 10_000, max(problem.hosts[h].capacity[r], 1)))
            for u, h in zip(used, up, strict=True)
        ]
        variance = pvariance([Fraction(min(part, 10_000)) for part in parts]) if parts else Fraction(0)
        root = next(d for d in range(10_001) if d * d >= variance)
        worst = max(worst, max(parts, default=0) if goal.measure == "highest" else root)
    return max(0, worst - goal.aim) + goal.price * moves(problem, tuple(placement))


def _balanced(answer: Answer, problem: Problem, goal: Goal) -> None:
    every = list(placements(problem, 10_000))
    if not every:
        assert answer.verdict in (Verdict.IMPOSSIBLE, Verdict.UNDETERMINED), answer.verdict
        return
    sound(answer)
    assert answer.objective == min(measured(problem, p, goal) for p in every)
    assert answer.verdict is Verdict.OPTIMAL, answer.verdict


def _highest(dice: random.Random) -> None:
    problem, threshold = cluster_of(dice), dice.randint(2, 5)
    answer = rebalance(problem, threshold, EFFORT)
    _balanced(answer, problem, Goal("highest", PRICES[threshold]))


def _deviation(dice: random.Random) -> None:
    problem, threshold = cluster_of(dice), dice.randint(2, 5)
    up = sum(host.state != "maintenance" for host in problem.hosts)
    goal = Goal("deviation", 1, aim_of(up, threshold))
    answer = rebalance(problem, threshold, EFFORT, by="deviation")
    _balanced(answer, problem, goal)
    if answer.placement:
        clear = (answer.objective or 0) + 60  # not cut at the truth by what is handed over
        bound = deviation_bound(units_of(problem, problem.limits()), goal, clear)
        assert bound.value <= (answer.objective or 0)
        assert not check_answer_bound(replace(answer, bound=bound))


def _partly(problem: Problem, new: list[int]) -> Iterator[tuple[int, ...]]:
    """Every placement of the VMs that run and of these new ones."""
    off = [v for v, vm in enumerate(problem.vms) if vm.host == -1 and v not in new]
    choices = [[-1] if v in off else range(len(problem.hosts)) for v in range(len(problem.vms))]
    return (p for p in product(*choices) if not check_placement(problem, p, 10_000, off))


def _admit(dice: random.Random) -> None:
    problem = cluster_of(dice, placed=False)
    new = [v for v, vm in enumerate(problem.vms) if vm.host == -1]
    answer = admit(problem, new, effort=EFFORT)
    if not any(_partly(problem, [])):
        assert answer.verdict is Verdict.IMPOSSIBLE, answer.verdict
        return
    sound(answer)
    admitted: list[int] = []
    for v in sorted(new, key=lambda v: (-problem.vms[v].priority, v)):
        if any(_partly(problem, [*admitted, v])):
            admitted.append(v)
    if any(_partly(problem, new)):
        admitted = new
    assert set(answer.refused) == {problem.vms[v].name for v in new if v not in admitted}
    assert answer.verdict is (Verdict.IMPOSSIBLE if answer.refused else Verdict.OPTIMAL), answer.verdict
    assert answer.objective == min(moves(problem, p) for p in _partly(problem, admitted))


def _survive(dice: random.Random) -> None:
    problem = cluster_of(dice)
    places = problem.current.tolist()
    problem = problem.without([rule for rule in problem.rules if not rules.holds(rule, places)])
    failures = dice.randint(1, 2)
    answer = survive(problem, failures, EFFORT)
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    truth = all(restarts(problem, failed) for failed in combinations(up, min(failures, len(up))))
    assert answer.verdict is (Verdict.PROVED if truth else Verdict.REFUTED), answer.verdict
    assert truth or not restarts(problem, [problem.host_number(name) for name in answer.broken])


def restarts(problem: Problem, failed: Sequence[int]) -> bool:
    """Whether the VMs of failed hosts fit somewhere while all others stay."""
    lost = [v for v, vm in enumerate(problem.vms) if vm.host in failed]
    after = [-1 if v in lost else vm.host for v, vm in enumerate(problem.vms)]
    before = set(check_placement(problem, after, 10_000, lost))
    for places in product([h for h in range(len(problem.hosts)) if h not in failed], repeat=len(lost)):
        there = list(after)
        for v, h in zip(lost, places, strict=True):
            there[v] = h
        if _clean(problem, there, lost, before):
            return True
    return False


def _clean(problem: Problem, there: list[int], lost: list[int], before: set[str]) -> bool:
    """Nothing is wrong that was right before, as far as the restarted VMs have a part in it."""
    only = [there[v] if v in lost else -1 for v in range(len(there))]
    if not all(rules.holds(rule, only) for rule in problem.rules):
        return False
    names = tuple(f"{problem.vms[v].name} " for v in lost)
    used = {there[v] for v in lost if any(problem.vms[v].counted)}
    for complaint in check_placement(problem, there, 10_000):
        if complaint.startswith(tuple(f"h{h}:" for h in range(4))):
            if complaint.startswith(tuple(f"h{h}:" for h in used)) and complaint not in before:
                return False
        elif complaint.startswith("rule"):
            if complaint not in before:
                return False
        elif complaint.startswith(names) and "pinned" not in complaint:
            return False
    return True


def _explain(dice: random.Random) -> None:
    problem, target = cluster_of(dice, soft=True), _target(dice)
    named = Named(problem, target)
    core = named.core(list(named.elements))
    assert (core is None) == any(placements(problem, target))
    if core is None:
        return
    assert core.minimal
    assert not any(_obeys(problem, target, core.elements))
    for element in core.elements:
        assert any(_obeys(problem, target, [name for name in core.elements if name != element])), element
    assert explain(problem, target).cures


def _obeys(problem: Problem, target: int, elements: Sequence[str]) -> Iterator[bool]:
    """For every placement that keeps the named elements: True. Without any solver."""
    loose = loosened(problem, target, elements)
    for placement in product(range(len(problem.hosts)), repeat=len(problem.vms)):
        if not check_placement(loose, placement, target, soft=True):
            yield True


def loosened(problem: Problem, target: int, elements: Sequence[str]) -> Problem:
    """The problem with nothing but these elements of a core."""
    huge = 10**9
    kept = tuple(rule for rule in problem.rules if f"rule {rule.name!r}" in elements)
    hosts = tuple(
        replace(
            host,
            state=host.state
            if f"{host.name} in {host.state} mode" in elements or host.state == "failed"
            else "normal",
            capacity=tuple(
                c if any(e.startswith(f"{resource.name} of {host.name} (") for e in elements) else huge
                for c, resource in zip(host.capacity, problem.resources, strict=True)
            ),
        )
        for host in problem.hosts
    )
    vms = tuple(
        replace(
            vm,
            pinned=f"{vm.name} may not be moved" in elements,
            barred=vm.barred if f"the datastores of {vm.name}" in elements else frozenset(),
        )
        for vm in problem.vms
    )
    return replace(problem, rules=kept, hosts=hosts, vms=vms)


def _plan(dice: random.Random) -> None:
    problem, target = cluster_of(dice), _target(dice)
    answer = repair(problem, target, EFFORT)
    if not answer.placement:
        return
    made = plan(problem, answer.placement, dice.randint(1, 3), target=target)
    if made.verdict.exit == 0:
        assert not check_plan(problem, made, answer.placement, target)
    else:
        assert made.verdict is Verdict.IMPOSSIBLE, made.verdict
        assert not reachable(problem, answer.placement, target)


def reachable(problem: Problem, goal: tuple[int, ...], target: int = 10_000) -> bool:
    """Whether single migrations (or of one group) lead to the goal, by the plan checker alone."""
    from vmproof.solver.placement import Plan, PlannedMove

    groups = [tuple(members) for members in units_of(problem, problem.capacity).members]
    start = tuple(vm.host for vm in problem.vms)
    seen, queue = {start}, [start]
    while queue:
        at = queue.pop()
        if at == goal:
            return True
        vms = tuple(vm if vm.pinned else replace(vm, host=h) for vm, h in zip(problem.vms, at, strict=True))
        now = replace(problem, vms=vms)
        for members, h in product(groups, range(len(problem.hosts))):
            step = tuple(PlannedMove(v, at[v], h) for v in members if at[v] != h)
            after = tuple(h if v in members else place for v, place in enumerate(at))
            if after not in seen and not check_plan(now, Plan(Verdict.FOUND, (step,)), after, target):
                seen.add(after)
                queue.append(after)
    return False


JUDGES: dict[str, Callable[[random.Random], None]] = {
    "repair": _repair,
    "preferences": _preferences,
    "evacuate": _evacuate,
    "balance": _highest,
    "balance by deviation": _deviation,
    "admit": _admit,
    "survive": _survive,
    "explain": _explain,
    "plan": _plan,
}
QUERIES = tuple(JUDGES)
