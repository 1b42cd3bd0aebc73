"""bound: the shortest violations are those of the breadth-first search, and there are no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.random_text import BEGIN, actions, expressions
from differential.test_random_models import scope_of, zoo
from shipped import SMALL, loaded, searched
from vmproof import ModelError, Scope
from vmproof.model.language.predicates import invariants_of
from vmproof.properties import safety, unpromised  # noqa: F401
from vmproof.properties.bound import Options, bound
from vmproof.properties.results import Result, Verdict
from vmproof.properties.search import Limits, search
from vmproof.properties.teeth import TEETH, Tooth

pytestmark = pytest.mark.differential


def lengths(result: Result) -> dict[str, int]:
    """The length of the counterexample to each invariant that has one."""
    return {f.property: len(f.trace) for f in result.findings if f.trace is not None}


def decided(result: Result) -> set[str]:
    """The invariants that hold in the scope, as it says."""
    return {f.property for f in result.findings if f.verdict is Verdict.HOLDS}


@pytest.mark.parametrize("tooth", [t for t in TEETH if t.steps is not None], ids=str)
def test_without_a_mechanism_the_shortest_run_is_found(tooth: Tooth) -> None:
    result = bound(tooth.made(), Options(depth=tooth.steps))
    assert lengths(result)[tooth.broken] == tooth.steps
    others = search(tooth.made(), invariants_of(tooth.made().model), limits=Limits(states=5_000))
    for name, length in lengths(result).items():
        assert name not in others.violations or length == len(others.violations[name].instances)


@pytest.mark.parametrize("name", SMALL)
def test_shipped_scopes_have_the_violations_that_the_search_finds(name: str) -> None:
    found, depth = searched(name), 5
    expected = {p: len(run.instances) for p, run in found.violations.items() if len(run.instances) <= depth}
    result = bound(loaded(name).scope, Options(depth=depth))
    assert lengths(result) == expected
    assert all(f.verdict is not Verdict.UNDETERMINED for f in result.findings)
    assert not decided(result) & set(found.violations)  # however deep the violation is


STATED = (
    BEGIN
    + """
@invariant
def one(s: Zoo, h: Host, g: Host, v: VM):
    return {}

@invariant
def other(s: Zoo, v: VM, h: Host, g: Host):
    return {}
"""
)
CONDITION = expressions("condition")


@given(text=actions(), parts=st.tuples(CONDITION, CONDITION, CONDITION), tries=st.integers(1, 3))
def test_random_models_have_the_same_shortest_violations(
    text: str, parts: tuple[str, str, str], tries: int
) -> None:
    scope = scope_of(zoo(text + STATED.format(*parts)), budgets={"tries": tries})
    compare(scope, depth=5)


def compare(scope: Scope, depth: int) -> None:
    """Hold the search and the bounded search against each other, errors of the model included."""
    found = outcome(lambda: search(scope, invariants_of(scope.model), limits=Limits(states=20_000)))
    result = outcome(lambda: bound(scope, Options(depth=depth)))
    if isinstance(found, ModelError) or not found.complete:
        return  # the search meets an error first that may lie deeper than the bound
    assert not isinstance(result, ModelError), result
    expected = {p: len(run.instances) for p, run in found.violations.items() if len(run.instances) <= depth}
    assert lengths(result) == expected
    assert not decided(result) & set(found.violations)


def outcome(of: Callable[[], Any]) -> Any:
    """What is found, or the error of the model."""
    try:
        return of()
    except ModelError as error:
        return error


GROW = """
@action(budget="tries")
def act(s: Zoo):
    s.level = s.level + 2

@action()
def turn(s: Zoo, h: Host):
    s.flag[h] = no(s.flag[h])
"""


def test_a_number_that_leaves_its_range_is_found_where_the_search_finds_it() -> None:
    open_ = "s.flag[h] | no(s.flag[g]) | (h != g)"
    scope = scope_of(
        zoo(GROW + STATED.format("s.owner[v] == s.home[v]", open_, "True")), budgets={"tries": 3}
    )
    by_search = outcome(lambda: search(scope))
    by_bound = outcome(lambda: bound(scope, Options(induction=0)))
    assert isinstance(by_bound, ModelError)
    assert [p.where for p in by_bound.problems] == [p.where for p in by_search.problems]
    (one, _) = outcome(lambda: bound(scope, Options(depth=1, induction=0))).findings
    assert (one.verdict, one.reason) == (Verdict.SAMPLED, "no violation within 1 steps")
