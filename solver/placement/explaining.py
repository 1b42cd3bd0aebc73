"""Why not: a table host × reason, a minimal set of rules and capacities that conflict, the cheapest cures.

A core alone misleads, so the table comes first. The core is minimal by deletion: without any one of its
elements there is a placement. Every element is a named literal of one Z3 problem over VMs (not units: a
keep-together rule can be dropped too).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from . import rules
from .answers import Core, Cure, Explanation
from .encoding import LARGEST, MOST_BOOLEANS, heed_ctrl_c
from .engine import Effort, Watch, fewest
from .names import capacity_name, datastores_name, pinned_name, rule_name, state_name
from .problem import NOWHERE, WHOLE, Problem, Rule
from .shortages import Shortage, core_of, reasons_of, said, shortage
from .units import units_of

MOST_ROWS, MOST_CURES, MOST_TRIES, MOST_CURED, CONFLICTS = 12, 6, 4, 4_000, 50_000
UNPIN, WAKE, DROP, REACH = 1.5, 2.0, 1.0, 3.0  # what a cure costs; adding capacity: 10 for a mean host


class Named:
    """A placement problem in which every rule, capacity and state has a name and can be left out."""

    def __init__(self, problem: Problem, target: int, out: Sequence[int] = (), seed: int = 0) -> None:
        import z3

        self.z3, self.problem, self.target = z3, problem, target
        self.solver = z3.SolverFor("QF_FD")
        self.solver.set("random_seed", seed)
        self.solver.set("max_conflicts", CONFLICTS)
        self.vms = sorted(set(range(len(problem.vms))) - set(out))
        self.hosts = range(len(problem.hosts))
        self.x = {(v, h): z3.Bool(f"{v}@{h}") for v in self.vms for h in self.hosts}
        self.elements: dict[str, Any] = {}
        self.costs: dict[str, float] = {}
        self.sums: dict[str, tuple[int, int]] = {}
        self.unlimited: list[str] = []
        for v in self.vms:
            self.solver.add(z3.PbEq([(self.x[v, h], 1) for h in self.hosts], 1))
        self._rules()
        self._states()
        self._capacities()

    def _element(self, name: str, cost: float) -> Any:
        while name in self.elements:
            name += "'"
        self.elements[name] = self.z3.Bool(name)
        self.costs[name] = cost
        return self.elements[name]

    def _forbid(self, literal: Any, places: Iterable[tuple[int, int]]) -> None:
        for place in places:
            if place in self.x:
                self.solver.add(self.z3.Or(self.z3.Not(literal), self.z3.Not(self.x[place])))

    def _rules(self) -> None:
        for rule in self.problem.rules:
            literal = self._element(rule_name(rule), DROP if not rule.soft else DROP / 2)
            if rule.kind == "keep apart":
                self._apart(literal, rule)
            elif rule.kind == "keep together":
                self._together(literal, rule)
            else:
                inside = rule.kind in ("must run on", "should run on")
                self._forbid(
                    literal, ((v, h) for v in rule.vms for h in self.hosts if (h in rule.hosts) != inside)
                )

    def _apart(self, literal: Any, rule: Rule) -> None:
        for h in self.hosts:
            rivals = [self.x[v, h] for v in rule.vms if (v, h) in self.x]
            if len(rivals) > 1:
                self.solver.add(self.z3.Implies(literal, self.z3.AtMost(*rivals, 1)))

    def _together(self, literal: Any, rule: Rule) -> None:
        known = [v for v in rule.vms if (v, 0) in self.x]
        for one, other in zip(known, known[1:], strict=False):
            for h in self.hosts:
                self.solver.add(self.z3.Implies(literal, self.x[one, h] == self.x[other, h]))

    def _states(self) -> None:
        for h, host in enumerate(self.problem.hosts):
            if host.state == "failed":
                self._forbid(self.z3.BoolVal(True), ((v, h) for v in self.vms))
            elif host.state == "maintenance":
                self._forbid(self._element(state_name(host), WAKE), ((v, h) for v in self.vms))
            elif host.state == "quarantine":
                new = ((v, h) for v in self.vms if self.problem.vms[v].host != h)
                self._forbid(self._element(state_name(host), WAKE), new)
        for v in self.vms:
            vm = self.problem.vms[v]
            if vm.pinned and vm.host != NOWHERE:
                literal = self._element(pinned_name(vm), UNPIN)
                self._forbid(literal, ((v, h) for h in self.hosts if h != vm.host))
            if vm.barred:
                literal = self._element(datastores_name(vm), REACH)
                self._forbid(literal, ((v, h) for h in vm.barred))

    def _capacities(self) -> None:
        limits = self.problem.limits(self.target)
        for h in self.hosts:
            for r in range(len(self.problem.resources)):
                if sum(int(self.problem.demand[v, r]) for v in self.vms) > int(limits[h, r]):
                    name = capacity_name(self.problem, h, r, self.target)
                    self.sums[name] = (h, r)
                    literal = self._element(name, 10.0)
                    self.solver.add(self.z3.Implies(literal, self.at_most(h, r, int(limits[h, r]))))

    def at_most(self, h: int, r: int, limit: int) -> Any:
        """The sum of a resource on a host, limited; too large numbers are scaled down, never looser."""
        amounts = [
            (self.x[v, h], int(self.problem.demand[v, r])) for v in self.vms if self.problem.demand[v, r]
        ]
        total = max(sum(amount for _, amount in amounts), limit)
        if total >= LARGEST:
            divisor = -(-total // LARGEST)
            amounts, limit = [(x, -(-amount // divisor)) for x, amount in amounts], limit // divisor
        return self.z3.PbLe(amounts, limit) if amounts else self.z3.BoolVal(True)

    def check(self, names: Iterable[str]) -> str:
        """Can these elements be satisfied together: "sat", "unsat" or "unknown"."""
        said = str(self.solver.check(*[self.elements[name] for name in names]))
        if said == "unknown":
            heed_ctrl_c(self.solver)
        return said

    def core(self, names: Sequence[str]) -> Core | None:
        """Elements that conflict, minimal by deletion; None where nothing conflicts, or nobody knows."""
        if self.check(names) != "unsat":
            return None
        core, minimal = self._smaller(names), True
        for name in list(core):
            if name not in core:
                continue
            said = self.check([other for other in core if other != name])
            if said == "unsat":
                core = self._smaller([other for other in core if other != name])
            elif said != "sat":
                minimal = False
        return Core(tuple(core), minimal)

    def _smaller(self, names: Sequence[str]) -> list[str]:
        found = {str(literal).strip("|") for literal in self.solver.unsat_core()}
        kept = [name for name in names if name in found]
        return kept or list(names)


def explain(
    problem: Problem,
    target: int = WHOLE,
    out: Sequence[int] = (),
    summary: str = "no placement keeps all rules and limits",
    stop: Callable[[], bool] = lambda: False,
) -> Explanation:
    """Why there is no placement: table, core, cures. VMs in ``out`` need no host."""
    found = Explanation(
        summary, table_of(problem, target, out), conflicts=tuple(map(str, rules.conflicts(problem)))
    )
    left_out = _shrunk(problem, target, out)
    if (len(problem.vms) - len(left_out)) * len(problem.hosts) > MOST_BOOLEANS:
        reasons = reasons_of(problem, problem.limits(target), target, list(out))
        short = shortage(reasons)
        if short is None:
            return replace(found, cures=tuple(_missing(problem, target, out)))
        found = replace(found, summary=said(problem, short))
        wide = core_of(reasons, short, stop)
        return replace(found, core=wide, cures=tuple(_wide_cures(problem, target, out, wide, short, stop)))
    named = Named(problem, target, left_out)
    core = named.core(list(named.elements))
    if core is None or stop():
        return found
    return replace(found, core=core, cures=tuple(_cures(problem, target, out, named, core, stop)))


def _cures(
    problem: Problem, target: int, out: Sequence[int], named: Named, core: Core, stop: Callable[[], bool]
) -> list[Cure]:
    """What helps the whole problem, where that is small enough; else what helps the VMs of the conflict."""
    inside = sorted(set(range(len(problem.vms))) - set(out))
    if named.vms == inside:
        return cures_of(named, core, stop)
    if len(inside) * len(problem.hosts) <= MOST_CURED:
        return cures_of(Named(problem, target, out), core, stop)
    names = " and ".join(problem.vms[v].name for v in named.vms)
    return [
        replace(c, text=f"{c.text} (as far as {names} are concerned)") for c in cures_of(named, core, stop)
    ]


def _missing(problem: Problem, target: int, out: Sequence[int]) -> list[Cure]:
    """What the cluster as a whole has too little of; a bound from below, for rules may want more."""
    inside = sorted(set(range(len(problem.vms))) - set(out))
    usable = [h for h, host in enumerate(problem.hosts) if host.state in ("normal", "quarantine")]
    limits, parts, cost = problem.limits(target), [], 0.0
    for r, resource in enumerate(problem.resources):
        more = int(problem.demand[inside, r].sum()) - int(limits[usable, r].sum())
        if more > 0:
            size = -(-more * WHOLE // target) if resource.load else more
            parts.append(f"{size:,} {resource.unit} {resource.name}")
            cost += 10 * size / max(float(problem.capacity[:, r].mean()), 1.0)
    return [Cure(f"add at least {' and '.join(parts)} to the cluster", cost)] if parts else []


def _wide_cures(
    problem: Problem,
    target: int,
    out: Sequence[int],
    core: Core,
    short: Shortage,
    stop: Callable[[], bool],
) -> list[Cure]:
    """Single changes of a large cluster, each seen to help: a placement with it was found."""
    found: list[Cure] = []
    rules = [rule for rule in problem.rules if rule_name(rule) in core.elements]
    asleep = [h for h, host in enumerate(problem.hosts) if state_name(host) in core.elements]
    for rule in sorted(rules, key=lambda rule: -len(rule.vms))[:MOST_TRIES]:
        if not stop() and _placeable(problem.without([rule]), target, out):
            found.append(Cure(f"drop {rule_name(rule)}", DROP))
    for h in asleep[:MOST_TRIES]:
        awake = [replace(o, state="normal") if i == h else o for i, o in enumerate(problem.hosts)]
        if not stop() and _placeable(replace(problem, hosts=tuple(awake)), target, out):
            found.append(Cure(_dropped(state_name(problem.hosts[h])), WAKE))
    if short.measure.rule is None:
        found.append(_more_room(problem, target, short))
    return found


def _more_room(problem: Problem, target: int, short: Shortage) -> Cure:
    """What the hosts of a shortage have too little of, at least."""
    resource, missing = problem.resources[short.measure.resource], short.needed - short.there
    all_of_them = len(short.hosts) == len(problem.hosts)
    where = "the cluster" if all_of_them else f"those {len(short.hosts)} hosts, or others that they may be on"
    if short.measure.size:
        room = f"room for {missing} VMs of {short.measure.size:,} {resource.unit} {resource.name}"
        return Cure(f"add {room} to {where}", 10.0)
    size = -(-missing * WHOLE // target) if resource.load else missing
    return Cure(f"add at least {size:,} {resource.unit} {resource.name} to {where}", 10.0)


def _placeable(problem: Problem, target: int, out: Sequence[int]) -> bool:
    """Whether the search finds a placement, with little effort."""
    units = units_of(problem, problem.limits(target), out)
    return fewest(units, target, Watch(Effort(rounds=20, pieces=0, seconds=10.0))).at is not None


def _shrunk(problem: Problem, target: int, out: Sequence[int]) -> list[int]:
    """What to leave out: where a single unit has no host at all, all but it; the question is small then."""
    units = units_of(problem, problem.limits(target), out)
    fits = units.allowed & (units.demand[:, None, :] <= units.limits[None, :, :]).all(axis=2)
    stuck = np.flatnonzero(~fits.any(axis=1))
    if not len(stuck):
        return list(out)
    kept = set(units.members[int(stuck[0])])
    return [v for v in range(len(problem.vms)) if v not in kept]


def table_of(
    problem: Problem, target: int, out: Sequence[int] = (), vms: Sequence[int] | None = None
) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    """For VMs (by default those that cannot stay) every host with the reasons against it."""
    limits, current = problem.limits(target), problem.current
    rows = []
    for v in (_unhappy(problem, target, out) if vms is None else list(vms))[:MOST_ROWS]:
        faults = [
            (h.name, tuple(rules.faults_of(problem, v, i, current, limits)))
            for i, h in enumerate(problem.hosts)
        ]
        rows.append((problem.vms[v].name, tuple(faults)))
    return tuple(rows)


def _unhappy(problem: Problem, target: int, out: Sequence[int]) -> list[int]:
    """VMs that may not be where they are, then the largest of overloaded hosts."""
    inside = sorted(set(range(len(problem.vms))) - set(out))
    placement, limits = problem.current, problem.limits(target)
    lost = [v for v in inside if placement[v] == NOWHERE or not problem.allowed[v, placement[v]]]
    broken = {v for rule in problem.rules if not rules.holds(rule, placement.tolist()) for v in rule.vms}
    over = np.asarray((problem.load(placement) > limits).any(axis=1))
    crowded = [v for v in inside if placement[v] != NOWHERE and over[placement[v]]]
    share = problem.demand / np.maximum(problem.capacity.mean(axis=0), 1)
    crowded.sort(key=lambda v: (-float(share[v].max()), v))
    return list(dict.fromkeys([*lost, *sorted(broken & set(inside)), *crowded]))


def cures_of(named: Named, core: Core, stop: Callable[[], bool] = lambda: False) -> list[Cure]:
    """Single changes after which there is a placement, the cheapest first; else a set of them."""
    every = list(named.elements)
    found = []
    for name in core.elements:
        if stop():
            break
        if name not in named.sums and named.check([n for n in every if n != name]) == "sat":
            found.append(Cure(_dropped(name), named.costs[name]))
    hosts = list(dict.fromkeys(named.sums[name][0] for name in core.elements if name in named.sums))
    found += [cure for h in hosts[:MOST_CURES] if not stop() and (cure := _more_on(named, h)) is not None]
    if not found and not stop():
        found = _several(named, every)
    return sorted(found, key=lambda cure: (cure.cost, cure.text))[:MOST_CURES]


def _dropped(name: str) -> str:
    if name.startswith("rule "):
        return f"drop {name}"
    if name.endswith(" mode"):
        host, _, state = name.partition(" in ")
        return f"end the {state.removesuffix(' mode')} of {host}"
    if name.endswith("may not be moved"):
        return f"allow {name.removesuffix(' may not be moved')} to be moved"
    return f"give more hosts access to {name}"


def _more_on(named: Named, h: int) -> Cure | None:
    """The least that must be added to one host, resource by resource; None: that does not help."""
    sums = {name: r for name, (host, r) in named.sums.items() if host == h}
    others = [name for name in named.elements if name not in sums]
    if named.check(others) != "sat":
        return None
    limits, added, cost = named.problem.limits(named.target), [], 0.0
    named.solver.push()
    for r in sums.values():
        least = _least(named, others, h, r, int(limits[h, r]))
        named.solver.add(named.at_most(h, r, least))
        resource, capacity = named.problem.resources[r], named.problem.hosts[h].capacity[r]
        share = named.target if resource.load else WHOLE
        more = -(-least * WHOLE // share) - capacity
        if least > int(limits[h, r]):
            added.append(f"{max(more, 1):,} {resource.unit} {resource.name}")
            cost += 10 * max(more, 1) / max(float(named.problem.capacity[:, r].mean()), 1.0)
    named.solver.pop()
    return Cure(f"add {' and '.join(added)} to {named.problem.hosts[h].name}", cost) if added else None


def _least(named: Named, others: Sequence[str], h: int, r: int, limit: int) -> int:
    """The smallest limit of one sum under which the others can be satisfied, by bisection."""
    low, high = limit - 1, limit + sum(int(named.problem.demand[v, r]) for v in named.vms)
    while low + 1 < high:
        middle = (low + high) // 2
        named.solver.push()
        named.solver.add(named.at_most(h, r, middle))
        enough = named.check(others) == "sat"
        named.solver.pop()
        low, high = (low, middle) if enough else (middle, high)
    return high


def _several(named: Named, every: list[str]) -> list[Cure]:
    """Several elements to be dropped together: the cheapest of core after core, then none too many."""
    kept, dropped = list(every), []
    while (core := named.core(kept)) is not None and core.elements:
        cheapest = min(core.elements, key=lambda name: (named.costs[name], name))
        kept.remove(cheapest)
        dropped.append(cheapest)
    for name in list(dropped):
        if named.check([*kept, name]) == "sat":
            kept.append(name)
            dropped.remove(name)
    text = " and ".join(_dropped(n) if n not in named.sums else f"add to the {n}" for n in dropped)
    return [Cure(text, sum(named.costs[name] for name in dropped))] if dropped else []
