"""Lemmas that are found: true wherever a search comes, inductive when asked anew, and good as pasted text."""

from __future__ import annotations

import itertools
import json
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support import PROJECT, model_file
from vmproof.loading import load_file
from vmproof.model.language.plain import true_of
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.scope import Scope
from vmproof.model.language.wording import show
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas as _lemmas
from vmproof.properties import safety as _safety
from vmproof.properties.prove import Options as ProveOptions
from vmproof.properties.prove import prove
from vmproof.properties.results import Result, Verdict
from vmproof.properties.search import search
from vmproof.properties.suggesting.boxes import Box, FieldLook, SameLook, statement
from vmproof.properties.suggesting.excluding import Excluder, seen
from vmproof.properties.suggesting.reached import Effort, reached, unlimited
from vmproof.properties.suggesting.session import Options, standing, suggest
from vmproof.properties.suggesting.wide import Wide
from vmproof.properties.suggesting.written import lemma_of
from vmproof.reports.as_json import to_json
from vmproof.reports.page import to_html
from vmproof.solver.ground import Grounder
from vmproof.solver.smt.steps import Known, SmallSteps
from vmproof.solver.vectors import Vectors, matrix

QUIET = ProveOptions(workers=1, explain=False)
CATALOGUE = (_lemmas, _safety)
COMMIT, WRITERS, VMC = "examples/two_phase_commit.py", "examples/two_writers.py", "benchmarks/vmc.py"


def commit(rms: int = 2) -> Scope:
    scope: Scope = model_file(COMMIT).scope(rms)
    return scope


def writers() -> Scope:
    module = model_file(WRITERS)
    return Scope(module.Disk, {module.Host: ["a", "b"]})


@pytest.fixture(scope="module")
def closed() -> Result:
    """Two-phase commit, its own lemmas left out."""
    return suggest(commit(), Options(QUIET, unaided=True))


def test_two_phase_commit_is_closed_unaided(closed: Result) -> None:
    assert [finding.verdict for finding in closed.findings] == [Verdict.PROVED]
    assert closed.proof is not None
    assert closed.proof.suggestions
    assert all(found.closes == ("consistent",) for found in closed.proof.suggestions)
    assert set(closed.proof.leans_on["consistent"]) == {found.name for found in closed.proof.suggestions}
    assert closed.proof.uses["consistent"] == ("unanimity",)


def test_the_models_own_predicates_are_as_before(closed: Result) -> None:
    kinds = [(name, p.kind) for name, p in commit().model.predicates.items()]
    assert ("who_commits_was_told", "lemma") in kinds
    assert not any(name.startswith(("never_", "at_most_one_")) for name, _ in kinds)


@pytest.mark.parametrize(("file", "name"), [(WRITERS, "one_writer"), (COMMIT, "consistent")])
def test_a_lemma_that_is_pasted_into_the_file_closes_the_proof(file: str, name: str, tmp_path: Path) -> None:
    bare = re.sub(r"@lemma\ndef .*?(?=\n@|\Z)", "", (PROJECT / file).read_text(encoding="utf-8"), flags=re.S)
    assert "@lemma" not in bare
    (tmp_path / "bare.py").write_text(bare, encoding="utf-8")
    scope = load_file(tmp_path / "bare.py", {}).scope
    assert prove(scope, QUIET).findings[0].verdict is Verdict.UNDETERMINED
    found = suggest(scope, Options(QUIET))
    assert found.proof is not None
    code = "\n\n".join(lemma.code for lemma in found.proof.suggestions)
    (tmp_path / "pasted.py").write_text(f"{bare}\n\n{code}", encoding="utf-8")
    pasted = prove(load_file(tmp_path / "pasted.py", {}).scope, QUIET)
    assert [(f.property, f.verdict) for f in pasted.findings] == [(name, Verdict.PROVED)]


def test_every_lemma_is_needed(closed: Result) -> None:
    """Without any one of the lemmas the others do not prove the property."""
    assert closed.proof is not None
    scope = commit()
    found = {s.name: _read_again(scope, s.name, s.code) for s in closed.proof.suggestions}
    goal = scope.model.predicates["consistent"]
    for left_out in found:
        with standing(scope.model, [goal, *(p for n, p in found.items() if n != left_out)]):
            assert prove(scope, QUIET).findings[0].verdict is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("scope", "mechanism"), [(writers(), "disk lock"), (commit(), "unanimity")], ids=["writers", "commit"]
)
def test_without_its_mechanism_nothing_is_closed(scope: Scope, mechanism: str) -> None:
    result = suggest(replace(scope, without=(mechanism,)), Options(ProveOptions(workers=1), unaided=True))
    assert result.findings[0].verdict is Verdict.REFUTED
    assert result.proof is not None
    assert result.proof.suggestions == ()
    assert any("false in a state that is reached" in note for note in result.notes)


def test_candidates_are_true_in_every_state_that_a_search_visits() -> None:
    """All candidates around all states that nothing reaches, asked by the plain reading."""
    scope = commit(3)
    excluder = Excluder([reached(scope, Effort(), random.Random(0))])
    assert excluder.reached[0].complete
    visited = list(search(scope).table.known)
    dice, taken = random.Random(1), set[str]()
    for _ in range(6):
        core = _random_core(scope, dice)
        for box in itertools.islice(excluder.around(core).boxes(), 5):
            predicate = lemma_of(scope.model, box, taken).predicate
            assert all(true_of(scope, packed, predicate) for packed in visited), show(statement(box)[1])


