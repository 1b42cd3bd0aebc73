"""Without any mechanism of its proof a property is refuted in a small scope; with all it holds there."""

from __future__ import annotations

import pytest

from needed import MORE, ROWS, SCOPES, THROUGH
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas, safety
from vmproof.properties.effort import Effort
from vmproof.properties.explore import explore
from vmproof.properties.replay import confirmed, violates

CATALOGUE = (safety, lemmas)


@pytest.mark.parametrize(("mechanism", "name", "broken"), ROWS, ids=lambda v: v if isinstance(v, str) else "")
def test_without_a_mechanism_of_its_proof_a_property_is_refuted(
    mechanism: str, name: str, broken: dict[str, int]
) -> None:
    scope = alike(**SCOPES[name], without=(mechanism,))
    found = explore(scope, (), Effort(only=tuple(broken)))
    runs = {name: found.violations[name][0] for name in broken}
    for predicate in invariants_of(scope.model):
        if predicate.name in broken:
            confirmed(runs[predicate.name], violates(scope, predicate), predicate.name)
    assert {name: len(run.instances) for name, run in runs.items()} == broken


@pytest.mark.parametrize("mechanism", THROUGH)
def test_without_a_mechanism_a_statement_that_proofs_lean_on_is_refuted(mechanism: str) -> None:
    name, broken, steps = THROUGH[mechanism]
    scope = alike(**SCOPES[name], without=(mechanism,))
    run = explore(scope, (), Effort(only=(broken,))).violations[broken][0]
    confirmed(run, violates(scope, scope.model.predicates[broken]), broken)
    assert len(run.instances) == steps
    sound = explore(alike(**SCOPES[name]), (), Effort(only=(broken,)))
    assert sound.complete
    assert not sound.violations


@pytest.mark.parametrize("name", MORE)
def test_with_all_mechanisms_nothing_is_refuted(name: str) -> None:
    asked = tuple({goal for _, where, broken in ROWS if where == name for goal in broken})
    found = explore(alike(**MORE[name]), (), Effort(only=asked))
    assert found.complete
    assert not found.violations
