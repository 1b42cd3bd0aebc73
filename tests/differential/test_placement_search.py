"""Tabu search and bounds of placement, against every placement of small clusters and against HiGHS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement_clusters import moves, placements, problems
from vmproof.solver.placement import VM, Host, Problem, Resource, check_bound, check_placement
from vmproof.solver.placement.bounds import repair_bound, stage_of
from vmproof.solver.placement.searching import Search
from vmproof.solver.placement.tabu import UNLIMITED, Tabu, fewer, never
from vmproof.solver.placement.units import units_of
from vmproof.solver.placement.whole import solve_whole

pytestmark = pytest.mark.differential
FEW = settings(max_examples=max(6, settings().max_examples // 10))
TARGETS = st.sampled_from((10_000, 8_000, 5_500))


@given(problems(), TARGETS)
def test_what_tabu_search_finds_keeps_every_rule_and_is_never_below_the_truth(
    problem: Problem, target: int
) -> None:
    units = units_of(problem, problem.limits(target))
    search = Search(units)
    if not search.place_strays():
        return
    told: list[int] = []
    tabu = Tabu(units, search.at)
    found = fewer(tabu, 0, UNLIMITED, 60, 60, never, lambda: told.append(tabu.moves))
    assert (found is None) == (not told)
    if found is None:
        return
    placement = tuple(units.placement(found).tolist())
    assert not check_placement(problem, placement, target)
    assert told[-1] == moves(problem, placement) == units.moves(found)
    assert told[-1] >= min(moves(problem, p) for p in placements(problem, target))


@given(problems())
def test_the_state_of_a_tabu_search_is_that_of_its_placement(problem: Problem) -> None:
    units = units_of(problem, problem.limits(6_000))
    search = Search(units)
    if not search.place_strays():
        return
    tabu = Tabu(units, search.at, seed=3)
    tabu.fit(UNLIMITED, 20)
    assert (tabu.load == units.load(tabu.at)).all()
    assert tabu.moves == units.moves(tabu.at)
    assert not units.misplaced(tabu.at).any()
    assert not units.clashes(tabu.at)


def _cluster(seed: int) -> Problem:
    """Six hosts and forty VMs, the loads 70 % on average."""
    dice = np.random.default_rng(seed)
    size = dice.integers(1, 40, (40, 2)) ** 2
    room = size.sum(axis=0) * 10 // (6 * 7)
    order = dice.permutation(40)
    kinds = (Resource("cpu", "MHz"), Resource("memory", "MiB"))
    at, load = [0] * 40, np.zeros((6, 2), dtype=np.int64)
    for v in order.tolist():
        fits = [h for h in range(6) if (load[h] + size[v] <= 0.98 * room).all()]
        at[v] = int(dice.choice(fits[:2])) if fits else int(load.max(axis=1).argmin())
        load[at[v]] += size[v]
    hosts = tuple(Host(f"h{h}", tuple(room.tolist())) for h in range(6))
    return Problem(
        "forty", kinds, hosts, tuple(VM(f"v{v}", tuple(size[v].tolist()), at[v]) for v in range(40))
    )


@given(st.integers(0, 10**6), st.sampled_from((9_000, 8_000, 7_500)))
@FEW
def test_bounds_and_search_enclose_what_branch_and_bound_proves(seed: int, target: int) -> None:
    problem = _cluster(seed)
    units = units_of(problem, problem.limits(target))
    bound = repair_bound(units, target)
    assert not check_bound(problem, bound, target)
    assert stage_of(units, target, target, whole=False).moves <= bound.value
    proved = solve_whole(units, nodes=2_000)
    found = fewer(Tabu(units, units.home), bound.value, UNLIMITED, 400, 400, never, lambda: None)
    if proved.at is not None:
        assert bound.value <= units.moves(proved.at)
    if found is not None:
        assert units.sound(found)
        assert units.moves(found) >= max(bound.value, proved.bound)
