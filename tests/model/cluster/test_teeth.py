"""Every mechanism is needed: without it a property is refuted, and the trace has the known length."""

from __future__ import annotations

from typing import Any

import pytest

from vmproof.model.cluster import Cluster
from vmproof.model.language.predicates import Predicate, invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import possible, progress, safety, unpromised
from vmproof.properties.lasso import Lasso, endless_wait
from vmproof.properties.replay import confirmed, violates
from vmproof.properties.search import Limits, search
from vmproof.properties.teeth import SMALL, TEETH, TOOTHLESS, Tooth

CATALOGUE = (safety, possible, progress, unpromised)
UNPROMISED = {"one_running_copy", "one_network_identity", "one_responsible_master"}
LIMITS = Limits(states=200_000)

# what the real design does not promise: scope -> properties that are refuted with all mechanisms on
EXPECTED: dict[str, set[str]] = {
    "false suspicion": {"only_dead_hosts_are_given_up"},
    "partition": {"one_responsible_master"},
    "isolation": {"one_responsible_master"},
    "isolation response": {"one_responsible_master"},
    "lost storage": {
        *("one_responsible_master", "only_dead_hosts_are_given_up"),
        *("one_running_copy", "one_network_identity"),
    },
    "self-fence": {"one_responsible_master"},
    "broken pair": {"one_running_copy", "one_network_identity"},
}


def invariant(name: str) -> Predicate:
    return next(p for p in invariants_of(Cluster.model) if p.name == name)


def refuting_lasso(tooth: Tooth) -> Lasso | None:
    """A run in which the tooth's progress property waits for ever."""
    wanted = next(p for p in Cluster.model.of_kind("progress") if p.name == tooth.broken)
    return endless_wait(search(tooth.made(), keeps_edges=True, limits=LIMITS), wanted).lasso


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: f"{' and '.join(tooth.without)}: {tooth.broken}")
def test_removing_a_mechanism_refutes_a_property(tooth: Tooth) -> None:
    if tooth.steps is None:
        assert refuting_lasso(tooth) is not None
        return
    scope, wanted = tooth.made(), invariant(tooth.broken)
    trace = search(scope, [wanted], limits=LIMITS).violations[tooth.broken]
    confirmed(trace, violates(scope, wanted), tooth.broken)
    assert len(trace.instances) == tooth.steps


@pytest.mark.parametrize("name", SMALL)
def test_with_all_mechanisms_only_what_is_not_promised_breaks(name: str) -> None:
    found = search(alike(**SMALL[name]), invariants_of(Cluster.model), limits=LIMITS, keeps_edges=True)
    assert found.complete
    assert set(found.violations) == EXPECTED.get(name, set())
    assert found.deadlock is None
    for predicate in Cluster.model.of_kind("progress"):
        assert endless_wait(found, predicate).lasso is None, predicate.name


@pytest.mark.parametrize("pair", [tooth for tooth in TEETH if len(tooth.without) > 1], ids=str)
def test_a_pair_is_removed_only_where_one_masks_the_other(pair: Tooth) -> None:
    """The first of a pair alone breaks nothing that is promised, in the pair's scope."""
    scope = alike(**SMALL[pair.scope], without=pair.without[:1])
    found = search(scope, invariants_of(scope.model), limits=LIMITS)
    assert set(found.violations) == EXPECTED.get(pair.scope, set())


@pytest.mark.parametrize("mechanism", TOOTHLESS)
def test_the_toothless_break_no_invariant(mechanism: str) -> None:
    """They are reported as such; if one comes to break something, the table must say so."""
    for name in ("forged heartbeat", "failure"):
        scope = alike(**SMALL[name], without=(mechanism,))
        found = search(scope, invariants_of(scope.model), limits=LIMITS)
        assert set(found.violations) == EXPECTED.get(name, set())


def test_every_mechanism_has_teeth_or_is_reported() -> None:
    bitten = {name for tooth in TEETH for name in tooth.without}
    assert bitten | set(TOOTHLESS) == set(Cluster.model.mechanisms)
    assert bitten.isdisjoint(TOOTHLESS)


def test_every_promised_invariant_has_a_mechanism_that_it_needs() -> None:
    needed = {tooth.broken for tooth in TEETH}
    protected = {p.name for p in Cluster.model.of_kind("invariant") if p.mechanism}
    assert needed >= protected - {"one_address", "isolated_vms_are_left_alone"} - UNPROMISED


def test_the_name_of_a_mechanism_leads_to_the_property() -> None:
    """Each tooth's property says that one of the removed mechanisms protects it."""
    for tooth in TEETH:
        named = set(Cluster.model.predicates[tooth.broken].mechanism)
        assert named & set(tooth.without) or tooth.broken in UNPROMISED, tooth


@pytest.mark.parametrize(
    ("setting", "value", "action"), [("ha", False, "restart"), ("ft", False, "enable_fault_tolerance")]
)
def test_what_a_setting_switches_off_never_happens(setting: str, value: bool, action: str) -> None:
    budgets = {"host_crash": 1, "ft_enable": 1}
    arguments: dict[str, Any] = {"budgets": budgets, setting: value}
    assert search(alike(budgets=budgets), limits=LIMITS).fired[action] > 0
    assert search(alike(**arguments), limits=LIMITS).fired[action] == 0


def test_any_legal_placement_is_a_start() -> None:
    scope = alike(hosts=3, vms=2, room=1, start="any legal placement")
    found = search(scope, invariants_of(scope.model), limits=LIMITS)
    assert found.complete
    assert not found.violations
