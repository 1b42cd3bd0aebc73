"""The plain search: what it counts, what it keeps, and how it ends."""

from __future__ import annotations

import pytest

from support import model_file
from vmproof import (
    Field,
    ModelError,
    Range,
    Scope,
    Sort,
    State,
    action,
    final,
    initial,
    invariant,
    no,
    require,
)
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.search import Limits, Tick, search


class Host(Sort):
    """A hypervisor."""


class Ladder(State):
    """A counter that climbs; two ways up, one of them never open."""

    height = Field(value=Range(0, 4))
    broken = Field(value=bool)


@initial
def on_the_ground(s: Ladder):
    """It begins at the bottom."""
    return (s.height == 0) & no(s.broken)


@action(agent="climber")
def climb(s: Ladder):
    """One rung up."""
    require(s.height < 4, "the top is reached")
    require(no(s.broken), "the ladder is broken")
    s.height = s.height + 1


@action(agent="climber", kind="fault")
def break_rung(s: Ladder):
    """A rung breaks."""
    require(s.height == 2, "only the second rung is weak")
    require(no(s.broken), "it is broken already")
    s.broken = True


@action(agent="nobody")
def fly(s: Ladder):
    """Never possible."""
    require(s.height > 4, "nobody is that high")
    s.height = 0


@final
def at_the_top(s: Ladder):
    """The top is an end."""
    return s.height == 4


@invariant
def below_three(s: Ladder):
    """A false statement, to be refuted in three steps."""
    return s.height < 3


LADDER = Scope(Ladder, {})


def test_states_transitions_and_levels() -> None:
    found = search(LADDER)
    assert (found.states, found.transitions, found.depth) == (6, 6, 5)
    assert found.complete


def test_the_first_violation_has_the_fewest_steps() -> None:
    found = search(LADDER, invariants_of(Ladder.model))
    assert [str(i) for i in found.violations["below_three"].instances] == ["climb()"] * 3


def test_a_deadlock_is_told_apart_from_an_accepted_end() -> None:
    found = search(LADDER)
    assert found.final_states == 1
    assert found.deadlock is not None
    assert [i.action.name for i in found.deadlock.instances] == ["climb", "climb", "break_rung"]


def test_actions_that_never_fire_are_counted_as_zero() -> None:
    assert search(LADDER).fired == {"climb": 4, "break_rung": 1, "fly": 0}


def test_a_limit_on_states_stops_and_says_so() -> None:
    scope = model_file("benchmarks/vmc.py").scope(3, 3, 2)
    found = search(scope, limits=Limits(states=1_000))
    assert not found.complete
    assert "1,000 states" in found.stopped
    assert 1_000 <= found.states < 20_000


def test_a_limit_on_seconds_stops_and_says_so() -> None:
    found = search(model_file("benchmarks/vmc.py").scope(3, 3, 2), limits=Limits(seconds=0))
    assert not found.complete
    assert "0 s" in found.stopped


def test_ctrl_c_keeps_what_was_found() -> None:
    ticks: list[Tick] = []

    def interrupt(tick: Tick) -> None:
        ticks.append(tick)
        if len(ticks) == 3:
            raise KeyboardInterrupt

    scope = model_file("benchmarks/vmc.py").scope(3, 3, 2)
    found = search(scope, invariants_of(scope.model), on_tick=interrupt)
    assert not found.complete
    assert found.stopped == "interrupted"
    assert found.states >= ticks[-1].states > 0
    assert found.fired["elect"] > 0


def test_no_initial_state_is_not_a_complete_search() -> None:
    class Nowhere(State):
        up = Field(value=bool)

    @initial
    def impossible(s: Nowhere):
        """Nothing is both."""
        return s.up & no(s.up)

    found = search(Scope(Nowhere, {}))
    assert not found.complete
    assert "no initial state" in found.stopped


def test_all_overruns_are_reported_at_once() -> None:
    class Twice(State):
        one = Field(value=Range(0, 1))
        other = Field(value=Range(0, 2))

    @initial
    def zero(s: Twice):
        """Both at zero."""
        return (s.one == 0) & (s.other == 0)

    @action(agent="a")
    def raise_one(s: Twice):
        """Overruns at the second step."""
        s.one = s.one + 1

    @action(agent="a")
    def raise_other(s: Twice):
        """Overruns at the third step."""
        s.other = s.other + 1

    with pytest.raises(ModelError) as caught:
        search(Scope(Twice, {}))
    assert [problem.message.split(" of ")[1] for problem in caught.value.problems] == ["s.one", "s.other"]
