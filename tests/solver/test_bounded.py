"""Circuits, numbers made of literals, what moves read: small questions with known answers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

import pytest
from pysat.solvers import Solver

from vmproof.model.language.building import compute
from vmproof.model.scenarios import alike
from vmproof.solver.bounded import numbers
from vmproof.solver.bounded.blueprint import Blueprint
from vmproof.solver.bounded.circuit import FALSE, TRUE, Circuit, Literal, exactly_one
from vmproof.solver.bounded.masks import Masks
from vmproof.solver.bounded.numbers import Arithmetician, Bits, Value
from vmproof.solver.bounded.order import Conflict, conflict
from vmproof.solver.initial import Starts


def models(circuit: Circuit, inputs: Iterable[Literal], wanted: Literal) -> set[tuple[bool, ...]]:
    """The values of the inputs for which a literal is true."""
    if wanted in (TRUE, FALSE):
        return set() if wanted == FALSE else set(itertools.product([False, True], repeat=len(list(inputs))))
    names, found = list(inputs), set()
    with Solver("glucose4", bootstrap_with=list(circuit.clauses(circuit.below([wanted])))) as solver:
        for values in itertools.product([False, True], repeat=len(names)):
            fixed = [name if value else -name for name, value in zip(names, values, strict=True)]
            if solver.solve(assumptions=[*fixed, wanted]):
                found.add(values)
    return found


def test_a_gate_means_what_it_says() -> None:
    circuit = Circuit()
    a, b, c = (circuit.variable() for _ in range(3))
    chosen = circuit.choice(a, b, -c)
    assert models(circuit, (a, b, c), chosen) == {
        (x, y, z) for x, y, z in itertools.product([False, True], repeat=3) if (y if x else not z)
    }
    assert circuit.conjunction([a, -a]) == FALSE
    assert circuit.choice(a, b, -c) == chosen  # the same gate again
    assert models(circuit, (a, b), circuit.equal(a, b)) == {(False, False), (True, True)}


@pytest.mark.parametrize("count", [1, 2, 6, 7, 30])
def test_exactly_one_of_many(count: int) -> None:
    circuit = Circuit()
    row = [circuit.variable() for _ in range(count)]
    with Solver("glucose4", bootstrap_with=list(exactly_one(circuit, row))) as solver:
        assert all(solver.solve(assumptions=[literal]) for literal in row)
        pairs = itertools.combinations(row, 2)
        assert not any(solver.solve(assumptions=[one, other]) for one, other in pairs)
        assert not solver.solve(assumptions=[-literal for literal in row])


def number(circuit: Circuit, dice: random.Random, inputs: list[tuple[Literal, int, int]]) -> Value:
    """One of two numbers, as a new input decides."""
    low, high = sorted(dice.sample(range(-70, 200), 2))
    inputs.append((circuit.variable(), low, high))
    literal = inputs[-1][0]
    return {low: -literal, high: literal}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("pairs", [0, 512])
def test_numbers_are_computed_as_python_does(seed: int, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST_PAIRS", pairs)  # 0: all results are made of bits
    circuit, dice, inputs = Circuit(), random.Random(seed), list[tuple[Literal, int, int]]()
    engine = Arithmetician(circuit)
    operators = [dice.choice("+-*" if seed % 2 else "+-") for _ in range(3)]
    total = number(circuit, dice, inputs)
    for operator in operators:
        total = engine.computed(operator, total, number(circuit, dice, inputs))
    assert isinstance(total, Bits) == (pairs == 0)
    limit = dice.randrange(-500, 500)
    less, equal = engine.less(total, {limit: TRUE}), engine.equal(total, {limit: TRUE})
    greater = engine.outside(total, -(10**9), limit)
    literals = [literal for literal, _, _ in inputs]
    found = [models(circuit, literals, wanted) for wanted in (less, equal, greater)]
    for values in itertools.product([False, True], repeat=len(inputs)):
        picked = [high if value else low for value, (_, low, high) in zip(values, inputs, strict=True)]
        expected = picked[0]
        for operator, other in zip(operators, picked[1:], strict=True):
            expected = compute(operator, expected, other)
        assert [values in some for some in found] == [expected < limit, expected == limit, expected > limit]


def test_a_mask_tells_for_each_member_what_can_be() -> None:
    circuit = Circuit()
    row = {name: circuit.variable() for name in "abc"}
    x, y = circuit.variable(), circuit.variable()
    read = circuit.select([(row["a"], x), (row["b"], FALSE), (row["c"], y)])
    masks = Masks(circuit, row)
    assert masks.of(read) == (0b101, 0b111)
    assert masks.readers([read]) == {row["a"]: 0, row["b"]: 0, row["c"]: 0, x: 0b001, y: 0b100}


def test_steps_about_different_vms_disturb_each_other_only_where_they_compete() -> None:
    def between(room: int) -> Conflict:
        scope = alike(2, 2, vmotion="on", room=room)
        plan = Blueprint(scope, Starts(scope))
        assert plan.block is not None
        prints = {p.choice.move.action.name: p for p in plan.prints(plan.block)}
        return conflict(prints["begin_live_migration"], prints["begin_live_migration"])

    assert between(room=3) is Conflict.SAME_MEMBER  # there is always room: nobody counts
    assert between(room=1) is Conflict.ALWAYS
