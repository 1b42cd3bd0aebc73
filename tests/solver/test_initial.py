"""The states a run starts from: the same as trying every state there is."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from support import model_file
from vmproof import Field, Maybe, Range, Scope, Sort, State, initial, no
from vmproof.model.language.plain import true_of
from vmproof.model.scenarios import alike
from vmproof.solver.initial import initial_states


class Host(Sort):
    """A hypervisor."""


class Small(State):
    up = Field(Host, value=bool)
    load = Field(Host, value=Range(1, 3))
    master = Field(value=Maybe(Host))


@initial
def any_balance(s: Small):
    """The load is four in all, and a master is up."""
    return (s.total(Host, lambda h: s.load[h]) == 4) & s.exists(Host, lambda h: (s.master == h) & s.up[h])


@initial
def not_all_up(s: Small):
    """Some host is down."""
    return no(s.forall(Host, lambda h: s.up[h]))


def by_trying(scope: Scope) -> set[bytes]:
    """Every state there is, asked by the plain reading."""
    everything = itertools.product(*(range(len(cell.values)) for cell in scope.cells))
    states = map(bytes, everything)
    return {packed for packed in states if all(true_of(scope, packed, p) for p in scope.initial_predicates())}


@pytest.mark.parametrize("hosts", [1, 2, 3])
def test_the_initial_states_are_those_that_satisfy_the_statements(hosts: int) -> None:
    scope = Scope(Small, {Host: [f"h{i}" for i in range(hosts)]})
    found = list(initial_states(scope))
    assert len(found) == len(set(found))
    assert set(found) == by_trying(scope)


def test_the_order_may_be_random_the_states_are_the_same() -> None:
    scope = Scope(Small, {Host: ["a", "b", "c"]})
    shuffled = list(initial_states(scope, random.Random(3)))
    assert shuffled != list(initial_states(scope))
    assert sorted(shuffled) == sorted(initial_states(scope))


def test_vmc_starts_in_one_state_with_its_budget_full() -> None:
    scope = model_file("benchmarks/vmc.py").scope(2, 1, 2)
    (only,) = initial_states(scope)
    assert only[0] == 2


def test_any_legal_placement_of_two_vms_on_hosts_with_room_for_one() -> None:
    scope = alike(hosts=3, vms=2, room=1, start="any legal placement")
    assert len(list(initial_states(scope))) == 3 * 2
    roomy = alike(hosts=3, vms=2, room=2, start="any legal placement")
    assert len(list(initial_states(roomy))) == 3 * 3


def test_a_fault_tolerant_vm_starts_with_its_secondary_elsewhere() -> None:
    scope = alike(hosts=3, vms=1, fault_tolerant=1, start="any legal placement")
    assert len(list(initial_states(scope))) == 3 * 2


def test_a_contradiction_has_no_initial_state() -> None:
    scope = alike(hosts=1, vms=1)
    nowhere = replace(scope, statics={**scope.statics, "placed": {}})
    placed_nowhere = replace(
        nowhere, settings={"start": "any legal placement"}, statics={**scope.statics, "memory": {"h1": 0}}
    )
    assert list(initial_states(placed_nowhere)) == []
