"""The independent checker of answers: it shares no code with the search, the encoding or a solver.

Plain Python over the data of the problem, no arrays. Every function returns complaints, one sentence each; no
complaint means that the claim is true. `checking_plans.py` and `checking_bounds.py` check what stands beside
an answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction

from .answers import Answer
from .problem import NOWHERE, VM, WHOLE, Problem, Rule


def counts(vm: VM, resource: int) -> int:
    """What a VM counts of a resource: its demand, capped by its limit."""
    most = vm.limits[resource] if vm.limits else None
    return vm.demand[resource] if most is None else min(vm.demand[resource], most)


def limit_of(problem: Problem, host: int, resource: int, target: int) -> int:
    """The most that may be used of a resource on a host."""
    capacity = problem.hosts[host].capacity[resource]
    return capacity * target // WHOLE if problem.resources[resource].load else capacity


def check_placement(
    problem: Problem,
    placement: Sequence[int],
    target: int,
    unplaced: Collection[int] = (),
    soft: bool = False,
) -> list[str]:
    """What is wrong with a placement. ``unplaced`` may have no host; ``soft`` asks should-rules too."""
    if len(placement) != len(problem.vms):
        return [f"{len(placement)} places for {len(problem.vms)} VMs"]
    found = [complaint for v in range(len(placement)) for complaint in seat(problem, placement, v, unplaced)]
    found += _overloads(problem, placement, target)
    for rule in problem.rules:
        if (soft or not rule.kind.startswith("should")) and not kept(rule, placement):
            found.append(f"rule {rule.name!r} ({rule.kind}) is broken")
    return found


def seat(problem: Problem, placement: Sequence[int], v: int, unplaced: Collection[int]) -> Iterable[str]:
    """What speaks against the host of one VM, the other VMs aside."""
    vm, h = problem.vms[v], placement[v]
    if h == NOWHERE:
        if v not in unplaced:
            yield f"{vm.name} has no host"
        return
    if not 0 <= h < len(problem.hosts):
        yield f"{vm.name} is on host number {h}, which does not exist"
        return
    state = problem.hosts[h].state
    if state in ("maintenance", "failed") or (state == "quarantine" and vm.host != h):
        yield f"{vm.name} is on {problem.hosts[h].name}, in {state}"
    if h in vm.barred:
        yield f"{vm.name} cannot run on {problem.hosts[h].name}"
    if vm.pinned and vm.host not in (NOWHERE, h):
        yield f"{vm.name} is pinned and was moved"


def _overloads(problem: Problem, placement: Sequence[int], target: int) -> Iterable[str]:
    for r, resource in enumerate(problem.resources):
        used = [0] * len(problem.hosts)
        for v, h in enumerate(placement):
            if 0 <= h < len(used):
                used[h] += counts(problem.vms[v], r)
        for h, host in enumerate(problem.hosts):
            if used[h] > limit_of(problem, h, r, target):
                limit = limit_of(problem, h, r, target)
                yield f"{host.name}: {resource.name} {used[h]} of {limit} {resource.unit}"


def kept(rule: Rule, placement: Sequence[int]) -> bool:
    """Whether a placement keeps a rule."""
    places = [placement[v] for v in rule.vms if placement[v] != NOWHERE]
    if rule.kind == "keep together":
        return all(place == places[0] for place in places)
    if rule.kind == "keep apart":
        return max(Counter(places).values(), default=0) <= 1
    return all((place in rule.hosts) == (not rule.kind.endswith("not run on")) for place in places)


def check_answer(answer: Answer) -> list[str]:
    """Everything that is wrong with an answer that has a placement: rules, limits, moves, the objective."""
    problem, placement = answer.problem, answer.placement
    if not placement:
        return []
    off = {v for v, vm in enumerate(problem.vms) if vm.name in answer.off and vm.host == NOWHERE}
    given_up = [rule for rule in problem.rules if rule.name in answer.given_up]
    found = check_placement(problem.without(given_up), placement, answer.target, off, soft=True)
    changed = {(vm.name, placement[v]) for v, vm in enumerate(problem.vms) if vm.host != placement[v]}
    rows = {host.name: h for h, host in enumerate(problem.hosts)}
    if {(move.vm, rows.get(move.target)) for move in answer.moves} != changed:
        found.append("the moves do not lead from the current placement to the answer's")
    measured = _worth(answer)
    if answer.objective != measured:
        found.append(f"the objective is {measured}, not {answer.objective}")
    return found


def _worth(answer: Answer) -> int:
    """The value of the goal, counted anew."""
    problem, goal = answer.problem, answer.goal
    moved = sum(vm.host not in (NOWHERE, h) for vm, h in zip(problem.vms, answer.placement, strict=True))
    loads = [r for r, resource in enumerate(problem.resources) if resource.load]
    worst = 0
    if goal.measure == "highest":
        worst = max((part for r in loads for part in _parts(answer, r)), default=0)
    elif goal.measure == "deviation":
        worst = max((_deviation([min(part, WHOLE) for part in _parts(answer, r)]) for r in loads), default=0)
    return max(0, worst - goal.aim) + goal.price * moved


def _parts(answer: Answer, r: int) -> list[int]:
    """What is used of a resource on every host that is not in maintenance, in basis points, rounded up."""
    used = [0] * len(answer.problem.hosts)
    for vm, h in zip(answer.problem.vms, answer.placement, strict=True):
        if h != NOWHERE:
            used[h] += counts(vm, r)
    pairs = zip(used, answer.problem.hosts, strict=True)
    return [-(-u * WHOLE // max(h.capacity[r], 1)) for u, h in pairs if h.state != "maintenance"]


def _deviation(parts: list[int]) -> int:
    mean = Fraction(sum(parts), max(len(parts), 1))
    square = sum(((part - mean) ** 2 for part in parts), Fraction(0)) / max(len(parts), 1)
    return math.isqrt(math.ceil(square) - 1) + 1 if square else 0
