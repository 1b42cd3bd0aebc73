"""Diagrams and the plain reading agree: what is possible, where it leads, and where it comes from."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.random_text import BEGIN, actions, expressions
from differential.test_random_models import SEEDS, WITHOUT, scope_of, zoo
from differential.test_readings import SCOPES, arbitrary, reachable
from vmproof import ModelError, Scope
from vmproof.model.language import plain
from vmproof.model.language.plain import Packed
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.search import Limits, search
from vmproof.solver.compiled import kernel_for
from vmproof.solver.diagrams.events import Event
from vmproof.solver.diagrams.prepared import Prepared
from vmproof.solver.diagrams.reach import Reachable
from vmproof.solver.diagrams.space import Space
from whole import whole_space

pytestmark = pytest.mark.differential
TURNS = 2_000 if os.environ.get("VMPROOF_PROFILE") == "campaign" else 150


class Members:
    """The action instances of a space, each with its event and its guard."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.of: dict[tuple[str, tuple[Any, ...]], tuple[Event, Any]] = {}
        for event in space.events:
            for position, guard in zip(event.members, event.guards, strict=True):
                instance = space.instance(position)
                self.of[instance.action.name, instance.arguments] = event, guard

    def successor(self, packed: Packed, name: str, arguments: tuple[Any, ...]) -> Packed | None:
        """The state after the instance by diagrams; None where it is not possible, or leads nowhere."""
        found = self.of.get((name, arguments))
        if found is None:
            return None
        event, guard = found
        after = event.image(self.space.encoding.state(packed) & guard)
        if not after.satisfiable():
            return None
        assert self.space.encoding.size(after) == 1
        return self.space.encoding.pick(after)


def by_plain_reading(scope: Scope, packed: Packed, instance: Any) -> Packed | None:
    """The successor; None where the instance is not possible, or a write leaves its range."""
    if plain.refusals(scope, packed, instance):
        return None
    try:
        return plain.run(scope, packed, instance)
    except ModelError:
        return None


def agree(members: Members, packed: Packed, instance: Any) -> bool:
    """Hold both against each other; returns whether the instance was possible."""
    space = members.space
    after = by_plain_reading(space.scope, packed, instance)
    assert members.successor(packed, instance.action.name, instance.arguments) == after
    if after is None:
        return False
    event, guard = members.of[instance.action.name, instance.arguments]
    before = event.preimage(space.encoding.state(after)) & guard
    assert (before & space.encoding.state(packed)).satisfiable()
    return True


@pytest.mark.parametrize("name", SCOPES)
def test_actions_do_the_same_in_any_state(name: str) -> None:
    scope, dice = SCOPES[name](), random.Random(name)
    members, kernel = Members(whole_space(scope)), kernel_for(scope)
    instances, walks, possible = list(scope.instances()), reachable(kernel, dice), 0
    for turn in range(TURNS):
        packed = arbitrary(scope, dice) if turn % 2 else next(walks)
        possible += agree(members, packed, dice.choice(instances))
        for position in dice.sample(enabled := kernel.enabled(packed), min(2, len(enabled))):
            possible += agree(members, packed, kernel.instance(position))
    assert possible > TURNS // 2


@pytest.mark.parametrize("name", SCOPES)
def test_statements_hold_in_the_same_states(name: str) -> None:
    scope, dice = SCOPES[name](), random.Random(name)
    space, walks = whole_space(scope), reachable(kernel_for(scope), dice)
    asked = [*invariants_of(scope.model), *scope.model.of_kind("possible"), *scope.initial_predicates()]
    truths = {predicate.name: space.statement(predicate) for predicate in asked}
    for turn in range(TURNS // 5):
        packed = arbitrary(scope, dice) if turn % 2 else next(walks)
        for predicate in asked:
            here = (space.encoding.state(packed) & truths[predicate.name]).satisfiable()
            assert here == plain.true_of(scope, packed, predicate), predicate.name


@given(text=actions(), strict=st.booleans(), without=WITHOUT, seed=SEEDS)
def test_random_actions_do_the_same(text: str, strict: bool, without: tuple[str, ...], seed: int) -> None:
    how: dict[str, Any] = {"settings": {"strict": strict}, "without": without, "budgets": {"tries": 1}}
    scope, dice = scope_of(zoo(text), **how), random.Random(seed)
    members, instances = Members(whole_space(scope)), list(scope.instances())
    for _ in range(12):
        agree(members, arbitrary(scope, dice), dice.choice(instances))


MOST = Limits(states=5_000)


@given(text=actions(), start=expressions("condition"), seed=SEEDS)
def test_random_models_reach_the_same_states(text: str, start: str, seed: int) -> None:
    scope = scope_of(zoo(text + BEGIN.format(start)), budgets={"tries": 3})
    grown = Reachable(Space(Prepared(scope)))
    grown.grow()
    overruns = {problem.where for problem in grown.space.overruns(grown.known)}
    if overruns:
        return  # the search below would stop at one, if it came so far
    found = search(scope, limits=MOST)
    encoding = grown.space.encoding
    assert all((encoding.state(packed) & grown.known).satisfiable() for packed in [*found.table.known][-5:])
    if found.complete:
        assert encoding.size(grown.known) == found.states


def test_a_number_that_leaves_its_range_is_found_where_the_search_finds_it() -> None:
    grow = '@action(budget="tries")\ndef act(s: Zoo):\n    """Grows."""\n    s.level = s.level + 2\n'
    scope = scope_of(zoo(grow + BEGIN.format("s.owner[v] == s.home[v]")), budgets={"tries": 3})
    grown = Reachable(Space(Prepared(scope)))
    grown.grow()
    with pytest.raises(ModelError) as error:
        search(scope)
    assert [p.where for p in grown.space.overruns(grown.known)] == [p.where for p in error.value.problems]
