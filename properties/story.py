"""A told run: faults happen, then the cluster does what its policy says until it is at rest.

Every step is an enabled action of the model, taken by the plain reading; every invariant is asked after
every step. Nothing is scripted but the faults.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.language.plain import Packed, run, state_at
from ..model.language.predicates import invariants_of
from ..model.language.scope import Instance, Scope
from ..solver.compiled import Kernel
from ..solver.frozen import kernel_from_start
from ..solver.initial import initial_states
from .replay import Run, confirmed, violates

LONGEST_STORY = 500
Preference = Callable[[Any, Instance], tuple[Any, ...] | None]
Reason = Callable[[Any, Instance], str]


@dataclass(frozen=True)
class Story:
    """A told run. ``reasons``: why the policy chose each step; empty for faults.

    ``violations``: the run up to the first violation of each invariant that broke. ``at_rest``: the
    policy had nothing left to do; else the story was cut after 500 steps.
    """

    run: Run
    reasons: tuple[str, ...]
    violations: dict[str, Run]
    at_rest: bool

    def state_after(self, steps: int) -> Packed:
        """The state after so many steps, 0 being the start."""
        return self.run.states()[steps]


class NothingToTell(ValueError):
    """The scope has no initial state, or a fault of the story is not possible."""


def tell(scope: Scope, faults: Sequence[Instance], preference: Preference, reason: Reason) -> Story:
    """Let the faults happen one after the other, each followed by all that the policy does."""
    return _Teller(scope, preference, reason).tell(faults)


class _Teller:
    def __init__(self, scope: Scope, preference: Preference, reason: Reason) -> None:
        self.scope = scope
        self.preference = preference
        self.reason = reason
        self.kernel: Kernel = kernel_from_start(scope, invariants_of(scope.model))
        start = next(initial_states(scope), None)
        if start is None:
            raise NothingToTell("no state satisfies the initial statements of this scope")
        self.start = self.packed = start
        self.taken: list[Instance] = []
        self.reasons: list[str] = []
        self.violations: dict[str, Run] = {}

    def tell(self, faults: Sequence[Instance]) -> Story:
        """Run the story to its end."""
        at_rest = self._settle()
        for fault in faults:
            self._take(fault, "")
            at_rest = self._settle()
        return Story(
            Run(self.scope, self.start, tuple(self.taken)), tuple(self.reasons), self.violations, at_rest
        )

    def _settle(self) -> bool:
        """Do what the policy prefers until there is nothing left; False when it never ends."""
        seen = {self.packed}
        while len(self.taken) < LONGEST_STORY:
            chosen = self._preferred()
            if chosen is None:
                return True
            self._take(chosen, self.reason(state_at(self.scope, self.packed), chosen))
            if self.packed in seen:
                return False
            seen.add(self.packed)
        return False

    def _preferred(self) -> Instance | None:
        s = state_at(self.scope, self.packed)
        possible = (self.kernel.instance(position) for position in self.kernel.enabled(self.packed))
        keyed = [
            (key, instance) for instance in possible if (key := self.preference(s, instance)) is not None
        ]
        return min(keyed, key=lambda pair: pair[0])[1] if keyed else None

    def _take(self, instance: Instance, reason: str) -> None:
        self.packed = run(self.scope, self.packed, instance)
        self.taken.append(instance)
        self.reasons.append(reason)
        for name, test in self.kernel.statements.items():
            if name not in self.violations and not test(self.packed):
                found = Run(self.scope, self.start, tuple(self.taken))
                predicate = next(p for p in invariants_of(self.scope.model) if p.name == name)
                self.violations[name] = confirmed(found, violates(self.scope, predicate), name)
