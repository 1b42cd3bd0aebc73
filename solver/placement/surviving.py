"""After any so many host failures: can every protected VM restart somewhere, by the rules?

Every set of failed hosts is a small placement problem: the VMs that were lost, on what the survivors leave
free. A set that passes makes all its subsets pass, so only the full sets are asked. Beside the truth stand
two admission control policies of vSphere HA, which count instead of placing (vSphere 6.0 and 6.7,
availability).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from .answers import Explanation, Policy, Survival, Tick, Verdict
from .checking import check_placement
from .effort import STANDARD, Effort, Watch
from .engine import fewest
from .explaining import explain
from .faults import Disagreement
from .problem import NOWHERE, WHOLE, Host, Problem, Rule
from .queries import admit
from .units import units_of

SET_EFFORT = Effort(rounds=200, pieces=0, conflicts=50_000, seconds=None)


def survive(
    problem: Problem,
    failures: int = 1,
    effort: Effort = STANDARD,
    show: Callable[[Tick], None] = lambda tick: None,
) -> Survival:
    """PROVED for all sets of so many failed hosts, or REFUTED with a set that breaks it."""
    began = time.monotonic()
    asked = promised(problem)
    sets = _sets(asked, failures)
    witnesses, undecided, total, stopped = 0, [], len(sets), ""
    found = Survival(Verdict.PROVED, problem, failures, total, 0, policies=tuple(policies(asked, failures)))
    watch = Watch(effort, show)
    watch.found(0, total)
    try:
        for failed in sets:
            if watch.stop():
                break
            answer = _after(asked, failed)
            if answer is False:
                broken = _broken(found, asked, failed)
                return replace(broken, witnesses=witnesses, seconds=time.monotonic() - began)
            witnesses += answer is True
            watch.best = witnesses
            undecided += [_names(asked, failed)] if answer is None else []
    except KeyboardInterrupt:
        stopped = "interrupted"
    sure = witnesses == total
    notes = tuple(filter(None, (stopped or watch.stopped,)))
    return replace(
        found, verdict=Verdict.PROVED if sure else Verdict.UNDETERMINED, witnesses=witnesses,
        undecided=tuple(undecided), seconds=time.monotonic() - began, notes=notes,
    )  # fmt: skip


def promised(problem: Problem) -> Problem:
    """The problem in what HA restarts need: reservations where there are any, else everything."""
    kept = [r for r, resource in enumerate(problem.resources) if not resource.load]
    if not any("reservation" in problem.resources[r].name for r in kept):
        return problem
    return _columns(problem, kept)


def _sets(problem: Problem, failures: int) -> list[tuple[int, ...]]:
    """The sets of failed hosts, those that lose most first: they break first."""
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    lost = (problem.load(problem.current) / np.maximum(problem.capacity.mean(axis=0), 1)).sum(axis=1)
    sets = combinations(up, min(failures, len(up)))
    return sorted(sets, key=lambda failed: (-float(lost[list(failed)].sum()), failed))


def _names(problem: Problem, failed: Sequence[int]) -> str:
    return " and ".join(problem.hosts[h].name for h in failed)


def lost_vms(problem: Problem, failed: Sequence[int]) -> list[int]:
    """The protected VMs that must restart: those on failed hosts without a copy that takes over."""
    gone = set(failed)
    return [
        v
        for v, vm in enumerate(problem.vms)
        if vm.host in gone and vm.restart > 0 and not vm.secondary
        if vm.twin is None or problem.vms[vm.twin].host in gone or problem.vms[vm.twin].host == NOWHERE
        or problem.vms[vm.twin].demand != vm.demand
    ]  # fmt: skip


def remains(problem: Problem, failed: Sequence[int]) -> Problem:
    """The lost VMs as a problem of their own, on what the survivors leave free; rules with survivors become
    hosts that are barred."""
    gone, lost = set(failed), lost_vms(problem, failed)
    stays = np.where(np.isin(problem.current, list(gone)), NOWHERE, problem.current)
    free = np.maximum(problem.capacity - problem.load(stays), 0)
    hosts = tuple(
        Host(host.name, tuple(free[h].tolist()), "failed" if h in gone else host.state)
        for h, host in enumerate(problem.hosts)
    )
    row = {v: i for i, v in enumerate(lost)}
    vms = [replace(problem.vms[v], host=NOWHERE, twin=None, pinned=False) for v in lost]
    kept: list[Rule] = []
    for rule in problem.rules:
        if rule.soft or not any(v in row for v in rule.vms):
            continue
        places = {int(stays[v]) for v in rule.vms if v not in row and stays[v] != NOWHERE}
        for v in (v for v in rule.vms if v in row and places and rule.kind.startswith("keep")):
            near = rule.kind == "keep together"
            barred = {h for h in range(len(hosts)) if (h in places) != near}
            vms[row[v]] = replace(vms[row[v]], barred=vms[row[v]].barred | barred)
        kept.append(replace(rule, vms=tuple(row[v] for v in rule.vms if v in row)))
    return Problem(f"after {_names(problem, failed)}", problem.resources, hosts, tuple(vms), tuple(kept))


def _after(problem: Problem, failed: Sequence[int]) -> bool | None:
    """Whether all lost VMs find a place; None: the solver gave out. A place is checked before it counts."""
    rest = remains(problem, failed)
    if not rest.vms:
        return True
    units = units_of(rest, rest.limits())
    watch = Watch(SET_EFFORT)
    outcome = fewest(units, WHOLE, watch)
    if watch.stopped:  # SET_EFFORT has no limit of seconds: it was Ctrl-C
        raise KeyboardInterrupt
    if outcome.at is None:
        return False if outcome.impossible else None
    complaints = check_placement(rest, units.placement(outcome.at).tolist(), WHOLE)
    if complaints:
        raise Disagreement(f"{rest.name}: {'; '.join(complaints[:3])}")
    return True


def _broken(found: Survival, problem: Problem, failed: Sequence[int]) -> Survival:
    """The failure set, the VMs that are left over when the others restart by priority, and the cure."""
    rest = remains(problem, failed)
    ranked = replace(rest, vms=tuple(replace(vm, priority=vm.restart) for vm in rest.vms))
    left = admit(ranked, range(len(rest.vms)), effort=SET_EFFORT).refused
    why: Explanation = explain(rest, summary=f"after the failure of {_names(problem, failed)}")
    return replace(
        found,
        verdict=Verdict.REFUTED,
        broken=tuple(problem.hosts[h].name for h in failed),
        left=left,
        explanation=why,
    )


def policies(problem: Problem, failures: int) -> Iterator[Policy]:
    """What the slot policy and the percentage policy say of the same failures."""
    problem = _reserved_only(problem)
    up = [h for h, host in enumerate(problem.hosts) if host.state != "maintenance"]
    guarded = [v for v, vm in enumerate(problem.vms) if vm.host != NOWHERE and vm.restart > 0]
    yield _slots(problem, up, guarded, failures)
    total = problem.capacity[up].sum(axis=0)
    used = problem.demand[problem.current != NOWHERE].sum(axis=0)
    free = [(t - u) / t for t, u in zip(total.tolist(), used.tolist(), strict=True) if t]
    kept, worst = failures / max(len(up), 1), min(free, default=0.0)
    yield Policy(
        "percentage",
        worst >= kept,
        f"{worst:.1%} free, {kept:.1%} to be kept for {failures} of {len(up)} hosts",
    )


def _reserved_only(problem: Problem) -> Problem:
    """The policies of vSphere HA count reservations of CPU and memory, no numbers of VMs or vCPUs."""
    kept = [r for r, resource in enumerate(problem.resources) if "reservation" in resource.name]
    return _columns(problem, kept) if kept else problem


def _columns(problem: Problem, kept: list[int]) -> Problem:
    """The problem with some of its resources, each to be filled whole."""
    resources = tuple(replace(problem.resources[r], load=True) for r in kept)
    hosts = tuple(replace(h, capacity=tuple(h.capacity[r] for r in kept)) for h in problem.hosts)
    vms = tuple(
        replace(vm, demand=tuple(vm.demand[r] for r in kept), reserved=(), limits=(), shares=())
        for vm in problem.vms
    )
    return replace(problem, resources=resources, hosts=hosts, vms=vms)


def _slots(problem: Problem, up: list[int], guarded: list[int], failures: int) -> Policy:
    """Slot: the largest demand in each resource. Slots of a host: the fewest of any resource; the hosts with
    most slots are assumed to fail first."""
    slot = np.maximum(problem.demand[guarded].max(axis=0, initial=0), 1)
    slots = sorted((int((problem.capacity[h] // slot).min()) for h in up), reverse=True)
    left = sum(slots[failures:])
    size = ", ".join(f"{s:,} {r.unit}" for s, r in zip(slot.tolist(), problem.resources, strict=True))
    largest = "the largest host" if failures == 1 else f"the {failures} largest hosts"
    why = f"slot {size}; {left} slots without {largest} for {len(guarded)} VMs"
    return Policy("slots", left >= len(guarded), why)
