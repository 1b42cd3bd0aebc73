"""The order of the variables, computed from the model: what hangs together stands together.

Of all sorts the one is looked for whose members are most independent: most action instances write cells of
one member only (in a cluster: the VMs). Its members become *blocks*, one after the other, below the cells
that belong to none of them (hosts, budgets), which every block depends on. Inside a block the cells stand
member by member of their other places, so that what one VM has on one host is side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...model.language.domains import Sort
from ...model.language.scope import CellInfo, Scope
from ..ground import GroundAction

Block = Sort | None
"""The member whose cells stand together; None: the cells of no such member, at the top."""


def block_sort(scope: Scope, actions: Iterable[GroundAction]) -> type[Sort] | None:
    """The sort whose members are written one at a time by the most action instances."""
    alone = dict.fromkeys(scope.sorts, 0)
    for action in actions:
        for sort in alone:
            members = [_member(scope.cells[cell], sort) for cell in action.written()]
            alone[sort] += members != [] and None not in members and len(set(members)) == 1
    best = max(alone, key=lambda sort: alone[sort], default=None)
    return best if best is not None and alone[best] else None


def block_of(cell: CellInfo, sort: type[Sort] | None) -> Block:
    """The block that a cell belongs to."""
    return None if sort is None else _member(cell, sort)


def _member(cell: CellInfo, sort: type[Sort]) -> Sort | None:
    return next((place for place in cell.places if isinstance(place, sort)), None)


def variable_order(scope: Scope, codes: Sequence[Sequence[int]], sort: type[Sort] | None) -> list[int]:
    """The cells that can have more than one code, in the order of their variables."""
    rank = {member: number for members in scope.sorts.values() for number, member in enumerate(members, 1)}

    def key(index: int) -> tuple[int, list[int]]:
        cell = scope.cells[index]
        block = block_of(cell, sort)
        if block is None:
            return 0, []
        return rank[block], [rank[p] for p in cell.places if isinstance(p, Sort) and p is not block][:1]

    return sorted((index for index, allowed in enumerate(codes) if len(allowed) > 1), key=key)
