"""The sorts of a model in Z3: of any size, or with the members of a scope; and the connectives.

The connectives fold what is plain to see (two different members of an enumeration are not equal), which
keeps the new value of a field as short as the action that wrote it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from ...model.language.domains import (
    NOBODY,
    Choice,
    Domain,
    Integer,
    MaybeMember,
    Member,
    Members,
    Range,
    Sort,
)

Expr = Any
"""A Z3 expression, or an ``Optional`` of one."""


@dataclass(frozen=True)
class Optional:
    """An optional member: whether there is one, and which."""

    present: Expr
    member: Expr


TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All parts are true."""
    kept: list[Expr] = []
    for part in parts:
        if z3.is_false(part):
            return FALSE
        if not z3.is_true(part):
            kept.append(part)
    return kept[0] if len(kept) == 1 else z3.And(kept) if kept else TRUE


def disjunction(parts: Iterable[Expr]) -> Expr:
    """Some part is true."""
    return negation(conjunction(negation(part) for part in parts))


def negation(part: Expr) -> Expr:
    """The opposite."""
    if z3.is_true(part) or z3.is_false(part):
        return FALSE if z3.is_true(part) else TRUE
    return part.arg(0) if z3.is_not(part) else z3.Not(part)


def implication(premise: Expr, conclusion: Expr) -> Expr:
    """Where the premise is true the conclusion is."""
    return disjunction([negation(premise), conclusion])


def choice(condition: Expr, yes: Expr, otherwise: Expr) -> Expr:
    """``yes`` where the condition is true, else ``otherwise``."""
    if isinstance(yes, Optional) or isinstance(otherwise, Optional):
        one, other = optional(yes), optional(otherwise)
        return Optional(
            choice(condition, one.present, other.present), choice(condition, one.member, other.member)
        )
    if z3.is_true(condition) or yes.eq(otherwise):
        return yes
    if z3.is_false(condition):
        return otherwise
    if z3.is_bool(yes):
        return _choice_of_truths(condition, yes, otherwise)
    return z3.If(condition, yes, otherwise)


def _choice_of_truths(condition: Expr, yes: Expr, otherwise: Expr) -> Expr:
    if z3.is_true(yes):
        return disjunction([condition, otherwise])
    if z3.is_false(yes):
        return conjunction([negation(condition), otherwise])
    if z3.is_true(otherwise):
        return disjunction([negation(condition), yes])
    if z3.is_false(otherwise):
        return conjunction([condition, yes])
    return z3.If(condition, yes, otherwise)


def optional(value: Expr) -> Optional:
    """A member as an optional one that is there."""
    return value if isinstance(value, Optional) else Optional(TRUE, value)


def equality(left: Expr, right: Expr) -> Expr:
    """``left == right``, decided where both are known constants."""
    if isinstance(left, Optional) or isinstance(right, Optional):
        one, other = optional(left), optional(right)
        both = implication(one.present, equality(one.member, other.member))
        return conjunction([equality(one.present, other.present), both])
    if left.eq(right):
        return TRUE
    if z3.is_bool(left):
        return _equal_truths(left, right)
    if _is_value(left) and _is_value(right):
        return FALSE
    if z3.is_app_of(left, z3.Z3_OP_ITE) and _is_value(right):
        condition, yes, otherwise = left.children()
        return choice(condition, equality(yes, right), equality(otherwise, right))
    return left == right


def _equal_truths(left: Expr, right: Expr) -> Expr:
    for one, other in ((left, right), (right, left)):
        if z3.is_true(one):
            return other
        if z3.is_false(one):
            return negation(other)
    return left == right


def _is_value(expression: Expr) -> bool:
    """Whether an expression is a constant that differs from every other constant."""
    if z3.is_int_value(expression):
        return True
    return bool(z3.is_app_of(expression, z3.Z3_OP_DT_CONSTRUCTOR))


class Universe:
    """Z3 sorts for the domains of a model.

    ``members``: those of a scope; without them every sort has any number of members, and quantifiers
    stay quantifiers. Enumerations are finite in either case.
    """

    def __init__(self, members: Members | None = None) -> None:
        self.members = members
        self._sorts: dict[object, z3.SortRef] = {}
        self._values: dict[object, dict[Any, Expr]] = {}
        self._numbers = itertools.count()

    def sort(self, domain: Domain) -> z3.SortRef:
        """The Z3 sort of a domain (of an optional one, that of its members)."""
        if isinstance(domain, Range | Integer):
            return z3.IntSort()
        if isinstance(domain, Choice):
            return self._enumeration(domain.of, domain.of.__name__, list(domain.of), lambda v: v.name)
        if isinstance(domain, Member | MaybeMember):
            return self._member_sort(domain.of)
        return z3.BoolSort()

    def _member_sort(self, of: type[Sort]) -> z3.SortRef:
        if self.members is not None:
            return self._enumeration(of, of.__name__, self.members[of], lambda v: v.name)
        if of not in self._sorts:
            self._sorts[of] = z3.DeclareSort(of.__name__)
        return self._sorts[of]

    def _enumeration(
        self, key: object, name: str, values: Sequence[Any], named: Callable[[Any], str]
    ) -> z3.SortRef:
        if key not in self._sorts:
            names = [f"{name}.{named(value)}" for value in values]
            sort, constants = z3.EnumSort(f"{name}_{next(_unique)}", names)
            self._sorts[key] = sort
            self._values[key] = dict(zip(values, constants, strict=True))
        return self._sorts[key]

    def value(self, value: Any, domain: Domain) -> Expr:
        """An ordinary value as a Z3 constant."""
        if isinstance(value, bool):
            return z3.BoolVal(value)
        if isinstance(value, int):
            return z3.IntVal(value)
        if value is NOBODY:
            return Optional(FALSE, z3.Const(f"nobody!{domain}", self.sort(domain)))
        sort = self.sort(Choice(type(value)) if isinstance(value, Enum) else Member(type(value)))
        key = type(value)
        if key not in self._values:
            return z3.Const(f"{key.__name__}!{value}", sort)
        return self._values[key][value]

    def all_values(self, domain: Domain) -> list[tuple[Any, Expr]] | None:
        """All values of a finite domain with their constants; None for a sort of any size."""
        if isinstance(domain, Member) and self.members is None:
            return None
        if isinstance(domain, Member):
            self.sort(domain)
            return list(self._values[domain.of].items())
        return [(value, self.value(value, domain)) for value in domain.values({})]

    def fresh(self, name: str, domain: Domain) -> Expr:
        """A new variable, with the same name in every run."""
        return z3.Const(f"{name}!{next(self._numbers)}", self.sort(domain))

    def forall(self, name: str, domain: Domain, body: Callable[[Expr], Expr]) -> Expr:
        """The body is true for every value of the domain."""
        values = self.all_values(domain)
        if values is not None:
            return conjunction(body(constant) for _, constant in values)
        var = self.fresh(name, domain)
        inner = body(var)
        return inner if z3.is_true(inner) or z3.is_false(inner) else z3.ForAll([var], inner)

    def exists(self, name: str, domain: Domain, body: Callable[[Expr], Expr]) -> Expr:
        """The body is true for some value of the domain."""
        return negation(self.forall(name, domain, lambda value: negation(body(value))))


_unique = itertools.count()
"""Numbers for the enumerations of every universe: Z3 wants each to have a name of its own."""
