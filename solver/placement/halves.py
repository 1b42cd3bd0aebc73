"""Pieces by meeting in the middle: the cheapest placements of half of the units, joined with the other's.

All units of a piece end on its hosts, so what is left there in the end is known: the slack. A placement of
one half then fills each host to between what the other leaves and the slack below that. So the placements of
a half are sorted into cells as wide as the slack, and only cells that may fit are compared, in whole numbers.
That nothing was found proves nothing, unless there is less than no slack.

Source: E. Horowitz, S. Sahni, "Computing partitions with applications to the knapsack problem", Journal of
the ACM 21 (1974). The order by migrations and the cells are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .encoding import Piece, Reply
from .problem import Booleans, Integers

ROWS = 30_000  # placements of a half: all up to a number of migrations, about so many
AXES = 3  # sums of a host that decide the cell
MOST_PAIRS = 300_000  # that are compared between all cells and their neighbours in one direction

# Can a piece be placed with at most so many migrations? What is random, by a seed.
Ask = Callable[[Piece, int, int], Reply]


@dataclass(frozen=True)
class Half:
    """Placements of some units of a piece: ``place`` (rows × units) numbers the hosts of the piece, ``load``
    (rows × hosts × resources) is what they fill, ``cost`` (rows) their migrations."""

    place: Integers
    load: Integers
    cost: Integers

    def rows(self, chosen: Integers | Booleans) -> Half:
        """Some of the placements."""
        return Half(self.place[chosen], self.load[chosen], self.cost[chosen])


class Meeting:
    """A piece whose units are divided in two parts, at random by a seed."""

    def __init__(self, piece: Piece, seed: int) -> None:
        self.piece = piece
        self.hosts = sorted({h for row in piece.hosts for h in row})
        self.room = piece.room[self.hosts]
        self.demand = piece.units.demand[list(piece.free)]
        self.slack = self.room.sum(axis=0) - self.demand.sum(axis=0)
        self.options = [
            [(self.hosts.index(h), int(piece.units.cost[u, h])) for h in row]
            for u, row in zip(piece.free, piece.hosts, strict=True)
        ]
        self.random = np.random.default_rng(seed)
        dice = self.random.permutation(len(piece.free))
        # Units that may go anywhere at the same price multiply the placements: both halves get their part.
        order = sorted(dice.tolist(), key=lambda i: sum(cost for _, cost in self.options[i]))
        self.parts = order[::2], order[1::2]

    @property
    def hopeless(self) -> bool:
        """A unit has no host, or all together have too little room."""
        return not all(self.options) or bool((self.slack < 0).any())

    def half(self, part: Sequence[int], rows: int) -> Half:
        """The cheapest placements of these units: all up to a number of migrations, or so many at random
        where even the cheapest are more."""
        least = [min(cost for _, cost in self.options[i]) for i in part]
        most = _dearest([self.options[i] for i in part], rows)
        shape = self.room.shape
        half = Half(*(np.zeros((1, *more), dtype=np.int64) for more in ((0,), shape, ())))
        for number in range(len(part)):
            left = most - sum(least[number + 1 :])
            grown = [self._with(half, part, number, *option, left) for option in self.options[part[number]]]
            place, load, cost = zip(*((h.place, h.load, h.cost) for h in grown), strict=True)
            half = Half(np.concatenate(place), np.concatenate(load), np.concatenate(cost))
            if len(half.cost) > rows:
                half = half.rows(np.sort(self.random.choice(len(half.cost), rows, replace=False)))
        return half

    def _with(self, half: Half, part: Sequence[int], number: int, host: int, cost: int, most: int) -> Half:
        """The placements to which one more unit can be added on this host."""
        size = self.demand[part[number]]
        fits = (half.load[:, host] + size <= self.room[host]).all(axis=1) & (half.cost + cost <= most)
        rivals = self._rivals(part[number], part[:number])
        more = half.rows(fits & (half.place[:, rivals] != host).all(axis=1))
        more.load[:, host] += size
        place = np.concatenate([more.place, np.full((len(more.cost), 1), host)], axis=1)
        return Half(place, more.load, more.cost + cost)

    def _rivals(self, unit: int, part: Sequence[int]) -> list[int]:
        """Which of these are kept apart from this one."""
        units, free = self.piece.units, self.piece.free
        apart = {v for rule in units.rules_of[free[unit]] for v in units.apart[rule]}
        return [j for j, other in enumerate(part) if free[other] in apart]

    def fits(self, one: Half, other: Half) -> Booleans:
        """Which pairs (row by row) are a placement of the piece."""
        fits = (one.load + other.load <= self.room).all(axis=(1, 2))
        for i, unit in enumerate(self.parts[0]):
            rivals = self._rivals(unit, self.parts[1])
            fits &= (other.place[:, rivals] != one.place[:, [i]]).all(axis=1)
        return np.asarray(fits)

    def chosen(self, one: Integers, other: Integers) -> dict[int, int]:
        """The host of every unit."""
        numbered = zip((*self.parts[0], *self.parts[1]), (*one.tolist(), *other.tolist()), strict=True)
        return {self.piece.free[i]: self.hosts[host] for i, host in numbered}


def meet(piece: Piece, most: int, seed: int, rows: int = ROWS) -> Reply:
    """Is there a placement of the piece with at most so many migrations? The cheapest that is found."""
    meeting = Meeting(piece, seed)
    if meeting.hopeless:
        return Reply("no", {})
    one, other = (meeting.half(part, rows) for part in meeting.parts)
    one, other = _affordable(one, other, most), _affordable(other, one, most)
    best = Reply("unknown", {})
    for i, j in _pairs(meeting, one, other):
        affordable = one.cost[i] + other.cost[j] <= most
        i, j = i[affordable], j[affordable]
        fits = meeting.fits(one.rows(i), other.rows(j))
        if fits.any():
            i, j = i[fits], j[fits]
            least = int((one.cost[i] + other.cost[j]).argmin())
            most = int(one.cost[i[least]] + other.cost[j[least]]) - 1
            best = Reply("yes", meeting.chosen(one.place[i[least]], other.place[j[least]]))
    return best


def _dearest(options: Sequence[Sequence[tuple[int, int]]], rows: int) -> int:
    """The number of migrations up to which there are about so many placements, or more where all are dear."""
    counts = np.ones(1)
    for row in options:
        longer = np.zeros(len(counts) + max(cost for _, cost in row))
        for _, cost in row:
            longer[cost : cost + len(counts)] += counts
        counts = longer
    possible = np.flatnonzero(counts)
    return int(possible[(counts.cumsum()[possible] <= rows) | (possible == possible[0])].max())


def _affordable(half: Half, other: Half, most: int) -> Half:
    """The placements that can be paid beside the cheapest of the other half."""
    if not len(half.cost) or not len(other.cost):
        return half
    return half.rows(half.cost + other.cost.min() <= most)


def _pairs(meeting: Meeting, one: Half, other: Half) -> Iterator[tuple[Integers, Integers]]:
    """Rows of both that may fit, by the cells of the sums that differ most beside their slack."""
    if not len(one.cost) or not len(other.cost):
        return
    width = np.maximum(np.broadcast_to(meeting.slack, meeting.room.shape), 1).ravel()
    left = (meeting.room - one.load).reshape(len(one.cost), -1)
    load = other.load.reshape(len(other.cost), -1)
    axes = np.argsort(-load.std(axis=0) / width, kind="stable")[:AXES]
    asked, there = left[:, axes] // width[axes] + 1, load[:, axes] // width[axes] + 1
    base = max(int(asked.max()), int(there.max())) + 1
    place = base ** np.arange(len(axes))
    cells, asked_cells = there @ place, asked @ place
    order = np.argsort(cells, kind="stable")
    cells = cells[order]
    for corner in range(2 ** len(axes)):
        below = sum(int(place[axis]) for axis in range(len(axes)) if corner >> axis & 1)
        yield _same(asked_cells - below, cells, order)


def _same(asked: Integers, cells: Integers, order: Integers) -> tuple[Integers, Integers]:
    """All pairs of the same cell, up to a limit; ``cells`` are sorted, by ``order``."""
    first = np.searchsorted(cells, asked, "left")
    count = np.searchsorted(cells, asked, "right") - first
    count[count.cumsum() > MOST_PAIRS] = 0
    rows = np.repeat(np.arange(len(asked)), count)
    within = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
    return rows, order[first[rows] + within]
