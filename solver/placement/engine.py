"""Fewest migrations: bound, tabu search, pieces; branch and bound, and Z3, on the whole if it is small.

Rounds, conflicts and seeds decide how far a search goes, so that it can be repeated; a limit of seconds may
only stop it, and the outcome says that it did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .answers import Bound, Tick
from .bounds import repair_bound
from .encoding import MOST_BOOLEANS, Question, all_of, piece_of
from .halves import Ask, meet
from .problem import NOWHERE, Integers
from .searching import Search
from .shortages import no_room
from .tabu import UNLIMITED, Tabu, fewer
from .units import Units
from .whole import solve_whole

EXACT = 4_000  # Booleans up to which the whole problem is put to Z3 to improve an answer, or to prove it
FIRST = 100  # steps of tabu search for a first answer, before its bound
TINY = 700  # Booleans up to which Z3 also minimises what is carried


@dataclass(frozen=True)
class Effort:
    """How long to try: rounds of the search (ten steps of tabu search each), questions about pieces, Z3's
    conflicts; seconds may stop it."""

    rounds: int = 4_000
    pieces: int = 200
    conflicts: int = 20_000
    seconds: float | None = 60.0
    seed: int = 0

    @property
    def steps(self) -> int:
        """Steps of tabu search: ten for a round."""
        return 10 * self.rounds


STANDARD = Effort()


@dataclass
class Watch:
    """The clock and the diary of a run: who asks for progress, when it must stop, what was found when; and
    the best placement of units so far, for Ctrl-C."""

    effort: Effort
    show: Callable[[Tick], None] = lambda tick: None
    began: float = field(default_factory=time.monotonic)
    best: int | None = None
    bound: int | None = None
    kept: Integers | None = None
    history: list[Tick] = field(default_factory=list)
    stopped: str = ""

    def stop(self) -> bool:
        """Whether the time is over; shows the progress by the way."""
        seconds = time.monotonic() - self.began
        self.show(Tick(seconds, self.best, self.bound))
        if self.effort.seconds is not None and seconds > self.effort.seconds:
            self.stopped = f"stopped after {self.effort.seconds:g} s; more rounds might find more"
        return bool(self.stopped)

    def left(self) -> float:
        """Seconds that are left, at least one; an hour where there is no limit."""
        if self.effort.seconds is None:
            return 3_600.0
        return max(1.0, self.effort.seconds - (time.monotonic() - self.began))

    def found(self, best: int | None = None, bound: int | None = None, at: Integers | None = None) -> None:
        """A better answer, or a better bound."""
        self.best = self.best if best is None else best
        self.kept = self.kept if at is None else at.copy()
        self.bound = self.bound if bound is None else bound
        self.history.append(Tick(time.monotonic() - self.began, self.best, self.bound))


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


def fewest(units: Units, target: int, watch: Watch, ask: Ask = meet) -> Outcome:
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
    """Tabu search; pieces; then patience for less to carry. The best is in ``search``."""
    small = booleans(units) <= TINY
    steps = watch.effort.steps if not small else min(watch.effort.rounds, 100)
    tabu = Tabu(units, search.at, watch.effort.seed)
    found = fewer(tabu, bound.value, steps, watch.stop, lambda moves: watch.found(moves, at=tabu.at))
    if found is None:
        return
    search.go_to(found)
    if not small:
        polish(units, search, bound.value, watch, ask)
    if search.moves:
        search.improve(min(200, watch.effort.rounds), bound.value, watch.stop, patient=True)


def polish(units: Units, search: Search, floor: int, watch: Watch, ask: Ask) -> None:
    """Walk through pieces of a few hosts, chosen by the seed: to fewer migrations, or as many elsewhere. The
    fewest, and of these the least to carry, are in ``search`` in the end."""
    random = np.random.default_rng(watch.effort.seed + 1)
    best, least = search.at.copy(), (search.moves, search.carried)
    for number in range(watch.effort.pieces):
        if search.moves <= floor or watch.stop():
            break
        hosts, free = neighbourhood(units, search, random)
        piece = piece_of(units, search.at, free, hosts)
        most = sum(int(units.cost[u, search.at[u]]) for u in free)
        search.go_to(ask(piece, most, watch.effort.seed + number).applied(search.at))
        if search.moves < least[0]:
            watch.found(search.moves, at=search.at)
        if (search.moves, search.carried) < least:
            best, least = search.at.copy(), (search.moves, search.carried)
    search.go_to(best)


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
