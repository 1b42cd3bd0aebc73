"""Tabu search: make every host fit with at most so many migrations, then with one less.

The number of migrations is given; what hosts carry above their limits, weighted, is made to vanish. A step
takes one overloaded host and the best of: one unit of it elsewhere; the same while a unit that had moved
goes home, so that the count stays; or its place taken over. What left a host may not return for some steps,
and hosts that stay overloaded weigh more and more (breakout). One seed decides everything.

Sources: F. Glover, "Tabu Search - Part I", ORSA Journal on Computing 1 (1989); P. Morris, "The breakout
method for escaping from local minima", AAAI 1993.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .problem import NOWHERE, Booleans, Integers
from .units import Units

Floats = np.ndarray
TENURE = 16  # steps for which a unit may not return, at least; at most twice as many
GROWTH = 1.0  # of the weight of an overloaded host where no step makes it lighter
HEAVIEST = 50.0
MOST_ROWS = 48  # units of a host that are compared in one step
RETURNS = 2  # units whose return is tried together with a move between other hosts
UNLIMITED = 2**62


def never() -> bool:
    """Do not stop."""
    return False


@dataclass(frozen=True)
class Options:
    """What a step chooses from: ``rows`` are units of the overloaded ``host``, ``gone`` what its excess
    changes by without each; ``come`` (rows × hosts) what each host's excess changes by with each; ``free``
    where each may go; ``extra`` what that costs in migrations."""

    host: int
    rows: Integers
    gone: Floats
    come: Floats
    free: Booleans
    extra: Integers


@dataclass(frozen=True)
class Returns:
    """Units that may go ``home`` from where they are (``there``), and the migrations which that saves."""

    units: Integers
    home: Integers
    there: Integers
    saved: Integers


Change = tuple[float, list[tuple[int, int]]]


class Tabu:
    """A placement of all units on lawful hosts, on the way to one that fits ``limits``."""

    def __init__(self, units: Units, at: Integers, seed: int = 0) -> None:
        self.units, self.at = units, at.copy()
        self.random = np.random.default_rng(seed)
        self.size = units.demand / units.scale
        self.load, self.moves = units.load(at), units.moves(at)
        self.weight = np.ones(units.limits.shape)
        self.barred = np.zeros(units.allowed.shape, dtype=np.int64)
        self.steps = 0
        rows, home = np.arange(len(at)), np.maximum(units.home, 0)
        self.may_return = (units.home != NOWHERE) & units.allowed[rows, home]
        self.on = [set(np.flatnonzero(at == h).tolist()) for h in range(len(units.limits))]
        self.within(units.limits)

    def within(self, limits: Integers) -> None:
        """From now on these are the limits."""
        self.limits = limits
        self.over = (self.load - limits) / self.units.scale

    def go_to(self, at: Integers) -> None:
        """Put every unit where this placement has it."""
        for u in np.flatnonzero(self.at != at).tolist():
            self.put(u, int(at[u]))

    def put(self, u: int, h: int) -> None:
        """Put a unit on another host."""
        old = int(self.at[u])
        self.load[old] -= self.units.demand[u]
        self.load[h] += self.units.demand[u]
        for host in (old, h):
            self.over[host] = (self.load[host] - self.limits[host]) / self.units.scale
        self.moves += int(self.units.cost[u, h] - self.units.cost[u, old])
        self.on[old].discard(u)
        self.on[h].add(u)
        self.at[u] = h
        self.barred[u, old] = self.steps + TENURE + int(self.random.integers(TENURE))

    def take_back(self, count: int) -> None:
        """Some units that have moved go home, where no rival is: so many at most, at random."""
        returns = self._returns(NOWHERE)
        for u in self.random.permutation(returns.units)[:count].tolist():
            if self.units.home[u] not in self._rivals(u):
                self.put(u, int(self.units.home[u]))

    def fit(self, most: int, steps: int, stop: Callable[[], bool] = never) -> bool:
        """Make all hosts fit with at most so many migrations; False if that took too many steps."""
        self.weight[:] = 1.0
        self._send_home(most)
        for number in range(steps + 1):
            excess = self._excess()
            if not excess.any():
                return self.moves <= most
            if number == steps or (number % 16 == 0 and stop()):
                return False
            self._step(excess, most)
        return False

    def _excess(self) -> Floats:
        return np.asarray((np.maximum(self.over, 0) * self.weight).sum(axis=1))

    def _with(self, hosts: Integers | int, size: Floats) -> Floats:
        """The weighted excess of hosts to which something of this size is added."""
        return np.asarray((np.maximum(self.over[hosts] + size, 0) * self.weight[hosts]).sum(axis=-1))

    def _step(self, excess: Floats, most: int) -> None:
        """The best change at one overloaded host; where even that is no better, its weight grows."""
        self.steps += 1
        over = np.flatnonzero(excess)
        options = self._options(int(self.random.choice(over)), excess)
        returns, spare = self._returns(options.host), most - self.moves
        comers = self._comers(options.host)
        value, change = min(
            self._one(options, spare),
            self._replaced(options, returns, excess, spare),
            self._replaced(options, comers, excess, spare),
            self._beside(options, returns, excess, spare),
            key=lambda found: found[0],
        )
        for u, h in change:
            self.put(u, h)
        if value >= -1e-12:
            self.weight[over] += GROWTH * (self.over[over] > 0)
            if self.weight.max() > HEAVIEST:
                self.weight = np.maximum(self.weight / 2, 1.0)

    def _options(self, host: int, excess: Floats) -> Options:
        rows = self._rows(host)
        size = self.size[rows]
        come = np.repeat(-excess[None, :], len(rows), axis=0)
        for r in range(size.shape[1]):
            come += np.maximum(self.over[:, r] + size[:, r, None], 0) * self.weight[:, r]
        free = self.units.allowed[rows] & (self.barred[rows] <= self.steps)
        free[:, host] = False
        for i, u in enumerate(rows.tolist()):
            if self.units.rules_of[u]:
                free[i, self._rivals(u)] = False
        extra = self.units.cost[rows] - self.units.cost[rows, host][:, None]
        return Options(host, rows, self._with(host, -size) - excess[host], come, free, extra)

    def _rows(self, host: int) -> Integers:
        """The units of a host, or where these are many: all that have moved and some others."""
        rows = np.array(sorted(self.on[host]), dtype=np.int64)
        if len(rows) <= MOST_ROWS:
            return rows
        native = self.units.home[rows] == host
        kept, others = rows[~native], rows[native]
        count = min(len(others), max(MOST_ROWS - len(kept), MOST_ROWS // 4))
        return np.concatenate([kept, self.random.choice(others, count, replace=False)])

    def _rivals(self, u: int) -> list[int]:
        rules = self.units.rules_of[u]
        return [int(self.at[v]) for rule in rules for v in self.units.apart[rule] if v != u]

    def _returns(self, host: int) -> Returns:
        """The units, not on this host, that have moved and may go home."""
        home = self.units.home
        rows = np.flatnonzero(self.may_return & (self.at != home) & (self.at != host))
        rows = rows[self.barred[rows, home[rows]] <= self.steps]
        lawful = [not self.units.rules_of[u] or home[u] not in self._rivals(u) for u in rows.tolist()]
        rows = rows[np.array(lawful, dtype=bool)]
        cost, there = self.units.cost, self.at[rows]
        return Returns(rows, home[rows], there, cost[rows, there] - cost[rows, home[rows]])

    def _comers(self, host: int) -> Returns:
        """The units elsewhere that have moved and may come to this host."""
        home = self.units.home
        rows = np.flatnonzero((self.at != home) & (self.at != host) & self.units.allowed[:, host])
        rows = rows[self.barred[rows, host] <= self.steps]
        lawful = [not self.units.rules_of[u] or host not in self._rivals(u) for u in rows.tolist()]
        rows = rows[np.array(lawful, dtype=bool)]
        cost, there = self.units.cost, self.at[rows]
        return Returns(rows, np.full(len(rows), host), there, cost[rows, there] - cost[rows, host])

    def _one(self, options: Options, spare: int) -> Change:
        """One unit of the host elsewhere."""
        may = options.free & (options.extra <= spare)
        value = np.where(may, options.gone[:, None] + options.come + 1e-3 * options.extra, np.inf)
        i, h = divmod(int(value.argmin()), value.shape[1])
        return float(value[i, h]), [(int(options.rows[i]), h)] if may[i, h] else []

    def _replaced(self, options: Options, returns: Returns, excess: Floats, spare: int) -> Change:
        """One unit of the host takes the place of a unit that goes home, be its home this host or not."""
        if not len(returns.units):
            return np.inf, []
        size, other = self.size[options.rows], self.size[returns.units]
        here = returns.home == options.host
        left, taken = np.zeros((2, len(size), len(other)))
        for r in range(size.shape[1]):
            mine, theirs = size[:, r, None], other[:, r]
            left += (
                np.maximum(self.over[options.host, r] - mine + here * theirs, 0)
                * self.weight[options.host, r]
            )
            taken += (
                np.maximum(self.over[returns.there, r] - theirs + mine, 0) * self.weight[returns.there, r]
            )
        value = left - excess[options.host] + taken - excess[returns.there]
        value += np.where(here, 0.0, self._with(returns.home, other) - excess[returns.home])
        may = options.free[:, returns.there]
        may = may & (options.extra[:, returns.there] - returns.saved <= spare)
        value = np.where(may, value, np.inf)
        i, j = divmod(int(value.argmin()), value.shape[1])
        home = (int(returns.units[j]), int(returns.home[j]))
        return float(value[i, j]), [home, (int(options.rows[i]), int(returns.there[j]))] if may[i, j] else []

    def _beside(self, options: Options, returns: Returns, excess: Floats, spare: int) -> Change:
        """One unit of the host elsewhere, while between two other hosts one goes home."""
        found: Change = np.inf, []
        size = self.size[returns.units]
        value = self._with(returns.home, size) - excess[returns.home]
        value += self._with(returns.there, -size) - excess[returns.there]
        value = np.where(returns.home == options.host, np.inf, value)
        for j in np.argsort(value, kind="stable")[:RETURNS].tolist():
            may = options.free & (options.extra - returns.saved[j] <= spare) & (options.extra > 0)
            may[:, [returns.home[j], returns.there[j]]] = False
            both = np.where(may, options.gone[:, None] + options.come + value[j], np.inf)
            i, h = divmod(int(both.argmin()), both.shape[1])
            if both[i, h] < found[0]:
                home = (int(returns.units[j]), int(returns.home[j]))
                found = float(both[i, h]), [home, (int(options.rows[i]), h)]
        return found

    def _send_home(self, most: int) -> None:
        """Units go home until there are few enough migrations: those that do least harm, or nearly."""
        while self.moves > most:
            returns = self._returns(NOWHERE)
            useful = np.flatnonzero(returns.saved > 0)
            if not len(useful):
                return
            home, there = returns.home[useful], returns.there[useful]
            size = self.size[returns.units[useful]]
            harm = self._with(home, size) - self._with(home, np.zeros_like(size))
            harm += self._with(there, -size) - self._with(there, np.zeros_like(size))
            order = np.argsort(harm, kind="stable")
            j = useful[order[int(self.random.integers(min(8, len(order)))) * int(self.random.integers(2))]]
            self.put(int(returns.units[j]), int(returns.home[j]))


def fewer(
    tabu: Tabu,
    floor: int,
    most: int,
    patience: int,
    last: int,
    stop: Callable[[], bool],
    better: Callable[[], None],
) -> Integers | None:
    """A placement within the limits with at most so many migrations, then with fewer and fewer down to
    ``floor``; until one less is not found with patience, or the ``last`` step. None where none was found."""
    best = None
    while tabu.fit(most, min(patience, last - tabu.steps), stop):
        best, most = tabu.at.copy(), tabu.moves - 1
        better()
        if most < floor:
            break
    return best
