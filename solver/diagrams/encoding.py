"""Cells as bits: which variables of a diagram stand for which cell, and back.

A cell that can have n values takes as many bits as n needs; one that can have a single value takes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from oxidd.bcdd import BCDDFunction, BCDDManager

from ...model.language.plain import Packed
from ...model.language.scope import Scope

Diagram = BCDDFunction
Codes = Sequence[Sequence[int]]
"""For each cell the codes that it can have, in order."""


class Encoding:
    """The variables of one scope in one manager, the cells in a given order.

    ``codes``: what each cell can hold; ``order``: the cells with more than one code, first at the top.
    """

    def __init__(self, scope: Scope, codes: Codes, order: Iterable[int], manager: BCDDManager) -> None:
        self.scope, self.manager = scope, manager
        self.codes = [tuple(allowed) for allowed in codes]
        self.true, self.false = manager.true(), manager.false()
        self.order = tuple(order)
        self.bits: dict[int, tuple[int, ...]] = {}
        count = 0
        for cell in self.order:
            width = (len(self.codes[cell]) - 1).bit_length()
            self.bits[cell] = tuple(range(count, count + width))
            count += width
        manager.add_vars(count)
        self.count = count
        self._variables = [manager.var(bit) for bit in range(count)]
        self._conditions: dict[tuple[int, int], Diagram] = {}
        self._cubes: dict[frozenset[int], Diagram] = {}

    def holds(self, cell: int, code: int) -> Diagram:
        """The states in which the cell has this code."""
        found = self._conditions.get((cell, code))
        if found is None:
            found = self._conditions[cell, code] = self._condition(cell, code)
        return found

    def _condition(self, cell: int, code: int) -> Diagram:
        if code not in self.codes[cell]:
            return self.false
        if cell not in self.bits:
            return self.true
        number, result, bits = self.codes[cell].index(code), self.true, self.bits[cell]
        for place, bit in enumerate(reversed(bits)):
            literal = self._variables[bit]
            result = result & (literal if number >> place & 1 else ~literal)
        return result

    def of_codes(self, assigned: Mapping[int, int]) -> Diagram:
        """The states in which the cells have these codes."""
        result = self.true
        for cell in sorted(assigned, key=self.order_of, reverse=True):
            result = result & self.holds(cell, assigned[cell])
        return result

    def order_of(self, cell: int) -> int:
        """How deep the cell stands in the order; cells without bits stand at the top."""
        bits = self.bits.get(cell)
        return bits[0] if bits else -1

    def cube(self, cells: Iterable[int]) -> Diagram:
        """The variables of some cells, as the conjunction that quantifiers take."""
        wanted = frozenset(cell for cell in cells if cell in self.bits)
        found = self._cubes.get(wanted)
        if found is None:
            bits = sorted((bit for cell in wanted for bit in self.bits[cell]), reverse=True)
            found = self.true
            for bit in bits:
                found = self._variables[bit] & found
            self._cubes[wanted] = found
        return found

    def state(self, packed: Packed) -> Diagram:
        """One state as a set. Raises ValueError for a state that has a code thought impossible."""
        result = self.true
        for cell in reversed(self.order):
            result = result & self.holds(cell, packed[cell])
        if not result.satisfiable() or any(c not in self.codes[i] for i, c in enumerate(packed)):
            raise ValueError("the state is outside what the scope can reach")
        return result

    def valid(self) -> Diagram:
        """All states: every cell has one of its codes."""
        result = self.true
        for cell in reversed(self.order):
            if len(self.codes[cell]) != 1 << len(self.bits[cell]):
                allowed = self.false
                for code in self.codes[cell]:
                    allowed = allowed | self.holds(cell, code)
                result = result & allowed
        return result

    def pick(self, states: Diagram) -> Packed:
        """Some state of a set that is not empty, the same in every run."""
        cube = states.pick_cube()
        assert cube is not None, "an empty set has no state"
        packed = bytearray(len(self.codes))
        for cell, allowed in enumerate(self.codes):
            number = 0
            for bit in self.bits.get(cell, ()):
                number = number << 1 | bool(cube[bit])
            packed[cell] = allowed[number]
        return bytes(packed)

    def size(self, states: Diagram) -> int:
        """How many states a set has."""
        return states.sat_count(self.count)
