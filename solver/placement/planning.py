"""In which order the VMs move: steps of parallel migrations that break no rule and overfill no host.

While a VM moves, source and destination both carry it. A VM that cannot go where it should, because others
must leave first and cannot either, makes a temporary stop elsewhere. Where that does not help, every order is
tried as far as there are not too many.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence

import numpy as np

from .answers import Plan, PlannedMove, Verdict
from .problem import NOWHERE, WHOLE, Integers, Problem
from .units import Units, units_of

MOST_STATES = 30_000  # of the complete search
PER_HOST, IN_ALL = 4, 1_000_000  # simultaneous migrations: vMotion's limit at 1 Gb/s, and no limit in all


class Order:
    """A cluster whose VMs are being moved, step by step, to a goal."""

    def __init__(
        self,
        problem: Problem,
        goal: Integers,
        per_host: int = PER_HOST,
        in_all: int = IN_ALL,
        target: int = WHOLE,
    ) -> None:
        off = [v for v in range(len(problem.vms)) if goal[v] == NOWHERE]
        self.limits = problem.limits(max(target, WHOLE))
        self.units: Units = units_of(problem, self.limits, off)
        self.problem, self.per_host, self.in_all = problem, per_host, in_all
        self.at = problem.current.copy()
        self.goal = np.array(goal, dtype=np.int64)
        self.steps: list[tuple[PlannedMove, ...]] = []
        self.load = problem.load(self.at)

    def pending(self) -> list[int]:
        """Units with a VM that is not where it should be, the largest first."""
        away = [u for u, members in enumerate(self.units.members) if self._away(members)]
        size = self.units.demand / self.units.scale
        return sorted(away, key=lambda u: (-float(size[u].max()), u))

    def _away(self, members: Sequence[int]) -> bool:
        return any(self.at[v] != self.goal[v] for v in members)

    def moves_of(self, u: int, target: int | None = None) -> list[PlannedMove]:
        """The migrations that bring a unit to its goal, or to a temporary stop."""
        ends = [(v, int(self.goal[v]) if target is None else target) for v in self.units.members[u]]
        return [
            PlannedMove(v, int(self.at[v]), h, target is not None and h != int(self.goal[v]))
            for v, h in ends
            if self.at[v] != h
        ]

    def possible(self, moves: Sequence[PlannedMove], step: Sequence[PlannedMove]) -> bool:
        """Whether these migrations can begin, together with those of the step that is being made."""
        both = [*step, *moves]
        if len(both) > self.in_all or not all(self.problem.allowed[m.vm, m.target] for m in moves):
            return False
        ends = Counter(h for m in both for h in (m.source, m.target) if h != NOWHERE)
        return (
            max(ends.values(), default=0) <= max(self.per_host, len(moves))
            and self._room(both)
            and self._apart(both)
        )

    def _room(self, moves: Sequence[PlannedMove]) -> bool:
        arrives = np.zeros_like(self.load)
        for move in moves:
            arrives[move.target] += self.problem.demand[move.vm]
        return not ((arrives > 0) & (self.load + arrives > self.limits)).any()

    def _apart(self, moves: Sequence[PlannedMove]) -> bool:
        """VMs that are apart now stay so; what moves counts on both hosts."""
        going = {move.vm: move.target for move in moves}
        for rule in self.problem.rules:
            if rule.kind != "keep apart" or not any(v in going for v in rule.vms):
                continue
            before = [int(self.at[v]) for v in rule.vms if self.at[v] != NOWHERE]
            places = [
                h for v in rule.vms for h in {int(self.at[v]), going.get(v, int(self.at[v]))} if h != NOWHERE
            ]
            if len(set(before)) == len(before) and len(set(places)) < len(places):
                return False
        return True

    def take(self, step: Sequence[PlannedMove]) -> None:
        """The migrations of a step are over."""
        for move in step:
            self.at[move.vm] = move.target
        self.load = self.problem.load(self.at)
        self.steps.append(tuple(step))

    def next_step(self) -> list[PlannedMove]:
        """As many of the migrations that are left as can run in parallel."""
        step: list[PlannedMove] = []
        for u in self.pending():
            moves = self.moves_of(u)
            if self.possible(moves, step):
                step += moves
        return step

    def stop_over(self) -> list[PlannedMove]:
        """A temporary stop after which another unit can go where it should; empty: there is none."""
        waiting = self.pending()
        for u in waiting:
            for h in range(len(self.problem.hosts)):
                moves = self.moves_of(u, h)
                if moves and self.possible(moves, []) and self._helps(u, moves, waiting):
                    return moves
        return []

    def _helps(self, u: int, moves: Sequence[PlannedMove], waiting: Sequence[int]) -> bool:
        kept, load = self.at.copy(), self.load
        for move in moves:
            self.at[move.vm] = move.target
        self.load = self.problem.load(self.at)
        helps = any(self.possible(self.moves_of(other), []) for other in waiting if other != u)
        self.at, self.load = kept, load
        return helps


def plan(
    problem: Problem,
    goal: Sequence[int],
    per_host: int = PER_HOST,
    in_all: int = IN_ALL,
    stop: Callable[[], bool] = lambda: False,
    target: int = WHOLE,
) -> Plan:
    """The steps that lead from the current placement to ``goal`` (a host, or NOWHERE, for every VM).

    No host is filled above its capacity on the way; above a ``target`` that is higher, where there is one.
    """
    order, stops = Order(problem, np.array(goal), per_host, in_all, target), 0
    while order.pending() and not stop():
        step = order.next_step()
        if not step and stops <= 2 * len(problem.vms):
            step, stops = order.stop_over(), stops + 1
        if not step:
            return _every_order(problem, order, stop, target)
        order.take(step)
    if order.pending():
        return Plan(Verdict.UNDETERMINED, tuple(order.steps), "stopped before the plan was complete")
    return Plan(Verdict.FOUND if stops else Verdict.OPTIMAL, tuple(order.steps), _said(stops))


def _said(stops: int) -> str:
    return (
        f"{stops} temporary stop{'s' if stops > 1 else ''} to break cycles" if stops else "no VM moves twice"
    )


Places = tuple[int, ...]


def _every_order(problem: Problem, stuck: Order, stop: Callable[[], bool], target: int) -> Plan:
    """Breadth first over single migrations of any VM: the shortest order, or the proof that there is none."""
    order = Order(problem, stuck.goal, stuck.per_host, stuck.in_all, target)
    start, goal = tuple(order.at.tolist()), tuple(order.goal.tolist())
    came: dict[Places, tuple[Places, list[PlannedMove]] | None] = {start: None}
    queue = deque([start])
    while queue and len(came) <= MOST_STATES and not stop():
        places = queue.popleft()
        if places == goal:
            return Plan(
                Verdict.FOUND, tuple(_way(came, places)), "found among all orders, one migration at a time"
            )
        for after, moves in _next_places(order, places):
            if after not in came:
                came[after] = (places, moves)
                queue.append(after)
    if queue:
        return Plan(
            Verdict.UNDETERMINED, (), f"no order was found in {len(came):,} placements: {_blocked(stuck)}"
        )
    return Plan(Verdict.IMPOSSIBLE, (), f"no order exists, temporary stops included: {_blocked(stuck)}")


def _next_places(order: Order, places: Places) -> list[tuple[Places, list[PlannedMove]]]:
    order.at = np.array(places, dtype=np.int64)
    order.load = order.problem.load(order.at)
    found = []
    for u in range(len(order.units.members)):
        for h in range(len(order.problem.hosts)):
            moves = order.moves_of(u, h)
            if moves and order.possible(moves, []):
                after = list(places)
                for move in moves:
                    after[move.vm] = move.target
                found.append((tuple(after), moves))
    return found


def _way(
    came: dict[Places, tuple[Places, list[PlannedMove]] | None], places: Places
) -> list[tuple[PlannedMove, ...]]:
    steps: list[tuple[PlannedMove, ...]] = []
    while (entry := came[places]) is not None:
        places, moves = entry
        steps.append(tuple(moves))
    return steps[::-1]


def _blocked(order: Order) -> str:
    """Who cannot move, in words."""
    names = [
        f"{order.problem.vms[m.vm].name} to {order.problem.hosts[m.target].name}"
        for u in order.pending()[:4]
        for m in order.moves_of(u)
    ]
    return f"blocked: {', '.join(names)}"
