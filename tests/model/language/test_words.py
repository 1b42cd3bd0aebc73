"""Every word of the language, in the plain and in the traced reading."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import pytest

from vmproof import (
    NOBODY,
    Field,
    Instance,
    Maybe,
    Mechanism,
    ModelError,
    NotPossible,
    Range,
    Scope,
    Setting,
    Sort,
    State,
    Static,
    action,
    at,
    axiom,
    derived,
    initial,
    invariant,
    leads_to,
    mechanism,
    no,
    observe,
    possible,
    progress,
    require,
    where,
)
from vmproof.model.language import plain
from vmproof.model.language.evaluate import traced_run
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.tracing import fields_read, trace_action
from vmproof.model.language.wording import show
from vmproof.solver.initial import initial_states


class Host(Sort):
    """A hypervisor."""


class VM(Sort):
    """A virtual machine."""


class Mode(Enum):
    """What a host is doing."""

    IDLE = "idle"
    BUSY = "busy"


class Lab(State):
    """One field of every kind."""

    up = Field(Host, value=bool)
    mode = Field(Host, value=Mode)
    load = Field(Host, value=Range(-1, 3))
    lock = Field(VM, Host, value=bool, at_most_one=Host, doc="the host holds the VM's lock")
    marks = Field(VM, Host, Mode, value=bool)
    master = Field(value=Maybe(Host))
    home = Field(VM, value=Host)
    size = Static(VM, value=int, default=1)
    above = Static(Host, Host, value=bool)
    policy = Setting("strict", "lax", doc="how careful")
    guard = Mechanism("guard", "a guard")
    effect = Mechanism("effect", "an effect")
    whole = Mechanism("whole", "a whole action")


@axiom
def above_is_one_way(s: Lab, a: Host, b: Host) -> Any:
    """Of two hosts not both are above the other."""
    return no(s.above[a, b] & s.above[b, a])


def is_first(s: Lab, host: Host) -> Any:
    """No host is above this one."""
    return no(s.exists(Host, lambda other: s.above[other, host]))


@initial
def quiet(s: Lab, vm: VM, h: Host) -> Any:
    """All is quiet, and every VM is at home on the first host."""
    marks = no(s.marks[vm, h, Mode.IDLE]) & no(s.marks[vm, h, Mode.BUSY])
    rest = (s.mode[h] == Mode.IDLE) & (s.load[h] == 0) & no(s.lock[vm, h]) & (s.master == NOBODY)
    return s.up[h] & marks & rest & s.exists(Host, lambda x: (s.home[vm] == x) & is_first(s, x))


@action(agent="host", kind="fault", budget="crashes", fairness="strong", observable=False, source="nowhere")
def crash(s: Lab, h: Host) -> None:
    """A host fails.

    More text.
    """
    require(s.up[h], "the host is down")
    require(s.master != h, "the master does not fail", mechanism="guard")
    s.up[h] = False
    s.lock[:, h] = False
    s.marks[:, h, :] = lambda vm, mode: mode == Mode.BUSY
    with mechanism("effect"):
        s.mode[h] = Mode.BUSY


@action(agent="host", mechanism="whole")
def set_load(s: Lab, h: Host, to: Annotated[int, Range(0, 2)], mode: Mode) -> None:
    """The load changes."""
    if s.policy == "strict":
        require(s.load[h] < to, "the load only grows")
    s.load[h] = where(mode == Mode.BUSY, to + 1, to)
    s.mode[h] = mode


@action(agent="host")
def elect(s: Lab, h: Host) -> None:
    """A host becomes master."""
    require(at(s.master, lambda m: no(s.up[m]), absent=True), "the master works")
    s.master = h


@derived
def loaded(s: Lab, h: Host) -> Any:
    """Whether the host has any load."""
    return s.load[h] > 0


@observe
def seen(s: Lab, h: Host) -> Any:
    """What a monitor sees."""
    return s.mode[h]


@invariant(mechanism="guard", source="here")
def master_works(s: Lab) -> Any:
    """The master works."""
    return at(s.master, lambda m: s.up[m], absent=True)


@possible
def busy(s: Lab, h: Host) -> Any:
    """A host is busy."""
    return loaded(s, h) & (s.mode[h] == Mode.BUSY)


@progress
def recovers(s: Lab, h: Host) -> Any:
    """Load goes away."""
    return leads_to(loaded(s, h), no(loaded(s, h)))


def lab(**more: Any) -> Scope:
    ordered = {("a", "b"): True, ("b", "a"): False, ("a", "a"): False, ("b", "b"): False}
    plain_scope = {"statics": {"above": ordered}, "budgets": {"crashes": 1}}
    return Scope(Lab, {Host: ["a", "b"], VM: ["v", "w"]}, **{**plain_scope, **more})


A, B, V, W = Host("a"), Host("b"), VM("v"), VM("w")


def start(scope: Scope) -> bytes:
    (only,) = initial_states(scope)
    return only


def take(scope: Scope, packed: bytes, name: str, *arguments: Any) -> bytes:
    """One step by the plain reading, which the traced one must share."""
    instance = Instance(Lab.model.actions[name], arguments)
    after = plain.run(scope, packed, instance)
    assert after == traced_run(scope, packed, instance)
    return after


def value(scope: Scope, packed: bytes, read: Callable[[Lab], Any]) -> Any:
    return read(plain.state_at(scope, packed))


def test_a_member_is_known_by_its_name() -> None:
    assert Host("a") is A
    assert (str(A), repr(A)) == ("a", "Host('a')")
    assert Host("a") != VM("a")


def test_points_rows_and_functions_of_rows_are_written() -> None:
    scope = lab()
    after = take(scope, start(scope), "crash", A)
    assert value(scope, after, lambda s: [s.up[A], s.up[B], s.mode[A]]) == [False, True, Mode.BUSY]
    assert (
        value(scope, after, lambda s: [s.marks[vm, A, mode] for vm in (V, W) for mode in Mode])
        == [False, True] * 2
    )
    assert value(scope, after, lambda s: s.marks[V, B, Mode.BUSY]) is False


def test_optional_values() -> None:
    scope = lab()
    assert value(scope, start(scope), lambda s: s.master) is NOBODY
    after = take(scope, start(scope), "elect", B)
    assert value(scope, after, lambda s: s.master) is B
    with pytest.raises(NotPossible, match="the master works"):
        take(scope, after, "elect", A)


def test_optional_values_are_no_index_in_the_plain_reading_either() -> None:
    scope = lab()
    with pytest.raises(ModelError, match="NOBODY|indexed by Host"):
        value(scope, start(scope), lambda s: s.up[s.master])


def test_every_failing_guard_is_named_with_its_mechanism_and_line() -> None:
    scope = lab(budgets={"crashes": 2})
    packed = take(scope, start(scope), "elect", A)
    refused = plain.refusals(scope, packed, Instance(Lab.model.actions["crash"], (A,)))
    assert [(r.reason, r.mechanism) for r in refused] == [("the master does not fail", "guard")]
    assert refused[0].where.file.endswith("test_words.py")
    down = take(scope, start(scope), "crash", A)
    again = plain.refusals(scope, down, Instance(Lab.model.actions["crash"], (A,)))
    assert [r.reason for r in again] == ["the host is down"]


def test_a_budget_is_a_guard_of_the_scope() -> None:
    scope = lab()
    after = take(scope, start(scope), "crash", A)
    with pytest.raises(NotPossible, match="allows no further crashes"):
        take(scope, after, "crash", B)
    with pytest.raises(NotPossible, match="allows no further crashes"):
        take(lab(budgets={}), start(lab(budgets={})), "crash", A)


def test_a_removed_guard_no_longer_refuses() -> None:
    scope = lab(without=("guard",))
    after = take(scope, take(scope, start(scope), "elect", A), "crash", A)
    assert plain.true_of(scope, after, Lab.model.predicates["master_works"]) is False


def test_a_removed_effect_no_longer_happens() -> None:
    scope = lab(without=("effect",))
    after = take(scope, start(scope), "crash", A)
    assert value(scope, after, lambda s: [s.up[A], s.mode[A]]) == [False, Mode.IDLE]


def test_a_removed_action_is_gone() -> None:
    assert "set_load" in {i.action.name for i in lab().instances()}
    assert "set_load" not in {i.action.name for i in lab(without=("whole",)).instances()}


def test_parameters_over_ranges_and_enumerations() -> None:
    instances = [i for i in lab().instances() if i.action.name == "set_load"]
    assert len(instances) == 2 * 3 * 2
    assert str(instances[1]) == "set_load(a, 0, busy)"


def test_a_setting_is_decided_by_the_scope() -> None:
    strict, lax = lab(), lab(settings={"policy": "lax"})
    with pytest.raises(NotPossible, match="the load only grows"):
        take(strict, start(strict), "set_load", A, 0, Mode.IDLE)
    take(lax, start(lax), "set_load", A, 0, Mode.IDLE)
    model = Lab.model.actions["set_load"]
    assert len(trace_action(Lab, model, {"policy": "strict"}).guards) == 1
    assert trace_action(Lab, model, {"policy": "lax"}).guards == ()


def test_where_and_arithmetic_stay_in_range_or_are_an_error() -> None:
    scope = lab()
    after = take(scope, start(scope), "set_load", A, 2, Mode.BUSY)
    assert value(scope, after, lambda s: s.load[A]) == 3
    assert value(scope, after, lambda s: loaded(s, A)) is True
    assert value(scope, after, lambda s: seen(s, A)) is Mode.BUSY


def test_quantifiers_on_ordinary_values() -> None:
    scope = lab(
        statics={
            "above": {("a", "b"): True, ("b", "a"): False, ("a", "a"): False, ("b", "b"): False},
            "size": {"v": 5},
        }
    )
    packed = take(scope, start(scope), "crash", A)
    assert value(scope, packed, lambda s: s.forall(Host, lambda h: s.up[h])) is False
    assert value(scope, packed, lambda s: s.exists(Host, lambda h: s.up[h])) is True
    assert value(scope, packed, lambda s: s.count(Host, Host, lambda a, b: s.above[a, b])) == 1
    assert value(scope, packed, lambda s: s.total(VM, lambda vm: s.size[vm])) == 6


def test_reads_writes_and_hashes_of_a_trace() -> None:
    trace = trace_action(Lab, Lab.model.actions["crash"])
    assert trace.written() == {"up", "lock", "marks", "mode"}
    assert trace.reads() == {"up", "master"}
    assert [show(guard.condition) for guard in trace.guards] == ["s.up[h]", "s.master != h"]
    assert [write.mechanisms for write in trace.writes][-1] == ("effect",)
    assert fields_read([trace.guards[0].condition]) == {"up"}


def test_a_hash_is_the_same_in_another_process() -> None:
    program = (
        "import sys; sys.path[:0] = ['tests/model/language']; import test_words as w\n"
        "from vmproof.model.language.tracing import trace_action\n"
        "print(trace_action(w.Lab, w.Lab.model.actions['crash']).digest())"
    )
    from pathlib import Path

    root = Path(__file__).resolve().parents[3]
    seeds = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert seeds == [trace_action(Lab, Lab.model.actions["crash"]).digest()] * 2


def test_a_hash_changes_with_a_guard_and_with_an_effect() -> None:
    digests = {trace_action(Lab, made).digest() for made in Lab.model.actions.values()}
    assert len(digests) == len(Lab.model.actions)
    strict = trace_action(Lab, Lab.model.actions["set_load"], {"policy": "strict"})
    lax = trace_action(Lab, Lab.model.actions["set_load"], {"policy": "lax"})
    assert strict.digest() != lax.digest()


def test_tags_and_sentences() -> None:
    made = Lab.model.actions["crash"]
    assert (made.agent, made.kind, made.fairness, made.observable, made.budget) == (
        "host",
        "fault",
        "strong",
        False,
        "crashes",
    )
    assert made.sentence == "A host fails."
    assert "More text." in made.text
    assert {p.kind for p in Lab.model.predicates.values()} == {
        "axiom", "initial", "derived", "observe", "invariant", "possible", "progress",
    }  # fmt: skip


def test_a_progress_property_has_premise_and_conclusion() -> None:
    premise, conclusion = lab().statement(Lab.model.predicates["recovers"]).bodies
    assert (show(premise), show(conclusion)) == ("0 < s.load[h]", "s.load[h] <= 0")


def test_at_most_one_is_an_invariant_that_comes_by_itself() -> None:
    names = [predicate.name for predicate in invariants_of(Lab.model)]
    assert names == ["master_works", "lock_at_most_one"]
    scope = lab()
    both = bytearray(start(scope))
    for host in (A, B):
        both[scope.cell_index["lock", (V, host)]] = 1
    assert plain.true_of(scope, bytes(both), invariants_of(Lab.model)[1]) is False


def test_static_data_by_function_and_by_default() -> None:
    scope = lab(statics={"above": lambda a, b: a is A and b is B})
    assert scope.static_data["above"][A, B] is True
    assert scope.static_data["size"] == {(V,): 1, (W,): 1}


def test_every_problem_of_a_scope_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        lab(settings={"policy": "odd", "colour": 1}, budgets={"luck": 1}, without=("magic",))
    assert len(caught.value.problems) == 4
    with pytest.raises(ModelError, match="above has no value at a, a and 3 more"):
        lab(statics={})
    with pytest.raises(ModelError, match="no such place"):
        lab(statics={"above": lambda a, b: False, "size": {"z": 1}})


def test_an_axiom_is_checked_on_every_scope() -> None:
    with pytest.raises(ModelError, match="Of two hosts not both"):
        lab(statics={"above": lambda a, b: True})


def test_a_field_of_too_many_values_is_refused() -> None:
    class Wide(State):
        n = Field(value=Range(0, 256))

    with pytest.raises(ModelError, match="more than 256 values"):
        Scope(Wide, {})


@pytest.mark.parametrize("bad", [-2, 1, None, "yes"])
def test_require_accepts_only_truth_values_in_the_plain_reading(bad: Any) -> None:
    from vmproof.model.language.words import real_bool

    with pytest.raises(ModelError, match="truth value"):
        real_bool(bad, "require")
