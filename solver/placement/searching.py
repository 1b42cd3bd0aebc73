"""A lawful start for tabu search, and ruin and repair for less to carry at as few migrations.

The state is a placement of units; VMs on hosts above a limit, or on hosts they may not be on, are moved by
weighing what they relieve against what they waste. Then, again and again, a few migrations are taken back and
the hosts they leave overloaded are repaired another way; what is not worse is kept. All by one seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .problem import NOWHERE, Integers
from .units import Units

Floats = np.ndarray
MOST_STEPS = 40  # of one repair after a ruin
MOST_CANDIDATES = 24  # VMs of a host that are compared in one step
HEAT = 0.3  # how much worse, in migrations, a step back may be on average
OVERLOADED, EXCESS = 4.0, 100.0  # what a host above its limit costs, and the excess as a part of a host


@dataclass
class Taste:
    """How a repair weighs: waste of what a VM relieves, leftovers at the target, noise, new migrations."""

    waste: float = 0.3
    leftover: float = 0.15
    noise: float = 0.0
    new: float = 0.4


class Search:
    """A placement that is being changed; ``at`` the host of every unit, ``load`` what the hosts carry."""

    def __init__(self, units: Units, seed: int = 0, at: Integers | None = None) -> None:
        self.units = units
        self.random = np.random.default_rng(seed)
        self.at = np.full(len(units.members), NOWHERE, dtype=np.int64)
        self.load = np.zeros_like(units.limits)
        self.moves = 0
        self.scaled = units.demand / units.scale
        self.on: list[set[int]] = [set() for _ in range(len(units.limits))]
        self.log: list[tuple[int, int]] = []
        self.taste_scale = 0.1 / max(float(self.scaled.sum()) / max(self.scaled.size, 1), 1e-12)
        self.taste = Taste()
        self.carried = 0
        self.whole = 2.0 * float(units.demand[:, units.heavy].sum()) + 1.0
        for u, h in enumerate((units.home if at is None else at).tolist()):
            if h != NOWHERE:
                self.put(u, h)

    def put(self, u: int, h: int) -> None:
        """Put a unit on a host, or take it away (NOWHERE); remembered in the log."""
        old = int(self.at[u])
        self.log.append((u, old))
        if old != NOWHERE:
            self.load[old] -= self.units.demand[u]
            self.moves -= int(self.units.cost[u, old])
            self.carried -= int(self.units.freight[u, old])
            self.on[old].discard(u)
        self.at[u] = h
        if h != NOWHERE:
            self.load[h] += self.units.demand[u]
            self.moves += int(self.units.cost[u, h])
            self.carried += int(self.units.freight[u, h])
            self.on[h].add(u)

    def undo(self) -> None:
        """Take back everything since the log was cleared."""
        entries, self.log = self.log[::-1], []
        for u, old in entries:
            self.put(u, old)
        self.log = []

    def excess(self, h: int) -> Floats:
        """What a host carries above its limits, scaled; 0 where it does not."""
        return np.asarray(np.maximum(self.load[h] - self.units.limits[h], 0) / self.units.scale)

    def overloaded(self) -> list[int]:
        """Hosts above a limit, the worst first."""
        over = np.maximum(self.load - self.units.limits, 0) / self.units.scale
        worst = over.sum(axis=1)
        return sorted(np.flatnonzero(worst > 0).tolist(), key=lambda h: (-worst[h], h))

    def rivals(self, u: int) -> list[int]:
        """The hosts of units that a rule keeps apart from this one."""
        found = {int(self.at[v]) for rule in self.units.rules_of[u] for v in self.units.apart[rule] if v != u}
        return sorted(found - {NOWHERE})

    def settle(self, steps: int) -> bool:
        """Give every unit a lawful host and bring every host below its limits; False if that got stuck."""
        return self.place_strays() and self.relieve(steps)

    def place_strays(self) -> bool:
        """Units on no host, on one they may not be on, or beside a rival: the largest first."""
        strays = set(np.flatnonzero(self.units.misplaced(self.at)).tolist()) | set(
            self.units.clashes(self.at)
        )
        for u in sorted(strays, key=lambda u: (-float(self.scaled[u].max()), u)):
            self.put(u, NOWHERE)
        return all(self.insert(u) for u in sorted(strays, key=lambda u: (-float(self.scaled[u].max()), u)))

    def insert(self, u: int) -> bool:
        """The best host for a unit; where none has room, the one that it overloads least."""
        scores, fits, lawful = self._targets(np.array([u]))
        if not lawful.any():
            return False
        over = np.maximum(self.load + self.units.demand[u] - self.units.limits, 0) / self.units.scale
        value = np.where(fits[0], scores[0], -10 - over.sum(axis=1))
        value = np.where(lawful[0], value - self.taste.new * self.units.cost[u], -np.inf)
        self.put(u, int(value.argmax()))
        return True

    def _targets(self, rows: Integers) -> tuple[Floats, np.ndarray, np.ndarray]:
        """Units × hosts: how well each fits (little is left over); whether it fits; is lawful."""
        room = self.units.limits - self.load
        fits = np.ones((len(rows), len(room)), dtype=bool)
        left = np.zeros((len(rows), len(room)))
        for r in range(room.shape[1]):
            rest = room[:, r][None, :] - self.units.demand[rows, r][:, None]
            fits &= rest >= 0
            left += rest / self.units.scale[r]
        lawful = self.units.allowed[rows].copy()
        for i, u in enumerate(rows.tolist()):
            if self.units.rules_of[u]:
                lawful[i, self.rivals(u)] = False
        scores = -self.taste.leftover * left
        if self.taste.noise:
            scores = scores + self.taste.noise * self.random.random(scores.shape)
        return scores, fits & lawful, lawful

    def relieve(self, steps: int, most: float = np.inf) -> bool:
        """Move VMs off overloaded hosts until there is none; False when stuck or after so many steps."""
        for _ in range(steps):
            over = self.overloaded()
            if not over or self.moves > most:
                return not over
            if not any(self._relieve(h) for h in over[:1]):
                return False
        return not self.overloaded()

    def _relieve(self, h: int) -> bool:
        """The one move off this host that is worth most."""
        rows = np.array(sorted(self.on[h]), dtype=np.int64)
        excess = self.excess(h)
        size = self.scaled[rows]
        relieved = np.minimum(size, excess).sum(axis=1) / excess.sum()
        wasted = np.where(excess > 0, np.maximum(size - excess, 0), 0.5 * size).sum(axis=1)
        worth = relieved - self.taste.waste * wasted * self.taste_scale
        extra = self.units.cost[rows].min(axis=1) - self.units.cost[rows, h]
        useful = np.argsort(np.where(relieved > 0, self.taste.new * extra - worth, np.inf), kind="stable")
        useful = useful[: min(MOST_CANDIDATES, int((relieved > 0).sum()))]
        if not len(useful):
            return False
        rows, worth = rows[useful], worth[useful]
        scores, fits, lawful = self._targets(rows)
        fits[:, h] = False
        extra = self.units.cost[rows] - self.units.cost[rows, h][:, None]
        total = np.where(fits, worth[:, None] + scores - self.taste.new * extra, -np.inf)
        best = int(total.argmax())
        if not np.isfinite(total.flat[best]):
            return self._pass_on(h, rows, lawful)
        i, target = divmod(best, total.shape[1])
        self.put(int(rows[i]), target)
        return True

    def _pass_on(self, h: int, rows: Integers, lawful: np.ndarray) -> bool:
        """No VM fits elsewhere: the move that leaves the least excess in the two hosts together."""
        before = self.units.limits - self.load
        gone = np.maximum(self.load[h] - self.units.demand[rows] - self.units.limits[h], 0) / self.units.scale
        there = np.zeros((len(rows), len(before)))
        for r in range(before.shape[1]):
            over = np.maximum(self.units.demand[rows, r][:, None] - before[:, r], 0)
            there += (over - np.maximum(-before[:, r], 0)) / self.units.scale[r]
        left = np.where(lawful, gone.sum(axis=1)[:, None] + there, np.inf)
        left[:, h] = np.inf
        best = int(left.argmin())
        i, target = divmod(best, left.shape[1])
        if left.flat[best] >= self.excess(h).sum() - 1e-12:
            return False
        self.put(int(rows[i]), target)
        return True

    def ruin(self) -> bool:
        """Take a few related migrations back; False where there are none."""
        moved = self.moved()
        if not len(moved):
            return True
        first = int(self.random.choice(moved))
        hosts = {int(self.at[first]), int(self.units.home[first])}
        near = [int(u) for u in moved if int(self.at[u]) in hosts or int(self.units.home[u]) in hosts]
        extra = [int(u) for u in self.random.choice(moved, size=min(2, len(moved)), replace=False)]
        count = 1 + int(self.random.integers(1, 6))
        chosen = [
            first,
            *self.random.permutation(near)[:count].tolist(),
            *extra[: int(self.random.integers(0, 3))],
        ]
        for u in dict.fromkeys(chosen):
            home = int(self.units.home[u])
            lawful = home != NOWHERE and self.units.allowed[u, home] and home not in self.rivals(u)
            self.put(u, home if lawful else NOWHERE)
        return True

    def moved(self) -> Integers:
        """The units that are not at home."""
        return np.flatnonzero((self.at != self.units.home) & (self.at != NOWHERE))

    def improve(
        self,
        rounds: int,
        floor: int,
        stop: Callable[[], bool] = lambda: False,
        better: Callable[[int], None] = lambda moves: None,
        patient: bool = False,
    ) -> None:
        """Ruin and repair so many times, or until ``floor`` migrations are reached, or it is stopped.

        The patient go on at the floor, for less to carry. What is a little worse is kept now and then
        (threshold accepting); in the end the best is there.
        """
        energy = self.energy()
        best, kept = energy, self.at.copy()
        for _ in range(rounds):
            if best < floor + 1 and not patient or stop():
                break
            self.log = []
            self.taste = Taste(*(self.random.random(4) * (0.6, 0.6, 0.3, 1.0)))
            most = energy + HEAT * self.random.exponential()
            found = self._another_way(most)
            if found > most:
                self.undo()
                continue
            energy = found
            if found < best:
                best, kept = found, self.at.copy()
                if not self.overloaded():
                    better(self.moves)
        self.go_to(kept)

    def _another_way(self, most: float) -> float:
        done = self.ruin() and all(self.insert(int(u)) for u in np.flatnonzero(self.at == NOWHERE))
        if not done:
            return float("inf")
        self.relieve(MOST_STEPS, most)
        return self.energy()

    def go_to(self, at: Integers) -> None:
        """Put every unit where this placement has it."""
        for u in np.flatnonzero(self.at != at).tolist():
            self.put(u, int(at[u]))

    def spread(self, passes: int = 4) -> None:
        """Let every VM that moves anyway go where it leaves the loads most even; as many migrations."""
        capacity = np.maximum(self.units.problem.capacity, 1)
        for _ in range(passes):
            changed = False
            for u in self.moved().tolist():
                changed |= self._spread(u, capacity)
            if not changed:
                return

    def _spread(self, u: int, capacity: Integers) -> bool:
        old = int(self.at[u])
        demand = self.units.demand[u] * self.units.problem.loads
        load = self.load * self.units.problem.loads
        load[old] -= demand
        _, fits, _ = self._targets(np.array([u]))
        fits[0, old] = True
        cost, freight = self.units.cost[u], self.units.freight[u]
        same = (cost == cost[old]) & (freight == freight[old])
        # What the sum of the fourth powers of the utilisations grows by where the unit is added.
        growth = (((load + demand) / capacity) ** 4 - (load / capacity) ** 4).sum(axis=1)
        growth = np.where(fits[0] & same, growth, np.inf)
        best = int(growth.argmin())
        if growth[best] >= growth[old] - 1e-9:
            return False
        self.put(u, best)
        return True

    def energy(self) -> float:
        """What the search makes small: excess over limits, which must vanish; migrations; what they carry."""
        over = float((np.maximum(self.load - self.units.limits, 0) / self.units.scale).sum())
        penalty = OVERLOADED * len(self.overloaded()) + EXCESS * over if over else 0.0
        return self.moves + penalty + self.carried / self.whole
