"""What a placement question is about: hosts, VMs, rules and resources, as plain frozen data.

All amounts are whole numbers in the unit of their resource. A VM's row may stand for its Fault Tolerance
secondary too: a copy of its own that needs a place of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
NOWHERE = -1
WHOLE = 10_000  # utilisation is counted in basis points: 1/100 of a percent
MOST_AMOUNT = 9 * 10**14  # times WHOLE it fits 64 bits; a float has even ten times as much (1000 %) exactly

HostState = Literal["normal", "maintenance", "quarantine", "failed"]
Mode = Literal["manual", "partially automated", "fully automated"]
RuleKind = Literal[
    "keep together", "keep apart", "must run on", "must not run on", "should run on", "should not run on"
]


@dataclass(frozen=True)
class Resource:
    """Something of which a host has so much. Of a *load* a target leaves a part free; a promise (a
    reservation, a number of VMs) may fill the host, but never more."""

    name: str
    unit: str
    load: bool = True


@dataclass(frozen=True)
class Host:
    """A host: ``capacity`` has one number a resource. Under quarantine it keeps its VMs and gets no more."""

    name: str
    capacity: tuple[int, ...]
    state: HostState = "normal"


@dataclass(frozen=True)
class VM:
    """A VM (or its secondary): ``demand`` has one number a resource, ``host`` where it is, or NOWHERE.

    Of a load it is given at least what is ``reserved``, at most its limit; under contention ``shares`` decide
    (`entitlements.py`). These three have one number a resource, or are empty; a limit may be None.
    ``barred``: hosts it cannot run on at all, such as those without its datastore. A *pinned* VM is never
    moved. ``restart``: its HA priority, 0 (not protected) to 3 (high). ``twin``: the row of the other
    copy of a fault-tolerant VM; ``secondary`` says which of the two this one is.
    """

    name: str
    demand: tuple[int, ...]
    host: int = NOWHERE
    barred: frozenset[int] = frozenset()
    pinned: bool = False
    mode: Mode | None = None
    priority: int = 2
    restart: int = 2
    twin: int | None = None
    secondary: bool = False
    reserved: tuple[int, ...] = ()
    limits: tuple[int | None, ...] = ()
    shares: tuple[int, ...] = ()

    @property
    def counted(self) -> tuple[int, ...]:
        """What it counts on its host: the demand, in each resource capped by the limit."""
        if not self.limits:
            return self.demand
        pairs = zip(self.demand, self.limits, strict=True)
        return tuple(d if most is None else min(d, most) for d, most in pairs)


@dataclass(frozen=True)
class Rule:
    """A DRS rule between VMs, or between VMs and hosts; both as row numbers."""

    name: str
    kind: RuleKind
    vms: tuple[int, ...]
    hosts: tuple[int, ...] = ()

    @property
    def soft(self) -> bool:
        """A preference, which is given up where it makes an answer impossible."""
        return self.kind.startswith("should")


@dataclass(frozen=True)
class Problem:
    """A cluster as the optimizer sees it. ``mode``: what DRS may do without asking."""

    name: str
    resources: tuple[Resource, ...]
    hosts: tuple[Host, ...]
    vms: tuple[VM, ...]
    rules: tuple[Rule, ...] = ()
    mode: Mode = "fully automated"
    notes: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def demand(self) -> Integers:
        """VMs × resources: what each counts, limits applied."""
        rows = [vm.counted for vm in self.vms]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.resources))

    @cached_property
    def capacity(self) -> Integers:
        """Hosts × resources."""
        return np.array([host.capacity for host in self.hosts], dtype=np.int64)

    @cached_property
    def current(self) -> Integers:
        """The host of every VM, or NOWHERE."""
        return np.array([vm.host for vm in self.vms], dtype=np.int64)

    @cached_property
    def loads(self) -> Booleans:
        """Which resources a target is asked of."""
        return np.array([resource.load for resource in self.resources], dtype=bool)

    @cached_property
    def allowed(self) -> Booleans:
        """VMs × hosts: where the rules that bind single VMs, and the hosts' states, let it run."""
        free = np.ones((len(self.vms), len(self.hosts)), dtype=bool)
        for h, host in enumerate(self.hosts):
            if host.state != "normal":
                free[:, h] = False
            if host.state == "quarantine":
                free[self.current == h, h] = True
        for v, vm in enumerate(self.vms):
            free[v, list(vm.barred)] = False
        for rule in self.rules:
            _apply(rule, free)
        pinned = [v for v, vm in enumerate(self.vms) if vm.pinned and vm.host != NOWHERE]
        for v in pinned:
            free[v, np.arange(len(self.hosts)) != self.current[v]] = False
        return free

    def load(self, placement: Integers) -> Integers:
        """Hosts × resources: what the VMs of a placement use."""
        used = np.zeros_like(self.capacity)
        placed = placement != NOWHERE
        np.add.at(used, placement[placed], self.demand[placed])
        return used

    def limits(self, target: int = WHOLE) -> Integers:
        """Hosts × resources: the most that may be used; ``target`` is in basis points of the capacity."""
        parts, rest = np.divmod(self.capacity, WHOLE)  # capacity * target may need more than 64 bits
        return np.where(self.loads, parts * target + rest * target // WHOLE, self.capacity)

    def utilisation(self, placement: Integers) -> Integers:
        """Hosts × resources, in basis points, rounded up; promises count as 0, so does what nobody has."""
        used, capacity = self.load(placement), np.maximum(self.capacity, 1)
        return np.where(self.loads, -(-used * WHOLE // capacity), 0)

    def highest(self, placement: Integers) -> int:
        """The highest utilisation of any host in any load, in basis points."""
        return int(self.utilisation(placement).max(initial=0))

    @cached_property
    def running(self) -> list[int]:
        """The hosts that are not in maintenance."""
        return [h for h, host in enumerate(self.hosts) if host.state != "maintenance"]

    def normalised(self, placement: Integers) -> Integers:
        """Running hosts × loads: what DRS calls the normalised load, in basis points. What the VMs of a host
        are entitled to over its capacity: never above the whole."""
        return np.minimum(self.utilisation(placement)[self.running][:, self.loads], WHOLE)

    def imbalance(self, placement: Integers) -> float:
        """DRS's metric: the standard deviation of the normalised load over the hosts, the worst load's."""
        rows = self.normalised(placement) / WHOLE
        return float(rows.std(axis=0).max()) if rows.size else 0.0

    def deviation(self, placement: Integers) -> int:
        """The same in basis points, rounded up, and exact."""
        rows = self.normalised(placement)
        return max((deviation_of(column) for column in rows.T.tolist()), default=0)

    def too_large(self) -> list[tuple[str, str]]:
        """What cannot be counted exactly in 64 bits, with its place: hosts, and all of one kind together."""
        found = []
        for r, kind in enumerate(self.resources):
            sizes = {f"host {host.name!r}": host.capacity[r] for host in self.hosts}
            rows = [(place, size, MOST_AMOUNT) for place, size in sizes.items()]
            rows.append(("all hosts together", sum(sizes.values()), 1000 * MOST_AMOUNT))
            rows.append(("all VMs together", sum(vm.demand[r] for vm in self.vms), MOST_AMOUNT))
            for place, size, most in rows:
                if size > most:
                    found.append((place, f"{size:,} {kind.unit} {kind.name}, more than {most:,}"))
        return found

    def moved(self, placement: Integers) -> list[int]:
        """The VMs that had a host and have another one now."""
        return np.flatnonzero((placement != self.current) & (self.current != NOWHERE)).tolist()

    def host_number(self, name: str) -> int:
        """The row of a host. Raises KeyError."""
        return self._host_rows[name]

    def vm_number(self, name: str) -> int:
        """The row of a VM (its primary, where it has two). Raises KeyError."""
        return self._vm_rows[name]

    @cached_property
    def _host_rows(self) -> dict[str, int]:
        return {host.name: row for row, host in enumerate(self.hosts)}

    @cached_property
    def _vm_rows(self) -> dict[str, int]:
        return {vm.name: row for row, vm in enumerate(self.vms)}

    def without(self, rules: Iterable[Rule]) -> Problem:
        """The same without some rules."""
        dropped = set(map(id, rules))
        return replace(self, rules=tuple(rule for rule in self.rules if id(rule) not in dropped))

    def in_maintenance(self, hosts: Sequence[int]) -> Problem:
        """The same with these hosts in maintenance mode."""
        rows = [replace(h, state="maintenance") if i in hosts else h for i, h in enumerate(self.hosts)]
        return replace(self, hosts=tuple(rows))


def deviation_of(numbers: Sequence[int]) -> int:
    """The standard deviation of whole numbers, rounded up to a whole number."""
    n = len(numbers)
    square = n * sum(x * x for x in numbers) - sum(numbers) ** 2
    root = math.isqrt(square)
    return -(-(root + (root * root < square)) // n) if n else 0


def _apply(rule: Rule, free: Booleans) -> None:
    """Take away what a rule between VMs and hosts forbids; soft ones are treated as hard here."""
    rows, columns = np.array(rule.vms, dtype=np.int64), np.array(rule.hosts, dtype=np.int64)
    if rule.kind in ("must run on", "should run on"):
        others = np.setdiff1d(np.arange(free.shape[1]), columns)
        free[np.ix_(rows, others)] = False
    elif rule.kind in ("must not run on", "should not run on"):
        free[np.ix_(rows, columns)] = False
