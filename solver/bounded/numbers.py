"""Values as literals: a case for each value, or bits where a sum has too many.

A value of a small domain is a map from each value that it can have to the literal that says so. A sum of
megabytes over many VMs has too many values for that: ``Bits``, an offset and a row of binary digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...model.language.building import compute
from .circuit import FALSE, TRUE, Circuit, Literal

Cases = Mapping[Any, Literal]
MOST_PAIRS = 512


@dataclass(frozen=True)
class Bits:
    """The number ``offset`` + the binary number of the digits, the lowest first."""

    offset: int
    digits: tuple[Literal, ...]

    @property
    def high(self) -> int:
        """No number is greater."""
        return self.offset + sum(1 << place for place, digit in enumerate(self.digits) if digit != FALSE)

    @property
    def low(self) -> int:
        """No number is smaller."""
        return self.offset + sum(1 << place for place, digit in enumerate(self.digits) if digit == TRUE)


Value = Cases | Bits


class Arithmetician:
    """Builds comparisons and arithmetic on values in a circuit."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit

    def merged(self, pairs: Iterable[tuple[Any, Literal]]) -> Cases:
        """The cases of a value; those of the same value together."""
        parts: dict[Any, list[Literal]] = {}
        for value, literal in pairs:
            if literal != FALSE:
                parts.setdefault(value, []).append(literal)
        return {value: self.circuit.disjunction(literals) for value, literals in parts.items()}

    def selected(self, cases: Sequence[tuple[Literal, Value]]) -> Value:
        """The value of the case that applies; exactly one does."""
        if any(isinstance(value, Bits) for _, value in cases):
            return self._selected_bits([(when, self.bits(value)) for when, value in cases])
        options = [(when, value) for when, value in cases if not isinstance(value, Bits)]
        known = list(dict.fromkeys(key for when, value in options if when != FALSE for key in value))
        if len(known) == 2:
            second = self._selected_case(options, known[1])
            return _cases({known[0]: -second, known[1]: second})
        return _cases({key: self._selected_case(options, key) for key in known})

    def _selected_case(self, options: list[tuple[Literal, Cases]], key: Any) -> Literal:
        return self.circuit.select([(when, value.get(key, FALSE)) for when, value in options])

    def _selected_bits(self, cases: list[tuple[Literal, Bits]]) -> Bits:
        low = min(value.offset for _, value in cases)
        moved = [(when, self._from(low, value)) for when, value in cases]
        width = max(len(value.digits) for _, value in moved)
        digits = (self.circuit.select([(w, _digit(v, place)) for w, v in moved]) for place in range(width))
        return _shortened(low, tuple(digits))

    def equal(self, one: Value, other: Value) -> Literal:
        """Both have the same value."""
        if isinstance(one, Bits) or isinstance(other, Bits):
            return self._equal_bits(self.bits(one), self.bits(other))
        both = [value for value in one if value in other]
        if len(both) == len(one) == len(other) == 1:
            return TRUE
        return self.circuit.disjunction([self.circuit.conjunction([one[v], other[v]]) for v in both])

    def _equal_bits(self, one: Bits, other: Bits) -> Literal:
        low = min(one.offset, other.offset)
        left, right = self._from(low, one), self._from(low, other)
        width = max(len(left.digits), len(right.digits))
        same = (self.circuit.equal(_digit(left, i), _digit(right, i)) for i in range(width))
        return self.circuit.conjunction(same)

    def less(self, one: Value, other: Value) -> Literal:
        """The one is less than the other."""
        if isinstance(one, Bits) or isinstance(other, Bits):
            return self._less_bits(self.bits(one), self.bits(other))
        below = []
        for value, literal in one.items():
            above = [other[limit] for limit in other if value < limit]
            if len(above) == len(other):
                below.append(literal)
            elif above:
                below.append(self.circuit.conjunction([literal, self.circuit.disjunction(above)]))
        if max(one) < min(other):
            return TRUE
        return self.circuit.disjunction(below)

    def _less_bits(self, one: Bits, other: Bits) -> Literal:
        if one.high < other.low or one.low >= other.high:
            return TRUE if one.high < other.low else FALSE
        low = min(one.offset, other.offset)
        left, right = self._from(low, one), self._from(low, other)
        result = FALSE
        for place in range(max(len(left.digits), len(right.digits))):
            mine, yours = _digit(left, place), _digit(right, place)
            result = self.circuit.choice(self.circuit.equal(mine, yours), result, yours)
        return result

    def computed(self, operator: str, one: Value, other: Value) -> Value:
        """The sum, difference or product."""
        small = not isinstance(one, Bits) and not isinstance(other, Bits)
        if small and len(one) * len(other) <= MOST_PAIRS:  # type: ignore[arg-type]
            return self.merged(self._pairs(operator, one, other))  # type: ignore[arg-type]
        left, right = self.bits(one), self.bits(other)
        if operator == "*":
            return self._product(left, right)
        return self._sum(left, right if operator == "+" else _negative(right))

    def _pairs(self, operator: str, one: Cases, other: Cases) -> Iterator[tuple[int, Literal]]:
        for left, mine in one.items():
            for right, yours in other.items():
                yield compute(operator, left, right), self.circuit.conjunction([mine, yours])

    def bits(self, value: Value) -> Bits:
        """A number as bits."""
        if isinstance(value, Bits):
            return value
        low, width = min(value), (max(value) - min(value)).bit_length()
        digits = (
            self.circuit.select(
                [(literal, TRUE if (v - low) >> place & 1 else FALSE) for v, literal in value.items()]
            )
            for place in range(width)
        )
        return Bits(low, tuple(digits))

    def cases(self, value: Value, wanted: Iterable[int]) -> Cases:
        """The literals of the wanted values."""
        if not isinstance(value, Bits):
            return {v: value[v] for v in wanted if v in value}
        here = {v: self._equal_bits(value, self.bits({v: TRUE})) for v in wanted}
        return {v: literal for v, literal in here.items() if literal != FALSE}

    def outside(self, value: Value, low: int, high: int) -> Literal:
        """The number is below ``low`` or above ``high``."""
        if not isinstance(value, Bits):
            return self.circuit.disjunction([value[v] for v in value if not low <= v <= high])
        parts = [self.less(value, {low: TRUE}), self.less({high: TRUE}, value)]
        return self.circuit.disjunction(parts)

    def _from(self, offset: int, value: Bits) -> Bits:
        """The same number with a lower offset."""
        return self._sum(Bits(offset, value.digits), Bits(0, _digits_of(value.offset - offset)))

    def _sum(self, one: Bits, other: Bits) -> Bits:
        digits, carry = list[Literal](), FALSE
        for place in range(max(len(one.digits), len(other.digits))):
            a, b = _digit(one, place), _digit(other, place)
            same = self.circuit.equal(a, b)
            digits.append(self.circuit.equal(same, carry))
            carry = self.circuit.choice(same, a, carry)
        return _shortened(one.offset + other.offset, (*digits, carry))

    def _product(self, one: Bits, other: Bits) -> Bits:
        result = self._times(one.offset, other)
        for place, digit in enumerate(one.digits):
            part = self._times(1 << place, other)
            result = self._sum(result, self.bits(self.selected([(digit, part), (-digit, {0: TRUE})])))
        return result

    def _times(self, factor: int, value: Bits) -> Bits:
        """The number times a constant."""
        result, positive = Bits(0, ()), value if factor >= 0 else _negative(value)
        for place, digit in enumerate(_digits_of(abs(factor))):
            if digit == TRUE:
                shifted = Bits(positive.offset << place, (*[FALSE] * place, *positive.digits))
                result = self._sum(result, shifted)
        return result


def _cases(found: Cases) -> Cases:
    """Without the values that it never has."""
    return {key: literal for key, literal in found.items() if literal != FALSE}


def _digits_of(number: int) -> tuple[Literal, ...]:
    return tuple(TRUE if number >> place & 1 else FALSE for place in range(number.bit_length()))


def _digit(value: Bits, place: int) -> Literal:
    return value.digits[place] if place < len(value.digits) else FALSE


def _negative(value: Bits) -> Bits:
    """-(offset + digits) = -(offset + 11…1) + the opposite digits."""
    return Bits(-value.offset - (1 << len(value.digits)) + 1, tuple(-digit for digit in value.digits))


def _shortened(offset: int, digits: tuple[Literal, ...]) -> Bits:
    """Without the highest digits that are never set."""
    while digits and digits[-1] == FALSE:
        digits = digits[:-1]
    return Bits(offset, digits)
