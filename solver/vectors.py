"""Ground terms over many states at once: NumPy arrays with one value a state.

States are the rows of a matrix of codes (unsigned bytes, states × cells). A value is a number: a whole
number is itself, a truth value 0 or 1, and every other value (a member, an enumeration's member, NOBODY)
has a number of its own, the same in every scope.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.language.scope import Scope
from ..model.language.terms import And, Arithmetic, Cell, Const, Equal, Less, Not, Or, Term, Where

Column = NDArray[Any]
States = NDArray[np.uint8]

_FIRST = 1 << 20  # beyond every number that a field can hold
_numbers: dict[Any, int] = {}


def number_of(value: Any) -> int:
    """The number that stands for an ordinary value."""
    if isinstance(value, bool | int):
        return int(value)
    return _numbers.setdefault(value, _FIRST + len(_numbers))


def matrix(packed: list[bytes], width: int) -> States:
    """Packed states as the rows of a matrix, ``width`` cells each."""
    return np.frombuffer(b"".join(packed), dtype=np.uint8).reshape(len(packed), width)


class Vectors:
    """The values of ground terms in some states of one scope."""

    def __init__(self, scope: Scope, states: States) -> None:
        self.states = states
        self._numbers = [np.array([number_of(v) for v in cell.values]) for cell in scope.cells]
        self._known: dict[int, tuple[Term, Column]] = {}

    def value(self, term: Term) -> Column:
        """The term's value in every state. Terms that are shared are worked out once."""
        found = self._known.get(id(term))
        if found is None:
            found = self._known[id(term)] = (term, self._value(term))
        return found[1]

    def _value(self, term: Term) -> Column:
        match term:
            case Const(value=value):
                return np.full(len(self.states), number_of(value))
            case Cell(index=index):
                column: Column = self._numbers[index][self.states[:, index]]
                return column
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return np.where(self.value(condition) != 0, self.value(yes), self.value(otherwise))
            case Arithmetic(operator=operator, left=left, right=right):
                return _OPERATORS[operator](self.value(left), self.value(right))
            case Equal(left=left, right=right):
                return np.equal(self.value(left), self.value(right))
            case Less(left=left, right=right):
                return np.less(self.value(left), self.value(right))
            case Not(part=part):
                return np.equal(self.value(part), 0)
            case And(parts=parts) | Or(parts=parts):
                join = np.logical_and if isinstance(term, And) else np.logical_or
                return reduce(join, (self.value(part) != 0 for part in parts))
        raise TypeError(f"not a ground term: {type(term).__name__}")


_OPERATORS: dict[str, Callable[[Column, Column], Column]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
}
