"""Exported TLA+ is well formed, and means the same states, steps and violations as plain search finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oracle.test_rumur import starting
from oracle.tla_reading import module_of
from oracle.tla_text import TlaError
from support import PROJECT
from vmproof import Scope, load
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.search import search
from vmproof.solver.export import tla_module
from vmproof.solver.initial import initial_states

pytestmark = pytest.mark.oracle

SHIPPED = sorted(
    str(path.relative_to(PROJECT))
    for folder in ("examples", "examples/scopes", "benchmarks")
    for path in (PROJECT / folder).glob("*.*")
    if path.suffix == ".toml" or path.name in ("two_writers.py", "two_phase_commit.py", "vmc.py")
    if path.name != "broken.toml"
)
QUICK = {"examples/figure-1.toml", "examples/scopes/everything.toml", "examples/scopes/fault-tolerance.toml"}


def files_of(scope: Scope, name: str = "exported") -> dict[str, str]:
    return tla_module(scope, name, invariants_of(scope.model))


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, marks=[] if file.endswith(".py") or file in QUICK else pytest.mark.campaign)
        for file in SHIPPED
    ],
)
def test_every_example_is_well_formed(file: str) -> None:
    """No error for the grammar; every name is declared before it is used, and none is hidden."""
    scope = load(PROJECT / file)
    module = module_of(files_of(scope))
    assert set(scope.traces) <= set(module.operators)
    assert len(module.variables) == len(scope.all_budgets) + len(scope.model.fields)
    assert module.fair == sum(1 for trace in scope.traces.values() if trace.action.fairness)


EXPLORED: list[tuple[str, dict[str, int], tuple[str, ...]]] = [
    ("examples/two_writers.py", {"hosts": 3}, ()),
    ("examples/two_writers.py", {}, ("disk lock",)),
    ("examples/two_phase_commit.py", {}, ()),
    ("examples/two_phase_commit.py", {}, ("unanimity",)),
    ("benchmarks/vmc.py", {"hosts": 2, "vms": 2, "crashes": 1}, ()),
    ("examples/scopes/maintenance.toml", {}, ()),
    ("examples/scopes/shared-nothing.toml", {}, ()),
]


def agrees(scope: Scope) -> None:
    asked = invariants_of(scope.model)
    found, theirs = search(scope, asked), module_of(files_of(scope)).explore()
    assert (len(theirs.states), theirs.generated) == (found.states, found.transitions)
    deadlock = {"no_deadlock" if scope.model.of_kind("final") else "deadlock"} if found.deadlock else set()
    assert theirs.violated == set(found.violations) | deadlock


@pytest.mark.parametrize(("file", "sizes", "without"), EXPLORED)
def test_the_module_has_the_same_states_and_violations(
    file: str, sizes: dict[str, int], without: tuple[str, ...]
) -> None:
    agrees(load(PROJECT / file, without=without, **sizes))


@pytest.mark.parametrize("hosts", [2, 3])
def test_initial_states_are_listed_or_tried(hosts: int, tmp_path: Path) -> None:
    scope = starting(hosts, tmp_path)
    assert len(set(module_of(files_of(scope)).initial_states())) == len(list(initial_states(scope)))
    if hosts == 2:
        agrees(scope)


DAMAGE = [
    ("\\/ commit", "\\/ comit", "comit is not declared"),
    ("    /\\ sent_abort' = TRUE\n", "", "becomes of sent_abort"),
    ('decision = "open"  \\*', "decision = 3  \\*", "different kinds"),
    ("\\A rm \\in RM : noted", "\\A rm RM : noted", "not TLA+"),
    ("prepare(rm) ==", "prepare(vote) ==", "vote hides"),
    ("    consistent\n", "    inconsistent\n", "which is not defined"),
]


@pytest.mark.parametrize(("old", "new", "said"), DAMAGE)
def test_a_damaged_module_is_refused(old: str, new: str, said: str) -> None:
    """The reading is no rubber stamp."""
    files = files_of(load(PROJECT / "examples/two_phase_commit.py"))
    damaged = {name: text.replace(old, new) for name, text in files.items()}
    assert damaged != files
    with pytest.raises(TlaError, match=re.escape(said)):
        module_of(damaged).explore()


def test_a_value_that_does_not_fit_violates_the_types() -> None:
    files = files_of(load(PROJECT / "examples/two_phase_commit.py"))
    spoilt = {n: t.replace('![rm] = "prepared"', '![rm] = "lost"') for n, t in files.items()}
    assert "TypeOK" in module_of(spoilt).explore().violated
