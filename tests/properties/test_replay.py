"""Replay: a run is believed only when the plain reading takes it."""

from __future__ import annotations

import pytest

from support import model_file
from vmproof import Field, NotPossible, Range, Scope, State, action, initial, invariant, require
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.replay import (
    OurBug,
    Run,
    Violated,
    confirmed,
    instance_named,
    program,
    replay,
    violates,
)
from vmproof.properties.search import search
from vmproof.solver.initial import initial_states

VMC = model_file("benchmarks/vmc.py").scope(2, 1, 1)
STEPS = ["elect(h1)", "restart(v1, h1)", "start(v1, h2)", "finish_copy(v1)"]
BAD = next(p for p in invariants_of(VMC.model) if p.name == "bad")


class Steps(State):
    """A counter, and two limits of which it passes one after the other."""

    height = Field(value=Range(0, 3))


@initial
def at_the_bottom(s: Steps):
    """It begins at zero."""
    return s.height == 0


@action(agent="climber")
def climb(s: Steps):
    """One up."""
    require(s.height < 3, "the top is reached")
    s.height = s.height + 1


@invariant
def below_one(s: Steps):
    """The first limit."""
    return s.height < 1


@invariant
def below_two(s: Steps):
    """The second limit."""
    return s.height < 2


def test_a_run_is_replayed_from_its_text() -> None:
    found = replay(VMC, STEPS)
    assert [step.action for step in found.steps()] == ["elect", "restart", "start", "finish_copy"]
    (change,) = found.steps()[0].changes
    assert (change.field, change.place, change.before, change.after) == ("master", (), "nobody", "h1")


def test_a_violation_is_raised_with_its_step() -> None:
    with pytest.raises(Violated, match="bad is violated after step 5"):
        replay(VMC, [*STEPS, "crash(h2)"])


def test_a_program_names_its_invariant_where_another_breaks_before_it() -> None:
    climbed = Scope(Steps, {})
    run = search(climbed, invariants_of(climbed.model)).violations["below_two"]
    assert program(run, "below_two").endswith('], of="below_two")')
    with pytest.raises(Violated, match="below_one is violated after step 1"):
        replay(climbed, run.instances)
    with pytest.raises(Violated, match="below_two is violated after step 2"):
        replay(climbed, run.instances, of="below_two")
    with pytest.raises(ValueError, match="'nothing' is no invariant"):
        replay(climbed, run.instances, of="nothing")
    assert "of=" not in program(search(VMC, [BAD]).violations["bad"], "bad")


def test_a_step_that_is_not_possible_says_which_guards_fail() -> None:
    with pytest.raises(NotPossible) as caught:
        replay(VMC, ["elect(h1)", "elect(h2)"])
    assert [refusal.reason for refusal in caught.value.refusals] == ["there is a master"]
    assert "benchmarks/vmc.py" in str(caught.value.refusals[0].where)


def test_a_used_up_budget_is_a_reason_too() -> None:
    with pytest.raises(NotPossible, match="allows no further crashes"):
        replay(VMC, ["crash(h1)", "crash(h2)"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fly(h1)", "names no action"),
        ("elect", "needs"),
        ("elect(h1, h2)", "needs"),
        ("elect(h9)", "is no Host of this scope; known: h1, h2"),
        ("not a call!", "names no action"),
    ],
)
def test_a_text_that_names_no_instance_is_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        instance_named(VMC, text)


def test_a_trace_that_does_not_replay_is_our_bug() -> None:
    start = next(initial_states(VMC))
    wrong = Run(VMC, start, (instance_named(VMC, "recover(h1)"),))
    with pytest.raises(OurBug, match="does not replay"):
        confirmed(wrong, violates(VMC, BAD), "bad")


def test_a_trace_that_ends_elsewhere_is_our_bug() -> None:
    harmless = Run(VMC, next(initial_states(VMC)), (instance_named(VMC, "elect(h1)"),))
    with pytest.raises(OurBug, match="does not see it"):
        confirmed(harmless, violates(VMC, BAD), "bad")


def test_what_the_search_finds_is_confirmed() -> None:
    found = search(VMC, [BAD]).violations["bad"]
    assert confirmed(found, violates(VMC, BAD), "bad") is found
