"""Steps that do not disturb each other are tried in one order only.

Two neighbouring steps of a run may change places where neither writes what the other reads or writes; the run
ends in the same state. So of all runs that differ only in such an order one is enough: the one in which no
step could go before its left neighbour and has a smaller number. Steps are numbered by the member that they
are about (those about none first), then by the action.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from .circuit import TRUE, Circuit, Clause, Literal
from .footprint import Access, Footprint
from .numbers import Cases
from .step import after


class Conflict(IntEnum):
    """When two moves disturb each other."""

    NEVER = 0
    SAME_MEMBER = 1
    ALWAYS = 2


def conflict(one: Footprint, other: Footprint) -> Conflict:
    """When two moves disturb each other."""
    both = ((_writes(one), _writes(other) | _reads(other)), (_writes(other), _reads(one)))
    found = Conflict.NEVER
    for writes, accesses in both:
        for name, own in writes:
            for mine in (True, False):
                if (name, mine) in accesses:
                    found = max(found, Conflict.SAME_MEMBER if own and mine else Conflict.ALWAYS)
    return found


def _writes(print_: Footprint) -> set[Access]:
    return {(name, own and not effect.fixed) for effect in print_.stores for name, own in [effect.write]}


def _reads(print_: Footprint) -> set[Access]:
    of_values = {(n, own and not e.fixed) for e in print_.stores for n, own in e.reads}
    return of_values | print_.reads()


class Order:
    """The clauses about two neighbouring steps. ``row``: the parameter that says what a step is about."""

    def __init__(self, circuit: Circuit, prints: Sequence[Footprint], row: Cases) -> None:
        self.circuit, self.prints = circuit, prints
        members = list(row.values())
        self.up_to = [circuit.disjunction(members[: place + 1]) for place in range(len(members))]
        self.members = members
        self.falls, self.rises_not = circuit.variable(), circuit.variable()

    def clauses(self) -> Iterator[Clause]:
        """No step could go before its left neighbour and has a smaller number."""
        for place, here in enumerate(self.members):
            if place:
                yield [-here, -after(self.up_to[place - 1]), self.falls]
            later = self.up_to[place]
            yield [-here, self.rises_not] if later == TRUE else [-here, -after(later), self.rises_not]
        for number, left in enumerate(self.prints):
            for other, right in enumerate(self.prints):
                unless = self._wrong(left, right, other < number)
                if unless is not None:
                    yield [-left.choice.chosen, -after(right.choice.chosen), *unless]

    def _wrong(self, left: Footprint, right: Footprint, smaller: bool) -> list[Literal] | None:
        """When the two steps stand in the wrong order, as a literal to deny; None: never."""
        disturbs = conflict(left, right)
        if disturbs is Conflict.ALWAYS or (left.row is None and right.row is not None):
            return None
        if left.row is None:
            return [] if smaller and disturbs is Conflict.NEVER else None
        if right.row is None:
            return [] if disturbs is Conflict.NEVER else None
        return [-self.rises_not] if smaller and disturbs is Conflict.NEVER else [-self.falls]
