"""Sorts, enumerations and ranges: what a field can hold and what it is indexed by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Self


class Sort:
    """A kind of thing of which a scope has finitely many: ``class Host(Sort): ...``.

    An instance is one member, known by its name: ``Host("A")`` is always the same object.
    """

    __slots__ = ("name",)
    name: str
    _members: ClassVar[dict[str, Self]]

    def __init_subclass__(cls) -> None:
        cls._members = {}

    def __new__(cls, name: str) -> Self:
        known = cls._members.get(name)
        if known is None:
            known = super().__new__(cls)
            known.name = name
            cls._members[name] = known
        return known

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.name,)


class Nobody:
    """The type of NOBODY."""

    def __repr__(self) -> str:
        return "NOBODY"

    def __reduce__(self) -> str:
        return "NOBODY"


NOBODY: Final = Nobody()
"""The absent value of a ``Maybe(Host)`` field. It is no member of any sort."""

Members = Mapping[type[Sort], tuple[Sort, ...]]
"""The members that a scope gives to each sort."""


@dataclass(frozen=True)
class Domain:
    """The values that a field, a parameter or a term can take."""

    def values(self, members: Members) -> tuple[Any, ...]:
        """All values in a scope with these members, in code order."""
        raise TypeError(f"{self} has no finite list of values")


@dataclass(frozen=True)
class Bool(Domain):
    """True or False."""

    def values(self, members: Members) -> tuple[bool, ...]:
        return (False, True)

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Range(Domain):
    """The whole numbers from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"Range({self.low}, {self.high}) is empty: write the smaller bound first")

    def values(self, members: Members) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1))

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


@dataclass(frozen=True)
class Integer(Domain):
    """Any whole number: static fields and sums of them only."""

    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True)
class Choice(Domain):
    """One member of an ``enum.Enum``."""

    of: type[Enum]

    def values(self, members: Members) -> tuple[Enum, ...]:
        return tuple(self.of)

    def __str__(self) -> str:
        return self.of.__name__


@dataclass(frozen=True)
class Member(Domain):
    """One member of a sort."""

    of: type[Sort]

    def values(self, members: Members) -> tuple[Sort, ...]:
        return members[self.of]

    def __str__(self) -> str:
        return self.of.__name__


@dataclass(frozen=True)
class MaybeMember(Domain):
    """One member of a sort, or NOBODY."""

    of: type[Sort]

    def values(self, members: Members) -> tuple[Any, ...]:
        return (NOBODY, *members[self.of])

    def __str__(self) -> str:
        return f"Maybe({self.of.__name__})"


def Maybe(sort: type[Sort]) -> MaybeMember:  # noqa: N802  (reads as a type in a field declaration)
    """The domain of an optional value: ``master = Field(value=Maybe(Host))``."""
    return MaybeMember(sort)


BOOL: Final = Bool()
INTEGER: Final = Integer()


_BY_CLASS: tuple[tuple[type, Callable[[Any], Domain]], ...] = ((Sort, Member), (Enum, Choice))


def domain_of(spec: object) -> Domain:
    """The domain that a declaration names: ``bool``, ``int``, a Range, an Enum, a Sort, ``Maybe(Sort)``.

    Raises TypeError with what may stand there.
    """
    if isinstance(spec, Domain):
        return spec
    if spec is bool:
        return BOOL
    if spec is int:
        return INTEGER
    if isinstance(spec, type):
        for base, make in _BY_CLASS:
            if issubclass(spec, base):
                return make(spec)
    raise TypeError(
        f"{spec!r} is not a domain: write bool, Range(0, 3), an Enum class, a Sort class or Maybe(Host)"
    )


def domain_of_value(value: object) -> Domain | None:
    """The narrowest domain of an ordinary value, or None when the language has no such values."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return Range(value, value)
    if isinstance(value, Enum):
        return Choice(type(value))
    return Member(type(value)) if isinstance(value, Sort) else None


def comparable(one: Domain, other: Domain) -> bool:
    """Whether ``==`` between the two domains makes sense."""
    numbers = (Range, Integer)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return True
    sorts = (Member, MaybeMember)
    if isinstance(one, sorts) and isinstance(other, sorts):
        return one.of is other.of
    return one == other