def _random_core(scope: Scope, dice: random.Random) -> list[Known]:
    """Some cells of a random state."""
    cells = dice.sample(scope.cells, 5)
    model = scope.model
    return [Known(model.quantity(cell.field), cell.places, dice.choice(cell.values)) for cell in cells]


def test_what_was_found_is_inductive_when_asked_anew(closed: Result) -> None:
    assert closed.proof is not None
    scope = commit(3)
    statements = {p.name: p for p in invariants_of(scope.model)}
    for found in closed.proof.suggestions:
        statements[found.name] = _read_again(scope, found.name, found.code)
    steps = SmallSteps(scope, {sort: 3 for sort in scope.members})
    for predicate in statements.values():
        steps.learn(predicate)
    for predicate in statements.values():
        assert steps.holds_at_start(predicate)
        assert all(steps.keeps(action, predicate, statements) for action in scope.traces)
    assert not steps.keeps("hear_commit", statements["consistent"], ())


def _read_again(scope: Scope, name: str, code: str):  # type: ignore[no-untyped-def]
    """The predicate that pasted code declares; the model is left as it was."""
    before = dict(scope.model.predicates)
    module = model_file(COMMIT)
    try:
        exec(code, {**vars(module)})
        return scope.model.predicates[name]
    finally:
        scope.model.predicates.clear()
        scope.model.predicates.update(before)


@pytest.mark.parametrize("file", [COMMIT, VMC])
def test_vectors_agree_with_the_plain_reading(file: str) -> None:
    scope = unlimited(model_file(file).scope(2))
    packed = list(search(scope).table.known)[::7]
    vectors, grounder = Vectors(scope, matrix(packed, len(scope.cells))), Grounder(scope)
    for predicate in invariants_of(scope.model):
        column = vectors.value(grounder.statement(predicate))
        assert [bool(v) for v in column] == [true_of(scope, state, predicate) for state in packed]


def test_looks_are_seen_as_they_are() -> None:
    """The rows of two looks are the values that the plain reading finds, for every member."""
    scope = commit(2)
    (rm, *_) = scope.sorts[model_file(COMMIT).RM]
    fields = scope.model.fields
    looks = [FieldLook(fields["vote"], (rm,)), FieldLook(fields["sent_commit"], ())]
    found = reached(scope, Effort(), random.Random(0))
    rows = seen([found], looks)
    pairs = set()
    for packed in search(scope).table.known:
        values = {(c.field, c.places): c.values[code] for c, code in zip(scope.cells, packed, strict=True)}
        pairs |= {(values["vote", (m,)], values["sent_commit", ()]) for m in scope.sorts[type(rm)]}
    assert len(rows) == len(pairs)


def test_two_members_alike_are_at_most_one() -> None:
    scope = writers()
    one, other = scope.sorts[next(iter(scope.members))]
    field = scope.model.fields["lock"]
    locks = [(FieldLook(field, (m,)), frozenset({True})) for m in (one, other)]
    box = Box(frozenset([*locks, (SameLook(one, other), frozenset({False}))]))
    lemma = lemma_of(scope.model, box, set())
    assert "return s.count(Host, lambda host: s.lock[host]) <= 1" in lemma.code
    assert lemma.sentence == "Two hosts: lock[host]."


def test_a_diagram_refutes_a_false_statement_with_a_state_that_is_reached() -> None:
    scope = model_file(VMC).scope(2, 1, 1)
    wide = Wide(scope, 20)
    assert wide.complete
    predicates = {p.name: p for p in invariants_of(scope.model)}
    state = wide.against(predicates["bad"])
    assert state is not None
    assert not true_of(wide.scope, state, predicates["bad"])
    assert state in search(wide.scope).table.known
    assert wide.against(predicates["master_is_up"]) is None


def test_ctrl_c_gives_what_was_found_so_far() -> None:
    def stop(text: str) -> None:
        if "1 lemmas" in text:
            raise KeyboardInterrupt

    result = suggest(commit(), Options(QUIET, unaided=True, on_progress=stop))
    assert result.exit == 3
    assert any(note.startswith("interrupted") for note in result.notes)


def test_no_time_is_undetermined() -> None:
    result = suggest(commit(), Options(QUIET, seconds=0.0, unaided=True))
    assert result.findings[0].verdict is Verdict.UNDETERMINED
    assert any("limit of 0 s" in note for note in result.notes)


def test_other_statements_stand_only_for_a_while() -> None:
    model = commit().model
    before = dict(model.predicates)
    with standing(model, []):
        assert not model.of_kind("invariant")
        assert model.of_kind("initial")
    assert model.predicates == before


def test_reports_have_the_code_and_what_it_excludes(closed: Result) -> None:
    rows = json.loads(to_json(closed))["proof"]["suggestions"]
    assert {"name", "sentence", "code", "closes"} == set(rows[0])
    assert all(row["code"].startswith(f"@lemma\ndef {row['name']}(") for row in rows)
    assert "Suggested lemmas" in to_html(closed)


def test_the_command_prints_lemmas() -> None:
    command = [sys.executable, "-m", "vmproof.main", "prove", WRITERS, "--suggest", "--unaided"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    assert "@lemma" in done.stdout
    assert "# for one_writer" in done.stdout


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["unique_master", "no_output_outruns_the_log", "one_migration_per_vm"])
def test_properties_of_the_cluster_are_closed_unaided(name: str) -> None:
    scope = alike(hosts=2, vms=1, vmotion="on", storage_vmotion=True)
    result = suggest(scope, Options(replace(QUIET, only=(name,)), unaided=True))
    assert result.findings[0].verdict is Verdict.PROVED
    assert result.proof is not None
    assert result.proof.suggestions
