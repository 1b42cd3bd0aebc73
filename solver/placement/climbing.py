"""Hill climbing on a smooth maximum: the balance of the hosts in every load at once.

The height of a placement is (1/b) log(sum of exp(b · utilisation)) over hosts and loads, in basis points,
plus a point for every migration. With a small b all hosts above the mean pull, with a large one only the
highest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .problem import WHOLE, Integers
from .searching import Search
from .units import Units

SHARPNESS = (0.004, 0.01, 0.03, 0.1, 0.3)
TOP_HOSTS, PARTNERS = 6, 600


class Climb:
    """A search state with the weights of its hosts."""

    def __init__(self, units: Units, at: Integers, seed: int, price: int = 1) -> None:
        self.price = price
        self.search = Search(units, seed, at)
        self.units = units
        self.loads = np.flatnonzero(units.problem.loads)
        self.capacity = np.maximum(units.problem.capacity[:, self.loads], 1) / WHOLE
        self.size = units.demand[:, self.loads]

    def run(self, stop: Callable[[], bool], most: int = 5_000) -> Integers:
        """Climb with growing sharpness; the best placement on the way."""
        best, lowest = self.search.at.copy(), self.height()
        for sharp in SHARPNESS:
            for _ in range(most):
                if stop() or not (self._move(sharp) or self._swap(sharp)):
                    break
                if self.height() < lowest:
                    best, lowest = self.search.at.copy(), self.height()
        return best

    def height(self) -> float:
        """The objective itself: highest utilisation, and migrations."""
        return float((self.search.load[:, self.loads] / self.capacity).max()) + self.price * self.search.moves

    def _weights(self, sharp: float) -> tuple[np.ndarray, np.ndarray, float]:
        used = self.search.load[:, self.loads] / self.capacity
        mass = np.exp(sharp * (used - used.max()))
        return used, mass, float(mass.sum())

    def _rows(self, mass: np.ndarray) -> Integers:
        """The units that are worth moving: those on the heaviest hosts, and those that are away from home."""
        top = np.argsort(-mass.sum(axis=1), kind="stable")[:TOP_HOSTS]
        there = [u for h in top.tolist() for u in self.search.on[h]]
        return np.array(sorted({*there, *self.search.moved().tolist()}), dtype=np.int64)

    def _move(self, sharp: float) -> bool:
        """The one move that lowers the smooth height most."""
        used, mass, total = self._weights(sharp)
        rows = self._rows(mass)
        source = self.search.at[rows]
        step = self.size[rows]
        gone = (mass[source] * np.expm1(-sharp * step / self.capacity[source])).sum(axis=1)
        come = np.zeros((len(rows), len(used)))
        for r in range(len(self.loads)):
            more = sharp * step[:, r][:, None] / self.capacity[:, r]
            come += _growth(sharp * (used[:, r] - used.max()), more)
        _, fits, _ = self.search._targets(rows)
        extra = self.units.cost[rows] - self.units.cost[rows, source][:, None]
        change = np.log(np.maximum(total + gone[:, None] + come, 1e-300) / total) / sharp + self.price * extra
        change = np.where(fits, change, np.inf)
        change[np.arange(len(rows)), source] = np.inf
        best = int(change.argmin())
        if change.flat[best] >= -1e-6:
            return False
        i, target = divmod(best, change.shape[1])
        self.search.put(int(rows[i]), target)
        return True

    def _swap(self, sharp: float) -> bool:
        """The best exchange of a unit on the heaviest host with one elsewhere."""
        used, mass, total = self._weights(sharp)
        top = int(mass.sum(axis=1).argmax())
        ours = np.array(sorted(self.search.on[top]), dtype=np.int64)
        theirs = np.flatnonzero((self.search.at != top) & self.units.allowed[:, top])
        if len(theirs) > PARTNERS:
            theirs = np.sort(self.search.random.choice(theirs, PARTNERS, replace=False))
        if not len(ours) or not len(theirs):
            return False
        hosts = self.search.at[theirs]
        change = np.zeros((len(ours), len(theirs)))
        for r in range(len(self.loads)):
            step = self.size[ours, r][:, None] - self.size[theirs, r][None, :]
            here, there = (sharp * (used[h, r] - used.max()) for h in (top, hosts))
            change += _growth(here, -sharp * step / self.capacity[top, r])
            change += _growth(there, sharp * step / self.capacity[hosts, r])
        cost = self.units.cost
        extra = (
            cost[ours][:, hosts]
            - cost[ours, top][:, None]
            + (cost[theirs, top] - cost[theirs, hosts])[None, :]
        )
        height = np.log(np.maximum(total + change, 1e-300) / total) / sharp + self.price * extra
        order = [divmod(int(k), len(theirs)) for k in np.argsort(height, axis=None, kind="stable")[:20]]
        return any(self._exchange(int(ours[i]), int(theirs[j])) for i, j in order if height[i, j] < -1e-6)

    def _exchange(self, one: int, other: int) -> bool:
        """Exchange two units if every limit and rule allows it."""
        a, b = int(self.search.at[one]), int(self.search.at[other])
        swap = self.units.demand[one] - self.units.demand[other]
        limits, load = self.units.limits, self.search.load
        if (load[a] - swap > limits[a]).any() or (load[b] + swap > limits[b]).any():
            return False
        if not (self.units.allowed[one, b] and self.units.allowed[other, a]):
            return False
        self.search.put(one, b)
        self.search.put(other, a)
        if b in self.search.rivals(one) or a in self.search.rivals(other):
            self.search.put(one, a)
            self.search.put(other, b)
            return False
        return True


def _growth(power: np.ndarray, more: np.ndarray) -> np.ndarray:
    """What exp(power) grows by where ``more`` is added; cut only where a float ends."""
    return np.asarray(np.exp(np.minimum(power + more, 600.0)) - np.exp(power))
