"""The variables of a state and of a choice: a row of literals for each cell and each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    """The cells of a scope as literals. ``codes``: those that each cell can have at all."""

    def __init__(self, scope: Scope, circuit: Circuit, codes: Sequence[Sequence[int]]) -> None:
        self.scope, self.codes = scope, codes
        values = [[scope.cells[i].values[code] for code in allowed] for i, allowed in enumerate(codes)]
        self.cells = [row_of(circuit, allowed) for allowed in values]
        self.cell_of = {
            abs(literal): index
            for index, row in enumerate(self.cells)
            if len(row) > 1
            for literal in row.values()
        }


class Slots:
    """Parameters that stand for any value of their domain, shared by all who never speak at once."""

    def __init__(self, scope: Scope, circuit: Circuit) -> None:
        self.scope, self.circuit = scope, circuit
        self.rows: dict[tuple[Domain, int], Cases] = {}

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
        mine = {id(row) for row in used}
        for row in self.rows.values():
            if id(row) not in mine:
                yield next(iter(row.values()))

    def clauses(self) -> Iterator[Clause]:
        """Each row has exactly one value."""
        for row in self.rows.values():
            yield from one_of_row(self.circuit, row)
