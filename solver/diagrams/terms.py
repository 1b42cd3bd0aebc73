"""Ground terms → diagrams: a condition is a set of states, a value is a map from each outcome to where it is.

On numbers: a sum is the map of its possible results. Under a bound that it is compared with, results on the
same side of the bound are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...model.language.building import compute
from ...model.language.terms import And, Arithmetic, Cell, Const, Equal, Less, Not, Or, Term, Where
from .encoding import Diagram, Encoding

Cases = dict[Any, Diagram]


class Translator:
    """Writes the ground terms of one scope as diagrams; remembers shared parts by identity."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._truths: dict[int, Diagram] = {}
        self._values: dict[int, Cases] = {}
        self._kept: list[Term] = []

    def truth(self, term: Term) -> Diagram:
        """The states in which a condition holds."""
        found = self._truths.get(id(term))
        if found is None:
            found = self._truths[id(term)] = self._truth(term)
            self._kept.append(term)
        return found

    def _truth(self, term: Term) -> Diagram:
        true, false = self.encoding.true, self.encoding.false
        match term:
            case Const(value=value):
                return true if value else false
            case Cell():
                return self.cases(term).get(True, false)
            case Not(part=part):
                return ~self.truth(part)
            case And(parts=parts):
                return self._folded(parts, lambda one, other: one & other, true)
            case Or(parts=parts):
                return self._folded(parts, lambda one, other: one | other, false)
            case Equal(left=left, right=right):
                return self._compared(left, right, lambda one, other: bool(one == other))
            case Less(left=left, right=right):
                return self._compared(left, right, lambda one, other: bool(one < other))
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return self.truth(condition).ite(self.truth(yes), self.truth(otherwise))
        raise TypeError(f"not a condition: {type(term).__name__}")

    def _folded(
        self, parts: Iterable[Term], join: Callable[[Diagram, Diagram], Diagram], start: Diagram
    ) -> Diagram:
        result = start
        for part in sorted((self.truth(part) for part in parts), key=_depth, reverse=True):
            result = join(part, result)
        return result

    def _compared(self, left: Term, right: Term, holds: Callable[[Any, Any], bool]) -> Diagram:
        result = self.encoding.false
        ones, others = self.cases(left), self.cases(right)
        for one, where in ones.items():
            matching = [there for other, there in others.items() if holds(one, other)]
            if len(matching) == len(others):
                result = result | where
                continue
            for there in matching:
                result = result | (where & there)
        return result

    def cases(self, term: Term) -> Cases:
        """For each value that a term can have, the states in which it has it."""
        found = self._values.get(id(term))
        if found is None:
            made = self._cases(term)
            found = self._values[id(term)] = {v: where for v, where in made.items() if where.satisfiable()}
            self._kept.append(term)
        return found

    def _cases(self, term: Term) -> Cases:
        match term:
            case Const(value=value):
                return {value: self.encoding.true}
            case Cell(index=index):
                values = self.encoding.scope.cells[index].values
                return {values[c]: self.encoding.holds(index, c) for c in self.encoding.codes[index]}
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return self._either(self.truth(condition), self.cases(yes), self.cases(otherwise))
            case Arithmetic(operator=operator, left=left, right=right):
                return self._combined(operator, self.cases(left), self.cases(right))
        holds = self.truth(term)
        return {True: holds, False: ~holds}

    def _either(self, condition: Diagram, yes: Cases, otherwise: Cases) -> Cases:
        false = self.encoding.false
        return {
            value: condition.ite(yes.get(value, false), otherwise.get(value, false))
            for value in {**yes, **otherwise}
        }

    def _combined(self, operator: str, left: Cases, right: Cases) -> Cases:
        result: Cases = {}
        for one, where in left.items():
            for other, there in right.items():
                both = where & there
                value = compute(operator, one, other)
                result[value] = result[value] | both if value in result else both
        return result


def _depth(diagram: Diagram) -> int:
    level = diagram.node_level()
    return -1 if level is None else level
