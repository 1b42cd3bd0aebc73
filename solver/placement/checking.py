"""The independent checker: re-verifies answers, plans and bounds, and shares no code with the search.

Plain Python over the data of the problem, no solver, no arrays. Every function returns complaints, one
sentence each; no complaint means that the claim is true.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from .answers import Answer, Bound, Floor, Plan, Stage
from .problem import NOWHERE, WHOLE, Problem, Rule

MOST_CHOICES = 100_000  # of VMs that leave a host, tried one after the other


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
    """What is wrong with a finished answer. ``unplaced`` may have no host; ``soft`` asks should-rules too."""
    if len(placement) != len(problem.vms):
        return [f"{len(placement)} places for {len(problem.vms)} VMs"]
    found = [complaint for v in range(len(placement)) for complaint in _seat(problem, placement, v, unplaced)]
    found += _overloads(problem, placement, target)
    for rule in problem.rules:
        if (soft or not rule.kind.startswith("should")) and not _kept(rule, placement):
            found.append(f"rule {rule.name!r} ({rule.kind}) is broken")
    return found


def _seat(problem: Problem, placement: Sequence[int], v: int, unplaced: Collection[int]) -> Iterable[str]:
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
                used[h] += problem.vms[v].demand[r]
        for h, host in enumerate(problem.hosts):
            if used[h] > limit_of(problem, h, r, target):
                limit = limit_of(problem, h, r, target)
                yield f"{host.name}: {resource.name} {used[h]} of {limit} {resource.unit}"


def _kept(rule: Rule, placement: Sequence[int]) -> bool:
    places = [placement[v] for v in rule.vms if placement[v] != NOWHERE]
    if rule.kind == "keep together":
        return all(place == places[0] for place in places)
    if rule.kind == "keep apart":
        return max(Counter(places).values(), default=0) <= 1
    return all((place in rule.hosts) == (not rule.kind.endswith("not run on")) for place in places)


def check_plan(problem: Problem, plan: Plan, goal: Sequence[int]) -> list[str]:
    """What is wrong with an order of migrations that is to lead from the current placement to ``goal``."""
    at, found = [vm.host for vm in problem.vms], []
    for number, step in enumerate(plan.steps, 1):
        found += [f"step {number}: {complaint}" for complaint in _step(problem, at, step)]
        for move in step:
            at[move.vm] = move.target
    placed = [v for v in range(len(at)) if at[v] != NOWHERE]
    found += [f"{problem.vms[v].name} does not arrive" for v in placed if at[v] != goal[v]]
    return found


def _step(problem: Problem, at: list[int], step: Sequence) -> Iterable[str]:  # type: ignore[type-arg]
    if len({move.vm for move in step}) < len(step):
        yield "a VM is moved twice at the same time"
    yield from (f"{problem.vms[m.vm].name} is not on its source" for m in step if at[m.vm] != m.source)
    for r, resource in enumerate(problem.resources):
        arrives: dict[int, int] = defaultdict(int)
        for move in step:
            arrives[move.target] += problem.vms[move.vm].demand[r]
        for h, amount in arrives.items():
            used = sum(vm.demand[r] for vm, place in zip(problem.vms, at, strict=True) if place == h)
            if amount and used + amount > problem.hosts[h].capacity[r]:
                yield f"{problem.hosts[h].name} is overloaded in {resource.name} while VMs move"
    after = list(at)
    for move in step:
        after[move.vm] = move.target
        yield from _seat(problem, after, move.vm, ())
    for rule in problem.rules:
        if not rule.kind.startswith("should") and _kept(rule, at) and not _kept_on_the_way(rule, at, after):
            yield f"rule {rule.name!r} is broken on the way"


def _kept_on_the_way(rule: Rule, at: Sequence[int], after: Sequence[int]) -> bool:
    """While VMs move they count on both hosts; VMs that are kept together move together."""
    if rule.kind != "keep apart":
        return _kept(rule, after)
    places = [place for v in rule.vms for place in {at[v], after[v]} if place != NOWHERE]
    return max(Counter(places).values(), default=0) <= 1


def check_bound(problem: Problem, bound: Bound, target: int | None, price: int = 1) -> list[str]:
    """What is wrong with a lower bound: of the migrations to a target, or of utilisation plus migrations."""
    if not bound.stages:
        return [] if bound.value <= 0 else [f"the bound {bound.value} rests on a solver's word: {bound.how}"]
    found = [complaint for stage in bound.stages for complaint in _stage(problem, stage)]
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


def _seamless(problem: Problem, stages: Sequence[Stage]) -> Iterable[str]:
    """The stages leave out no utilisation that a placement could have."""
    mean = 0
    for r, resource in enumerate(problem.resources):
        total = sum(host.capacity[r] for host in problem.hosts if host.state != "maintenance")
        used = sum(vm.demand[r] for vm in problem.vms if vm.host != NOWHERE)
        mean = max(mean, -(-used * WHOLE // total)) if resource.load and total else mean
    ordered = sorted(stages, key=lambda stage: stage.low)
    if ordered[0].low > mean:
        yield f"utilisations from {mean} to {ordered[0].low} are left out"
    for one, other in zip(ordered, ordered[1:], strict=False):
        if other.low > one.high + 1:
            yield f"utilisations from {one.high + 1} to {other.low} are left out"


def _stage(problem: Problem, stage: Stage) -> Iterable[str]:
    bundles = _bundles(problem)
    if stage.splits > sum(least for _, least in _split(problem, bundles)):
        yield f"groups on several hosts do not cost {stage.splits} migrations"
    if len({floor.host for floor in stage.floors}) < len(stage.floors):
        yield "a host is counted twice"
    split = {v for members, _ in _split(problem, bundles) for v in members}
    for floor in stage.floors:
        if not _fewer_do_not_do(problem, floor, stage.high, bundles, split):
            name = problem.hosts[floor.host].name
            yield f"not shown: {floor.moves} VMs must leave {name} at {stage.high / 100:g} %"


def _bundles(problem: Problem) -> list[set[int]]:
    """VMs that only move together, by the keep-together rules; every VM is in one."""
    bundle = [{v} for v in range(len(problem.vms))]
    for rule in problem.rules:
        if rule.kind == "keep together":
            joined = set().union(*(bundle[v] for v in rule.vms))
            for v in joined:
                bundle[v] = joined
    return list({id(members): members for members in bundle}.values())


def _split(problem: Problem, bundles: list[set[int]]) -> list[tuple[set[int], int]]:
    """Bundles that are on several hosts, and how many of their VMs must move at least."""
    places = [(members, Counter(problem.vms[v].host for v in members)) for members in bundles]
    places = [
        (members, +Counter({h: n for h, n in count.items() if h != NOWHERE})) for members, count in places
    ]
    return [(m, sum(count.values()) - max(count.values())) for m, count in places if len(count) > 1]


def _fewer_do_not_do(
    problem: Problem, floor: Floor, target: int, bundles: list[set[int]], split: set[int]
) -> bool:
    """No choice of fewer than ``floor.moves`` VMs relieves the host."""
    h = floor.host
    here = {v for v, vm in enumerate(problem.vms) if vm.host == h}
    stuck = {v for v in here if _must_leave(problem, v)}
    items, forced = [], 0
    loose = {v for v in here if v in split}
    excess = [
        sum(problem.vms[v].demand[r] for v in here - loose) - limit_of(problem, h, r, target)
        for r in range(len(problem.resources))
    ]
    for members in bundles:
        if not members <= here:
            continue
        size = [sum(problem.vms[v].demand[r] for v in members) for r in range(len(excess))]
        if members & stuck:
            forced += len(members)
            excess = [e - s for e, s in zip(excess, size, strict=True)]
        else:
            items.append((len(members), size, frozenset(members)))
    apart = [rule.vms for rule in problem.rules if rule.kind == "keep apart"]
    return _covered(items, excess, floor.moves - 1 - forced, floor.weights, apart)


def _must_leave(problem: Problem, v: int) -> bool:
    vm = problem.vms[v]
    if problem.hosts[vm.host].state in ("maintenance", "failed") or vm.host in vm.barred:
        return True
    return any(
        v in rule.vms and (vm.host in rule.hosts) != (not rule.kind.endswith("not run on"))
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
    touched = [[item[2] for item in items if item[2] & set(vms)] for vms in apart]
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


def check_answer(answer: Answer) -> list[str]:
    """Everything that is wrong with an answer that has a placement: rules, counts and bound."""
    problem, placement = answer.problem, answer.placement
    if not placement:
        return []
    off = {v for v, vm in enumerate(problem.vms) if vm.name in answer.off and vm.host == NOWHERE}
    given_up = [rule for rule in problem.rules if rule.name in answer.given_up]
    found = check_placement(problem.without(given_up), placement, answer.target, off, soft=True)
    moved = [v for v, vm in enumerate(problem.vms) if vm.host not in (NOWHERE, placement[v])]
    named = {move.vm for move in answer.moves if move.source is not None}
    if named != {problem.vms[v].name for v in moved}:
        found.append("the moves do not lead from the current placement to the answer's")
    return found
