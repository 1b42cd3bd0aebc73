"""Endless waits on diagrams: the states from which a fair run can stay inside a set for ever.

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

    def is_possible(self, states: Diagram) -> bool:
        """Whether the instance is possible in some state of a set."""
        return (states & self.guard).satisfiable()

    def taken_into(self, states: Diagram) -> Diagram:
        """The states of the set from which the instance leads back into it."""
        return self.event.preimage(states) & self.guard & states


class Fairness:
    """What the fair instances of a space demand of runs that stay inside a set for ever."""

    def __init__(self, space: Space, inside: Diagram) -> None:
        self.space, self.inside = space, inside
        self.dues = tuple(dues_of(space, inside))

    @cached_property
    def _events(self) -> list[Event]:
        """The events that have a step inside the set."""
        inside = self.inside
        return [e for e in self.space.events if (e.preimage(inside) & inside).satisfiable()]

    @property
    def homes(self) -> Diagram:
        """Where such runs stay: where they may stop, or go round."""
        return self.idle | self.rounds

    @cached_property
    def idle(self) -> Diagram:
        """The states of the set that oblige nobody: a run may stop there."""
        return self.inside & ~union(self.space, (due.guard for due in self.dues))

    @cached_property
    def rounds(self) -> Diagram:
        """States from all of which a fair run can go on among them for ever; none only if there is none."""
        if any(self._never_served(due) for due in self.dues):
            return self.space.encoding.false
        states, before = self.inside, None
        while states != before and states.satisfiable():
            before = states
            for due in self.dues:
                states = self._with_its_due(due, states)
                if not states.satisfiable():
                    return states
            states = states & self._going_on(states)
        return states

    def _never_served(self, due: Due) -> bool:
        """Whether a weakly fair instance is possible everywhere, and always leads out: seen quickly."""
        everywhere = not due.strong and not (self.inside & ~due.guard).satisfiable()
        return everywhere and not due.taken_into(self.inside).satisfiable()

    def _going_on(self, states: Diagram) -> Diagram:
        """The states from which some step leads into the set."""
        return union(self.space, (event.preimage(states) for event in self._events))

    def _with_its_due(self, due: Due, states: Diagram) -> Diagram:
        """The states that can stay in the set and give the instance its due.

        A weakly fair one gets it where it is not possible, or taken; what cannot reach that is out. A
        strongly fair one gets it when taken; where it is possible, and that cannot be reached, is out.
        """
        if not due.is_possible(states):
            return states
        taken = due.taken_into(states)
        if due.strong:
            return (states & ~due.guard) | self.leading_to(taken, states)
        served = (states & ~due.guard) | taken
        return states if served == states else self.leading_to(served, states)

    def leading_to(self, goal: Diagram, inside: Diagram) -> Diagram:
        """The states of a part of the set that can reach a goal inside it."""
        known, before = goal & inside, None
        while known != before and known != inside:
            before = known
            for event in self._events:
                known = known | (self.space.within_limits(event.preimage, known) & inside)
        return known


def dues_of(space: Space, inside: Diagram) -> Iterator[Due]:
    """The fair action instances that are possible somewhere in a set."""
    for event in space.events:
        for position, guard in zip(event.members, event.guards, strict=True):
            fairness = space.instance(position).action.fairness
            due = Due(event, position, guard, fairness == "strong")
            if fairness is not None and due.is_possible(inside):
                yield due
