"""A problem as the search sees it: units to be placed, with costs, in arrays.

VMs that rules keep together are one unit, so that rule needs no further thought. Everything that binds a
single VM (must rules, maintenance, pinning, datastores) is in ``allowed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .problem import NOWHERE, Booleans, Integers, Problem
from .rules import groups


@dataclass(frozen=True)
class Units:
    """U units of a problem with m hosts and R resources.

    ``demand`` U × R, ``allowed`` U × m, ``cost`` U × m (VMs that have moved if the unit is there), ``home``
    the host where it costs least (NOWHERE: a unit without a current host), ``apart`` rules as unit numbers.
    """

    problem: Problem
    limits: Integers
    members: tuple[tuple[int, ...], ...]
    demand: Integers
    allowed: Booleans
    cost: Integers
    home: Integers
    apart: tuple[tuple[int, ...], ...]
    split: Booleans

    @cached_property
    def unit_of(self) -> Integers:
        """The unit of every VM; NOWHERE for those that are left out."""
        found = np.full(len(self.problem.vms), NOWHERE, dtype=np.int64)
        for u, members in enumerate(self.members):
            found[list(members)] = u
        return found

    @cached_property
    def rules_of(self) -> tuple[tuple[int, ...], ...]:
        """For every unit the keep-apart rules that bind it."""
        found: list[list[int]] = [[] for _ in self.members]
        for number, rule in enumerate(self.apart):
            for u in rule:
                found[u].append(number)
        return tuple(map(tuple, found))

    @cached_property
    def scale(self) -> np.ndarray:
        """R numbers: the mean capacity of a resource, for adding up different ones."""
        return np.asarray(np.maximum(self.problem.capacity.mean(axis=0), 1.0))

    @cached_property
    def heavy(self) -> int:
        """The resource whose transfer makes a migration long: memory, or else the last one."""
        names = [resource.name for resource in self.problem.resources]
        return names.index("memory") if "memory" in names else len(names) - 1

    @cached_property
    def freight(self) -> Integers:
        """U × m: the memory that is carried if the unit is there."""
        size, current = self.problem.demand[:, self.heavy], self.problem.current
        found = self.cost * self.demand[:, self.heavy][:, None]
        for u in (u for u, members in enumerate(self.members) if len(members) > 1):
            rows = np.array(self.members[u])
            away = (current[rows][:, None] != np.arange(found.shape[1])) & (current[rows] != NOWHERE)[:, None]
            found[u] = (away * size[rows][:, None]).sum(axis=0)
        return found

    def carried(self, at: Integers) -> int:
        """The memory of the VMs that have moved."""
        placed = np.flatnonzero(at != NOWHERE)
        return int(self.freight[placed, at[placed]].sum())

    def load(self, at: Integers) -> Integers:
        """Hosts × resources."""
        used = np.zeros_like(self.limits)
        placed = at != NOWHERE
        np.add.at(used, at[placed], self.demand[placed])
        return used

    def moves(self, at: Integers) -> int:
        """The VMs that have moved."""
        placed = np.flatnonzero(at != NOWHERE)
        return int(self.cost[placed, at[placed]].sum())

    def placement(self, at: Integers) -> Integers:
        """Back to VMs; those that are left out have no host."""
        if not len(at):
            return np.full(len(self.problem.vms), NOWHERE, dtype=np.int64)
        return np.where(self.unit_of == NOWHERE, NOWHERE, at[self.unit_of])

    def over(self, load: Integers) -> Booleans:
        """The hosts above a limit."""
        return np.asarray((load > self.limits).any(axis=1))

    def clashes(self, at: Integers) -> list[int]:
        """Units that share a host with one that a rule keeps apart from them, but the first of each."""
        found = []
        for rule in self.apart:
            seen: set[int] = set()
            for u in rule:
                if at[u] in seen:
                    found.append(u)
                elif at[u] != NOWHERE:
                    seen.add(int(at[u]))
        return found

    def misplaced(self, at: Integers) -> Booleans:
        """Units on hosts that they may not be on, or on none."""
        return np.asarray(~self.allowed[np.arange(len(at)), np.maximum(at, 0)] | (at == NOWHERE))

    def sound(self, at: Integers) -> bool:
        """Every rule holds and no limit is passed."""
        return not (self.misplaced(at).any() or self.over(self.load(at)).any() or self.clashes(at))


def units_of(problem: Problem, limits: Integers, leave_out: Sequence[int] = ()) -> Units:
    """The units of a problem; the VMs to ``leave_out`` are not placed at all."""
    out = set(leave_out)
    members = _members(problem, out)
    hosts = np.arange(len(problem.hosts))
    heads = np.array([group[0] for group in members], dtype=np.int64)
    demand, allowed = problem.demand[heads].copy(), problem.allowed[heads].copy()
    there = problem.current[heads]
    cost = ((there[:, None] != hosts) & (there[:, None] != NOWHERE)).astype(np.int64)
    split = np.zeros(len(members), dtype=bool)
    for u, group in enumerate(members):
        if len(group) > 1:
            rows = list(group)
            demand[u], allowed[u] = problem.demand[rows].sum(axis=0), problem.allowed[rows].all(axis=0)
            at = problem.current[rows]
            cost[u] = ((at[:, None] != hosts) & (at[:, None] != NOWHERE)).sum(axis=0)
            split[u] = len(set(at[at != NOWHERE].tolist())) > 1
    unit = {v: u for u, group in enumerate(members) for v in group}
    rules = [[unit[v] for v in rule.vms if v in unit] for rule in problem.rules if rule.kind == "keep apart"]
    for rule in rules:  # VMs that are to be together and apart: no host can take them
        allowed[[u for u in rule if rule.count(u) > 1]] = False
    home = np.where(
        (problem.current[heads] == NOWHERE) & (cost.max(axis=1) == 0), NOWHERE, cost.argmin(axis=1)
    )
    apart = [tuple(dict.fromkeys(rule)) for rule in rules]
    return Units(
        problem, limits, members, demand, allowed, cost, home, tuple(a for a in apart if len(a) > 1), split
    )


def _members(problem: Problem, out: set[int]) -> tuple[tuple[int, ...], ...]:
    """The VMs of every unit, by their first VM."""
    joined = [[v for v in group if v not in out] for group in groups(problem, out)]
    grouped = {v for group in joined for v in group}
    alone = [[v] for v in range(len(problem.vms)) if v not in grouped and v not in out]
    return tuple(sorted(tuple(group) for group in [*joined, *alone] if group))
