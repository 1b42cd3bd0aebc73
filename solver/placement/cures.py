"""What helps where there is no placement. A cure is shown as one only where a placement was found with it.

Small clusters ask Z3, with the least amounts by bisection; large ones ask the search, whose amounts are
enough but perhaps not the least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .answers import Core, Cure
from .descending import first_answer
from .effort import Effort, Watch
from .engine import hopeless
from .named import Named
from .names import datastores_name, pinned_name, state_name
from .problem import WHOLE, Integers, Problem
from .searching import Search
from .shortages import Shortage, few, rule_names
from .units import units_of

MOST_CURES, MOST_TRIES, MOST_HALVINGS, STEPS = 6, 4, 6, 200
DROP, UNPIN, WAKE, REACH = 1.0, 1.5, 2.0, 3.0  # what a cure costs
ROOM = 10.0  # as much room as a mean host has
Added = tuple[int, int, int]  # host, resource, amount


@dataclass(frozen=True)
class Change:
    """Names that are given up, capacities that grow, ``new`` hosts like an old one (its number, how many)."""

    dropped: tuple[str, ...] = ()
    added: tuple[Added, ...] = ()
    new: tuple[int, int] = (0, 0)

    def applied(self, problem: Problem) -> Problem:
        """The problem after the change."""
        gone, (model, more) = set(self.dropped), self.new
        rules = [r for r, name in zip(problem.rules, rule_names(problem), strict=True) if name not in gone]
        hosts = [replace(h, state="normal") if state_name(h) in gone else h for h in problem.hosts]
        for h, r, amount in self.added:
            capacity = list(hosts[h].capacity)
            capacity[r] += amount
            hosts[h] = replace(hosts[h], capacity=tuple(capacity))
        hosts += [replace(problem.hosts[model], name=f"new {i}", state="normal") for i in range(more)]
        vms = [
            replace(
                vm,
                pinned=vm.pinned and pinned_name(vm) not in gone,
                barred=frozenset() if datastores_name(vm) in gone else vm.barred,
            )
            for vm in problem.vms
        ]
        return replace(problem, rules=tuple(rules), hosts=tuple(hosts), vms=tuple(vms))

    def cure(self, problem: Problem, note: str = "") -> Cure:
        """The change in words, and what it costs."""
        known, mean = given_up(problem), problem.capacity.mean(axis=0)
        cost = sum(known[name][1] for name in self.dropped)
        cost += sum(ROOM * amount / max(float(mean[r]), 1.0) for _, r, amount in self.added)
        cost += ROOM * len(problem.resources) * self.new[1]
        parts = [known[name][0] for name in self.dropped]
        for h in dict.fromkeys(h for h, _, _ in self.added):
            parts.append(
                f"add {_amounts(problem, [a for a in self.added if a[0] == h])} to {problem.hosts[h].name}"
            )
        if self.new[1]:
            model = problem.hosts[self.new[0]]
            what = _amounts(problem, [(0, r, amount) for r, amount in enumerate(model.capacity)])
            many = "1 host" if self.new[1] == 1 else f"{self.new[1]} hosts"
            parts.append(f"add {many} like {model.name} ({what}{' each' * (self.new[1] > 1)})")
        return Cure(" and ".join(parts) + note, cost)


def _amounts(problem: Problem, added: Sequence[Added]) -> str:
    kinds = problem.resources
    return " and ".join(f"{amount:,} {kinds[r].unit} {kinds[r].name}" for _, r, amount in added)


def given_up(problem: Problem) -> dict[str, tuple[str, float]]:
    """For every name but the capacities: the words for doing without it, and what that costs."""
    found = {name: (f"drop {name}", DROP) for name in rule_names(problem)}
    for host in problem.hosts:
        found[state_name(host)] = (f"end the {host.state} of {host.name}", WAKE)
    for vm in problem.vms:
        found[pinned_name(vm)] = (f"allow {vm.name} to be moved", UNPIN)
        found[datastores_name(vm)] = (f"give more hosts access to {datastores_name(vm)}", REACH)
    return found


def changes_of(named: Named, core: Core, stop: Callable[[], bool] = lambda: False) -> list[Change]:
    """Single changes after which there is a placement; else a set of them that is enough together."""
    every, found = list(named.elements), []
    mine = [name for name in core.elements if name in named.elements]
    for name in mine:
        if not stop() and name not in named.sums and named.check([n for n in every if n != name]) == "sat":
            found.append(Change((name,)))
    hosts = list(dict.fromkeys(named.sums[name][0] for name in mine if name in named.sums))
    for h in hosts[:MOST_CURES]:
        names = [name for name, (host, _) in named.sums.items() if host == h]
        if not stop():
            found += _enlarged(named, [n for n in every if n not in names], names)
    return found if found or stop() else _several(named)


def _enlarged(
    named: Named, kept: Sequence[str], sums: Sequence[str], dropped: Sequence[str] = ()
) -> list[Change]:
    """The least that these sums must grow, one after the other, for the rest to hold; empty: not enough."""
    if named.check(kept) != "sat":
        return []
    added = []
    named.solver.push()
    for h, r in (named.sums[name] for name in sums):
        limit = int(named.limits[h, r])
        least = _least(named, kept, h, r, limit)
        named.solver.add(named.at_most(h, r, least))
        if least > limit:
            added.append((h, r, _more(named.problem, named.target, h, r, least)))
    named.solver.pop()
    return [Change(tuple(dropped), tuple(added))] if added or dropped else []


def _least(named: Named, kept: Sequence[str], h: int, r: int, limit: int) -> int:
    """The smallest limit of one sum, from its own upwards, under which the others can be satisfied."""
    low, high = limit - 1, limit + sum(int(named.problem.demand[v, r]) for v in named.vms)
    while low + 1 < high:
        middle = (low + high) // 2
        named.solver.push()
        named.solver.add(named.at_most(h, r, middle))
        if named.check(kept) == "sat":
            high = max(limit, named.filled(h, r))
        else:
            low = middle
        named.solver.pop()
    return high


def _more(problem: Problem, target: int, h: int, r: int, limit: int) -> int:
    """What the capacity must grow by, for its part that may be used to be so much."""
    share = target if problem.resources[r].load else WHOLE
    return max(0, -(-limit * WHOLE // share) - problem.hosts[h].capacity[r])


def _several(named: Named) -> list[Change]:
    """Several names to be given up together: the cheapest of core after core, then none too many. Of the
    capacities among them the least that must be added."""
    costs = {name: cost for name, (_, cost) in given_up(named.problem).items()}
    kept, dropped = list(named.elements), list[str]()
    while (core := named.core(kept)) is not None and core.elements:
        cheapest = min(core.elements, key=lambda name: (costs.get(name, ROOM), name))
        kept.remove(cheapest)
        dropped.append(cheapest)
    for name in list(dropped):
        if named.check([*kept, name]) == "sat":
            kept.append(name)
            dropped.remove(name)
    sums = [name for name in dropped if name in named.sums]
    return _enlarged(named, kept, sums, [name for name in dropped if name not in named.sums])


def found_with(problem: Problem, target: int, out: Sequence[int]) -> Integers | None:
    """A placement of the VMs, if the search finds one with little effort."""
    units = units_of(problem, problem.limits(target), out)
    if hopeless(units):
        return None
    search = Search(units, 0)
    if not first_answer(units, search, Watch(Effort(seconds=10.0)), STEPS):
        return None
    return units.placement(search.at)


def wide_changes(
    problem: Problem,
    target: int,
    out: Sequence[int],
    names: Sequence[str],
    short: Shortage,
    stop: Callable[[], bool],
) -> Iterator[Change]:
    """Single changes of a large cluster, each with a placement that was found."""
    sizes = {name: len(rule.vms) for name, rule in zip(rule_names(problem), problem.rules, strict=True)}
    rules = sorted((name for name in names if name in sizes), key=lambda name: -sizes[name])
    states = {state_name(host) for host in problem.hosts}
    for name in [*rules[:MOST_TRIES], *[name for name in names if name in states][:MOST_TRIES]]:
        if not stop() and found_with(Change((name,)).applied(problem), target, out) is not None:
            yield Change((name,))
    if short.measure.rule is None and not stop():
        yield from _room(problem, target, out, short, stop)


def _room(
    problem: Problem, target: int, out: Sequence[int], short: Shortage, stop: Callable[[], bool]
) -> Iterator[Change]:
    """More on one of the hosts of a shortage; where they are all hosts, more hosts."""
    awake = [h for h, host in enumerate(problem.hosts) if host.state == "normal"]
    for h in [h for h in short.hosts if h in awake][:MOST_TRIES]:
        change = None if stop() else _grown(problem, target, out, h)
        if change is not None:
            yield change
            break
    if set(awake) <= set(short.hosts) and awake and not stop():
        yield from _more_hosts(problem, target, out, max(awake, key=lambda h: problem.hosts[h].capacity))


def _grown(problem: Problem, target: int, out: Sequence[int], h: int) -> Change | None:
    """What one host needs in addition: as much as all VMs want, then resource by resource less."""
    amounts = [int(amount) for amount in problem.demand.sum(axis=0)]
    amounts = [_more(problem, target, h, r, amount) for r, amount in enumerate(amounts)]
    enough = _needed(problem, target, out, h, amounts)
    if enough is None:
        return None
    for r in range(len(enough)):
        low, tries = -1, 0
        while low + 1 < enough[r] and tries < MOST_HALVINGS:
            middle, tries = (low + enough[r]) // 2, tries + 1
            less = _needed(problem, target, out, h, [middle if i == r else a for i, a in enumerate(enough)])
            low, enough = (middle, enough) if less is None else (low, less)
    return Change(added=tuple((h, r, amount) for r, amount in enumerate(enough) if amount))


def _needed(
    problem: Problem, target: int, out: Sequence[int], h: int, amounts: Sequence[int]
) -> list[int] | None:
    """How much of these amounts a placement with them uses; None where none is found."""
    change = Change(added=tuple((h, r, amount) for r, amount in enumerate(amounts)))
    at = found_with(change.applied(problem), target, out)
    if at is None:
        return None
    used = problem.load(at)[h].tolist()
    return [_more(problem, target, h, r, limit) for r, limit in enumerate(used)]


def _more_hosts(problem: Problem, target: int, out: Sequence[int], model: int) -> Iterator[Change]:
    """New hosts like this one, from what is missing in all, until a placement is found with them."""
    inside = sorted(set(range(len(problem.vms))) - set(out))
    limits, usable = problem.limits(target), [h.state in ("normal", "quarantine") for h in problem.hosts]
    missing = (problem.demand[inside].sum(axis=0) - limits[usable].sum(axis=0)).tolist()
    each = [max(1, limit) for limit in limits[model].tolist()]
    least = max(1, *(-(-more // most) for more, most in zip(missing, each, strict=True)))
    for beyond in (0, 1, 2, 4, 8, 16):
        change = Change(new=(model, least + beyond))
        if found_with(change.applied(problem), target, out) is not None:
            yield change
            return


def verified(
    problem: Problem, target: int, out: Sequence[int], changes: Sequence[Change], vms: Sequence[int]
) -> tuple[Cure, ...]:
    """The cheapest changes that are enough for some VMs, those first with which the search places all."""
    who = few([problem.vms[v].name for v in vms])
    cures, doubts = [], []
    for change in cheapest(problem, changes):
        if found_with(change.applied(problem), target, out) is not None:
            cures.append(change.cure(problem))
        else:
            note = f" (enough for {who}; a placement of all VMs was not found with it alone)"
            doubts.append(change.cure(problem, note))
    return (*cures, *doubts)


def cheapest(problem: Problem, changes: Iterable[Change]) -> list[Change]:
    """The cheapest of them."""
    known = {change: change.cure(problem) for change in changes}
    return sorted(known, key=lambda change: (known[change].cost, known[change].text))[:MOST_CURES]
