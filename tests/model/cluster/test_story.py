"""Figure 1 of the paper: the story follows from the data. Other data, another story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vmproof.model.inventory import HostItem, Inventory, VMItem, read_inventory
from vmproof.model.scenarios import scope_of
from vmproof.properties import safety
from vmproof.properties.demo import demo
from vmproof.properties.results import Result, Verdict

FIGURE_1 = Path(__file__).resolve().parents[3] / "examples" / "figure-1.toml"
CATALOGUE = safety


@pytest.fixture(scope="module")
def figure_1() -> Inventory:
    return read_inventory(FIGURE_1)


def told(inventory: Inventory) -> Result:
    """The story of the inventory when host A fails."""
    return demo(scope_of(inventory), ["A"], {})


def host(inventory: Inventory, name: str, **changes: object) -> Inventory:
    """The inventory with one host changed."""
    hosts = tuple(replace(h, **changes) if h.name == name else h for h in inventory.hosts)  # type: ignore[arg-type]
    return replace(inventory, hosts=hosts)


def without_vm(inventory: Inventory, name: str) -> Inventory:
    return replace(inventory, vms=tuple(vm for vm in inventory.vms if vm.name != name))


def change_vms(inventory: Inventory, change: Callable[[VMItem], VMItem]) -> Inventory:
    return replace(inventory, vms=tuple(map(change, inventory.vms)))


def steps(result: Result, action: str) -> list[tuple[str, ...]]:
    """The arguments with which an action was taken, in order."""
    return [
        tuple(value for name, value in step.arguments if name != "master")
        for step in result.story
        if step.action == action
    ]


def test_the_paper_s_story(figure_1: Inventory) -> None:
    result = told(figure_1)
    assert steps(result, "become_master") == [("B",)]
    assert steps(result, "fail_over") == [("A1", "C")]
    assert steps(result, "restart") == [("A2", "B"), ("A3", "D")]
    assert steps(result, "complete_secondary") == [("A1", "C", "D")]
    assert {finding.verdict for finding in result.findings} == {Verdict.SAMPLED}


def test_before_the_failure_a_is_master(figure_1: Inventory) -> None:
    view = told(figure_1).before
    assert view is not None
    assert [h.name for h in view.hosts if h.role == "master"] == ["A"]


def test_the_service_of_a1_has_no_gap(figure_1: Inventory) -> None:
    """Between failure and take-over nothing else happens, and A1 is never started anew."""
    result = told(figure_1)
    actions = [step.action for step in result.story]
    assert actions[:2] == ["host_crash", "fail_over"]
    assert all(vm != "A1" for vm, _ in steps(result, "restart"))


def test_one_more_datastore_makes_c_master(figure_1: Inventory) -> None:
    assert steps(told(host(figure_1, "C", datastores=("ds1", "ds2", "ds3"))), "become_master") == [("C",)]


def test_managed_object_ids_are_compared_as_strings(figure_1: Inventory) -> None:
    swapped = host(host(figure_1, "B", moid="host-10"), "D", moid="host-9")
    assert steps(told(swapped), "become_master") == [("D",)]
    longer = host(figure_1, "B", moid="host-100")
    assert steps(told(longer), "become_master") == [("C",)]


def test_d_in_maintenance_takes_nothing(figure_1: Inventory) -> None:
    result = told(without_vm(host(figure_1, "D", maintenance=True), "D1"))
    assert steps(result, "restart") == [("A2", "B"), ("A3", "B")]
    assert steps(result, "complete_secondary") == [("A1", "C", "B")]
    assert ("D",) not in steps(result, "start_election")


def test_a_larger_reserve_on_c_draws_a_vm(figure_1: Inventory) -> None:
    result = told(host(figure_1, "C", memory=256 * 1024, cpu=40_000))
    assert steps(result, "restart") == [("A2", "C"), ("A3", "C")]


def test_higher_restart_priority_goes_first(figure_1: Inventory) -> None:
    def turned(vm: VMItem) -> VMItem:
        return replace(vm, ha_priority={"A2": "low", "A3": "high"}.get(vm.name, vm.ha_priority))  # type: ignore[arg-type]

    assert steps(told(change_vms(figure_1, turned)), "restart") == [("A3", "B"), ("A2", "D")]


def test_a_vm_whose_restart_is_disabled_stays_off(figure_1: Inventory) -> None:
    def disabled(vm: VMItem) -> VMItem:
        return replace(vm, ha_priority="disabled") if vm.name == "A2" else vm

    assert steps(told(change_vms(figure_1, disabled)), "restart") == [("A3", "B")]


def test_with_drs_off_ha_placement_goes_by_memory(figure_1: Inventory) -> None:
    roomy = host(figure_1, "B", memory=512 * 1024)
    by_drs = told(roomy)
    off = told(replace(roomy, settings=replace(roomy.settings, drs="off")))
    assert steps(by_drs, "complete_secondary") == [("A1", "C", "D")]
    assert steps(off, "complete_secondary") == [("A1", "C", "B")]


def test_where_nobody_has_a_reserve_the_vm_waits(figure_1: Inventory) -> None:
    def huge(vm: VMItem) -> VMItem:
        return replace(vm, memory_reservation=60 * 1024) if vm.name == "A2" else vm

    tight = replace(host(figure_1, "A", memory=128 * 1024), hosts=tuple(_roomy_a(h) for h in figure_1.hosts))
    assert steps(told(change_vms(tight, huge)), "restart") == [("A3", "B")]


def _roomy_a(item: HostItem) -> HostItem:
    return replace(item, memory=128 * 1024) if item.name == "A" else item
