"""What a circuit says for each member that a parameter can stand for, for all members at once.

A mask is a number with a binary digit for each member of a row: to evaluate a circuit for all of them, with
three values, costs as much as for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .circuit import TRUE, Circuit, Literal
from .numbers import Cases

Mask = tuple[int, int]
"""Of a literal: for which members it can be true, for which it can be false."""


class Masks:
    """The masks of the gates of a circuit, where one row stands for each of its members."""

    def __init__(self, circuit: Circuit, row: Cases) -> None:
        self.circuit, self.every = circuit, (1 << len(row)) - 1
        self._known: dict[int, Mask] = {}
        for number, literal in enumerate(row.values()):
            here, elsewhere = 1 << number, self.every ^ (1 << number)
            self._known[abs(literal)] = (here, elsewhere) if literal > 0 else (elsewhere, here)
        self._known[TRUE] = (self.every, 0)

    def of(self, literal: Literal) -> Mask:
        """The mask of a literal."""
        waiting = [abs(literal)]
        while waiting:
            variable = waiting[-1]
            missing = [v for part in self.circuit.parts(variable) if (v := abs(part)) not in self._known]
            if variable not in self._known and missing:
                waiting.extend(missing)
                continue
            self._known.setdefault(variable, self._gate(self.circuit.gates.get(variable, ())))
            waiting.pop()
        return self._signed(literal)

    def _signed(self, literal: Literal) -> Mask:
        true, false = self._known[abs(literal)]
        return (true, false) if literal > 0 else (false, true)

    def _gate(self, gate: Iterable[Any]) -> Mask:
        """From the masks of the parts; a variable without a gate can be anything."""
        parts = list(gate)
        if not parts:
            return self.every, self.every
        if isinstance(parts[0], tuple):
            return self._selection(parts)
        true, false = self.every, 0
        for part in parts:
            can, cannot = self._signed(part)
            true, false = true & can, false | cannot
        return true, false

    def _selection(self, cases: Iterable[tuple[Literal, Literal]]) -> Mask:
        true = false = 0
        for when, value in cases:
            applies, (can, cannot) = self._signed(when)[0], self._signed(value)
            true, false = true | applies & can, false | applies & cannot
        return true, false

    def readers(self, roots: Iterable[Literal]) -> dict[int, int]:
        """For each variable without a gate the members for which some root depends on it."""
        reach: dict[int, int] = {}
        for root in roots:
            self.of(root)
            reach[abs(root)] = self.every
        for variable in sorted(self.circuit.below(reach), reverse=True):  # a gate is younger than its parts
            here = self._open(variable) & reach.get(variable, 0)
            for applies, part in self._below(variable):
                reach[abs(part)] = reach.get(abs(part), 0) | here & applies
        leaves = (v for v in reach if v not in self.circuit.gates and v != TRUE)
        return {v: reach[v] & self._open(v) for v in leaves}

    def _open(self, variable: int) -> int:
        """The members for which a variable is not decided."""
        true, false = self.of(variable)
        return true & false

    def _below(self, variable: int) -> Iterator[tuple[int, Literal]]:
        """The parts of a gate, each with the members for which it is looked at."""
        for part in self.circuit.gates.get(variable, ()):
            if isinstance(part, tuple):
                yield self.every, part[0]
                yield self._signed(part[0])[0], part[1]
            else:
                yield self.every, part


class Openings:
    """For which members the guards of moves can be true; remembers the masks of each row."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self._masks: dict[int, Masks] = {}

    def of(self, rows: Iterable[Cases], guards: Sequence[Literal]) -> dict[int, tuple[Any, ...]]:
        """For each row, by identity, the members for which every guard alone can be true."""
        return {id(row): tuple(self._open(row, guards)) for row in rows}

    def _open(self, row: Cases, guards: Sequence[Literal]) -> Iterator[Any]:
        masks = self._masks.get(id(row))
        if masks is None:
            masks = self._masks[id(row)] = Masks(self.circuit, row)
        allowed = masks.every
        for guard in guards:
            allowed &= masks.of(guard)[0]
        return (member for number, member in enumerate(row) if allowed >> number & 1)
