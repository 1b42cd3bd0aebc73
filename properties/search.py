"""Plain breadth-first search: every reachable state of a small scope, shortest counterexamples.

States are visited level by level, so the first violation of a property that is met has the fewest
steps. ``transitions`` counts the states that were generated, initial ones included, and ``depth`` the
levels, the initial states being the first: both as TLC counts them.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..model.language.misuse import ModelError, Problem
from ..model.language.plain import Packed
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..solver.compiled import Kernel, Test, compile_tests, kernel_for
from ..solver.ground import Grounder, disjunction
from ..solver.initial import initial_states
from .replay import Run

TICK_EVERY = 1024


@dataclass(frozen=True)
class Tick:
    """How far a long run has come."""

    states: int
    transitions: int
    depth: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """When a search gives up: states kept, seconds. None is no limit."""

    states: int | None = None
    seconds: float | None = None


@dataclass
class Search:
    """What a search found. ``complete``: every reachable state was visited; else ``stopped`` says why not.

    ``violations`` has the shortest run to a violation of each invariant that breaks, ``witnesses`` the
    shortest run to each ``possible`` that was seen, ``deadlock`` the shortest to a state where nothing is
    possible and no ``@final`` statement holds.
    """

    kernel: Kernel
    states: int = 0
    transitions: int = 0
    depth: int = 0
    seconds: float = 0.0
    complete: bool = False
    stopped: str = ""
    violations: dict[str, Run] = field(default_factory=dict)
    witnesses: dict[str, Run] = field(default_factory=dict)
    deadlock: Run | None = None
    final_states: int = 0
    fired: dict[str, int] = field(default_factory=dict)


class _Table:
    """The visited states, each with the state it was first reached from and by which instance."""

    def __init__(self) -> None:
        self.number: dict[Packed, int] = {}
        self.states: list[Packed] = []
        self.parent = array("q")
        self.via = array("l")

    def add(self, packed: Packed, parent: int, via: int) -> int:
        """Take a new state in; returns its number."""
        number = self.number[packed] = len(self.states)
        self.states.append(packed)
        self.parent.append(parent)
        self.via.append(via)
        return number

    def run_to(self, number: int, kernel: Kernel) -> Run:
        """The run by which a state was first reached."""
        taken: list[int] = []
        while self.parent[number] >= 0:
            taken.append(self.via[number])
            number = self.parent[number]
        instances = tuple(kernel.instance(position) for position in reversed(taken))
        return Run(kernel.scope, self.states[number], instances)


def search(
    scope: Scope,
    invariants: Iterable[Predicate] = (),
    possibles: Iterable[Predicate] = (),
    *,
    limits: Limits = Limits(),
    on_tick: Callable[[Tick], None] | None = None,
) -> Search:
    """Visit the reachable states of a scope. Ctrl-C ends it with what was found so far."""
    return _Searcher(scope, tuple(invariants), tuple(possibles), limits, on_tick).run()


class _Searcher:
    def __init__(
        self,
        scope: Scope,
        invariants: tuple[Predicate, ...],
        possibles: tuple[Predicate, ...],
        limits: Limits,
        on_tick: Callable[[Tick], None] | None,
    ) -> None:
        self.kernel = kernel_for(scope, (*invariants, *possibles))
        self.found = Search(self.kernel, fired=dict.fromkeys(scope.model.actions, 0))
        self.wanted = {predicate.name: True for predicate in possibles}
        self.wanted |= {predicate.name: False for predicate in invariants}
        self.accepted = _final_test(scope)
        self.limits = limits
        self.on_tick = on_tick
        self.table = _Table()
        self.affected = [frozenset(positions) for positions in self.kernel.affected]
        self.counts = [0] * len(self.kernel.actions)
        self.began = time.perf_counter()
        self.overruns: list[Problem] = []

    def run(self) -> Search:
        """Search to the end, a limit, or Ctrl-C. Raises ModelError with all writes that left their range."""
        try:
            self._visit_all()
        except KeyboardInterrupt:
            self.found.stopped = "interrupted"
        if self.overruns:
            raise ModelError(self.overruns)
        self.found.complete = not self.found.stopped
        self.found.states = len(self.table.states)
        self.found.seconds = time.perf_counter() - self.began
        for position, times in enumerate(self.counts):
            self.found.fired[self.kernel.instance(position).action.name] += times
        return self.found

    def _visit_all(self) -> None:
        frontier: list[tuple[int, list[int]]] = []
        for packed in initial_states(self.kernel.scope):
            number = self.table.add(packed, -1, -1)
            self.found.transitions += 1
            self._ask(number, packed, self.kernel.statements)
            frontier.append((number, self.kernel.enabled(packed)))
            if self._out_of_bounds():
                return
        if not frontier:
            self.found.stopped = "no initial state: the @initial statements contradict each other in this scope"
        while frontier and not self.found.stopped:
            self.found.depth += 1
            frontier = self._next_level(frontier)

    def _next_level(self, frontier: list[tuple[int, list[int]]]) -> list[tuple[int, list[int]]]:
        level: list[tuple[int, list[int]]] = []
        for done, (number, enabled) in enumerate(frontier):
            if done % TICK_EVERY == 0 and self._out_of_bounds():
                break
            if not enabled:
                self._note_end(number)
            self._expand(number, enabled, level)
        return level

    def _expand(self, number: int, enabled: list[int], level: list[tuple[int, list[int]]]) -> None:
        """Generate the successors of one state; new ones join the next level."""
        packed, known = self.table.states[number], self.table.number
        effects, counts = self.kernel.effects, self.counts
        self.found.transitions += len(enabled)
        for position in enabled:
            counts[position] += 1
            try:
                successor = effects[position](packed)
            except ModelError as error:
                self._note_overrun(error)
                continue
            if successor not in known:
                new = self.table.add(successor, number, position)
                self._ask(new, successor, self.kernel.touched[position])
                level.append((new, self._enabled_after(successor, enabled, position)))

    def _note_overrun(self, error: ModelError) -> None:
        """Keep a write that left its range, one a line of the model, and search on without the step."""
        known = {problem.where for problem in self.overruns}
        self.overruns += [problem for problem in error.problems if problem.where not in known]

    def _enabled_after(self, successor: Packed, before: list[int], taken: int) -> list[int]:
        """What is possible after a step: only the guards that read what it wrote are asked again."""
        affected, guards = self.affected[taken], self.kernel.guards
        kept = [position for position in before if position not in affected]
        return kept + [position for position in self.kernel.affected[taken] if guards[position](successor)]

    def _ask(self, number: int, packed: Packed, names: Iterable[str]) -> None:
        """Ask the statements that can have changed; keep the first run to each violation or witness."""
        for name in names:
            wanted = self.wanted.get(name)
            if wanted is not None and bool(self.kernel.statements[name](packed)) == wanted:
                del self.wanted[name]
                runs = self.found.witnesses if wanted else self.found.violations
                runs[name] = self.table.run_to(number, self.kernel)

    def _note_end(self, number: int) -> None:
        if self.accepted(self.table.states[number]):
            self.found.final_states += 1
        elif self.found.deadlock is None:
            self.found.deadlock = self.table.run_to(number, self.kernel)

    def _out_of_bounds(self) -> bool:
        seconds, states = time.perf_counter() - self.began, len(self.table.states)
        if self.on_tick is not None:
            self.on_tick(Tick(states, self.found.transitions, self.found.depth, seconds))
        if self.limits.states is not None and states >= self.limits.states:
            self.found.stopped = f"the limit of {self.limits.states:,} states is reached"
        if self.limits.seconds is not None and seconds > self.limits.seconds:
            self.found.stopped = f"the limit of {self.limits.seconds:g} s is reached"
        return bool(self.found.stopped)


def _final_test(scope: Scope) -> Test:
    """Whether stopping in a state is accepted: some ``@final`` statement holds."""
    grounder = Grounder(scope)
    finals = [grounder.statement(predicate) for predicate in scope.model.of_kind("final")]
    return compile_tests(scope, [disjunction(finals)])[0]
