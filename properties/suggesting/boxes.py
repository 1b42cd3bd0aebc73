"""Lemmas as boxes: some values of some fields never come together, whatever members the variables stand for.

    no(s.writes[host] & no(s.lock[host]))
    s.count(Host, lambda host: s.lock[vm, host] != Lease.NONE) <= 1

A box is made of looks. A look is a truth value, a member of an enumeration or a number that is read from a
state, at places that are members of a small scope while the box is being found, and variables in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...model.language.domains import BOOL, Choice, Domain, MaybeMember, Member, Range, Sort
from ...model.language.state import Quantity
from ...model.language.terms import And, Const, Count, Equal, Less, Not, Or, Read, Term, Var

Names = Mapping[Sort, Term]
"""The term that stands for every member: a variable, or a member of a scope."""


@dataclass(frozen=True)
class FieldLook:
    """The value of a field at some places; of a field that holds members, whether it is this one."""

    quantity: Quantity
    places: tuple[Any, ...]
    held: Any = None

    @property
    def domain(self) -> Domain:
        """What the look can give."""
        return BOOL if self.held is not None else self.quantity.value

    def members(self) -> Iterator[Sort]:
        """The members that it speaks of."""
        yield from (place for place in (*self.places, self.held) if isinstance(place, Sort))

    def term(self, names: Names) -> Term:
        """The look as a term."""
        places = tuple(
            _named(place, d, names) for place, d in zip(self.places, self.quantity.index, strict=True)
        )
        read = Read(self.quantity.name, places, self.quantity.value)
        return read if self.held is None else Equal(read, _named(self.held, self.quantity.value, names))


@dataclass(frozen=True)
class SameLook:
    """Whether two variables stand for the same member."""

    one: Sort
    other: Sort
    domain: Domain = BOOL

    def members(self) -> Iterator[Sort]:
        """The members that it speaks of."""
        yield from (self.one, self.other)

    def term(self, names: Names) -> Term:
        """The look as a term."""
        return Equal(names[self.one], names[self.other])


@dataclass(frozen=True)
class LessLook:
    """Whether one number is less than another."""

    less: FieldLook
    more: FieldLook
    domain: Domain = BOOL

    def members(self) -> Iterator[Sort]:
        """The members that it speaks of."""
        yield from (*self.less.members(), *self.more.members())

    def term(self, names: Names) -> Term:
        """The look as a term."""
        return Less(self.less.term(names), self.more.term(names))


Look = FieldLook | SameLook | LessLook


def _named(place: Any, domain: Domain, names: Names) -> Term:
    return names[place] if isinstance(place, Sort) else Const(place, domain)


@dataclass(frozen=True)
class Box:
    """What never comes together: each look with the values that it has in the box."""

    parts: frozenset[tuple[Look, frozenset[Any]]]

    def members(self) -> tuple[Sort, ...]:
        """The members that it speaks of, as they appear."""
        return tuple(dict.fromkeys(m for look, _ in self.ordered() for m in look.members()))

    def ordered(self) -> list[tuple[Look, frozenset[Any]]]:
        """The parts in an order that does not change from run to run; what is the same comes last."""
        return sorted(self.parts, key=lambda part: (isinstance(part[0], SameLook), _text(part[0])))

    @property
    def size(self) -> tuple[int, int]:
        """How complicated it is: its looks, and its variables."""
        looks = sum(not isinstance(look, SameLook) for look, _ in self.parts)
        return looks, len(self.members())


def _text(look: Look) -> str:
    match look:
        case FieldLook(quantity=quantity, places=places, held=held):
            return f"{quantity.name}{[str(place) for place in places]}{held}"
        case SameLook(one=one, other=other):
            return f"{one} {other}"
    return f"{_text(look.less)}<{_text(look.more)}"


def variables(members: Iterable[Sort]) -> dict[Sort, Var]:
    """A variable for every member, named after its sort."""
    found: dict[Sort, Var] = {}
    for member in members:
        before = sum(type(known) is type(member) for known in found)
        name = type(member).__name__.lower()
        prefix = ("", "other_", "third_")[before] if before < 3 else f"x{before}_"
        found[member] = Var(f"{prefix}{name}", Member(type(member)))
    return found


def statement(box: Box) -> tuple[tuple[Var, ...], Term]:
    """The lemma that a box is: its parameters and its body."""
    names = variables(box.members())
    twins = _twins(box)
    if twins is None:
        body: Term = Not(_all(_inside(look, values, names) for look, values in box.ordered()))
        return tuple(names.values()), body
    one, other = twins
    counted = [part for part in box.ordered() if one in part[0].members() and other not in part[0].members()]
    rest = [part for part in box.ordered() if not {one, other} & set(part[0].members())]
    var = names.pop(one)
    var = Var(type(one).__name__.lower(), var.domain)
    names.pop(other)
    inner: Names = {**names, one: var}
    count = Count(var, _all(_inside(look, values, inner) for look, values in counted))
    body = Not(Less(Const(1, Range(1, 1)), count))
    if rest:
        body = Or((Not(_all(_inside(look, values, names) for look, values in rest)), body))
    return tuple(names.values()), body


def _twins(box: Box) -> tuple[Sort, Sort] | None:
    """Two different members of which a box says the same: then it says that there is at most one."""
    for look, values in box.ordered():
        if isinstance(look, SameLook) and values == {False}:
            swap = {look.one: look.other, look.other: look.one}  # and the rest of the box as it was
            others = box.parts - {(look, values)}
            apart = all(len(set(swap) & set(part.members())) < 2 for part, _ in others)
            touched = any(set(swap) & set(part.members()) for part, _ in others)
            if apart and touched and {(_swapped(part, swap), v) for part, v in others} == others:
                return look.one, look.other
    return None


def _swapped(look: Look, swap: Mapping[Sort, Sort]) -> Look:
    match look:
        case FieldLook(quantity=quantity, places=places, held=held):
            return FieldLook(quantity, tuple(_other(p, swap) for p in places), _other(held, swap))
        case LessLook(less=less, more=more):
            one, other = _swapped(less, swap), _swapped(more, swap)
            assert isinstance(one, FieldLook)
            assert isinstance(other, FieldLook)
            return LessLook(one, other)
    first, second = sorted((swap.get(look.one, look.one), swap.get(look.other, look.other)), key=str)
    return SameLook(first, second)


def _other(value: Any, swap: Mapping[Sort, Sort]) -> Any:
    return swap.get(value, value) if isinstance(value, Sort) else value


def _all(parts: Iterable[Term]) -> Term:
    found = tuple(parts)
    return found[0] if len(found) == 1 else And(found)


def _inside(look: Look, values: frozenset[Any], names: Names) -> Term:
    """That a look has one of some values, written as shortly as can be."""
    term = look.term(names)
    match look.domain:
        case Range(low=low, high=high):
            return _in_range(term, values, low, high)
        case Choice():
            every = look.domain.values({})
            rest = [value for value in every if value not in values]
            some = [value for value in every if value in values]
            return _one_of(term, some) if len(some) <= len(rest) else _none_of(term, rest)
    return term if True in values else Not(term)


def _in_range(term: Term, values: frozenset[Any], low: int, high: int) -> Term:
    least, most = min(values), max(values)
    if len(values) == most - least + 1 > 1 or (len(values) == 1 and low < high):
        if most == high and least > low:
            return Not(Less(term, Const(least, Range(least, least))))
        if least == low and most < high and len(values) > 1:
            return Not(Less(Const(most, Range(most, most)), term))
    return _one_of(term, sorted(values))


def _one_of(term: Term, values: list[Any]) -> Term:
    parts = tuple(Equal(term, Const(value, term.domain)) for value in values)
    return parts[0] if len(parts) == 1 else Or(parts)


def _none_of(term: Term, values: list[Any]) -> Term:
    parts = tuple(Not(Equal(term, Const(value, term.domain))) for value in values)
    return parts[0] if len(parts) == 1 else And(parts)


def holds_members(domain: Domain) -> bool:
    """Whether a field with this domain holds members of a sort."""
    return isinstance(domain, Member | MaybeMember)
