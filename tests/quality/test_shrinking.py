"""A counterexample is as short as it can be, whoever found it, and its program does what it says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support import model_file
from vmproof import Scope
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import safety
from vmproof.properties.replay import Run, Violated, program
from vmproof.properties.sample import machine_for
from vmproof.properties.search import search
from vmproof.properties.walk import walk
from vmproof.solver.compiled import kernel_for

pytestmark = pytest.mark.quality
CATALOGUE = safety
ROOT = Path(__file__).resolve().parents[2]
HUNT = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def cluster(*removed: str, **arguments: Any) -> Scope:
    return alike(**arguments, without=removed)


PLANTED: dict[str, tuple[Scope, str]] = {
    "vmc": (model_file("benchmarks/vmc.py").scope(3, 3, 2), "bad"),
    "two-phase commit": (
        replace(model_file("examples/two_phase_commit.py").scope(3), without=("unanimity",)),
        "consistent",
    ),
    "two writers": (
        Scope(
            model_file("examples/two_writers.py").Disk,
            {model_file("examples/two_writers.py").Host: ["a", "b", "c"]},
            without=("disk lock",),
        ),
        "one_writer",
    ),
    "original destroyed": (
        cluster("original kept until activation", hosts=2, vmotion="on"),
        "original_retained",
    ),
    "no election": (cluster("election", hosts=3, vms=1), "unique_master"),
    "log not drained": (
        cluster("log drained before go-live", hosts=3, vms=1, fault_tolerant=1),
        "original_retained",
    ),
}


def shortest(scope: Scope, name: str) -> int:
    """The number of steps that breadth-first search needs."""
    return len(search(scope, invariants_of(scope.model)).violations[name].instances)


@pytest.mark.parametrize("planted", PLANTED)
def test_hypothesis_shrinks_to_the_shortest_trace(planted: str) -> None:
    scope, name = PLANTED[planted]
    with pytest.raises(Violated) as caught:
        run_state_machine_as_test(machine_for(scope), settings=HUNT)
    message = str(caught.value)
    assert message.startswith(f"{name} is violated after {shortest(scope, name)} steps")
    notes = [note for note in caught.value.__notes__ if note.startswith("state.") and "(arguments=" in note]
    assert len(notes) == shortest(scope, name)


@pytest.mark.parametrize("planted", PLANTED)
def test_a_walk_s_counterexample_has_no_step_too_many(planted: str) -> None:
    scope, name = PLANTED[planted]
    found = walk(scope, invariants_of(scope.model), steps=60_000, seed=1).violations[name]
    kernel = kernel_for(scope, invariants_of(scope.model))
    test = kernel.statements[name]
    assert shows(scope, found, test)
    for i in range(len(found.instances)):
        cut = Run(scope, found.start, found.instances[:i] + found.instances[i + 1 :])
        assert not shows(scope, cut, test)


def shows(scope: Scope, found: Run, test: object) -> bool:
    """Whether the run can be taken as it stands and ends in the violation."""
    from vmproof.model.language.plain import NotPossible

    try:
        return not test(found.states()[-1])  # type: ignore[operator]
    except NotPossible:
        return False


def pasted(text: str) -> subprocess.CompletedProcess[str]:
    """Run the printed program as a user would who pastes it into a file."""
    paths = f"import sys; sys.path[:0] = [{str(ROOT / 'benchmarks')!r}, {str(ROOT / 'examples')!r}]\n"
    return subprocess.run(
        [sys.executable, "-c", paths + text], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("planted", ["vmc", "two-phase commit", "no election"])
def test_the_printed_program_shows_the_violation(planted: str) -> None:
    scope, name = PLANTED[planted]
    found = search(scope, invariants_of(scope.model)).violations[name]
    text = program(found)
    if scope.state.__module__ == "vmproof.model.cluster.state":
        text = "from vmproof.properties import safety\n" + text
    done = pasted(text)
    assert f"{name} is violated after step {len(found.instances)}" in done.stderr
    assert "Violated" in done.stderr


def test_once_the_fault_is_mended_the_program_is_refused_with_the_guard_s_reason() -> None:
    scope, name = PLANTED["two-phase commit"]
    found = search(scope, invariants_of(scope.model)).violations[name]
    mended = program(found).replace("without=('unanimity',)", "without=()")
    assert "a vote is missing" in pasted(mended).stderr
