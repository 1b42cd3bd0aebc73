"""Speed of the engines, side by side with a plain tuple search in one run: CPU seconds, rates, ratios.

    python benchmarks/bench_engines.py

Machines are noisy: quote ratios, not single times. Nothing here is a test.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tests" / "oracle"), str(ROOT / "tests")]

import test_counts  # noqa: E402  (the hand-written VMC that the oracle test uses)
import vmc  # noqa: E402

from vmproof import Scope, load, machine_for  # noqa: E402
from vmproof.model.language.predicates import invariants_of  # noqa: E402
from vmproof.properties.lasso import endless_wait  # noqa: E402
from vmproof.properties.search import search  # noqa: E402
from vmproof.properties.walk import walk  # noqa: E402
from vmproof.solver.compiled import kernel_for  # noqa: E402
from vmproof.solver.frozen import kernel_from_start  # noqa: E402

FIGURE_1 = load(ROOT / "examples" / "figure-1.toml")


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and its CPU seconds."""
    began = time.process_time()
    found = run()
    return found, time.process_time() - began


def row(what: str, amount: int, unit: str, seconds: float, remark: str = "") -> None:
    """One line of the table."""
    print(f"{what:46} {amount:>11,} {unit:12} {seconds:7.2f} CPU-s {amount / seconds:>11,.0f}/s  {remark}")


def searches() -> None:
    """Breadth-first search, and the same protocol on hand-written tuples."""
    scope = vmc.scope(3, 3, 2)
    ours, seconds = timed(lambda: search(scope, invariants_of(scope.model)))
    states, by_hand = timed(lambda: test_counts.reachable(3, 3, 2))
    assert len(states) == ours.states
    row(
        "search, VMC 332",
        ours.transitions,
        "transitions",
        seconds,
        f"{seconds / by_hand:.2f} x the tuples' CPU",
    )
    row("hand-written tuples, VMC 332 (no properties)", ours.transitions, "transitions", by_hand)
    cluster = load(ROOT / "examples" / "scopes" / "three-systems.toml")
    invariants = invariants_of(cluster.model)
    found, seconds = timed(lambda: search(cluster, invariants, keeps_edges=True))
    row("search, full cluster, three systems", found.transitions, "transitions", seconds)
    waits = cluster.model.of_kind("progress")
    _, seconds = timed(lambda: [endless_wait(found, predicate) for predicate in waits])
    row(f"{len(waits)} progress properties, the same", found.transitions, "transitions", seconds)


def walks() -> None:
    """The random walk, start-up included."""
    for name, scope in (("VMC 332", vmc.scope(3, 3, 2)), ("Figure 1", FIGURE_1)):
        found, seconds = timed(lambda s=scope: walk(s, invariants_of(s.model), steps=200_000))  # type: ignore[misc]
        row(f"walk, {name}", found.steps, "steps", seconds)


def samples() -> None:
    """Hypothesis: steps that were taken, its own work included."""
    without_bad = vmc.VMC.model.predicates.pop("bad")
    for name, scope in (("VMC 332", vmc.scope(3, 3, 2)), ("Figure 1", FIGURE_1)):
        row_of_samples(name, scope)
    vmc.VMC.model.predicates["bad"] = without_bad


def row_of_samples(name: str, scope: Scope) -> None:
    machine = machine_for(scope)
    for steps in (50, 1000):
        before = sum(machine.fired.values())
        how = settings(
            max_examples=40,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        _, seconds = timed(lambda how=how: run_state_machine_as_test(machine, settings=how))  # type: ignore[misc]
        row(f"Hypothesis, {name}, runs of {steps}", sum(machine.fired.values()) - before, "steps", seconds)


def start_up_and_memory() -> None:
    """Compiling a scope, and bytes a visited state."""
    for name, compiled in (("all of it", kernel_for), ("without what never changes", kernel_from_start)):
        kernel, seconds = timed(lambda made=compiled: made(FIGURE_1, invariants_of(FIGURE_1.model)))  # type: ignore[misc]
        row(f"compile, Figure 1, {name}", len(kernel.actions), "instances", seconds)
    tracemalloc.start()
    scope = vmc.scope(3, 2, 2)
    found = search(scope)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"{'memory, VMC 322':46} {found.states:>11,} {'states':12} {peak / found.states:7.0f} bytes a state"
    )


if __name__ == "__main__":
    searches()
    walks()
    samples()
    start_up_and_memory()
