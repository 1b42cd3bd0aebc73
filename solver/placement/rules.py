"""The meaning of the rules: each a sentence and a predicate over a finished placement.

This is the first of three writings; `checking.py` (the independent checker) and `encoding.py` (Z3) are
the others, and the tests hunt for disagreements. The words of refusals are DRS's published fault names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .problem import NOWHERE, Integers, Problem, Rule

NO_ROOM = "host has insufficient capacity for VM"
VM_VM = "VM/VM DRS rule violated"
VM_HOST = "VM/host DRS rule violated"
SOFT_VM_HOST = "VM/host DRS rule (should) not kept"
MAINTENANCE = "the host is in maintenance mode"
FAILED = "the host has failed"
QUARANTINE = "the host is in quarantine mode"
UNREACHABLE = "the host cannot access the VM's datastore"
PINNED = "DRS is disabled for the VM"
UNPLACED = "the VM has no host"

Where = Sequence[int]


def _places(rule: Rule, placement: Where) -> list[int]:
    return [placement[v] for v in rule.vms if placement[v] != NOWHERE]


def _together(rule: Rule, placement: Where) -> bool:
    return len(set(_places(rule, placement))) <= 1


def _apart(rule: Rule, placement: Where) -> bool:
    places = _places(rule, placement)
    return len(set(places)) == len(places)


def _inside(rule: Rule, placement: Where) -> bool:
    return set(_places(rule, placement)) <= set(rule.hosts)


def _outside(rule: Rule, placement: Where) -> bool:
    return not set(_places(rule, placement)) & set(rule.hosts)


@dataclass(frozen=True)
class Meaning:
    """A kind of rule in words, as a predicate, and the fault it names."""

    sentence: str
    holds: Callable[[Rule, Where], bool]
    fault: str


MEANING: dict[str, Meaning] = {
    "keep together": Meaning("These VMs run on one host.", _together, VM_VM),
    "keep apart": Meaning("No two of these VMs run on one host.", _apart, VM_VM),
    "must run on": Meaning("These VMs run on these hosts only.", _inside, VM_HOST),
    "must not run on": Meaning("These VMs never run on these hosts.", _outside, VM_HOST),
    "should run on": Meaning("These VMs run on these hosts, if that is possible.", _inside, SOFT_VM_HOST),
    "should not run on": Meaning("These VMs avoid these hosts, if possible.", _outside, SOFT_VM_HOST),
}


@dataclass(frozen=True)
class Setting:
    """A setting of a VM in words, and as a predicate over reservation, limit or shares, and what is given.

    ``obeyed(given, least, most, by_shares)``: ``by_shares`` is what the shares alone would give.
    """

    sentence: str
    obeyed: Callable[[float, float, float, float], bool]


SETTINGS: dict[str, Setting] = {
    "reservation": Setting(
        "A VM gets what is reserved for it, as far as it uses it, whatever the others want.",
        lambda given, least, most, by_shares: given >= least,
    ),
    "limit": Setting(
        "A VM counts and gets no more than its limit, even where the host is idle.",
        lambda given, least, most, by_shares: given <= most,
    ),
    "shares": Setting(
        "Where a host has not enough, what is between reservation and limit goes by shares.",
        lambda given, least, most, by_shares: given == min(max(by_shares, least), most),
    ),
}


def holds(rule: Rule, placement: Where) -> bool:
    """Whether a placement keeps the rule; a VM without a host breaks none."""
    return MEANING[rule.kind].holds(rule, placement)


@dataclass(frozen=True)
class Conflict:
    """Rules that no placement at all can keep, whatever the hosts have."""

    rules: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        return f"{', '.join(map(repr, self.rules))}: {self.why}"


def conflicts(problem: Problem) -> list[Conflict]:
    """Contradictions between rules, found before anything is solved."""
    return [*_together_and_apart(problem), *_nowhere_to_go(problem), *_too_many_apart(problem)]


def groups(problem: Problem, out: Collection[int] = ()) -> list[list[int]]:
    """VMs that rules keep together, chains of rules joined; only groups of two and more.

    A VM that is left ``out`` has no host, so it joins nobody.
    """
    together = (rule.vms for rule in problem.rules if rule.kind == "keep together")
    joined = merged([v for v in vms if v not in out] for vms in together)
    return [list(group) for group in sorted(set(joined.values())) if len(group) > 1]


def merged(sets: Iterable[Collection[int]]) -> dict[int, tuple[int, ...]]:
    """For each VM the union of all sets that it is in, and of those that these touch."""
    whole: dict[int, set[int]] = {}
    for group in sets:
        union = set(group).union(*(whole[v] for v in group if v in whole))
        whole.update(dict.fromkeys(union, union))
    done = {id(union): tuple(sorted(union)) for union in whole.values()}
    return {v: done[id(union)] for v, union in whole.items()}


def _together_and_apart(problem: Problem) -> Iterator[Conflict]:
    for group in groups(problem):
        together = {
            rule.name for rule in problem.rules if rule.kind == "keep together" and rule.vms[0] in group
        }
        for rule in problem.rules:
            both = [problem.vms[v].name for v in rule.vms if v in group]
            if rule.kind == "keep apart" and len(both) > 1:
                why = f"{both[0]!r} and {both[1]!r} are to be kept together and apart"
                yield Conflict((*sorted(together), rule.name), why)


def _nowhere_to_go(problem: Problem) -> Iterator[Conflict]:
    """VMs for which the must rules together leave no host, hosts' states aside."""
    bound: dict[int, list[Rule]] = defaultdict(list)
    for rule in problem.rules:
        for v in rule.vms if rule.kind in ("must run on", "must not run on") else ():
            bound[v].append(rule)
    for v, rules in bound.items():
        left = set(range(len(problem.hosts)))
        for rule in rules:
            left = left & set(rule.hosts) if rule.kind == "must run on" else left - set(rule.hosts)
        if not left:
            yield Conflict(
                tuple(rule.name for rule in rules), f"they leave no host for {problem.vms[v].name!r}"
            )


