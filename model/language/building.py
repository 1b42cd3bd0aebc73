"""Building terms: the operators of the language, each checking the domains of its operands."""

from __future__ import annotations

from collections.abc import Callable

from .domains import (
    BOOL,
    INTEGER,
    NOBODY,
    Choice,
    Domain,
    Integer,
    MaybeMember,
    Member,
    Range,
    comparable,
    domain_of_value,
)
from .misuse import complain
from .terms import POISON, And, Arithmetic, Const, Equal, Less, Not, Or, Term, Where


def lift(value: object, like: Domain | None = None) -> Term:
    """An ordinary value as a term; misuse is reported and gives POISON."""
    if isinstance(value, Term):
        return value
    if value is NOBODY and isinstance(like, MaybeMember):
        return Const(NOBODY, like)
    domain = domain_of_value(value)
    if domain is not None:
        return Const(value, domain)
    values = "a bool, a whole number, an enumeration member, a member of a sort, or NOBODY (Maybe fields)"
    complain(f"{value!r} is not a value of the language", values if like is None else _value_of(like, values))
    return POISON


def truth(value: object) -> Term:
    """A condition as a term; anything but a truth value is reported."""
    term = lift(value)
    if term.domain != BOOL:
        complain(
            f"a condition is needed here, not a value of {term.domain}",
            "a comparison: s.phase[vm] == Phase.IDLE",
        )
        return POISON
    return term


def number(value: object) -> Term:
    """A number as a term; anything else is reported."""
    term = lift(value)
    if not isinstance(term.domain, (Range, Integer)) and term is not POISON:
        complain(
            f"a number is needed here, not a value of {term.domain}", "where(condition, 1, 0), or s.count(…)"
        )
        return POISON
    return term


def both(one: object, other: object) -> Term:
    """``one & other`` on truth values."""
    parts = (truth(one), truth(other))
    return POISON if poisoned(parts) else And(parts)


def either(one: object, other: object) -> Term:
    """``one | other`` on truth values."""
    parts = (truth(one), truth(other))
    return POISON if poisoned(parts) else Or(parts)


def negation(value: object) -> Term:
    """``no(value)``."""
    part = truth(value)
    return POISON if part is POISON else Not(part)


def poisoned(parts: tuple[Term, ...]) -> bool:
    """Whether one of the parts was reported already."""
    return any(part is POISON for part in parts)


def equal(one: object, other: object) -> Term:
    """``one == other``; the domains must be comparable."""
    like = one.domain if isinstance(one, Term) else other.domain if isinstance(other, Term) else None
    left, right = lift(one, like), lift(other, like)
    if poisoned((left, right)):
        return POISON
    if not comparable(left.domain, right.domain):
        complain(
            f"values of {left.domain} and {right.domain} can never be equal",
            _comparison_cure(left.domain, right.domain),
        )
        return POISON
    return Equal(left, right)


def _comparison_cure(left: Domain, right: Domain) -> str:
    both_sides = "values of one domain on both sides"
    return next((cure for d in (left, right) if (cure := _value_of(d, both_sides)) != both_sides), both_sides)


def _value_of(domain: Domain, otherwise: str) -> str:
    """How a value of a domain is written, for a cure."""
    if isinstance(domain, Choice):
        return f"a member of the enumeration: {domain.of.__name__}.{next(iter(domain.of)).name}"
    if isinstance(domain, Member | MaybeMember):
        return f"a parameter or variable of sort {domain.of.__name__}"
    return otherwise


def less(one: object, other: object) -> Term:
    """``one < other`` on numbers."""
    left, right = number(one), number(other)
    return POISON if poisoned((left, right)) else Less(left, right)


def arithmetic(operator: str, one: object, other: object) -> Term:
    """``+``, ``-`` or ``*`` on numbers; the result's interval is computed."""
    left, right = number(one), number(other)
    if poisoned((left, right)):
        return POISON
    return Arithmetic(operator, left, right, interval(operator, left.domain, right.domain))


_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def compute(operator: str, left: int, right: int) -> int:
    """The ordinary meaning of an arithmetic operator."""
    return _OPERATORS[operator](left, right)


def interval(operator: str, left: Domain, right: Domain) -> Domain:
    """The numbers that ``left operator right`` can give."""
    if not (isinstance(left, Range) and isinstance(right, Range)):
        return INTEGER
    ends = [compute(operator, a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Range(min(ends), max(ends))


def choose(condition: object, yes: object, otherwise: object) -> Term:
    """``where(condition, yes, otherwise)``: both sides have one kind of value."""
    test = truth(condition)
    like = next((side.domain for side in (yes, otherwise) if isinstance(side, Term)), None)
    one, other = lift(yes, like), lift(otherwise, like)
    if poisoned((test, one, other)):
        return POISON
    if not comparable(one.domain, other.domain):
        complain(f"where(…) gives {one.domain} or {other.domain}", "values of one domain on both sides")
        return POISON
    return Where(test, one, other, join(one.domain, other.domain))


def join(one: Domain, other: Domain) -> Domain:
    """The smallest domain that holds the values of both."""
    if isinstance(one, Range) and isinstance(other, Range):
        return Range(min(one.low, other.low), max(one.high, other.high))
    if isinstance(one, Integer) or isinstance(other, Integer):
        return INTEGER
    return other if isinstance(one, Member) and isinstance(other, MaybeMember) else one
