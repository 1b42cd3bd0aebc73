"""The plain reading: a model function runs on ordinary values.

A state is *packed*: one byte a cell, the number of the cell's value in its domain. ``run`` takes one
step, ``refusals`` says which guards fail and why, ``holds`` asks a statement.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .domains import Nobody, Range, Sort, domain_of_value
from .misuse import ModelError, Problem, Source, complain, here, model_frame
from .recording import complain_about_arity, complain_about_place
from .state import Field, Quantity, Setting
from .syntax import expression_of
from .wording import word
from .words import LeadsTo, at, reading, real_bool

if TYPE_CHECKING:
    from .predicates import Predicate
    from .scope import Instance, Scope

Packed = bytes


@dataclass(frozen=True)
class Refusal:
    """A guard that fails: the reason it gives, its mechanism and its line."""

    reason: str
    mechanism: str | None
    where: Source

    def __str__(self) -> str:
        return self.reason


class NotPossible(Exception):
    """The action instance is not possible in this state; ``refusals`` say why."""

    def __init__(self, instance: Instance, refusals: tuple[Refusal, ...]) -> None:
        self.instance = instance
        self.refusals = refusals
        super().__init__(f"{instance}: {'; '.join(map(str, refusals))}")


class _GuardsRead(Exception):
    """The first assignment is reached: all guards have been read."""


class PlainStore:
    """Answers reads with ordinary values; takes assignments into ``cells``."""

    def __init__(self, scope: Scope, packed: Packed | None, *, guards_only: bool = False) -> None:
        self.scope = scope
        self.cells = bytearray(packed or b"")
        self.guards_only = guards_only
        self.refusals: list[Refusal] = []
        self.written: set[str] = set()
        self.mechanisms: list[str] = []

    def members(self, sort: type[Sort]) -> tuple[Sort, ...]:
        return self.scope.sorts[sort]

    def setting(self, setting: Setting) -> Any:
        return self.scope.all_settings[setting.name]

    def read(self, quantity: Quantity, places: tuple[Any, ...]) -> Any:
        if quantity.name in self.written:
            complain(
                f"s.{quantity.name} is read after it was assigned in this action",
                f"old = {quantity} above the first assignment, and use old here",
            )
        if not isinstance(quantity, Field):
            return self._look_up(quantity, places, self.scope.static_data[quantity.name])
        index = self._index(quantity, places)
        return self.scope.cells[index].values[self.cells[index]]

    def _index(self, quantity: Quantity, places: tuple[Any, ...]) -> int:
        index: int = self._look_up(quantity, (quantity.name, places), self.scope.cell_index)
        return index

    def _look_up(self, quantity: Quantity, key: Any, table: dict[Any, Any]) -> Any:
        try:
            return table[key]
        except (KeyError, TypeError):
            places = key[1] if table is self.scope.cell_index else key
            return self._misplaced(quantity, places)

    def _misplaced(self, quantity: Quantity, places: tuple[Any, ...]) -> Any:
        if len(places) != len(quantity.index):
            complain_about_arity(quantity, places)
        for domain, place in zip(quantity.index, places, strict=False):
            if not isinstance(place, Sort) or place not in domain.values(self.scope.sorts):
                got = type(place) if isinstance(place, Nobody) else None
                complain_about_place(quantity, domain, place, None if got is None else domain_of_value(place))
        raise ModelError(
            [Problem(here(), f"s.{quantity.name}{list(places)}", "no such place", "members of the scope")]
        )

    def require(self, condition: Any, reason: str, mechanism: str | None) -> None:
        holds = real_bool(condition, "require")
        if self.written:
            complain("a guard stands after an assignment", "all require(…) above the first assignment")
        if not holds and self.scope.on(mechanism):
            self.refusals.append(Refusal(reason, mechanism, here()))

    def enter(self, mechanism: str) -> None:
        self.mechanisms.append(mechanism)

    def leave(self) -> None:
        self.mechanisms.pop()

    def write(self, written: Field, places: tuple[Any, ...], value: Any) -> None:
        if self.guards_only or self.refusals:
            raise _GuardsRead
        changes = [(self._index(written, full), v) for full, v in self._points(written, places, value)]
        self.written.add(written.name)
        if all(self.scope.on(name) for name in self.mechanisms):
            for index, new in changes:
                self.cells[index] = self._code(written, index, new)

    def _points(
        self, written: Field, places: tuple[Any, ...], value: Any
    ) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """The places that an assignment names; a slice stands for all members."""
        free = [position for position, place in enumerate(places) if isinstance(place, slice)]
        if not free or len(places) != len(written.index):
            yield places, value
            return
        sorts = self.scope.sorts
        choices = [
            domain.values(sorts) if position in free else (places[position],)
            for position, domain in enumerate(written.index)
        ]
        for full in itertools.product(*choices):
            yield full, value(*(full[i] for i in free)) if callable(value) else value

    def _code(self, written: Field, index: int, value: Any) -> int:
        cell = self.scope.cells[index]
        if isinstance(written.value, Range) and isinstance(value, int) and not isinstance(value, bool):
            if not written.value.low <= value <= written.value.high:
                raise ModelError([out_of_range(written, value, here(), expression_of(model_frame()))])
            return value - written.value.low
        for code, known in enumerate(cell.values):
            if known is value:
                return code
        raise ModelError([wrong_value(written, value)])

    def quantify(self, kind: str, sorts: tuple[type[Sort], ...], body: Callable[..., Any]) -> Any:
        values = (
            body(*members) for members in itertools.product(*(self.scope.sorts[sort] for sort in sorts))
        )
        if kind == "total":
            return sum(values)
        truths = (real_bool(value, kind) for value in values)
        if kind == "count":
            return sum(truths)
        return all(truths) if kind == "forall" else any(truths)

    def at(self, value: Any, body: Callable[[Any], Any], absent: Any) -> Any:
        return at(value, body, absent=absent)


def out_of_range(written: Field, value: int, where: Source, expression: str) -> Problem:
    """A write outside the declared range: an error of the model, in every engine."""
    return Problem(
        where,
        expression,
        f"{value} is outside the range {written.value} of s.{written.name}",
        f'require(…, "why it cannot grow further") above it, or a wider Range for {written.name}',
    )


def wrong_value(written: Field, value: Any) -> Problem:
    """A write of something that the field cannot hold."""
    frame_expression = expression_of(model_frame())
    message = f"s.{written.name} holds {written.value}, not {value!r}"
    return Problem(here(), frame_expression, message, f"a value of {written.value}")


def refusals(scope: Scope, packed: Packed, instance: Instance) -> tuple[Refusal, ...]:
    """Which guards fail in this state, all of them, in the action's order; empty: it is possible."""
    store = PlainStore(scope, packed, guards_only=True)
    _execute(scope, store, instance)
    return (*store.refusals, *_budget_refusal(scope, packed, instance))


