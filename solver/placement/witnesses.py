"""Placements that show that named rules and capacities can hold together, in clusters of any size.

Greedy: where nothing of a host is limited, everyone may go who is allowed there. VMs to be kept apart are
matched with hosts, then those with the fewest hosts go first, the largest before. That none is found says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from .problem import Booleans, Integers
from .rules import groups
from .shortages import Reasons


@dataclass
class Crowd:
    """Units to be placed: ``allowed`` units × hosts, ``demand`` units × resources, ``room`` hosts × resources
    that is left, ``open`` the hosts where nothing is limited, ``apart`` rules as unit numbers."""

    allowed: Booleans
    demand: Integers
    room: Integers
    open: Booleans
    apart: tuple[tuple[int, ...], ...]
    placed: set[int]

    def put(self, u: int, h: int) -> None:
        """The unit has this host."""
        self.room[h] -= self.demand[u]
        self.placed.add(u)
        for rule in self.apart:
            if u in rule:
                self.allowed[list(rule), h] = False

    def fits(self, units: Iterable[int]) -> Booleans:
        """Units × hosts: where there is room for each alone."""
        rows = list(units)
        room = (self.demand[rows][:, None, :] <= self.room[None, :, :]).all(axis=2)
        return np.asarray(self.allowed[rows] & room)


def placed(reasons: Reasons, names: frozenset[str]) -> bool:
    """Whether a placement of all VMs that keeps these names (and need not keep the others) is found."""
    crowd = _crowd(reasons, names)
    if crowd is None or not all(_matched(crowd, rule) for rule in crowd.apart):
        return False
    easy = np.asarray(crowd.allowed[:, crowd.open].any(axis=1))
    hard = [u for u in np.flatnonzero(~easy).tolist() if u not in crowd.placed]
    choices, share = crowd.allowed.sum(axis=1), crowd.demand / np.maximum(crowd.room.max(axis=0), 1)
    for u in sorted(hard, key=lambda u: (int(choices[u]), -float(share[u].max()), u)):
        fits = crowd.fits([u])[0]
        if not fits.any():
            return False
        left = ((crowd.room - crowd.demand[u]) / np.maximum(crowd.room.max(axis=0), 1)).min(axis=1)
        crowd.put(u, int(np.where(fits, left, -np.inf).argmax()))
    return True


def _crowd(reasons: Reasons, names: frozenset[str]) -> Crowd | None:
    """What these names leave to be placed; None where VMs are to be together and apart."""
    problem, kept = reasons.problem, [rule for name, rule in reasons.named.items() if name in names]
    units = list(_units(reasons, names))
    heads, free = np.array([unit[0] for unit in units], dtype=np.int64), reasons.free(names)
    allowed, demand = free[heads], problem.demand[heads]
    for u, unit in enumerate(units):
        if len(unit) > 1:
            allowed[u], demand[u] = free[unit].all(axis=0), problem.demand[unit].sum(axis=0)
    number = {v: u for u, unit in enumerate(units) for v in unit}
    apart = [tuple(number[v] for v in r.vms if v in number) for r in kept if r.kind == "keep apart"]
    if any(len(set(rule)) < len(rule) for rule in apart):
        return None
    limited = np.zeros(reasons.limits.shape, dtype=bool)
    for place, name in reasons.capacities.items():
        limited[place] = name in names
    room = np.where(limited, reasons.limits, problem.demand.sum(axis=0) + 1)
    return Crowd(allowed, demand, room, np.asarray(~limited.any(axis=1)), tuple(apart), set())


def _units(reasons: Reasons, names: frozenset[str]) -> Iterator[list[int]]:
    """The VMs that these names keep together, then all others one by one."""
    joining = [r for name, r in reasons.named.items() if name in names and r.kind == "keep together"]
    out = set(range(len(reasons.problem.vms))) - set(reasons.vms.tolist())
    joined = groups(replace(reasons.problem, rules=tuple(joining)), out)
    yield from joined
    together = {v for group in joined for v in group}
    yield from ([v] for v in reasons.vms.tolist() if v not in together)


def _matched(crowd: Crowd, rule: tuple[int, ...]) -> bool:
    """Whether the units of a rule that keeps apart find a host each; they get it."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rest = [u for u in rule if u not in crowd.placed]
    if not rest:
        return True
    hosts = maximum_bipartite_matching(csr_array(crowd.fits(rest)), perm_type="column")
    for u, h in zip(rest, hosts.tolist(), strict=True):
        if h >= 0:
            crowd.put(u, h)
    return bool((hosts >= 0).all())
