"""Why a large cluster has no placement: VMs that together need more than the hosts they may be on have.

The VMs are let flow to their hosts, one resource at a time, in parts: what cannot flow cannot be placed. The
least cut names VMs and hosts (Hall's condition). Counted are amounts; VMs above a size, of which a host takes
only so many (fragmentation); or the VMs of a rule that keeps apart, one a host. From the rules, states and
capacities at the cut every one that is not needed is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .names import capacity_name, datastores_name, pinned_name, rule_name, state_name
from .problem import NOWHERE, WHOLE, Booleans, Integers, Problem, Rule
from .units import Units

MOST_FLOW = 2**30
PARTS = (1, 2, 3)  # how many VMs of a size fit on a host, at most, where sizes are counted


@dataclass(frozen=True)
class Measure:
    """What flows: of a ``resource`` the amounts (``size`` 0), or VMs of at least a size; or the VMs of a
    ``rule`` that keeps apart."""

    resource: int = 0
    size: int = 0
    rule: Rule | None = None


@dataclass(frozen=True)
class Shortage:
    """These VMs need ``needed``, and the hosts that they may be on have ``there``."""

    measure: Measure
    vms: tuple[int, ...]
    hosts: tuple[int, ...]
    needed: int
    there: int


def rule_names(problem: Problem) -> list[str]:
    """The names of all rules in their order, none twice."""
    found: dict[str, None] = {}
    for rule in problem.rules:
        name = rule_name(rule)
        while name in found:
            name += "'"
        found[name] = None
    return list(found)


@dataclass
class Reasons:
    """Everything that has a name, and which VMs (rows) it keeps from which hosts (columns)."""

    problem: Problem
    limits: Integers
    vms: Integers
    barred: dict[str, tuple[Integers, Integers]] = field(default_factory=dict)
    capacities: dict[tuple[int, int], str] = field(default_factory=dict)
    known: dict[frozenset[str], tuple[Booleans, Integers]] = field(default_factory=dict)

    @cached_property
    def named(self) -> dict[str, Rule]:
        """The rules by their names."""
        return dict(zip(rule_names(self.problem), self.problem.rules, strict=True))

    def own(self, measure: Measure) -> frozenset[str]:
        """The name of the rule that is measured, if one is."""
        return frozenset(name for name, rule in self.named.items() if rule is measure.rule)

    @cached_property
    def effective(self) -> frozenset[str]:
        """The names that keep a VM from a host by themselves."""
        return frozenset(name for name, (rows, columns) in self.barred.items() if len(rows) and len(columns))

    def kinds(self, names: frozenset[str] | None = None) -> tuple[Booleans, Integers]:
        """Kinds of VMs by the hosts that these reasons (None: all) leave them, and the kind of every VM."""
        key = self.effective if names is None else names & self.effective
        if key not in self.known:
            self.known.clear()
            mine = np.packbits(self.free(key)[self.vms], axis=1)
            rows, kind_of = np.unique(mine, axis=0, return_inverse=True)
            free = np.unpackbits(rows, axis=1, count=len(self.problem.hosts)).astype(bool)
            every = np.zeros(len(self.problem.vms), dtype=np.int64)
            every[self.vms] = kind_of.reshape(-1)
            self.known[key] = free, every
        return self.known[key]

    def free(self, names: frozenset[str]) -> Booleans:
        """VMs × hosts: where none of these names keeps them from; failed hosts take none."""
        free = np.ones((len(self.problem.vms), len(self.problem.hosts)), dtype=bool)
        free[:, [h for h, host in enumerate(self.problem.hosts) if host.state == "failed"]] = False
        for name in names & self.effective:
            rows, columns = self.barred[name]
            free[np.ix_(rows, columns)] = False
        return free


def reasons_of(problem: Problem, limits: Integers, target: int, out: Sequence[int]) -> Reasons:
    """The reasons of a problem."""
    inside = np.setdiff1d(np.arange(len(problem.vms)), np.array(list(out), dtype=np.int64))
    found = Reasons(problem, limits, inside)
    hosts, numbers = np.arange(len(problem.hosts)), np.arange(len(problem.vms))
    for name, rule in found.named.items():
        if rule.kind.endswith("run on"):
            there = np.array(rule.hosts, dtype=np.int64)
            columns = there if rule.kind.endswith("not run on") else np.setdiff1d(hosts, there)
            found.barred[name] = (np.array(rule.vms, dtype=np.int64), columns)
    for h, host in enumerate(problem.hosts):
        if host.state in ("maintenance", "quarantine"):
            strangers = numbers if host.state == "maintenance" else numbers[problem.current != h]
            found.barred[state_name(host)] = (strangers, np.array([h]))
        for r in range(len(problem.resources)):
            name = found.capacities[h, r] = capacity_name(problem, h, r, target)
            found.barred[name] = (np.flatnonzero(problem.demand[:, r] > limits[h, r]), np.array([h]))
    for v, vm in enumerate(problem.vms):
        if vm.pinned and vm.host != NOWHERE:
            found.barred[pinned_name(vm)] = (np.array([v]), np.setdiff1d(hosts, [vm.host]))
        if vm.barred:
            found.barred[datastores_name(vm)] = (np.array([v]), np.array(sorted(vm.barred)))
    return found


def shortage(reasons: Reasons) -> Shortage | None:
    """The first shortage that a flow shows; None where none does (which proves nothing)."""
    found = (_short(reasons, measure, None, reasons.vms) for measure in _measures(reasons))
    return next(filter(None, found), None)


def _measures(reasons: Reasons) -> Iterator[Measure]:
    problem = reasons.problem
    for r in range(len(problem.resources)):
        yield Measure(r)
    for rule in problem.rules:
        if rule.kind == "keep apart":
            yield Measure(rule=rule)
    for r in range(len(problem.resources)):
        rooms = {int(limit) for limit in reasons.limits[:, r]}
        for size in sorted({room // (k + 1) + 1 for room in rooms for k in PARTS}, reverse=True):
            yield Measure(r, size)


def _amounts(reasons: Reasons, measure: Measure, vms: Integers) -> tuple[Integers, Integers, Integers]:
    """The VMs that count, what each is, and what the hosts take."""
    problem, r = reasons.problem, measure.resource
    hosts = len(problem.hosts)
    if measure.rule is not None:
        rows = np.intersect1d(vms, measure.rule.vms)
        return rows, np.ones(len(rows), dtype=np.int64), np.ones(hosts, dtype=np.int64)
    rows = vms[problem.demand[vms, r] >= max(measure.size, 1)]
    if measure.size:
        return rows, np.ones(len(rows), dtype=np.int64), reasons.limits[:, r] // measure.size
    return rows, problem.demand[rows, r], reasons.limits[:, r].copy()


def _short(
    reasons: Reasons,
    measure: Measure,
    names: frozenset[str] | None,
    vms: Integers,
    unlimited: frozenset[int] = frozenset(),
) -> Shortage | None:
    """The shortage of one measure under these names; the hosts ``unlimited`` take everything."""
    rows, amounts, rooms = _amounts(reasons, measure, vms)
    if not len(rows):
        return None
    kinds, kind_of = reasons.kinds(names)
    needs = np.zeros(len(kinds), dtype=np.int64)
    np.add.at(needs, kind_of[rows], amounts)
    rooms[list(unlimited)] = needs.sum() + 1
    cut = _cut(kinds, needs, rooms)
    if cut is None:
        return None
    cut &= needs > 0
    hosts = np.flatnonzero(kinds[cut].any(axis=0)).tolist()
    short = rows[cut[kind_of[rows]]].tolist()
    return Shortage(measure, tuple(short), tuple(hosts), int(needs[cut].sum()), int(rooms[hosts].sum()))


def _cut(kinds: Booleans, needs: Integers, rooms: Integers) -> Booleans | None:
    """The kinds of VMs on the source's side of a least cut; None where everything flows.

    Numbers too large for the flow are scaled so that a shortage that is left is a true one.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    scale = -(-int(max(needs.sum(), 1)) // MOST_FLOW)
    needs, rooms = needs // scale, np.minimum(-(-rooms // scale), needs.sum() // scale + 1)
    k, m = kinds.shape
    who, where = np.nonzero(kinds)
    tail = np.concatenate([np.zeros(k, dtype=int), who + 1, np.arange(m) + k + 1])
    head = np.concatenate([np.arange(k) + 1, where + k + 1, np.full(m, k + m + 1)])
    most = np.concatenate([needs, needs[who], rooms]).astype(np.int32)
    graph = csr_array(coo_array((most, (tail, head)), shape=(k + m + 2, k + m + 2)))
    flow = maximum_flow(graph, 0, k + m + 1)
    if flow.flow_value >= needs.sum():
        return None
    rest = csr_array(graph - flow.flow)
    rest.data = (rest.data > 0).astype(np.int8)
    rest.eliminate_zeros()
    reached = breadth_first_order(rest, 0, return_predecessors=False)
    side = np.zeros(k + m + 2, dtype=bool)
    side[reached] = True
    return np.asarray(side[1 : k + 1])


def core_of(reasons: Reasons, short: Shortage, stop: Callable[[], bool] = lambda: False) -> tuple[str, ...]:
    """The names that make the shortage, none too many for a shortage of this measure."""
    reasons = _narrowed(reasons, short)
    kept, own = _at_the_cut(reasons, short), reasons.own(short.measure)
    for name in sorted(kept, key=lambda name: (name in reasons.capacities.values(), name)):
        if name not in own and not stop() and _still(reasons, short, kept - {name}):
            kept = kept - {name}
    return tuple(name for name in [*own, *reasons.barred] if name in kept)


def _narrowed(reasons: Reasons, short: Shortage) -> Reasons:
    """The reasons as far as they concern the VMs of the shortage."""
    vms = np.array(short.vms)
    barred = {name: (np.intersect1d(rows, vms), columns) for name, (rows, columns) in reasons.barred.items()}
    return replace(reasons, vms=vms, barred=barred, known={})


def _at_the_cut(reasons: Reasons, short: Shortage) -> frozenset[str]:
    """Whatever keeps a VM of the cut from a host outside it, and what limits the hosts inside."""
    outside = np.setdiff1d(np.arange(len(reasons.problem.hosts)), short.hosts)
    kept = frozenset(
        name
        for name, (rows, columns) in reasons.barred.items()
        if np.isin(columns, outside).any() and np.isin(rows, short.vms).any()
    )
    if short.measure.rule is not None:
        return kept | reasons.own(short.measure)
    return kept | {reasons.capacities[h, short.measure.resource] for h in short.hosts}


def _still(reasons: Reasons, short: Shortage, names: frozenset[str]) -> bool:
    """Whether these names alone make a shortage of the same measure."""
    if not reasons.own(short.measure) <= names:
        return False
    vms, wide = np.array(short.vms), _unlimited(reasons, short, names)
    return _short(reasons, short.measure, names, vms, wide) is not None


def _unlimited(reasons: Reasons, short: Shortage, names: frozenset[str]) -> frozenset[int]:
    if short.measure.rule is not None:
        return frozenset()
    hosts, r = range(len(reasons.problem.hosts)), short.measure.resource
    return frozenset(h for h in hosts if reasons.capacities[h, r] not in names)


def no_room(units: Units) -> str:
    """Why units cannot all be placed, as far as a flow shows it; empty where it does not."""
    out = np.flatnonzero(units.unit_of == NOWHERE).tolist()
    short = shortage(reasons_of(units.problem, units.limits, WHOLE, out))
    return "" if short is None else said(units.problem, short)


def said(problem: Problem, short: Shortage) -> str:
    """The shortage in one sentence."""
    vms, hosts = len(short.vms), len(short.hosts)
    where = "all hosts" if hosts == len(problem.hosts) else few([problem.hosts[h].name for h in short.hosts])
    who = few([problem.vms[v].name for v in short.vms])
    if short.measure.rule is not None:
        return f"{who} are to be kept apart, and may be on {where or 'no host'} only"
    resource = problem.resources[short.measure.resource]
    if short.measure.size:
        size = f"{short.measure.size:,} {resource.unit} {resource.name} or more"
        return f"{vms} VMs ({who}) of {size}: {where} have room for {short.there} of them"
    need = f"{who} need {short.needed:,} {resource.unit} {resource.name}"
    if hosts == len(problem.hosts):
        return f"{need}, and all hosts together have {short.there:,}"
    return f"{need}, and may be on {where or 'no host'} only, with {short.there:,}"


def missing(problem: Problem, target: int, short: Shortage) -> str:
    """What there is too little of, where no such addition was seen to be enough."""
    resource, more = problem.resources[short.measure.resource], short.needed - short.there
    if short.measure.size:
        return f"; room for at least {more} more is missing, and may not be enough"
    size = -(-more * WHOLE // target) if resource.load else more
    return f"; at least {size:,} {resource.unit} is missing, and may not be enough"


def few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:4])} and {len(names) - 4} more"
