"""The catalogue of the cluster says something: no guard in other words, no mechanism's own field."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from vmproof.model.cluster import Cluster
from vmproof.model.language.predicates import Predicate
from vmproof.model.language.terms import And, Not, Or, Term, Var, walk
from vmproof.model.language.tracing import fields_read, trace_action, trace_statement
from vmproof.model.language.wording import show
from vmproof.properties import possible, progress, safety, unpromised

CATALOGUE = (safety, unpromised, possible, progress)
INVARIANTS = Cluster.model.of_kind("invariant")


def text(term: Term) -> str:
    """The term with its variables numbered in the order in which they appear."""
    shown, numbers = show(term), dict[str, str]()
    names = {node.name for node in walk(term) if isinstance(node, Var)}

    def number(match: re.Match[str]) -> str:
        name = match[0]
        return numbers.setdefault(name, f"v{len(numbers)}") if name in names else name

    return re.sub(r"(?<![\w.\"'])\w+", number, shown)


def parts(term: Term) -> Iterator[Term]:
    """A condition, what it is made of with and, or and not, and so on."""
    yield term
    if isinstance(term, And | Or):
        for part in term.parts:
            yield from parts(part)
    if isinstance(term, Not):
        yield from parts(term.part)


def guards_of(mechanisms: tuple[str, ...]) -> dict[str, str]:
    """The conditions that the mechanisms add to actions, each with the action's name."""
    found = {}
    for action in Cluster.model.actions.values():
        for guard in trace_action(Cluster, action).guards:
            if guard.mechanism in mechanisms:
                found[text(guard.condition)] = action.name
    return found


@pytest.mark.parametrize("predicate", INVARIANTS, ids=lambda predicate: predicate.name)
def test_no_invariant_repeats_a_guard_of_its_mechanisms(predicate: Predicate) -> None:
    (body,) = trace_statement(Cluster, predicate).bodies
    own = {text(term) for term in (body, *(body.parts if isinstance(body, And) else ()))}
    own |= {text(part.part) for part in parts(body) if isinstance(part, Not) and part is body}
    guards = guards_of(predicate.mechanism)
    assert not own & set(guards), {guards[condition] for condition in own & set(guards)}


def only_written_by(mechanism: str) -> set[str]:
    """The fields that are assigned under the mechanism and nowhere else."""
    inside: set[str] = set()
    outside: set[str] = set()
    for action in Cluster.model.actions.values():
        for write in trace_action(Cluster, action).writes:
            by_it = mechanism in write.mechanisms or action.mechanism == mechanism
            (inside if by_it else outside).add(write.field.name)
    return inside - outside


@pytest.mark.parametrize("predicate", INVARIANTS, ids=lambda predicate: predicate.name)
def test_no_invariant_reads_what_only_its_mechanism_writes(predicate: Predicate) -> None:
    read = fields_read(list(trace_statement(Cluster, predicate).bodies))
    for mechanism in predicate.mechanism:
        assert not read & only_written_by(mechanism)


def test_every_property_has_a_sentence_and_a_source() -> None:
    for predicate in (*INVARIANTS, *Cluster.model.of_kind("progress")):
        assert len(predicate.sentence) > 20
        assert predicate.source, predicate.name


def test_the_numbers_of_the_catalogue_are_all_there() -> None:
    sources = " ".join(p.source for p in (*INVARIANTS, *Cluster.model.of_kind("progress")))
    assert {f"I{n}" for n in range(1, 17)} <= set(re.findall(r"\bI\d+\b", sources))
    assert {f"L{n}" for n in range(1, 9)} <= set(re.findall(r"\bL\d+\b", sources))


def test_the_three_of_the_user_are_there_by_name() -> None:
    assert {"single_live_primary", "original_retained", "unique_master"} <= {p.name for p in INVARIANTS}


def test_every_action_says_who_takes_it_and_where_that_is_described() -> None:
    for action in Cluster.model.actions.values():
        assert action.agent, action.name
        assert action.sentence.endswith("."), action.name
        assert action.source, action.name


def test_the_budgets_that_a_question_needs_exist() -> None:
    budgets = {action.budget for action in Cluster.model.actions.values()}
    assert {name for p in Cluster.model.of_kind("possible") for name in p.needs} <= budgets
