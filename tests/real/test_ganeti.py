"""Ganeti's own test clusters, read by us and by Ganeti's own tools."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from support import needs_program, shared_data
from vmproof.solver.placement import VM, Effort, Problem, Verdict, check_answer, check_placement, rules
from vmproof.solver.placement.ganeti import fails_n_plus_1, parsed, problem_of
from vmproof.solver.placement.queries import admit, repair

pytestmark = pytest.mark.real

REFUSED = {
    "empty-cluster.data": "has no node",
    "hroller-full.data": "is there twice",
    "invalid-node.data": "there is no node 'no-such-node'",
    "multiple-tags.data": "is there twice",
}
CRASHES = {"hbal-split-insts.data"}  # of hcheck itself


def files() -> list[Path]:
    return sorted(shared_data("placement/ganeti-htools").glob("*.data"))


def run(program: str, *arguments: str) -> str:
    return subprocess.run(
        [needs_program(program), *arguments], capture_output=True, text=True, timeout=120
    ).stdout


def clashing_nodes(problem: Problem) -> set[int]:
    """Nodes with instances that an exclusion tag keeps apart."""
    places = problem.current.tolist()
    tags = [rule for rule in problem.rules if rule.name.startswith("exclusion tag")]
    broken = [rule for rule in tags if not rules.holds(rule, places)]
    return {
        places[v] for rule in broken for v in rule.vms if sum(places[u] == places[v] for u in rule.vms) > 1
    }


def test_every_file_is_read_or_refused_with_a_reason() -> None:
    assert len(files()) > 40
    for path in files():
        text = parsed(path.read_text(encoding="utf-8"))
        if path.name in REFUSED:
            assert REFUSED[path.name] in str(text.problems[0])
        else:
            assert not text.problems, path.name


def test_hcheck_sees_the_same_failures() -> None:
    """Nodes that are not N+1 happy, and nodes with conflicting instances, by Ganeti's own count."""
    compared = 0
    for path in files():
        said = run("hcheck", "-t", str(path))
        unhappy = re.search(r"not N\+1 happy: (\d+)", said)
        conflicting = re.search(r"conflicting instances: (\d+)", said)
        if path.name in REFUSED or unhappy is None or conflicting is None:
            continue
        text = parsed(path.read_text(encoding="utf-8"))
        assert len(fails_n_plus_1(text)) == int(unhappy[1]), path.name
        assert len(clashing_nodes(problem_of(text, path.stem))) == int(conflicting[1]), path.name
        compared += 1
    assert compared >= 40


def test_every_cluster_is_repaired_and_the_answer_is_checked() -> None:
    for path in files():
        if path.name not in REFUSED:
            problem = problem_of(parsed(path.read_text(encoding="utf-8")), path.stem)
            answer = repair(problem, effort=Effort(rounds=50, pieces=50))
            assert answer.verdict in (Verdict.OPTIMAL, Verdict.FOUND, Verdict.IMPOSSIBLE), path.name
            assert not check_answer(answer), path.name


def test_what_hbal_leaves_behind_keeps_our_rules_too() -> None:
    """After hbal's own moves our checker sees no broken exclusion tag and no overfilled node."""
    path = shared_data("placement/ganeti-htools") / "hbal-excl-tags.data"
    problem = problem_of(parsed(path.read_text(encoding="utf-8")), path.stem)
    assert clashing_nodes(problem)
    said = run("hbal", "-t", str(path), "-C", "--ignore-dynu", "--print-instances")
    final = said.split("Final instance map:")[-1] if "Final instance map:" in said else ""
    moved = re.findall(r"^\s*\d+\.\s+(\S+)\s+(\S+?):(\S+?)\s+=>\s+(\S+?):(\S+?)\s", said, re.MULTILINE)
    assert moved, final
    places = problem.current.tolist()
    for name, _, _, primary, secondary in moved:
        v = problem.vm_number(_full(problem, name))
        places[v] = problem.host_number(_full_host(problem, primary))
        twin = problem.vms[v].twin
        assert twin is not None
        places[twin] = problem.host_number(_full_host(problem, secondary))
    assert not check_placement(problem, places, 10_000)


def _full(problem: Problem, name: str) -> str:
    return next(vm.name for vm in problem.vms if vm.name.startswith(name) and not vm.secondary)


def _full_host(problem: Problem, name: str) -> str:
    return next(host.name for host in problem.hosts if host.name.startswith(name))


SPACE = """\
group|uuid|preferred||

a|65536|1024|64512|500000|500000|16|N|uuid|1
b|40000|1024|30976|300000|290000|16|N|uuid|1
c|20000|1024|18976|100000|100000|4|N|uuid|1

one|8000|10000|2|running|Y|b||plain||1


|128,1,1024,1,1,1|128,1,1024,1,1,1;99999,16,999999,16,8,12|plain|4.0|32.0
group|128,1,1024,1,1,1|128,1,1024,1,1,1;99999,16,999999,16,8,12|plain|4.0|32.0
"""


@pytest.mark.parametrize(("disk", "memory", "cpus"), [(10240, 4096, 1), (10240, 1024, 3), (90000, 2048, 1)])
def test_what_hspace_finds_room_for_is_admitted(tmp_path: Path, disk: int, memory: int, cpus: int) -> None:
    """hspace also keeps a node's worth of reserve, so we admit as many, and more only into that reserve."""
    path = tmp_path / "space.data"
    path.write_text(SPACE, encoding="utf-8")
    size = f"{disk},{memory},{cpus}"
    said = run(
        "hspace", "-t", str(path), "--disk-template", "plain", "--standard-alloc", size, "--machine-readable"
    )
    found = re.search(r"HTS_ALLOC_INSTANCES=(\d+)", said)
    assert found is not None
    assert int(found[1]) > 0
    problem = problem_of(parsed(SPACE), "space")
    free = (problem.capacity - problem.load(problem.current)) // (memory, disk, cpus)
    most = int(free.min(axis=1).sum())
    assert int(found[1]) <= most
    for number in (int(found[1]), most, most + 1):
        new = tuple(VM(f"new{i}", (memory, disk, cpus)) for i in range(number))
        rows = range(len(problem.vms), len(problem.vms) + number)
        answer = admit(replace(problem, vms=(*problem.vms, *new)), rows, effort=Effort(rounds=50, pieces=0))
        assert bool(answer.refused) == (number > most)
