"""Sums over a sort of any size: each becomes a function, and what a step does to it is derived.

``total(VM, lambda v: body(v, host))`` is a function of ``host``. What is said of it is true of finite sums:
*where* the body is the same everywhere but at some points, the new sum is the old one and what these changed.
That the action writes only these points is part of the question, never assumed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial

import z3

from ...model.language.domains import Domain
from ...model.language.terms import At, Binder, Count, Term, Total, Var, children
from ...model.language.wording import show
from .encoding import Environment, StateView, summand
from .universe import Expr, Universe, choice, disjunction, equality, implication


@dataclass(frozen=True)
class Sum:
    """A sum up to the names of its variables: ``free`` are its own parameters, ``key`` names it."""

    key: str
    term: Count | Total
    free: tuple[Var, ...]

    def free_domains(self) -> list[Domain]:
        """The domains of the member that is summed over, and of the parameters."""
        return [self.term.var.domain, *(var.domain for var in self.free)]


def free_variables(term: Term) -> list[Var]:
    """The variables that a term does not bind, in order of appearance."""
    if isinstance(term, Var):
        return [term]
    found: dict[str, Var] = {}
    for child in children(term):
        inner = free_variables(child)
        bound = term.var.name if isinstance(term, Binder) and child is term.body else None
        found |= {var.name: var for var in inner if var.name != bound and var.name not in found}
    return list(found.values())


def renamed(term: Term, names: dict[str, str]) -> Term:
    """The term with variables renamed; bound ones get new names by depth."""
    if isinstance(term, Var):
        return Var(names.get(term.name, term.name), term.domain)
    if isinstance(term, Binder):
        new = f"x{len(names)}"
        inside = renamed(term.body, {**names, term.var.name: new})
        if isinstance(term, At):
            value, absent = renamed(term.value, names), renamed(term.absent, names)
            return At(value, Var(new, term.var.domain), inside, absent, term.domain)
        return replace(term, var=Var(new, term.var.domain), body=inside)
    changed: dict[str, object] = {}
    for slot in fields(term):  # type: ignore[arg-type]
        value = getattr(term, slot.name)
        if isinstance(value, Term):
            changed[slot.name] = renamed(value, names)
        elif isinstance(value, tuple):
            changed[slot.name] = tuple(renamed(part, names) for part in value)
    return replace(term, **changed) if changed else term  # type: ignore[type-var]


def sum_of(term: Count | Total) -> Sum:
    """The sum that a term means, whatever its variables are called."""
    free = free_variables(term)
    names = {var.name: f"p{i}" for i, var in enumerate(free)}
    plain = renamed(term, names)
    assert isinstance(plain, Count | Total)
    return Sum(show(plain), plain, tuple(Var(names[var.name], var.domain) for var in free))


class Sums:
    """The sums of one state; ``mark`` tells the states of a step apart."""

    def __init__(self, universe: Universe, mark: str = "") -> None:
        self.universe = universe
        self.mark = mark
        self.known: dict[str, Sum] = {}

    def __call__(self, state: StateView, term: Count | Total, env: Environment) -> Expr:
        """The value of a sum: its function at its parameters."""
        found = sum_of(term)
        self.known[found.key] = found
        arguments = [env[var.name] for var in free_variables(term)]
        return self.function(found)(*arguments)

    def function(self, found: Sum) -> z3.FuncDeclRef:
        """The function of a sum in this state."""
        sorts = [self.universe.sort(var.domain) for var in found.free]
        return z3.Function(f"{found.key}{self.mark}", *sorts, z3.IntSort())


def change_of(
    found: Sum,
    before: StateView,
    after: StateView,
    old: Sums,
    new: Sums,
    points: list[Expr],
    env: Environment,
) -> Iterator[Expr]:
    """How a step changes a sum: what it is no greater, and no smaller, than by what changes at the points.

    True of every finite sum: where no other member adds more than before, the new sum is at most the old one
    and the change at the points; and the other way round.
    """
    arguments = [env[var.name] for var in found.free]
    delta = _delta(found, before, after, points, env)
    for compare in (_no_greater, _no_smaller):

        def elsewhere(x: Expr, compare: Compare = compare) -> Expr:
            at = {**env, found.term.var.name: x}
            same = compare(summand(after, found.term, at), summand(before, found.term, at))
            return disjunction([*(equality(x, point) for point in points), same])

        only_there = before.universe.forall("x", found.term.var.domain, elsewhere)
        sums = compare(new.function(found)(*arguments), old.function(found)(*arguments) + delta)
        yield implication(only_there, sums)


def _delta(found: Sum, before: StateView, after: StateView, points: list[Expr], env: Environment) -> Expr:
    """What the points change in a sum, each counted once."""
    zero = z3.IntVal(0)
    delta: Expr = zero
    for i, point in enumerate(points):
        at = {**env, found.term.var.name: point}
        change = summand(after, found.term, at) - summand(before, found.term, at)
        again = disjunction([equality(point, other) for other in points[:i]])
        delta = delta + choice(again, zero, change)
    return delta


Compare = Callable[[Expr, Expr], Expr]


def _no_greater(one: Expr, other: Expr) -> Expr:
    return one <= other


def _no_smaller(one: Expr, other: Expr) -> Expr:
    return one >= other


def comparisons(
    one: Sum, others: list[Sum], state: StateView, values: Sums, env: Environment
) -> Iterator[Expr]:
    """Where no member adds more to a sum than to another it is no greater; a sum of nothing is nothing.

    True of every finite sum. ``env``: the members that the sums' parameters stand for.
    """
    domain, arguments = one.term.var.domain, list(env.values())
    here = values.function(one)(*arguments)

    def added(to: Sum, x: Expr) -> Expr:
        return summand(state, to.term, {**env, to.term.var.name: x})

    def below(limit: Callable[[Expr], Expr]) -> Expr:
        return state.universe.forall("x", domain, lambda x: added(one, x) <= limit(x))

    yield implication(below(lambda x: z3.IntVal(0)), here <= z3.IntVal(0))
    for other in others:
        if other.key != one.key:
            greater = values.function(other)(*arguments)
            yield implication(below(partial(added, other)), here <= greater)


def environments(found: Sum, known: Mapping[Domain, list[Expr]]) -> Iterator[dict[str, Expr]]:
    """The members that the parameters of a sum may stand for in a question."""
    choices = [known.get(var.domain, []) for var in found.free]
    for members in itertools.product(*choices):
        yield {var.name: member for var, member in zip(found.free, members, strict=True)}
