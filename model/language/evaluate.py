"""The value of a term in a concrete state: the traced reading brought back to ordinary values.

Used to hold the traced reading against the plain one, state by state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .building import compute
from .domains import NOBODY
from .plain import Packed, Refusal
from .recording import Write
from .scope import Instance, Places, Scope, budget_name
from .state import check_range
from .terms import (
    And,
    Arithmetic,
    At,
    Const,
    Count,
    Equal,
    Exists,
    ForAll,
    Less,
    Not,
    Or,
    Read,
    Term,
    Total,
    Var,
    Where,
)

Environment = dict[str, Any]


class OutOfRange(Exception):
    """A traced write gives a number outside its field's range."""


@dataclass(frozen=True)
class Evaluator:
    """Values of terms in one state of one scope."""

    scope: Scope
    packed: Packed

    def value(self, term: Term, env: Environment) -> Any:
        """The ordinary value of a term whose variables have these values."""
        match term:
            case Const(value=value):
                return value
            case Var(name=name):
                return env[name]
            case Read(field=field, places=places):
                return self._read(field, tuple(self.value(place, env) for place in places))
            case Equal(left=left, right=right):
                one, other = self.value(left, env), self.value(right, env)
                return one is other or (isinstance(one, int) and one == other)
            case Less(left=left, right=right):
                return bool(self.value(left, env) < self.value(right, env))
            case Arithmetic(operator=operator, left=left, right=right):
                return compute(operator, self.value(left, env), self.value(right, env))
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return self.value(yes if self.value(condition, env) else otherwise, env)
            case At(value=optional, absent=absent):
                member = self.value(optional, env)
                return self.value(absent, env) if member is NOBODY else self._with(term, member, env)
        return self._connective(term, env)

    def _connective(self, term: Term, env: Environment) -> Any:
        match term:
            case Not(part=part):
                return not self.value(part, env)
            case And(parts=parts):
                return all([self.value(part, env) for part in parts])
            case Or(parts=parts):
                return any([self.value(part, env) for part in parts])
            case ForAll():
                return all(self._bodies(term, env))
            case Exists():
                return any(self._bodies(term, env))
            case Count() | Total():
                return sum(self._bodies(term, env))
        raise TypeError(f"no value of {type(term).__name__}")

    def _bodies(self, term: ForAll | Exists | Count | Total, env: Environment) -> Iterator[Any]:
        return (self._with(term, member, env) for member in term.var.domain.values(self.scope.sorts))

    def _with(self, term: ForAll | Exists | Count | Total | At, member: Any, env: Environment) -> Any:
        return self.value(term.body, {**env, term.var.name: member})

    def _read(self, field: str, places: Places) -> Any:
        if field in self.scope.model.statics:
            return self.scope.static_data[field][places]
        index = self.scope.cell_index[field, places]
        return self.scope.cells[index].values[self.packed[index]]


def traced_refusals(scope: Scope, packed: Packed, instance: Instance) -> tuple[Refusal, ...]:
    """Which guards of the traced action fail in a state (the budget's is not among them)."""
    trace, evaluator, env = _prepared(scope, packed, instance)
    return tuple(
        Refusal(guard.reason, guard.mechanism, guard.where)
        for guard in trace.guards
        if scope.on(guard.mechanism) and not evaluator.value(guard.condition, env)
    )


def traced_run(scope: Scope, packed: Packed, instance: Instance) -> Packed:
    """The state after the traced action's writes. Raises OutOfRange for a number that does not fit."""
    trace, evaluator, env = _prepared(scope, packed, instance)
    cells = bytearray(packed)
    for write in trace.writes:
        if all(scope.on(name) for name in write.mechanisms):
            _apply(scope, evaluator, write, env, cells)
    if instance.action.budget is not None:
        cells[scope.cell_index[budget_name(instance.action.budget), ()]] -= 1
    return bytes(cells)


def _prepared(scope: Scope, packed: Packed, instance: Instance) -> tuple[Any, Evaluator, Environment]:
    trace = scope.traces[instance.action.name]
    env = {var.name: value for var, value in zip(trace.parameters, instance.arguments, strict=True)}
    return trace, Evaluator(scope, packed), env


def _apply(scope: Scope, evaluator: Evaluator, write: Write, env: Environment, cells: bytearray) -> None:
    for inner in _row_bindings(scope, write.rows, env):
        places = tuple(evaluator.value(place, inner) for place in write.places)
        index, value = scope.cell_index[write.field.name, places], evaluator.value(write.value, inner)
        if not check_range(write.field, value):
            raise OutOfRange(f"{write.field.name}: {value}")
        cells[index] = _code(scope.cells[index].values, value)


def _row_bindings(scope: Scope, rows: tuple[Var, ...], env: Environment) -> Iterator[Environment]:
    if not rows:
        yield env
        return
    for value in rows[0].domain.values(scope.sorts):
        yield from _row_bindings(scope, rows[1:], {**env, rows[0].name: value})


def _code(values: tuple[Any, ...], value: Any) -> int:
    return next(
        code for code, known in enumerate(values) if known is value or (type(known) is int and known == value)
    )
