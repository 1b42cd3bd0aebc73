"""The product's rules, one by one, read off the reachable states of small clusters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vmproof.loading import load_file
from vmproof.model.cluster import VM, Cluster, Copy, Datastore, Host
from vmproof.model.cluster.state import Automation, Lease, Part, Phase
from vmproof.model.language import Scope
from vmproof.model.language.plain import Packed, refusals, state_at
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.scope import Instance
from vmproof.model.scenarios import alike
from vmproof.properties import safety
from vmproof.properties.replay import instance_named
from vmproof.properties.search import Limits, Search, search
from vmproof.properties.teeth import SMALL

CATALOGUE = safety
SCOPES = Path(__file__).resolve().parents[3] / "examples" / "scopes"


def states(found: Search) -> Iterator[Cluster]:
    scope = found.kernel.scope
    return (state_at(scope, packed) for packed in found.table.known)


def steps_of(found: Search, action: str) -> Iterator[tuple[Packed, Instance, Packed]]:
    """Every step of one action in the reachable states."""
    known = list(found.table.known)
    edges = zip(found.table.source, found.table.taken, found.table.target, strict=True)
    for source, position, target in edges:
        instance = found.kernel.instance(position)
        if instance.action.name == action:
            yield known[source], instance, known[target]


def searched(scope: Scope) -> Search:
    found = search(scope, keeps_edges=True)
    assert found.complete
    return found


def shipped(name: str) -> Scope:
    return load_file(SCOPES / f"{name}.toml", {}).scope


def changed(scope: Scope, before: Packed, after: Packed) -> set[str]:
    cells = zip(scope.cells, before, after, strict=True)
    return {cell.field for cell, old, new in cells if old != new}


def test_a_forged_heartbeat_has_no_effect() -> None:
    found = searched(alike(**SMALL["forged heartbeat"]))
    steps = list(steps_of(found, "forge_heartbeat"))
    assert steps
    scope = found.kernel.scope
    assert all(changed(scope, a, b) == {"forged_heartbeat left"} for a, _, b in steps)


def test_a_new_master_forgets_the_failed_restarts() -> None:
    found = searched(alike(budgets={"host_crash": 2, "failed_restart": 1}))
    scope = found.kernel.scope
    counted = [a for a, _, _ in steps_of(found, "become_master") if state_at(scope, a).attempts[VM("v1")]]
    assert counted
    assert all(state_at(scope, b).attempts[VM("v1")] == 0 for _, _, b in steps_of(found, "become_master"))


def test_a_restart_needs_no_vcenter() -> None:
    found = searched(alike(budgets={"host_crash": 1, "vcenter_loss": 1}))
    down = [a for a, _, _ in steps_of(found, "restart") if not state_at(found.kernel.scope, a).vcenter]
    assert down


VCENTERS_OWN = (
    "begin_live_migration",
    "begin_combined_migration",
    "begin_storage_migration",
    "begin_cold_migration",
    "enable_fault_tolerance",
    "request_maintenance",
)


def test_without_vcenter_nothing_is_moved_or_reconfigured() -> None:
    budgets = {"vcenter_loss": 1, "user_stop": 1, "ft_enable": 1, "maintenance": 1}
    arguments: dict[str, Any] = {"vmotion": "on", "storage_vmotion": True, "budgets": budgets}
    found = search(alike(hosts=2, datastores=2, **arguments), keeps_edges=True, limits=Limits(states=20_000))
    scope = found.kernel.scope
    for action in VCENTERS_OWN:
        before = [state_at(scope, a) for a, _, _ in steps_of(found, action)]
        assert before, action
        assert all(s.vcenter for s in before), action


def test_without_vcenter_the_responsible_master_has_the_secondary_made() -> None:
    budgets = {"ft_link_loss": 1, "vcenter_loss": 1, "partition": 1}
    found = searched(alike(fault_tolerant=1, segments=2, budgets=budgets))
    steps = [(state_at(found.kernel.scope, a), i) for a, i, _ in steps_of(found, "start_secondary")]
    alone = [(s, instance) for s, instance in steps if not s.vcenter]
    assert alone
    for s, instance in alone:
        _, primary, target = instance.arguments
        assert s.component[primary] is s.component[target]
        (owner,) = (h for h in _hosts(s) if s.list_lock[h, s.members(Datastore)[0]].value == "renewed")
        assert s.component[owner] is s.component[primary]


def test_the_lower_restart_priority_waits() -> None:
    scope = shipped("high-availability")
    packed = next(iter(searched_to(scope, "let_lock_lapse(important, A)", "let_lock_lapse(other, A)")))
    text = {r.reason for r in refusals(scope, packed, instance_named(scope, "restart(C, other, B)"))}
    assert text == {"a VM of higher restart priority waits"}
    assert not refusals(scope, packed, instance_named(scope, "restart(C, important, B)"))


def searched_to(scope: Scope, *last: str) -> list[Packed]:
    """The state after A has crashed, C has declared it dead, and some steps more."""
    from vmproof.model.language.plain import run
    from vmproof.solver.initial import initial_states

    packed = next(initial_states(scope))
    names = ("host_crash(A)", "declare_dead(C, A)", *last)
    for name in (*names, "free_reservation(important, A)", "free_reservation(other, A)"):
        packed = run(scope, packed, instance_named(scope, name))
    return [packed]


@pytest.mark.parametrize(
    ("mode", "by_itself"),
    [("fully automated", True), ("partially automated", False), ("manual", False)],
)
def test_drs_moves_vms_by_itself_only_where_it_may(mode: str, by_itself: bool) -> None:
    fired = searched(alike(**{**SMALL["two loads"], "drs": mode})).fired
    assert (fired["apply_recommendation"] > 0) is by_itself
    assert (fired["approve_recommendation"] > 0) is not by_itself
    assert fired["recommend_moving"] > 0
    assert fired["recommend_moving_away"] > 0


def test_with_drs_off_nothing_is_recommended() -> None:
    fired = searched(alike(**{**SMALL["two loads"], "drs": "off"})).fired
    assert sum(times for action, times in fired.items() if action.startswith("recommend")) == 0


@pytest.mark.parametrize(("mode", "elsewhere"), [("partially automated", True), ("manual", False)])
def test_initial_placement_is_automatic_except_in_manual_mode(mode: str, elsewhere: bool) -> None:
    off: dict[str, Any] = {"statics": {"placed_off": {"v1": True}}, "budgets": {}, "drs": mode}
    found = searched(alike(hosts=2, **off))
    started = [instance.arguments[1:] for _, instance, _ in steps_of(found, "power_on")]
    assert started
    assert any(old is not host for old, host in started) is elsewhere


@pytest.mark.parametrize(("threshold", "by_itself"), [(2, False), (3, False), (4, True)])
def test_beyond_the_migration_threshold_drs_asks(threshold: int, by_itself: bool) -> None:
    small = SMALL["two loads"]
    unimportant = {**small["statics"], "drs_priority": {"v1": 1, "v2": 1}}
    found = searched(alike(**{**small, "statics": unimportant, "migration_threshold": threshold}))
    assert (found.fired["apply_recommendation"] > 0) is by_itself
    assert (found.fired["approve_recommendation"] > 0) is not by_itself


@pytest.mark.parametrize(("own", "elsewhere"), [(Automation.MANUAL, False), (Automation.PARTIAL, True)])
def test_a_vm_s_own_level_decides_its_initial_placement(own: Automation, elsewhere: bool) -> None:
    mode = "manual" if elsewhere else "fully automated"
    data = {"placed_off": {"v1": True}, "automation": {"v1": own}}
    found = searched(alike(hosts=2, drs=mode, statics=data, budgets={}))
    started = [instance.arguments[1:] for _, instance, _ in steps_of(found, "power_on")]
    assert started
    assert any(old is not host for old, host in started) is elsewhere


def test_a_vm_s_own_automation_level_goes_before_the_cluster_s() -> None:
    found = searched(shipped("maintenance"))
    applied = {i.arguments[0].name for _, i, _ in steps_of(found, "apply_recommendation")}
    approved = {i.arguments[0].name for _, i, _ in steps_of(found, "approve_recommendation")}
    assert (applied, approved) == ({"auto"}, {"manual"})


def test_shared_nothing_needs_one_domain_and_a_fast_link() -> None:
    arguments: dict[str, Any] = {"hosts": 2, "datastores": 2, "storage_vmotion": True, "budgets": {}}
    attached = {("h1", "d2"): False, ("h2", "d1"): False}
    near = searched(alike(**arguments, statics={"attached": attached}))
    far = searched(alike(**arguments, statics={"attached": attached, "near": {("h1", "h2"): False}}))
    assert near.fired["begin_shared_nothing_copy"] > 0
    assert far.fired["begin_shared_nothing_copy"] == 0


def test_v2v_may_resize_the_disk_and_p2v_does_not() -> None:
    seen = list(states(searched(shipped("conversion"))))
    assert any(s.resized[VM("foreign")] for s in seen)
    assert not any(s.resized[VM("server")] for s in seen)


def test_a_secondary_that_does_not_reach_the_storage_waits() -> None:
    found = searched(alike(fault_tolerant=1, budgets={"host_crash": 1, "storage_loss": 1}))
    scope = found.kernel.scope
    taken = list(steps_of(found, "fail_over"))
    assert taken
    for packed, instance, _ in taken:
        s, host = state_at(scope, packed), instance.arguments[1]
        assert all(s.storage[host, d] for d in s.members(Datastore))


def test_a_full_log_stalls_the_primary() -> None:
    found = searched(alike(fault_tolerant=1, budgets={}))
    full = [s for s in states(found) if s.unacknowledged[VM("v1")] == 2]
    assert full
    assert all(
        state_at(found.kernel.scope, a).unacknowledged[VM("v1")] < 2
        for a, _, _ in steps_of(found, "log_event")
    )


def test_after_a_partition_there_are_two_masters_and_then_one() -> None:
    found = searched(alike(segments=2, budgets={"partition": 1, "heal": 1}))
    together = [
        s for s in states(found) if _masters(s) == 2 and len({s.component[h] for h in _hosts(s)}) == 1
    ]
    assert together
    assert found.fired["abdicate"] > 0


def _hosts(s: Cluster) -> tuple[Host, ...]:
    hosts: tuple[Host, ...] = s.members(Host)
    return hosts


def _masters(s: Cluster) -> int:
    return sum(s.role[host].value == "master" for host in _hosts(s))


def test_a_migration_that_never_converges_is_given_up_and_the_original_runs() -> None:
    found = searched(alike(vmotion="on", budgets={"migration_timeout": 1}))
    scope, behind = found.kernel.scope, 0
    for before, instance, after in steps_of(found, "time_out_migration"):
        vm, src, dst = instance.arguments
        s, then = state_at(scope, before), state_at(scope, after)
        behind += s.phase[vm] is Phase.PRECOPY and not s.current[vm, dst, Part.RAM]
        assert then.phase[vm] is Phase.IDLE
        assert then.copy[vm, src] is Copy.RUNNING
        assert then.lock[vm, src] is Lease.FRESH
    assert behind


def test_the_lease_of_a_failed_master_lets_an_isolated_host_power_off_in_vain() -> None:
    """The ownership check reads a lease; what it is for speaks of masters that work."""
    invariants = invariants_of(Cluster.model)
    arguments: dict[str, Any] = {"isolation_response": "power off"}
    alone = alike(**arguments, budgets={"isolation": 3})
    with_crash = alike(**arguments, budgets={"isolation": 1, "host_crash": 1})
    assert "nothing_is_powered_off_in_vain" not in search(alone, invariants).violations
    assert "nothing_is_powered_off_in_vain" in search(with_crash, invariants).violations


def test_migration_leaves_the_original_until_the_end() -> None:
    found = searched(alike(vmotion="on", budgets={}))
    for before, instance, _ in steps_of(found, "destroy_original"):
        s, (vm, _, dst) = state_at(found.kernel.scope, before), instance.arguments
        assert s.copy[vm, dst] is Copy.RUNNING
