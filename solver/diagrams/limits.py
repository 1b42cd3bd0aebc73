"""What an exploration may take, how far it has come, and why it may end early."""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_NODE, BYTES_PER_RESULT = 36, 24  # measured on OxiDD 0.13, its tables included
FIRST_RESULTS = 1 << 20  # of operations, remembered; making room for many takes seconds, so few at first
GIB = 1 << 30


class OutOfBounds(Exception):
    """Time or memory is used up; the text says which."""


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Size:
    """What diagrams may take: bytes of memory, seconds, and threads that work on one diagram."""

    memory: int = 4 * GIB
    seconds: float | None = None
    threads: int = 1

    @property
    def most_results(self) -> int:
        """How many results of operations may be remembered: a quarter of the memory."""
        return max(1 << 12, self.memory // (4 * BYTES_PER_RESULT))

    @property
    def nodes(self) -> int:
        """How many nodes fit beside them."""
        return max(1 << 12, 3 * self.memory // (4 * BYTES_PER_NODE))


@dataclass(frozen=True)
class Growth:
    """How far the set of known states has come."""

    states: int
    nodes: int
    passes: int
    seconds: float
