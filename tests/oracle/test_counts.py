"""Public numbers: two-phase commit, and VMC as four other checkers counted it."""

from __future__ import annotations

from typing import Any

import pytest

from support import model_file
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.effort import Effort
from vmproof.properties.explore import explore
from vmproof.properties.search import Limits, Search, search

pytestmark = pytest.mark.oracle


def searched(scope: Any) -> Search:
    return search(scope, invariants_of(scope.model), scope.model.of_kind("possible"), limits=Limits())


def counts(found: Search) -> tuple[int, int, int]:
    assert found.complete
    return found.states, found.transitions, found.depth


@pytest.mark.parametrize(("managers", "states"), [(1, 12), (2, 56), (3, 288), (4, 1568)])
def test_two_phase_commit(managers: int, states: int) -> None:
    found = searched(model_file("examples/two_phase_commit.py").scope(managers))
    assert found.states == states
    assert not found.violations
    assert "all_commit" in found.witnesses


def test_two_phase_commit_generates_as_many_states_as_published() -> None:
    assert counts(searched(model_file("examples/two_phase_commit.py").scope(3))) == (288, 1146, 11)


VMC = [
    ((2, 2, 1), (436, 1_641, 13)),
    ((3, 3, 2), (108_507, 795_469, 18)),
    pytest.param((4, 3, 2), (1_008_601, 8_541_093, 17), marks=pytest.mark.campaign),
]


@pytest.mark.parametrize(("scope", "published"), VMC)
def test_vmc_has_the_published_counts(scope: tuple[int, int, int], published: tuple[int, int, int]) -> None:
    found = searched(model_file("benchmarks/vmc.py").scope(*scope))
    assert counts(found) == published
    assert list(found.violations) == ["bad"]
    assert len(found.violations["bad"].instances) == 5


LARGE = [
    ((2, 2, 1), (436, 1_641, 13)),
    ((3, 3, 2), (108_507, 795_469, 18)),
    ((4, 3, 2), (1_008_601, 8_541_093, 17)),
    ((4, 4, 1), (12_897_366, 125_892_793, 23)),
    ((3, 5, 1), (14_034_893, 148_479_388, 29)),
]


@pytest.mark.parametrize(("scope", "published"), LARGE)
def test_diagrams_count_vmc_as_published(
    scope: tuple[int, int, int], published: tuple[int, int, int]
) -> None:
    found = explore(model_file("benchmarks/vmc.py").scope(*scope), (), Effort(depth=True))
    assert found.complete
    assert (found.states, found.transitions, found.depth) == published
    assert list(found.violations) == ["bad"]
    assert len(found.violations["bad"][0].instances) == 5


@pytest.mark.parametrize(
    ("scope", "published"),
    [
        ((4, 8, 2), 18_621_919_724_965),
        pytest.param((6, 8, 2), 25_797_888_139_283_058, marks=pytest.mark.campaign),
    ],
)
def test_diagrams_count_what_no_explicit_search_can(scope: tuple[int, int, int], published: int) -> None:
    assert explore(model_file("benchmarks/vmc.py").scope(*scope)).states == published


# An independent reading of VMC: tuples, no language. A host is a number, None is nobody.
State = tuple[tuple[bool, ...], Any, int, tuple[tuple[Any, bool, str, Any], ...]]


def successors(state: State, most_crashes: int) -> list[State]:
    """All steps of VMC from one state, written by hand."""
    up, master, crashes, vms = state
    hosts = range(len(up))
    found: list[State] = []

    def with_vm(number: int, vm: tuple[Any, bool, str, Any]) -> State:
        return up, master, crashes, (*vms[:number], vm, *vms[number + 1 :])

    for h in hosts:
        flipped = (*up[:h], not up[h], *up[h + 1 :])
        if up[h] and crashes < most_crashes:
            hit = tuple(
                (loc, False, "idle", None) if loc == h else (loc, on, ph, dst) for loc, on, ph, dst in vms
            )
            found.append((flipped, None if master == h else master, crashes + 1, hit))
        if not up[h]:
            found.append((flipped, master, crashes, vms))
        if up[h] and master is None:
            found.append((up, h, crashes, vms))
    for number, (loc, on, ph, dst) in enumerate(vms):
        for h in hosts:
            if on and ph == "idle" and up[h] and h != loc:
                found.append(with_vm(number, (loc, on, "pre-copy", h)))
            home_is_down = loc is None or not up[loc]
            if not on and master is not None and up[h] and (home_is_down or h == loc):
                found.append(with_vm(number, (h, True, ph, dst)))
        if ph == "pre-copy" and up[dst]:
            found.append(with_vm(number, (loc, on, "switch", dst)))
        if ph == "switch" and up[dst]:
            found.append(with_vm(number, (dst, on, "idle", None)))
        if ph != "idle":
            found.append(with_vm(number, (loc, on, "idle", None)))
    return found


def reachable(hosts: int, vms: int, most_crashes: int) -> set[State]:
    start: State = ((True,) * hosts, None, 0, ((None, False, "idle", None),) * vms)
    seen, frontier = {start}, [start]
    while frontier:
        for successor in successors(frontier.pop(), most_crashes):
            if successor not in seen:
                seen.add(successor)
                frontier.append(successor)
    return seen


@pytest.mark.parametrize(("hosts", "vms", "most"), [(2, 2, 1), (3, 1, 2), (2, 3, 1)])
def test_an_independent_reading_has_the_very_same_states(hosts: int, vms: int, most: int) -> None:
    """Not only as many states: the same ones, cell by cell."""
    from vmproof.solver.compiled import kernel_for
    from vmproof.solver.initial import initial_states

    scope = model_file("benchmarks/vmc.py").scope(hosts, vms, most)
    kernel = kernel_for(scope)
    ours, frontier = set(initial_states(scope)), list(initial_states(scope))
    while frontier:
        packed = frontier.pop()
        new = {kernel.effects[i](packed) for i in kernel.enabled(packed)} - ours
        ours |= new
        frontier += new
    names = [host.name for host in scope.sorts[next(iter(scope.sorts))]]
    assert {unpacked(scope, packed, names, most) for packed in ours} == reachable(hosts, vms, most)


def unpacked(scope: Any, packed: bytes, names: list[str], most: int) -> State:
    """A packed state of the scope as the tuples above."""
    value = {
        (c.field, *map(str, c.places)): c.values[code] for c, code in zip(scope.cells, packed, strict=True)
    }

    def number(host: Any) -> int | None:
        return names.index(host.name) if hasattr(host, "name") else None

    vms = [str(vm) for vm in list(scope.sorts.values())[1]]
    rows = tuple(
        (
            number(value["location", vm]),
            value["powered_on", vm],
            value["phase", vm].value,
            number(value["destination", vm]),
        )
        for vm in vms
    )
    return (
        tuple(value["up", h] for h in names),
        number(value[("master",)]),
        most - value[("crashes left",)],
        rows,
    )
