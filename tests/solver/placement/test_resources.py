"""Resources of a file beyond CPU and memory; reservations, limits and shares, with one meaning each."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.model.inventory import InventoryError, read_inventory
from vmproof.solver.placement import Problem, Verdict, rules
from vmproof.solver.placement.checking_shares import check_division
from vmproof.solver.placement.entitlements import Claim, divide
from vmproof.solver.placement.inventory import problem_of
from vmproof.solver.placement.queries import repair
from vmproof.solver.placement.reading import read_problem
from vmproof.solver.placement.surviving import survive

HOST = """
[[hosts]]
name = "{0}"
cpu = "10 GHz"
memory = "32 GiB"
network = "{1}"
cores = 4
datastores = ["ds1"]
moid = "{0}"
"""
VM = """
[[vms]]
name = "{0}"
host = "{1}"
cpu = "{2}"
memory = "4 GiB"
cpu_reservation = 500
datastore = "ds1"
{3}
"""
TOP = '[settings]\nvcpus_per_core = 4\nvms_per_host = 3\n[[datastores]]\nname = "ds1"\n'
HOSTS = HOST.format("A", "10 Gb/s") + HOST.format("B", "1 Gb/s")


def read(folder: Path, *parts: str) -> Problem:
    path = folder / "cluster.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return read_problem(path)


def test_a_file_counts_network_vcpus_and_vms(tmp_path: Path) -> None:
    vm = VM.format("one", "A", "2 GHz", 'network = "300 Mb/s"\nvcpus = 2')
    problem = read(tmp_path, TOP, HOSTS, vm)
    assert [r.name for r in problem.resources] == [
        "cpu", "memory", "cpu reservation", "memory reservation", "network", "vcpus", "vms",
    ]  # fmt: skip
    assert problem.hosts[1].capacity == (10_000, 32_768, 10_000, 32_768, 1_000, 16, 3)
    assert problem.vms[0].demand == (2_000, 4_096, 500, 4_096, 300, 2, 1)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('network = "700 Mb/s"', "network"),  # 2 × 700 of 1,000 Mb/s
        ("vcpus = 9", "vcpus"),  # 2 × 9 of 16
    ],
)
def test_each_of_them_can_make_a_vm_move(tmp_path: Path, more: str, why: str) -> None:
    vms = "".join(VM.format(name, "B", "1 GHz", more) for name in ("one", "two"))
    problem = read(tmp_path, TOP, HOSTS, vms)
    answer = repair(problem)
    assert (answer.verdict, answer.objective) == (Verdict.OPTIMAL, 1)
    assert {move.target for move in answer.moves} == {"A"}
    assert repair(read(tmp_path, TOP, HOSTS, vms.replace(more, ""))).objective == 0


def test_a_fourth_vm_on_a_host_for_three_moves(tmp_path: Path) -> None:
    vms = "".join(VM.format(f"v{i}", "A", "1 GHz", "") for i in range(4))
    assert repair(read(tmp_path, TOP, HOSTS, vms)).objective == 1


def test_survive_counts_promises_and_no_network(tmp_path: Path) -> None:
    """Both hosts full of network traffic: a restart is admitted by reservations, vCPUs and VMs alone."""
    vms = VM.format("one", "A", "1 GHz", 'network = "9 Gb/s"') + VM.format("two", "B", "1 GHz", "vcpus = 16")
    answer = survive(read(tmp_path, TOP, HOSTS, vms), 1)
    assert answer.verdict is Verdict.REFUTED
    assert answer.explanation is not None
    assert answer.explanation.core is not None
    assert "vcpus" in answer.explanation.core.elements[0]
    assert survive(read(tmp_path, TOP, HOSTS, vms.replace("vcpus = 16", "")), 1).verdict is Verdict.PROVED
    assert "vCPUs" not in answer.policies[0].why


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    host = HOSTS.replace('network = "1 Gb/s"\n', "").replace("cores = 4", "cores = 0", 1)
    vm = VM.format("one", "A", "2 GHz", 'cpu_limit = 400\ncpu_shares = "huge"\nmemory_shares = 0\nvcpus = -1')
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, TOP.replace("vcpus_per_core = 4", "vcpus_per_core = 99"), host, vm)
    said = {problem.path: problem.cure for problem in caught.value.problems}
    assert set(said) == {
        "settings.vcpus_per_core", 'hosts[0] "A".cores', 'hosts[1] "B".network', 'vms[0] "one".cpu_limit',
        'vms[0] "one".cpu_shares', 'vms[0] "one".memory_shares', 'vms[0] "one".vcpus',
    }  # fmt: skip
    assert said['vms[0] "one".cpu_limit'] == "cpu_limit = 500 or more"
    assert "number from 1 to 1,000,000" in said['vms[0] "one".cpu_shares']


def test_a_limit_caps_demand_and_the_reservation_nobody_wrote(tmp_path: Path) -> None:
    vm = VM.format("one", "A", "8 GHz", 'cpu_limit = "3 GHz"').replace("cpu_reservation = 500\n", "")
    inventory_file = tmp_path / "x.toml"
    inventory_file.write_text(TOP + HOSTS + vm, encoding="utf-8")
    problem = problem_of(read_inventory(inventory_file))
    assert problem.vms[0].counted[:3] == (3_000, 4_096, 3_000)
    assert problem.highest(problem.current) == 3_000


def test_shares_decide_under_contention_and_only_there(tmp_path: Path) -> None:
    """High, normal and low are 4 : 2 : 1 for equal VMs; a reservation lifts the lowest."""
    levels = ("high", "normal", "low")
    vms = "".join(
        VM.format(name, "A", "10 GHz", f'cpu_shares = "{name}"')
        .replace("cpu_reservation = 500", "cpu_reservation = 0")
        .replace('memory = "4 GiB"', 'memory = "1 GiB"')
        for name in levels
    )
    problem = read(tmp_path, TOP, HOSTS.replace("vms_per_host = 3", ""), vms)
    answer = repair(problem, 30_000)
    assert answer.objective == 0
    now = {row.vm: row.entitled for row in answer.contention if not row.after}
    assert now == {"high": 5_714, "normal": 2_857, "low": 1_428}
    calm = repair(read(tmp_path, TOP, HOSTS, vms.replace('cpu = "10 GHz"', 'cpu = "3 GHz"', 9)), 30_000)
    assert calm.contention == () or all(row.resource != "cpu" for row in calm.contention)


def test_an_entitlement_by_hand() -> None:
    """10 to be divided; by shares 1 : 1 : 2. The first has 4 reserved, the third wants only 3."""
    claims = [Claim(4, 9, 1), Claim(0, 9, 1), Claim(0, 3, 2)]
    assert divide(10, claims) == [4, 3, 3]
    assert divide(30, claims) == [9, 9, 3]


CLAIMS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=5)


@given(CLAIMS, st.integers(0, 40))
def test_divisions_pass_the_checker_the_predicates_and_z3_knows_no_other(
    rows: list[tuple[int, int, int]], capacity: int
) -> None:
    import z3

    claims = [Claim(min(a, b), max(a, b), s) for a, b, s in rows]
    capacity = max(capacity, sum(c.least for c in claims))  # admission control
    given_out = divide(capacity, claims)
    plain = [(c.least, c.most, c.shares) for c in claims]
    assert not check_division(capacity, plain, given_out)
    level = next((g / c.shares for g, c in zip(given_out, claims, strict=True) if c.least < g < c.most), None)
    for g, c in zip(given_out, claims, strict=True):
        by_shares = g if level is None else level * c.shares
        assert all(s.obeyed(g, c.least, c.most, by_shares) for s in rules.SETTINGS.values())
    solver, water = z3.Solver(), z3.Real("level")
    parts = [
        z3.If(water * c.shares < c.least, z3.RealVal(c.least),
              z3.If(water * c.shares > c.most, z3.RealVal(c.most), water * c.shares)) for c in claims
    ]  # fmt: skip
    solver.add(water >= 0, z3.Sum(parts) == min(capacity, sum(c.most for c in claims)))
    solver.add(z3.Or([part != z3.RealVal(str(g)) for part, g in zip(parts, given_out, strict=True)]))
    assert solver.check() == z3.unsat


def test_the_checker_of_divisions_can_say_no() -> None:
    rows = [(0, 9, 1), (0, 9, 1)]
    assert not check_division(10, rows, [Fraction(5), Fraction(5)])
    assert check_division(10, rows, [Fraction(6), Fraction(4)])
    assert check_division(10, rows, [Fraction(4), Fraction(4)])
    assert check_division(10, rows, [Fraction(10), Fraction(0)])
