"""How long a search may take, and the diary of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .answers import Tick
from .problem import Integers


@dataclass(frozen=True)
class Effort:
    """How long to try: rounds of the search (ten steps of tabu search each), questions about pieces, Z3's
    conflicts; seconds may stop it."""

    rounds: int = 4_000
    pieces: int = 10_000
    conflicts: int = 20_000
    seconds: float | None = 60.0
    seed: int = 0

    @property
    def steps(self) -> int:
        """Steps of tabu search: ten for a round."""
        return 10 * self.rounds


STANDARD = Effort()


@dataclass
class Watch:
    """The clock and the diary of a run: who asks for progress, when it must stop, what was found when; and
    the best placement of units so far, for Ctrl-C."""

    effort: Effort
    show: Callable[[Tick], None] = lambda tick: None
    began: float = field(default_factory=time.monotonic)
    best: int | None = None
    bound: int | None = None
    kept: Integers | None = None
    history: list[Tick] = field(default_factory=list)
    stopped: str = ""

    def stop(self) -> bool:
        """Whether the time is over; shows the progress by the way."""
        seconds = time.monotonic() - self.began
        self.show(Tick(seconds, self.best, self.bound))
        if self.effort.seconds is not None and seconds > self.effort.seconds:
            self.stopped = f"stopped after {self.effort.seconds:g} s; more rounds might find more"
        return bool(self.stopped)

    def forget(self) -> None:
        """What was told so far was of another measure."""
        self.best = self.bound = None
        self.history.clear()

    def left(self) -> float:
        """Seconds that are left, at least one; an hour where there is no limit."""
        if self.effort.seconds is None:
            return 3_600.0
        return max(1.0, self.effort.seconds - (time.monotonic() - self.began))

    def found(self, best: int | None = None, bound: int | None = None, at: Integers | None = None) -> None:
        """A better answer, or a better bound."""
        self.best = self.best if best is None else best
        self.kept = self.kept if at is None else at.copy()
        self.bound = self.bound if bound is None else bound
        self.history.append(Tick(time.monotonic() - self.began, self.best, self.bound))
