"""The independent checker of lower bounds: floor by floor, by sorting or by trying all choices.

No solver is asked; a bound that rests on a solver's word is refused.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from .answers import Answer, Bound, Floor, Goal, Stage
from .checking import counts, limit_of
from .problem import NOWHERE, WHOLE, Problem

MOST_CHOICES = 100_000  # of VMs that leave a host, tried one after the other
SLACK, CUTS = 1e-6, 31  # of floats; of the range of the mean


def check_bound(
    problem: Problem, bound: Bound, target: int | None, price: int = 1, off: Collection[int] = ()
) -> list[str]:
    """What is wrong with a lower bound: of the migrations to a target, or of utilisation plus migrations.

    The VMs ``off`` get no host.
    """
    if not bound.stages:
        return [] if bound.value <= 0 else [f"the bound {bound.value} rests on a solver's word: {bound.how}"]
    census = _census(problem, off)
    found = [complaint for stage in bound.stages for complaint in _stage(problem, stage, census)]
    if target is None:
        least = min(stage.low + price * stage.moves for stage in bound.stages)
        least = min(least, max(stage.high for stage in bound.stages) + 1)
        found += _seamless(problem, bound.stages)
    else:
        least = min(stage.moves for stage in bound.stages)
        found += [
            f"the floors are those of {s.high}, below the target" for s in bound.stages if s.high < target
        ]
    return found if least >= bound.value else [*found, f"the stages show {least}, not {bound.value}"]


def check_answer_bound(answer: Answer) -> list[str]:
    """What is wrong with the lower bound on the goal of an answer."""
    assert answer.bound is not None
    goal, bound = answer.goal, answer.bound
    given_up = [rule for rule in answer.problem.rules if rule.name in answer.given_up]
    problem = answer.problem.without(given_up)
    off = {v for v, vm in enumerate(problem.vms) if vm.name in answer.off and vm.host == NOWHERE}
    if goal.measure == "deviation":
        return _check_steps(problem, bound, goal, off)
    target = answer.target if goal.measure == "migrations" else None
    return check_bound(problem, bound, target, goal.price, off)


def _check_steps(problem: Problem, bound: Bound, goal: Goal, off: Collection[int]) -> list[str]:
    """A migration changes the loads of two hosts, so the deviation falls by so much at most: however many
    migrations are made, the sum is not below the bound."""
    if bound.value > 0 and not bound.stages:
        return [f"the bound {bound.value} rests on a search: {bound.how}"]
    census = _census(problem, off)
    found = [complaint for stage in bound.stages for complaint in _stage(problem, stage, census)]
    first, most = max((stage.moves for stage in bound.stages), default=0), bound.value // goal.price
    left = [_falling(problem, r, most) for r, resource in enumerate(problem.resources) if resource.load]
    for k in range(first, most + 1):
        deviation = max((row[k] for row in left), default=0.0)
        if max(0, math.ceil(deviation - 0.5 - SLACK) - goal.aim) + goal.price * k < bound.value:
            return [*found, f"{k} migrations may do for less than {bound.value}"]
    return found


def _falling(problem: Problem, r: int, most: int) -> list[float]:
    """Of one load the least deviation after 0, 1 … ``most`` migrations, wherever the mean will be."""
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    scale = {h: WHOLE / max(problem.hosts[h].capacity[r], 1) for h in up}
    here: dict[int, list[int]] = {h: [] for h in range(len(problem.hosts))}
    for vm in problem.vms:
        if vm.host != NOWHERE:
            here[vm.host].append(counts(vm, r))
    used = {h: sum(here[h]) * scale[h] for h in up}
    every = heapq.nlargest(most, (size for sizes in here.values() for size in sizes))
    low, high = min(used.values(), default=0.0), max(used.values(), default=0.0)
    marks = [low + (high - low) * i / CUTS for i in range(CUTS + 1)]
    least = [math.inf] * (most + 1)
    for one, other in zip([-math.inf, *marks], [*marks, math.inf], strict=True):
        leave = [(used[h] - other, scale[h], sorted(here[h], reverse=True)) for h in up]
        arrive = [(one - used[h], scale[h], every) for h in up]
        pairs = zip(_shrinking(leave, most), _shrinking(arrive, most), strict=True)
        least = [min(so_far, a + b) for so_far, (a, b) in zip(least, pairs, strict=True)]
    return [math.sqrt(square / max(len(up), 1)) for square in least]


def _shrinking(rows: list[tuple[float, float, list[int]]], most: int) -> list[float]:
    """The sum of squares of gaps after 0, 1 … steps: a host's gap shrinks by its largest sizes first, and
    each next step of a host helps less, so the best steps of all are the best there are."""
    gains, total = [], 0.0
    for gap, scale, sizes in rows:
        left = max(gap, 0.0)
        total += left**2
        for size in sizes[:most]:
            if left <= 0:
                break
            after = max(left - size * scale, 0.0)
            gains.append(left**2 - after**2)
            left = after
    best = accumulate(heapq.nlargest(most, [*gains, *[0.0] * most]))
    return [max(total - gain, 0.0) for gain in (0.0, *best)]


def _seamless(problem: Problem, stages: Sequence[Stage]) -> Iterable[str]:
    """The stages leave out no utilisation that a placement could have."""
    mean = 0
    for r, resource in enumerate(problem.resources):
        total = sum(host.capacity[r] for host in problem.hosts if host.state != "maintenance")
        used = sum(counts(vm, r) for vm in problem.vms if vm.host != NOWHERE)
        mean = max(mean, -(-used * WHOLE // total)) if resource.load and total else mean
    ordered = sorted(stages, key=lambda stage: stage.low)
    if ordered[0].low > mean:
        yield f"utilisations from {mean} to {ordered[0].low} are left out"
    for one, other in zip(ordered, ordered[1:], strict=False):
        if other.low > one.high + 1:
            yield f"utilisations from {one.high + 1} to {other.low} are left out"


class Census(NamedTuple):
    """The bundles of VMs that are on one host, by host, each with whether it must leave; and how many VMs of
    the other bundles must move."""

    bundles: dict[int, list[tuple[set[int], bool]]]
    splits: int


def _census(problem: Problem, off: Collection[int]) -> Census:
    """Counted once, for all stages. New VMs join their bundle where it is."""
    found: dict[int, list[tuple[set[int], bool]]] = defaultdict(list)
    bundles, stuck = _bundles(problem, off), _stuck(problem)
    for members in bundles:
        hosts = {problem.vms[v].host for v in members} - {NOWHERE}
        if len(hosts) == 1:
            h = hosts.pop()
            new = [v for v in members if problem.vms[v].host == NOWHERE]
            found[h].append((members, bool(members & stuck) or any(_cannot_be(problem, v, h) for v in new)))
    return Census(found, sum(least for _, least in _split(problem, bundles)))


def _stage(problem: Problem, stage: Stage, census: Census) -> Iterable[str]:
    if stage.splits > census.splits:
        yield f"groups on several hosts do not cost {stage.splits} migrations"
    if len({floor.host for floor in stage.floors}) < len(stage.floors):
        yield "a host is counted twice"
    for floor in stage.floors:
        if not _fewer_do_not_do(problem, floor, stage.high, census):
            name = problem.hosts[floor.host].name
            yield f"not shown: {floor.moves} VMs must leave {name} at {stage.high / 100:g} %"


def _bundles(problem: Problem, off: Collection[int]) -> list[set[int]]:
    """VMs that only move together, by the keep-together rules; every VM that is not off is in one."""
    bundle = {v: {v} for v in range(len(problem.vms)) if v not in off}
    for rule in problem.rules:
        if rule.kind == "keep together":
            joined = set().union(*(bundle[v] for v in rule.vms if v not in off))
            for v in joined:
                bundle[v] = joined
    return list({id(members): members for members in bundle.values()}.values())


def _split(problem: Problem, bundles: list[set[int]]) -> list[tuple[set[int], int]]:
    """Bundles that are on several hosts, and how many of their VMs must move at least."""
    places = [(members, Counter(problem.vms[v].host for v in members)) for members in bundles]
    places = [
        (members, +Counter({h: n for h, n in count.items() if h != NOWHERE})) for members, count in places
    ]
    return [(m, sum(count.values()) - max(count.values())) for m, count in places if len(count) > 1]


def _fewer_do_not_do(problem: Problem, floor: Floor, target: int, census: Census) -> bool:
    """No choice of fewer than ``floor.moves`` VMs relieves the host."""
    h, items, forced = floor.host, [], 0
    excess = [-limit_of(problem, h, r, target) for r in range(len(problem.resources))]
    for members, stuck in census.bundles[h]:
        placed = sum(problem.vms[v].host != NOWHERE for v in members)
        if stuck:
            forced += placed
            continue
        size = [sum(counts(problem.vms[v], r) for v in members) for r in range(len(excess))]
        excess = [e + s for e, s in zip(excess, size, strict=True)]
        items.append((placed, size, frozenset(members)))
    apart = [rule.vms for rule in problem.rules if rule.kind == "keep apart"]
    return _covered(items, excess, floor.moves - 1 - forced, floor.weights, apart)


def _stuck(problem: Problem) -> set[int]:
    """The VMs that may not stay where they are."""
    placed = [v for v, vm in enumerate(problem.vms) if vm.host != NOWHERE]
    bound = {v for rule in problem.rules if rule.kind.endswith("run on") for v in rule.vms}
    odd = {h for h, host in enumerate(problem.hosts) if host.state != "normal"}
    asked = [v for v in placed if v in bound or problem.vms[v].barred or problem.vms[v].host in odd]
    return {v for v in asked if _cannot_be(problem, v, problem.vms[v].host)}


def _cannot_be(problem: Problem, v: int, h: int) -> bool:
    vm, state = problem.vms[v], problem.hosts[h].state
    if state in ("maintenance", "failed") or (state == "quarantine" and vm.host != h) or h in vm.barred:
        return True
    return any(
        v in rule.vms and (h in rule.hosts) != (not rule.kind.endswith("not run on"))
        for rule in problem.rules
        if rule.kind.endswith("run on")
    )


Item = tuple[int, list[int], frozenset[int]]


def _covered(
    items: list[Item], excess: list[int], most: int, weights: Sequence[float], apart: list[tuple[int, ...]]
) -> bool:
    """Whether every choice of at most ``most`` VMs leaves an excess, or a pair that must be apart."""
    if most < 0:
        return True
    waiting = _clashing(items, apart)
    items = sorted(
        items, key=lambda item: -sum(w * s for w, s in zip(weights, item[1], strict=True)) / item[0]
    )
    rows = [[1.0 if i == r else 0.0 for i in range(len(excess))] for r in range(len(excess))]
    tests = [
        (row, sorted((_worth(row, item) for item in items for _ in range(item[0])), reverse=True))
        for row in [list(weights), *rows]
    ]
    budget = [MOST_CHOICES]
    return not _can(items, 0, excess, most, tests, waiting, set(), budget) and budget[0] > 0


def _worth(row: Sequence[float], item: Item) -> float:
    """The most that a VM of the item carries away, weighted, a VM of it counted as one."""
    return sum(w * s for w, s in zip(row, item[1], strict=True)) / item[0]


def _clashing(items: list[Item], apart: list[tuple[int, ...]]) -> list[list[frozenset[int]]]:
    """For each keep-apart rule the items that it touches, where these are two or more."""
    owner = {v: item[2] for item in items for v in item[2]}
    touched = [list({id(owner[v]): owner[v] for v in vms if v in owner}.values()) for vms in apart]
    return [group for group in touched if len(group) > 1]


def _can(items, start, excess, most, tests, waiting, gone, budget) -> bool:  # type: ignore[no-untyped-def]
    """Depth first: can the VMs from ``start`` on, at most ``most``, carry the excess away?"""
    budget[0] -= 1
    clash = any(sum(members not in gone for members in group) > 1 for group in waiting)
    if all(e <= 0 for e in excess) and not clash:
        return True
    if most <= 0 or budget[0] <= 0:
        return False
    for row, worths in tests:
        if sum(worths[:most]) < sum(w * e for w, e in zip(row, excess, strict=True)) - 1e-6 * abs(
            sum(worths[:most])
        ):
            return False
    for i in range(start, len(items)):
        count, size, members = items[i]
        if count <= most:
            left = [e - s for e, s in zip(excess, size, strict=True)]
            if _can(items, i + 1, left, most - count, tests, waiting, gone | {members}, budget):
                return True
    return False
