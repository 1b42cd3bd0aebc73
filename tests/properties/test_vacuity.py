"""A proof has to be about something: a start, and a state for every action."""

from __future__ import annotations

from vmproof.model.language import Field, Scope, Sort, State, action, initial, invariant, no, require
from vmproof.properties.proofs import PROVED
from vmproof.properties.prove import Options, prove
from vmproof.properties.results import Verdict


class Lamp(Sort):
    """A lamp."""


class Street(State):
    """Lamps of which at most all are lit, and which begin lit and dark at once."""

    lit = Field(Lamp, value=bool)


@initial
def begins(s: Street, x: Lamp):
    """No such state."""
    return s.lit[x] & no(s.lit[x])


@action()
def switch_on(s: Street, x: Lamp):
    """A lamp is lit."""
    s.lit[x] = True


@invariant
def dark(s: Street, x: Lamp):
    """No lamp is lit (false, but for the start that cannot be)."""
    return s.lit[x] & no(s.lit[x])


class House(State):
    """Lamps that are never lit."""

    lit = Field(Lamp, value=bool)


@initial
def begins_dark(s: House, x: Lamp):
    """All is dark."""
    return no(s.lit[x])


@action()
def touch(s: House, x: Lamp):
    """A lamp is touched."""
    s.lit[x] = False


@action()
def burn_out(s: House, x: Lamp):
    """A lamp that is lit burns out."""
    require(s.lit[x], "it is not lit")
    s.lit[x] = False


@invariant
def all_dark(s: House, x: Lamp):
    """No lamp is lit."""
    return no(s.lit[x])


def test_from_a_start_that_cannot_be_nothing_is_proved() -> None:
    result = prove(Scope(Street, {Lamp: ["a"]}), Options(workers=1, explain=False))
    assert result.proof is not None
    assert {o.answer for o in result.proof.obligations if o.goal == "dark"} == {PROVED}
    (finding,) = result.findings
    assert finding.verdict is Verdict.UNDETERMINED
    assert "no state was found to start from" in finding.reason


def test_an_action_that_never_happens_is_named() -> None:
    result = prove(Scope(House, {Lamp: ["a"]}), Options(workers=1))
    assert [finding.verdict for finding in result.findings] == [Verdict.PROVED]
    assert result.proof is not None
    assert result.proof.idle == ("burn_out",)
    assert [note for note in result.notes if note.endswith("under these settings: burn_out")]
