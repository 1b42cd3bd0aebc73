"""Balance by DRS's own metric: the standard deviation of the normalised load over the hosts.

A threshold of DRS is a deviation that is tolerated: recommendations have the priority 6 - ceil(deviation /
0.1 · sqrt(hosts)), and a threshold t applies those of priority t and better (VMware, "Calculating the
priority level of a VMware DRS migration recommendation"). So t acts while deviation · sqrt(hosts) / 0.1 is
above 5 - t.

Like DRS the search takes the best move again and again, exchanges too, but it also takes moves back.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from .answers import Bound, Goal
from .balancing import balance
from .bounds import stage_of
from .effort import Effort, Watch
from .engine import Outcome, fewest
from .problem import NOWHERE, WHOLE, Integers, Problem
from .searching import Search
from .units import Units

MOST_PLACEMENTS, CHUNK = 2_000_000, 20_000  # placements that are all tried, where there are no more
TOP_HOSTS, PARTNERS = 6, 400
HOW = "a migration changes two hosts: the deviation falls by so much at most with each"
PIECES = 32  # into which the range of the mean is cut


def aim_of(hosts: int, threshold: int) -> int:
    """The deviation that a threshold tolerates, in basis points."""
    return int((5 - threshold) * 0.1 * WHOLE / math.sqrt(max(hosts, 1)))


def even_out(units: Units, goal: Goal, watch: Watch) -> Outcome:
    """The smallest sum of deviation above the aim and migrations, as far as the effort goes."""
    whole = _every(units, goal)
    if whole is not None:
        return whole
    start = fewest(units, WHOLE, watch)
    if start.at is None or watch.stopped:
        return start
    watch.forget()
    even = Even(units, goal, start.at, watch)
    watch.found(even.worth())
    try:
        even.run()
    except KeyboardInterrupt:
        watch.stopped = "interrupted; this is the best found until then"
    bound = deviation_bound(units, goal, even.least)
    watch.found(even.least, bound.value)
    return Outcome(even.best, bound)


def _every(units: Units, goal: Goal) -> Outcome | None:
    """The best of all placements, where there are few enough to try them all."""
    rows = [np.flatnonzero(row) for row in units.allowed]
    total = math.prod(map(len, rows))
    if total > MOST_PLACEMENTS:
        return None
    best, least = None, 0
    for first in range(0, total, CHUNK):
        at = _placements(rows, np.arange(first, min(first + CHUNK, total)))
        at = at[_sound(units, at)]
        values = _worths(units, goal, at)
        if len(at) and (best is None or values.min() < least):
            best, least = at[int(values.argmin())], int(values.min())
    if best is None:
        why = f"none of all {total:,} placements keeps all rules and limits"
        return Outcome(None, Bound(0, ""), True, why)
    return Outcome(best, Bound(least, f"all {total:,} placements were tried"))


def _placements(rows: list[Integers], numbers: Integers) -> Integers:
    """Placements by their number: N × U hosts."""
    found = np.zeros((len(numbers), len(rows)), dtype=np.int64)
    for u, hosts in enumerate(rows):
        numbers, digit = np.divmod(numbers, len(hosts))
        found[:, u] = hosts[digit]
    return found


def _loads(units: Units, at: Integers) -> Integers:
    """N × hosts × resources."""
    return np.stack([(at == h).astype(np.int64) @ units.demand for h in range(len(units.limits))], axis=1)


def _sound(units: Units, at: Integers) -> np.ndarray:
    fits = (_loads(units, at) <= units.limits).all(axis=(1, 2))
    for one, other in (pair for rule in units.apart for pair in combinations(rule, 2)):
        fits &= at[:, one] != at[:, other]
    return np.asarray(fits)


def _worths(units: Units, goal: Goal, at: Integers) -> Integers:
    """The goal's value of N placements."""
    problem = units.problem
    parts = -(-_loads(units, at) * WHOLE // np.maximum(problem.capacity, 1))
    parts = np.minimum(parts[:, problem.running][:, :, problem.loads], WHOLE)
    n = max(len(problem.running), 1)
    square = n * (parts**2).sum(axis=1) - parts.sum(axis=1) ** 2
    deviation = np.ceil(np.sqrt(square) / n).max(axis=1, initial=0).astype(np.int64)
    moves = units.cost[np.arange(at.shape[1]), at].sum(axis=1)
    return np.asarray(np.maximum(deviation - goal.aim, 0) + goal.price * moves)


def worth_of(units: Units, goal: Goal, at: Integers) -> int:
    """The goal's value of a placement of units."""
    deviation = units.problem.deviation(units.placement(at))
    return max(0, deviation - goal.aim) + goal.price * units.moves(at)


class Even:
    """A search state with the utilisations of its hosts in every load, in basis points."""

    def __init__(self, units: Units, goal: Goal, at: Integers, watch: Watch) -> None:
        self.units, self.goal, self.watch = units, goal, watch
        self.search = Search(units, watch.effort.seed, at)
        loads = np.flatnonzero(units.problem.loads)
        self.loads, self.size = loads, units.demand[:, loads].astype(float)
        self.running = np.array(units.problem.running, dtype=np.int64)
        self.weight = WHOLE / np.maximum(units.problem.capacity[:, loads], 1)
        self.weight[np.setdiff1d(np.arange(len(self.weight)), self.running)] = 0.0
        self.best, self.least = at.copy(), worth_of(units, goal, at)

    def worth(self) -> int:
        """The goal's value now."""
        return worth_of(self.units, self.goal, self.search.at)

    def run(self) -> None:
        """Climb; then take a few moves back and climb another way, as often as the effort says."""
        self._climb(5_000)
        if not self.watch.stop():
            self._from_the_lowest()
        for _ in range(self.watch.effort.rounds // 20):
            if self.watch.stop() or not len(self.search.moved()):
                break
            self.search.ruin()
            if (self.search.at == NOWHERE).any() or not self.units.sound(self.search.at):
                self.search.go_to(self.best)
                continue
            self._climb(30)
            if self.worth() > self.least:
                self.search.go_to(self.best)

    def _from_the_lowest(self) -> None:
        """Climb from where the highest utilisation is low: that lies elsewhere, and often lower."""
        out = np.flatnonzero(self.units.unit_of == NOWHERE).tolist()
        short = Effort(rounds=100, pieces=0, seconds=self.watch.left() / 3, seed=self.watch.effort.seed)
        low = balance(self.units.problem, Watch(short), self.goal.price, out)
        if low.at is not None:
            self.search.go_to(low.at)
            self._climb(5_000)
        self.search.go_to(self.best)

    def _climb(self, most: int) -> None:
        for _ in range(most):
            if self.watch.stop() or not (self._move() or self._swap()):
                break
            self._keep()
        self._keep()

    def _keep(self) -> None:
        value = self.worth()
        if value < self.least and self.units.sound(self.search.at):
            self.best, self.least = self.search.at.copy(), value
            self.watch.found(value)

    def _height(self, squares: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """A smooth maximum over the loads (the last axis) of what the deviation has above the aim."""
        n = max(len(self.running), 1)
        deviation = np.sqrt(np.maximum(squares / n - (sums / n) ** 2, 0.0))
        above = np.maximum(deviation - self.goal.aim, 0.0)
        return np.asarray(np.sqrt(np.sqrt((above**4).sum(axis=-1))))

    def _now(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        used = self.search.load[:, self.loads] * self.weight
        return used, (used**2).sum(axis=0), used.sum(axis=0)

    def _move(self) -> bool:
        """The one move that is worth most."""
        used, squares, sums = self._now()
        rows = self._rows(used)
        if not len(rows):
            return False
        source = self.search.at[rows]
        gone = self.size[rows] * self.weight[source]
        come = self.size[rows][:, None, :] * self.weight[None, :, :]
        old, new = used[source], used[None, :, :]
        change = ((old - gone) ** 2 - old**2)[:, None, :] + (new + come) ** 2 - new**2
        height = self._height(squares + change, sums + come - gone[:, None, :])
        _, fits, _ = self.search._targets(rows)
        cost = self.units.cost
        extra = self.goal.price * (cost[rows] - cost[rows, source][:, None])
        value = np.where(fits, height - self._height(squares, sums) + extra, np.inf)
        value[np.arange(len(rows)), source] = np.inf
        best = int(value.argmin())
        if value.flat[best] >= -1e-6:
            return False
        i, target = divmod(best, value.shape[1])
        self.search.put(int(rows[i]), target)
        return True

    def _rows(self, used: np.ndarray) -> Integers:
        """The units on the hosts furthest above the mean, and those that are away from home."""
        above = (used - used[self.running].mean(axis=0)).max(axis=1)
        top = self.running[np.argsort(-above[self.running], kind="stable")[:TOP_HOSTS]]
        there = [u for h in top.tolist() for u in self.search.on[h]]
        return np.array(sorted({*there, *self.search.moved().tolist()}), dtype=np.int64)

    def _swap(self) -> bool:
        """The best exchange of a unit on the highest host with one elsewhere."""
        used, squares, sums = self._now()
        top = int(self.running[used[self.running].max(axis=1).argmax()])
        ours = np.array(sorted(self.search.on[top]), dtype=np.int64)
        theirs = np.flatnonzero((self.search.at != top) & self.units.allowed[:, top])
        if len(theirs) > PARTNERS:
            theirs = np.sort(self.search.random.choice(theirs, PARTNERS, replace=False))
        if not len(ours) or not len(theirs):
            return False
        hosts = self.search.at[theirs]
        step = self.size[ours][:, None, :] - self.size[theirs][None, :, :]
        down, up = step * self.weight[top], step * self.weight[hosts][None, :, :]
        here, there = used[top], used[hosts][None, :, :]
        change = (here - down) ** 2 - here**2 + (there + up) ** 2 - there**2
        cost = self.units.cost
        extra = cost[ours][:, hosts] - cost[ours, top][:, None] + cost[theirs, top] - cost[theirs, hosts]
        value = self._height(squares + change, sums + up - down) - self._height(squares, sums)
        value = value + self.goal.price * extra
        order = np.argsort(value, axis=None, kind="stable")[:20].tolist()
        pairs = [divmod(k, len(theirs)) for k in order if value.flat[k] < -1e-6]
        return any(self._exchange(int(ours[i]), int(theirs[j])) for i, j in pairs)

    def _exchange(self, one: int, other: int) -> bool:
        """Exchange two units, if every limit and rule allows it."""
        search, limits = self.search, self.units.limits
        a, b = int(search.at[one]), int(search.at[other])
        search.put(one, b)
        search.put(other, a)
        fits = (search.load[[a, b]] <= limits[[a, b]]).all()
        lawful = self.units.allowed[one, b] and self.units.allowed[other, a]
        if fits and lawful and b not in search.rivals(one) and a not in search.rivals(other):
            return True
        search.put(one, a)
        search.put(other, b)
        return False


def deviation_bound(units: Units, goal: Goal, best: int) -> Bound:
    """No placement has a smaller sum of deviation above the aim and migrations.

    A migration takes one VM from a host and gives one to another. Wherever the mean will be (the range is cut
    in pieces), the squares of what hosts lie above or below it shrink most if the largest VMs go where they
    help most. Rounding to basis points changes half a point at most.
    """
    stage = stage_of(units, WHOLE, WHOLE)
    most = best // goal.price
    loads = np.flatnonzero(units.problem.loads)
    rows = [_falling(units.problem, int(r), most) for r in loads]
    left = np.max(rows, axis=0) if rows else np.zeros(most + 1)
    above = np.maximum(np.ceil(left - 0.5 - 1e-6) - goal.aim, 0) + goal.price * np.arange(most + 1)
    value = min(best, int(above[stage.moves :].min(initial=best)))
    return Bound(value, HOW, (stage,))


def _falling(problem: Problem, r: int, most: int) -> np.ndarray:
    """The least deviation of a load after 0, 1 … ``most`` migrations."""
    hosts = problem.running
    weight = WHOLE / np.maximum(problem.capacity[hosts, r], 1)
    used = problem.load(problem.current)[hosts, r] * weight
    sizes = np.sort(problem.demand[problem.current != NOWHERE, r])[::-1]
    go = [
        np.sort(problem.demand[problem.current == h, r])[::-1] * w for h, w in zip(hosts, weight, strict=True)
    ]
    come = [sizes * w for w in weight]
    edges = [-np.inf, *np.linspace(used.min(), used.max(), PIECES).tolist(), np.inf]
    least = np.full(most + 1, np.inf)
    for low, high in zip(edges, edges[1:], strict=False):
        left = _squares(np.maximum(used - high, 0), go, most) + _squares(
            np.maximum(low - used, 0), come, most
        )
        least = np.minimum(least, left)
    return np.asarray(np.sqrt(least / max(len(hosts), 1)))


def _squares(gaps: np.ndarray, sizes: list[np.ndarray], most: int) -> np.ndarray:
    """The least sum of squares of the gaps after 0, 1 … ``most`` steps, a host's largest first."""
    gains = [np.zeros(most)]
    for gap, row in zip(gaps.tolist(), sizes, strict=True):
        if gap > 0:
            steps = np.cumsum(row[:most])
            left = np.maximum(gap - np.concatenate([[0.0], steps[: np.searchsorted(steps, gap) + 1]]), 0) ** 2
            gains.append(left[:-1] - left[1:])
    best = np.sort(np.concatenate(gains))[::-1][:most]
    return np.asarray(np.maximum((gaps**2).sum() - np.concatenate([[0.0], np.cumsum(best)]), 0))
