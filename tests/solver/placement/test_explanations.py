"""Conflicts with known answers, in clusters too large to be put to a solver whole; minimality is tested."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from placement_judge import loosened
from vmproof.solver.placement import VM, Effort, Host, Problem, Resource, Rule, Verdict, check_placement
from vmproof.solver.placement.explaining import explain
from vmproof.solver.placement.queries import repair

HOSTS, VMS = 60, 1_000


def large(load: float = 0.7) -> Problem:
    """60 alike hosts and 1,000 VMs: 60,000 pairs."""
    dice = random.Random(1)
    cpu, memory = (int(size * HOSTS * load / VMS) for size in (100_000, 512_000))
    hosts = tuple(Host(f"h{i}", (100_000, 512_000)) for i in range(HOSTS))
    vms = tuple(
        VM(f"v{v}", (int(cpu * dice.uniform(0.5, 1.5)), int(memory * dice.uniform(0.5, 1.5))), v % HOSTS)
        for v in range(VMS)
    )
    return Problem("large", (Resource("cpu", "MHz"), Resource("memory", "MiB")), hosts, vms)


def licence(problem: Problem) -> Problem:
    """90 VMs in three rules may be on four hosts only, of which one is in maintenance; and rules beside."""
    bound = [
        Rule(f"licence {i}", "must run on", tuple(range(i * 30, i * 30 + 30)), (0, 1, 2, 3)) for i in range(3)
    ]
    beside = [Rule(f"beside {i}", "must not run on", (i,), (i % 50 + 5,)) for i in range(200)]
    hosts = tuple(
        replace(host, state="maintenance") if h == 3 else host for h, host in enumerate(problem.hosts)
    )
    return replace(problem, rules=(*beside, *bound), hosts=hosts)


def five_apart(problem: Problem) -> Problem:
    """Five VMs to be kept apart may be on four hosts."""
    few = Rule("few", "must run on", tuple(range(5)), (0, 1, 2, 3))
    return replace(problem, rules=(Rule("apart", "keep apart", tuple(range(5))), few))


def fragments(problem: Problem) -> Problem:
    """61 VMs larger than half a host, 60 hosts, and much left in all."""
    big = [replace(vm, demand=(60_000, 1_000)) for vm in problem.vms[: HOSTS + 1]]
    rest = [replace(vm, demand=(vm.demand[0] // 8, vm.demand[1])) for vm in problem.vms[HOSTS + 1 :]]
    return replace(problem, vms=(*big, *rest))


EXPECTED = {
    "licence": (
        licence,
        {"rule 'licence 0'", "rule 'licence 1'", "rule 'licence 2'", "h3 in maintenance mode",
         *(f"cpu of h{h} (100,000 MHz)" for h in range(3))},
    ),
    "apart": (five_apart, {"rule 'apart'", "rule 'few'"}),
    "fragments": (fragments, {f"cpu of h{h} (100,000 MHz)" for h in range(HOSTS)}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_a_large_cluster_s_conflict_is_found_and_is_the_known_one(name: str) -> None:
    make, elements = EXPECTED[name]
    problem = make(large())
    answer = repair(problem, effort=Effort(rounds=50, pieces=0))
    assert answer.verdict is Verdict.IMPOSSIBLE
    why = explain(problem)
    assert why.core is not None
    assert set(why.core.elements) == elements
    assert why.core.minimal
    assert why.cures
    for element in elements:
        rest = loosened(problem, 10_000, sorted(elements - {element}))
        found = repair(rest, effort=Effort(rounds=50, pieces=0))
        assert found.placement, element
        assert not check_placement(rest, found.placement, 10_000)


def test_a_cure_of_a_large_cluster_is_one() -> None:
    """The rules that the cures drop are each enough to be dropped."""
    why = explain(five_apart(large()))
    assert [cure.text for cure in why.cures] == ["drop rule 'apart'", "drop rule 'few'"]
    for name in ("apart", "few"):
        problem = five_apart(large())
        fewer = problem.without([rule for rule in problem.rules if rule.name == name])
        assert repair(fewer, effort=Effort(rounds=50, pieces=0)).placement


def test_what_the_whole_cluster_lacks_is_said_in_numbers() -> None:
    problem = large(load=1.02)
    why = explain(problem)
    needed = int(problem.demand[:, 0].sum())
    assert f"{needed:,} MHz cpu, and all hosts together have {HOSTS * 100_000:,}" in why.summary
    assert why.cures[-1].text == "add 2 hosts like h0 (100,000 MHz cpu and 512,000 MiB memory each)"
    new = [Host(f"n{i}", (100_000, 512_000)) for i in range(2)]
    assert repair(
        replace(problem, hosts=(*problem.hosts, *new)), effort=Effort(rounds=50, pieces=0)
    ).placement
    assert why.core is not None
    assert why.core.minimal
    assert len(why.core.elements) == HOSTS


def test_what_is_enough_for_one_vm_only_is_not_called_a_cure() -> None:
    """One host out of maintenance is not enough for all VMs; room for the largest is."""
    why = explain(large().in_maintenance(range(HOSTS)))
    note = " (enough for v0; a placement of all VMs was not found with it alone)"
    assert why.cures[0].text == f"end the maintenance of h0{note}"
    problem = large()
    huge = replace(problem.vms[0], demand=(200_000, 1))
    why = explain(replace(problem, vms=(huge, *problem.vms[1:])))
    assert why.cures[0].text == "add 100,000 MHz cpu to h0"


def test_where_there_is_a_placement_no_shortage_is_seen() -> None:
    from vmproof.solver.placement.shortages import reasons_of, shortage

    for problem in (large(), five_apart(large()).without([Rule("", "keep apart", ())])):
        short = shortage(reasons_of(problem, problem.limits(), 10_000, []))
        assert (short is None) == (not problem.rules)
