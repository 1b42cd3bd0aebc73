"""Why not: a table host × reason, a minimal set of rules and capacities that conflict, the cheapest cures.

A core alone misleads, so the table comes first. A minimal core is a statement about nothing but its elements:
together they leave no placement of all VMs, and any one left out the others do. What else is asked for may
conflict too; the cures count all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from . import rules
from .answers import Core, Cure, Explanation
from .cures import Change, changes_of, cheapest, verified, wide_changes
from .encoding import MOST_BOOLEANS
from .named import Named
from .problem import NOWHERE, WHOLE, Problem
from .shortages import Reasons, core_of, missing, reasons_of, said, shortage
from .units import units_of
from .witnesses import placed

MOST_ROWS, MOST_CURED = 12, 4_000
Stop = Callable[[], bool]


def explain(
    problem: Problem,
    target: int = WHOLE,
    out: Sequence[int] = (),
    summary: str = "no placement keeps all rules and limits",
    stop: Stop = lambda: False,
) -> Explanation:
    """Why there is no placement: table, core, cures. VMs in ``out`` need no host."""
    found = Explanation(
        summary, table_of(problem, target, out), conflicts=tuple(map(str, rules.conflicts(problem)))
    )
    if all(host.state == "failed" for host in problem.hosts):
        return replace(found, summary=f"{summary}: no host is left")
    stuck = _stuck(problem, target, out)
    if _pairs(problem, out) > MOST_BOOLEANS:
        return _wide(found, problem, target, out, stuck, stop)
    one = Named(problem, target, _all_but(problem, stuck)) if stuck else None
    core, named = _core(problem, target, out, one)
    if core is None or stop():
        return _wide(found, problem, target, out, stuck, stop)
    if one is None or _pairs(problem, out) <= MOST_CURED:
        return replace(found, core=core, cures=_ordered(problem, changes_of(named, core, stop)))
    return replace(found, core=core, cures=_cures_of_one(one, out, core, stop))


def _pairs(problem: Problem, out: Sequence[int]) -> int:
    return (len(problem.vms) - len(set(out))) * len(problem.hosts)


def _all_but(problem: Problem, vms: Sequence[int]) -> list[int]:
    return sorted(set(range(len(problem.vms))) - set(vms))


def _ordered(problem: Problem, changes: Iterable[Change]) -> tuple[Cure, ...]:
    return tuple(change.cure(problem) for change in cheapest(problem, changes))


def _core(problem: Problem, target: int, out: Sequence[int], one: Named | None) -> tuple[Core | None, Named]:
    """A core of the whole; where a unit has no host for itself, from what conflicts there."""
    named, reasons = Named(problem, target, out), reasons_of(problem, problem.limits(target), target, out)
    begin = None if one is None else one.core(list(one.elements))
    names = list(named.elements) if begin is None else begin.elements
    return named.core(names, lambda some: placed(reasons, frozenset(some))), named


def _cures_of_one(one: Named, out: Sequence[int], core: Core, stop: Stop) -> tuple[Cure, ...]:
    """What helps a unit that has no host for itself, and whether it is enough for all."""
    return tuple(verified(one.problem, one.target, out, changes_of(one, core, stop), one.vms))


def _wide(
    found: Explanation, problem: Problem, target: int, out: Sequence[int], stuck: list[int], stop: Stop
) -> Explanation:
    """Of a cluster that is too large for Z3, or too hard: what a single unit, or a flow, shows."""
    reasons = reasons_of(problem, problem.limits(target), target, out)
    if stuck and len(stuck) * len(problem.hosts) <= MOST_BOOLEANS:
        one = Named(problem, target, _all_but(problem, stuck))
        core = one.core(list(one.elements))
        if core is None:
            return found
        core = replace(core, minimal=core.minimal and _shown(reasons, core.elements, stop))
        return replace(found, core=core, cures=_cures_of_one(one, out, core, stop))
    short = shortage(reasons)
    if short is None:
        return found
    names = core_of(reasons, short, stop)
    changes = list(wide_changes(problem, target, out, names, short, stop))
    room = any(c.added or c.new[1] for c in changes) or short.measure.rule is not None
    summary = said(problem, short) + ("" if room else missing(problem, target, short))
    core = Core(names, _shown(reasons, names, stop))
    return replace(found, summary=summary, core=core, cures=_ordered(problem, changes))


def _shown(reasons: Reasons, names: Sequence[str], stop: Stop) -> bool:
    """Whether a placement of all VMs is found for these names without any one of them."""
    every = frozenset(names)
    return all(not stop() and placed(reasons, every - {name}) for name in names)


def _stuck(problem: Problem, target: int, out: Sequence[int]) -> list[int]:
    """The VMs of the first unit that no host can take, whatever else is there."""
    units = units_of(problem, problem.limits(target), out)
    fits = units.allowed & (units.demand[:, None, :] <= units.limits[None, :, :]).all(axis=2)
    none = np.flatnonzero(~fits.any(axis=1))
    return list(units.members[int(none[0])]) if len(none) else []


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
