"""The three writings of the rules and the optimizer, against every placement of random small clusters."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement_clusters import memory_moved, moves, placements, problems
from placement_judge import reachable, restarts
from vmproof.solver.placement import (
    VM,
    Effort,
    Host,
    Problem,
    Resource,
    Verdict,
    check_bound,
    check_placement,
    check_plan,
    rules,
)
from vmproof.solver.placement.bounds import balance_bound, repair_bound
from vmproof.solver.placement.encoding import Piece, Question, all_of, piece_of
from vmproof.solver.placement.explaining import Named
from vmproof.solver.placement.halves import Meeting, meet
from vmproof.solver.placement.planning import plan
from vmproof.solver.placement.queries import admit, evacuate, rebalance, repair
from vmproof.solver.placement.surviving import survive
from vmproof.solver.placement.units import units_of

pytestmark = pytest.mark.differential
EFFORT = Effort(rounds=40, pieces=40, seconds=None)
FEWER = settings(max_examples=max(10, settings().max_examples // 4))  # of what takes longest
TARGETS = st.sampled_from((10_000, 10_000, 8_000, 5_500))


@given(problems(soft=True), TARGETS)
@FEWER
def test_the_three_writings_of_the_rules_agree_on_every_placement(problem: Problem, target: int) -> None:
    limits = problem.limits(target)
    units = units_of(problem, limits)
    named = Named(problem, target)
    for placement in product(range(len(problem.hosts)), repeat=len(problem.vms)):
        array = np.array(placement)
        accepted = not check_placement(problem, placement, target, soft=True)
        assert accepted == _by_predicates(problem, placement, limits)
        together = all(len({placement[v] for v in members}) == 1 for members in units.members)
        at = np.array([placement[members[0]] for members in units.members])
        assert accepted == (together and units.sound(at))
        if sum(placement) % 5 == 0:  # Z3 is slower: every fifth
            for (v, h), x in named.x.items():
                named.elements[f"place {v}@{h}"] = x if array[v] == h else named.z3.Not(x)
            assert (named.check(list(named.elements)) == "sat") == accepted


def _by_predicates(problem: Problem, placement: tuple[int, ...], limits: np.ndarray) -> bool:
    array = np.array(placement)
    kept = all(rules.holds(rule, placement) for rule in problem.rules)
    fits = not (problem.load(array) > limits).any()
    return kept and fits and bool(problem.allowed[np.arange(len(array)), array].all())


@given(problems(soft=True), TARGETS, st.data())
def test_the_table_of_reasons_has_a_reason_exactly_where_a_vm_cannot_be(
    problem: Problem, target: int, data: st.DataObject
) -> None:
    v = data.draw(st.integers(0, len(problem.vms) - 1))
    for h in range(len(problem.hosts)):
        there = problem.current.copy()
        there[v] = h
        wrong = check_placement(problem, there.tolist(), target, soft=True)
        faults = rules.faults_of(problem, v, h, problem.current, problem.limits(target))
        alone = [c for c in wrong if c.split()[0] == problem.vms[v].name or c.startswith(f"h{h}:")]
        assert bool(alone) == any(not fault.startswith("VM/") for fault in faults)
        assert faults or not wrong or not all(problem.vms[v].name in c for c in wrong)
        assert wrong or not faults


@given(problems(), TARGETS)
def test_repair_finds_the_fewest_migrations_and_then_the_least_memory(problem: Problem, target: int) -> None:
    every = list(placements(problem, target))
    answer = repair(problem, target, EFFORT)
    if not every:
        assert answer.verdict is Verdict.IMPOSSIBLE
        return
    assert answer.verdict is Verdict.OPTIMAL
    assert answer.objective == min(moves(problem, p) for p in every)
    least = min(memory_moved(problem, p) for p in every if moves(problem, p) == answer.objective)
    assert memory_moved(problem, answer.placement) == least


@given(problems(), TARGETS)
def test_a_bound_is_never_above_the_truth_and_the_checker_accepts_it(problem: Problem, target: int) -> None:
    every = list(placements(problem, target))
    bound = repair_bound(units_of(problem, problem.limits(target)), target)
    if every:  # of what is impossible every bound is true
        assert bound.value <= min(moves(problem, p) for p in every)
        assert not check_bound(problem, bound, target)


@given(problems())
@FEWER
def test_balance_finds_the_best_trade(problem: Problem) -> None:
    every = list(placements(problem, 10_000))
    answer = rebalance(problem, 5, EFFORT)
    if not every:
        assert answer.verdict in (Verdict.IMPOSSIBLE, Verdict.UNDETERMINED)
        return
    truth = min(problem.highest(np.array(p)) + moves(problem, p) for p in every)
    assert answer.objective == truth
    assert answer.verdict is Verdict.OPTIMAL
    bound = balance_bound(problem, truth)
    assert bound.value <= truth
    assert not check_bound(problem, bound, None)


@given(problems(), st.data())
def test_evacuate_empties_a_host_with_the_fewest_migrations(problem: Problem, data: st.DataObject) -> None:
    host = data.draw(st.integers(0, len(problem.hosts) - 1))
    answer = evacuate(problem, [host], effort=EFFORT)
    every = list(placements(problem.in_maintenance([host]), 10_000))
    assert (answer.verdict is Verdict.OPTIMAL) == bool(every)
    if every:
        assert answer.objective == min(moves(problem, p) for p in every)
        assert host not in answer.placement


@given(problems(soft=True), TARGETS)
def test_preferences_are_kept_as_far_as_they_go_together_the_older_first(
    problem: Problem, target: int
) -> None:
    soft = [rule for rule in problem.rules if rule.soft]
    kept = [rule for rule in soft]
    if not any(placements(problem, target)):
        kept = []
        for rule in soft:
            fewer = [other for other in soft if other not in [*kept, rule]]
            if any(placements(problem.without(fewer), target)):
                kept.append(rule)
    answer = repair(problem, target, EFFORT)
    if any(placements(problem.without(soft), target)):
        assert set(answer.given_up) == {rule.name for rule in soft} - {rule.name for rule in kept}
    else:
        assert answer.verdict is Verdict.IMPOSSIBLE


@given(problems(placed=False))
def test_admit_places_all_or_as_many_as_priorities_allow(problem: Problem) -> None:
    new = [v for v, vm in enumerate(problem.vms) if vm.host == -1]
    answer = admit(problem, new, effort=EFFORT)
    admitted: list[int] = []
    if not any(_partly(problem, [])):
        assert answer.verdict is Verdict.IMPOSSIBLE
        return
    if not any(_partly(problem, new)):
        for v in sorted(new, key=lambda v: (-problem.vms[v].priority, v)):
            if any(_partly(problem, [*admitted, v])):
                admitted.append(v)
        assert answer.verdict is Verdict.IMPOSSIBLE
        assert set(answer.refused) == {problem.vms[v].name for v in new if v not in admitted}
    else:
        assert answer.verdict is Verdict.OPTIMAL
        assert answer.objective == min(moves(problem, p) for p in _partly(problem, new))


def _partly(problem: Problem, new: list[int]):  # type: ignore[no-untyped-def]
    """Every placement of the VMs that run and of these new ones."""
    off = [v for v, vm in enumerate(problem.vms) if vm.host == -1 and v not in new]
    choices = [[-1] if v in off else range(len(problem.hosts)) for v in range(len(problem.vms))]
    return (p for p in product(*choices) if not check_placement(problem, p, 10_000, off))


@given(problems(), st.integers(1, 2))
def test_survive_agrees_with_trying_every_restart(problem: Problem, failures: int) -> None:
    places = problem.current.tolist()
    problem = problem.without([rule for rule in problem.rules if not rules.holds(rule, places)])
    answer = survive(problem, failures, EFFORT)
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    truth = all(restarts(problem, failed) for failed in combinations(up, min(failures, len(up))))
    assert answer.verdict is (Verdict.PROVED if truth else Verdict.REFUTED)
    if not truth:
        assert answer.broken
        assert not restarts(problem, [problem.host_number(name) for name in answer.broken])


@given(problems(), TARGETS, st.integers(1, 3))
@FEWER
def test_plans_keep_every_rule_and_a_refused_plan_has_no_order(
    problem: Problem, target: int, per_host: int
) -> None:
    answer = repair(problem, target, EFFORT)
    if not answer.placement:
        return
    made = plan(problem, answer.placement, per_host)
    if made.verdict.exit == 0:
        assert not check_plan(problem, made, answer.placement)
    else:
        assert made.verdict is Verdict.IMPOSSIBLE
        assert not reachable(problem, answer.placement)


@given(problems(soft=True), TARGETS)
def test_cores_are_unsatisfiable_and_minimal(problem: Problem, target: int) -> None:
    named = Named(problem, target)
    core = named.core(list(named.elements))
    feasible = any(placements(problem, target))
    assert (core is None) == feasible
    if core is not None:
        assert core.minimal
        assert named.check(core.elements) == "unsat"
        for element in core.elements:
            assert named.check([other for other in core.elements if other != element]) == "sat"


def _whole(problem: Problem, target: int) -> Piece:
    """A cluster as one piece: every unit is placed anew."""
    return all_of(units_of(problem, problem.limits(target)))


@given(problems(), TARGETS)
def test_z3_pieces_answer_as_the_enumeration_does(problem: Problem, target: int) -> None:
    piece = _whole(problem, target)
    question = Question(piece)
    every = [moves(problem, p) for p in placements(problem, target)]
    for most in range(len(problem.vms) + 1):
        reply = question.ask(10_000, (question.costs(), most))
        assert reply.said == ("yes" if any(count <= most for count in every) else "no")


@given(problems(), TARGETS, st.integers(0, 9))
def test_meeting_in_the_middle_finds_the_cheapest_placement_of_a_piece(
    problem: Problem, target: int, seed: int
) -> None:
    piece = _whole(problem, target)
    units, everything = piece.units, np.full(len(piece.free), -1)
    every = [moves(problem, p) for p in placements(problem, target)]
    for most in range(len(problem.vms) + 1):
        reply = meet(piece, most, seed, rows=10**6)
        assert (reply.said == "yes") == (min(every, default=most + 1) <= most)
        if reply.said == "yes":
            placement = units.placement(reply.applied(everything))
            assert not check_placement(problem, placement.tolist(), target)
            assert moves(problem, placement.tolist()) == min(every)


@given(problems(), st.integers(1, 12))
def test_with_few_rows_a_half_has_the_cheapest_placements(problem: Problem, rows: int) -> None:
    meeting = Meeting(_whole(problem, 10_000), 0)
    if meeting.hopeless:
        return
    for part in meeting.parts:
        few, every = meeting.half(part, rows), meeting.half(part, 10**6)
        kept, whole = set(map(tuple, few.place.T.tolist())), set(map(tuple, every.place.T.tolist()))
        costs = [[cost for _, cost in meeting.options[i]] for i in part]
        assert len(kept) <= rows
        assert kept <= whole
        if kept and math.prod(row.count(min(row)) for row in costs) <= rows:
            assert kept == {tuple(row) for row in every.place.T[every.cost <= few.cost.max()].tolist()}


def test_a_half_whose_placements_all_cost_the_same_keeps_to_its_rows() -> None:
    vms = tuple(VM(f"v{i}", (1, 1), 0) for i in range(24))
    hosts = tuple(Host(f"h{i}", (100, 100)) for i in range(5))
    resources = (Resource("cpu", "MHz"), Resource("memory", "MiB"))
    units = units_of(problem := Problem("equal", resources, hosts, vms), problem.limits(10_000))
    meeting = Meeting(piece_of(units, units.home, range(24), range(1, 5)), 0)
    for part in meeting.parts:  # there are 4^12
        assert len(meeting.half(part, 1_000).cost) == 1_000
