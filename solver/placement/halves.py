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
from itertools import pairwise

import numpy as np

from .encoding import Piece, Reply
from .problem import Booleans, Integers

ROWS, FEW_ROWS = 30_000, 10_000  # placements of a half: all up to a number of migrations, about so many
AXES = 3  # sums of a host that decide the cell
MOST_PAIRS = 300_000  # that are compared between all cells and their neighbours in one direction

# Can a piece be placed with at most so many migrations? What is random, by a seed.
Ask = Callable[[Piece, int, int], Reply]


@dataclass(frozen=True)
class Half:
    """Placements of some units of a piece, a column each: ``place`` (units × N) numbers the hosts of the
    piece, ``load`` (hosts × resources × N) is what they fill, ``cost`` (N) their migrations."""

    place: Integers
    load: Integers
    cost: Integers

    def those(self, chosen: Integers) -> Half:
        """Some of the placements, by their numbers."""
        return Half(self.place.take(chosen, axis=1), self.load.take(chosen, axis=2), self.cost.take(chosen))


class Meeting:
    """A piece whose units are divided in two parts, at random by a seed."""

    def __init__(self, piece: Piece, seed: int) -> None:
        self.piece = piece
        self.hosts = sorted({h for row in piece.hosts for h in row})
        room, demand = piece.room[self.hosts], piece.units.demand[list(piece.free)]
        self.slack = room.sum(axis=0) - demand.sum(axis=0)
        small = np.min_scalar_type(-2 * int(max(np.abs(room).max(initial=1), demand.sum(axis=0).max())))
        self.room, self.demand = room.astype(small), demand.astype(small)
        self.options = [
            [(self.hosts.index(h), int(piece.units.cost[u, h])) for h in row]
            for u, row in zip(piece.free, piece.hosts, strict=True)
        ]
        where = {u: i for i, u in enumerate(piece.free)}
        apart = [[v for rule in piece.units.rules_of[u] for v in piece.units.apart[rule]] for u in piece.free]
        self.rivals = [{where[v] for v in row if v in where} for row in apart]
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
        half = Half(
            np.zeros((0, 1), np.min_scalar_type(-len(self.hosts))),
            np.zeros((*self.room.shape, 1), self.room.dtype),
            np.zeros(1, np.int32),
        )
        for number in range(len(part)):
            left = most - sum(least[number + 1 :])
            half = self._grown(half, part, number, left, rows)
        return half

    def _grown(self, half: Half, part: Sequence[int], number: int, most: int, rows: int) -> Half:
        """Each placement with one more unit on each host that has room, up to so many migrations."""
        unit, size = part[number], self.demand[part[number]][:, None]
        hosts, costs = np.array(self.options[unit], half.cost.dtype).T
        fits = (half.load[hosts] <= self.room[hosts, :, None] - size).all(axis=1)
        fits &= half.cost <= most - costs[:, None]
        for j in self._rivals(unit, part[:number]):
            fits &= half.place[j] != hosts[:, None]
        option, old = np.nonzero(fits)
        if len(old) > rows:
            chosen = np.sort(self.random.choice(len(old), rows, replace=False))
            option, old = option[chosen], old[chosen]
        more, ends = half.those(old), np.bincount(option, minlength=len(hosts)).cumsum()
        for host, (first, end) in zip(hosts, pairwise([0, *ends.tolist()]), strict=True):
            more.load[host, :, first:end] += size
        place = np.concatenate([more.place, hosts[option][None].astype(more.place.dtype)])
        return Half(place, more.load, more.cost + costs[option])

    def _rivals(self, unit: int, part: Sequence[int]) -> list[int]:
        """Which of these are kept apart from this one."""
        return [j for j, other in enumerate(part) if other in self.rivals[unit]]

    def fits(self, one: Half, other: Half) -> Booleans:
        """Which pairs (number by number) are a placement of the piece."""
        fits = (one.load + other.load <= self.room[:, :, None]).all(axis=(0, 1))
        for i, unit in enumerate(self.parts[0]):
            rivals = self._rivals(unit, self.parts[1])
            fits &= (other.place[rivals] != one.place[i]).all(axis=0)
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
        fits = meeting.fits(one.those(i), other.those(j))
        if fits.any():
            i, j = i[fits], j[fits]
            least = int((one.cost[i] + other.cost[j]).argmin())
            most = int(one.cost[i[least]] + other.cost[j[least]]) - 1
            best = Reply("yes", meeting.chosen(one.place[:, i[least]], other.place[:, j[least]]))
    return best


def meet_quickly(piece: Piece, most: int, seed: int) -> Reply:
    """The same with fewer placements of a half, for where many pieces count for more than one."""
    return meet(piece, most, seed, FEW_ROWS)


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
    return half.those(np.flatnonzero(half.cost + other.cost.min() <= most))


def _pairs(meeting: Meeting, one: Half, other: Half) -> Iterator[tuple[Integers, Integers]]:
    """Numbers of both that may fit, by the cells of the sums that differ most beside their slack."""
    if not len(one.cost) or not len(other.cost):
        return
    width = np.maximum(np.broadcast_to(meeting.slack, meeting.room.shape), 1).reshape(-1, 1)
    left = (meeting.room[:, :, None] - one.load).reshape(len(width), -1)
    load = other.load.reshape(len(width), -1)
    axes = np.argsort(-load.std(axis=1) / width[:, 0], kind="stable")[:AXES]
    asked, there = left[axes] // width[axes] + 1, load[axes] // width[axes] + 1
    base = max(int(asked.max()), int(there.max())) + 1
    place = base ** np.arange(len(axes))
    orders = np.argsort(place @ asked, kind="stable"), np.argsort(place @ there, kind="stable")
    asked, there = (place @ asked)[orders[0]], (place @ there)[orders[1]]
    for corner in range(2 ** len(axes)):
        below = sum(int(place[axis]) for axis in range(len(axes)) if corner >> axis & 1)
        i, j = _same(asked - below, there)
        yield orders[0][i], orders[1][j]


def _same(asked: Integers, there: Integers) -> tuple[Integers, Integers]:
    """All pairs of equal cells, up to a limit; both are sorted, which makes the search quick."""
    first = np.searchsorted(there, asked, "left")
    count = np.searchsorted(there, asked, "right") - first
    count[count.cumsum() > MOST_PAIRS] = 0
    i = np.repeat(np.arange(len(asked)), count)
    within = np.arange(len(i)) - np.repeat(count.cumsum() - count, count)
    return i, first[i] + within
