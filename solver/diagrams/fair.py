"""Endless waits on diagrams: the states from which a fair run can stay inside a set for ever, and one such run.

A weakly fair instance must be taken, or not be possible, again and again; a strongly fair one that becomes
possible again and again must be taken again and again. So states are struck out that cannot reach, inside the
set, a step or a state that gives each its due (Emerson and Lei 1986), until none is left or nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .encoding import Diagram
from .events import Event
from .space import Space, union


@dataclass(frozen=True)
class Due:
    """A fair action instance: its event, its position, its guard, and whether it is strongly fair."""

    event: Event
    position: int
    guard: Diagram
    strong: bool

    def taken_into(self, states: Diagram) -> Diagram:
        """The states of the set from which the instance leads back into it."""
        return self.event.preimage(states) & self.guard & states


class Fairness:
    """What the fair instances of a space demand of runs that go on for ever."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.dues = tuple(self._dues())

    def _dues(self) -> Iterator[Due]:
        for event in self.space.events:
            for position, guard in zip(event.members, event.guards, strict=True):
                fairness = self.space.instance(position).action.fairness
                if fairness is not None:
                    yield Due(event, position, guard, fairness == "strong")

    @cached_property
    def obliged(self) -> Diagram:
        """The states in which a fair instance is possible."""
        return union(self.space, (due.guard for due in self.dues))

    def endless(self, inside: Diagram) -> Diagram:
        """The states of a set from which a fair run can stay in it for ever, going on or stopping."""
        return self.leading_to(self.homes(inside), inside)

    def homes(self, inside: Diagram) -> Diagram:
        """The states where such runs stay: those that are idle, and sets that have fair rounds."""
        return (inside & ~self.obliged) | self._fair(inside)

    def _fair(self, inside: Diagram) -> Diagram:
        """States of a set from all of which a fair run can go on among them for ever; none only if there is none."""
        if any(self._never_due(due, inside) for due in self.dues):
            return self.space.encoding.false
        states, before = inside, None
        while states != before and states.satisfiable():
            before = states
            for due in self.dues:
                states = self._with_its_due(due, states)
                if not states.satisfiable():
                    return states
            states = states & self._going_on(states)
        return states

    def _never_due(self, due: Due, states: Diagram) -> bool:
        """Whether a weakly fair instance is possible everywhere, and always leads out: a quick way to see it."""
        everywhere = not due.strong and not (states & ~due.guard).satisfiable()
        return everywhere and not due.taken_into(states).satisfiable()

    def _going_on(self, states: Diagram) -> Diagram:
        """The states from which some step leads into the set."""
        return union(self.space, (event.preimage(states) for event in self.space.events))

    def _with_its_due(self, due: Due, states: Diagram) -> Diagram:
        """The states that can stay in the set and give the instance its due.

        A weakly fair one gets it where it is not possible, or taken; what cannot reach that is out. A strongly
        fair one gets it when taken; where it is possible, and that cannot be reached, is out.
        """
        possible = states & due.guard
        if not possible.satisfiable():
            return states
        taken = due.taken_into(states)
        if due.strong:
            return (states & ~due.guard) | self.leading_to(taken, states)
        served = (states & ~due.guard) | taken
        return states if served == states else self.leading_to(served, states)

    def leading_to(self, goal: Diagram, inside: Diagram) -> Diagram:
        """The states of a set that can reach a goal inside it."""
        known, before = goal & inside, None
        while known != before:
            before = known
            for event in self.space.events:
                known = known | (self.space.within_limits(event.preimage, known) & inside)
            if known == inside:
                break
        return known
