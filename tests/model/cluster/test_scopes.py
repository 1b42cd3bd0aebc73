"""The shipped scopes: every file says how many states are reachable, and what is refuted in it."""

from __future__ import annotations

from collections import Counter

import pytest

from shipped import FILES, FOLDER, LARGE, asked, explored, loaded, searched
from vmproof.model.cluster import Cluster
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties.lasso import endless_wait
from vmproof.properties.teeth import SMALL as SMALL_ONES
from vmproof.solver.frozen import kernel_from_start

AT_WORK = {  # what has to fire in the scope of everything, of all four systems
    "everything": (
        *("recommend_moving", "apply_recommendation", "activate_destination", "destroy_original"),
        *("become_master", "restart", "reset_guest", "fail_over", "release_output", "complete_secondary"),
    )
}


@pytest.mark.parametrize("name", FILES)
def test_a_scope_has_the_states_and_verdicts_that_its_file_says(name: str) -> None:
    found, expect = explored(name), loaded(name).expect
    assert found.complete
    assert found.states == loaded(name).states
    endless = {p.name for p in found.scope.model.of_kind("progress") if found.waits(p).lasso}
    assert {*found.violations, *endless} == {p for p, verdict in expect.items() if verdict == "REFUTED"}
    assert [p.name for p in asked(name) if p.name not in found.witnesses] == []
    assert found.deadlock is None
    assert [action for action in AT_WORK.get(name, ()) if not found.coverage.fired[action]] == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", LARGE)
def test_the_plain_search_of_a_large_scope_says_so_too(name: str) -> None:
    found, expect = searched(name), loaded(name).expect
    assert found.states == loaded(name).states
    endless = {p.name for p in found.kernel.scope.model.of_kind("progress") if endless_wait(found, p).lasso}
    assert {*found.violations, *endless} == {p for p, verdict in expect.items() if verdict == "REFUTED"}


def test_every_action_fires_in_a_shipped_scope() -> None:
    fired = sum((Counter(explored(name).coverage.fired) for name in FILES), Counter())
    assert [action for action in Cluster.model.actions if not fired[action]] == []


def test_no_invariant_is_vacuous_everywhere() -> None:
    scopes = [loaded(name).scope for name in FILES] + [alike(**SMALL_ONES["no HA"])]
    invariants = invariants_of(Cluster.model)
    settled = [kernel_from_start(scope, invariants).settled for scope in scopes]
    guarded = {"fault_tolerance_needs_ha"}  # its mechanism leaves nothing to happen; the teeth show it
    assert frozenset.intersection(*settled) == guarded


BEGINS = {  # a scope in which the wait of each progress property begins
    "a_failed_vm_runs_again": "guests-and-users",
    "a_failure_is_noticed": "guests-and-users",
    "every_component_has_one_master": "partition",
    "a_migration_ends": "live-migration",
    "redundancy_returns": "fault-tolerance-enabled",
    "a_dead_guest_is_reset": "guests-and-users",
    "maintenance_ends": "maintenance",
    "drs_settles": "resource-scheduling",
    "one_copy_is_left": "isolation",
}


def test_the_wait_of_every_progress_property_begins_in_a_shipped_scope() -> None:
    for predicate in Cluster.model.of_kind("progress"):
        assert endless_wait(searched(BEGINS[predicate.name]), predicate).begins, predicate.name


def test_every_question_is_asked_in_a_shipped_scope() -> None:
    questions = {p.name for name in FILES for p in asked(name)}
    assert questions == {p.name for p in Cluster.model.of_kind("possible")}


def test_every_system_has_a_scope_with_a_sentence() -> None:
    for name in FILES:
        head = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").split("\n\n")[0]
        assert head.startswith("# ")
        assert f"vmproof check examples/scopes/{name}.toml" in head
