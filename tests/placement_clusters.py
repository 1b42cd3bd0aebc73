"""Random small clusters for placement tests, and every placement of them: the judge of all answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import strategies as st

from vmproof.solver.placement import VM, Host, Problem, Resource, Rule, check_placement

KINDS = (
    "keep together",
    "keep apart",
    "must run on",
    "must not run on",
    "should run on",
    "should not run on",
)
HARD = KINDS[:4]
# Two nodes and two instances in Ganeti's text format.
GANETI = """\
group|uuid|preferred||

a|1000|100|500|5000|5000|4|N|uuid|1
b|1000|100|900|5000|5000|4|N|uuid|1

one|400|10|2|running|Y|a|b|drbd|web:x|1
two|100|10|1|running|N|b||plain|web:x|1

htools:iextags:web

|128,1|128,1;1,1|plain|3.0|32.0
"""


@st.composite
def problems(draw: st.DrawFn, soft: bool = False, placed: bool = True) -> Problem:
    """Two to four hosts, one to six VMs, one to three resources, rules, states, pinned VMs."""
    hosts, vms = draw(st.integers(2, 4)), draw(st.integers(1, 6))
    if hosts == 4:
        vms = min(vms, 5)
    resources = draw(st.sampled_from((("cpu",), ("cpu", "memory"), ("cpu", "memory", "slots"))))
    kinds = tuple(Resource(name, "units", load=name != "slots") for name in resources)
    sizes = st.tuples(*(st.integers(0, 9) for _ in kinds))
    rooms = st.tuples(*(st.integers(4, 26) for _ in kinds))
    states: Any = st.sampled_from(("normal",) * 8 + ("maintenance", "quarantine"))
    places = st.integers(0, hosts - 1) if placed else st.integers(-1, hosts - 1)
    return Problem(
        "random",
        kinds,
        tuple(Host(f"h{h}", draw(rooms), draw(states)) for h in range(hosts)),
        tuple(draw(_vms(v, sizes, places, hosts)) for v in range(vms)),
        tuple(draw(_rules(vms, hosts, KINDS if soft else HARD))),
    )


def _vms(v: int, sizes: Any, places: Any, hosts: int) -> st.SearchStrategy[VM]:
    rarely = st.sampled_from((False,) * 7 + (True,))
    barred = st.one_of(
        st.just(frozenset[int]()),
        st.just(frozenset[int]()),
        st.frozensets(st.integers(0, hosts - 1), max_size=1),
    )
    priority = st.integers(1, 3)
    return st.builds(VM, st.just(f"v{v}"), sizes, places, barred, rarely, priority=priority)


@st.composite
def _rules(draw: st.DrawFn, vms: int, hosts: int, kinds: tuple[str, ...]) -> list[Rule]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        kind: Any = draw(st.sampled_from(kinds))
        least = 2 if kind.startswith("keep") else 1
        if vms < least:
            continue
        group = draw(st.lists(st.integers(0, vms - 1), min_size=least, max_size=3, unique=True))
        there = draw(st.lists(st.integers(0, hosts - 1), min_size=1, max_size=hosts, unique=True))
        found.append(Rule(f"rule {number}", kind, tuple(group), () if least == 2 else tuple(there)))
    return found


def placements(problem: Problem, target: int, soft: bool = True) -> Iterator[tuple[int, ...]]:
    """Every placement of all VMs that the independent checker accepts."""
    for placement in product(range(len(problem.hosts)), repeat=len(problem.vms)):
        if not check_placement(problem, placement, target, soft=soft):
            yield placement


def moves(problem: Problem, placement: tuple[int, ...]) -> int:
    """How many VMs have another host than now."""
    return sum(vm.host not in (-1, h) for vm, h in zip(problem.vms, placement, strict=True))


def memory_moved(problem: Problem, placement: tuple[int, ...]) -> int:
    """What the moved VMs carry, in memory (or the last resource)."""
    names = [resource.name for resource in problem.resources]
    r = names.index("memory") if "memory" in names else len(names) - 1
    return sum(vm.counted[r] for vm, h in zip(problem.vms, placement, strict=True) if vm.host not in (-1, h))
