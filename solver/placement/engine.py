"""Fewest migrations: bound, tabu search, pieces; branch and bound, and Z3, on the whole if it is small.

Rounds, conflicts and seeds decide how far a search goes, so that it can be repeated; a limit of seconds may
only stop it, and the outcome says that it did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .answers import Bound
from .bounds import repair_bound
from .descending import FIRST, Descent, first_answer, lawful
from .effort import Watch
from .encoding import MOST_BOOLEANS, Question, all_of
from .halves import Ask, meet_quickly
from .problem import Integers
from .searching import Search
from .shortages import no_room
from .units import Units
from .whole import solve_whole

EXACT = 4_000  # Booleans up to which the whole problem is put to Z3 to improve an answer, or to prove it
TINY = 700  # Booleans up to which Z3 also minimises what is carried


@dataclass(frozen=True)
class Outcome:
    """``at``: the best placement of units, None where none was found. ``impossible``: there is none (proved,
    ``why``). ``bound`` is the best lower bound."""

    at: Integers | None
    bound: Bound
    impossible: bool = False
    why: str = ""

    def proved(self, units: Units) -> bool:
        """Nothing has fewer migrations."""
        return self.at is not None and units.moves(self.at) <= self.bound.value


def fewest(units: Units, target: int, watch: Watch, ask: Ask = meet_quickly) -> Outcome:
    """The fewest migrations after which every rule holds and no limit is passed."""
    nothing = Bound(0, "nothing has to move")
    why = hopeless(units)
    if why:
        return Outcome(None, nothing, True, why)
    if not len(units.members) or (units.sound(units.home) and not units.moves(units.home)):
        watch.found(0, 0)
        return Outcome(units.home.copy(), nothing)
    search, watch.kept = Search(units, watch.effort.seed), None
    bound = Bound(0, "interrupted before a bound was found")
    try:
        if first_answer(units, search, watch, FIRST):
            watch.found(search.moves, at=search.at)
        bound = repair_bound(units, target)
        watch.found(bound=bound.value)
        why = no_room(units) if watch.kept is None and booleans(units) > MOST_BOOLEANS else ""
        return Outcome(None, bound, True, why) if why else _searched(units, search, bound, watch, ask)
    except KeyboardInterrupt:
        watch.stopped = "interrupted; this is the best found until then"
        return Outcome(watch.kept, bound)


def hopeless(units: Units) -> str:
    """Why there can be no answer, by counting alone; empty where that shows nothing."""
    fits = units.allowed & (units.demand[:, None, :] <= units.limits[None, :, :]).all(axis=2)
    stuck = np.flatnonzero(~fits.any(axis=1))
    if len(stuck):
        names = [units.problem.vms[v].name for v in units.members[int(stuck[0])]]
        return f"no host can take {' and '.join(names)}, whatever else moves"
    usable = units.allowed.any(axis=0)
    for r, resource in enumerate(units.problem.resources):
        needed, there = int(units.demand[:, r].sum()), int(units.limits[usable, r].sum())
        if needed > there:
            return (
                f"{resource.name}: {needed:,} {resource.unit} needed, {there:,} allowed on all hosts together"
            )
    return ""


def _searched(units: Units, search: Search, bound: Bound, watch: Watch, ask: Ask) -> Outcome:
    if lawful(units, search):
        _improve(units, search, bound, watch, ask)
    at = search.at.copy() if units.sound(search.at) else None
    settled = at is not None and units.moves(at) <= bound.value
    if settled and at is not None and (units.moves(at) == 0 or booleans(units) > TINY):
        return Outcome(at, bound)
    if booleans(units) <= MOST_BOOLEANS and not watch.stopped:
        at, bound, impossible = _by_whole(units, at, bound, watch)
        if impossible:
            return Outcome(None, bound, True, "branch and bound over all placements found none (HiGHS)")
    settled = at is not None and units.moves(at) <= bound.value and booleans(units) > TINY
    if not settled and not watch.stopped and booleans(units) <= (EXACT if at is not None else MOST_BOOLEANS):
        return _exact(units, at, bound, watch)
    return Outcome(at, bound)


def _by_whole(
    units: Units, at: Integers | None, bound: Bound, watch: Watch
) -> tuple[Integers | None, Bound, bool]:
    """What branch and bound over the whole adds: a higher bound, or a better placement."""
    found = solve_whole(units, seconds=watch.left())
    if found.impossible:
        return None, bound, True
    if found.bound > bound.value:
        bound = Bound(found.bound, "branch and bound over all placements (HiGHS)")
    if found.at is not None and (at is None or units.moves(found.at) < units.moves(at)):
        at = found.at
    watch.found(None if at is None else units.moves(at), bound.value, at)
    return at, bound, False


def booleans(units: Units) -> int:
    """The Booleans of the whole problem: units and hosts that may take them."""
    return int(units.allowed.sum())


def _improve(units: Units, search: Search, bound: Bound, watch: Watch, ask: Ask) -> None:
    """Descents; then patience for less to carry. The best is in ``search``."""
    descent = Descent(units, bound.value, watch, ask)
    if booleans(units) <= TINY:
        descent.once(search.at, min(watch.effort.rounds, 100))
    else:
        descent.run(search.at)
    if descent.best is None:
        return
    search.go_to(descent.best)
    if search.moves:
        search.improve(min(200, watch.effort.rounds), bound.value, watch.stop, patient=True)


def _exact(units: Units, at: Integers | None, bound: Bound, watch: Watch) -> Outcome:
    """Put the whole problem to Z3: one migration more each time, from the bound up to what was found."""
    question = Question(all_of(units), watch.effort.seed)
    if at is None:
        reply = question.ask(watch.effort.conflicts)
        if reply.said != "yes":
            return Outcome(
                None, bound, reply.said == "no", "Z3 found that no placement keeps all rules and limits"
            )
        at = _better(units, reply.applied(units.home), bound, watch)
        watch.found(units.moves(at), at=at)
    at, bound = _down(units, *_up(units, at, bound, question, watch), question, watch)
    return Outcome(_lightest(units, at, question, watch) if booleans(units) <= TINY else at, bound)


def _better(units: Units, at: Integers, bound: Bound, watch: Watch) -> Integers:
    """Z3's first placement moves nearly everything: the search goes on from there."""
    search = Search(units, watch.effort.seed, at)
    search.improve(watch.effort.rounds, bound.value, watch.stop)
    return search.at.copy() if units.sound(search.at) else at


