"""Sums over a sort of any size: each becomes a function, and what a step does to it is derived.

``total(VM, lambda v: body(v, host))`` is a function of ``host``. Of an action that writes the points
``p``, …: where the body is the same (no greater, no smaller) everywhere else, the new sum is (is at most, at
least) the old one and what the points changed. Both halves are questions to Z3 of their own; nothing is
assumed that was not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import z3

from ...model.language.domains import Domain
from ...model.language.terms import Binder, Count, Term, Total, Var, children
from ...model.language.wording import show
from .encoding import Environment, StateView, encode, summand
from .universe import Expr, Universe, choice, conjunction, disjunction, equality, negation


@dataclass(frozen=True)
class Sum:
    """A sum up to the names of its variables: ``free`` are its own parameters, ``key`` names it."""

    key: str
    term: Count | Total
    free: tuple[Var, ...]


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
        outside = {
            slot.name: renamed(value, names)
            for slot in fields(term)
            if isinstance(value := getattr(term, slot.name), Term) and slot.name not in ("var", "body")
        }
        body = renamed(term.body, {**names, term.var.name: new})
        return replace(term, var=Var(new, term.var.domain), body=body, **outside)
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


Bodies = Callable[[Environment], Expr]


@dataclass(frozen=True)
class Link:
    """A fact about two sums, and what has to be shown before it may be used."""

    name: str
    needs: Expr
    fact: Expr


def change_of(
    found: Sum, before: StateView, after: StateView, old: Sums, new: Sums, points: list[Expr]
) -> Iterator[Link]:
    """How an action changes a sum: at most, and at least, by what it writes at the points."""
    for name, compare in (("at most", _no_greater), ("at least", _no_smaller)):

        def elsewhere(env: Environment, x: Expr, compare: Compare = compare) -> Expr:
            at = {**env, found.term.var.name: x}
            same = compare(summand(after, found.term, at), summand(before, found.term, at))
            return disjunction([*(equality(x, point) for point in points), same])

        def changed(env: Environment, compare: Compare = compare) -> Expr:
            delta = _delta(found, before, after, points, env)
            arguments = [env[var.name] for var in found.free]
            return compare(new.function(found)(*arguments), old.function(found)(*arguments) + delta)

        domain = found.term.var.domain
        needs = for_all(
            before.universe,
            found.free,
            lambda env, elsewhere=elsewhere: before.universe.forall(  # type: ignore[misc]
                "x", domain, lambda x: elsewhere(env, x)
            ),
        )
        yield Link(f"{found.key}: {name}", needs, for_all(before.universe, found.free, changed))


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


def for_all(
    universe: Universe, variables: tuple[Var, ...], body: Bodies, env: Environment | None = None
) -> Expr:
    """A condition for all values of some variables."""
    env = {} if env is None else env
    if not variables:
        return body(env)
    first, *rest = variables
    return universe.forall(
        first.name, first.domain, lambda value: for_all(universe, tuple(rest), body, {**env, first.name: value})
    )


def comparisons(sums: list[Sum], state: StateView, values: Sums) -> Iterator[Link]:
    """Of two sums over one sort: where no member adds more to the first, it is no greater."""
    for one in sums:
        for other in sums:
            if one.key != other.key and _alike(one, other):
                yield _comparison(one, other, state, values)


def _alike(one: Sum, other: Sum) -> bool:
    domains: Callable[[Sum], list[Domain]] = lambda s: [s.term.var.domain, *(v.domain for v in s.free)]
    return domains(one) == domains(other)


def _comparison(one: Sum, other: Sum, state: StateView, values: Sums) -> Link:
    theirs = {mine.name: var.name for mine, var in zip(one.free, other.free, strict=True)}

    def environment(env: Environment) -> dict[str, Expr]:
        return {theirs[name]: value for name, value in env.items()}

    def smaller(env: Environment, x: Expr) -> Expr:
        left = summand(state, one.term, {**env, one.term.var.name: x})
        right = summand(state, other.term, {**environment(env), other.term.var.name: x})
        return left <= right

    def fact(env: Environment) -> Expr:
        left = values.function(one)(*[env[var.name] for var in one.free])
        return left <= values.function(other)(*[env[var.name] for var in one.free])

    domain = one.term.var.domain
    needs = for_all(
        state.universe, one.free, lambda env: state.universe.forall("x", domain, lambda x: smaller(env, x))
    )
    return Link(f"{one.key} <= {other.key}", needs, for_all(state.universe, one.free, fact))
