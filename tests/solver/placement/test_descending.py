"""Descents alone: no solver proves or mends anything, what they find is held against every placement."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement_clusters import moves, placements, problems
from vmproof.solver.placement import VM, Effort, Host, Problem, Resource, descending
from vmproof.solver.placement.descending import Descent, first_answer, lawful
from vmproof.solver.placement.effort import Watch
from vmproof.solver.placement.engine import hopeless
from vmproof.solver.placement.halves import meet_quickly
from vmproof.solver.placement.problem import Integers
from vmproof.solver.placement.searching import Search
from vmproof.solver.placement.units import Units, units_of

EFFORT = Effort(rounds=60, pieces=200, seconds=None)


def descended(units: Units, effort: Effort, floor: int = 0) -> Descent | None:
    """What descents find from a first answer; None where that breaks rules."""
    watch, search = Watch(effort), Search(units, effort.seed)
    first_answer(units, search, watch, 50)
    if not lawful(units, search):
        return None
    descent = Descent(units, floor, watch, meet_quickly)
    descent.run(search.at)
    return descent


@given(problems(), st.sampled_from((10_000, 7_000)), st.integers(0, 5))
@settings(max_examples=max(10, settings().max_examples // 8))
def test_what_is_found_keeps_the_rules_and_is_never_below_the_least(
    problem: Problem, target: int, seed: int
) -> None:
    units = units_of(problem, problem.limits(target))
    if hopeless(units):
        return
    every = [moves(problem, placement) for placement in placements(problem, target)]
    with patch.multiple(descending, PATIENCE=50, STALE=8):  # so that there are several starts
        descent = descended(units, replace(EFFORT, seed=seed))
    if descent is None or descent.best is None:
        return
    assert units.sound(descent.best)
    assert descent.least == (units.moves(descent.best), units.carried(descent.best))
    assert descent.least[0] >= min(every)


def tight() -> Units:
    """Eight hosts, half of them too full, where exchanges are needed."""
    dice = np.random.default_rng(7)
    sizes = dice.integers(8, 30, 48).tolist()
    hosts = tuple(Host(f"h{h}", (160,)) for h in range(8))
    vms = tuple(VM(f"v{v}", (size,), v % 4 if v % 3 else v % 8) for v, size in enumerate(sizes))
    problem = Problem("tight", (Resource("memory", "MiB"),), hosts, vms)
    return units_of(problem, problem.limits())


def test_more_starts_find_as_few_migrations_or_fewer() -> None:
    few = descended(tight(), replace(EFFORT, rounds=20))
    many = descended(tight(), replace(EFFORT, rounds=500, pieces=500))
    assert few is not None
    assert many is not None
    assert many.least <= few.least


@pytest.mark.parametrize("seed", range(2))
def test_the_same_seed_descends_the_same_way(seed: int) -> None:
    def found() -> Integers | None:
        descent = descended(tight(), replace(EFFORT, rounds=200, seed=seed))
        return None if descent is None else descent.best

    first = found()
    assert first is not None
    assert (first == found()).all()


def test_it_ends_at_the_floor() -> None:
    least = descended(tight(), EFFORT)
    assert least is not None
    again = descended(tight(), Effort(rounds=10**9, pieces=10**9, seconds=None), floor=least.least[0])
    assert again is not None
    assert again.least[0] <= least.least[0]
