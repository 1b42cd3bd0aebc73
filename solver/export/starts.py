"""The initial states of a scope, field by field: what they have in common, and how they differ."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...model.language.plain import Packed
from ...model.language.scope import Places, Scope
from ..initial import NO_START, Starts
from .contents import NotExported

MOST_LISTED = 1000

Table = Mapping[Places, Any]
"""The value of a field at every place."""


@dataclass(frozen=True)
class StartTables:
    """``common`` has the fields that are the same in all initial states, ``alternatives`` the others, a
    state each. ``complete`` is false when there are more than ``MOST_LISTED``: then ``alternatives`` is empty
    and every value of the other fields is to be tried.
    """

    common: Mapping[str, Table]
    alternatives: tuple[Mapping[str, Table], ...]
    complete: bool


def start_tables(scope: Scope) -> StartTables:
    """The initial states of a scope, sorted out. Raises NotExported when there are none."""
    starts = Starts(scope)
    states = list(itertools.islice(starts.each(), MOST_LISTED + 1))
    fields = list(scope.model.fields)
    if not states:
        raise NotExported(NO_START)
    if len(states) > MOST_LISTED:
        decided = [name for name in fields if all(i in starts.decided for i in _cells(scope, name))]
        return StartTables({name: _table(scope, states[0], name) for name in decided}, (), False)
    tables = [{name: _table(scope, packed, name) for name in fields} for packed in states]
    same = [name for name in fields if all(table[name] == tables[0][name] for table in tables)]
    others = tuple({name: table[name] for name in fields if name not in same} for table in tables)
    return StartTables({name: tables[0][name] for name in same}, others, True)


def _cells(scope: Scope, name: str) -> list[int]:
    return [index for index, cell in enumerate(scope.cells) if cell.field == name]


def _table(scope: Scope, packed: Packed, name: str) -> Table:
    cells = scope.cells
    return {cells[i].places: cells[i].values[packed[i]] for i in _cells(scope, name)}


def by_value(table: Table) -> tuple[Any, list[tuple[Any, list[Places]]]]:
    """The commonest value of a table, and the places of each other value."""
    groups: dict[Any, list[Places]] = {}
    for places, value in table.items():
        groups.setdefault(value, []).append(places)
    commonest = max(groups, key=lambda value: len(groups[value]))
    return commonest, [(value, places) for value, places in groups.items() if value is not commonest]
