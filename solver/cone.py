"""The cone of influence: what can bear on a question, computed from the terms, and what is cut away.

A cell matters when the question reads it; an action instance matters when it writes a cell that matters, and
then its guards matter, and what that write reads. What is left behaves as in the whole scope, as far as the
question sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..model.language.scope import Scope
from ..model.language.terms import Term
from .ground import GroundAction, cells_of


@dataclass(frozen=True)
class Cone:
    """The cells that matter, the action instances that write them, and how many there were."""

    cells: frozenset[int]
    actions: tuple[GroundAction, ...]
    of_actions: int

    def fields_cut(self, scope: Scope) -> tuple[str, ...]:
        """The fields of which no cell matters."""
        kept = {scope.cells[index].field for index in self.cells}
        return tuple(name for name in scope.model.fields if name not in kept)


def cone_of(questions: Iterable[Term], actions: Sequence[GroundAction]) -> Cone:
    """What bears on some ground conditions. The instances keep only the writes that matter."""
    cells, before = set(cells_of(*questions)), -1
    while len(cells) != before:
        before = len(cells)
        for action in actions:
            if not action.written().isdisjoint(cells):
                values = [write.value for write in _narrowed(action, cells).assignments]
                cells |= action.reads() | cells_of(*values)
    kept = [_narrowed(action, cells) for action in actions if not action.written().isdisjoint(cells)]
    return Cone(frozenset(cells), tuple(kept), len(actions))


def _narrowed(action: GroundAction, cells: set[int]) -> GroundAction:
    return replace(action, assignments=tuple(w for w in action.assignments if w.index in cells))
