"""Why not: cores and cures of small clusters against every placement; the judge reads only the words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement_clusters import placements
from vmproof.solver.placement import VM, Host, Problem, Resource, Rule
from vmproof.solver.placement import named as named_module
from vmproof.solver.placement.cures import wide_changes
from vmproof.solver.placement.explaining import Named, explain
from vmproof.solver.placement.shortages import core_of, reasons_of, shortage
from vmproof.solver.placement.surviving import survive
from vmproof.solver.placement.witnesses import placed

pytestmark = pytest.mark.differential
TARGETS = st.sampled_from((10_000, 10_000, 8_000))
EVERYTHING = 10**13
KINDS = ("keep together", "keep apart", "keep apart", "must run on", "must not run on")


@st.composite
def crowded(draw: st.DrawFn) -> Problem:
    """Two to four hosts with little room, two to six VMs; amounts of some clusters are around 2^33 bytes."""
    hosts = draw(st.integers(2, 4))
    vms = draw(st.integers(2, 4 if hosts == 4 else 6))
    unit = draw(st.sampled_from((1, 1, 2**33)))
    odd = st.integers(-3, 3) if unit > 1 else st.just(0)
    size = st.builds(lambda a, b: max(a * unit + b, 0), st.integers(0, 9), odd)
    room = st.builds(lambda a, b: max(a * unit + b, 0), st.integers(2, 18), odd)
    states: Any = st.sampled_from(("normal",) * 5 + ("maintenance", "quarantine"))
    kinds = (Resource("cpu", "MHz"), Resource("memory", "B"))[: draw(st.integers(1, 2))]
    amounts, rooms = st.tuples(*[size] * len(kinds)), st.tuples(*[room] * len(kinds))
    barred = st.sampled_from([frozenset[int]()] * 4 + [frozenset({h}) for h in range(hosts)])
    rarely = st.sampled_from((False,) * 7 + (True,))
    return Problem(
        "crowded",
        kinds,
        tuple(Host(f"h{h}", draw(rooms), draw(states)) for h in range(hosts)),
        tuple(
            VM(f"v{v}", draw(amounts), draw(st.integers(-1, hosts - 1)), draw(barred), draw(rarely))
            for v in range(vms)
        ),
        tuple(draw(st.lists(_rule(vms, hosts), max_size=3))),
    )


@st.composite
def _rule(draw: st.DrawFn, vms: int, hosts: int) -> Rule:
    """Some rules have the same name."""
    kind: Any = draw(st.sampled_from(KINDS))
    least = 2 if kind.startswith("keep") else 1
    group = draw(st.lists(st.integers(0, vms - 1), min_size=least, max_size=4, unique=True))
    there = draw(st.lists(st.integers(0, hosts - 1), min_size=1, unique=True)) if least == 1 else []
    return Rule(f"r{draw(st.integers(0, 2))}", kind, tuple(group), tuple(there))


def names_of(problem: Problem) -> list[str]:
    """The names of the rules, the second of a name with a stroke."""
    found: list[str] = []
    for rule in problem.rules:
        name = f"rule {rule.name!r}"
        while name in found:
            name += "'"
        found.append(name)
    return found


def only(problem: Problem, elements: Sequence[str]) -> Problem:
    """The problem with nothing but these elements of a core."""
    rules = [r for r, name in zip(problem.rules, names_of(problem), strict=True) if name in elements]
    hosts = [
        replace(
            host,
            state=host.state if f"{host.name} in {host.state} mode" in elements else "normal",
            capacity=tuple(
                c if any(e.startswith(f"{kind.name} of {host.name} (") for e in elements) else EVERYTHING
                for c, kind in zip(host.capacity, problem.resources, strict=True)
            ),
        )
        for host in problem.hosts
    ]
    vms = [
        replace(
            vm,
            pinned=vm.pinned and f"{vm.name} may not be moved" in elements,
            barred=vm.barred if f"the datastores of {vm.name}" in elements else frozenset(),
        )
        for vm in problem.vms
    ]
    return replace(problem, rules=tuple(rules), hosts=tuple(hosts), vms=tuple(vms))


def possible(problem: Problem, target: int) -> bool:
    """Whether there is a placement, by trying them all."""
    return any(placements(problem, target))


def cured(problem: Problem, text: str) -> Problem:
    """The problem after what a cure says. Raises AssertionError where it cannot be read, or has no amount."""
    gone = re.findall(r"drop (rule '[^']*''*)", text)
    rules = [r for r, name in zip(problem.rules, names_of(problem), strict=True) if name not in gone]
    hosts, vms = list(problem.hosts), list(problem.vms)
    for part in re.split(r" and (?=drop|end|allow|give|add)", text):
        verb, last = part.split()[0], part.split()[-1]
        assert verb in ("drop", "end", "allow", "give", "add"), part
        if verb == "end":
            h = problem.host_number(last)
            hosts[h] = replace(hosts[h], state="normal")
        if verb == "give":
            vms[problem.vm_number(last)] = replace(vms[problem.vm_number(last)], barred=frozenset())
        if verb == "allow":
            v = problem.vm_number(part.split()[1])
            vms[v] = replace(vms[v], pinned=False)
        if verb == "add" and " like " in part:
            model = problem.hosts[problem.host_number(part.split(" like ")[1].split()[0])]
            hosts += [replace(model, name=f"n{i}") for i in range(int(part.split()[1]))]
        elif verb == "add":
            h = problem.host_number(last)
            hosts[h] = replace(hosts[h], capacity=tuple(_grown(problem, hosts[h], part)))
    return replace(problem, rules=tuple(rules), hosts=tuple(hosts), vms=tuple(vms))


def _grown(problem: Problem, host: Host, text: str) -> Iterator[int]:
    found = dict(
        (name, int(n.replace(",", ""))) for n, name in re.findall(r"([\d,]+) \S+ (cpu|memory)", text)
    )
    assert found, text
    yield from (c + found.get(kind.name, 0) for c, kind in zip(host.capacity, problem.resources, strict=True))


@given(crowded(), TARGETS)
def test_a_core_conflicts_alone_every_smaller_one_does_not_and_every_cure_cures(
    problem: Problem, target: int
) -> None:
    why = explain(problem, target)
    if possible(problem, target):
        assert why.core is None
        return
    assert why.core is not None
    assert why.core.minimal
    assert not possible(only(problem, why.core.elements), target)
    for element in why.core.elements:
        rest = [name for name in why.core.elements if name != element]
        assert possible(only(problem, rest), target), element
    assert why.cures
    for cure in why.cures:
        assert possible(cured(problem, cure.text), target), cure.text


@given(crowded(), TARGETS)
def test_one_less_than_a_single_amount_does_not_cure(problem: Problem, target: int) -> None:
    for cure in () if possible(problem, target) else explain(problem, target).cures:
        amounts = re.findall(r"([\d,]+) \S+ (?:cpu|memory)", cure.text)
        if len(amounts) == 1:
            number = int(amounts[0].replace(",", ""))
            less = cure.text.replace(amounts[0], str(number - 1))
            assert not possible(cured(problem, less), target), cure.text


@given(crowded(), TARGETS)
def test_the_core_and_the_cures_of_a_flow_are_true_as_well(problem: Problem, target: int) -> None:
    """What is said of large clusters, said of small ones."""
    reasons = reasons_of(problem, problem.limits(target), target, [])
    short = shortage(reasons)
    if short is None:
        return
    names = core_of(reasons, short)
    assert not possible(only(problem, names), target)
    for name in names:
        if placed(reasons, frozenset(names) - {name}):
            assert possible(only(problem, [other for other in names if other != name]), target)
    for change in wide_changes(problem, target, [], names, short, lambda: False):
        assert possible(cured(problem, change.cure(problem).text), target)


@given(crowded(), TARGETS, st.data())
def test_what_is_shown_to_hold_together_has_a_placement(
    problem: Problem, target: int, data: st.DataObject
) -> None:
    every = list(Named(problem, target).elements)
    names = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    if placed(reasons_of(problem, problem.limits(target), target, []), frozenset(names)):
        assert possible(only(problem, names), target)


@given(st.lists(st.integers(0, 2**49), min_size=1, max_size=5), st.data())
def test_sums_are_exact_however_large(amounts: list[int], data: st.DataObject) -> None:
    """Also where numbers of Z3 were small, so that a sum has many digits."""
    subset = data.draw(st.lists(st.sampled_from(amounts), unique=True))
    limit = max(0, sum(subset) + data.draw(st.integers(-2, 2)))
    vms = tuple(VM(f"v{v}", (amount,)) for v, amount in enumerate(amounts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(named_module, "LARGEST", data.draw(st.sampled_from((2**9, 2**13, 2**30))))
        named = Named(
            Problem("sum", (Resource("memory", "B"),), (Host("h0", (1,)), Host("h1", (1,))), vms), 10_000
        )
        named.solver.add(named.at_most(0, 0, limit))
    for places in product((0, 1), repeat=len(vms)):
        chosen = [named.x[v, h] for v, h in enumerate(places)]
        used = int(np.array(amounts, dtype=object)[np.array(places) == 0].sum())
        assert (str(named.solver.check(*chosen)) == "sat") == (used <= limit)


def cluster(rooms: Sequence[tuple[int, ...]], sizes: Sequence[tuple[int, ...]], *rules: Rule) -> Problem:
    """Hosts and VMs of cpu and memory, or of memory alone."""
    kinds = (Resource("cpu", "MHz"), Resource("memory", "B"))[-len(rooms[0]) :]
    hosts = tuple(Host(f"h{h}", room) for h, room in enumerate(rooms))
    return Problem("known", kinds, hosts, tuple(VM(f"v{v}", size, 0) for v, size in enumerate(sizes)), rules)


def test_amounts_that_fit_to_the_byte_are_no_part_of_a_conflict() -> None:
    big, musts = 2**35 + 1, [Rule(f"m{v}", "must run on", (v,), (v // 3,)) for v in range(5)]
    apart = Rule("apart", "keep apart", (3, 4))
    problem = cluster([(3 * big,), (2**40,)], [(big,)] * 3 + [(1,)] * 2, *musts, apart)
    why = explain(problem)
    assert why.core is not None
    assert set(why.core.elements) == {"rule 'apart'", "rule 'm3'", "rule 'm4'"}
    texts = [cure.text for cure in explain(cluster([(3 * big - 1,), (0,)], [(big,)] * 3)).cures]
    assert texts == ["add 1 B memory to h0", f"add {big:,} B memory to h1"]


def test_the_smallest_of_conflicts_is_looked_for_beyond_a_single_unit() -> None:
    apart, together = Rule("apart", "keep apart", (0, 1, 2)), Rule("together", "keep together", (0, 1))
    why = explain(cluster([(9, 9), (9, 9)], [(1, 1)] * 3, apart, together))
    assert why.core is not None
    assert why.core.elements == ("rule 'apart'",)
    why = explain(cluster([(5, 5), (5, 5)], [(3, 3)] * 4, Rule("together", "keep together", (1, 2))))
    assert why.core is not None
    assert why.core.elements == ("cpu of h0 (5 MHz)", "cpu of h1 (5 MHz)")


def test_a_sum_of_very_large_numbers_is_no_error() -> None:
    problem = cluster([(2**49, 10), (4, 4)], [(2, 2), (3, 11)])
    why = explain(problem)
    assert why.core is not None
    assert [cure.text for cure in why.cures][0] == "add 1 B memory to h0"


def test_where_all_hosts_fail_there_is_no_empty_conflict() -> None:
    why = survive(cluster([(9, 9)], [(1, 1)])).explanation
    assert why is not None
    assert why.core is None
    assert why.summary == "after the failure of h0: no host is left"


def test_a_core_over_two_resources_of_a_large_cluster_is_not_called_minimal() -> None:
    """Without the quarantine h1 takes two of the thirty small VMs, h0 still not the others."""
    problem = cluster(
        [(1000, 60), (10, 1000)] + [(1000, 1000)] * 62, [(11, 50)] + [(4, 1)] * 30 + [(0, 0)] * 300
    )
    states: Any = ["normal", "quarantine", *["maintenance"] * 62]
    hosts = tuple(replace(host, state=state) for host, state in zip(problem.hosts, states, strict=True))
    vms = (replace(problem.vms[0], host=1), *problem.vms[1:])
    why = explain(replace(problem, hosts=hosts, vms=vms))
    assert why.core is not None
    assert "h1 in quarantine mode" in why.core.elements
    assert not why.core.minimal


def test_room_for_parts_of_vms_is_no_cure() -> None:
    musts = [Rule(f"m{v}", "must run on", (v,), (0, 1)) for v in range(5)]
    why = explain(cluster([(1000, 1000)] * 64, [(450, 1)] * 5 + [(1, 1)] * 400, *musts))
    added = [cure.text for cure in why.cures if cure.text.startswith("add")]
    assert added == ["add 350 MHz cpu to h0"]


def test_the_page_says_of_a_minimal_core_what_is_true_of_it() -> None:
    from vmproof.reports.placement_page import _explanation

    page = _explanation(explain(cluster([(5, 5), (5, 5)], [(3, 3)] * 3)))
    assert "These cannot all hold (any one left out, the others can)" in page
