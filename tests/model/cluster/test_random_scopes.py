"""Faults, requests, settings and data in combinations that nobody chose: only the unpromised may break."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from vmproof.model.cluster import Cluster
from vmproof.model.inventory.items import BUDGETS
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import possible, progress, safety, unpromised
from vmproof.properties.lasso import endless_wait
from vmproof.properties.search import Limits, search

CATALOGUE = (safety, unpromised, possible, progress)
UNPROMISED = {
    *("one_running_copy", "one_network_identity"),
    *("one_responsible_master", "only_dead_hosts_are_given_up", "nothing_is_powered_off_in_vain"),
}


def always(name: str, count: int, value: Any) -> dict[str, Any]:
    return {f"{name}{number + 1}": value for number in range(count)}


@st.composite
def clusters(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of ``alike``: two to four kinds of faults and requests, any settings, some odd data."""
    hosts, vms = draw(st.integers(2, 3)), draw(st.integers(1, 2))
    pairs = draw(st.integers(0, 1))
    budgets = draw(st.dictionaries(st.sampled_from(BUDGETS), st.integers(1, 2), min_size=2, max_size=4))
    statics: dict[str, Any] = {}
    if not pairs and draw(st.booleans()):
        statics[draw(st.sampled_from(["to_convert", "placed_off"]))] = {"v1": True}
    if draw(st.booleans()):
        statics |= {"demand": always("v", vms, 1), "peak_demand": always("v", vms, 2)}
        statics["cpu"] = {f"h{n + 1}": draw(st.integers(1, 3)) for n in range(hosts)}
    if vms == 2 and draw(st.booleans()):
        statics["apart"] = {("v1", "v2"): True, ("v2", "v1"): True}
    policies = {
        name: draw(st.sampled_from(setting.values))
        for name, setting in Cluster.model.settings.items()
        if name not in ("ha", "ft")  # on, as by default
    }
    return {
        **{"hosts": hosts, "vms": vms, "datastores": draw(st.integers(1, 2)), "segments": 2},
        **{"room": draw(st.integers(1, 3)), "fault_tolerant": pairs, "budgets": budgets},
        **{"statics": statics, **policies},
    }


def asked(arguments: dict[str, Any], states: int) -> None:
    """Search so many states; every wait ends where that was all of them."""
    scope = alike(**arguments)
    note(f"alike(**{arguments})")
    found = search(scope, invariants_of(scope.model), limits=Limits(states=states), keeps_edges=True)
    assume(found.states)
    broken = {name: run for name, run in found.violations.items() if name not in UNPROMISED}
    assume(all(run.instances for run in broken.values()))  # data that break a rule from the start
    for name, run in broken.items():
        note(f"{name}: {[str(instance) for instance in run.instances]}")
    if found.deadlock is not None:
        note(f"deadlock: {[str(instance) for instance in found.deadlock.instances]}")
    assert not broken
    assert found.deadlock is None
    if found.complete:
        for predicate in scope.model.of_kind("progress"):
            lasso = endless_wait(found, predicate).lasso
            note(f"{predicate.name}: {lasso and [str(instance) for instance in lasso.run.instances]}")
            assert lasso is None


@given(arguments=clusters())
@settings(max_examples=12, deadline=None, derandomize=True)
def test_a_few_random_scopes(arguments: dict[str, Any]) -> None:
    asked(arguments, states=3_000)


@pytest.mark.campaign
@given(arguments=clusters())
@settings(max_examples=400, deadline=None)
def test_many_random_scopes(arguments: dict[str, Any]) -> None:
    asked(arguments, states=30_000)
