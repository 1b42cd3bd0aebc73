"""A failed induction as a small cluster: few members, few values that are not the first of their domain.

The question is asked again over sorts with so many members, where quantifiers are connectives and sums are
sums; what Z3 answers is a state, fixed data included, that the plain reading can take the step from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from ...model.language.domains import NOBODY, Domain, Integer, MaybeMember, Members, Sort
from ...model.language.plain import Packed
from ...model.language.predicates import Predicate
from ...model.language.scope import Instance, Places, Scope, budget_name
from ...model.language.state import Quantity
from .encoding import closed
from .obligations import Theory, numbers_in_range
from .states import Before
from .sums import Sums
from .universe import Expr, Optional, equality, negation

Sizes = Mapping[type[Sort], int]
MOST_MEMBERS = 3
LARGE = 1
"""Budgets of a small case: faults are not limited in a proof, but a search of it has to end."""


@dataclass(frozen=True)
class SmallCase:
    """A state of a small scope, and the action instance after which the invariant is broken."""

    scope: Scope
    before: Packed
    instance: Instance | None


def sizes_of(scope: Scope, most: int = MOST_MEMBERS) -> Iterator[dict[type[Sort], int]]:
    """Small sizes for the sorts, the smallest sum first."""
    sorts = list(scope.members)
    choices = itertools.product(range(1, most + 1), repeat=len(sorts))
    for numbers in sorted(choices, key=lambda n: (sum(n), n)):
        yield dict(zip(sorts, numbers, strict=True))


def members_of(sizes: Sizes) -> Members:
    """So many members of each sort, with names of their own."""
    return {
        sort: tuple(sort(f"{sort.__name__.lower()}{i + 1}") for i in range(number))
        for sort, number in sizes.items()
    }


def small_case(
    scope: Scope,
    invariants: Mapping[str, Predicate],
    action: str | None,
    broken: str,
    sizes: Sizes,
    without: frozenset[str] = frozenset(),
) -> SmallCase | None:
    """A state of these sizes with all invariants, from which the action (None: the start) breaks one."""
    members = members_of(sizes)
    theory = Theory(scope, invariants, members)
    question = _Question(theory, action, broken, without)
    return question.answered(scope, members)


class _Question:
    """One obligation over the members of a small scope."""

    def __init__(self, theory: Theory, action: str | None, broken: str, without: frozenset[str]) -> None:
        self.theory = theory
        self.solver = z3.Solver()
        self.solver.set("timeout", 20_000)
        hypotheses = theory.axioms() | (theory.assumed() if action is not None else theory.initial())
        state: Any = theory.before
        self.action = None
        self.parameters: list[Expr] = []
        if action is not None:
            step = theory.step(action)
            hypotheses = hypotheses | step.guards
            state, self.action = step.after, theory.scope.model.actions[action]
            self.parameters = [given for _, given in step.arguments()]
            self.solver.add(*numbers_in_range(step.arguments()))
        self.solver.add(*(formula for name, formula in hypotheses.items() if name not in without))
        self.solver.add(negation(theory.goal(theory.invariants[broken], state)))
        self.solver.add(*theory.numbers(theory.invariants[broken]))
        self.solver.add(*self._some_start())

    def _some_start(self) -> Iterator[Expr]:
        """That the fixed data leave a state for a run to start from."""
        universe, mark = self.theory.universe, "start "
        start = Before(universe, self.theory.scope.model, Sums(universe, mark), mark)
        for predicate in self.theory.scope.initial_predicates():
            statement = self.theory.statement(predicate)
            yield closed(start, statement.parameters, statement.bodies[0])

    def answered(self, scope: Scope, members: Members) -> SmallCase | None:
        """The case that Z3 finds, made plain; None when there is none of these sizes."""
        if self.solver.check() != z3.sat:
            return None
        self._prefer_first_values()
        model = self._model()
        statics = {s.name: self._table(model, s) for s in scope.model.statics.values()}
        small = small_scope(scope, members, statics)
        fields = {f.name: self._table(model, f) for f in scope.model.fields.values()}
        declared = self.action.parameters if self.action is not None else ()
        pairs = zip(self.parameters, declared, strict=True)
        arguments = tuple(value_in(self.theory, model, given, parameter.domain) for given, parameter in pairs)
        instance = None if self.action is None else Instance(self.action, arguments)
        return SmallCase(small, _packed(small, fields), instance)

    def _model(self) -> z3.ModelRef:
        assert self.solver.check() == z3.sat
        return self.solver.model()

    def _prefer_first_values(self) -> None:
        """Let as many places as possible have the first value of their domain."""
        model = self.theory.scope.model
        for quantity in (*model.statics.values(), *model.fields.values()):
            wishes = list(self._wishes(quantity))
            if not self._granted(wishes):
                for wish in wishes:
                    self._granted([wish])

    def _wishes(self, quantity: Quantity) -> Iterator[Expr]:
        default = getattr(quantity, "default", None)
        first = _first_value(self.theory, quantity.value)
        if default is not None:
            first = self.theory.universe.value(default, quantity.value)
        for at, _ in places_of(self.theory, quantity):
            yield equality(self.theory.before.read(quantity.name, at), first)

    def _granted(self, wishes: Sequence[Expr]) -> bool:
        if self.solver.check(*wishes) != z3.sat:
            return False
        self.solver.add(*wishes)
        return True

    def _table(self, model: z3.ModelRef, quantity: Quantity) -> dict[Places, Any]:
        return {
            places: value_in(self.theory, model, self.theory.before.read(quantity.name, at), quantity.value)
            for at, places in places_of(self.theory, quantity)
        }


def places_of(theory: Theory, quantity: Quantity) -> Iterator[tuple[tuple[Expr, ...], Places]]:
    """All places of a field or static over the members of a small scope, in Z3 and plain."""
    values = [theory.universe.all_values(domain) or [] for domain in quantity.index]
    for pairs in itertools.product(*values):
        yield tuple(constant for _, constant in pairs), tuple(value for value, _ in pairs)


def value_in(theory: Theory, model: z3.ModelRef, expression: Expr, domain: Domain) -> Any:
    """The ordinary value that an expression has in a model."""
    if isinstance(expression, Optional):
        if not z3.is_true(model.eval(expression.present, model_completion=True)):
            return NOBODY
        expression = expression.member
    value = model.eval(expression, model_completion=True)
    if z3.is_bool(value):
        return z3.is_true(value)
    if z3.is_int_value(value):
        return value.as_long()
    known = theory.universe.all_values(_of_members(domain)) or []
    return next(ordinary for ordinary, constant in known if constant.eq(value))


def _of_members(domain: Domain) -> Domain:
    from ...model.language.domains import Member

    return Member(domain.of) if isinstance(domain, MaybeMember) else domain


def _first_value(theory: Theory, domain: Domain) -> Expr:
    universe = theory.universe
    if isinstance(domain, Integer):
        return z3.IntVal(0)
    if isinstance(domain, MaybeMember):
        return universe.value(NOBODY, domain)
    known = universe.all_values(domain)
    assert known is not None
    return known[0][1]


def small_scope(scope: Scope, members: Members, statics: Mapping[str, dict[Places, Any]]) -> Scope:
    budgets = dict.fromkeys(scope.all_budgets, LARGE)
    data = {
        name: {(places if len(places) != 1 else places[0]): value for places, value in table.items()}
        for name, table in statics.items()
    }
    sizes = ", ".join(f"{len(found)} {sort.__name__}" for sort, found in members.items())
    return Scope(
        scope.state,
        {sort: [member.name for member in found] for sort, found in members.items()},
        statics=data,
        settings=dict(scope.settings),
        without=scope.without,
        budgets=budgets,
        initial=scope.initial,
        name=sizes,
    )


def _packed(scope: Scope, fields: Mapping[str, dict[Places, Any]]) -> Packed:
    codes = []
    budgets = {budget_name(name) for name in scope.all_budgets}
    for cell in scope.cells:
        value = len(cell.values) - 1 if cell.field in budgets else fields[cell.field][cell.places]
        codes.append(next(code for code, known in enumerate(cell.values) if known is value or known == value))
    return bytes(codes)
