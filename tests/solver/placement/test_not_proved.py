"""What was not found is not impossible: only what is proved is called so."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from vmproof.solver.placement import VM, Bound, Effort, Host, Problem, Resource, Rule, Verdict
from vmproof.solver.placement import queries as asked
from vmproof.solver.placement.effort import Watch
from vmproof.solver.placement.engine import Outcome, fewest
from vmproof.solver.placement.queries import admit, rebalance, repair
from vmproof.solver.placement.reading import read_problem
from vmproof.solver.placement.units import Units

CPU, MEMORY = Resource("cpu", "MHz"), Resource("memory", "MiB")
FT_RUNS_ALONE = """
[[datastores]]
name = "ds1"
[[hosts]]
name = "A"
cpu = 10
memory = 10
datastores = ["ds1"]
moid = "host-0"
[[hosts]]
name = "B"
cpu = {room}
memory = {room}
datastores = ["ds1"]
moid = "host-1"
[[vms]]
name = "F"
host = "A"
cpu = 4
memory = 4
ft = true
datastore = "ds1"
"""


def full(seed: int) -> Problem:
    """Five hosts that 25 VMs without a host fill to the last MHz and MiB."""
    dice = random.Random(seed)
    sizes: list[tuple[int, ...]] = []
    for _ in range(5):
        cuts = [sorted(dice.sample(range(1, 1000), 4)) for _ in (CPU, MEMORY)]
        parts = [[b - a for a, b in zip([0, *row], [*row, 1000], strict=True)] for row in cuts]
        sizes += list(zip(*parts, strict=True))
    hosts = tuple(Host(f"h{h}", (1000, 1000)) for h in range(5))
    return Problem("full", (CPU, MEMORY), hosts, tuple(VM(f"v{i}", size) for i, size in enumerate(sizes)))


@pytest.mark.parametrize("seed", range(3))
def test_an_admission_for_which_there_is_room_is_never_called_impossible(seed: int) -> None:
    answer = admit(full(seed), range(25), effort=Effort(rounds=300, seconds=20))
    assert answer.verdict is not Verdict.IMPOSSIBLE
    assert answer.verdict is Verdict.OPTIMAL or answer.refused


def blind(vm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search finds nothing wherever this VM is asked for, or is bound to a host, and proves nothing."""

    def search(units: Units, target: int, watch: Watch) -> Outcome:
        problem = units.problem
        number = [row.name for row in problem.vms].index(vm)
        bound = any(rule.vms == (number,) for rule in problem.rules)
        there = any(number in members for members in units.members)
        if there and (bound or problem.vms[number].host == -1):
            return Outcome(None, Bound(0, "nothing was found"))
        return fewest(units, target, watch)

    monkeypatch.setattr(asked, "fewest", search)


def test_a_vm_for_which_nothing_was_found_is_left_out_without_a_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = Problem("two", (MEMORY,), (Host("h", (10,)),), (VM("a", (1,)), VM("b", (1,))))
    blind("b", monkeypatch)
    answer = admit(problem, (0, 1))
    assert (answer.verdict, answer.exit, answer.refused) == (Verdict.UNDETERMINED, 3, ("b",))
    assert answer.explanation is not None
    assert "not proved" in answer.explanation.summary


def test_a_preference_that_may_be_possible_makes_the_answer_less_than_optimal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = Rule("b should run on h", "should run on", (1,), (0,))
    hosts = (Host("h", (10,)), Host("g", (10,)))
    problem = Problem("two", (MEMORY,), hosts, (VM("a", (1,), 1), VM("b", (1,), 1)), (rule,))
    blind("b", monkeypatch)
    answer = repair(problem)
    assert (answer.verdict, answer.given_up) == (Verdict.FOUND, (rule.name,))
    assert any("not proved" in note for note in answer.notes)


def test_a_preference_that_cannot_be_kept_is_given_up_with_a_proof() -> None:
    rule = Rule("b should run on h", "should run on", (1,), (0,))
    hosts = (Host("h", (1,)), Host("g", (10,)))
    problem = Problem("two", (MEMORY,), hosts, (VM("a", (5,), 1), VM("b", (2,), 1)), (rule,))
    answer = repair(problem)
    assert (answer.verdict, answer.given_up) == (Verdict.OPTIMAL, (rule.name,))


def test_an_admission_ends_when_its_time_is_over() -> None:
    answer = admit(full(0), range(25), effort=Effort(seconds=0.001))
    assert answer.verdict is Verdict.UNDETERMINED
    assert any("stopped after" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("room", "verdict", "refused"), [(10, "OPTIMAL", ()), (2, "IMPOSSIBLE", ("F (secondary)",))]
)
def test_only_the_secondary_of_a_primary_that_runs_is_admitted(
    tmp_path: Path, room: int, verdict: str, refused: tuple[str, ...]
) -> None:
    path = tmp_path / "alone.toml"
    path.write_text(FT_RUNS_ALONE.format(room=room), encoding="utf-8")
    problem = read_problem(path)
    answer = admit(problem, range(len(problem.vms)))
    assert (answer.verdict.value, answer.refused) == (verdict, refused)
    assert "placed already: F" in answer.notes
    assert answer.placement[0] == 0


def test_what_runs_is_not_admitted_anew() -> None:
    problem = Problem("one", (MEMORY,), (Host("h", (10,)),), (VM("a", (1,), 0),))
    answer = admit(problem, (0,))
    assert (answer.verdict, answer.moves, answer.notes) == (Verdict.OPTIMAL, (), ("placed already: a",))


def test_a_repair_says_which_vms_have_no_host() -> None:
    problem = Problem("one", (MEMORY,), (Host("h", (10,)),), (VM("a", (1,), 0), VM("b", (1,))))
    assert any("without a host stay so: 1" in note for note in repair(problem).notes)


@pytest.mark.parametrize("by", ["highest", "deviation"])
def test_balance_proves_that_there_is_no_placement(by: str) -> None:
    rule = Rule("apart", "keep apart", (0, 1))
    problem = Problem("one", (MEMORY,), (Host("h", (10,)),), (VM("a", (1,), 0), VM("b", (1,), 0)), (rule,))
    answer = rebalance(problem, by="highest" if by == "highest" else "deviation")
    assert answer.verdict is Verdict.IMPOSSIBLE


def test_balance_of_a_cluster_that_is_full_by_its_rules_starts_from_what_a_solver_finds() -> None:
    """No host has room for another VM; three rings of exchanges mend the rules."""
    rules = tuple(
        Rule(f"v{v} must run on h{(v + 1) % 3}", "must run on", (v,), ((v + 1) % 3,)) for v in range(3)
    )
    hosts = tuple(Host(f"h{h}", (10,)) for h in range(3))
    problem = Problem("ring", (MEMORY,), hosts, tuple(VM(f"v{v}", (10,), v) for v in range(3)), rules)
    answer = rebalance(replace(problem))
    assert answer.verdict is Verdict.OPTIMAL
    assert answer.placement == (1, 2, 0)
