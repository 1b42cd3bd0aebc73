"""One question to Z3: do these hypotheses imply the goal? With limits, and with what the answer needed."""

from __future__ import annotations

import time
from collections.abc import Mapping

import z3

from .answers import Answer, Limits, Reply
from .universe import Expr, negation


class Asker:
    """A solver that holds hypotheses by name, and is asked for one goal after another.

    ``minimal``: an answer names no hypothesis that it can do without. That takes time of its own.
    """

    def __init__(self, limits: Limits, minimal: bool = True) -> None:
        self.limits = limits
        self.solver = z3.Solver()
        self.solver.set("core.minimize", minimal)
        self.solver.set("ctrl_c", False)  # Z3 would swallow Ctrl-C and call it "unknown"
        self.names: dict[str, z3.BoolRef] = {}

    def suppose(self, hypotheses: Mapping[str, Expr]) -> None:
        """Add hypotheses under their names."""
        for name, formula in hypotheses.items():
            switch = z3.Bool(f"use {name}")
            self.names[name] = switch
            self.solver.add(z3.Implies(switch, formula))

    def ask(
        self,
        goal: Expr,
        more: Mapping[str, Expr] | None = None,
        without: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> Reply:
        """Whether the hypotheses (and ``more``, for this time) imply the goal, within these ``limits``."""
        began = time.perf_counter()
        known = dict(self.names)
        limits = limits or self.limits
        self.solver.set("timeout", max(1, int(limits.seconds * 1000)))
        self.solver.set("rlimit", limits.work)
        self.solver.push()
        try:
            self.suppose(more or {})
            self.solver.add(negation(goal))
            switches = [switch for name, switch in self.names.items() if name not in without]
            found = self.solver.check(*switches)
            return self._reply(found, time.perf_counter() - began, limits)
        finally:
            self.solver.pop()
            self.names = known

    def _reply(self, found: z3.CheckSatResult, seconds: float, limits: Limits) -> Reply:
        if seconds > limits.seconds:
            return Reply(Answer.UNKNOWN, frozenset(), seconds, f"the limit of {limits.seconds:g} s")
        if found == z3.unsat:
            used = {switch.decl().name() for switch in self.solver.unsat_core()}
            core = frozenset(name for name in self.names if f"use {name}" in used)
            return Reply(Answer.PROVED, core, seconds)
        if found == z3.sat:
            return Reply(Answer.FAILED, frozenset(), seconds)
        return Reply(Answer.UNKNOWN, frozenset(), seconds, self.solver.reason_unknown())
