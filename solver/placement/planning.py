"""In which order the VMs move: steps of parallel migrations that break no rule and overfill no host.

While a VM moves, source and destination both carry it. A VM that cannot go where it should, because others
must leave first and cannot either, makes a temporary stop elsewhere. Where that does not help, every order is
tried as far as there are not too many. VMs that a rule keeps together now move at once; those of a rule that
is broken now may have to, where it would hold in between and then bind them.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from .answers import Plan, PlannedMove, Verdict
from .problem import NOWHERE, WHOLE, Integers, Problem, Rule
from .rules import SOFT_VM_HOST, faults_of, groups, holds, merged

MOST_STATES = 30_000  # of the complete search
MOST_TRIES = 1_000_000  # steps that it tries
MOST_WAYS = 4_096  # joint steps of VMs that broken rules tie to each other
PER_HOST, IN_ALL = 4, 1_000_000  # simultaneous migrations: vMotion's limit at 1 Gb/s, and no limit in all

VMs = tuple[int, ...]
Step = list[PlannedMove]
Places = tuple[int, ...]
Steps = tuple[tuple[PlannedMove, ...], ...]
Came = dict[Places, tuple[Places, Step] | None]


class Order:
    """A cluster whose VMs are being moved, step by step, to a goal. A plan stops no VM.

    ``tight``: the limits of simultaneous migrations have refused a step. ``partial``: there were more joint
    steps than are tried.
    """

    def __init__(
        self,
        problem: Problem,
        goal: Integers,
        per_host: int = PER_HOST,
        in_all: int = IN_ALL,
        target: int = WHOLE,
    ) -> None:
        self.problem, self.per_host, self.in_all = problem, per_host, in_all
        self.limits = problem.limits(max(target, WHOLE))
        self.goal = np.where(goal == NOWHERE, problem.current, goal)
        self.free = dict.fromkeys(np.flatnonzero(self.goal != NOWHERE).tolist())
        self.liked = problem.allowed
        self.allowed = problem.without([rule for rule in problem.rules if rule.soft]).allowed
        self.size = (problem.demand / np.maximum(problem.capacity.mean(axis=0), 1.0)).max(axis=1, initial=0)
        self.pairs = [rule for rule in problem.rules if rule.kind.startswith("keep")]
        self.rules_of: dict[int, list[Rule]] = {}
        for rule in self.pairs:
            for v in rule.vms:
                self.rules_of.setdefault(v, []).append(rule)
        self.lost = {id(rule) for rule in self.pairs if not holds(rule, self.goal.tolist())}
        self.steps: list[tuple[PlannedMove, ...]] = []
        self.tight = self.partial = False
        self.stand(problem.current.copy())

    def stand(self, at: Integers) -> None:
        """The VMs are here now: ``one`` has those that move as one, ``tied`` those that may have to."""
        self.at, self.load = at, self.problem.load(at)
        places = at.tolist()
        self.broken = {id(rule) for rule in self.pairs if not holds(rule, places)}
        together = [rule for rule in self.pairs if rule.kind == "keep together"]
        whole = [rule for rule in together if id(rule) not in self.broken]
        some = [*together, *(rule for rule in self.pairs if id(rule) in self.broken)]
        self.one = merged([v for v in rule.vms if places[v] != NOWHERE] for rule in whole)
        self.tied = merged([v for v in rule.vms if v in self.free] for rule in some)

    def pending(self) -> list[VMs]:
        """VMs that are not where they should be, with those that move as one with them; the largest first."""
        away = dict.fromkeys(self.one.get(v, (v,)) for v in np.flatnonzero(self.at != self.goal).tolist())
        return sorted(away, key=lambda vms: (-sum(self.size[v] for v in vms), vms))

    def moves_of(self, vms: VMs, target: int | None = None) -> Step:
        """The migrations that bring VMs to their goal, or to a temporary stop."""
        ends = [(v, int(self.goal[v]) if target is None else target) for v in vms]
        return [
            PlannedMove(v, int(self.at[v]), h, h != int(self.goal[v])) for v, h in ends if self.at[v] != h
        ]

    def possible(self, moves: Sequence[PlannedMove], step: Sequence[PlannedMove] = ()) -> bool:
        """Whether these migrations can begin, together with those of the step that is being made."""
        both = [*step, *moves]
        return (
            all(self.allowed[m.vm, m.target] for m in moves)
            and self._few(both)
            and self._room(both)
            and self._rules_hold(moves, both)
        )

    def _few(self, moves: Sequence[PlannedMove]) -> bool:
        """The limits of simultaneous migrations; VMs that move as one may be more, where they are alone."""
        one = [self.one.get(m.vm, (m.vm,)) for m in moves]
        ends: dict[int, list[VMs]] = {}
        for m, vms in zip(moves, one, strict=True):
            for h in (m.source, m.target):
                ends.setdefault(h, []).append(vms)
        ends.pop(NOWHERE, None)
        few = (len(one) <= self.in_all or len(set(one)) == 1) and all(
            len(there) <= self.per_host or len(set(there)) == 1 for there in ends.values()
        )
        self.tight |= not few
        return few

    def _room(self, moves: Sequence[PlannedMove]) -> bool:
        arrives = np.zeros_like(self.load)
        for move in moves:
            arrives[move.target] += self.problem.demand[move.vm]
        return not ((arrives > 0) & (self.load + arrives > self.limits)).any()

    def _rules_hold(self, moves: Sequence[PlannedMove], step: Sequence[PlannedMove]) -> bool:
        """No rule that binds these VMs is broken; none is mended that could then never be broken again."""
        going = {move.vm: move.target for move in step}
        rules = {id(rule): rule for move in moves for rule in self.rules_of.get(move.vm, ())}
        return all(self._kept(rule, going) for rule in rules.values())

    def _kept(self, rule: Rule, going: dict[int, int]) -> bool:
        before = [int(self.at[v]) for v in rule.vms]
        after = [going.get(v, h) for v, h in zip(rule.vms, before, strict=True)]
        if id(rule) in self.lost:
            return not _holds(rule, zip(after))
        if id(rule) in self.broken:
            return True
        return _holds(rule, zip(after) if rule.kind == "keep together" else zip(before, after, strict=True))

    def take(self, step: Sequence[PlannedMove]) -> None:
        """The migrations of a step are over."""
        self.stand(self.after(step))
        self.steps.append(tuple(step))

    def after(self, step: Sequence[PlannedMove]) -> Integers:
        """Where the VMs are once these migrations are over."""
        at = self.at.copy()
        for move in step:
            at[move.vm] = move.target
        return at

    def next_step(self) -> Step:
        """As many of the migrations that are left as can run in parallel."""
        step: Step = []
        for vms in self.pending():
            step += self._home(vms, step)
        return step

    def _home(self, vms: VMs, step: Step) -> Step:
        """The migrations that bring VMs to their goal: alone, or with those that they are tied to."""
        begun = {move.vm for move in step}
        for group in dict.fromkeys((vms, self.tied.get(vms[0], vms))) if vms[0] not in begun else ():
            moves = [move for move in self.moves_of(group) if move.vm not in begun]
            if self.possible(moves, step):
                return moves
        return []

    def stop_over(self) -> Step:
        """A temporary stop after which others can go where they should; empty: there is none.

        Hosts that a should-rule speaks against come last.
        """
        for liked in (True, False):
            for vms in self.pending():
                for h in range(len(self.problem.hosts)):
                    moves = self.moves_of(vms, h) if self.liked[list(vms), h].all() == liked else []
                    if moves and self.possible(moves) and self._helps(vms, moves):
                        return moves
        return []

    def _helps(self, vms: VMs, moves: Step) -> bool:
        kept = self.at
        self.stand(self.after(moves))
        helps = any(self._home(other, []) for other in self.pending() if other[0] not in vms)
        self.stand(kept)
        return helps

    def every_step(self, joint: bool) -> Iterator[Step]:
        """Steps of which all others consist: of VMs that move as one; ``joint``: of all that are tied."""
        one = dict.fromkeys(self.one.get(v, (v,)) for v in self.free)
        if not joint:
            yield from (step for vms in one for step in self._ways(vms) if step)
            return
        for group in dict.fromkeys(self.tied.get(vms[0], vms) for vms in one):
            ways = [self._ways(vms) for vms in dict.fromkeys(self.one.get(v, (v,)) for v in group)]
            self.partial |= (many := math.prod(map(len, ways)) > MOST_WAYS)
            chosen = ((step,) for way in ways for step in way) if many else product(*ways)
            yield from (step for choice in chosen if (step := [move for part in choice for move in part]))

    def _ways(self, vms: VMs) -> list[Step]:
        """What VMs that move as one can do: stay, or go to a host; those that a should-rule forbids last."""
        hosts = np.flatnonzero(self.allowed[list(vms)].all(axis=0)).tolist()
        steps = [
            self.moves_of(vms, h) for h in sorted(hosts, key=lambda h: not self.liked[list(vms), h].all())
        ]
        return [[], *(step for step in steps if step)]


def _holds(rule: Rule, places: Iterable[tuple[int, ...]]) -> bool:
    """A rule between VMs, each of which counts on one host or on two."""
    used = [h for seats in places for h in set(seats) if h != NOWHERE]
    return len(set(used)) <= 1 if rule.kind == "keep together" else len(set(used)) == len(used)


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
    begin = partial(Order, problem, np.array(goal, dtype=np.int64), per_host, in_all, target)
    order, stops = begin(), 0
    if whys := _refused(order):
        more = f", and {len(whys) - 4} more" if len(whys) > 4 else ""
        return Plan(Verdict.IMPOSSIBLE, (), f"no order exists: {'; '.join(whys[:4])}{more}")
    while order.pending() and not stop():
        step = order.next_step()
        if not step and stops <= 2 * len(problem.vms):
            step, stops = order.stop_over(), stops + 1
        if not step:
            return _every_order(begin, order, stop)
        order.take(step)
    if order.pending():
        return Plan(Verdict.UNDETERMINED, tuple(order.steps), "stopped before the plan was complete")
    return _done(begin(), tuple(order.steps))


def _refused(order: Order) -> list[str]:
    """Why no order at all can end at this goal, as far as the goal itself shows it."""
    problem, goal = order.problem, order.goal.tolist()
    now = problem.current.tolist()
    found = [
        f"the goal breaks rule {rule.name!r}, which holds now and must hold on the way"
        for rule in order.pairs
        if id(rule) in order.lost and holds(rule, now)
    ]
    alone, endless = np.full(len(goal), NOWHERE), np.full_like(order.limits, np.iinfo(np.int64).max)
    for v in [v for v, h in enumerate(goal) if h != now[v] and not order.allowed[v, h]]:
        faults = [f for f in faults_of(problem, v, goal[v], alone, endless) if not f.startswith(SOFT_VM_HOST)]
        found.append(f"{problem.vms[v].name} to {problem.hosts[goal[v]].name}: {', '.join(faults)}")
    return [*found, *_overfilled(order)]


def _overfilled(order: Order) -> Iterator[str]:
    """Hosts that some VM reaches, and that have no room for all that the goal puts there."""
    problem, there = order.problem, order.goal
    arrives = problem.load(np.where(there != problem.current, there, NOWHERE))
    used = problem.load(there)
    for h, r in np.argwhere((arrives > 0) & (used > order.limits)).tolist():
        name, resource = problem.hosts[h].name, problem.resources[r]
        amounts = f"{used[h, r]:,} of {order.limits[h, r]:,} {resource.unit}"
        yield f"the goal overfills {name}: {resource.name} {amounts}"


def _done(order: Order, steps: Sequence[Sequence[PlannedMove]]) -> Plan:
    """A plan that is complete; no other has fewer migrations where no VM moves twice."""
    moves = [move for step in steps for move in step]
    stops = sum(move.stop for move in moves)
    text = f"{stops} temporary stop{'s' if stops > 1 else ''} to break cycles"
    if not stops:
        text = f"{_counted(moves)}, and no order has fewer: no VM moves twice{_steps_needed(order, steps)}"
    verdict = Verdict.FOUND if stops else Verdict.OPTIMAL
    return Plan(verdict, tuple(map(tuple, steps)), text + _above(order, steps) + _disliked(order, moves))


def _counted(moves: Sequence[PlannedMove]) -> str:
    """What is done, in words: "4 migrations, 1 start"."""
    starts = sum(move.source == NOWHERE for move in moves)
    amounts = [(len(moves) - starts, "migration"), (starts, "start")]
    words = [f"{n:,} {word}{'s' if n > 1 else ''}" for n, word in amounts if n]
    return ", ".join(words) or "no migrations"


def _steps_needed(order: Order, steps: Sequence[Sequence[PlannedMove]]) -> str:
    """The least number of steps by what every host and the network take at once, in words.

    VMs that rules keep together may be more than the limits, so the largest such group counts as a limit.
    """
    moves = [move for step in steps for move in step]
    at_once = max((len(group) for group in groups(order.problem)), default=1)
    least = max(
        -(-len(moves) // max(order.in_all, at_once)), -(-_busiest(moves) // max(order.per_host, at_once))
    )
    if least == 1 and not order.possible(moves):
        least = 2
    if len(steps) <= least:
        return "" if len(steps) < 2 else "; nor has any fewer steps"
    return f"; whether fewer steps are enough is open: at least {least} are needed"


def _busiest(moves: Sequence[PlannedMove]) -> int:
    """The most migrations that begin or end at one host."""
    return max(Counter(h for m in moves for h in (m.source, m.target) if h != NOWHERE).values(), default=0)


def _above(order: Order, steps: Sequence[Sequence[PlannedMove]]) -> str:
    """That VMs which move as one were more than the limits allow, in words."""
    over = any(len(step) > order.in_all or _busiest(step) > order.per_host for step in steps)
    limits = f"the limit of migrations at once ({_limits(order)})"
    return f"; VMs that are kept together move as one, though they are above {limits}" if over else ""


def _limits(order: Order) -> str:
    in_all = f", {order.in_all:,} in all" if order.in_all < IN_ALL else ""
    return f"{order.per_host} a host{in_all}"


def _disliked(order: Order, moves: Sequence[PlannedMove]) -> str:
    """The should-rules that a temporary stop does not keep, in words."""
    soft = [rule for rule in order.problem.rules if rule.soft]
    stops = [(m, rule) for rule in soft for m in moves if m.stop and m.vm in rule.vms]
    names = [repr(r.name) for m, r in stops if (m.target in r.hosts) == r.kind.endswith("not run on")]
    return f"; a temporary stop does not keep {', '.join(dict.fromkeys(names))}" if names else ""


def _every_order(begin: Callable[[], Order], stuck: Order, stop: Callable[[], bool]) -> Plan:
    """Breadth first over the placements that single steps reach; then over those that joint ones reach."""
    for joint in (False, True) if begin().tied else (False,):
        order = begin()
        came, steps, whole = _searched(order, joint, stop)
        if steps:
            return _done(begin(), steps)
        if not whole:
            text = f"no order was found in {len(came):,} placements: {_blocked(stuck)}"
            return Plan(Verdict.UNDETERMINED, (), text)
    return _none(order, stuck)


def _none(order: Order, stuck: Order) -> Plan:
    """All steps were tried that are tried at all, and none led to the goal."""
    if order.partial:
        text = "no order was found; VMs of broken rules may have to move at once, in more ways than are tried"
        return Plan(Verdict.UNDETERMINED, (), f"{text}: {_blocked(stuck)}")
    few = f", with no more migrations at once than {_limits(order)}" if order.tight else ""
    text = f"no order exists, temporary stops included{few}: {_blocked(stuck)}"
    return Plan(Verdict.IMPOSSIBLE, (), text)


def _searched(order: Order, joint: bool, stop: Callable[[], bool]) -> tuple[Came, Steps, bool]:
    """The placements that are reached, the steps to the goal if it is, and whether all was tried."""
    start, goal = tuple(order.at.tolist()), tuple(order.goal.tolist())
    came: Came = {start: None}
    queue, tries = deque([start]), 0
    while queue:
        order.stand(np.array(queue[0], dtype=np.int64))
        for step in order.every_step(joint):
            tries += 1
            if len(came) > MOST_STATES or tries > MOST_TRIES or stop():
                return came, (), False
            after = tuple(order.after(step).tolist())
            if after not in came and order.possible(step):
                came[after] = (queue[0], step)
                queue.append(after)
                if after == goal:
                    return came, _way(came, after), True
        queue.popleft()
    return came, (), True


def _way(came: Came, places: Places) -> Steps:
    steps: list[tuple[PlannedMove, ...]] = []
    while (entry := came[places]) is not None:
        places, moves = entry
        steps.append(tuple(moves))
    return tuple(steps[::-1])


def _blocked(order: Order) -> str:
    """Who cannot move, in words."""
    names = [
        f"{order.problem.vms[m.vm].name} to {order.problem.hosts[m.target].name}"
        for vms in order.pending()[:4]
        for m in order.moves_of(vms)
    ]
    return f"blocked: {', '.join(names)}"
