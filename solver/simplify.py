"""Simplified ground terms: the connectives of ``solver.ground``, with constants folded on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.language.building import compute, interval, join
from ..model.language.domains import BOOL, Domain, Range, domain_of_value
from ..model.language.terms import And, Arithmetic, Const, Equal, Less, Not, Or, Term, Where

TRUE = Const(True, BOOL)
FALSE = Const(False, BOOL)


def constant(value: Any, domain: Domain | None = None) -> Const:
    """An ordinary value as a ground term."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return Const(value, domain_of_value(value) or domain or BOOL)


def is_true(term: Term) -> bool:
    """Whether a ground term is the constant True."""
    return isinstance(term, Const) and term.value is True


def is_false(term: Term) -> bool:
    """Whether a ground term is the constant False."""
    return isinstance(term, Const) and term.value is False


def conjunction(parts: Iterator[Term] | list[Term] | tuple[Term, ...]) -> Term:
    """All of the parts, simplified; stops at the first that is False."""
    kept: list[Term] = []
    for part in parts:
        if is_false(part):
            return FALSE
        if isinstance(part, And):
            kept.extend(part.parts)
        elif not is_true(part):
            kept.append(part)
    return TRUE if not kept else kept[0] if len(kept) == 1 else And(tuple(kept))


def disjunction(parts: Iterator[Term] | list[Term] | tuple[Term, ...]) -> Term:
    """Some of the parts, simplified; stops at the first that is True."""
    kept: list[Term] = []
    for part in parts:
        if is_true(part):
            return TRUE
        if isinstance(part, Or):
            kept.extend(part.parts)
        elif not is_false(part):
            kept.append(part)
    return FALSE if not kept else kept[0] if len(kept) == 1 else Or(tuple(kept))


def opposite(part: Term) -> Term:
    """The negation, simplified."""
    if isinstance(part, Const):
        return FALSE if part.value else TRUE
    return part.part if isinstance(part, Not) else Not(part)


def equality(left: Term, right: Term) -> Term:
    """``left == right``, simplified."""
    if isinstance(left, Const) and isinstance(right, Const):
        return TRUE if same_value(left.value, right.value) else FALSE
    if isinstance(left, Where) and isinstance(right, Const):
        yes, otherwise = equality(left.yes, right), equality(left.otherwise, right)
        if isinstance(yes, Const) or isinstance(otherwise, Const):
            return choice(left.condition, yes, otherwise)
    if isinstance(right, Where) and isinstance(left, Const):
        return equality(right, left)
    if left.domain == BOOL:
        return _boolean_equality(left, right)
    return FALSE if _apart(left.domain, right.domain) else Equal(left, right)


def _apart(one: Domain, other: Domain) -> bool:
    """Whether both are ranges without a common number."""
    if not (isinstance(one, Range) and isinstance(other, Range)):
        return False
    return one.high < other.low or other.high < one.low


def _boolean_equality(left: Term, right: Term) -> Term:
    if isinstance(left, Const):
        return right if left.value else opposite(right)
    if isinstance(right, Const):
        return left if right.value else opposite(left)
    return Equal(left, right)


def same_value(one: Any, other: Any) -> bool:
    """Equality of ordinary values of one domain."""
    return one is other or (isinstance(one, int) and isinstance(other, int) and one == other)


def order(left: Term, right: Term) -> Term:
    """``left < right``, simplified by the intervals of both sides."""
    one, other = left.domain, right.domain
    if isinstance(one, Range) and isinstance(other, Range):
        if one.high < other.low:
            return TRUE
        if one.low >= other.high:
            return FALSE
    return Less(left, right)


def combination(operator: str, left: Term, right: Term) -> Term:
    """Arithmetic, simplified."""
    if isinstance(left, Const) and isinstance(right, Const):
        return constant(compute(operator, left.value, right.value))
    if operator in "+-" and isinstance(right, Const) and right.value == 0:
        return left
    if operator == "+" and isinstance(left, Const) and left.value == 0:
        return right
    return Arithmetic(operator, left, right, interval(operator, left.domain, right.domain))


def choice(condition: Term, yes: Term, otherwise: Term) -> Term:
    """``where(condition, yes, otherwise)``, simplified."""
    if isinstance(condition, Const):
        return yes if condition.value else otherwise
    if yes.domain == BOOL and otherwise.domain == BOOL:
        return disjunction([conjunction([condition, yes]), conjunction([opposite(condition), otherwise])])
    if isinstance(yes, Const) and isinstance(otherwise, Const) and same_value(yes.value, otherwise.value):
        return yes
    return Where(condition, yes, otherwise, join(yes.domain, otherwise.domain))
