"""The cluster, proved for any number of hosts and VMs; and that its proofs fail where they should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from needed import NOT_MISSED, ROWS, THROUGH
from vmproof.model.language import Scope
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas, safety, unpromised
from vmproof.properties.prove import Options, prove
from vmproof.properties.results import Result, Verdict
from vmproof.solver.smt.answers import Limits
from vmproof.solver.smt.vacuity import seen

CATALOGUE = (safety, lemmas)
USUAL: dict[str, Any] = {"vmotion": "on", "storage_vmotion": True}
ALL = {"self_fence": "on", "isolation_response": "power off"}
FALSE = {"only_dead_hosts_are_given_up"}
UNPROMISED = {name for name, value in vars(unpromised).items() if getattr(value, "kind", "") == "invariant"}

pytestmark = pytest.mark.xdist_group("proofs of the cluster")  # they share one cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answers that the tests of the cluster share."""
    return tmp_path_factory.mktemp("proofs")


def cluster(**settings: Any) -> Scope:
    return alike(hosts=2, vms=1, **{**USUAL, **settings})


def not_proved(result: Result) -> set[str]:
    promised = [finding for finding in result.findings if finding.property not in UNPROMISED]
    return {finding.property for finding in promised if finding.verdict is not Verdict.PROVED}


@pytest.fixture(scope="module")
def usual(cache: Path) -> Result:
    """The proofs under the usual settings."""
    return prove(cluster(), Options(cache=cache, explain=False))


def test_every_safety_property_is_proved_for_any_number_of_hosts_and_vms(usual: Result) -> None:
    assert not_proved(usual) == FALSE


def test_what_the_proofs_use_is_known_to_be_needed_or_not_missed(usual: Result) -> None:
    assert usual.proof is not None
    known = {(goal, row[0]) for row in ROWS for goal in row[2]}
    known |= {(goal, mechanism) for mechanism, goals in NOT_MISSED.items() for goal in goals}
    asked = {finding.property for finding in usual.findings}
    used = {(goal, m) for goal, found in usual.proof.uses.items() if goal in asked for m in found}
    assert used == known
    for mechanism, goals in NOT_MISSED.items():
        for goal in goals:
            assert THROUGH[mechanism][1] in usual.proof.leans_on[goal]


def test_the_user_s_three_use_their_mechanisms(usual: Result) -> None:
    assert usual.proof is not None
    uses = usual.proof.uses
    live = {"vm disk lock", "FT test-and-set", "secondary output suppressed"}
    assert live <= set(uses["single_live_primary"])
    assert set(uses["unique_master"]) == {"election", "protected list lock"}
    assert {"commit acknowledgement", "original kept until activation"} <= set(uses["original_retained"])


def test_actions_that_the_settings_switch_off_are_named(usual: Result) -> None:
    assert usual.proof is not None
    assert usual.proof.idle == ("fence_itself", "respond_to_isolation")


@pytest.mark.parametrize(
    ("name", "mechanism"),
    [
        ("unique_master", "election"),
        ("unique_master", "protected list lock"),
        ("single_live_primary", "vm disk lock"),
        ("single_live_primary", "secondary output suppressed"),
    ],
)
def test_without_a_mechanism_of_its_proof_a_property_is_not_proved(
    cache: Path, usual: Result, name: str, mechanism: str
) -> None:
    assert usual.proof is not None
    assert mechanism in usual.proof.uses[name]
    result = prove(
        replace(cluster(), without=(mechanism,)), Options(cache=cache, only=(name,), explain=False)
    )
    assert {finding.verdict for finding in result.findings} == {Verdict.UNDETERMINED}


def test_a_failed_proof_leads_to_the_run_that_refutes_the_property(cache: Path) -> None:
    without = replace(cluster(), without=("vm disk lock",))
    (finding,) = prove(without, Options(cache=cache, only=("single_live_primary",))).findings
    assert finding.verdict is Verdict.REFUTED
    assert [step.action for step in finding.trace or ()] == ["suspect_falsely", "restart"]


def test_every_action_can_happen_under_the_invariants() -> None:
    """The hypotheses contradict neither each other nor any action: else everything would follow."""
    scope = replace(cluster(), settings={**USUAL, **ALL, "start": "any legal placement"})
    model = scope.model
    assumed = {p.name: p for p in (*model.of_kind("invariant"), *model.of_kind("lemma"))}
    right = {name: p for name, p in assumed.items() if name not in FALSE | UNPROMISED}
    assert seen(scope, right, Limits()) == (True, ())


def other_settings() -> Iterator[tuple[str, Any]]:
    """Every value of every setting that is not the usual one."""
    for name, setting in cluster().model.settings.items():
        for value in setting.values if name != "start" else ():
            if value != USUAL.get(name, setting.values[0]):
                yield name, value


@pytest.mark.campaign
@pytest.mark.parametrize(("name", "value"), list(other_settings()))
def test_every_safety_property_is_proved_under_every_setting(cache: Path, name: str, value: Any) -> None:
    vain = {"nothing_is_powered_off_in_vain"} if value == "power off" else set()
    result = prove(cluster(**{name: value}), Options(cache=cache, explain=False))
    assert not_proved(result) == FALSE | vain


@pytest.mark.campaign
@pytest.mark.parametrize("mechanism", sorted({row[0] for row in ROWS}))
def test_no_proof_survives_without_a_mechanism_that_it_needs(cache: Path, mechanism: str) -> None:
    names = tuple({goal for row in ROWS if row[0] == mechanism for goal in row[2]})
    result = prove(replace(cluster(), without=(mechanism,)), Options(cache=cache, only=names, explain=False))
    assert {finding.verdict for finding in result.findings} == {Verdict.UNDETERMINED}
