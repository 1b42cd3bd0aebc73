"""Plain, traced and compiled readings of one model give the same answer, in thousands of states."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from support import model_file
from vmproof.model.language import ModelError, Scope, plain
from vmproof.model.language.evaluate import Evaluator, OutOfRange, traced_refusals, traced_run
from vmproof.model.language.plain import Packed, true_of
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.scope import Instance
from vmproof.model.scenarios import alike
from vmproof.properties import possible, progress, safety, unpromised
from vmproof.properties.teeth import SMALL
from vmproof.solver.compiled import Kernel, kernel_for
from vmproof.solver.initial import initial_states

pytestmark = pytest.mark.differential
CATALOGUE = (safety, possible, progress, unpromised)
SCOPES: dict[str, Callable[[], Scope]] = {
    "vmc": lambda: model_file("benchmarks/vmc.py").scope(3, 2, 2),
    "two-phase commit": lambda: model_file("examples/two_phase_commit.py").scope(3),
    "two writers": lambda: Scope(
        model_file("examples/two_writers.py").Disk, {model_file("examples/two_writers.py").Host: ["a", "b"]}
    ),
    "fault tolerance": lambda: alike(
        vms=2, fault_tolerant=1, budgets={"host_crash": 1, "false_suspicion": 1, "host_return": 1}
    ),
    "cluster lock, no DRS": lambda: alike(hosts=2, vms=2, election="cluster lock", drs="off"),
    "no HA": lambda: alike(hosts=2, vms=1, ha=False),
    "mechanisms removed": lambda: _without(
        alike(hosts=3, vms=1, fault_tolerant=1), "vm disk lock", "election"
    ),
    **{f"cluster: {name}": partial(alike, **arguments) for name, arguments in SMALL.items()},
}


def _without(scope: Scope, *names: str) -> Scope:
    from dataclasses import replace

    return replace(scope, without=names)


def arbitrary(scope: Scope, dice: random.Random) -> Packed:
    """Any state at all, sense or nonsense."""
    return bytes(dice.randrange(len(cell.values)) for cell in scope.cells)


def reachable(kernel: Kernel, dice: random.Random) -> Iterator[Packed]:
    """States along random walks."""
    starts = [packed for packed, _ in zip(initial_states(kernel.scope), range(20), strict=False)]
    while True:
        packed = dice.choice(starts)
        for _ in range(dice.randrange(60)):
            positions = kernel.enabled(packed)
            if not positions:
                break
            packed = kernel.effects[dice.choice(positions)](packed)
        yield packed


def outcome(step: Callable[[], Packed]) -> Packed | str:
    """The successor, or that a write leaves its range."""
    try:
        return step()
    except (ModelError, OutOfRange):
        return "out of range"


def agree(kernel: Kernel, positions: dict[Any, int], packed: Packed, instance: Instance) -> bool:
    """Hold the three readings against each other; returns whether the instance was possible."""
    scope = kernel.scope
    refused = plain.refusals(scope, packed, instance)
    by_budget = [r for r in refused if r.reason.startswith("the scope allows no further")]
    assert [r for r in refused if r not in by_budget] == list(traced_refusals(scope, packed, instance))
    position = positions.get((instance.action.name, instance.arguments))
    assert (position is not None and bool(kernel.guards[position](packed))) == (not refused)
    if refused or position is None:
        return False
    after = outcome(lambda: plain.run(scope, packed, instance))
    assert after == outcome(lambda: traced_run(scope, packed, instance))
    assert after == outcome(lambda: kernel.effects[position](packed))
    return True


@pytest.mark.parametrize("name", SCOPES)
def test_actions_read_the_same(name: str) -> None:
    scope, dice = SCOPES[name](), random.Random(name)
    kernel = kernel_for(scope)
    positions = {(a.instance.action.name, a.instance.arguments): i for i, a in enumerate(kernel.actions)}
    instances, walks = list(scope.instances()), reachable(kernel, dice)
    possible_ones = 0
    for turn in range(700):
        packed = arbitrary(scope, dice) if turn % 2 else next(walks)
        possible_ones += agree(kernel, positions, packed, dice.choice(instances))
        enabled = kernel.enabled(packed)
        if enabled:
            possible_ones += agree(kernel, positions, packed, kernel.instance(dice.choice(enabled)))
    assert possible_ones > 100


@pytest.mark.parametrize("name", SCOPES)
def test_statements_read_the_same(name: str) -> None:
    scope, dice = SCOPES[name](), random.Random(name)
    asked = [*invariants_of(scope.model), *scope.model.of_kind("possible"), *scope.initial_predicates()]
    kernel = kernel_for(scope, asked)
    walks = reachable(kernel, dice)
    closed = {predicate.name: scope.statement(predicate).closed() for predicate in asked}
    seen: set[bool] = set()
    for turn in range(120):
        packed = arbitrary(scope, dice) if turn % 2 else next(walks)
        for predicate in asked:
            value = true_of(scope, packed, predicate)
            assert value == Evaluator(scope, packed).value(closed[predicate.name], {})
            assert value == bool(kernel.statements[predicate.name](packed))
            seen.add(value)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["vmc", "fault tolerance"])
def test_what_is_kept_up_to_date_is_what_is_asked_anew(name: str) -> None:
    """Guards and statements that a step is said not to touch keep their value."""
    scope, dice = SCOPES[name](), random.Random(name)
    kernel = kernel_for(scope, invariants_of(scope.model))
    walks = reachable(kernel, dice)
    for _ in range(150):
        packed = next(walks)
        for position in kernel.enabled(packed):
            after = kernel.effects[position](packed)
            for other in set(range(len(kernel.guards))) - set(kernel.affected[position]):
                assert bool(kernel.guards[other](packed)) == bool(kernel.guards[other](after))
            for statement, test in kernel.statements.items():
                if statement not in kernel.touched[position]:
                    assert bool(test(packed)) == bool(test(after))
