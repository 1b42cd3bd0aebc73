"""Balance: the best trade of the highest utilisation against migrations, one point of utilisation (1/100 %)
for each migration or as many as the threshold says; then DRS's standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .answers import Bound
from .bounds import balance_bound, mean_utilisation
from .climbing import Climb
from .encoding import Piece, Question, Reply, piece_of
from .engine import EXACT, TINY, Outcome, Watch, booleans, hopeless, neighbourhood
from .problem import NOWHERE, WHOLE, Integers, Problem
from .searching import Search
from .units import Units, units_of

Ask = Callable[[Piece, Integers, int, int, int], Reply]


def ask_z3(piece: Piece, at: Integers, most: int, conflicts: int, seed: int) -> Reply:
    """Is there a placement of the piece, whose room is cut already, with at most so many migrations?"""
    question = Question(piece, seed)
    question.warm(at)
    return question.ask(conflicts, (question.costs(), most))


@dataclass(frozen=True)
class Trade:
    """What is weighed: ``price`` is what a migration must lower the highest utilisation by (basis points)."""

    problem: Problem
    price: int = 1
    out: tuple[int, ...] = ()

    def score(self, units: Units, at: Integers) -> int:
        """Highest utilisation in basis points, plus the price of the migrations."""
        return self.problem.highest(units.placement(at)) + self.price * units.moves(at)


def balance(
    problem: Problem, watch: Watch, price: int = 1, out: Sequence[int] = (), ask: Ask = ask_z3
) -> Outcome:
    """The smallest sum of highest utilisation and migrations, as far as the effort goes."""
    trade = Trade(problem, price, tuple(out))
    whole = units_of(problem, problem.limits(), out)
    why = hopeless(whole)
    if why:
        return Outcome(None, Bound(0, ""), True, why)
    best = _start(problem, whole, watch)
    if best is None:
        return Outcome(None, Bound(0, "the search found no placement that keeps all rules"))
    watch.found(trade.score(whole, best), mean_utilisation(problem))
    try:
        best = _descend(trade, whole, best, watch)
        best = _pieces(trade, whole, best, watch, ask)
    except KeyboardInterrupt:
        watch.stopped = "interrupted; this is the best found until then"
    found = trade.score(whole, best)
    bound = balance_bound(problem, found, price, 8 if len(problem.vms) > 4_000 else 30)
    watch.found(found, bound.value)
    if booleans(whole) <= EXACT // 4 and not watch.stopped and bound.value < found:
        return _proved(trade, whole, best, bound, watch)
    return Outcome(best, bound)


def _start(problem: Problem, units: Units, watch: Watch) -> Integers | None:
    """The current placement, or one near it that keeps every rule."""
    if units.sound(units.home):
        return units.home.copy()
    search = Search(units, watch.effort.seed)
    search.settle(20 * len(units.limits))
    search.improve(watch.effort.rounds, 0 if not units.sound(search.at) else search.moves, watch.stop)
    if units.sound(search.at):
        return search.at.copy()
    everything = np.full(len(units.members), NOWHERE, dtype=np.int64)
    piece = piece_of(units, everything, range(len(units.members)), range(len(units.limits)))
    if piece.booleans > 5 * EXACT:
        return None
    reply = Question(piece, watch.effort.seed, warm=False).ask(watch.effort.conflicts)
    return reply.applied(everything) if reply.said == "yes" else None


def _at_most(trade: Trade, highest: int) -> Units:
    """The units under limits that keep every host at or below a utilisation."""
    return units_of(trade.problem, trade.problem.limits(min(highest, WHOLE)), trade.out)


def _descend(trade: Trade, whole: Units, best: Integers, watch: Watch) -> Integers:
    """Climb; save migrations at that height; then lower it step by step, with short searches."""
    problem, price = trade.problem, trade.price
    best = Climb(whole, best, watch.effort.seed, price).run(watch.stop)
    watch.found(trade.score(whole, best))
    same = _to(trade, problem.highest(whole.placement(best)), best, watch.effort.rounds // 2, watch)
    if same is not None and trade.score(whole, same) < trade.score(whole, best):
        best = same
        watch.found(trade.score(whole, best))
    step, low = 64, mean_utilisation(problem)
    rounds = min(max(watch.effort.rounds // 40, 20), 20 if booleans(whole) <= TINY // 4 else 1_000)
    for number in range(40):
        target = problem.highest(whole.placement(best)) - step
        if watch.stop() or step < 1:
            break
        found = _to(trade, target, best, rounds, watch) if target >= low else None
        if found is not None and trade.score(whole, found) < trade.score(whole, best):
            best = Climb(whole, found, watch.effort.seed + number, price).run(watch.stop, 50)
            watch.found(trade.score(whole, best))
        else:
            step //= 2
    return best


def _to(trade: Trade, target: int, start: Integers | None, rounds: int, watch: Watch) -> Integers | None:
    """A placement within a target, by search; from the current placement or from another one."""
    units = _at_most(trade, target)
    search = Search(units, watch.effort.seed, start)
    search.settle(20 * len(units.limits))
    search.improve(rounds, 0, watch.stop)
    return search.at.copy() if units.sound(search.at) else None


def _pieces(trade: Trade, whole: Units, best: Integers, watch: Watch, ask: Ask) -> Integers:
    """Z3 on pieces: lower the highest host, or save migrations at the same height."""
    problem, random = trade.problem, np.random.default_rng(watch.effort.seed + 2)
    search = Search(whole, watch.effort.seed, best)
    for number in range(0 if booleans(whole) <= TINY // 4 else watch.effort.pieces):
        if watch.stop() or not len(search.moved()):
            break
        used = problem.utilisation(whole.placement(search.at)).max(axis=1)
        hosts, free = _around(problem, whole, search, used, random, lower=bool(number % 2))
        top, outside = int(used.max()), int(np.delete(used, hosts).max(initial=0))
        step = int(random.integers(1, max(2, min(top - outside, 40) + 1))) if number % 2 else 0
        most = sum(int(whole.cost[u, search.at[u]]) for u in free) + (step - 1) // trade.price
        piece = piece_of(whole, search.at, free, hosts, problem.limits(top - step))
        reply = ask(piece, search.at, most, 2_000, watch.effort.seed + number)
        if reply.said == "yes":
            search.go_to(reply.applied(search.at))
            watch.found(trade.score(whole, search.at))
    return search.at.copy()


def _around(
    problem: Problem, units: Units, search: Search, used: Integers, random: np.random.Generator, lower: bool
) -> tuple[list[int], list[int]]:
    """The highest hosts with two that have room, or hosts between which VMs have moved."""
    if not lower:
        return neighbourhood(units, search, random)
    top = np.flatnonzero(used == used.max()).tolist()[:2]
    others = [h for h in random.permutation(len(used)).tolist() if h not in top and units.allowed[:, h].any()]
    hosts = [*top, *others[:2]]
    there = [u for h in hosts for u in search.on[h]]
    order = sorted(there, key=lambda u: (search.at[u] == units.home[u], float(random.random())))
    return hosts, order[:45]


def _proved(trade: Trade, units: Units, best: Integers, bound: Bound, watch: Watch) -> Outcome:
    """For every number of migrations: is there a placement that is better? If never, the best is optimal."""
    problem, price = trade.problem, trade.price
    everything = np.full(len(units.members), NOWHERE, dtype=np.int64)
    piece = piece_of(units, everything, range(len(units.members)), range(len(units.limits)))
    question, moves = Question(piece, watch.effort.seed, warm=False), 0
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
            watch.found(trade.score(units, best))
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
