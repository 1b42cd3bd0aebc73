"""A term in a state as a Z3 expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ...model.language.terms import (
    And,
    Arithmetic,
    At,
    Const,
    Count,
    Equal,
    Exists,
    ForAll,
    Less,
    Not,
    Or,
    Read,
    Term,
    Total,
    Var,
    Where,
)
from .universe import (
    Expr,
    Optional,
    Universe,
    choice,
    conjunction,
    disjunction,
    equality,
    negation,
    optional,
)

Environment = Mapping[str, Expr]
"""The Z3 expression of every variable."""


class StateView(Protocol):
    """A state as the encoding reads it."""

    universe: Universe
    sums: SumsOf

    def read(self, field: str, places: tuple[Expr, ...]) -> Expr:
        """The value of a field or static at some places."""


SumsOf = Callable[[StateView, Count | Total, Environment], Expr]
"""The value of a sum or count over a sort of any size."""


def encode(state: StateView, term: Term, env: Environment) -> Expr:
    """The value of a term in a state, its variables being these expressions."""
    match term:
        case Const(value=value):
            return state.universe.value(value, term.domain)
        case Var(name=name):
            return env[name]
        case Read(field=field, places=places):
            return state.read(field, tuple(encode(state, place, env) for place in places))
        case Not(part=part):
            return negation(encode(state, part, env))
        case And(parts=parts):
            return conjunction(encode(state, part, env) for part in parts)
        case Or(parts=parts):
            return disjunction(encode(state, part, env) for part in parts)
        case Equal() | Less():
            return _comparison(state, term, env)
        case Arithmetic(operator=operator, left=left, right=right):
            return _arithmetic(operator, encode(state, left, env), encode(state, right, env))
        case Where(condition=condition, yes=yes, otherwise=otherwise):
            test = encode(state, condition, env)
            return choice(test, encode(state, yes, env), encode(state, otherwise, env))
    return _bound(state, term, env)


def _arithmetic(operator: str, left: Expr, right: Expr) -> Expr:
    return left + right if operator == "+" else left - right if operator == "-" else left * right


def _bound(state: StateView, term: Term, env: Environment) -> Expr:
    match term:
        case ForAll(var=var, body=body):
            return state.universe.forall(var.name, var.domain, _body(state, body, env, var))
        case Exists(var=var, body=body):
            return state.universe.exists(var.name, var.domain, _body(state, body, env, var))
        case At(value=value, var=var, body=body, absent=absent):
            held: Optional = optional(encode(state, value, env))
            inside = encode(state, body, {**env, var.name: held.member})
            return choice(held.present, inside, encode(state, absent, env))
        case Count() | Total():
            return _sum(state, term, env)
    raise TypeError(f"no Z3 form of {type(term).__name__}")


def _body(state: StateView, body: Term, env: Environment, var: Var) -> Callable[[Expr], Expr]:
    return lambda value: encode(state, body, {**env, var.name: value})


def _sum(state: StateView, term: Count | Total, env: Environment) -> Expr:
    values = state.universe.all_values(term.var.domain)
    if values is None:
        return state.sums(state, term, env)
    parts = [summand(state, term, {**env, term.var.name: constant}) for _, constant in values]
    return sum(parts[1:], start=parts[0]) if parts else state.universe.value(0, term.domain)


def summand(state: StateView, term: Count | Total, env: Environment) -> Expr:
    """What one member adds to a sum or a count."""
    body = encode(state, term.body, env)
    if isinstance(term, Total):
        return body
    one, zero = state.universe.value(1, term.domain), state.universe.value(0, term.domain)
    return choice(body, one, zero)


def _comparison(state: StateView, term: Equal | Less, env: Environment) -> Expr:
    """A count against plain numbers becomes quantifiers; everything else compares two values."""
    for count, other, swapped in ((term.left, term.right, False), (term.right, term.left, True)):
        if isinstance(count, Count) and state.universe.all_values(count.var.domain) is None:
            found = _against(state, count, other, env, _relation(term, swapped))
            if found is not None:
                return found
    left, right = encode(state, term.left, env), encode(state, term.right, env)
    return equality(left, right) if isinstance(term, Equal) else left < right


Relation = Callable[[Callable[[int], Expr], int], Expr]
"""From "at least so many" and a number to the comparison of the count with it."""


def _relation(term: Equal | Less, swapped: bool) -> Relation:
    if isinstance(term, Equal):
        return lambda least, number: conjunction([least(number), negation(least(number + 1))])
    if swapped:
        return lambda least, number: least(number + 1)  # number < count
    return lambda least, number: negation(least(number))  # count < number


def _against(
    state: StateView, count: Count, other: Term, env: Environment, relation: Relation
) -> Expr | None:
    """A count against a number, or against one of two; None where the other side is something else."""
    if isinstance(other, Const):
        number: int = other.value
        return relation(lambda least: at_least(state, count, least, env), number)
    if isinstance(other, Where):
        yes = _against(state, count, other.yes, env, relation)
        otherwise = _against(state, count, other.otherwise, env, relation)
        if yes is not None and otherwise is not None:
            return choice(encode(state, other.condition, env), yes, otherwise)
    return None


def at_least(state: StateView, count: Count, least: int, env: Environment) -> Expr:
    """There are so many different members for which the body is true."""
    universe, var = state.universe, count.var

    def more(found: list[Expr]) -> Expr:
        if len(found) >= least:
            return conjunction([])

        def one(member: Expr) -> Expr:
            new = [negation(equality(member, known)) for known in found]
            inside = encode(state, count.body, {**env, var.name: member})
            return conjunction([*new, inside, more([*found, member])])

        return universe.exists(var.name, var.domain, one)

    return more([])


def closed(
    state: StateView, parameters: tuple[Var, ...], body: Term, first: list[Expr] | None = None
) -> Expr:
    """A statement with its parameters bound: true for all of them.

    ``first``: the members for which alone it is said, as first parameter. That is less, and often enough.
    """
    if first is not None:
        name, rest = parameters[0].name, parameters[1:]
        return conjunction(_closed(state, rest, body, {name: member}) for member in first)
    return _closed(state, parameters, body, {})


def _closed(state: StateView, parameters: tuple[Var, ...], body: Term, env: Environment) -> Expr:
    if not parameters:
        return encode(state, body, env)
    first, rest = parameters[0], parameters[1:]
    return state.universe.forall(
        first.name, first.domain, lambda value: _closed(state, rest, body, {**env, first.name: value})
    )
