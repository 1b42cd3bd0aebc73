"""Hypothesis on a scope: one rule an action, only what is possible, and coverage in the statistics."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from vmproof.model.language import NotPossible
from vmproof.model.scenarios import alike
from vmproof.properties import safety
from vmproof.properties.sample import machine_for

CATALOGUE = safety
ROOT = Path(__file__).resolve().parents[2]
QUICK = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_one_rule_an_action() -> None:
    scope = alike(hosts=2, vms=1, vmotion="on")
    machine = machine_for(scope)
    rules = {rule.function.__name__ for rule in machine.setup_state().rules}
    assert rules <= {*scope.model.actions, "rest"}
    assert {"host_crash", "begin_live_migration", "restart"} <= rules


def test_only_possible_instances_are_drawn_and_counted() -> None:
    machine = machine_for(alike(hosts=3, vms=2, fault_tolerant=1, room=3, vmotion="on"))
    try:
        run_state_machine_as_test(machine, settings=QUICK)
    except NotPossible as refused:  # pragma: no cover
        pytest.fail(f"an instance was drawn that is not possible: {refused}")
    assert machine.fired["begin_live_migration"] > 0
    assert machine.fired["host_crash"] > 0
    assert sum(machine.fired.values()) > 100
    watched = {(g.action, g.reason): g for g in machine.watch.coverage()}
    assert watched["begin_live_migration", "the VM is already being moved"].failed > 0


def test_initial_states_are_drawn() -> None:
    machine = machine_for(alike(hosts=3, vms=1, start="any legal placement"))
    starts: set[bytes] = set()
    begin = machine.begin

    def noting(self: object, start: bytes) -> None:
        starts.add(start)
        begin(self, start)  # type: ignore[arg-type]

    machine.begin = noting  # type: ignore[method-assign,assignment]
    run_state_machine_as_test(machine, settings=QUICK)
    assert len(starts) == 3


def test_statistics_name_actions_and_guards(tmp_path: Path) -> None:
    test = tmp_path / "test_disk.py"
    test.write_text(
        "from vmproof import load, machine_for\n"
        f"TestDisk = machine_for(load({str(ROOT / 'examples' / 'two_writers.py')!r}, hosts=3)).TestCase\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--hypothesis-show-statistics",
        "-p",
        "no:cacheprovider",
        str(test),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    assert "took power_on" in done.stdout
    assert "power_on refused alone: a host holds the lock" in done.stdout
    assert "power_off refused alone: the VM does not run here" in done.stdout


def test_a_scope_without_a_start_is_refused_at_once() -> None:
    scope = alike(hosts=1, vms=1, fault_tolerant=0, start="any legal placement", room=0)
    with pytest.raises(ValueError, match="no initial state"):
        machine_for(scope)
