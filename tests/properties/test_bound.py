"""bound: what it says when it finds a violation, when it is stopped, and when it can decide a scope."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support import PROJECT
from vmproof import Field, Range, Scope, State, action, initial, invariant, load, no, require
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas, safety, unpromised  # noqa: F401
from vmproof.properties.bound import Look, Options, bound
from vmproof.properties.results import Finding, Result, Verdict

TWO_WRITERS = PROJECT / "examples" / "two_writers.py"
CRASH = {"host_crash": 1, "false_suspicion": 1}


class Candle(State):
    """A candle that burns down."""

    burnt = Field(value=Range(0, 3))
    left = Field(value=Range(0, 3))


@initial
def whole(s: Candle) -> Any:
    """It begins whole."""
    return (s.burnt == 0) & (s.left == 3)


@action()
def burn(s: Candle) -> None:
    """It burns."""
    require(s.left > 0, "nothing is left")
    s.burnt = s.burnt + 1
    s.left = s.left - 1


@invariant
def nothing_is_lost(s: Candle) -> Any:
    """What is burnt and what is left are the whole."""
    return s.burnt + s.left == 3


class Lights(State):
    """Two lights that go on and off together."""

    red = Field(value=bool)
    green = Field(value=bool)


@initial
def off(s: Lights) -> Any:
    """Both are off."""
    return no(s.red) & no(s.green)


@action()
def switch(s: Lights) -> None:
    """Both are switched."""
    require(s.red == s.green, "they differ")
    s.red = no(s.red)
    s.green = no(s.green)


@action()
def swap(s: Lights) -> None:
    """Where only the red one is on, the green one is on instead."""
    require(s.red & no(s.green), "not only the red one is on")
    s.red = False
    s.green = True


@invariant
def never_green_alone(s: Lights) -> Any:
    """The green one is never on alone."""
    return no(s.green) | s.red


def only(result: Result, name: str) -> Finding:
    """The finding on one property."""
    return next(finding for finding in result.findings if finding.property == name)


def test_a_violation_comes_with_its_steps_and_a_program() -> None:
    result = bound(load(TWO_WRITERS, without=["disk lock"]))
    found = only(result, "one_writer")
    assert (found.verdict, found.reason) == (Verdict.REFUTED, "violated after 2 steps, no run is shorter")
    assert found.trace is not None
    assert [step.action for step in found.trace] == ["power_on", "power_on"]
    assert "replay(scope, [" in found.program
    assert result.exit == 1


def test_induction_decides_a_scope() -> None:
    (found,) = bound(Scope(Lights, {})).findings
    assert (found.verdict, found.reason) == (Verdict.HOLDS, "proved for this scope by 2-induction")
    (shallow,) = bound(Scope(Lights, {}), Options(depth=4, induction=1)).findings
    assert (shallow.verdict, shallow.reason) == (Verdict.SAMPLED, "no violation within 4 steps")


def test_a_scope_whose_runs_end_is_decided_without_induction() -> None:
    (found,) = bound(Scope(Candle, {}), Options(induction=0)).findings
    assert found.verdict is Verdict.HOLDS
    assert found.reason == "no run that bears on it is longer than 3 steps"


def test_the_lemmas_of_the_cluster_carry_its_properties() -> None:
    scope = alike(
        3, 2, segments=2, room=1, budgets={"host_crash": 1, "partition": 1, "heal": 1}, vmotion="on"
    )
    result = bound(scope, Options(depth=1))
    for name in ("single_live_primary", "unique_master", "original_retained", "reservations_fit"):
        assert only(result, name).reason == "proved for this scope by induction"


def test_a_wide_cluster_has_its_short_violation() -> None:
    scope = alike(16, 40, room=4, budgets=CRASH, without=("vm disk lock",))
    found = only(
        bound(scope, Options(depth=2, induction=0, only=("single_live_primary",))), "single_live_primary"
    )
    assert found.trace is not None
    assert [step.action for step in found.trace] == ["suspect_falsely", "restart"]


def test_where_vms_compete_for_room_a_run_that_does_not_fit_is_not_shown() -> None:
    full = alike(2, 2, room=1, vmotion="on", budgets={"ack_loss": 1}, without=("commit acknowledgement",))
    wide = alike(2, 2, room=2, vmotion="on", budgets={"ack_loss": 1}, without=("commit acknowledgement",))
    how = Options(depth=7, induction=0, only=("original_retained",))
    assert only(bound(full, how), "original_retained").verdict is Verdict.SAMPLED  # no VM can move at all
    found = only(bound(wide, how), "original_retained")
    assert found.trace is not None
    assert len(found.trace) == 7


def test_a_limit_and_an_interruption_leave_what_is_known() -> None:
    def interrupt(look: Look) -> None:
        if look.depth == 2:
            raise KeyboardInterrupt

    scope = load(PROJECT / "examples" / "figure-1.toml")
    late = bound(scope, Options(seconds=0.01))
    assert late.exit == 3
    assert only(late, "unique_master").reason == "nothing is known; the time limit is reached"
    stopped = bound(scope, Options(induction=0, only=("unique_master",), on_look=interrupt))
    assert only(stopped, "unique_master").verdict is Verdict.UNDETERMINED
    assert only(stopped, "unique_master").reason == "no violation within 1 steps; interrupted"


def test_a_key_press_ends_the_command_with_what_was_found(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vmproof.main", "bound", "examples/figure-1.toml", "--json"]
    process = subprocess.Popen(
        [*command, "--report", str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    found = json.loads(output)
    assert (found["command"], found["verdict"]) == ("bound", "UNDETERMINED")
    assert {"report.json", "report.html"} <= {file.name for file in tmp_path.iterdir()}


def test_contradictory_starts_are_told() -> None:
    from differential.test_random_models import scope_of, zoo

    text = "@initial\ndef never(s: Zoo, h: Host):\n    return s.flag[h] & no(s.flag[h])\n"
    invariant = "@invariant\ndef low(s: Zoo):\n    return s.level < 3\n"
    (found,) = bound(scope_of(zoo(text + invariant))).findings
    assert found.verdict is Verdict.UNDETERMINED
    assert found.reason.startswith("no initial state")


def test_an_unknown_property_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from vmproof.main import main

    assert main(["bound", str(TWO_WRITERS), "--property", "nothing"]) == 2
    assert "no invariant nothing; known: one_writer" in capsys.readouterr().err