def run(scope: Scope, packed: Packed, instance: Instance) -> Packed:
    """The state after one step. Raises NotPossible with the failing guards, ModelError for a bad write."""
    spent = _budget_refusal(scope, packed, instance)
    store = PlainStore(scope, packed, guards_only=bool(spent))
    _execute(scope, store, instance)
    refused = (*store.refusals, *spent)
    if refused:
        raise NotPossible(instance, refused)
    if instance.action.budget is not None:
        store.cells[_budget_cell(scope, instance)] -= 1
    return bytes(store.cells)


def _execute(scope: Scope, store: PlainStore, instance: Instance) -> None:
    with reading(store):
        try:
            instance.action.function(scope.state(store), *instance.arguments)
        except _GuardsRead:
            return


def _budget_cell(scope: Scope, instance: Instance) -> int:
    from .scope import budget_name

    assert instance.action.budget is not None
    return scope.cell_index[budget_name(instance.action.budget), ()]


def _budget_refusal(scope: Scope, packed: Packed, instance: Instance) -> tuple[Refusal, ...]:
    budget = instance.action.budget
    if budget is None or packed[_budget_cell(scope, instance)] > 0:
        return ()
    return (Refusal(f"the scope allows no further {budget.replace('_', ' ')}", None, instance.action.where),)


def ask(scope: Scope, packed: Packed | None, predicate: Predicate, arguments: tuple[Any, ...] = ()) -> Any:
    """The value of a statement for these arguments. ``packed`` may be None for axioms."""
    store = PlainStore(scope, packed)
    with reading(store):
        return predicate.function(scope.state(store), *arguments)


def holds(scope: Scope, packed: Packed | None, predicate: Predicate, arguments: tuple[Any, ...]) -> bool:
    """Whether a statement is true for these arguments."""
    value = ask(scope, packed, predicate, arguments)
    if isinstance(value, LeadsTo):
        raise TypeError(f"{predicate.name} is a progress property: it is true of runs, not of states")
    return real_bool(value, predicate.name)


def true_of(scope: Scope, packed: Packed, predicate: Predicate) -> bool:
    """Whether a statement is true for all arguments (some, for a ``possible``)."""
    truths = (
        holds(scope, packed, predicate, arguments) for arguments in scope.arguments(predicate.parameters)
    )
    return any(truths) if predicate.kind == "possible" else all(truths)


def describe_state(scope: Scope, packed: Packed) -> dict[str, str]:
    """Every cell and its value in words."""
    return {str(cell): word(cell.values[code]) for cell, code in zip(scope.cells, packed, strict=True)}


def state_at(scope: Scope, packed: Packed) -> Any:
    """A packed state as an instance of its State class, to be read with ordinary values."""
    return scope.state(PlainStore(scope, packed))
