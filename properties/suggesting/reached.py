"""States that are reached, faults without limit: all of them in scopes that are small enough, else many."""

from __future__ import annotations

import copy
import random
import time
from dataclasses import dataclass, replace
from functools import cached_property

from ...model.language.domains import Member, Sort
from ...model.language.plain import Packed
from ...model.language.scope import Scope
from ...model.language.state import Model
from ...solver.compiled import Kernel
from ...solver.frozen import kernel_from_start
from ...solver.initial import Starts
from ...solver.vectors import States, matrix
from ..search import Limits, search
from ..walk import Possible

STARTS = 64
LARGEST = 3
LONGEST = 100
TRIES = 8
SHARE = 0.5  # of the actions can happen in a run
RARE = 12  # actions that have happened least
KEPT = 24  # states after each action


class Unlimited(Scope):
    """A scope whose faults have no budget: as in a proof, they may happen at any time."""

    @cached_property
    def model(self) -> Model:
        """The model, its actions without budgets."""
        model = copy.copy(self.state.model)
        model.actions = {name: replace(a, budget=None) for name, a in model.actions.items()}
        return model


def unlimited(scope: Scope) -> Unlimited:
    """The same scope without budgets."""
    return Unlimited(
        scope.state,
        scope.members,
        scope.statics,
        scope.settings,
        scope.without,
        {},
        scope.initial,
        scope.name,
    )


@dataclass(frozen=True)
class Effort:
    """How many states of a scope are visited one after another, and how many random steps follow."""

    states: int = 3_000
    seconds: float = 1.5
    steps: int = 25_000


@dataclass(frozen=True)
class Reached:
    """States of one scope that are reached, as a matrix; ``complete``: these are all."""

    scope: Scope
    states: States
    complete: bool


def reached(scope: Scope, effort: Effort, dice: random.Random) -> Reached:
    """The reachable states of a scope, faults without limit; where there are too many, some of them."""
    free = unlimited(scope)
    found = search(free, limits=Limits(states=effort.states, seconds=effort.seconds))
    states = set(found.table.known)
    if not found.complete:
        kernel = kernel_from_start(free)
        states |= _walks(kernel, effort, dice)
    return Reached(free, matrix(sorted(states), len(free.cells)), found.complete)


def _walks(kernel: Kernel, effort: Effort, dice: random.Random) -> set[Packed]:
    """The states of random runs, as many as the steps allow, in twice the time of the search."""
    ends = time.monotonic() + 2 * effort.seconds
    starts, seen, left = Starts(kernel.scope).some(STARTS, dice), set[Packed](), effort.steps
    walker = _Walker(kernel, starts, dice)
    while starts and left > 0 and time.monotonic() < ends:
        run = walker.run()
        left -= len(run)
        seen.update(run)
    return seen


class _Walker:
    """Random runs that look for what has happened least.

    Most of what can happen ends what has begun, so each run leaves out half of the actions, and every other
    run begins where an action has happened that happens rarely.
    """

    def __init__(self, kernel: Kernel, starts: list[Packed], dice: random.Random) -> None:
        self.kernel, self.starts, self.dice = kernel, starts, dice
        self.name = [kernel.instance(i).action.name for i in range(len(kernel.actions))]
        self.times = dict.fromkeys(self.name, 0)
        self.after: dict[str, list[Packed]] = {}

    def run(self) -> list[Packed]:
        """The states of one run."""
        packed = self._start()
        possible, seen = Possible(self.kernel, packed), [packed]
        on = {name for name in self.times if self.dice.random() < SHARE}
        for _ in range(LONGEST):
            position = self._next(possible.positions, on)
            if position is None:
                break
            packed = self.kernel.effects[position](packed)
            possible.after(position, packed)
            seen.append(packed)
            self._note(self.name[position], packed)
        return seen

    def _start(self) -> Packed:
        rare = sorted(self.after, key=self.times.__getitem__)[:RARE]
        if not rare or self.dice.random() < 0.5:
            return self.dice.choice(self.starts)
        return self.dice.choice(self.after[self.dice.choice(rare)])

    def _next(self, positions: list[int], on: set[str]) -> int | None:
        """Of a few that are possible the one that has happened least."""
        if not positions:
            return None
        some = [positions[int(self.dice.random() * len(positions))] for _ in range(TRIES)]
        allowed = [p for p in some if self.name[p] in on]
        return min(allowed, key=lambda p: self.times[self.name[p]], default=None)

    def _note(self, name: str, packed: Packed) -> None:
        self.times[name] += 1
        kept = self.after.setdefault(name, [])
        if len(kept) < KEPT:
            kept.append(packed)
        elif self.dice.random() < KEPT / self.times[name]:
            kept[int(self.dice.random() * KEPT)] = packed


def sizes_to_reach(scope: Scope, number: int, dice: random.Random) -> list[dict[type[Sort], int]]:
    """Sizes of scopes to reach states in: as many members of a sort as an action has parameters, or more."""
    least = {sort: max(1, most_parameters(scope, sort)) for sort in scope.members}
    sizes = [{sort: min(n, LARGEST) for sort, n in least.items()}]
    sizes += [{**sizes[0], sort: min(n + 1, LARGEST)} for sort, n in sizes[0].items()]
    while len(sizes) < number:
        more = {sort: dice.choice((0, 0, 1)) for sort in scope.members}
        sizes.append({sort: min(n + more[sort], LARGEST) for sort, n in sizes[0].items()})
    return sizes[:number]


def most_parameters(scope: Scope, sort: type[Sort]) -> int:
    """The most parameters of a sort that an action has, three at most."""
    actions = scope.model.actions.values()
    return max((sum(p.domain == Member(sort) for p in a.parameters) for a in actions), default=0)