def _up(units: Units, at: Integers, bound: Bound, question: Question, watch: Watch) -> tuple[Integers, Bound]:
    """Are as few migrations as the bound says enough? If not, the bound is one higher; until nobody knows."""
    costs = question.costs()
    while bound.value < units.moves(at) and not watch.stop():
        reply = question.ask(watch.effort.conflicts, (costs, bound.value))
        if reply.said == "unknown":
            break
        if reply.said == "yes":
            at = reply.applied(at)
        else:
            bound = Bound(bound.value + 1, _unsat(bound.value))
        watch.found(units.moves(at), bound.value, at)
    return at, bound


def _down(
    units: Units, at: Integers, bound: Bound, question: Question, watch: Watch
) -> tuple[Integers, Bound]:
    """Is one migration less possible? Asked until it is not, or nobody knows."""
    while bound.value < units.moves(at) and not watch.stop():
        fewer = units.moves(at) - 1
        reply = question.ask(watch.effort.conflicts, (question.costs(), fewer))
        if reply.said != "yes":
            return at, (Bound(fewer + 1, _unsat(fewer)) if reply.said == "no" else bound)
        at = reply.applied(at)
        watch.found(units.moves(at), bound.value, at)
    return at, bound


def _unsat(moves: int) -> str:
    return f"Z3: no placement with {moves} migrations (unsat)"


def _lightest(units: Units, at: Integers, question: Question, watch: Watch) -> Integers:
    """Of the placements with as few migrations one that carries the least memory, as far as Z3 gets."""
    costs, moves = question.costs(), units.moves(at)
    freight = {(u, h): int(units.freight[u, h]) for u, h in costs}
    low, high, conflicts = -1, units.carried(at), min(watch.effort.conflicts, 2_000)
    while low + 1 < high and not watch.stop():
        middle = (low + high) // 2
        reply = question.ask(conflicts, (costs, moves), (freight, middle))
        if reply.said == "unknown":
            break
        if reply.said == "yes":
            at = reply.applied(at)
            high = units.carried(at)
        else:
            low = middle
    return at
