"""Proofs for any size: what is proved, what is not, and why; and that the engine cannot prove too much."""

from __future__ import annotations

import json
import multiprocessing
import signal
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from support import model_file
from vmproof.model.language import (
    Field,
    Range,
    Scope,
    Sort,
    State,
    action,
    initial,
    invariant,
    lemma,
    no,
    require,
)
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas, safety
from vmproof.properties.proofs import PROVED, UNKNOWN
from vmproof.properties.prove import Options, prove
from vmproof.properties.results import Finding, Result, Verdict
from vmproof.properties.search import search
from vmproof.reports.as_json import to_json
from vmproof.reports.page import to_html
from vmproof.solver.smt.answers import Limits

CATALOGUE = (safety, lemmas)


class Thing(Sort):
    """Something."""


class Counter(State):
    """A number that some thing holds up to three times."""

    number = Field(value=Range(0, 3))
    held = Field(Thing, value=bool)


@initial
def begins(s: Counter, x: Thing):
    """Nothing is held."""
    return (s.number == 0) & no(s.held[x])


@action()
def take(s: Counter, x: Thing):
    """A thing is taken."""
    require(no(s.held[x]), "it is held")
    s.held[x] = True
    s.number = s.number + 1


@invariant
def one_is_held(s: Counter):
    """At most one thing is held (false)."""
    return s.count(Thing, lambda x: s.held[x]) <= 1


@invariant
def nothing_is_true(s: Counter):
    """This is false."""
    return no(s.number == s.number)


@lemma
def small(s: Counter):
    """A number below two, as if it stopped there (false)."""
    return s.number < 2


def counter(things: int = 2) -> Scope:
    return Scope(Counter, {Thing: [f"t{i}" for i in range(things)]})


def two_writers() -> Scope:
    module: ModuleType = model_file("examples/two_writers.py")
    return Scope(module.Disk, {module.Host: ["a", "b"]})


def cluster() -> Scope:
    return alike(hosts=2, vms=1, vmotion="on", storage_vmotion=True)


def found(result: Result, name: str) -> Finding:
    return next(finding for finding in result.findings if finding.property == name)


def test_a_proof_names_the_mechanism_that_it_needs() -> None:
    result = prove(two_writers(), Options(workers=1))
    assert found(result, "one_writer").verdict is Verdict.PROVED
    assert result.exit == 0
    assert result.proof is not None
    assert result.proof.uses["one_writer"] == ("disk lock",)
    assert result.proof.leans_on["one_writer"] == ("one_lock", "who_writes_has_the_lock")


def test_without_its_mechanism_the_proof_fails_and_a_run_shows_why() -> None:
    result = prove(replace(two_writers(), without=("disk lock",)), Options(workers=1))
    refuted = found(result, "one_writer")
    assert refuted.verdict is Verdict.REFUTED
    assert len(refuted.trace or ()) == 2
    assert result.exit == 1


@pytest.mark.parametrize(("protocol", "goal"), [("lock_server", "one_holder"), ("leader_ring", "one_leader")])
def test_protocols_that_other_provers_show_are_proved(protocol: str, goal: str) -> None:
    scope = model_file(f"benchmarks/{protocol}.py").scope(3)
    assert found(prove(scope, Options(workers=1)), goal).verdict is Verdict.PROVED
    stated = [*scope.model.of_kind("invariant"), *scope.model.of_kind("lemma")]
    result = search(scope, stated)
    assert result.complete
    assert result.states == {"lock_server": 80, "leader_ring": 64}[protocol]
    assert not result.violations


def test_two_phase_commit_is_proved_for_any_number() -> None:
    result = prove(model_file("examples/two_phase_commit.py").scope(3), Options(workers=1))
    assert found(result, "consistent").verdict is Verdict.PROVED
    assert result.proof is not None
    assert result.proof.uses["consistent"] == ("unanimity",)


def test_a_false_invariant_of_vmc_is_refuted_by_its_five_steps() -> None:
    result = prove(model_file("benchmarks/vmc.py").scope(3, 3, 2), Options(workers=1))
    verdicts = {finding.property: finding.verdict for finding in result.findings}
    assert verdicts.pop("bad") is Verdict.REFUTED
    assert set(verdicts.values()) == {Verdict.PROVED}
    assert len(found(result, "bad").trace or ()) == 5


