"""The queries as Python functions: ``repair``, ``rebalance``, ``evacuate``, ``admit``.

Every answer goes through the independent checker before anybody sees it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from . import rules
from .answers import Answer, Explanation, Goal, Move, Tick, Verdict, host_name
from .balancing import balance
from .checking import check_answer
from .checking_bounds import check_answer_bound
from .effort import STANDARD, Effort, Watch
from .engine import Outcome, fewest
from .entitlements import contention
from .evening import aim_of, even_out
from .faults import Disagreement
from .problem import NOWHERE, WHOLE, Integers, Problem, Rule
from .searching import Search
from .units import Units, units_of

Show = Callable[[Tick], None]
Solve = Callable[[Problem, Sequence[int]], tuple[Outcome, Units]]
MIGRATIONS = Goal()
PRICES = {2: 50, 3: 20, 4: 5, 5: 1}  # DRS thresholds: what a migration must lower the highest utilisation by


@dataclass(frozen=True)
class Kept:
    """An outcome, the should-rules that it gives up, and those of them that might have been kept: nothing
    was found with them, but it was not proved that there is nothing."""

    outcome: Outcome
    units: Units
    given_up: tuple[Rule, ...] = ()
    doubtful: tuple[Rule, ...] = ()


def quiet(tick: Tick) -> None:
    """Show nothing."""


def repair(problem: Problem, target: int = WHOLE, effort: Effort = STANDARD, show: Show = quiet) -> Answer:
    """Fewest migrations after which every rule holds and no host is above ``target`` (basis points) in any
    load; of these the least memory moved, then even loads."""
    return _migrations("repair", problem, target, effort, show)


def evacuate(
    problem: Problem,
    hosts: Sequence[int],
    target: int = WHOLE,
    effort: Effort = STANDARD,
    show: Show = quiet,
) -> Answer:
    """Empty these hosts for maintenance, with fewest migrations, spread over the others by their loads."""
    return _migrations("evacuate", problem.in_maintenance(hosts), target, effort, show)


def admit(
    problem: Problem,
    vms: Sequence[int],
    target: int = WHOLE,
    effort: Effort = STANDARD,
    show: Show = quiet,
) -> Answer:
    """Initial placement of these VMs (and their secondaries), with fewest migrations of the others.

    Where not all can be placed, as many as possible are, by priority and then in the file's order. What has
    a host already stays, and is named in a note.
    """
    asked = dict.fromkeys(row for v in vms for row in (v, problem.vms[v].twin) if row is not None)
    wanted = [v for v in asked if problem.vms[v].host == NOWHERE]
    there = [problem.vms[v].name for v in vms if v not in wanted]
    fresh = [replace(vm, pinned=False) if i in wanted else vm for i, vm in enumerate(problem.vms)]
    notes = (f"placed already: {', '.join(there)}",) if there else ()
    asking = replace(problem, vms=tuple(fresh), notes=(*problem.notes, *notes))
    return _by_priority(asking, wanted, _without_host(asking, wanted), target, effort, show)


def rebalance(
    problem: Problem,
    threshold: int = 5,
    effort: Effort = STANDARD,
    show: Show = quiet,
    by: Literal["highest", "deviation"] = "highest",
) -> Answer:
    """The best trade of balance against migrations, by DRS's threshold 1 (only what rules demand) to 5.

    By "highest" utilisation a threshold says by how much a migration must lower it (PRICES); by "deviation"
    to which standard deviation of the normalised load the cluster is brought (`evening.aim_of`).
    """
    if threshold == 1:
        return replace(repair(problem, WHOLE, effort, show), query="balance")
    watch, began = Watch(effort, show), time.monotonic()
    off = _without_host(problem)
    highest = Goal("highest", PRICES[threshold])
    goal = highest if by == "highest" else Goal("deviation", 1, aim_of(len(problem.running), threshold))

    def solve(asked: Problem, out: Sequence[int]) -> tuple[Outcome, Units]:
        units = units_of(asked, asked.limits(), out)
        if by == "highest":
            return balance(asked, watch, goal.price, out), units
        return even_out(units, goal, watch), units

    kept = _with_preferences(problem, off, solve, watch)
    return _answer("balance", kept, WHOLE, goal, watch, began, off)


def _migrations(query: str, problem: Problem, target: int, effort: Effort, show: Show) -> Answer:
    """What repair and evacuate share: fewest migrations, then even loads."""
    watch, began = Watch(effort, show), time.monotonic()
    off = _without_host(problem)
    kept = _spread(_with_preferences(problem, off, _fewest(target, watch), watch))
    return _answer(query, kept, target, Goal(), watch, began, off)


def _without_host(problem: Problem, wanted: Sequence[int] = ()) -> list[int]:
    """The VMs that are off and stay so."""
    return [v for v, vm in enumerate(problem.vms) if vm.host == NOWHERE and v not in wanted]


def _fewest(target: int, watch: Watch) -> Solve:
    def solve(asked: Problem, out: Sequence[int]) -> tuple[Outcome, Units]:
        units = units_of(asked, asked.limits(target), out)
        return fewest(units, target, watch), units

    return solve


def _with_preferences(problem: Problem, out: Sequence[int], solve: Solve, watch: Watch) -> Kept:
    """Keep all should-rules if possible; else as many as go together, the older (earlier) ones first."""
    best = Kept(*solve(problem, out))
    soft = [rule for rule in problem.rules if rule.soft]
    if best.outcome.at is not None or not soft:
        return best
    best = Kept(*solve(problem.without(soft), out), tuple(soft))
    for rule in soft if best.outcome.at is not None else ():
        fewer = tuple(other for other in best.given_up if other is not rule)
        trial = None if watch.stop() else Kept(*solve(problem.without(fewer), out), fewer, best.doubtful)
        if trial is None or not (trial.outcome.impossible or trial.outcome.at is not None):
            best = replace(best, doubtful=(*best.doubtful, rule))
        elif trial.outcome.at is not None:
            best = trial
    return best


def _spread(kept: Kept) -> Kept:
    """Among equally few migrations: even loads."""
    if kept.outcome.at is None:
        return kept
    search = Search(kept.units, at=kept.outcome.at)
    search.spread()
    even = search.at.copy() if kept.units.sound(search.at) else kept.outcome.at
    return replace(kept, outcome=replace(kept.outcome, at=even))


def _by_priority(
    problem: Problem, wanted: list[int], off: list[int], target: int, effort: Effort, show: Show
) -> Answer:
    watch, began = Watch(effort, show), time.monotonic()
    solve = _fewest(target, watch)
    kept, refused, sure = _with_preferences(problem, off, solve, watch), list[int](), True
    if kept.outcome.at is None:
        kept, refused, sure = _one_by_one(problem, wanted, off, solve, watch)
    found = _answer("admit", _spread(kept), target, Goal(), watch, began, [*off, *refused])
    found = replace(found, refused=tuple(problem.vms[v].name for v in refused))
    if not refused or kept.outcome.at is None:
        return found
    return _refusing(found, refused, f"{len(wanted) - len(refused)} of {len(wanted)} placed", sure)


def _refusing(found: Answer, refused: list[int], placed: str, sure: bool) -> Answer:
    """The answer to an admission that leaves some out: impossible only where it is sure that they must be."""
    why = "no room by the rules" if sure else "no place was found, and it was not proved that there is none,"
    verdict = Verdict.IMPOSSIBLE if sure else Verdict.UNDETERMINED
    if found.verdict not in (Verdict.OPTIMAL, Verdict.FOUND):
        verdict = found.verdict
    said = f"{placed}; {why} for {', '.join(found.refused)}"
    return replace(found, verdict=verdict, explanation=Explanation(said, _table(found, refused)))


def _one_by_one(
    problem: Problem, wanted: list[int], off: list[int], solve: Solve, watch: Watch
) -> tuple[Kept, list[int], bool]:
    """The VMs by priority, each if those before it still have a place; both copies of an FT VM or none.
    Also, who is left, and whether it is proved of all that they have no place."""
    refused, sure = list(wanted), True
    best = _with_preferences(problem, [*off, *refused], solve, watch)
    for v in sorted(wanted, key=lambda v: (-problem.vms[v].priority, v)):
        if v not in refused or best.outcome.at is None:
            continue
        fewer = [other for other in refused if other not in (v, problem.vms[v].twin)]
        trial = None if watch.stop() else _with_preferences(problem, [*off, *fewer], solve, watch)
        if trial is not None and trial.outcome.at is not None:
            best, refused = trial, fewer
        else:
            sure = sure and trial is not None and trial.outcome.impossible
    return best, refused, sure


def _table(
    answer: Answer, vms: Sequence[int]
) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    """For each VM every host with the reasons against it."""
    problem, limits = answer.problem, answer.problem.limits(answer.target)
    placement = np.array(answer.placement)
    rows = []
    for v in list(vms)[:20]:
        faults = [
            (host.name, tuple(rules.faults_of(problem, v, h, placement, limits)))
            for h, host in enumerate(problem.hosts)
        ]
        rows.append((problem.vms[v].name, tuple(faults)))
    return tuple(rows)


def _answer(
    query: str, kept: Kept, target: int, goal: Goal, watch: Watch, began: float, off: Sequence[int]
) -> Answer:
    """Put an outcome into an answer, and let the independent checker see it."""
    problem, outcome = kept.units.problem, kept.outcome
    value = None if outcome.at is None else worth(problem, goal, kept.units.placement(outcome.at))
    found = Answer(
        query, _verdict(kept, value, watch), problem, target, goal,
        bound=outcome.bound, given_up=tuple(rule.name for rule in kept.given_up),
        off=tuple(problem.vms[v].name for v in off), history=tuple(watch.history),
        seconds=time.monotonic() - began, seed=watch.effort.seed,
        notes=(*problem.notes, *_notes(query, kept, watch, off)),
    )  # fmt: skip
    if outcome.at is None or value is None:
        return replace(found, explanation=Explanation(outcome.why) if outcome.impossible else None)
    placement = kept.units.placement(outcome.at)
    moves = tuple(moves_of(problem, placement, target, goal))
    robbed = (
        *contention(problem, problem.current.tolist(), after=False),
        *contention(problem, placement.tolist(), after=True),
    )
    return _checked(
        replace(
            found,
            placement=tuple(placement.tolist()),
            objective=value,
            moves=moves,
            contention=robbed,
        )  # fmt: skip
    )


def _notes(query: str, kept: Kept, watch: Watch, off: Sequence[int]) -> Iterator[str]:
    """What an answer does not say otherwise."""
    if kept.doubtful:
        names = ", ".join(f"{rule.name!r}" for rule in kept.doubtful)
        yield f"no placement was found that keeps {names} too; it was not proved that there is none"
    if off and query != "admit":
        yield f"VMs without a host stay so: {len(off)} (`vmproof place admit` finds hosts for them)"
    if watch.stopped:
        yield watch.stopped


def worth(problem: Problem, goal: Goal, placement: Integers) -> int:
    """The value of the goal."""
    migrations = goal.price * len(problem.moved(placement))
    if goal.measure == "migrations":
        return migrations
    measured = (problem.highest if goal.measure == "highest" else problem.deviation)(placement)
    return max(0, measured - goal.aim) + migrations


def _checked(found: Answer) -> Answer:
    """The answer with what the checker has verified; what is wrong is a bug. Raises Disagreement."""
    complaints = check_answer(found)
    if complaints:
        raise Disagreement(f"{found.query}: {'; '.join(complaints[:5])}")
    seen, doubts = ["every rule and limit", "the moves", "the objective"], []
    if found.bound is not None and found.verdict in (Verdict.OPTIMAL, Verdict.FOUND):
        doubts = check_answer_bound(found)
        seen += [] if doubts else ["the bound"]
    return replace(found, checked=tuple(seen), unchecked=tuple(doubts[:1]))


def _verdict(kept: Kept, value: int | None, watch: Watch) -> Verdict:
    if kept.outcome.impossible:
        return Verdict.IMPOSSIBLE
    if value is None or watch.stopped.startswith("interrupted"):
        return Verdict.UNDETERMINED
    proved = value <= kept.outcome.bound.value and not kept.doubtful
    return Verdict.OPTIMAL if proved else Verdict.FOUND


def moves_of(
    problem: Problem, placement: Integers, target: int = WHOLE, goal: Goal = MIGRATIONS
) -> list[Move]:
    """The moves from the current placement, as DRS would recommend them: the mandatory first."""
    imbalance = problem.imbalance(problem.current)
    worth = 6 - math.ceil(round(imbalance / 0.1 * math.sqrt(len(problem.hosts)), 6))
    load, moves = problem.load(problem.current), []
    broken = [rule for rule in problem.rules if not rules.holds(rule, problem.current.tolist())]
    for v in np.flatnonzero(placement != problem.current).tolist():
        why = _why(problem, v, load, broken)
        priority = 1 if why else min(max(worth, 2), 5)
        move = _move(problem, v, int(placement[v]), priority, why or _wish(problem, v, load, target))
        moves.append(replace(move, benefit=_benefit(problem, goal, placement, v)))
    return sorted(moves, key=lambda move: move.priority)


def _benefit(problem: Problem, goal: Goal, placement: Integers, v: int) -> int | None:
    """What the measure would lose, in basis points, if this VM stayed and the others moved."""
    if goal.measure == "migrations" or problem.current[v] == NOWHERE:
        return None
    measure, without = Goal(goal.measure, 0), placement.copy()
    without[v] = problem.current[v]
    return worth(problem, measure, without) - worth(problem, measure, placement)


def _why(problem: Problem, v: int, load: Integers, broken: list[Rule]) -> str:
    """What makes a move mandatory; empty: nothing does."""
    h = int(problem.current[v])
    if h == NOWHERE:
        return "it is to be placed"
    if problem.hosts[h].state == "maintenance":
        return rules.MAINTENANCE
    if (load[h] > problem.capacity[h]).any():
        return f"{problem.hosts[h].name} is overloaded"
    return next((f"rule {rule.name!r}" for rule in broken if v in rule.vms), "")


def _wish(problem: Problem, v: int, load: Integers, target: int) -> str:
    """Why a move is worth making, though nothing demands it."""
    above = (load[problem.current[v]] > problem.limits(target)[problem.current[v]]).any()
    return (
        f"{host_name(problem, problem.vms[v].host)} is above {target / 100:g} %"
        if above
        else "to even the loads"
    )


def _move(problem: Problem, v: int, target: int, priority: int, why: str) -> Move:
    vm = problem.vms[v]
    source = None if vm.host == NOWHERE else host_name(problem, vm.host)
    mode = vm.mode or problem.mode
    automatic = mode == "fully automated" or (mode == "partially automated" and source is None)
    size = ", ".join(f"{d:,} {r.unit}" for d, r in zip(vm.counted, problem.resources, strict=True) if r.load)
    names = [resource.name for resource in problem.resources]
    cost = vm.counted[names.index("memory") if "memory" in names else -1] if source is not None else 0
    return Move(vm.name, source, host_name(problem, target), priority, automatic, why, size, cost)
