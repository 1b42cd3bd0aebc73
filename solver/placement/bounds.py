"""Lower bounds on migrations that anybody can check.

Whatever arrives, a host above its limit must lose VMs: at least so many. VMs sit on one host each, so these
numbers add up over the hosts. The number of a host is found by sorting its VMs by a weighted sum of their
resources; where that is not the least in whole VMs, by a small integer program (SciPy's HiGHS). `checking.py`
verifies it by sorting, or by trying all choices.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .answers import Bound, Floor, Stage
from .problem import NOWHERE, WHOLE, Integers, Problem
from .units import Units, units_of

HOW = "every host above its limit must lose so many of its own VMs, whatever arrives"
CLOSE = 4e-6  # sums so close to what is needed prove nothing
MIXTURES = 33
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
    """A covering problem over the VMs that may stay: minimise how many leave. Sorting by weighted size gives
    a number and the weights that show it; where that is not the least number in whole VMs, and it is asked
    for, or where VMs must be apart, an integer program does."""
    needed = np.flatnonzero(left > 0)
    size = units.demand[rest][:, needed] / left[needed]
    count = np.array([_weight(units, u) for u in rest], dtype=np.int64)
    moves, mix, attained = _by_sorting(size, count)
    if apart or (whole and not attained):
        groups = [np.isin(rest, group).astype(float) for group in apart]
        least = np.array([1.0] * len(needed) + [len(group) - 1.0 for group in apart])
        moves = max(moves, _whole_number(count, np.array([*size.T, *groups]), least))
    weights = np.zeros(len(left))
    weights[needed] = mix / left[needed]
    digits = np.round(weights / max(weights.max(), 1e-300) * DIGITS).astype(np.int64)
    return Floor(host, sure + moves, tuple(digits.tolist()))


def _by_sorting(size: np.ndarray, count: Integers) -> tuple[int, np.ndarray, bool]:
    """VMs × resources, in parts of what must leave: for the most telling mixture of the resources, how many
    of the largest must leave until 1 is reached; the mixture; and whether these are enough in all."""
    if not size.size:
        return 0, np.ones(size.shape[1]), True
    mixes = _mixtures(size.shape[1])
    rows = np.repeat(np.arange(len(size)), count)
    worth = ((size / np.maximum(count, 1)[:, None]) @ mixes.T)[rows]
    order = np.argsort(-worth, axis=0, kind="stable")
    sums = np.cumsum(np.take_along_axis(worth, order, axis=0), axis=0)
    numbers = np.minimum((sums < 1 - CLOSE).sum(axis=0) + 1, len(rows))
    best = int(numbers.argmax())
    moves = int(numbers[best])
    ties = np.flatnonzero(numbers == moves)
    single = bool((count == 1).all())
    attained = single and any((size[order[:moves, g]].sum(axis=0) >= 1).all() for g in ties)
    return moves, mixes[best], attained


def _mixtures(resources: int) -> np.ndarray:
    """Weights that add up to 1: of each resource alone, of every two in MIXTURES steps, and of all."""
    rows = [*np.eye(resources), np.full(resources, 1 / resources)]
    for one, other in combinations(np.eye(resources), 2):
        rows += [one * part + other * (1 - part) for part in np.linspace(0, 1, MIXTURES)[1:-1]]
    return np.array(rows)


def _whole_number(count: Integers, matrix: np.ndarray, least: np.ndarray) -> int:
    """The covering program in whole VMs; 0 where that was not solved."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = LinearConstraint(matrix, least, np.inf)
    found = milp(count.astype(float), constraints=rows, integrality=1, bounds=Bounds(0, 1))
    return round(found.fun) if found.status == 0 else 0


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
