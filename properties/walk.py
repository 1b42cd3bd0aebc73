"""Random walk over the instances that are possible: quick, deep, never a proof.

The set of possible instances is kept up to date from step to step: only guards that read what a step
wrote are asked again. Guards are watched by sampling: after each step one instance is asked guard by
guard, round robin over all of them.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..model.language.plain import Packed
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..solver.compiled import Kernel, Test, compile_tests
from ..solver.frozen import kernel_from_start
from ..solver.initial import NO_START, Starts
from .replay import Run
from .results import Coverage, GuardCoverage
from .search import Tick
from .shrink import shortened

LONGEST_WALK = 200
Name = tuple[str, str]  # of a guard: its action and its reason
STARTS = 64


class GuardWatch:
    """Counts how often each guard of each action held, failed, and was the only one to fail."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.counts: dict[Name, list[int]] = {}
        self._lately: set[Name] = set()
        self._compiled: dict[int, Test] = {}
        self._guards: dict[int, list[tuple[Name, list[int], Test]]] = {}
        self._turns = itertools.cycle(range(len(kernel.actions))) if kernel.actions else iter(())
        for action in kernel.actions:
            for guard in action.guards:
                self._row((action.instance.action.name, guard.reason))

    def _guards_of(self, position: int) -> list[tuple[Name, list[int], Test]]:
        """The guards of an instance with their counts, compiled when they are first looked at."""
        if position not in self._guards:
            action = self.kernel.actions[position]
            conditions = [guard.condition for guard in action.guards]
            new = [condition for condition in conditions if id(condition) not in self._compiled]
            self._compiled |= zip(map(id, new), compile_tests(self.kernel.scope, new), strict=True)
            names = [(action.instance.action.name, guard.reason) for guard in action.guards]
            pairs = zip(names, conditions, strict=True)
            self._guards[position] = [(n, self._row(n), self._compiled[id(c)]) for n, c in pairs]
        return self._guards[position]

    def _row(self, name: Name) -> list[int]:
        return self.counts.setdefault(name, [0, 0, 0])

    def look(self, packed: Packed) -> None:
        """Ask the guards of the next instance in turn."""
        position = next(self._turns, None)
        if position is None:
            return
        guards = self._guards_of(position)
        failed = [name for name, row, test in guards if not self._held(row, test(packed))]
        if len(failed) == 1:
            self.counts[failed[0]][2] += 1
            self._lately.add(failed[0])

    def _held(self, row: list[int], value: bool) -> bool:
        row[0 if value else 1] += 1
        return value

    def decisive_since_last(self) -> set[Name]:
        """The guards that were the only one to fail since this was last asked."""
        found, self._lately = self._lately, set()
        return found

    def coverage(self) -> tuple[GuardCoverage, ...]:
        """The counts, guard by guard in the model's order."""
        return tuple(GuardCoverage(action, reason, *row) for (action, reason), row in self.counts.items())


class Possible:
    """The positions of the instances that are possible now, kept up to date step by step."""

    def __init__(self, kernel: Kernel, packed: Packed) -> None:
        self.kernel = kernel
        self.positions = kernel.enabled(packed)
        self.place = {position: place for place, position in enumerate(self.positions)}

    def after(self, taken: int, packed: Packed) -> None:
        """Bring the set up to date after a step."""
        guards, place = self.kernel.guards, self.place
        for position in self.kernel.affected[taken]:
            if guards[position](packed):
                if position not in place:
                    place[position] = len(self.positions)
                    self.positions.append(position)
            elif position in place:
                self._drop(position)

    def _drop(self, position: int) -> None:
        hole = self.place.pop(position)
        last = self.positions.pop()
        if last != position:
            self.positions[hole] = last
            self.place[last] = hole


@dataclass
class Walk:
    """What a walk saw. ``violations`` and ``witnesses`` are shortened runs, not always the shortest."""

    scope: Scope
    seed: int
    steps: int = 0
    runs: int = 0
    states: int = 0
    seconds: float = 0.0
    stopped: str = ""
    violations: dict[str, Run] = field(default_factory=dict)
    witnesses: dict[str, Run] = field(default_factory=dict)
    deadlock: Run | None = None
    coverage: Coverage = Coverage()


def walk(
    scope: Scope,
    invariants: Iterable[Predicate] = (),
    possibles: Iterable[Predicate] = (),
    *,
    steps: int = 100_000,
    seed: int = 0,
    on_tick: Callable[[Tick], None] | None = None,
) -> Walk:
    """Take ``steps`` random steps in runs of at most 200. Ctrl-C ends it with what was found so far."""
    return _Walker(scope, tuple(invariants), tuple(possibles), steps, seed, on_tick).run()


