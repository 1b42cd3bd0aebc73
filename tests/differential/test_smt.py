"""Z3 and the plain reading say the same of guards, steps, statements and sums, in thousands of cases."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
import z3

from support import model_file
from vmproof.model.cluster.state import VM, Host
from vmproof.model.language import Scope, plain
from vmproof.model.language.domains import Member, Sort
from vmproof.model.language.evaluate import Evaluator
from vmproof.model.language.plain import Packed, true_of
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.scope import Instance
from vmproof.model.language.terms import Total, walk
from vmproof.model.scenarios import alike
from vmproof.properties import lemmas, safety
from vmproof.solver.compiled import kernel_for
from vmproof.solver.smt.encoding import closed, encode
from vmproof.solver.smt.obligations import Theory
from vmproof.solver.smt.states import After, Before
from vmproof.solver.smt.sums import Sum, Sums, change_of, comparisons, environments, sum_of
from vmproof.solver.smt.universe import Expr, Universe, choice, conjunction, disjunction, equality, negation

pytestmark = pytest.mark.differential
CATALOGUE = (safety, lemmas)
SCOPES: dict[str, Callable[[], Scope]] = {
    "vmc": lambda: model_file("benchmarks/vmc.py").scope(3, 2, 2),
    "two-phase commit": lambda: model_file("examples/two_phase_commit.py").scope(3),
    "cluster": partial(alike, hosts=2, vms=2, fault_tolerant=1, vmotion="on", storage_vmotion=True),
    "cluster, other settings": partial(
        alike, hosts=3, vms=1, election="cluster lock", drs="off", self_fence="on", datastores=2
    ),
}


def distinct(universe: Universe, sorts: Mapping[type[Sort], tuple[Sort, ...]]) -> Iterator[Expr]:
    """That a sort of any size has exactly these members (for tests, and for small counterexamples)."""
    for sort, members in sorts.items():
        constants = [universe.value(member, Member(sort)) for member in members]
        yield from (negation(equality(a, b)) for i, a in enumerate(constants) for b in constants[i + 1 :])

        def known(x: Expr, constants: list[Expr] = constants) -> Expr:
            return disjunction(equality(x, constant) for constant in constants)

        yield universe.forall("x", Member(sort), known)


def facts(state: Before, values: Mapping[str, Mapping[tuple[Any, ...], Any]]) -> Iterator[Expr]:
    """That fields and statics have these values at these places."""
    for name, table in values.items():
        quantity = state.model.quantity(name)
        for places, value in table.items():
            at = tuple(state.universe.value(p, d) for p, d in zip(places, quantity.index, strict=True))
            yield equality(state.read(name, at), state.universe.value(value, quantity.value))


class Known:
    """A state of a finite scope as constants: what is read of it folds to one."""

    def __init__(self, scope: Scope, packed: Packed) -> None:
        self.universe = Universe(scope.sorts)
        self.scope = scope
        self.cells = dict(zip(((c.field, c.places) for c in scope.cells), packed, strict=True))

    def _value(self, field: str, places: tuple[Any, ...]) -> Any:
        domain = self.scope.model.quantity(field).value
        if field in self.scope.model.statics:
            return self.universe.value(self.scope.static_data[field][places], domain)
        cell = self.scope.cells[self.scope.cell_index[field, places]]
        return self.universe.value(cell.values[self.cells[field, places]], domain)

    def read(self, field: str, places: tuple[Any, ...]) -> Any:
        index = self.scope.model.quantity(field).index
        options = [self.universe.all_values(domain) or [] for domain in index]
        found: Any = None
        for pairs in itertools.product(*options):
            here = conjunction(equality(p, c) for p, (_, c) in zip(places, pairs, strict=True))
            value = self._value(field, tuple(v for v, _ in pairs))
            found = value if found is None else choice(here, value, found)
        return found

    def sums(self, state: Any, term: Any, env: Any) -> Any:
        raise AssertionError("a finite scope has no open sums")

    def arguments(self, instance: Instance) -> dict[str, Any]:
        trace = self.scope.traces[instance.action.name]
        pairs = zip(trace.parameters, instance.arguments, strict=True)
        return {var.name: self.universe.value(value, var.domain) for var, value in pairs}


def arbitrary(scope: Scope, dice: random.Random) -> Packed:
    return bytes(dice.randrange(len(cell.values)) for cell in scope.cells)


def is_it(expression: Any) -> bool:
    simple = z3.simplify(expression)
    assert z3.is_true(simple) or z3.is_false(simple)
    return z3.is_true(simple)


def agree_on_guards(scope: Scope, packed: Packed, instance: Instance) -> None:
    known, trace = Known(scope, packed), scope.traces[instance.action.name]
    env = known.arguments(instance)
    refused = {refusal.where for refusal in plain.refusals(scope, packed, instance)}
    for guard in trace.guards:
        if scope.on(guard.mechanism):
            assert is_it(encode(known, guard.condition, env)) == (guard.where not in refused) or (
                sum(other.where == guard.where for other in trace.guards) > 1
            )


def agree_on_step(scope: Scope, packed: Packed, instance: Instance) -> None:
    known, trace = Known(scope, packed), scope.traces[instance.action.name]
    after = After(known, trace.writes, known.arguments(instance), known.sums)
    expected = plain.run(scope, packed, instance)
    for cell, code in zip(scope.cells, expected, strict=True):
        if cell.field in scope.model.fields:
            index = scope.model.fields[cell.field].index
            places = tuple(known.universe.value(p, d) for p, d in zip(cell.places, index, strict=True))
            wanted = known.universe.value(cell.values[code], scope.model.fields[cell.field].value)
            assert is_it(equality(after.read(cell.field, places), wanted)), f"{instance}: {cell}"


@pytest.mark.parametrize("name", SCOPES)
def test_steps_read_the_same(name: str) -> None:
    scope, dice = SCOPES[name](), random.Random(name)
    kernel = kernel_for(scope)
    instances, steps = list(scope.instances()), 0
    for _ in range(250):
        packed = arbitrary(scope, dice)
        for instance in dice.sample(instances, 2):
            agree_on_guards(scope, packed, instance)
        enabled = kernel.enabled(packed)
        if enabled:
            instance = kernel.instance(dice.choice(enabled))
            try:
                plain.run(scope, packed, instance)
            except plain.ModelError:
                continue  # a number leaves its range: an error in every reading
            agree_on_guards(scope, packed, instance)
            agree_on_step(scope, packed, instance)
            steps += 1
    assert steps > 60


@pytest.mark.parametrize("name", SCOPES)
def test_statements_of_any_size_read_the_same(name: str) -> None:
    """Over sorts of any size, told that there are just these members: counts as quantifiers included."""
    scope, dice = SCOPES[name](), random.Random(name)
    asked = [*invariants_of(scope.model), *scope.model.of_kind("lemma")]
    theory = Theory(scope, {})
    open_sums = {p.name for p in asked if needs_sums(theory, p)}
    seen: set[bool] = set()
    for _ in range(12):
        packed = arbitrary(scope, dice)
        solver = z3.Solver()
        solver.add(*distinct(theory.universe, scope.sorts), *facts(theory.before, tables(scope, packed)))
        assert solver.check() == z3.sat
        for predicate in asked:
            if predicate.name not in open_sums:
                statement = theory.statement(predicate)
                formula = closed(theory.before, statement.parameters, statement.bodies[0])
                value = true_of(scope, packed, predicate)
                assert solver.check(z3.Not(formula) if value else formula) == z3.unsat, predicate.name
                seen.add(value)
    assert seen == {True, False}


def needs_sums(theory: Theory, predicate: Any) -> bool:
    theory.sums.known.clear()
    statement = theory.statement(predicate)
    closed(theory.before, statement.parameters, statement.bodies[0])
    return bool(theory.sums.known)


def tables(scope: Scope, packed: Packed) -> dict[str, dict[Any, Any]]:
    """The values of all fields and statics."""
    found: dict[str, dict[Any, Any]] = {name: dict(table) for name, table in scope.static_data.items()}
    for cell, code in zip(scope.cells, packed, strict=True):
        if cell.field in scope.model.fields:
            found.setdefault(cell.field, {})[cell.places] = cell.values[code]
    return found


def test_what_is_said_of_sums_is_true_of_them() -> None:
    """The facts about sums, after a step and between sums, hold of the sums that the plain reading makes."""
    scope, dice = alike(hosts=2, vms=3, vmotion="on"), random.Random(5)
    kernel, checked = kernel_for(scope), 0
    for _ in range(150):
        packed = arbitrary(scope, dice)
        enabled = [kernel.instance(position) for position in kernel.enabled(packed)]
        touching = [i for i in enabled if {"reserved", "copy"} & scope.traces[i.action.name].written()]
        if touching:
            checked += assert_sums(scope, packed, dice.choice(touching))
    assert checked > 20


def assert_sums(scope: Scope, packed: Packed, instance: Instance) -> bool:
    """Hold what is said of the sums of reservations against what they are; False: there is no such step."""
    try:
        later = plain.run(scope, packed, instance)
    except plain.ModelError:
        return False
    known, trace = Known(scope, packed), scope.traces[instance.action.name]
    env = known.arguments(instance)
    after = After(known, trace.writes, env, known.sums)
    points = [env[var.name] for var in trace.parameters if var.domain == Member(VM)]
    old, new, sums = Sums(known.universe), Sums(known.universe, "'"), reservation_sums(scope)
    solver = z3.Solver()
    solver.add(*sum_values(scope, old, sums, packed), *sum_values(scope, new, sums, later))
    assert solver.check() == z3.sat
    hosts = {Member(Host): [constant for _, constant in known.universe.all_values(Member(Host)) or []]}
    for found in sums:
        for at in environments(found, hosts):
            said = [*change_of(found, known, after, old, new, points, at)]
            for fact in [*said, *comparisons(found, sums, known, old, at)]:
                assert solver.check(z3.Not(fact)) == z3.unsat
    return True


def reservation_sums(scope: Scope) -> list[Sum]:
    bodies = [
        scope.statement(p).bodies[0] for p in (safety.reservations_fit, lemmas.reserved_capacity_is_there)
    ]
    return [sum_of(term) for body in bodies for term in walk(body) if isinstance(term, Total)]


def sum_values(scope: Scope, values: Sums, sums: list[Sum], packed: Packed) -> Iterator[Any]:
    """What the sums are in a state."""
    for found in sums:
        for host in scope.sorts[Host]:
            number = Evaluator(scope, packed).value(found.term, {found.free[0].name: host})
            yield values.function(found)(values.universe.value(host, Member(Host))) == number
