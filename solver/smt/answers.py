"""What is asked of a solver and what it answers; this file imports no solver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """What Z3 said of a question."""

    PROVED = "proved"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Limits:
    """Of one question: wall seconds, and Z3's own count of its work, which is the same on every machine."""

    seconds: float = 10.0
    work: int = 40_000_000

    def part(self, of: int) -> Limits:
        """One part of so many of the work: for a question whose answer is good to have, not needed."""
        return Limits(self.seconds, max(1, self.work // of))


@dataclass(frozen=True)
class Reply:
    """The answer, the names of the hypotheses it needed, and what it took."""

    answer: Answer
    core: frozenset[str]
    seconds: float
    reason: str = ""


def guard_name(number: int, mechanism: str | None) -> str:
    """The name of a guard among the hypotheses."""
    return f"guard {number}" + (f" of {mechanism}" if mechanism else "")


def mechanism_of(hypothesis: str) -> str | None:
    """The mechanism that a hypothesis stands for, if it is the guard or the effect of one."""
    kind, _, rest = hypothesis.partition(" ")
    if kind == "effect":
        return rest
    return rest.partition(" of ")[2] or None if kind == "guard" else None
