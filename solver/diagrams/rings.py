"""Shortest runs: rings around the start and around the goal, the smaller one growing, until they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...model.language.plain import Packed
from .encoding import Diagram
from .events import Event
from .space import Space


@dataclass(frozen=True)
class Path:
    """A run as an engine found it: the first state, and the positions of what is taken."""

    start: Packed
    taken: tuple[int, ...]


class Rings:
    """States by their distance from a set, forwards or backwards, inside ``inside``."""

    def __init__(
        self, space: Space, begin: Diagram, inside: Diagram, step: Callable[[Event, Diagram], Diagram]
    ) -> None:
        self.space, self.inside, self._step = space, inside, step
        self.rings = [begin & inside]
        self.seen = self.rings[0]

    @property
    def last(self) -> Diagram:
        """The outermost ring."""
        return self.rings[-1]

    def grow(self) -> bool:
        """Add the next ring; False when it is empty."""
        found = self.space.encoding.false
        for event in self.space.events:
            found = found | self.space.within_limits(self._step, event, self.last)
        ring = found & self.inside & ~self.seen
        self.rings.append(ring)
        self.seen = self.seen | ring
        return ring.satisfiable()


def forwards(space: Space, begin: Diagram, inside: Diagram) -> Rings:
    """Rings of what can be reached from a set."""
    return Rings(space, begin, inside, Event.image)


def backwards(space: Space, goal: Diagram, inside: Diagram) -> Rings:
    """Rings of where a set can be reached from."""
    return Rings(space, goal, inside, Event.preimage)


def shortest(space: Space, begin: Diagram, goal: Diagram, inside: Diagram) -> Path | None:
    """A run with the fewest steps from ``begin`` to ``goal`` that stays ``inside``, if there is one."""
    near, far = forwards(space, begin, inside), backwards(space, goal, inside)
    while not (meeting := near.last & far.last).satisfiable():
        smaller = near if near.last.node_count() <= far.last.node_count() else far
        if not smaller.grow():
            return None
    return _through(space, near.rings, far.rings, meeting)


def different(space: Space, goal: Diagram, known: Diagram, most: int) -> list[Path]:
    """Shortest runs from the start to a goal, at most so many, each ending in another action."""
    first = shortest(space, space.initial, goal, known)
    found = [] if first is None else [first]
    while found and len(found) < most and all(way.taken for way in found):
        used = {space.instance(way.taken[-1]).action.name for way in found}
        way = _ending_otherwise(space, goal, known, used)
        if way is None:
            break
        found.append(way)
    return found


def _ending_otherwise(space: Space, goal: Diagram, known: Diagram, used: set[str]) -> Path | None:
    """A shortest run to a goal whose last step is none of some actions."""
    others = [
        (event, position, guard)
        for event in space.events
        for position, guard in zip(event.members, event.guards, strict=True)
        if space.instance(position).action.name not in used
    ]
    before = space.encoding.false
    for event, _, guard in others:
        before = before | (event.preimage(goal) & guard & known & ~goal)
    way = shortest(space, space.initial, before, known) if before.satisfiable() else None
    if way is None:
        return None
    state = space.encoding.state(end_of(space, way))
    last = next(p for e, p, g in others if (e.image(state & g) & goal).satisfiable())
    return Path(way.start, (*way.taken, last))


def end_of(space: Space, way: Path) -> Packed:
    """The last state of a run, as far as diagrams see it."""
    state = space.encoding.state(way.start)
    for position in way.taken:
        event = next(e for e in space.events if position in e.members)
        state = event.image(state)
    return space.encoding.pick(state)


def _through(space: Space, near: list[Diagram], far: list[Diagram], meeting: Diagram) -> Path:
    """The run through a state where the rings meet: back to the start, and on to the goal."""
    middle = space.encoding.pick(meeting)
    before, state = [], middle
    for ring in reversed(near[:-1]):
        state, position = _predecessor(space, state, ring)
        before.append(position)
    start, state = state, middle
    after = []
    for ring in reversed(far[:-1]):
        state, position = _successor(space, state, ring)
        after.append(position)
    return Path(start, (*reversed(before), *after))


def _predecessor(space: Space, state: Packed, ring: Diagram) -> tuple[Packed, int]:
    """A state of a ring, and what leads from it to a state."""
    there = space.encoding.state(state)
    for event in space.events:
        found = event.preimage(there) & ring
        if found.satisfiable():
            before = space.encoding.pick(found)
            return before, member_in(space, event, before)
    raise LookupError("a ring has no way to the next one")


def _successor(space: Space, state: Packed, ring: Diagram) -> tuple[Packed, int]:
    """A state of a ring that follows a state, and what leads to it."""
    here = space.encoding.state(state)
    for event in space.events:
        found = event.image(here) & ring
        if found.satisfiable():
            return space.encoding.pick(found), member_in(space, event, state)
    raise LookupError("a ring has no way to the next one")


def member_in(space: Space, event: Event, state: Packed) -> int:
    """The first action instance of an event that is possible in a state."""
    here = space.encoding.state(state)
    members = zip(event.members, event.guards, strict=True)
    return next(position for position, guard in members if (guard & here).satisfiable())
