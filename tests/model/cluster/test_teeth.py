"""Every mechanism is needed: without it a property is refuted, and the trace has the known length."""

from __future__ import annotations

from typing import Any

import pytest

from vmproof.model.cluster import Cluster
from vmproof.model.language import Scope
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import possible, safety
from vmproof.properties.replay import confirmed, violates
from vmproof.properties.search import Limits, search

CATALOGUE = (safety, possible)
SMALL: dict[str, Any] = {"hosts": 3, "vms": 1}
PAIR: dict[str, Any] = {"hosts": 3, "vms": 1, "fault_tolerant": 1}

# mechanisms removed together, scope, property that breaks, steps of the shortest counterexample
TEETH: list[tuple[tuple[str, ...], dict[str, Any], str, int]] = [
    (("vm disk lock",), {**SMALL, "false_suspicion": 1}, "single_live_primary", 3),
    (("vm disk lock", "host heartbeat"), SMALL, "single_live_primary", 2),
    (("vm disk lock", "FT heartbeat"), PAIR, "single_live_primary", 1),
    (("commit acknowledgement",), SMALL, "live_copy_is_current", 5),
    (("commit acknowledgement",), SMALL, "original_retained", 6),
    (("original kept until activation",), SMALL, "original_retained", 2),
    (("one job per VM",), SMALL, "no_stray_copy", 3),
    (("one job per VM",), SMALL, "single_live_primary", 8),
    (("placement check",), {"hosts": 2, "vms": 2, "room": 1}, "reservations_fit", 1),
    (("election",), SMALL, "unique_master", 1),
    (("cluster lock",), {**SMALL, "election": "cluster lock"}, "unique_master", 1),
    (("host heartbeat",), SMALL, "only_dead_hosts_are_given_up", 1),
    (("secondary on another host",), PAIR, "secondary_is_elsewhere", 2),
    (("FT heartbeat",), PAIR, "live_copy_is_current", 10),
    (("log drained before go-live",), PAIR, "live_copy_is_current", 3),
]


def without(arguments: dict[str, Any], removed: tuple[str, ...]) -> Scope:
    """The scope of ``alike`` with mechanisms removed."""
    scope = alike(**arguments)
    return Scope(
        scope.state,
        scope.members,
        statics=scope.statics,
        settings=scope.settings,
        budgets=scope.budgets,
        without=removed,
    )


@pytest.mark.parametrize(("removed", "arguments", "broken", "steps"), TEETH)
def test_removing_a_mechanism_refutes_a_property(
    removed: tuple[str, ...], arguments: dict[str, Any], broken: str, steps: int
) -> None:
    scope = without(arguments, removed)
    wanted = next(p for p in invariants_of(scope.model) if p.name == broken)
    found = search(scope, [wanted], limits=Limits(states=200_000))
    trace = found.violations[broken]
    confirmed(trace, violates(scope, wanted), broken)
    assert len(trace.instances) == steps


@pytest.mark.parametrize(
    "arguments", [{**SMALL, "host_return": 1}, {**PAIR, "host_return": 1}, {"hosts": 2, "vms": 2, "room": 1}]
)
def test_with_all_mechanisms_everything_holds(arguments: dict[str, Any]) -> None:
    found = search(alike(**arguments), invariants_of(Cluster.model), limits=Limits(states=400_000))
    assert found.complete
    assert not found.violations
    assert found.deadlock is None


def test_every_mechanism_has_teeth_and_protects_something() -> None:
    bitten = {name for removed, _, _, _ in TEETH for name in removed}
    assert bitten == set(Cluster.model.mechanisms)
    protected = {name for predicate in Cluster.model.predicates.values() for name in predicate.mechanism}
    assert protected >= set(Cluster.model.mechanisms) - {"FT heartbeat"}


def test_every_action_fires_in_some_scope() -> None:
    scopes = [alike(**PAIR, host_return=1, host_crash=1, false_suspicion=1), alike(**SMALL, host_return=1)]
    fired = [search(scope, limits=Limits(states=400_000)).fired for scope in scopes]
    never = [name for name in Cluster.model.actions if not any(counts[name] for counts in fired)]
    assert never == []


def test_false_suspicion_breaks_no_more_than_it_must() -> None:
    scope = alike(**SMALL, false_suspicion=1, host_return=1)
    found = search(scope, invariants_of(scope.model), limits=Limits(states=400_000))
    assert found.complete
    assert list(found.violations) == ["only_dead_hosts_are_given_up"]


def test_the_cluster_lock_elects_one_master_too() -> None:
    scope = alike(**SMALL, host_return=1, election="cluster lock")
    found = search(scope, invariants_of(scope.model), limits=Limits(states=400_000))
    assert found.complete
    assert not found.violations
    assert found.fired["become_master"] > 0


@pytest.mark.parametrize(
    ("setting", "value", "action"), [("ha", False, "restart"), ("ft", False, "start_secondary")]
)
def test_what_a_setting_switches_off_never_happens(setting: str, value: bool, action: str) -> None:
    scope = alike(**PAIR, **{setting: value})
    assert search(scope, limits=Limits(states=400_000)).fired[action] == 0


def test_any_legal_placement_is_a_start() -> None:
    scope = alike(hosts=3, vms=2, room=1, start="any legal placement")
    found = search(scope, invariants_of(scope.model), limits=Limits(states=400_000))
    assert found.complete
    assert not found.violations
