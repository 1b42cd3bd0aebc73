"""Lower bounds on migrations that anybody can check.

Whatever arrives, a host above its limit must lose VMs: at least so many. VMs sit on one host each, so these
numbers add up over the hosts. The least number of a host is found by a small integer program (SciPy's
HiGHS); the weights that show it come from its linear relaxation, and `checking.py` verifies them by sorting.
"""

from __future__ import annotations

import numpy as np

from .answers import Bound, Floor, Stage
from .problem import NOWHERE, WHOLE, Integers, Problem
from .units import Units, units_of

HOW = "every host above its limit must lose so many of its own VMs, whatever arrives"
DIGITS = 1_000_000  # weights are whole numbers of a millionth
MOST_WHOLE = 4_000  # VMs up to which the floors of a balance are those of whole VMs


def repair_bound(units: Units, target: int) -> Bound:
    """The least number of migrations to a target."""
    stage = stage_of(units, target, target)
    return Bound(stage.moves, HOW if stage.moves else "nothing has to move", (stage,))


def stage_of(units: Units, low: int, high: int, whole: bool = True) -> Stage:
    """The floors of all hosts where the highest utilisation is at most ``high`` basis points."""
    problem = units.problem
    limits = np.minimum(problem.limits(high), np.maximum(units.limits, problem.limits(high)))
    return Stage(low, high, tuple(_floors(units, limits, whole)), _splits(units))


def _splits(units: Units) -> int:
    """Groups that are on several hosts: all but the largest part of each must move."""
    return int(units.cost[units.split].min(axis=1).sum()) if units.split.any() else 0


def _floors(units: Units, limits: Integers, whole: bool) -> list[Floor]:
    where = np.where(units.split, NOWHERE, units.home)
    load = np.zeros_like(limits)
    np.add.at(load, where[where != NOWHERE], units.demand[where != NOWHERE])
    settled = where != NOWHERE
    stuck = settled & ~units.allowed[np.arange(len(where)), np.maximum(where, 0)]
    clashing = {int(where[u]) for u in units.clashes(where)}
    hosts = set(np.flatnonzero((load > limits).any(axis=1)).tolist()) | clashing
    hosts |= set(where[stuck].tolist())
    floors = (
        _floor(units, h, np.flatnonzero(where == h), stuck, load[h] - limits[h], whole) for h in sorted(hosts)
    )
    return [floor for floor in floors if floor.moves]


def _weight(units: Units, u: int) -> int:
    """The VMs of a unit that have a host."""
    return sum(units.problem.vms[v].host != NOWHERE for v in units.members[u])


def _floor(
    units: Units, host: int, here: Integers, stuck: np.ndarray, excess: Integers, whole: bool
) -> Floor:
    """The floor of one host: forced leavers first, then the fewest that carry the rest of the excess."""
    forced = here[stuck[here]]
    rest = here[~stuck[here]]
    left = excess - units.demand[forced].sum(axis=0)
    sure = sum(_weight(units, u) for u in forced)
    apart = [[int(u) for u in rest if u in rule] for rule in map(set, units.apart)]
    apart = [group for group in apart if len(group) > 1]
    if (left <= 0).all() and not apart:
        return Floor(host, sure, (0,) * len(excess))
    return _fewest(units, host, rest, left, apart, sure, whole)


def _fewest(
    units: Units, host: int, rest: Integers, left: Integers, apart: list[list[int]], sure: int, whole: bool
) -> Floor:
    """A covering program over the VMs that may stay: minimise how many leave. Its linear relaxation gives the
    weights, and the number too where not the ``whole`` is asked: that is quick to verify."""
    from scipy.optimize import linprog

    needed = np.flatnonzero(left > 0)
    rows = [units.demand[rest, r] / left[r] for r in needed]
    floors = [1.0] * len(needed)
    for group in apart:
        rows.append(np.isin(rest, group).astype(float))
        floors.append(len(group) - 1.0)
    matrix, least = np.array(rows), np.array(floors)
    count = np.array([_weight(units, u) for u in rest], dtype=float)
    relaxed = linprog(count, A_ub=-matrix, b_ub=-least, bounds=(0, 1))
    if not relaxed.success:
        return Floor(host, sure, (0,) * len(left))
    moves = _whole_number(count, matrix, least) if whole else None
    moves = np.ceil(relaxed.fun - 1e-6) if moves is None else moves
    weights = np.zeros(len(left))
    weights[needed] = -relaxed.ineqlin.marginals[: len(needed)] / left[needed]
    digits = np.round(weights / max(weights.max(), 1e-300) * DIGITS).astype(np.int64)
    return Floor(host, sure + round(float(moves)), tuple(digits.tolist()))


def _whole_number(count: np.ndarray, matrix: np.ndarray, least: np.ndarray) -> float | None:
    """The covering program in whole VMs; None where that was not solved."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = LinearConstraint(matrix, least, np.inf)
    found = milp(count, constraints=rows, integrality=1, bounds=Bounds(0, 1))
    return float(found.fun) if found.status == 0 else None


def balance_bound(problem: Problem, best: int, price: int = 1, steps: int = 24) -> Bound:
    """No placement has a smaller sum of highest utilisation (basis points) and ``price`` times migrations.

    The range from the mean utilisation to ``best`` is cut where the bound is weakest, ``steps`` times: in a
    piece [low, high] the utilisation is at least low and the migrations at least those of high.
    """
    units, low = units_of(problem, problem.limits()), mean_utilisation(problem)
    whole = len(problem.vms) <= MOST_WHOLE
    if low >= best:
        return Bound(low, "the mean utilisation", (stage_of(units, low, max(low, best), whole),))
    pieces = [stage_of(units, low, best, whole)]
    for _ in range(steps):
        weakest = min(pieces, key=lambda stage: stage.low + price * stage.moves)
        if weakest.high == weakest.low or weakest.low + price * weakest.moves >= best:
            break
        pieces.remove(weakest)
        middle = (weakest.low + weakest.high) // 2
        pieces += [
            stage_of(units, weakest.low, middle, whole),
            Stage(middle + 1, weakest.high, weakest.floors, weakest.splits),
        ]
    value = min(best, *(stage.low + price * stage.moves for stage in pieces))
    return Bound(value, f"mean utilisation, and: {HOW}", tuple(sorted(pieces, key=lambda s: s.low)))


def mean_utilisation(problem: Problem) -> int:
    """The load of all VMs that have a host over the capacity of all usable hosts, in basis points."""
    usable = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    used = problem.demand[problem.current != NOWHERE].sum(axis=0)
    total = problem.capacity[usable].sum(axis=0)
    rows = [
        -(-int(u) * WHOLE // int(c))
        for u, c, load in zip(used, total, problem.loads, strict=True)
        if load and c
    ]
    return max(rows, default=0)
