"""Plans against all orders there are: parallel steps, rules that are broken at the start or by the goal.

What a step may do is written here anew, with neither the planner's code nor the checker's.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from placement_clusters import KINDS
from vmproof.solver.placement import VM, Host, Problem, Resource, Rule, Verdict, check_plan
from vmproof.solver.placement.planning import plan

pytestmark = pytest.mark.differential
MEMORY = Resource("memory", "MiB")
OFF = -1
Places = tuple[int, ...]


def cluster(rooms: list[int], vms: list[tuple[int, int]], *rules: Rule) -> Problem:
    """Hosts with so much memory; VMs with memory and host."""
    hosts = tuple(Host(f"h{i}", (room,)) for i, room in enumerate(rooms))
    guests = tuple(VM(f"v{i}", (memory,), host) for i, (memory, host) in enumerate(vms))
    return Problem("random", (MEMORY,), hosts, guests, rules)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[Problem, Places]:
    """Three hosts, one to four VMs, some of them off; rules of all kinds, and any goal."""
    count = draw(st.integers(1, 4))
    sizes, starts = st.integers(0, 6), st.sampled_from((0, 1, 2, 0, 1, 2, 0, 1, 2, OFF))
    vms = [(draw(sizes), draw(starts)) for _ in range(count)]
    goal = tuple(draw(st.integers(OFF if start == OFF else 0, 2)) for _, start in vms)
    rooms = [draw(st.integers(3, 14)) for _ in range(3)]
    return cluster(rooms, vms, *(draw(_rule(count, n)) for n in range(draw(st.integers(0, 3))))), goal


@st.composite
def _rule(draw: st.DrawFn, count: int, number: int) -> Rule:
    weights = ("keep together", "keep apart") * 3 if count > 1 else ()
    kind: Any = draw(st.sampled_from((*weights, *KINDS[2:])))
    least = 2 if kind.startswith("keep") else 1
    vms = draw(st.lists(st.integers(0, count - 1), min_size=least, max_size=3, unique=True))
    hosts = draw(st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True))
    return Rule(f"rule {number}", kind, tuple(vms), () if least == 2 else tuple(hosts))


def holds(rule: Rule, at: Places) -> bool:
    """Whether VMs are together, or apart, as far as they have hosts."""
    used = Counter(at[v] for v in rule.vms if at[v] != OFF)
    return len(used) <= 1 if rule.kind == "keep together" else max(used.values(), default=0) <= 1


def legal(problem: Problem, at: Places, after: Places) -> bool:
    """Whether all VMs may go from here to there at once."""
    moved = [v for v in range(len(at)) if at[v] != after[v]]
    for h, host in enumerate(problem.hosts):
        comes = sum(problem.vms[v].demand[0] for v in moved if after[v] == h)
        used = sum(vm.demand[0] for vm, place in zip(problem.vms, at, strict=True) if place == h)
        if comes and used + comes > host.capacity[0]:
            return False
    return all(_respects(rule, at, after, moved) for rule in problem.rules if "should" not in rule.kind)


def _respects(rule: Rule, at: Places, after: Places, moved: list[int]) -> bool:
    if rule.kind.startswith("must"):
        return all((after[v] in rule.hosts) == (rule.kind == "must run on") for v in moved if v in rule.vms)
    if not holds(rule, at):
        return True
    if rule.kind == "keep together":
        return holds(rule, after)
    used = Counter(h for v in rule.vms for h in {at[v], after[v]} if h != OFF)
    return max(used.values(), default=0) <= 1


def crowded(at: Places, after: Places, per_host: int, in_all: int) -> bool:
    """More migrations at once than a host, or the network, takes."""
    moves = [(a, b) for a, b in zip(at, after, strict=True) if a != b]
    ends = Counter(h for move in moves for h in move if h != OFF)
    return len(moves) > in_all or max(ends.values(), default=0) > per_host


def steps_to(problem: Problem, goal: Places, per_host: int = 9, in_all: int = 9) -> int | None:
    """The least number of steps that lead to the goal; None: nothing does."""
    start = tuple(vm.host for vm in problem.vms)
    choices = [range(3) if h != OFF else (OFF,) for h in goal]
    level, seen, count = {start}, {start}, 0
    while level:
        if goal in level:
            return count
        level = {
            after
            for at in level
            for after in product(*({*choice, h} for choice, h in zip(choices, at, strict=True)))
            if after not in seen and not crowded(at, after, per_host, in_all) and legal(problem, at, after)
        }
        seen |= level
        count += 1
    return None


SPLIT = cluster([6, 4, 10], [(4, 0), (4, 1), (6, 2)], Rule("r", "keep together", (0, 1)))
AT_ONCE = cluster([4, 4, 4], [(2, 0), (2, 0), (1, 1)], Rule("r", "keep apart", (0, 1)))
AVOIDED = cluster([10, 10, 6], [(6, 0), (6, 1)], Rule("r", "should not run on", (0, 1), (2,)))
PAIR = cluster([9, 9, 9], [(1, 0), (1, 0)], Rule("r", "keep together", (0, 1)))


@given(journeys())
@example((SPLIT, (2, 2, 0)))
@example((AT_ONCE, (1, 1, 0)))
@example((AVOIDED, (1, 0)))
@example((PAIR, (1, 2)))
def test_a_plan_is_found_exactly_where_there_is_an_order(journey: tuple[Problem, Places]) -> None:
    problem, goal = journey
    made, least = plan(problem, goal), steps_to(problem, goal)
    if least is None:
        assert made.verdict is Verdict.IMPOSSIBLE
        return
    assert made.verdict.exit == 0, made.reason
    assert not check_plan(problem, made, goal)
    _claims(problem, goal, made.verdict, [len(step) for step in made.steps], made.reason, least)


def _claims(problem: Problem, goal: Places, verdict: Verdict, steps: list[int], why: str, least: int) -> None:
    """What the plan says of itself: no fewer migrations, and perhaps no fewer steps."""
    away = sum(vm.host != h for vm, h in zip(problem.vms, goal, strict=True))
    assert (verdict is Verdict.OPTIMAL) == (sum(steps) == away)
    if "nor has any fewer steps" in why:
        assert len(steps) == least
    if "are needed" in why:
        assert int(why.split(" are needed")[0].split()[-1]) <= least


@given(journeys(), st.integers(1, 2), st.integers(1, 3))
@settings(max_examples=max(25, settings().max_examples // 2))
def test_limits_of_simultaneous_migrations(
    journey: tuple[Problem, Places], per_host: int, in_all: int
) -> None:
    """VMs that move as one may exceed a limit: with such rules there are more orders than counted here."""
    problem, goal = journey
    made, least = plan(problem, goal, per_host, in_all), steps_to(problem, goal, per_host, in_all)
    if made.verdict.exit:
        assert made.verdict is Verdict.IMPOSSIBLE
        assert least is None
        return
    assert not check_plan(problem, made, goal)
    if any(rule.kind == "keep together" for rule in problem.rules):
        return
    at = tuple(vm.host for vm in problem.vms)
    for step in made.steps:
        ends = {move.vm: move.target for move in step}
        after = tuple(ends.get(v, h) for v, h in enumerate(at))
        assert not crowded(at, after, per_host, in_all)
        at = after
    assert least is not None
    _claims(problem, goal, made.verdict, [len(step) for step in made.steps], made.reason, least)


def test_a_goal_that_separates_vms_is_impossible_and_the_rule_is_named() -> None:
    made = plan(PAIR, (1, 2))
    assert made.verdict is Verdict.IMPOSSIBLE
    assert made.reason.startswith("no order exists: the goal breaks rule 'r', which holds now")
    started_elsewhere = cluster([9, 9], [(1, 0), (1, OFF)], Rule("both", "keep together", (0, 1)))
    made = plan(started_elsewhere, (0, 1))
    assert made.verdict is Verdict.IMPOSSIBLE
    assert "'both'" in made.reason
    assert plan(started_elsewhere, (1, 1)).verdict is Verdict.OPTIMAL


def test_a_goal_that_cannot_be_is_refused_with_what_speaks_against_it() -> None:
    there = Rule("there", "must run on", (0,), (0,))
    assert "VM/host DRS rule violated: there" in plan(cluster([9, 9], [(1, 0)], there), (1,)).reason
    made = plan(cluster([9, 9], [(5, 0), (5, 1)]), (1, 1))
    assert made.reason == "no order exists: the goal overfills h1: memory 10 of 9 MiB"


def test_a_should_rule_makes_no_plan_impossible_and_is_kept_where_that_is_easy() -> None:
    avoid = Rule("avoid", "should not run on", (0,), (1,))
    assert plan(cluster([9, 9], [(1, 0)], avoid), (1,)).verdict is Verdict.OPTIMAL
    made = plan(AVOIDED, (1, 0))
    assert made.verdict is Verdict.FOUND
    assert made.reason == "1 temporary stop to break cycles; a temporary stop does not keep 'r'"
    roomy = cluster([10, 10, 6, 6], [(6, 0), (6, 1)], *AVOIDED.rules)
    assert [move.target for step in plan(roomy, (1, 0)).steps for move in step if move.stop] == [3]


def test_vms_that_are_split_move_one_by_one_and_those_of_a_broken_rule_at_once() -> None:
    made = plan(SPLIT, (2, 2, 0))
    assert [[move.vm for move in step] for step in made.steps] == [[0], [2], [1]]
    made = plan(AT_ONCE, (1, 1, 0))
    assert [len(step) for step in made.steps] == [1, 2, 1]
    assert not check_plan(AT_ONCE, made, (1, 1, 0))


def test_optimal_says_of_what() -> None:
    """Two steps are enough here, v0 with v2 and v1 with v3; three are made."""
    chain = cluster([100] * 5, [(9, 0), (5, 1), (4, 2), (8, 3)])
    made = plan(chain, (1, 2, 3, 4), per_host=1)
    assert made.verdict is Verdict.OPTIMAL
    said = "4 migrations, and no order has fewer: no VM moves twice"
    assert made.reason == f"{said}; whether fewer steps are enough is open: at least 2 are needed"
    assert plan(cluster([9, 9], [(4, 0)]), (0,)).reason.startswith("no migrations")
    assert plan(cluster([9, 9], [(4, OFF), (4, 0)]), (1, 1)).reason.startswith("1 migration, 1 start, and no")


@pytest.mark.parametrize(("per_host", "in_all"), [(1, 9), (9, 1), (1, 1)])
def test_vms_that_are_kept_together_count_as_one_where_a_limit_is_below_them(
    per_host: int, in_all: int
) -> None:
    made = plan(PAIR, (1, 1), per_host, in_all)
    assert [len(step) for step in made.steps] == [2]
    assert "kept together move as one, though they are above the limit of migrations at once" in made.reason
    alone = cluster([9, 9, 9], [(1, 0), (1, 0), (1, 0)], *PAIR.rules)
    assert [len(step) for step in plan(alone, (1, 1, 2), per_host, in_all).steps] == [2, 1]


def test_an_order_that_only_the_limits_forbid_is_refused_with_the_limits() -> None:
    made = plan(AT_ONCE, (1, 1, 0), in_all=1)
    assert made.verdict is Verdict.IMPOSSIBLE
    assert "with no more migrations at once than 4 a host, 1 in all" in made.reason


def test_where_not_all_joint_steps_are_tried_nothing_is_called_proved() -> None:
    """Eight VMs of a broken rule on four full hosts: there are 65,536 ways to move them at once."""
    tied = Rule("r", "keep apart", tuple(range(8)))
    made = plan(cluster([2] * 4, [(1, v % 4) for v in range(8)], tied), [(v + 1) % 4 for v in range(8)])
    assert made.verdict is Verdict.UNDETERMINED
    assert "may have to move at once, in more ways than are tried" in made.reason
