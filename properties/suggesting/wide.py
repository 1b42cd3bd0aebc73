"""Very many reached states at once: decision diagrams that a lemma is held against.

A diagram that is not complete is still sound: every state in it is reached. It has billions of them, the rare
ones that random runs miss included.
"""

from __future__ import annotations

from ...model.language.plain import Packed
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...solver.diagrams.limits import Size
from ...solver.diagrams.prepared import Prepared
from ...solver.diagrams.reach import Reachable
from ...solver.diagrams.space import OUT_OF_BOUNDS, Space
from .reached import unlimited

MEMORY = 1 << 29


class Wide:
    """States of one scope that are reached, faults without limit; ``complete``: these are all."""

    def __init__(self, scope: Scope, seconds: float) -> None:
        self.scope = unlimited(scope)
        self.complete = True
        reachable = Reachable(Space(Prepared(self.scope), Size(MEMORY, seconds, 1)))
        try:
            reachable.grow()
        except OUT_OF_BOUNDS:
            self.complete = False
        self.space, self.known = reachable.space, reachable.known
        self.states = self.space.encoding.size(self.known)

    def against(self, predicate: Predicate) -> Packed | None:
        """A state that was reached and in which a statement is false; None where there is none."""
        self.space.restart_clock()
        try:
            bad = self.known & ~self.space.statement(predicate)
        except OUT_OF_BOUNDS:
            return None
        return self.space.encoding.pick(bad) if bad.satisfiable() else None
