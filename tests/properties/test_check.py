"""check: the verdict says which engine answered, and never more than it knows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

import vmproof.properties.check as module
from support import model_file
from vmproof import Scope
from vmproof.model.scenarios import alike
from vmproof.properties import possible, safety
from vmproof.properties.check import Options, check
from vmproof.properties.effort import Effort
from vmproof.properties.known import NO_DEADLOCK, STATE_COUNT
from vmproof.properties.results import Finding, Result, Verdict
from vmproof.properties.search import Limits, Tick
from vmproof.solver.diagrams.limits import Size

CATALOGUE = (safety, possible)


def finding(result: Result, name: str) -> Finding:
    """The finding on one property."""
    return next(found for found in result.findings if found.property == name)


def vmc(hosts: int = 2, vms: int = 2, crashes: int = 1) -> Scope:
    scope: Scope = model_file("benchmarks/vmc.py").scope(hosts, vms, crashes)
    return scope


def test_a_complete_search_says_holds_with_its_counts() -> None:
    result = check(vmc())
    assert (result.states, result.transitions, result.depth) == (436, 1641, 13)
    held = finding(result, "master_is_up")
    assert (held.verdict, held.engine) == (Verdict.HOLDS, "search")
    assert "436" in held.reason


def test_a_refuted_property_has_a_replayed_trace_and_a_program() -> None:
    refuted = finding(check(vmc()), "bad")
    assert refuted.verdict is Verdict.REFUTED
    assert refuted.trace is not None
    assert [step.action for step in refuted.trace] == ["elect", "restart", "start", "finish_copy", "crash"]
    assert 'replay(scope, [\n    "elect(' in refuted.program
    assert check(vmc()).exit == 1


def test_an_expected_refutation_counts_as_met_and_a_missed_one_fails() -> None:
    assert check(vmc(), Options(expect={"bad": "REFUTED"})).exit == 0
    missed = check(vmc(), Options(expect={"bad": "REFUTED", "master_is_up": "REFUTED"}))
    assert missed.exit == 1
    assert finding(missed, "master_is_up").exit == 1


def test_the_last_word_is_the_one_that_decides_the_exit_status() -> None:
    """What is refuted as expected does not hide that the rest is undetermined."""
    result = check(vmc(), Options(expect={"bad": "REFUTED"}))
    late = replace(result.findings[0], verdict=Verdict.UNDETERMINED, expected=None)
    both = replace(result, findings=(*result.findings, late))
    assert (both.exit, both.verdict) == (3, Verdict.UNDETERMINED)
    assert (check(vmc()).exit, check(vmc()).verdict) == (1, Verdict.REFUTED)


def test_the_seconds_are_those_of_all_engines_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 142.0))
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert check(vmc(3, 3, 2)).seconds == 42.0  # searched, then explored


def test_an_expectation_about_nothing_is_noted() -> None:
    assert any("no_such" in note for note in check(vmc(), Options(expect={"no_such": "HOLDS"})).notes)


def test_where_the_search_gives_up_the_walk_answers_with_sampled() -> None:
    options = Options(limits=Limits(states=50), effort=None, steps=30_000, seed=7)
    result = check(vmc(), options)
    sampled = finding(result, "master_is_up")
    assert (sampled.verdict, sampled.engine) == (Verdict.SAMPLED, "walk")
    assert "30,000 random steps" in sampled.reason
    assert "50 states breadth-first" in sampled.reason
    assert (result.seed, result.depth) == (7, None)
    assert finding(result, "bad").verdict is Verdict.REFUTED


def test_what_is_too_large_to_search_quickly_is_explored_with_diagrams() -> None:
    result = check(vmc(3, 3, 2))
    held = finding(result, "master_is_up")
    assert (result.states, held.verdict, held.engine) == (108_507, Verdict.HOLDS, "diagrams")
    assert finding(result, "bad").trace is not None


def test_where_diagrams_give_up_too_the_walk_answers() -> None:
    effort = Effort(Size(memory=1 << 16))
    options = Options(limits=Limits(states=6_000), effort=effort, steps=20_000)
    assert finding(check(vmc(4, 4, 1), options), "master_is_up").verdict is Verdict.SAMPLED


def test_ctrl_c_leaves_undetermined_with_what_was_found() -> None:
    def interrupt(tick: Tick) -> None:
        raise KeyboardInterrupt

    result = check(vmc(3, 3, 2), Options(on_tick=interrupt))
    assert finding(result, "master_is_up").verdict is Verdict.UNDETERMINED
    assert result.exit in (1, 3)


def test_a_possible_that_is_never_seen_is_undetermined() -> None:
    full = alike(hosts=2, vms=2, room=1, budgets={"host_crash": 1})
    result = check(full)
    unseen = finding(result, "a_vm_is_restarted")
    assert unseen.verdict is Verdict.UNDETERMINED
    assert result.exit == 3


def test_a_possible_that_the_data_rule_out_is_not_asked() -> None:
    plain = check(alike(hosts=2, vms=1))
    assert all(found.property != "redundancy_is_back" for found in plain.findings)
    fault_tolerant = check(alike(hosts=3, vms=1, fault_tolerant=1))
    assert any("a_vm_is_restarted" in note for note in fault_tolerant.notes)


def test_a_possible_that_the_budgets_rule_out_is_not_asked() -> None:
    quiet = check(alike(hosts=2, vms=1, budgets={}))
    assert all(found.property != "an_election_is_held" for found in quiet.findings)
    assert any("an_election_is_held" in note for note in quiet.notes)


def test_the_number_of_states_that_a_file_expects_is_compared() -> None:
    right, wrong = (check(vmc(), Options(states=n)) for n in (436, 437))
    assert finding(right, STATE_COUNT).verdict is Verdict.HOLDS
    assert finding(wrong, STATE_COUNT).verdict is Verdict.REFUTED
    assert "436 states, and the file says 437" in finding(wrong, STATE_COUNT).reason


def test_a_witness_is_a_trace_that_ends_in_it() -> None:
    seen = finding(check(alike(hosts=2, vms=1, vmotion="on")), "a_migration_moves_the_vm")
    assert seen.verdict is Verdict.HOLDS
    assert seen.trace is not None
    assert seen.trace[-1].action == "activate_destination"


def test_a_removed_mechanism_turns_holds_into_refuted() -> None:
    scope = replace(alike(hosts=2, vms=1), without=("election",))
    assert finding(check(scope), "unique_master").verdict is Verdict.REFUTED


def test_no_deadlock_is_asked_of_every_model() -> None:
    assert finding(check(vmc()), NO_DEADLOCK).verdict is Verdict.HOLDS


def test_what_nothing_can_touch_is_called_vacuous() -> None:
    quiet = check(alike(hosts=2, vms=1, budgets={"host_crash": 1}))
    assert finding(quiet, "resets_are_bounded").reason.startswith("vacuous")
    assert not finding(quiet, "single_live_primary").reason.startswith("vacuous")
