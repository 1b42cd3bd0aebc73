"""States in Z3: the one before a step as functions, the one after it built from these.

The value of a field after an action is a function of the values before it (``If(place == written, new,
old)``), so no primed copies of the fields and no frame axioms are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import z3

from ...model.language.domains import MaybeMember, Range
from ...model.language.recording import Write
from ...model.language.state import Model, Quantity
from ...model.language.terms import Var
from .encoding import Environment, StateView, SumsOf, encode
from .universe import (
    FALSE,
    TRUE,
    Expr,
    Optional,
    Universe,
    choice,
    conjunction,
    equality,
)


class Before:
    """Any state: a Z3 function for every field and static. ``mark`` tells states apart; data are shared."""

    def __init__(self, universe: Universe, model: Model, sums: SumsOf, mark: str = "") -> None:
        self.mark = mark
        self.universe = universe
        self.model = model
        self.sums = sums
        self.functions: dict[str, tuple[z3.FuncDeclRef, ...]] = {}

    def read(self, field: str, places: tuple[Expr, ...]) -> Expr:
        """The field's function at the places; for an optional value a pair of functions."""
        declared = self.functions_of(field)
        values = [function(*places) for function in declared]
        return Optional(*values) if len(values) == 2 else values[0]

    def functions_of(self, name: str) -> tuple[z3.FuncDeclRef, ...]:
        """The function of a field or static; presence and member for an optional value."""
        if name not in self.functions:
            quantity = self.model.quantity(name)
            index = [self.universe.sort(domain) for domain in quantity.index]
            value = self.universe.sort(quantity.value)
            mark = self.mark if name in self.model.fields else ""
            function = z3.Function(f"{mark}{name}", *index, value)
            if isinstance(quantity.value, MaybeMember):
                present = z3.Function(f"{mark}{name}?", *index, z3.BoolSort())
                self.functions[name] = (present, function)
            else:
                self.functions[name] = (function,)
        return self.functions[name]

    def in_range(self, quantity: Quantity) -> Expr | None:
        """That the numbers of a field lie in its range; None for other fields."""
        domain = quantity.value
        if not isinstance(domain, Range):
            return None

        def inside(value: Expr) -> Expr:
            return conjunction([domain.low <= value, value <= domain.high])

        return over_places(self, quantity, inside)


def over_places(state: StateView, quantity: Quantity, body: Callable[[Expr], Expr]) -> Expr:
    """A condition on the value of a field, at all places."""

    def at_places(places: list[Expr]) -> Expr:
        if len(places) == len(quantity.index):
            return body(state.read(quantity.name, tuple(places)))
        domain = quantity.index[len(places)]
        return state.universe.forall("x", domain, lambda place: at_places([*places, place]))

    return at_places([])


class After:
    """The state after an action's writes, in order; their values are those before the step.

    ``effects``: the condition under which the effects of a mechanism happen.
    """

    def __init__(
        self,
        before: StateView,
        writes: tuple[Write, ...],
        env: Environment,
        sums: SumsOf,
        effects: Mapping[str, Expr] | None = None,
    ) -> None:
        self.universe = before.universe
        self.before = before
        self.writes: dict[str, list[Write]] = {}
        self.env = env
        self.sums = sums
        self.effects = effects or {}
        for write in writes:
            self.writes.setdefault(write.field.name, []).append(write)

    def read(self, field: str, places: tuple[Expr, ...]) -> Expr:
        """What the last write that meets the places left there, else the old value."""
        value = self.before.read(field, places)
        for write in self.writes.get(field, ()):
            inner, here = self.meets(write, places)
            if here is not FALSE:
                value = choice(here, encode(self.before, write.value, inner), value)
        return value

    def meets(self, write: Write, places: tuple[Expr, ...]) -> tuple[Environment, Expr]:
        """The row variables of a write at these places, and whether it writes them at all."""
        env, conditions = dict(self.env), []
        rows = {var.name for var in write.rows}
        for target, place in zip(write.places, places, strict=True):
            if isinstance(target, Var) and target.name in rows:
                env[target.name] = place
            else:
                conditions.append(equality(encode(self.before, target, env), place))
        on = [self.effects.get(mechanism, TRUE) for mechanism in write.mechanisms]
        return env, conjunction([*on, *conditions])


def fits(write: Write, state: StateView, env: Environment) -> Expr | None:
    """That a write stays in its field's range; None where that is plain."""
    domain, given = write.field.value, write.value.domain
    if not isinstance(domain, Range):
        return None
    if isinstance(given, Range) and domain.low <= given.low and given.high <= domain.high:
        return None
    rows = list(write.rows)

    def at_rows(index: int, inner: Environment) -> Expr:
        if index == len(rows):
            value = encode(state, write.value, inner)
            return conjunction([domain.low <= value, value <= domain.high])
        row = rows[index]
        return state.universe.forall(
            row.name, row.domain, lambda place: at_rows(index + 1, {**inner, row.name: place})
        )

    return at_rows(0, env)