def test_what_is_false_is_never_proved_and_a_write_out_of_range_is_an_obligation() -> None:
    result = prove(counter(), Options(workers=1, explain=False))
    assert {finding.verdict for finding in result.findings} == {Verdict.UNDETERMINED}
    assert result.exit == 3
    assert result.proof is not None
    ranges = [o for o in result.proof.obligations if o.goal == "range number"]
    assert [o.action for o in ranges] == ["take"]


def test_a_failed_induction_is_a_small_cluster_that_says_whether_it_is_reached() -> None:
    bare = replace(two_writers(), name="bare")
    module = model_file("examples/two_writers.py")
    kept = {n: module.Disk.model.predicates.pop(n) for n in ("one_lock", "who_writes_has_the_lock")}
    try:
        result = prove(bare, Options(workers=1))
    finally:
        module.Disk.model.predicates.update(kept)
    undecided = found(result, "one_writer")
    assert undecided.verdict is Verdict.UNDETERMINED
    assert "unreachable in the 3 states of 2 Host" in undecided.reason
    assert result.proof is not None
    (failed,) = result.proof.inductions
    assert failed.scope == "2 Host"
    assert failed.step is not None
    assert failed.step.action == "power_on"
    assert len(failed.state) == 1


def test_a_millisecond_is_not_enough_and_nothing_is_called_proved() -> None:
    scope = alike(hosts=2, vms=1, vmotion="on")
    limits = Limits(seconds=0.001)
    result = prove(scope, Options(limits, workers=1, only=("unique_master",), explain=False))
    assert result.exit == 3
    assert all(finding.verdict is Verdict.UNDETERMINED for finding in result.findings)
    assert "unique_master" in found(result, "unique_master").reason


def test_ctrl_c_ends_the_processes_and_keeps_what_was_found() -> None:
    """Also where SIGTERM counts as Ctrl-C, as it does in the command."""

    def interrupt(done: int, total: int, _: float) -> None:
        if total > 100:  # the second round: workers are in the middle of long tasks
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = prove(cluster(), Options(workers=2, on_tick=interrupt))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert multiprocessing.active_children() == []
    assert result.exit == 3
    assert any("interrupted" in note for note in result.notes)
    assert result.proof is not None
    assert {o.answer for o in result.proof.obligations} >= {PROVED, UNKNOWN}


def test_a_second_run_answers_from_the_cache(tmp_path: Path) -> None:
    scope = model_file("benchmarks/vmc.py").scope(2, 2, 1)
    options = Options(workers=1, cache=tmp_path, explain=False)
    first, second = prove(scope, options), prove(scope, options)
    assert first.proof is not None
    assert second.proof is not None
    assert first.proof.cached == 0
    assert second.proof.cached == sum(o.answer == PROVED for o in first.proof.obligations)
    assert [f.verdict for f in first.findings] == [f.verdict for f in second.findings]


def test_an_answer_from_the_cache_needs_all_its_hypotheses(tmp_path: Path) -> None:
    options = Options(workers=1, cache=tmp_path, explain=False)
    assert prove(two_writers(), options).exit == 0
    without = prove(replace(two_writers(), without=("disk lock",)), options)
    assert found(without, "one_writer").verdict is Verdict.UNDETERMINED
    damaged = next(tmp_path.glob("proofs-*.json"))
    damaged.write_text("{", encoding="utf-8")
    assert prove(two_writers(), options).exit == 0


def test_a_report_has_the_table_of_obligations() -> None:
    result = prove(replace(two_writers(), without=("disk lock",)), Options(workers=1))
    data = json.loads(to_json(result))
    rows = data["proof"]["obligations"]
    assert {"action", "goal", "answer", "seconds", "needs", "cached", "reason"} == set(rows[0])
    assert data["proof"]["failed_inductions"][0]["step"]["action"] == "power_on"
    page = to_html(result)
    assert "Obligations" in page
    assert "Failed inductions" in page


def test_lemmas_hold_in_every_reachable_state_of_small_scopes() -> None:
    scopes = [
        alike(hosts=2, vms=1, fault_tolerant=1, budgets={"host_crash": 1, "ft_link_loss": 1}),
        alike(hosts=3, vms=1, vmotion="on", budgets={"host_crash": 1, "migration_cut": 1}),
    ]
    for scope in scopes:
        wanted = scope.model.of_kind("lemma")
        result = search(scope, wanted)
        assert result.complete
        assert not result.violations
