"""Files become placement problems; what is wrong with them is said all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from placement_clusters import GANETI
from support import PROJECT
from vmproof.model.inventory import Inventory, InventoryError, read_inventory
from vmproof.solver.placement import Answer, Plan, Problem
from vmproof.solver.placement.ganeti import parsed
from vmproof.solver.placement.inventory import problem_of
from vmproof.solver.placement.modelled import checked
from vmproof.solver.placement.planning import plan
from vmproof.solver.placement.queries import admit, evacuate
from vmproof.solver.placement.reading import read_problem

FIGURE_1 = PROJECT / "examples" / "figure-1.toml"
SMALL: dict[str, Any] = {"hosts": [[10, 20], [10, 20]], "vms": [[1, 2], [3, 4]], "current": [0, None]}


def written(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "cluster.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_drs_instance(tmp_path: Path) -> None:
    more = {"anti": [[0, 1]], "should": {"1": [1]}, "maintenance": [0], "pinned": [0], "vm_names": ["x", "y"]}
    problem = read_problem(written(tmp_path, {**SMALL, **more}))
    assert [vm.name for vm in problem.vms] == ["x", "y"]
    assert problem.current.tolist() == [0, -1]
    assert [rule.kind for rule in problem.rules] == ["keep apart", "should run on"]
    assert problem.hosts[0].state == "maintenance"
    assert problem.vms[0].pinned


def test_every_mistake_of_a_drs_instance_at_once(tmp_path: Path) -> None:
    wrong = {
        "hosts": [[10, 20], [10, -1]],
        "vms": [[1, 2], [3]],
        "current": [0, 7],
        "anti": [[0], [0, 9], [1, 1]],
        "must": {"5": [0], "0": [4]},
        "antii": [],
        "vm_names": ["same", "same"],
    }
    with pytest.raises(InventoryError) as caught:
        read_problem(written(tmp_path, wrong))
    places = {problem.path for problem in caught.value.problems}
    assert places == {
        "antii", "hosts[1]", "vms[1]", "current[1]", "anti[0]", "anti[1][1]", "anti[2]", "must.5",
        "must.0[0]", "vm_names",
    }  # fmt: skip


def test_a_drs_instance_may_name_its_resources(tmp_path: Path) -> None:
    kinds = [["cpu", "MHz"], ["memory", "MiB"], ["network", "Mb/s"], ["vms", "VMs", "promise"]]
    more = {"resources": kinds, "hosts": [[10, 20, 30, 2]] * 2, "vms": [[1, 2, 3, 1]] * 2}
    problem = read_problem(written(tmp_path, {**SMALL, **more}))
    assert [(r.name, r.load) for r in problem.resources][2:] == [("network", True), ("vms", False)]
    assert problem.demand.tolist() == [[1, 2, 3, 1]] * 2
    wrong = {**SMALL, **more, "resources": [["cpu"], *kinds[1:], ["vms", "VMs", "promis"]]}
    with pytest.raises(InventoryError) as caught:
        read_problem(written(tmp_path, wrong))
    places = {problem.path for problem in caught.value.problems}
    assert {"resources", "resources[0]", "resources[4]", "hosts[0]", "vms[1]"} <= places


@pytest.mark.parametrize("content", ["[]", "{", "null"])
def test_what_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InventoryError):
        read_problem(path)


def test_ganeti_s_text(tmp_path: Path) -> None:
    path = tmp_path / "cluster.data"
    path.write_text(GANETI, encoding="utf-8")
    problem = read_problem(path)
    assert [host.capacity for host in problem.hosts] == [(900, 5000, 12), (1000, 5000, 12)]
    assert [vm.name for vm in problem.vms] == ["one", "one (secondary)", "two"]
    assert problem.vms[1].demand == (0, 10, 0)
    assert problem.vms[2].pinned
    kinds = {rule.name: rule.vms for rule in problem.rules}
    assert kinds == {"exclusion tag web:x": (0, 2), "one: primary and secondary on different nodes": (0, 1)}


def test_every_mistake_of_a_ganeti_file_at_once() -> None:
    text = parsed(GANETI.replace("|a|b|drbd", "|nowhere|c|drbd").replace("b|1000|100", "b|x|100"))
    assert [problem.path for problem in text.problems] == [
        "line 4",
        "instance 'one'.primary",
        "instance 'one'.secondary",
        "instance 'two'.primary",
    ]


def test_an_inventory_with_a_secondary_reservations_and_datastores() -> None:
    problem = problem_of(read_inventory(FIGURE_1))
    names = [vm.name for vm in problem.vms]
    assert names[:3] == ["A1", "A1 (secondary)", "A2"]
    a1, secondary = problem.vms[0], problem.vms[1]
    assert (a1.twin, secondary.twin, secondary.secondary) == (1, 0, True)
    assert problem.hosts[secondary.host].name == "C"
    assert problem.vm_number("D1") == names.index("D1")


def test_a_host_in_quarantine_keeps_its_vms_and_gets_no_more(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.toml"
    moid = 'moid = "host-9"'
    text = FIGURE_1.read_text(encoding="utf-8").replace(moid, f"{moid}\nquarantine = true")
    path.write_text(text, encoding="utf-8")
    problem = read_problem(path)
    assert problem.hosts[1].state == "quarantine"
    answer = evacuate(problem, [problem.host_number("A")])
    assert answer.moves
    assert "B" not in {move.target for move in answer.moves}


def replayed(inventory: Inventory, answer: Answer) -> Plan:
    return checked(answer.problem, inventory, plan(answer.problem, answer.placement))


def test_a_secondary_is_named_as_not_replayed_and_the_rest_goes_on() -> None:
    inventory = read_inventory(FIGURE_1)
    problem = problem_of(inventory)
    made = replayed(inventory, evacuate(problem, [problem.host_number("C")]))
    assert made.checked == 2
    (skipped,) = made.not_replayed
    assert skipped.startswith("A1 (secondary): a secondary is not moved but made anew")


@pytest.mark.parametrize(("drs", "count"), [("fully automated", 1), ("manual", 0)])
def test_a_new_vm_is_powered_on_in_the_model_where_drs_may_place_it(
    tmp_path: Path, drs: str, count: int
) -> None:
    text = FIGURE_1.read_text(encoding="utf-8").replace('name = "D1"', 'name = "D1"\npower = "off"')
    text = text.replace('drs = "fully automated"', f'drs = "{drs}"')
    path = tmp_path / "off.toml"
    path.write_text(text.replace('name = "D"\n', 'name = "D"\nquarantine = true\n'), encoding="utf-8")
    inventory = read_inventory(path)
    problem = problem_of(inventory)
    made = replayed(inventory, admit(problem, [problem.vm_number("D1")]))
    moves = sum(map(len, made.steps))
    assert made.checked == moves - len(made.not_replayed)
    assert (count == 0) == any("D1" in line for line in made.not_replayed)


def test_every_migration_of_a_plan_is_one_the_cluster_model_takes() -> None:
    inventory = read_inventory(FIGURE_1)
    problem = problem_of(inventory)
    answer = evacuate(problem, [problem.host_number("A")])
    made = checked(answer.problem, inventory, plan(answer.problem, answer.placement))
    assert made.checked == 3


def test_the_model_refuses_what_breaks_its_rules() -> None:
    """B1 must not run on A: a plan that takes it there is refused by the model as well."""
    from vmproof.solver.placement import Plan, PlannedMove, Verdict
    from vmproof.solver.placement.faults import NotAllowed

    inventory = read_inventory(FIGURE_1)
    problem: Problem = problem_of(inventory)
    move = PlannedMove(problem.vm_number("B1"), problem.host_number("B"), problem.host_number("A"))
    with pytest.raises(NotAllowed, match="VM/host DRS rule violated"):
        checked(problem, inventory, Plan(Verdict.OPTIMAL, ((move,),)))
