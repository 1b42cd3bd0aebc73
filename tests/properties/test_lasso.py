"""Endless waits: by hand in small models, and against brute force on random ones."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmproof import Field, Range, Scope, Sort, State, action, initial, require
from vmproof.model.language import Static, leads_to, progress
from vmproof.properties.check import check
from vmproof.properties.explore import explore
from vmproof.properties.known import Lasso
from vmproof.properties.lasso import endless_wait
from vmproof.properties.results import Finding, Verdict
from vmproof.properties.search import search


class Node(Sort):
    """A state of a random system."""


class Label(Sort):
    """Something that can happen in some of the states."""


class Walker(State):
    """A random system: from every node each label leads to one other, where it is possible at all."""

    at = Field(value=Node)
    leads = Static(Node, Label, value=Node)
    can = Static(Node, Label, value=bool)
    weak = Static(Label, value=bool)
    strong = Static(Label, value=bool)
    good = Static(Node, value=bool)
    first = Static(Node, value=bool)


@initial
def begins(s: Walker, n: Node) -> Any:
    return (s.at == n) == s.first[n]


@action(fairness="weak")
def go_weakly(s: Walker, label: Label) -> None:
    """A weakly fair step."""
    require(s.weak[label] & s.can[s.at, label], "not here")
    s.at = s.leads[s.at, label]


@action(fairness="strong")
def go_strongly(s: Walker, label: Label) -> None:
    """A strongly fair step."""
    require(s.strong[label] & s.can[s.at, label], "not here")
    s.at = s.leads[s.at, label]


@action()
def go(s: Walker, label: Label) -> None:
    """A step that nobody has to take."""
    require((s.weak[label] | s.strong[label]) == False, "fair")  # noqa: E712
    require(s.can[s.at, label], "not here")
    s.at = s.leads[s.at, label]


@progress
def good_in_the_end(s: Walker) -> Any:
    """From everywhere a good node is reached."""
    return leads_to(s.good[s.at] == False, s.good[s.at])  # noqa: E712


SIZE = 5
NODES, LABELS = [f"n{i}" for i in range(SIZE)], ["a", "b", "c"]
PLACES = [(n, label) for n in NODES for label in LABELS]
SYSTEMS = st.fixed_dictionaries(
    {
        "leads": st.fixed_dictionaries({place: st.sampled_from(NODES) for place in PLACES}),
        "can": st.fixed_dictionaries({place: st.booleans() for place in PLACES}),
        "good": st.fixed_dictionaries({n: st.booleans() for n in NODES}),
        "fair": st.fixed_dictionaries({label: st.sampled_from(["", "weak", "strong"]) for label in LABELS}),
    }
)


def scope_of(system: dict[str, Any]) -> Scope:
    return Scope(
        Walker,
        {Node: NODES, Label: LABELS},
        statics={
            "leads": {place: Node(n) for place, n in system["leads"].items()},
            "can": system["can"],
            "good": system["good"],
            "weak": {label: kind == "weak" for label, kind in system["fair"].items()},
            "strong": {label: kind == "strong" for label, kind in system["fair"].items()},
            "first": {n: n == "n0" for n in NODES},
        },
    )


def waits_for_ever(system: dict[str, Any]) -> bool:
    """Brute force: some set of bad nodes in which a fair run can go on for ever is reachable."""
    steps = {(n, label): system["leads"][n, label] for n, label in PLACES if system["can"][n, label]}
    reachable, waiting = {"n0"}, ["n0"]
    while waiting:
        here = waiting.pop()
        for target in [t for (n, _), t in steps.items() if n == here and t not in reachable]:
            reachable.add(target)
            waiting.append(target)
    bad = [n for n in NODES if n in reachable and not system["good"][n]]
    sets = (set(c) for size in range(1, len(bad) + 1) for c in combinations(bad, size))
    return any(fair(members, steps, system["fair"]) for members in sets)


def fair(members: set[str], steps: dict[tuple[str, str], str], kinds: dict[str, str]) -> bool:
    inner = {(n, label): t for (n, label), t in steps.items() if n in members and t in members}
    if not connected(members, inner):
        return False
    for label, kind in kinds.items():
        possible = [n for n in members if (n, label) in steps]
        taken = any(name == label for _, name in inner)
        if not taken and (kind == "weak" and len(possible) == len(members) or kind == "strong" and possible):
            return False
    return len(members) == 1 or bool(inner)


def connected(members: set[str], inner: dict[tuple[str, str], str]) -> bool:
    for one in members:
        seen, waiting = {one}, [one]
        while waiting:
            here = waiting.pop()
            fresh = {t for (n, _), t in inner.items() if n == here} - seen
            seen |= fresh
            waiting += fresh
        if seen != members:
            return False
    return True


@given(system=SYSTEMS)
@settings(max_examples=300, deadline=None)
def test_brute_force_agrees(system: dict[str, Any]) -> None:
    found = search(scope_of(system), keeps_edges=True)
    waits = endless_wait(found, good_in_the_end)
    assert (waits.lasso is not None) == waits_for_ever(system)
    if waits.lasso is not None:
        states = waits.lasso.run.states()
        before = len(states) - 1 - waits.lasso.round
        index = found.kernel.scope.cell_index["at", ()]
        assert all(not system["good"][NODES[packed[index]]] for packed in states[before:])


@given(system=SYSTEMS)
@settings(max_examples=300, deadline=None)
def test_diagrams_agree_with_brute_force(system: dict[str, Any]) -> None:
    explored = explore(scope_of(system))
    lasso = explored.waits(good_in_the_end).lasso
    assert (lasso is not None) == waits_for_ever(system)
    if lasso is not None:
        states = lasso.run.states()
        before = len(states) - 1 - lasso.round
        assert states[-1] == states[before]
        index = lasso.run.scope.cell_index["at", ()]
        assert all(not system["good"][NODES[packed[index]]] for packed in states[before:])
        assert gives_all_their_due(system, lasso)


def gives_all_their_due(system: dict[str, Any], lasso: Lasso) -> bool:
    """Whether the round, done again and again, is fair; a run that stops may stop only where none is due."""
    scope, states = lasso.run.scope, lasso.run.states()
    index = scope.cell_index["at", ()]
    nodes = [NODES[packed[index]] for packed in states[len(states) - 1 - lasso.round :]]
    taken = {str(i.arguments[0]) for i in lasso.run.instances[len(lasso.run.instances) - lasso.round :]}
    for label, kind in system["fair"].items():
        possible = [system["can"][node, label] for node in nodes]
        due = all(possible) if kind == "weak" else any(possible)
        if kind and due and label not in taken:
            return False
    return True


class Lamp(State):
    """A lamp with a switch."""

    on = Field(value=bool)
    presses = Field(value=Range(0, 3))


@initial
def dark(s: Lamp) -> Any:
    return (s.on == False) & (s.presses == 0)  # noqa: E712


@action(fairness="weak")
def press(s: Lamp, times: Annotated[int, Range(0, 1)]) -> None:
    """Somebody presses the switch."""
    require(s.presses < 3, "it is worn out")
    require(times == 1, "that is not pressing")
    s.on = s.on == False  # noqa: E712
    s.presses = s.presses + 1


@progress
def light(s: Lamp) -> Any:
    """It becomes light."""
    return leads_to(s.on == False, s.on)  # noqa: E712


@progress
def dark_again(s: Lamp) -> Any:
    """It becomes dark again."""
    return leads_to(s.on, s.on == False)  # noqa: E712


def finding(name: str) -> Finding:
    return next(f for f in check(Scope(Lamp, {})).findings if f.property == name)


def test_a_wait_that_ends_holds() -> None:
    assert finding("light").verdict is Verdict.HOLDS


def test_a_run_that_stops_while_it_waits_is_shown() -> None:
    stuck = finding("dark_again")
    assert stuck.verdict is Verdict.REFUTED
    assert "nothing more has to happen" in stuck.reason
    assert stuck.trace is not None
    assert len(stuck.trace) == 3
    assert stuck.round == 0


@pytest.mark.parametrize("limit", [1, 2])
def test_a_search_that_is_cut_decides_no_wait(limit: int) -> None:
    from vmproof.properties.check import Options
    from vmproof.properties.search import Limits

    result = check(Scope(Lamp, {}), Options(limits=Limits(states=limit), effort=None, steps=10))
    assert all(f.property != "light" for f in result.findings)
    assert any("light" in note for note in result.notes)
