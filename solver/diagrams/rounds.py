"""A fair run that stays inside a set for ever, step by step: a way in, and a round that serves all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...model.language.plain import Packed, run
from .encoding import Diagram
from .fair import Due, Fairness
from .rings import Path, forwards, member_in, shortest
from .space import Space


@dataclass(frozen=True)
class EndlessRun:
    """A run from an initial state; its last ``round`` steps go round for ever. None: it may stop there."""

    path: Path
    round: int


class _Track:
    """A run as it is put together: where it began, what was taken, and the states on the way."""

    def __init__(self, space: Space, start: Packed) -> None:
        self.space = space
        self.states, self.taken = [start], list[int]()

    @property
    def here(self) -> Packed:
        """The state where it has come to."""
        return self.states[-1]

    def go(self, taken: Iterable[int]) -> None:
        """Take steps, by the plain reading."""
        for position in taken:
            self.states.append(run(self.space.scope, self.here, self.space.instance(position)))
            self.taken.append(position)

    def go_to(self, goal: Diagram, inside: Diagram) -> None:
        """Take the fewest steps to a goal, inside a set."""
        path = shortest(self.space, self.space.encoding.state(self.here), goal, inside)
        if path is None:
            raise LookupError("a fair set falls apart")
        self.go(path.taken)


def endless_run(space: Space, starts: Diagram, inside: Diagram, known: Diagram) -> EndlessRun | None:
    """A fair run that comes to one of the starts and then stays inside for ever; None when there is none.

    ``known`` are all reachable states.
    """
    fairness = Fairness(space, inside)
    begin = fairness.homes
    if begin.satisfiable():
        begin = starts & fairness.leading_to(begin, inside)
    path = shortest(space, space.initial, begin, known) if begin.satisfiable() else None
    if path is None:
        return None
    track = _Track(space, path.start)
    track.go(path.taken)
    track.go_to(fairness.homes, inside)
    first = len(track.taken)
    if not (space.encoding.state(track.here) & fairness.idle).satisfiable():
        first = _go_round(fairness, track)
    return EndlessRun(Path(path.start, tuple(track.taken)), len(track.taken) - first)


def _go_round(fairness: Fairness, track: _Track) -> int:
    """Go on to a set that is never left, and once round in it; returns the steps before the round."""
    space = fairness.space
    end = _bottom(fairness, track)
    first, home = len(track.taken), space.encoding.state(track.here)
    for due in fairness.dues:
        if due.is_possible(end) and not _served(due, track, first):
            _serve(due, track, end)
    if len(track.taken) == first:
        _step_inside(space, track, end)
    track.go_to(home, end)
    return first


def _bottom(fairness: Fairness, track: _Track) -> Diagram:
    """Go on to a strongly connected set of fair states that cannot be left inside them."""
    space = fairness.space
    while True:
        here = space.encoding.state(track.here)
        rings = forwards(space, here, fairness.rounds)
        while rings.grow():
            pass
        away = rings.seen & ~fairness.leading_to(here, rings.seen)
        if not away.satisfiable():
            return rings.seen
        track.go_to(away, fairness.rounds)


def _served(due: Due, track: _Track, first: int) -> bool:
    """Whether the round so far gives the instance its due."""
    if due.position in track.taken[first:]:
        return True
    here = track.space.encoding.state
    return not due.strong and any(not due.is_possible(here(s)) for s in track.states[first:])


def _serve(due: Due, track: _Track, end: Diagram) -> None:
    """Go on to a step of the instance or, where there is none inside, to where it is not possible."""
    taken = due.taken_into(end)
    if taken.satisfiable():
        track.go_to(taken, end)
        track.go([due.position])
    else:
        track.go_to(end & ~due.guard, end)


def _step_inside(space: Space, track: _Track, end: Diagram) -> None:
    here = space.encoding.state(track.here)
    event = next(e for e in space.events if (e.image(here) & end).satisfiable())
    track.go([member_in(space, event, track.here)])