def _too_many_apart(problem: Problem) -> Iterator[Conflict]:
    usable = sum(host.state == "normal" for host in problem.hosts)
    for rule in problem.rules:
        if rule.kind == "keep apart" and len(set(rule.vms)) > len(problem.hosts):
            yield Conflict((rule.name,), f"{len(set(rule.vms))} VMs to be kept apart on {usable} hosts")


def faults_of(problem: Problem, v: int, h: int, placement: Integers, limits: Integers) -> list[str]:
    """Why VM ``v`` may not be on host ``h`` while the others are where they are; empty: it may.

    A row of the table host × reason. A member of a group is asked alone: its rule is named too.
    """
    vm, there = problem.vms[v], placement.copy()
    there[v] = h
    found = [*_state_faults(problem, v, h)]
    before = problem.load(placement)[h] - (problem.demand[v] if placement[v] == h else 0)
    lacks = []
    for r in (before + problem.demand[v] > limits[h]).nonzero()[0]:
        resource, free = problem.resources[r], int(limits[h, r] - before[r])
        lacks.append(f"{resource.name} {vm.counted[r]:,} of {max(free, 0):,} {resource.unit} free")
    found += [f"{NO_ROOM}: {', '.join(lacks)}"] if lacks else []
    for rule in problem.rules:
        if v in rule.vms and not holds(rule, there.tolist()) and _blames(rule, v, h, there):
            found.append(f"{MEANING[rule.kind].fault}: {rule.name}")
    return found


def _blames(rule: Rule, v: int, h: int, there: Integers) -> bool:
    """Whether this VM on this host has a part in breaking the rule."""
    if rule.kind == "keep apart":
        return any(there[other] == h for other in rule.vms if other != v)
    if rule.kind == "keep together":
        return True
    return (h in rule.hosts) != (rule.kind in ("must run on", "should run on"))


def _state_faults(problem: Problem, v: int, h: int) -> Iterator[str]:
    vm, state = problem.vms[v], problem.hosts[h].state
    if state == "maintenance":
        yield MAINTENANCE
    if state == "failed":
        yield FAILED
    if state == "quarantine" and vm.host != h:
        yield QUARANTINE
    if h in vm.barred:
        yield UNREACHABLE
    if vm.pinned and vm.host not in (h, NOWHERE):
        yield PINNED
