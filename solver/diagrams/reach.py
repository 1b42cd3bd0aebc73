"""All reachable states of a space, by saturation: first what stays inside one block, then what crosses them.

Each event is applied to everything that is known, not to a frontier: the set grows to the same end in any
order, and the diagrams of such sets are smaller than those of frontiers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .checkpoint import load_states, save_states
from .encoding import Diagram
from .events import Event
from .limits import Growth
from .order import Block
from .space import Space

TELL_EVERY = 0.2  # seconds
MORE = 8  # times as many results, when a space is crowded


class Reachable:
    """The set of known states of a space, growing to all reachable ones.

    ``known`` begins with the initial states and a set that an earlier run has reached. It is sound at any
    moment: a run that is stopped leaves what was reached so far. A space that turns out to be too small for
    the work is replaced by one that remembers more results.
    """

    def __init__(
        self,
        space: Space,
        on_growth: Callable[[Growth], None] | None = None,
        known: Diagram | None = None,
    ) -> None:
        self.space = space
        self.known = space.initial if known is None else space.initial | known
        self.passes = 0
        self._began = time.perf_counter()
        self._on_growth = on_growth
        self._told = 0.0

    def grow(self) -> None:
        """Go on to the end. Raises OutOfBounds, or KeyboardInterrupt, with ``known`` as far as it came."""
        before = None
        while self.known != before:
            before = self.known
            self.passes += 1
            for block in filter(None, self.space.blocks):
                self._saturate(block)
            self._fire(None)

    def _saturate(self, block: Block) -> None:
        """Apply the events of one block until they add nothing."""
        before = None
        while self.known != before:
            before = self.known
            self._fire(block)

    def _fire(self, block: Block) -> None:
        for event in self.space.blocks.get(block, ()):
            self.known = self.space.within_limits(_with_image, event, self.known)
            self._tell()
            if self.space.is_crowded():
                self.space, self.known = roomier(self.space, self.known)
                return

    def _tell(self) -> None:
        now = time.perf_counter()
        if self._on_growth is not None and now - self._told > TELL_EVERY:
            self._told = now
            self._on_growth(self.growth())

    def growth(self) -> Growth:
        """How far it has come."""
        seconds = time.perf_counter() - self._began
        return Growth(self.space.encoding.size(self.known), self.known.node_count(), self.passes, seconds)


def roomier(space: Space, states: Diagram) -> tuple[Space, Diagram]:
    """The same space with room for more results, and some of its states there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known"
        save_states(space, states, path)
        larger = Space(space.prepared, space.size, space.results * MORE)
        return larger, load_states(larger, path)


def _with_image(event: Event, known: Diagram) -> Diagram:
    return known | event.image(known)