class _Walker:
    def __init__(
        self,
        scope: Scope,
        invariants: tuple[Predicate, ...],
        possibles: tuple[Predicate, ...],
        steps: int,
        seed: int,
        on_tick: Callable[[Tick], None] | None,
    ) -> None:
        self.kernel = kernel_from_start(scope, (*invariants, *possibles, *scope.model.of_kind("final")))
        self.walk = Walk(scope, seed)
        self.random = random.Random(seed)
        self.wanted = {p.name: True for p in possibles} | {p.name: False for p in invariants}
        self.finals = [p.name for p in scope.model.of_kind("final")]
        self.left = steps
        self.on_tick = on_tick
        self.watch = GuardWatch(self.kernel)
        self.counts = [0] * len(self.kernel.actions)
        self.seen: set[Packed] = set()
        self.began = time.perf_counter()

    def run(self) -> Walk:
        """Walk until the steps are used up or Ctrl-C."""
        try:
            self._walk()
        except KeyboardInterrupt:
            self.walk.stopped = "interrupted"
        fired = dict.fromkeys(self.walk.scope.model.actions, 0)
        for position, times in enumerate(self.counts):
            fired[self.kernel.instance(position).action.name] += times
        self.walk.coverage = Coverage(fired, self.watch.coverage())
        self.walk.states = len(self.seen)
        self.walk.seconds = time.perf_counter() - self.began
        return self.walk

    def _walk(self) -> None:
        """Runs from the initial states in a random order, again and again."""
        starts = Starts(self.walk.scope).some(STARTS, self.random)
        if not starts:
            self.walk.stopped = NO_START
        while starts and self.left > 0:
            self.random.shuffle(starts)
            for start in starts:
                if self.left > 0:
                    self._one_run(start)

    def _one_run(self, packed: Packed) -> None:
        kernel, choose, seen = self.kernel, self.random.random, self.seen
        possible = Possible(kernel, packed)
        start, taken = packed, list[int]()
        seen.add(packed)
        self._ask(start, taken, packed, kernel.statements)
        for _ in range(min(LONGEST_WALK, self.left)):
            positions = possible.positions
            if not positions:
                self._note_end(start, taken, packed)
                break
            position = positions[int(choose() * len(positions))]
            packed = kernel.effects[position](packed)
            taken.append(position)
            possible.after(position, packed)
            seen.add(packed)
            self.watch.look(packed)
            if kernel.touched[position] and self.wanted:
                self._ask(start, taken, packed, kernel.touched[position])
        self._count(taken)

    def _count(self, taken: list[int]) -> None:
        self.walk.runs += 1
        self.walk.steps += len(taken)
        self.left -= max(len(taken), 1)  # a run that ends where it starts must not go on for ever
        for position in taken:
            self.counts[position] += 1
        if self.on_tick is not None:
            seconds = time.perf_counter() - self.began
            self.on_tick(Tick(len(self.seen), self.walk.steps, len(taken), seconds))

    def _ask(self, start: Packed, taken: list[int], packed: Packed, names: Iterable[str]) -> None:
        for name in names:
            wanted = self.wanted.get(name)
            if wanted is not None and bool(self.kernel.statements[name](packed)) == wanted:
                del self.wanted[name]
                runs = self.walk.witnesses if wanted else self.walk.violations
                runs[name] = self._run(start, taken)  # kept even if Ctrl-C ends the shortening
                shows = _shows(self.kernel.statements[name], wanted)
                runs[name] = self._run(start, shortened(self.kernel, start, taken, shows))

    def _run(self, start: Packed, taken: list[int]) -> Run:
        return Run(self.walk.scope, start, tuple(self.kernel.instance(position) for position in taken))

    def _note_end(self, start: Packed, taken: list[int], packed: Packed) -> None:
        if self.walk.deadlock is None and self._stuck(packed):
            self.walk.deadlock = self._run(start, taken)
            self.walk.deadlock = self._run(start, shortened(self.kernel, start, taken, self._stuck))

    def _stuck(self, packed: Packed) -> bool:
        """Whether nothing is possible in a state that is no accepted end."""
        if any(guard(packed) for guard in self.kernel.guards):
            return False
        return not any(self.kernel.statements[name](packed) for name in self.finals)


def _shows(test: Test, wanted: bool) -> Callable[[Packed], bool]:
    """Whether a state is one in which the statement has the wanted value."""
    return lambda last: bool(test(last)) == wanted
