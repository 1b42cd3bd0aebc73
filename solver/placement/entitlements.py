"""Who gets how much where a host has less than its VMs want: reservations, limits and shares.

A VM is entitled to what it wants, up to its limit. Where the host has not enough, it is given in
proportion to the shares, bounded by reservation and limit (VMware, vSphere Resource Management, "Resource
Allocation Shares"; Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, section 5).
Shares mean nothing without contention, and nothing between hosts. There are no resource pools: all VMs are
siblings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .answers import Contention
from .problem import Problem


@dataclass(frozen=True)
class Claim:
    """What a VM wants of its host: at ``least`` its reservation, as far as it uses it; at ``most`` its demand
    up to its limit; between them by ``shares``."""

    least: int
    most: int
    shares: int


def claim_of(problem: Problem, v: int, r: int) -> Claim:
    """The claim of a VM on a resource."""
    vm = problem.vms[v]
    most = vm.counted[r]
    return Claim(min(vm.reserved[r], most) if vm.reserved else 0, most, vm.shares[r] if vm.shares else 1)


def divide(capacity: int, claims: Sequence[Claim]) -> list[Fraction]:
    """What each claim is given: the water rises by shares, from the reservation up to the limit."""
    least, most = sum(c.least for c in claims), sum(c.most for c in claims)
    if most <= capacity or least >= capacity:
        return [Fraction(c.most if most <= capacity else c.least) for c in claims]
    level = _level(capacity, claims)
    return [min(max(level * c.shares, Fraction(c.least)), Fraction(c.most)) for c in claims]


def _level(capacity: int, claims: Sequence[Claim]) -> Fraction:
    """What a share is worth, so that everything is given: between two marks the sum grows evenly."""
    marks = sorted({Fraction(edge, c.shares) for c in claims if c.shares for edge in (c.least, c.most)})
    low = Fraction(0)
    for high in [*marks, max(marks, default=Fraction(0)) + 1]:
        middle = (low + high) / 2
        rising = sum(c.shares for c in claims if c.least <= middle * c.shares < c.most)
        fixed = sum(
            c.least if middle * c.shares < c.least else c.most
            for c in claims
            if not c.least <= middle * c.shares < c.most
        )
        if rising and low <= Fraction(capacity - fixed, rising) <= high:
            return Fraction(capacity - fixed, rising)
        low = high
    return low


def contention(problem: Problem, placement: Sequence[int], after: bool) -> Iterator[Contention]:
    """The VMs that get less than they want, by host, the most robbed first."""
    for h, host in enumerate(problem.hosts):
        here = [v for v, at in enumerate(placement) if at == h]
        for r, resource in enumerate(problem.resources):
            if not resource.load or not any(vm.shares[r : r + 1] != (0,) for vm in problem.vms):
                continue
            claims = [claim_of(problem, v, r) for v in here]
            if sum(c.most for c in claims) <= host.capacity[r]:
                continue
            given = divide(host.capacity[r], claims)
            robbed = [row for row in zip(here, claims, given, strict=True) if row[2] < row[1].most]
            for v, claim, part in sorted(robbed, key=lambda row: (row[2] - row[1].most, row[0])):
                name = problem.vms[v].name
                yield Contention(host.name, resource.name, name, claim.most, int(part), resource.unit, after)
