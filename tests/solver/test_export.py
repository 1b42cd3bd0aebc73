"""The exported texts: names that other languages keep for themselves, comments, structure."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from oracle.murphi_runs import rumur
from oracle.tla_reading import module_of
from support import PROJECT
from vmproof import Scope, load
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.search import search
from vmproof.solver.export import murphi_model, tla_module
from vmproof.solver.export.naming import Names, ascii_text, identifier, strings_for

AWKWARD = '''
from enum import Enum
from vmproof import *
from vmproof import NOBODY


class Host(Sort):
    """A "place" (* with … odd signs *)."""


class TRUE(Enum):
    """An enumeration with a name that is taken."""
    END = "pre-\\\\copy"
    VAR = "größer \\"quoted\\", and long: it stays on one line, wide as it is"
    OTHER = 3


class Next(State):
    """Init and end: every name is taken somewhere."""

    Init = Field(Host, value=bool, doc="\\nline one\\nline two")
    end = Field(value=TRUE)
    vars = Field(value=Maybe(Host))
    count_1 = Field(Host, TRUE, value=bool)
    WF_x = Field(value=Range(-2, 1))
    _hidden = Static(Host, value=int, default=7)
    lock = Mechanism("a lock", "Guards.")


@initial
def Spec(s: Next, h: Host):
    empty = s.forall(Host, lambda Host_: no(s.count_1[Host_, TRUE.END]) & no(s.count_1[Host_, TRUE.VAR]))
    rest = no(s.count_1[h, TRUE.OTHER]) & (s.WF_x == -1)
    return no(s.Init[h]) & (s.end == TRUE.END) & (s.vars == NOBODY) & empty & rest


@action(agent="rule", budget="if")
def rule(s: Next, end: Host, h: Host):
    """Ends *) -- with \\\\* comments."""
    require(no(s.Init[end]) & (s._hidden[h] > 0), "it \\"is\\" so", mechanism="a lock")
    old, some = s.Init[h], s.count(Host, lambda end: s.Init[end]) > 0
    s.Init[end] = True
    s.vars = h
    s.count_1[end, :] = lambda Init: no(s.count_1[h, Init])
    s.count_1[h, TRUE.VAR] = old
    s.WF_x = where(some, s.WF_x + 1, -2)


@action()
def Sum(s: Next, x: TRUE):
    require(s.end != x, "no")
    s.end = x


@invariant
def not_many(s: Next):
    return s.total(Host, lambda h: where(s.Init[h], s._hidden[h], 0)) <= 7


def scope():
    return Scope(Next, {Host: ["host 1", "host-1", "1"]}, budgets={"if": 2})
'''


@pytest.fixture
def awkward(tmp_path: Path) -> Scope:
    file = tmp_path / "awkward model.py"
    file.write_text(AWKWARD, encoding="utf-8")
    return load(file)


@pytest.mark.oracle
def test_awkward_names_mean_the_same_in_tla(awkward: Scope) -> None:
    asked = invariants_of(awkward.model)
    found, files = search(awkward, asked), tla_module(awkward, "end of-file", asked)
    assert sorted(files) == ["end_of_file.cfg", "end_of_file.tla"]
    theirs = module_of(files).explore()
    assert (len(theirs.states), theirs.generated) == (found.states, found.transitions)
    assert theirs.violated == {"not_many"} == set(found.violations)


@pytest.mark.oracle
@pytest.mark.real
def test_awkward_names_mean_the_same_in_murphi(awkward: Scope, tmp_path: Path) -> None:
    found = search(awkward)
    assert rumur(awkward, tmp_path).states == found.states


def test_taken_names_get_another(awkward: Scope) -> None:
    text = tla_module(awkward, "Next", ())["Next.tla"]
    for wanted in ("Init_quantity", "vars_quantity", "TRUE_enum", "Spec_initial", "xWF_x", "hidden"):
        assert wanted in text, wanted
    murphi = murphi_model(awkward, "x", ())["x.m"]
    assert re.search(r"const\n  host_1: 0; host_1_value: 1; x1: 2;", murphi)
    assert "count_1_quantity" in murphi
    assert "end_quantity" in murphi


def test_texts_are_plain_ascii_and_comments_stay_comments(awkward: Scope) -> None:
    for text in (*tla_module(awkward, "x", ()).values(), *murphi_model(awkward, "x", ()).values()):
        assert text.isascii()
    text = tla_module(awkward, "x", ())["x.tla"]
    assert "\\* Ends *) -- with \\* comments." in text
    assert '\\* else: it "is" so (a lock)' in text


def shown(language: str) -> str:
    """What docs/export.md shows in that language."""
    page = (PROJECT / "docs" / "export.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return str(text)


def test_an_action_reads_like_the_model_and_as_the_page_shows_it() -> None:
    scope = load(PROJECT / "examples/two_phase_commit.py")
    assert f"\n{shown('tla')}\n" in tla_module(scope, "two_phase_commit", ())["two_phase_commit.tla"]
    text = murphi_model(scope, "two_phase_commit", ())["two_phase_commit.m"]
    assert f"\n{shown('murphi')}\n" in text
    page = (PROJECT / "docs" / "export.md").read_text(encoding="utf-8")
    commands = [line[3:] for line in text.splitlines() if line.startswith(("-- rumur", "-- gcc"))]
    assert len(commands) == 2
    assert all(f"\n    {command}\n" in page for command in commands)


def test_a_removed_mechanism_leaves_a_comment() -> None:
    scope = load(PROJECT / "examples/two_phase_commit.py", without=["unanimity"])
    text = tla_module(scope, "commit", ())["commit.tla"]
    assert "    \\* removed (unanimity): a vote is missing\n" in text
    assert "\\A rm \\in RM : noted[rm]" not in text
    assert "-- removed: a vote is missing (unanimity)" in murphi_model(scope, "commit", ())["commit.m"]


def test_derived_statements_are_called_by_name() -> None:
    scope = load(PROJECT / "examples/scopes/partition.toml")
    text = tla_module(scope, "partition", invariants_of(scope.model))["partition.tla"]
    assert '\nis_master(host) ==\n    up[host] /\\ role[host] = "master"\n' in text
    assert "\nconnected(one, other) ==\n    hears(one, other) /\\ hears(other, one)\n" in text
    assert "/\\ is_master(master)  \\* else: the host is no master" in text
    assert text.index("\nis_master(host) ==") < text.index("\nInit ==")


def test_the_configuration_gives_what_the_module_leaves_open() -> None:
    files = tla_module(load(PROJECT / "benchmarks/vmc.py"), "vmc", ())
    assert '    Host = {"h1", "h2", "h3"}\n' in files["vmc.cfg"]
    assert "    NOBODY = NOBODY\n    most_crashes = 2\n" in files["vmc.cfg"]
    assert "CHECK_DEADLOCK TRUE\n" in files["vmc.cfg"]
    commit = tla_module(load(PROJECT / "examples/two_phase_commit.py"), "commit", ())
    assert "    no_deadlock\nCHECK_DEADLOCK FALSE\n" in commit["commit.cfg"]
    assert "no_deadlock == (ENABLED Next) \\/ all_done" in commit["commit.tla"]


def test_progress_and_fairness_are_said() -> None:
    scope = load(PROJECT / "examples/scopes/live-migration.toml")
    files = tla_module(scope, "m", ())
    assert "WF_vars(hear_host(master, host))" in files["m.tla"]
    waits = [predicate.name for predicate in scope.model.of_kind("progress")]
    assert waits
    assert all(f"\n{name} ==" in files["m.tla"] for name in waits)
    assert f"\\* PROPERTIES {' '.join(waits)}\n" in files["m.cfg"]


def test_names_are_legal_and_different() -> None:
    names = Names(lambda name: name in ("end", "END"))
    wishes = ["end", "end", "a b", "a-b", "é", "_", "1"]
    given = [names.allot("field", number, wish) for number, wish in enumerate(wishes)]
    assert given == ["end_field", "end_field_2", "a_b", "a_b_field", "e", "x", "x1"]
    assert names.allot("field", 0, "anything") == "end_field"
    assert names.local("a b", ["a_b_2"]) == "a_b_3"


@pytest.mark.parametrize("seed", range(5))
def test_strings_are_different_and_safe(seed: int) -> None:
    dice = random.Random(seed)
    words = ["".join(dice.choice('ab"\\\n…é漢') for _ in range(3)) for _ in range(60)]
    strings = strings_for(list(enumerate(words)))
    assert len(set(strings.values())) == len(words)
    assert all(re.fullmatch(r"[ !#-\[\]-~]*", text) for text in strings.values())


def test_plain_text() -> None:
    assert ascii_text("größer – 3 × “x”…") == 'groser - 3 x "x"...'.replace("groser", "groudfer")
    assert identifier("größer als 1") == "groudfer_als_1"
