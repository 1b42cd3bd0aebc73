"""explore: what the plain search says, for every shipped scope; and what it does when it may not finish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipped import SMALL, explored, loaded, searched
from support import model_file
from vmproof import Field, Range, Scope, State, action, initial, require
from vmproof.model.language import ModelError
from vmproof.model.language.plain import refusals
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties.effort import Effort
from vmproof.properties.explore import Explored, explore
from vmproof.properties.known import findings_of
from vmproof.properties.lasso import endless_wait
from vmproof.properties.replay import violates
from vmproof.properties.results import Verdict
from vmproof.properties.search import search
from vmproof.solver.diagrams.limits import CheckpointError, Growth, Size


def vmc(hosts: int = 3, vms: int = 2, crashes: int = 2) -> Scope:
    scope: Scope = model_file("benchmarks/vmc.py").scope(hosts, vms, crashes)
    return scope


@pytest.mark.parametrize("name", SMALL)
def test_everything_that_the_search_counts_and_finds_is_the_same(name: str) -> None:
    found, other = explored(name), searched(name)
    assert (found.states, found.transitions, found.depth) == (other.states, other.transitions, other.depth)
    assert found.coverage.fired == other.fired
    assert found.settled == other.kernel.settled
    lengths = {p: len(runs[0].instances) for p, runs in found.violations.items()}
    assert lengths == {p: len(run.instances) for p, run in other.violations.items()}
    witnesses = {p: len(run.instances) for p, run in found.witnesses.items() if run is not None}
    assert witnesses == {p: len(run.instances) for p, run in other.witnesses.items()}
    for predicate in found.scope.model.of_kind("progress"):
        assert found.waits(predicate).begins == endless_wait(other, predicate).begins, predicate.name


def test_guards_are_decisive_where_brute_force_says_so() -> None:
    scope = loaded("maintenance").scope
    found, alone = explore(scope), set[tuple[str, str]]()
    assert found.space is not None
    instances = [action.instance for action in found.space.actions]
    for packed in search(scope).table.known:
        for instance in instances:
            refused = refusals(scope, packed, instance)
            if len(refused) == 1:
                alone.add((instance.action.name, refused[0].reason))
    assert {(g.action, g.reason) for g in found.coverage.guards if g.decisive} == alone


class Lamp(State):
    """A lamp that burns out."""

    on = Field(value=bool)
    worn = Field(value=Range(0, 2))


@initial
def new(s: Lamp) -> Any:
    return (s.on == False) & (s.worn == 0)  # noqa: E712


@action()
def press(s: Lamp) -> None:
    """Somebody presses the switch."""
    require(s.worn < 2, "it is burnt out")
    s.on = s.on == False  # noqa: E712
    s.worn = s.worn + 1


def test_a_deadlock_is_found_with_its_shortest_run() -> None:
    found = explore(Scope(Lamp, {}))
    assert found.deadlock is not None
    assert [str(instance) for instance in found.deadlock.instances] == ["press()", "press()"]
    assert search(found.scope).deadlock == found.deadlock


def test_further_counterexamples_end_in_other_actions() -> None:
    scope = alike(hosts=3, vms=1, budgets={"host_crash": 1, "false_suspicion": 1}, without=("election",))
    found = explore(scope, (), Effort(counterexamples=5))
    runs = found.violations["unique_master"]
    last = [run.instances[-1].action.name for run in runs]
    assert len(set(last)) == len(last)
    assert [len(run.instances) for run in runs] == sorted(len(run.instances) for run in runs)
    (predicate,) = [p for p in invariants_of(scope.model) if p.name == "unique_master"]
    assert all(violates(scope, predicate)(run.states()[-1]) for run in runs)


class TestLimits:
    def test_memory_that_gives_out_is_undetermined_with_what_was_reached(self) -> None:
        found = explore(vmc(4, 8, 2), (), Effort(Size(memory=1 << 21)))
        verdicts = {f.property: f.verdict for f in findings_of(found.scope, found, _asked(found), ())}
        assert "memory limit" in found.stopped
        assert found.states > 1
        assert verdicts["master_is_up"] is Verdict.UNDETERMINED

    def test_relations_that_do_not_fit_are_undetermined(self) -> None:
        found = explore(alike(hosts=3, vms=2), (), Effort(Size(memory=1 << 16)))
        assert "memory limit" in found.stopped
        assert found.good()[0] is Verdict.UNDETERMINED

    def test_time_that_gives_out_is_undetermined(self) -> None:
        found = explore(vmc(4, 4, 1), (), Effort(Size(seconds=0.0)))
        assert "limit of 0 s" in found.stopped
        assert found.states < 12_897_366
        assert found.good()[0] is Verdict.UNDETERMINED

    def test_ctrl_c_keeps_what_was_found_and_a_checkpoint_goes_on_to_the_same_answer(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "states"

        def interrupt(growth: Growth) -> None:
            raise KeyboardInterrupt

        scope = vmc()
        cut = explore(scope, (), Effort(checkpoint=file), interrupt)
        assert cut.stopped == "interrupted"
        assert not cut.complete
        whole, again = explore(scope), explore(scope, (), Effort(resume=file))
        assert cut.states < whole.states
        assert (again.states, again.transitions) == (whole.states, whole.transitions)
        assert again.violations == whole.violations

    def test_a_checkpoint_of_another_scope_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "states"
        explore(vmc(2, 2, 1), (), Effort(checkpoint=file))
        with pytest.raises(CheckpointError, match="another model or scope"):
            explore(vmc(), (), Effort(resume=file))
        file.write_text("no diagram", encoding="utf-8")
        with pytest.raises(CheckpointError, match="no checkpoint"):
            explore(vmc(), (), Effort(resume=file))

    def test_a_crowded_space_makes_room_and_counts_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from vmproof.solver.diagrams import space

        monkeypatch.setattr(space.Space.__init__, "__defaults__", (space.USUAL, 1 << 10))
        assert explore(vmc(3, 3, 2)).states == 108_507


def _asked(found: Explored) -> tuple[Any, ...]:
    return invariants_of(found.scope.model)


class TestCone:
    def test_only_what_bears_on_the_question_is_kept_and_the_answer_is_the_same(self) -> None:
        scope = loaded("partition").scope
        found = explore(scope, (), Effort(only=("one_responsible_master",)))
        assert found.space is not None
        assert found.space.cone is not None
        assert len(found.space.cone.cells) < len(scope.cells)
        assert found.states < explore(scope).states
        (run,) = found.violations["one_responsible_master"]
        assert len(run.instances) == len(searched("partition").violations["one_responsible_master"].instances)

    @pytest.mark.parametrize("name", ["isolation", "live-migration", "fault-tolerance-enabled"])
    def test_every_invariant_has_the_same_verdict_in_its_cone(self, name: str) -> None:
        scope, other = loaded(name).scope, searched(name)
        for predicate in invariants_of(scope.model):
            found = explore(scope, (), Effort(only=(predicate.name,)))
            broken = other.violations.get(predicate.name)
            assert (predicate.name in found.violations) == (broken is not None)
            if broken is not None:
                run = found.violations[predicate.name][0]
                assert len(run.instances) == len(broken.instances)
                assert violates(scope, predicate)(run.states()[-1])

    def test_a_projection_is_what_the_cone_counts(self) -> None:
        scope = loaded("partition").scope
        found = explore(scope, (), Effort(only=("one_responsible_master",)))
        assert found.space is not None
        assert found.space.cone is not None
        cells = sorted(found.space.cone.cells)
        projected = {bytes(packed[c] for c in cells) for packed in searched("partition").table.known}
        assert found.states == len(projected)


class Counter(State):
    """A number that may grow too large."""

    n = Field(value=Range(0, 3))


@initial
def zero(s: Counter) -> Any:
    return s.n == 0


@action()
def tick(s: Counter) -> None:
    """It goes up by two."""
    s.n = s.n + 2


def test_a_write_that_leaves_its_range_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError) as by_search:
        search(Scope(Counter, {}))
    with pytest.raises(ModelError) as by_diagrams:
        explore(Scope(Counter, {}))
    assert [str(p) for p in by_diagrams.value.problems] == [str(p) for p in by_search.value.problems]


def test_no_initial_state_is_undetermined() -> None:
    found = explore(alike(hosts=1, vms=2, room=1, start="any legal placement"))
    assert not found.complete
    assert "no initial state" in found.stopped
