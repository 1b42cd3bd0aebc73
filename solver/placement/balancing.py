"""Balance: the best trade of the highest utilisation against migrations, one point of utilisation (1/100 %)
for each migration or as many as the threshold says; then DRS's standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .answers import Bound
from .bounds import balance_bound, mean_utilisation
from .descending import first_answer, neighbourhood
from .effort import Watch
from .encoding import Question, all_of, piece_of
from .engine import EXACT, TINY, Outcome, booleans, fewest, hopeless
from .halves import Ask, meet
from .problem import WHOLE, Integers, Problem
from .searching import Search
from .tabu import UNLIMITED, Tabu
from .units import Units, units_of

FIRST_GAIN, LOWEST = 32, 20  # basis points: what is asked first; the lowest ceiling above the mean
FAR = 1_500  # steps of a search from where the VMs are now
SHORTEST, LONGEST = 200, 500  # steps of a search from near the best
STALE = 30  # pieces for each host, in a row that bring nothing
TAKEN_BACK, HIGHER = 12, 20  # a new start takes back fewer migrations, is fewer basis points above the best
TRIES = 8
LOWER = 0.25  # of the pieces are about the highest hosts
WORSE, WORST = 0.05, 3  # so often a piece may be one worse, if that is not so far above the best yet


@dataclass(frozen=True)
class Trade:
    """What is weighed: ``price`` is what a migration must lower the highest utilisation by (basis points)."""

    problem: Problem
    price: int = 1

    def score(self, units: Units, at: Integers) -> int:
        """Highest utilisation in basis points, plus the price of the migrations."""
        return self.problem.highest(units.placement(at)) + self.price * units.moves(at)

    def limits(self, highest: int) -> Integers:
        """What keeps every host at or below a utilisation."""
        return self.problem.limits(min(highest, WHOLE))


def balance(
    problem: Problem, watch: Watch, price: int = 1, out: Sequence[int] = (), ask: Ask = meet
) -> Outcome:
    """The smallest sum of highest utilisation and migrations, as far as the effort goes."""
    trade = Trade(problem, price)
    whole = units_of(problem, problem.limits(), out)
    why = hopeless(whole)
    if why:
        return Outcome(None, Bound(0, ""), True, why)
    start = _start(whole, watch)
    if start.at is None:
        return start
    best = start.at
    watch.found(trade.score(whole, best), mean_utilisation(problem), best)
    tabu = Tabu(whole, best, watch.effort.seed)
    bound = balance_bound(problem, trade.score(whole, best), price, 0)
    try:
        best = _ladder(trade, tabu, best, watch)
        bound = balance_bound(problem, trade.score(whole, best), price, 8 if len(problem.vms) > 4_000 else 30)
        watch.found(bound=bound.value)
        best = _search(trade, tabu, best, watch, ask)
        watch.found(trade.score(whole, best), bound.value, best)
        if booleans(whole) <= EXACT // 4 and not watch.stopped and bound.value < trade.score(whole, best):
            return _proved(trade, whole, best, bound, watch)
    except KeyboardInterrupt:
        watch.stopped = "interrupted; this is the best found until then"
        best = best if watch.kept is None else watch.kept
    return Outcome(best, bound)


def _start(units: Units, watch: Watch) -> Outcome:
    """The current placement, or one near it that keeps every rule; or that there is none."""
    if units.sound(units.home):
        return Outcome(units.home.copy(), Bound(0, ""))
    search = Search(units, watch.effort.seed)
    if first_answer(units, search, watch, watch.effort.steps):
        return Outcome(search.at.copy(), Bound(0, ""))
    found = fewest(units, WHOLE, watch)
    watch.forget()
    return found


def _search(trade: Trade, tabu: Tabu, best: Integers, watch: Watch, ask: Ask) -> Integers:
    """Haggling, then a walk through pieces; again from near the best, as far as the effort goes."""
    small = booleans(tabu.units) <= TINY // 4
    last = min(watch.effort.steps, 500) if small else watch.effort.steps
    walk = Walk(trade, tabu.units, watch, ask, 0 if small else watch.effort.pieces)
    at, longest = best, LONGEST
    while tabu.steps < last and not watch.stop():
        before = tabu.steps
        at = walk.go(_haggle(trade, tabu, at, last, watch, longest))
        best = min(best, at, key=lambda found: trade.score(tabu.units, found))
        if tabu.steps == before:  # nothing lower can be asked for
            break
        at, longest = _near(trade, tabu, best), 2 * SHORTEST
    return best


def _near(trade: Trade, tabu: Tabu, best: Integers) -> Integers:
    """A placement near the best: some migrations are taken back, the hosts made to fit a little higher."""
    height = trade.problem.highest(tabu.units.placement(best))
    for _ in range(TRIES):
        tabu.go_to(best)
        tabu.take_back(int(tabu.random.integers(2, TAKEN_BACK)))
        tabu.within(trade.limits(height + int(tabu.random.integers(HIGHER))))
        if tabu.fit(UNLIMITED, SHORTEST):
            return tabu.at.copy()
    return best


def _ladder(trade: Trade, tabu: Tabu, best: Integers, watch: Watch) -> Integers:
    """From where the VMs are now: the best of some ceilings, each half as far above the mean."""
    low, units = mean_utilisation(trade.problem), tabu.units
    above = trade.problem.highest(units.placement(best)) - low
    start = best
    while above > LOWEST and not watch.stop():
        above //= 2
        tabu.go_to(start)
        tabu.within(trade.limits(low + above))
        if not tabu.fit(UNLIMITED, FAR, watch.stop):
            break
        if trade.score(units, tabu.at) < trade.score(units, best):
            best = tabu.at.copy()
            _tell(watch, trade.score(units, best), best)
    return best


def _haggle(trade: Trade, tabu: Tabu, best: Integers, last: int, watch: Watch, longest: int) -> Integers:
    """Ask for a lower sum, split at random into utilisation and migrations: for more after a yes, for less
    and longer after a no; until even the longest search does not find one less, or at the ``last`` step."""
    low, score = mean_utilisation(trade.problem), trade.score(tabu.units, best)
    gain, steps = FIRST_GAIN, SHORTEST
    while steps < longest and tabu.steps < last and not watch.stop():
        lower = int(tabu.random.integers(-1, 3)) * gain
        height = trade.problem.highest(tabu.units.placement(best)) - lower
        most = (score - gain - height) // trade.price
        tabu.go_to(best)
        tabu.within(trade.limits(height))
        if height >= low and most >= 0 and tabu.fit(most, steps, watch.stop):
            best, gain = tabu.at.copy(), 2 * gain
            score = trade.score(tabu.units, best)
            _tell(watch, score, best)
        elif gain > 1:
            gain //= 2
        else:
            steps = steps * 4 // 3
    return best


class Walk:
    """Piece by piece to placements that are better, or as good, sometimes a little worse."""

    def __init__(self, trade: Trade, units: Units, watch: Watch, ask: Ask, left: int) -> None:
        self.trade, self.units, self.watch, self.ask, self.left = trade, units, watch, ask, left
        self.random = np.random.default_rng((watch.effort.seed, 1))

    def go(self, best: Integers) -> Integers:
        """The best on the way, which ends where many pieces have brought nothing better."""
        search, stale = Search(self.units, self.watch.effort.seed, best), 0
        least, most = self.trade.score(self.units, best), STALE * len(self.units.limits)
        while stale < most and self.left > 0 and len(search.moved()) and not self.watch.stop():
            score = self._piece(search, least)
            stale, self.left = stale + 1, self.left - 1
            if score < least:
                best, least, stale = search.at.copy(), score, 0
                _tell(self.watch, least, best)
        return best

    def _piece(self, search: Search, least: int) -> int:
        """The score after one piece: lower the highest host, or save migrations at the same height."""
        problem, random = self.trade.problem, self.random
        used = problem.utilisation(self.units.placement(search.at)).max(axis=1)
        top, score = int(used.max()), self.trade.score(self.units, search.at)
        lower, worse = random.random() < LOWER, score < least + WORST and random.random() < WORSE
        hosts, free = self._around(search, used, lower)
        gap = top - int(np.delete(used, hosts).max(initial=0))
        step = int(random.integers(1, max(2, min(gap, 40) + 1))) if lower else 0
        most = sum(int(self.units.cost[u, search.at[u]]) for u in free) + (step + worse) // self.trade.price
        piece = piece_of(self.units, search.at, free, hosts, problem.limits(top - step))
        reply = self.ask(piece, most, int(random.integers(2**31)))
        if reply.said != "yes":
            return score
        search.go_to(reply.applied(search.at))
        return self.trade.score(self.units, search.at)

    def _around(self, search: Search, used: Integers, lower: bool) -> tuple[list[int], list[int]]:
        """The highest hosts with two that have room, or hosts between which VMs have moved."""
        if not lower:
            return neighbourhood(self.units, search, self.random)
        top, random = np.flatnonzero(used == used.max()).tolist()[:2], self.random
        order = [h for h in random.permutation(len(used)).tolist() if h not in top]
        hosts = [*top, *[h for h in order if self.units.allowed[:, h].any()][:2]]
        there = [u for h in hosts for u in search.on[h]]
        first_moved = sorted(there, key=lambda u: (search.at[u] == self.units.home[u], random.random()))
        return hosts, first_moved[:45]


def _tell(watch: Watch, score: int, at: Integers) -> None:
    """Into the diary, if it is the best so far."""
    if watch.best is None or score < watch.best:
        watch.found(score, at=at)


def _proved(trade: Trade, units: Units, best: Integers, bound: Bound, watch: Watch) -> Outcome:
    """For every number of migrations: is there a placement that is better? If never, the best is optimal."""
    problem, price = trade.problem, trade.price
    question, moves = Question(all_of(units), watch.effort.seed), 0
    while trade.score(units, best) - 1 - price * moves >= mean_utilisation(problem) and moves <= len(
        problem.vms
    ):
        if watch.stop():
            return Outcome(best, bound)
        limits = problem.limits(min(trade.score(units, best) - 1 - price * moves, WHOLE))
        reply = question.ask(watch.effort.conflicts, (question.costs(), moves), *_caps(question, limits))
        if reply.said == "unknown":
            return Outcome(best, bound)
        if reply.said == "yes":
            best = reply.applied(best)
            _tell(watch, trade.score(units, best), best)
        else:
            moves += 1
    value = trade.score(units, best)
    return Outcome(
        best, Bound(value, f"Z3: for no number of migrations is there a sum of {value - 1} (unsat)")
    )


def _caps(question: Question, limits: Integers) -> list[tuple[dict[tuple[int, int], int], int]]:
    """Sums that keep every host within other limits."""
    found: list[tuple[dict[tuple[int, int], int], int]] = []
    for h in range(limits.shape[0]):
        users = [u for u, host in question.x if host == h]
        for r in np.flatnonzero(question.piece.units.problem.loads):
            amounts = {(u, h): int(question.piece.units.demand[u, r]) for u in users}
            found.append((amounts, int(limits[h, r])))
    return found
