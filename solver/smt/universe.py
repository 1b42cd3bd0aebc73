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
_plain: dict[int, Expr] = {}
"""The constants that differ from every other constant, by identity: Z3 is slow to ask from Python."""


def plain_constant(constant: Expr) -> Expr:
    """Take note that a constant differs from every other such constant of its sort."""
    _plain[id(constant)] = constant
    return constant


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All parts are true."""
    kept: list[Expr] = []
    for part in parts:
        if part is FALSE:
            return FALSE
        if part is not TRUE:
            kept.append(part)
    return kept[0] if len(kept) == 1 else z3.And(kept) if kept else TRUE


def disjunction(parts: Iterable[Expr]) -> Expr:
    """Some part is true."""
    kept: list[Expr] = []
    for part in parts:
        if part is TRUE:
            return TRUE
        if part is not FALSE:
            kept.append(part)
    return kept[0] if len(kept) == 1 else z3.Or(kept) if kept else FALSE


def negation(part: Expr) -> Expr:
    """The opposite."""
    if part is TRUE or part is FALSE:
        return FALSE if part is TRUE else TRUE
    return z3.Not(part)


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
    if condition is TRUE or yes is otherwise:
        return yes
    if condition is FALSE:
        return otherwise
    if yes is TRUE or otherwise is FALSE:
        return disjunction([condition, otherwise]) if yes is TRUE else conjunction([condition, yes])
    if yes is FALSE or otherwise is TRUE:
        no = negation(condition)
        return conjunction([no, otherwise]) if yes is FALSE else disjunction([no, yes])
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
    for one, other in ((left, right), (right, left)):
        if one is TRUE or one is FALSE:
            return other if one is TRUE else negation(other)
    if left is right:
        return TRUE
    if id(left) in _plain and id(right) in _plain:
        return FALSE
    if id(right) in _plain and z3.is_app_of(left, z3.Z3_OP_ITE):
        condition, yes, otherwise = left.children()
        return choice(condition, equality(_known(yes), right), equality(_known(otherwise), right))
    return TRUE if left.eq(right) else left == right


def _known(expression: Expr) -> Expr:
    """A constant that came out of Z3 as the object that stands for it here."""
    if z3.is_app_of(expression, z3.Z3_OP_DT_CONSTRUCTOR):
        return next((known for known in _plain.values() if known.eq(expression)), expression)
    return expression


class Universe:
    """Z3 sorts for the domains of a model.

    ``members``: those of a scope; without them every sort has any number of members, and quantifiers
    stay quantifiers. Enumerations are finite in either case.
    """

    def __init__(self, members: Members | None = None) -> None:
        self.members = members
        self._sorts: dict[object, z3.SortRef] = {}
        self._values: dict[object, dict[Any, Expr]] = {}
        self._integers: dict[int, Expr] = {}
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
            self._values[key] = dict(zip(values, map(plain_constant, constants), strict=True))
        return self._sorts[key]

    def value(self, value: Any, domain: Domain) -> Expr:
        """An ordinary value as a Z3 constant."""
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if isinstance(value, int):
            if value not in self._integers:
                self._integers[value] = plain_constant(z3.IntVal(value))
            return self._integers[value]
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
        return inner if inner is TRUE or inner is FALSE else z3.ForAll([var], inner)

    def exists(self, name: str, domain: Domain, body: Callable[[Expr], Expr]) -> Expr:
        """The body is true for some value of the domain."""
        values = self.all_values(domain)
        if values is not None:
            return disjunction(body(constant) for _, constant in values)
        var = self.fresh(name, domain)
        inner = body(var)
        return inner if inner is TRUE or inner is FALSE else z3.Exists([var], inner)


_unique = itertools.count()
"""Numbers for the enumerations of every universe: Z3 wants each to have a name of its own."""
