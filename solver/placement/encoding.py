"""The rules as Z3 sees them: pseudo-Boolean sums over candidate hosts only.

A *piece* is a part of a placement that is decided anew: some units, each with its candidate hosts, while
everything else stays. x[u, h] says that unit u is on host h. Traps: a coefficient must fit a C int; terms
cost some 50 microseconds each, so no piece of more than MOST_BOOLEANS is built. Conflict limits and seeds
decide how long Z3 tries, never a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .problem import NOWHERE, Integers
from .units import Units

if TYPE_CHECKING:
    import z3

MOST_BOOLEANS = 20_000
LARGEST = 2**30


@dataclass(frozen=True)
class Piece:
    """Units to be placed anew. ``hosts[i]`` are the candidates of ``free[i]``; ``room`` (hosts × R) is what
    the units that stay leave of the limits."""

    units: Units
    free: tuple[int, ...]
    hosts: tuple[tuple[int, ...], ...]
    room: Integers

    @property
    def booleans(self) -> int:
        """How many there are to decide."""
        return sum(map(len, self.hosts))


def piece_of(
    units: Units, at: Integers, free: Sequence[int], hosts: Iterable[int], limits: Integers | None = None
) -> Piece:
    """The piece in which the ``free`` units are placed anew on these hosts."""
    stays = at.copy()
    stays[list(free)] = NOWHERE
    room = (units.limits if limits is None else limits) - units.load(stays)
    columns = np.array(sorted(hosts), dtype=np.int64)
    candidates = []
    for u in free:
        fit = units.allowed[u, columns] & (units.demand[u] <= room[columns]).all(axis=1)
        rivals = {int(stays[other]) for rule in units.rules_of[u] for other in units.apart[rule]} - {NOWHERE}
        candidates.append(tuple(h for h in columns[fit].tolist() if h not in rivals))
    return Piece(units, tuple(free), tuple(candidates), room)


def all_of(units: Units) -> Piece:
    """The piece in which every unit is placed anew."""
    return piece_of(units, units.home, range(len(units.members)), range(len(units.limits)))


class Question:
    """A piece as a Z3 problem, to be asked with different sums allowed."""

    def __init__(self, piece: Piece, seed: int = 0) -> None:
        import z3

        self.piece = piece
        self.z3 = z3
        self.solver: z3.Solver = z3.SolverFor("QF_FD")
        self.solver.set("random_seed", seed)
        self.x = {
            (u, h): z3.Bool(f"{u}@{h}") for u, row in zip(piece.free, piece.hosts, strict=True) for h in row
        }
        self.exact = True
        self._places()
        self._sums()
        self._apart()

    def _places(self) -> None:
        """Every unit has exactly one host."""
        for u, row in zip(self.piece.free, self.piece.hosts, strict=True):
            chosen = [self.x[u, h] for h in row]
            if len(chosen) == 1:
                self.solver.add(chosen[0])
            else:
                self.solver.add(
                    self.z3.PbEq([(x, 1) for x in chosen], 1) if chosen else self.z3.BoolVal(False)
                )

    def _sums(self) -> None:
        """No host is filled above its room, in any resource."""
        columns: dict[int, list[int]] = {}
        for u, h in self.x:
            columns.setdefault(h, []).append(u)
        for h, users in columns.items():
            for r in range(self.piece.room.shape[1]):
                demand = {(u, h): int(self.piece.units.demand[u, r]) for u in users}
                self.at_most(demand, int(self.piece.room[h, r]))

    def _apart(self) -> None:
        """Of the units that a rule keeps apart at most one is on a host."""
        free = set(self.piece.free)
        for rule in self.piece.units.apart:
            bound = [u for u in rule if u in free]
            for h in {h for u in bound for h in range(self.piece.room.shape[0]) if (u, h) in self.x}:
                rivals = [self.x[u, h] for u in bound if (u, h) in self.x]
                if len(rivals) > 1:
                    self.solver.add(self.z3.AtMost(*rivals, 1))

    def at_most(self, amounts: Mapping[tuple[int, int], int], most: int) -> None:
        """The amounts of the chosen places add up to at most this much."""
        if sum(amounts.values()) <= most:
            return
        amounts, most = self._small(amounts, most)
        terms = [(self.x[place], amount) for place, amount in amounts.items() if amount]
        self.solver.add(self.z3.PbLe(terms, most) if most >= 0 else self.z3.BoolVal(False))

    def _small(
        self, amounts: Mapping[tuple[int, int], int], most: int
    ) -> tuple[Mapping[tuple[int, int], int], int]:
        """The same sum in numbers that fit; where they are too large, amounts are rounded up (and a refusal
        proves nothing: ``exact``)."""
        if max(sum(amounts.values()), most) < LARGEST:
            return amounts, most
        divisor = -(-max(sum(amounts.values()), most) // LARGEST)
        self.exact = self.exact and all(a % divisor == 0 for a in amounts.values())
        return {place: -(-a // divisor) for place, a in amounts.items()}, most // divisor

    def ask(self, conflicts: int, *limits: tuple[Mapping[tuple[int, int], int], int]) -> Reply:
        """Is there a placement within these sums as well? They are forgotten afterwards."""
        self.solver.set("max_conflicts", conflicts)
        self.solver.push()
        try:
            for amounts, most in limits:
                self.at_most(amounts, most)
            return self._reply()
        finally:
            self.solver.pop()

    def _reply(self) -> Reply:
        said = str(self.solver.check())
        if said == "unsat":
            return Reply("no" if self.exact else "unknown", {})
        if said != "sat":
            heed_ctrl_c(self.solver)
            return Reply("unknown", {})
        model = self.solver.model()
        chosen = {u: h for (u, h), x in self.x.items() if self.z3.is_true(model.eval(x))}
        return Reply("yes", chosen)

    def costs(self) -> dict[tuple[int, int], int]:
        """What every place costs in migrations."""
        return {(u, h): int(self.piece.units.cost[u, h]) for u, h in self.x if self.piece.units.cost[u, h]}


def heed_ctrl_c(solver: z3.Solver) -> None:
    """While Z3 works it swallows Ctrl-C and gives up: say it again. Raises KeyboardInterrupt."""
    if "keyboard" in solver.reason_unknown():
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Reply:
    """ "yes" with the host of every unit, "no" (proved), or "unknown" (the conflict limit came first)."""

    said: str
    chosen: dict[int, int]

    def applied(self, at: Integers) -> Integers:
        """The placement with the units of the piece where the reply puts them."""
        placed: Integers = at.copy()
        for u, h in self.chosen.items():
            placed[u] = h
        return placed
