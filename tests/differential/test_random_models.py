"""Models that nobody would write: the words of the language in any combination read the same everywhere."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import currently_in_test_context, given, note, reject
from hypothesis import strategies as st

from differential.random_text import DECLARATIONS, actions, expressions
from vmproof import ModelError, NotPossible, Scope
from vmproof.model import language
from vmproof.model.language import plain
from vmproof.model.language.domains import BOOL, Integer, Range
from vmproof.model.language.evaluate import Evaluator, OutOfRange, traced_refusals, traced_run
from vmproof.model.language.plain import Packed
from vmproof.model.language.terms import Term
from vmproof.solver.compiled import Coder, kernel_for
from vmproof.solver.ground import Grounder
from vmproof.solver.initial import initial_states

pytestmark = pytest.mark.differential
SEEDS = st.integers(0, 2**32 - 1)
STATES = 12


def zoo(text: str) -> dict[str, Any]:
    """The model of ``random_text`` with some declarations more, executed."""
    if currently_in_test_context():
        note(text)
    space: dict[str, Any] = {**vars(language), "Enum": enum.Enum}
    try:
        exec(compile(DECLARATIONS + text, "<random model>", "exec", dont_inherit=True), space)
    except ModelError as error:
        if any("is outside the range" not in problem.message for problem in error.problems):
            raise
        reject()  # a number that never fits is found at import
    return space


def scope_of(space: dict[str, Any], **more: Any) -> Scope:
    """Two members of each sort."""
    members = {space["Host"]: ["a", "b"], space["VM"]: ["p", "q"]}
    statics = {"limit": {"a": 2, "b": -1}, "home": {"p": "b", "q": "a"}}
    return Scope(space["Zoo"], members, statics=statics, **more)


def arbitrary(scope: Scope, dice: random.Random) -> Packed:
    return bytes(dice.randrange(len(cell.values)) for cell in scope.cells)


def compiled(scope: Scope, term: Term) -> Callable[[Packed], Any]:
    """The value of a ground term by generated code."""
    coder = Coder(scope)
    if term.domain == BOOL:
        truth = eval(f"lambda s: {coder.truth(term)}")
        return lambda packed: bool(truth(packed))
    if isinstance(term.domain, Range | Integer):
        number: Callable[[Packed], int] = eval(f"lambda s: {coder.number(term)}")
        return number
    values, code = term.domain.values(scope.sorts), eval(f"lambda s: {coder.code(term, term.domain)}")
    return lambda packed: values[code(packed)]


@pytest.mark.parametrize("kind", ["condition", "number", "host", "optional", "colour"])
@given(data=st.data(), strict=st.booleans(), seed=SEEDS)
def test_expressions_have_the_same_value(kind: str, data: st.DataObject, strict: bool, seed: int) -> None:
    text = data.draw(expressions(kind))
    space = zoo(f"@derived\ndef value(s: Zoo, h: Host, g: Host, v: VM):\n    return {text}\n")
    scope, dice = scope_of(space, settings={"strict": strict}), random.Random(seed)
    (value,) = scope.model.of_kind("derived")
    statement, grounder = scope.statement(value), Grounder(scope)
    for arguments in scope.arguments(value.parameters):
        env = {var.name: member for var, member in zip(statement.parameters, arguments, strict=True)}
        by_code = compiled(scope, grounder.ground(statement.bodies[0], env))
        for _ in range(STATES // 4):
            packed = arbitrary(scope, dice)
            expected = plain.ask(scope, packed, value, arguments)
            traced = Evaluator(scope, packed).value(statement.bodies[0], env)
            assert (traced, by_code(packed)) == (expected, expected), (arguments, packed)


def outcome(step: Callable[[], Packed]) -> Packed | tuple[str, str]:
    """The successor, or where a number did not fit."""
    try:
        return step()
    except ModelError as error:
        return error.problems[0].message, str(error.problems[0].where)
    except OutOfRange:
        return "out of range", ""


WITHOUT = st.sampled_from([(), ("first",), ("second",), ("first", "second")])


@given(text=actions(), strict=st.booleans(), without=WITHOUT, seed=SEEDS)
def test_actions_do_the_same(text: str, strict: bool, without: tuple[str, ...], seed: int) -> None:
    how: dict[str, Any] = {"settings": {"strict": strict}, "without": without, "budgets": {"tries": 1}}
    scope, dice = scope_of(zoo(text), **how), random.Random(seed)
    kernel = kernel_for(scope)
    known = {action.instance.arguments: position for position, action in enumerate(kernel.actions)}
    for _ in range(STATES):
        packed, instance = arbitrary(scope, dice), dice.choice(list(scope.instances()))
        refused, position = plain.refusals(scope, packed, instance), known.get(instance.arguments)
        by_guard = tuple(r for r in refused if "allows no further" not in r.reason)
        assert by_guard == traced_refusals(scope, packed, instance)
        assert (position is not None and bool(kernel.guards[position](packed))) == (not refused)
        if by_guard:
            with pytest.raises(NotPossible):
                plain.run(scope, packed, instance)
        if position is None or refused:
            continue
        after = outcome(lambda: plain.run(scope, packed, instance))  # noqa: B023
        assert outcome(lambda: kernel.effects[position](packed)) == after  # noqa: B023
        traced = outcome(lambda: traced_run(scope, packed, instance))  # noqa: B023
        assert traced == (after if isinstance(after, bytes) else ("out of range", ""))


@given(texts=st.lists(expressions("condition"), min_size=1, max_size=3), seed=SEEDS)
def test_initial_states_are_all_that_satisfy_the_statements(texts: list[str], seed: int) -> None:
    head = "@initial\ndef begin{}(s: Zoo, h: Host, g: Host, v: VM):\n    return {}\n"
    statements = [head.format(number, text) for number, text in enumerate(texts)]
    scope, dice = scope_of(zoo("\n".join(statements))), random.Random(seed)
    allowed = lambda packed: all(plain.true_of(scope, packed, p) for p in scope.initial_predicates())  # noqa: E731
    found = [packed for packed, _ in zip(initial_states(scope, dice), range(20), strict=False)]
    assert len(set(found)) == len(found)
    assert all(map(allowed, found))
    if not found:
        assert not any(allowed(arbitrary(scope, dice)) for _ in range(50))


CAPTURES = ["s.count(Host, lambda h: s.flag[h2])", "at(s.master, lambda h: h2, absent=h)"]


@pytest.mark.parametrize("text", CAPTURES)
def test_a_bound_variable_captures_no_parameter(text: str) -> None:
    scope = scope_of(zoo(f"@derived\ndef value(s: Zoo, h: Host, h2: Host):\n    return {text}\n"))
    (value,), dice = scope.model.of_kind("derived"), random.Random(1)
    statement = scope.statement(value)
    for arguments in scope.arguments(value.parameters):
        env = {var.name: member for var, member in zip(statement.parameters, arguments, strict=True)}
        packed = arbitrary(scope, dice)
        expected = plain.ask(scope, packed, value, arguments)
        assert Evaluator(scope, packed).value(statement.bodies[0], env) == expected


def test_a_used_up_budget_is_told_before_a_number_that_does_not_fit() -> None:
    grow = '@action(budget="tries")\ndef act(s: Zoo):\n    """Grows."""\n    s.level = s.level + 1\n'
    scope = scope_of(zoo(grow), budgets={"tries": 0})
    full = bytes(len(cell.values) - 1 for cell in scope.cells)
    with pytest.raises(NotPossible, match="allows no further tries"):
        plain.run(scope, full, next(scope.instances()))
