"""Terms: what an expression over a state becomes when a model function is traced.

Each node knows its domain and, where it came from a model's text, its line. ``==``, ``<``, ``&``,
``|``, ``+`` … on terms build terms (``building``); a term used where Python wants a truth value, a number
or a key is a misuse and is reported with its line (``misuse``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Never

from .domains import BOOL, INTEGER, Domain
from .misuse import complain
from .truth import complain_about_number, complain_about_truth


class Term:
    """Base of all nodes: carries the operators of the language."""

    __slots__ = ()
    domain: Domain

    # truth values
    def __and__(self, other: object) -> Term:
        return building.both(self, other)

    def __rand__(self, other: object) -> Term:
        return building.both(other, self)

    def __or__(self, other: object) -> Term:
        return building.either(self, other)

    def __ror__(self, other: object) -> Term:
        return building.either(other, self)

    # comparisons
    def __eq__(self, other: object) -> Term:  # type: ignore[override]
        return building.equal(self, other)

    def __ne__(self, other: object) -> Term:  # type: ignore[override]
        return building.negation(building.equal(self, other))

    def __lt__(self, other: object) -> Term:
        return building.less(self, other)

    def __gt__(self, other: object) -> Term:
        return building.less(other, self)

    def __le__(self, other: object) -> Term:
        return building.negation(building.less(other, self))

    def __ge__(self, other: object) -> Term:
        return building.negation(building.less(self, other))

    # bounded arithmetic
    def __add__(self, other: object) -> Term:
        return building.arithmetic("+", self, other)

    def __radd__(self, other: object) -> Term:
        return building.arithmetic("+", other, self)

    def __sub__(self, other: object) -> Term:
        return building.arithmetic("-", self, other)

    def __rsub__(self, other: object) -> Term:
        return building.arithmetic("-", other, self)

    def __mul__(self, other: object) -> Term:
        return building.arithmetic("*", self, other)

    def __rmul__(self, other: object) -> Term:
        return building.arithmetic("*", other, self)

    # misuse: reported with its line, then tracing goes on with a harmless value
    def __bool__(self) -> bool:
        complain_about_truth()
        return True

    def __index__(self) -> int:
        complain_about_number()
        return 0

    def __int__(self) -> int:
        complain_about_number()
        return 0

    def __float__(self) -> float:
        complain_about_number()
        return 0.0

    def __hash__(self) -> int:
        complain(
            "a value of the state is used as a key (of a dict or a set)",
            "declare a Static or a Field over the sort and index it: s.limit[vm]",
        )
        return id(self)

    def __iter__(self) -> Iterator[Never]:
        complain(
            "a value of the state is used in a loop", "s.forall(Host, lambda h: …), s.count(…) or a row write"
        )
        return iter(())

    def __invert__(self) -> Term:
        complain("~ is not a word of the language (on ordinary values ~True is -2)", "no(x)")
        return POISON

    def __truediv__(self, other: object) -> Term:
        return _no_division()

    __floordiv__ = __mod__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __truediv__

    def __xor__(self, other: object) -> Term:
        complain("^ is not a word of the language", "x != y")
        return POISON

    __rxor__ = __xor__

    def __getattr__(self, name: str) -> Term:
        if name.startswith("__"):
            raise AttributeError(name)
        complain(
            f"a value of the state has no attribute {name!r}",
            "a field indexed by it: s.name[x]; an enumeration member: Phase.IDLE",
        )
        return POISON

    def __getitem__(self, key: object) -> Term:
        complain(
            "a value of the state is indexed", "index the field with all its places at once: s.copy[vm, host]"
        )
        return POISON


def _no_division() -> Term:
    complain(
        "division differs between Python and solvers for negative numbers",
        "a multiplication: 2 * s.x[h] <= s.y[h]",
    )
    return POISON


class Poison(Term):
    """Stands for an expression that was reported; everything built from it stays silent."""

    __slots__ = ()
    domain = BOOL

    def _same(self, *_: object) -> Term:
        return self

    __and__ = __rand__ = __or__ = __ror__ = __add__ = __radd__ = __sub__ = __rsub__ = _same
    __mul__ = __rmul__ = __lt__ = __le__ = __gt__ = __ge__ = __invert__ = __truediv__ = __floordiv__ = _same
    __eq__ = __ne__ = __getitem__ = __call__ = _same

    def __getattr__(self, name: str) -> Term:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setitem__(self, place: object, value: object) -> None:
        """A write to something that was reported already."""

    def __bool__(self) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


POISON = Poison()


@dataclass(eq=False, slots=True)
class Const(Term):
    """An ordinary value."""

    value: Any
    domain: Domain


@dataclass(eq=False, slots=True)
class Var(Term):
    """An action's parameter, or a variable bound by forall, exists, count, total, at or a row write."""

    name: str
    domain: Domain


@dataclass(eq=False, slots=True)
class Read(Term):
    """The value of a field (state or static) at some places."""

    field: str
    places: tuple[Term, ...]
    domain: Domain
    line: int = 0


@dataclass(eq=False, slots=True)
class Cell(Term):
    """The value of one cell of a concrete scope: cell number ``index`` (ground terms only)."""

    index: int
    domain: Domain


@dataclass(eq=False, slots=True)
class Equal(Term):
    """``left == right``."""

    left: Term
    right: Term
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Less(Term):
    """``left < right``, both numbers."""

    left: Term
    right: Term
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Arithmetic(Term):
    """``left + right``, ``left - right`` or ``left * right``; ``domain`` holds the interval."""

    operator: str
    left: Term
    right: Term
    domain: Domain


@dataclass(eq=False, slots=True)
class Not(Term):
    """The opposite of a truth value."""

    part: Term
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class And(Term):
    """All parts are true."""

    parts: tuple[Term, ...]
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Or(Term):
    """Some part is true."""

    parts: tuple[Term, ...]
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Where(Term):
    """``yes`` where the condition is true, else ``otherwise``."""

    condition: Term
    yes: Term
    otherwise: Term
    domain: Domain


@dataclass(eq=False, slots=True)
class ForAll(Term):
    """The body is true for every member."""

    var: Var
    body: Term
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Exists(Term):
    """The body is true for some member."""

    var: Var
    body: Term
    domain: Domain = BOOL


@dataclass(eq=False, slots=True)
class Count(Term):
    """For how many members the body is true."""

    var: Var
    body: Term
    domain: Domain = INTEGER


@dataclass(eq=False, slots=True)
class Total(Term):
    """The sum of the body over all members."""

    var: Var
    body: Term
    domain: Domain = INTEGER


@dataclass(eq=False, slots=True)
class At(Term):
    """The body for the member that an optional value holds; ``absent`` when it is NOBODY."""

    value: Term
    var: Var
    body: Term
    absent: Term
    domain: Domain


Binder = ForAll | Exists | Count | Total | At


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly below a node (bound variables left out)."""
    found: list[Term] = []
    for slot in fields(term):  # type: ignore[arg-type]
        value = getattr(term, slot.name)
        if isinstance(value, Term) and slot.name != "var":
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(value)
    return tuple(found)


def walk(term: Term) -> Iterator[Term]:
    """The term and everything below it."""
    stack = [term]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def digest(term: Term) -> str:
    """A hash that is the same for the same term in every run, on every machine."""
    from .wording import show

    return hashlib.sha256(show(term).encode()).hexdigest()[:16]


from . import building  # noqa: E402  (the operators above need it, and it needs the nodes above)
