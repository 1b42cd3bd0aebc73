"""States that are reached: all of them in scopes that are small enough, else many, with faults without limit."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

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
LONGEST = 120


class Unlimited(Scope):
    """A scope whose faults have no budget: as in a proof, they may happen at any time."""

    @cached_property
    def model(self) -> Model:  # type: ignore[override]
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

    states: int = 20_000
    seconds: float = 4.0
    steps: int = 60_000


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
        for steps in _walks(kernel, effort, dice):
            states |= steps
    return Reached(free, matrix(sorted(states), len(free.cells)), found.complete)


def _walks(kernel: Kernel, effort: Effort, dice: random.Random) -> Iterator[set[Packed]]:
    """The states of random runs, as many as the steps allow, in twice the time of the search."""
    ends = time.monotonic() + 2 * effort.seconds
    starts, left = Starts(kernel.scope).some(STARTS, dice), effort.steps
    while starts and left > 0 and time.monotonic() < ends:
        seen = _one_run(kernel, dice.choice(starts), dice)
        left -= len(seen)
        yield seen


def _one_run(kernel: Kernel, packed: Packed, dice: random.Random) -> set[Packed]:
    """The states of one random run."""
    possible, seen = Possible(kernel, packed), {packed}
    for _ in range(LONGEST):
        if not possible.positions:
            break
        position = possible.positions[int(dice.random() * len(possible.positions))]
        packed = kernel.effects[position](packed)
        possible.after(position, packed)
        seen.add(packed)
    return seen
