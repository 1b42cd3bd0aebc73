"""All reachable states of a space, by saturation: first what stays inside one block, then what crosses them.

Each event is applied to everything that is known, not to a frontier: the set grows to the same end in any
order, and the diagrams of such sets are smaller than those of frontiers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from .encoding import Diagram
from .events import Event
from .limits import Growth
from .space import Space

TELL_EVERY = 0.2  # seconds


class Reachable:
    """The set of known states of a space, growing to all reachable ones.

    ``known`` begins with the initial states, or is replaced by a set that an earlier run has reached. It is
    sound at any moment: a run that is stopped leaves what was reached so far.
    """

    def __init__(self, space: Space, on_growth: Callable[[Growth], None] | None = None) -> None:
        self.space = space
        self.known = space.initial
        self.passes = 0
        self._began = time.perf_counter()
        self._on_growth = on_growth
        self._told = 0.0

    def grow(self) -> None:
        """Go on to the end. Raises OutOfBounds, or KeyboardInterrupt, with ``known`` as far as it came."""
        local = [events for block, events in self.space.blocks.items() if block is not None]
        across = self.space.blocks.get(None, ())
        before = None
        while self.known != before:
            before = self.known
            self.passes += 1
            for events in local:
                self._saturate(events)
            self._fire(across)

    def _saturate(self, events: Iterable[Event]) -> None:
        """Apply the events of one block until they add nothing."""
        before = None
        while self.known != before:
            before = self.known
            self._fire(events)

    def _fire(self, events: Iterable[Event]) -> None:
        for event in events:
            self.known = self.space.within_limits(_with_image, event, self.known)
            self._tell()

    def _tell(self) -> None:
        now = time.perf_counter()
        if self._on_growth is not None and now - self._told > TELL_EVERY:
            self._told = now
            self._on_growth(self.growth())

    def growth(self) -> Growth:
        """How far it has come."""
        seconds = time.perf_counter() - self._began
        return Growth(self.space.encoding.size(self.known), self.known.node_count(), self.passes, seconds)


def _with_image(event: Event, known: Diagram) -> Diagram:
    return known | event.image(known)
