"""The random walk: reproducible, watchful, and never more than a sample."""

from __future__ import annotations

import random

import pytest

from support import model_file
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties.search import Tick, search
from vmproof.properties.shrink import shortened
from vmproof.properties.walk import Possible, walk
from vmproof.solver.compiled import kernel_for
from vmproof.solver.initial import initial_states

VMC = model_file("benchmarks/vmc.py").scope(3, 2, 1)


def test_the_same_seed_gives_the_same_walk() -> None:
    one, other = (walk(VMC, steps=5_000, seed=4) for _ in range(2))
    assert (one.states, one.steps, one.coverage) == (other.states, other.steps, other.coverage)
    assert walk(VMC, steps=5_000, seed=5).coverage != one.coverage


def test_it_takes_as_many_steps_as_it_is_told() -> None:
    found = walk(VMC, steps=1_234)
    assert found.steps == 1_234
    assert sum(found.coverage.fired.values()) == 1_234


def test_every_state_it_sees_is_reachable() -> None:
    assert walk(VMC, steps=20_000).states <= search(VMC).states


def test_guards_are_watched_one_by_one() -> None:
    guards = {(g.action, g.reason): g for g in walk(VMC, steps=20_000).coverage.guards}
    master = guards["elect", "there is a master"]
    assert master.held > 0
    assert master.failed > master.decisive > 0


def test_a_guard_that_can_never_fail_is_seen_to_hold_always() -> None:
    guards = walk(alike(hosts=2, vms=1, vmotion="on"), steps=20_000).coverage.guards
    storage = [g for g in guards if g.reason == "the host cannot access the VM's datastore"]
    assert storage
    assert all(g.failed == 0 for g in storage)


def test_ctrl_c_keeps_what_was_found() -> None:
    def interrupt(tick: Tick) -> None:
        if tick.transitions > 2_000:
            raise KeyboardInterrupt

    found = walk(VMC, steps=10**9, on_tick=interrupt)
    assert found.stopped == "interrupted"
    assert 2_000 < found.steps < 10**6


def test_witnesses_and_deadlocks_are_found() -> None:
    scope = alike(hosts=3, vms=1, budgets={"host_crash": 3})
    found = walk(scope, possibles=scope.model.of_kind("possible"), steps=50_000)
    assert "a_vm_is_restarted" in found.witnesses
    assert found.deadlock is None


@pytest.mark.parametrize("seed", range(3))
def test_the_set_of_possible_instances_is_kept_up_to_date(seed: int) -> None:
    kernel, dice = kernel_for(VMC), random.Random(seed)
    packed = next(initial_states(VMC))
    possible = Possible(kernel, packed)
    for _ in range(300):
        taken = dice.choice(possible.positions)
        packed = kernel.effects[taken](packed)
        possible.after(taken, packed)
        assert sorted(possible.positions) == kernel.enabled(packed)


def test_shortening_keeps_the_end_and_drops_the_rest() -> None:
    kernel = kernel_for(VMC, invariants_of(VMC.model))
    test, dice = kernel.statements["bad"], random.Random(1)
    packed = start = next(initial_states(VMC))
    taken: list[int] = []
    while test(packed):
        if len(taken) == 200:  # the one crash came too early
            packed, taken = start, []
        taken.append(dice.choice(kernel.enabled(packed)))
        packed = kernel.effects[taken[-1]](packed)
    short = shortened(kernel, start, taken, lambda last: not test(last))
    assert len(short) <= len(taken)
    assert 5 <= len(short) <= 8
