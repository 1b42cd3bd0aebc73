"""Fewer and fewer migrations by search: tabu search, then a walk through pieces, from several starts.

Where such a descent ends depends on where it began, so there are many: in turn from another first answer,
and from the best so far with more patience. Seeds decide everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .effort import Watch
from .encoding import piece_of
from .halves import Ask
from .problem import NOWHERE, Integers
from .searching import Search
from .tabu import UNLIMITED, Tabu, fewer
from .units import Units

FIRST = 100  # steps of tabu search for a first answer, before its bound
PATIENCE, LONGER = 3_000, 1.2  # steps for one migration less; so many times as many from start to start
STALE = 400  # pieces in a row that bring nothing
NEAR = 2  # migrations above the best: no walk begins further away


def first_answer(units: Units, search: Search, watch: Watch, steps: int) -> bool:
    """Whether a placement within all limits is found: greedily, then by so many steps of tabu search."""
    search.settle(20 * len(units.limits) + len(units.members))
    if search.overloaded() and lawful(units, search):
        tabu = Tabu(units, search.at, watch.effort.seed)
        if tabu.fit(UNLIMITED, steps, watch.stop):
            search.go_to(tabu.at)
    return units.sound(search.at)


def lawful(units: Units, search: Search) -> bool:
    """Whether every unit has a host that the rules allow; hosts may be too full."""
    return not units.misplaced(search.at).any() and not units.clashes(search.at)


class Descent:
    """The best placement so far, None where none was found, on the way to ``floor`` migrations.

    Of placements with equally few migrations the one that carries least counts as better.
    """

    def __init__(self, units: Units, floor: int, watch: Watch, ask: Ask) -> None:
        self.units, self.floor, self.watch, self.ask = units, floor, watch, ask
        self.best: Integers | None = None
        self.least = (UNLIMITED, UNLIMITED)
        self.steps, self.pieces = watch.effort.steps, watch.effort.pieces

    def once(self, start: Integers, steps: int) -> None:
        """Tabu search alone, for so many steps."""
        self._tabu(start, self.watch.effort.seed, UNLIMITED, steps, steps)

    def run(self, start: Integers) -> None:
        """Start after start, as far as the effort goes."""
        patience = float(PATIENCE)
        for number, (begin, most) in enumerate(self._starts(start)):
            seed = self.watch.effort.seed + number
            found = self._tabu(begin, seed, most, int(patience), self.steps)
            at = begin if found is None else found
            if self.units.sound(at) and self.units.moves(at) <= self.least[0] + NEAR:
                self.walk(at, seed)
            patience *= LONGER

    def _starts(self, start: Integers) -> Iterator[tuple[Integers, int]]:
        """In turn first answers and the best so far, with the migrations that are asked for."""
        number = 0
        while not self._done():
            if number % 2 and self.best is not None:
                yield self.best, self.least[0] - 1
            elif number:
                search = Search(self.units, self.watch.effort.seed + number)
                first_answer(self.units, search, self.watch, FIRST)
                yield search.at if lawful(self.units, search) else start, UNLIMITED
            else:
                yield start, UNLIMITED
            number += 1

    def _done(self) -> bool:
        return self.least[0] <= self.floor or self.steps <= 0 or self.watch.stop()

    def _tabu(self, start: Integers, seed: int, most: int, patience: int, last: int) -> Integers | None:
        """What tabu search finds from here; its steps are taken from those that are left."""
        tabu = Tabu(self.units, start, seed)
        found = fewer(tabu, self.floor, most, patience, last, self.watch.stop, lambda: self._keep(tabu.at))
        self.steps -= max(tabu.steps, 1)
        return found

    def _keep(self, at: Integers) -> None:
        """Take a placement if it is the best so far; the diary knows of fewer migrations only."""
        worth = (self.units.moves(at), self.units.carried(at))
        if worth[0] < self.least[0]:
            self.watch.found(worth[0], at=at)
        if worth < self.least:
            self.best, self.least = at.copy(), worth

    def walk(self, at: Integers, seed: int) -> None:
        """Walk through pieces of a few hosts to fewer migrations, or as many elsewhere."""
        search, random, stale = Search(self.units, seed, at), np.random.default_rng((seed, 1)), 0
        self._keep(at)
        least = search.moves
        while stale < STALE and self._may_go_on(search):
            hosts, free = neighbourhood(self.units, search, random)
            piece = piece_of(self.units, search.at, free, hosts)
            most = sum(int(self.units.cost[u, search.at[u]]) for u in free)
            search.go_to(self.ask(piece, most, int(random.integers(2**31))).applied(search.at))
            stale, self.pieces = stale + 1 if search.moves == least else 0, self.pieces - 1
            least = search.moves
            self._keep(search.at)

    def _may_go_on(self, search: Search) -> bool:
        """A group that is not together costs a migration where nothing has moved: there is no piece then."""
        more = self.pieces > 0 and search.moves > self.floor and len(search.moved()) > 0
        return more and not self.watch.stop()


def neighbourhood(
    units: Units, search: Search, random: np.random.Generator, hosts: int = 3, size: int = 40
) -> tuple[list[int], list[int]]:
    """A few hosts between which VMs have moved, and the units there that are worth thinking about."""
    moved = search.moved()
    first = int(random.choice(moved))
    chosen = list(dict.fromkeys([int(search.at[first]), int(units.home[first])]))
    near = [u for u in moved if int(search.at[u]) in chosen or int(units.home[u]) in chosen]
    ends = [h for u in random.permutation(near).tolist() for h in (int(search.at[u]), int(units.home[u]))]
    chosen = [h for h in dict.fromkeys([*chosen, *ends]) if h != NOWHERE][:hosts]
    there = [u for h in chosen for u in search.on[h]]
    first_moved = sorted(
        there, key=lambda u: (search.at[u] == units.home[u], -float(search.scaled[u].max()), u)
    )
    return chosen, first_moved[:size]
