"""Recording: the store of the traced reading. It answers reads with terms and gathers guards and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .building import join, lift, number, truth
from .domains import Domain, MaybeMember, Member, Range, Sort, comparable, domain_of_value
from .misuse import Source, complain, here
from .state import Field, Quantity, Setting, State
from .terms import POISON, At, Const, Count, Exists, ForAll, Poison, Read, Term, Total, Var
from .wording import show

Settings = Mapping[str, str | bool | int]


@dataclass(frozen=True)
class Guard:
    """One ``require``: its condition, the reason it gives, the mechanism it belongs to."""

    condition: Term
    reason: str
    mechanism: str | None
    where: Source


@dataclass(frozen=True)
class Write:
    """One assignment. ``rows`` are the variables of a whole-row write; they occur in places and value."""

    field: Field
    places: tuple[Term, ...]
    rows: tuple[Var, ...]
    value: Term
    mechanisms: tuple[str, ...]
    where: Source


@dataclass
class TracedStore:
    """Answers reads with terms; gathers guards and writes."""

    state: type[State]
    settings: Settings
    guards: list[Guard] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def members(self, sort: type[Sort]) -> tuple[Sort, ...]:
        name = sort.__name__
        complain(
            f"the members of {name} are not known here: an action is about any number",
            f"s.forall({name}, lambda x: …)",
        )
        return ()

    def setting(self, setting: Setting) -> Any:
        self.asked.add(setting.name)
        return self.settings.get(setting.name, setting.values[0])

    def read(self, quantity: Quantity, places: tuple[Any, ...]) -> Term:
        if any(write.field is quantity for write in self.writes):
            complain(
                f"s.{quantity.name} is read after it was assigned in this action",
                f"old = {quantity} above the first assignment, and use old here",
            )
            return POISON
        terms = self._places(quantity, places)
        return POISON if terms is None else Read(quantity.name, terms, quantity.value, here().line)

    def _places(self, quantity: Quantity, places: tuple[Any, ...]) -> tuple[Term, ...] | None:
        if len(places) != len(quantity.index):
            complain_about_arity(quantity, places)
            return None
        terms = [
            self._place(quantity, domain, place) for domain, place in zip(quantity.index, places, strict=True)
        ]
        found = tuple(term for term in terms if term is not None)
        return found if len(found) == len(terms) else None

    def _place(self, quantity: Quantity, domain: Domain, place: Any) -> Term | None:
        term = place if isinstance(place, Term) else _constant(place)
        if term is None or term.domain != domain:
            if term is not POISON:
                complain_about_place(quantity, domain, place, None if term is None else term.domain)
            return None
        return term

    def require(self, condition: Any, reason: str, mechanism: str | None) -> None:
        if self.writes:
            complain("a guard stands after an assignment", "all require(…) above the first assignment")
        if mechanism is not None:
            self._known(mechanism)
        term = truth(condition)
        if term is not POISON:
            self.guards.append(Guard(term, reason, mechanism, here()))

    def _known(self, mechanism: str) -> None:
        if mechanism not in self.state.model.mechanisms:
            complain(
                f"mechanism {mechanism!r} is not declared",
                f'name = Mechanism("{mechanism}", "what it does") in class {self.state.__name__}',
            )

    def enter(self, mechanism: str) -> None:
        self._known(mechanism)
        self.mechanisms.append(mechanism)

    def leave(self) -> None:
        self.mechanisms.pop()

    def write(self, written: Field, places: tuple[Any, ...], value: Any) -> None:
        rows: list[Var] = []
        full = tuple(self._row(written, i, place, rows) for i, place in enumerate(places))
        if rows and callable(value) and not isinstance(value, Term):
            value = value(*rows)
        terms = self._places(written, full)
        result = lift(value, written.value)
        if terms is not None and result is not POISON and _assignable(written, result):
            self.writes.append(Write(written, terms, tuple(rows), result, tuple(self.mechanisms), here()))

    def _row(self, written: Field, position: int, place: Any, rows: list[Var]) -> Any:
        if not isinstance(place, slice) or position >= len(written.index):
            return place
        var = self.fresh(written.index[position], str(written.index[position])[0].lower())
        rows.append(var)
        return var

    def fresh(self, domain: Domain, name: str) -> Var:
        """A variable with a name of its own in this trace, the same in every run."""
        free, number = name, 1
        while free in self.names:
            number += 1
            free = f"{name}{number}"
        self.names.add(free)
        return Var(free, domain)

    def quantify(self, kind: str, sorts: tuple[type[Sort], ...], body: Callable[..., Any]) -> Term:
        names = body.__code__.co_varnames[: body.__code__.co_argcount]
        if len(names) != len(sorts):
            complain(
                f"s.{kind} over {len(sorts)} sorts needs a function of as many members",
                f"s.{kind}(Host, lambda h: …)",
            )
            return POISON
        variables = [self.fresh(Member(sort), name) for sort, name in zip(sorts, names, strict=True)]
        result = body(*variables)
        term = number(result) if kind == "total" else truth(result)
        if term is POISON:
            return POISON
        return _bind(kind, variables, term)

    def at(self, value: Any, body: Callable[[Any], Any], absent: Any) -> Term:
        if isinstance(value, Poison):
            return POISON
        if not isinstance(value.domain, MaybeMember | Member):
            complain(
                f"at(…) needs an optional value, not a value of {value.domain}",
                "a field with value=Maybe(Host)",
            )
            return POISON
        var = self.fresh(Member(value.domain.of), body.__code__.co_varnames[0])
        inner = lift(body(var))
        other = lift(absent, inner.domain)
        if inner is POISON or other is POISON:
            return POISON
        if not comparable(inner.domain, other.domain):
            complain(
                f"at(…) gives {inner.domain} or {other.domain}",
                "values of one domain in the body and absent=",
            )
            return POISON
        return At(value, var, inner, other, join(inner.domain, other.domain))


def _constant(place: Any) -> Const | None:
    domain = domain_of_value(place)
    return None if domain is None else Const(place, domain)


def _bind(kind: str, variables: list[Var], body: Term) -> Term:
    """Nest one quantifier a variable; a count over several sorts is a total of counts."""
    *outer, last = variables
    innermost: dict[str, Callable[[Var, Term], Term]] = {
        "forall": ForAll,
        "exists": Exists,
        "count": Count,
        "total": Total,
    }
    term = innermost[kind](last, body)
    around = innermost["total" if kind == "count" else kind]
    for var in reversed(outer):
        term = around(var, term)
    return term


def complain_about_arity(quantity: Quantity, places: tuple[Any, ...]) -> None:
    """A field is indexed with too many or too few places."""
    form = ", ".join(str(domain)[0].lower() for domain in quantity.index)
    cure = f"s.{quantity.name}[{form}]" if quantity.index else f"s.{quantity.name}"
    complain(f"s.{quantity.name} has {len(quantity.index)} places, not {len(places)}", cure)


def complain_about_place(quantity: Quantity, wanted: Domain, place: Any, got: Domain | None) -> None:
    """A field is indexed by something that is not a member of its sort."""
    if isinstance(got, MaybeMember):
        text = show(place) if isinstance(place, Term) else repr(place)
        complain(
            f"an optional value is used as an index of s.{quantity.name}: it may be NOBODY",
            f"at({text}, lambda h: s.{quantity.name}[h], absent=False)",
        )
        return
    shown = f"a value of {got}" if got is not None else repr(place)
    complain(
        f"s.{quantity.name} is indexed by {wanted}, not by {shown}", f"a parameter or variable of {wanted}"
    )


def _assignable(written: Field, value: Term) -> bool:
    """Whether the value's domain fits the field (a range is checked where the value is known)."""
    target = written.value
    if isinstance(target, Member) and isinstance(value.domain, MaybeMember):
        complain(f"s.{written.name} cannot be NOBODY", f"{written.name} = Field(…, value=Maybe({target}))")
        return False
    if not comparable(target, value.domain):
        complain(f"s.{written.name} holds {target}, not {value.domain}", f"a value of {target}")
        return False
    if (
        isinstance(value, Const)
        and isinstance(target, Range)
        and not target.low <= value.value <= target.high
    ):
        complain(
            f"{value.value} is outside the range {target} of s.{written.name}",
            "a number in the range, or a wider Range",
        )
        return False
    return True
