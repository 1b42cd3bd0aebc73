"""The variables of a state and of a choice: a row of literals for each cell and each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from ...model.language.domains import Domain, Member, Sort
from ...model.language.scope import Scope
from .circuit import TRUE, Circuit, Clause, Literal, exactly_one
from .numbers import Cases


def row_of(circuit: Circuit, values: Sequence[Any]) -> Cases:
    """A value that can be any of these: one literal each; of two values one variable decides."""
    if len(values) == 1:
        return {values[0]: TRUE}
    if len(values) == 2:
        variable = circuit.variable()
        return {values[0]: -variable, values[1]: variable}
    return {value: circuit.variable() for value in values}


def one_of_row(circuit: Circuit, row: Cases) -> Iterable[Clause]:
    """The clauses by which a row has exactly one value."""
    return exactly_one(circuit, list(row.values())) if len(row) > 2 else ()


def deciding(row: Cases) -> Iterator[tuple[Any, Literal]]:
    """The values whose literals decide the row: one of two, else all."""
    pairs = list(row.items())
    return iter(pairs[1:] if len(pairs) == 2 else pairs)


class Layout:
    """The cells of a scope as literals. ``codes``: those that each cell can have at all.

    ``like``: for each cell the one that stands for it, itself as a rule.
    """

    def __init__(self, scope: Scope, circuit: Circuit, codes: Sequence[Sequence[int]]) -> None:
        self.scope, self.circuit, self.codes = scope, circuit, list(codes)
        self.cells = [self._row(index) for index in range(len(scope.cells))]
        self.like = list(range(len(scope.cells)))
        self._named()

    def _row(self, index: int) -> Cases:
        values = self.scope.cells[index].values
        return row_of(self.circuit, [values[code] for code in self.codes[index]])

    def _named(self) -> None:
        pairs = ((index, row) for index, row in enumerate(self.cells) if len(row) > 1)
        self.cell_of = {abs(literal): self.like[index] for index, row in pairs for literal in row.values()}

    def focused(self, position: Mapping[str, int | None]) -> Layout:
        """The cells of one member, whichever it is, in the place of those of all its kind.

        Cells that never change stay what they are. ``position``: of the member among a field's places.
        """
        found = copy(self)
        found.codes, found.cells, found.like = list(self.codes), list(self.cells), list(self.like)
        alike: dict[tuple[Any, ...], list[int]] = {}
        for index, cell in enumerate(self.scope.cells):
            place = position.get(cell.field)
            if place is not None and len(self.codes[index]) > 1:
                rest = cell.places[:place] + cell.places[place + 1 :]
                alike.setdefault((cell.field, *rest), []).append(index)
        for cells in alike.values():
            found._merge(cells)
        found._named()
        return found

    def _merge(self, cells: Sequence[int]) -> None:
        codes = sorted({code for index in cells for code in self.codes[index]})
        for index in cells:
            self.codes[index], self.like[index] = codes, cells[0]
        row = self._row(cells[0])
        for index in cells:
            self.cells[index] = row


class Slots:
    """Parameters that stand for any value of their domain, shared by all who never speak at once."""

    def __init__(self, scope: Scope, circuit: Circuit, given: Mapping[type[Sort], Cases] = {}) -> None:
        self.scope, self.circuit = scope, circuit
        self.rows: dict[tuple[Domain, int], Cases] = {(Member(s), 0): row for s, row in given.items()}
        self._given = {id(row) for row in given.values()}

    def of(self, domains: Sequence[Domain]) -> list[Cases]:
        """A row for each of some parameters."""
        seen: dict[Domain, int] = {}
        found = []
        for domain in domains:
            number = seen[domain] = seen.get(domain, -1) + 1
            if (domain, number) not in self.rows:
                self.rows[domain, number] = row_of(self.circuit, domain.values(self.scope.sorts))
            found.append(self.rows[domain, number])
        return found

    def has(self, sort: type[Sort]) -> bool:
        """Whether anybody has a parameter of this sort."""
        return (Member(sort), 0) in self.rows

    def row(self, sort: type[Sort]) -> Cases:
        """The first parameter of this sort."""
        return self.of([Member(sort)])[0]

    def unused(self, used: Sequence[Cases]) -> Iterator[Literal]:
        """Literals that pin the other rows, so that one choice is not counted twice."""
        mine = {id(row) for row in used} | self._given
        for row in self.rows.values():
            if id(row) not in mine:
                yield next(iter(row.values()))

    def clauses(self) -> Iterator[Clause]:
        """Each row has exactly one value."""
        for row in self.rows.values():
            if id(row) in self._given:
                continue
            yield from one_of_row(self.circuit, row)
