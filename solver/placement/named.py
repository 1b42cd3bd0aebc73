"""A placement problem for Z3 in which every rule, capacity and state has a name and can be left out.

It is about VMs, not units: a keep-together rule can be dropped too. Sums are exact, however large: what does
not fit the coefficients of Z3 is added up digit by digit, so "unsat" is always the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from .answers import Core
from .encoding import LARGEST, heed_ctrl_c
from .names import capacity_name, datastores_name, pinned_name, state_name
from .problem import NOWHERE, Problem, Rule
from .shortages import rule_names

CONFLICTS = 50_000


class Named:
    """The problem; ``elements`` are its names with their literals, ``sums`` the capacities among them."""

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
        self.sums: dict[str, tuple[int, int]] = {}
        self.limits = problem.limits(target)
        for v in self.vms:
            self.solver.add(z3.PbEq([(self.x[v, h], 1) for h in self.hosts], 1))
        self._rules()
        self._states()
        self._capacities()

    def _element(self, name: str) -> Any:
        while name in self.elements:
            name += "'"
        self.elements[name] = self.z3.Bool(name)
        return self.elements[name]

    def _forbid(self, literal: Any, places: Iterable[tuple[int, int]]) -> None:
        for place in places:
            if place in self.x:
                self.solver.add(self.z3.Or(self.z3.Not(literal), self.z3.Not(self.x[place])))

    def _rules(self) -> None:
        for rule, name in zip(self.problem.rules, rule_names(self.problem), strict=True):
            literal = self._element(name)
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
        for one, other in pairwise(known):
            for h in self.hosts:
                self.solver.add(self.z3.Implies(literal, self.x[one, h] == self.x[other, h]))

    def _states(self) -> None:
        for h, host in enumerate(self.problem.hosts):
            if host.state == "failed":
                self._forbid(self.z3.BoolVal(True), ((v, h) for v in self.vms))
            elif host.state == "maintenance":
                self._forbid(self._element(state_name(host)), ((v, h) for v in self.vms))
            elif host.state == "quarantine":
                new = ((v, h) for v in self.vms if self.problem.vms[v].host != h)
                self._forbid(self._element(state_name(host)), new)
        for v in self.vms:
            vm = self.problem.vms[v]
            if vm.pinned and vm.host != NOWHERE:
                self._forbid(self._element(pinned_name(vm)), ((v, h) for h in self.hosts if h != vm.host))
            if vm.barred:
                self._forbid(self._element(datastores_name(vm)), ((v, h) for h in vm.barred))

    def _capacities(self) -> None:
        for h in self.hosts:
            for r in range(len(self.problem.resources)):
                if sum(int(self.problem.demand[v, r]) for v in self.vms) > int(self.limits[h, r]):
                    name = capacity_name(self.problem, h, r, self.target)
                    self.sums[name] = (h, r)
                    literal = self._element(name)
                    self.solver.add(self.z3.Implies(literal, self.at_most(h, r, int(self.limits[h, r]))))

    def at_most(self, h: int, r: int, limit: int) -> Any:
        """The sum of a resource on a host is at most this, exactly."""
        demand = [(self.x[v, h], int(self.problem.demand[v, r])) for v in self.vms]
        too_large = [self.z3.Not(x) for x, amount in demand if amount and amount > limit]
        amounts = [(x, amount) for x, amount in demand if 0 < amount <= limit]
        return self.z3.And(*too_large, *self._sum(amounts, limit))

    def _sum(self, amounts: list[tuple[Any, int]], limit: int) -> list[Any]:
        if sum(amount for _, amount in amounts) <= limit:
            return []
        unit = math.gcd(*(amount for _, amount in amounts))
        amounts, limit = [(x, amount // unit) for x, amount in amounts], limit // unit
        if sum(amount for _, amount in amounts) < LARGEST:
            return [self.z3.PbLe(amounts, limit)]
        return list(self._in_digits(amounts, limit))

    def _in_digits(self, amounts: list[tuple[Any, int]], limit: int) -> Iterable[Any]:
        """Digit by digit, each sum at most its digit of the limit and what is carried to the next one. There
        are such carries exactly where the whole is at most the limit; none is above the number of terms."""
        bits = len(amounts).bit_length()
        shift = LARGEST.bit_length() - 3 - bits
        base, carry = 1 << shift, list[tuple[Any, int]]()
        while amounts or limit >= base:
            terms = [(x, amount % base) for x, amount in amounts] + carry
            amounts = [(x, amount // base) for x, amount in amounts if amount >= base]
            most, limit = limit % base, limit // base
            carry = [(self.z3.FreshBool("carry"), 1 << bit) for bit in range(bits)]
            lent = [(self.z3.Not(x), base * weight) for x, weight in carry]
            yield self._small([*terms, *lent], most + base * ((1 << bits) - 1))
        yield self._small(carry, limit)

    def _small(self, terms: list[tuple[Any, int]], most: int) -> Any:
        return self.z3.PbLe([(x, weight) for x, weight in terms if weight], most)

    def check(self, names: Iterable[str]) -> str:
        """Can these elements be satisfied together: "sat", "unsat" or "unknown"."""
        said = str(self.solver.check(*[self.elements[name] for name in names]))
        if said == "unknown":
            heed_ctrl_c(self.solver)
        return said

    def filled(self, h: int, r: int) -> int:
        """What the VMs on a host have of a resource in the placement that was just found."""
        model = self.solver.model()
        there = [v for v in self.vms if self.z3.is_true(model.eval(self.x[v, h]))]
        return sum(int(self.problem.demand[v, r]) for v in there)

    def core(
        self, names: Sequence[str], placed: Callable[[Sequence[str]], bool] = lambda names: False
    ) -> Core | None:
        """Elements that conflict, minimal by deletion; None where nothing conflicts, or nobody knows. What
        ``placed`` shows to hold together is not asked of Z3."""
        if self.check(names) != "unsat":
            return None
        core, minimal = self._smaller(names), True
        for name in list(core):
            if name not in core:
                continue
            rest = [other for other in core if other != name]
            said = "sat" if placed(rest) else self.check(rest)
            if said == "unsat":
                core = self._smaller(rest)
            elif said != "sat":
                minimal = False
        return Core(tuple(core), minimal)

    def _smaller(self, names: Sequence[str]) -> list[str]:
        found = {literal.get_id() for literal in self.solver.unsat_core()}
        return [name for name in names if self.elements[name].get_id() in found]
