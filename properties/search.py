"""Plain breadth-first search: every reachable state of a small scope, shortest counterexamples.

States are visited level by level, so the first violation of a property that is met has the fewest
steps. ``transitions`` counts the states that were generated, initial ones included, and ``depth`` the
levels, the initial states being the first: both as TLC counts them.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..model.language.misuse import ModelError, Problem
from ..model.language.plain import Packed
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..solver.compiled import Kernel, Test, compile_tests
from ..solver.frozen import kernel_from_start
from ..solver.ground import Grounder
from ..solver.initial import NO_START, initial_states
from ..solver.simplify import disjunction
from .replay import Run

TICK_EVERY = 1024
BYTES_OF_A_LIST = 200  # of what is possible in a state, as a rule


@dataclass(frozen=True)
class Tick:
    """How far a long run has come."""

    states: int
    transitions: int
    depth: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """When a search gives up: states kept, seconds, megabytes of states kept. None is no limit."""

    states: int | None = None
    seconds: float | None = None
    megabytes: float | None = None


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
    megabytes: float = 0.0
    complete: bool = False
    stopped: str = ""
    violations: dict[str, Run] = field(default_factory=dict)
    witnesses: dict[str, Run] = field(default_factory=dict)
    deadlock: Run | None = None
    final_states: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    table: Table = field(default_factory=lambda: Table(False))


class _OutOfBounds(Exception):
    """A limit is reached; the text says which."""


class Table:
    """The visited states by number, each with the one it was first reached from and by which instance.

    States are numbered as they come; the initial ones have the first numbers. With ``keeps_edges`` every
    step is kept, as source, instance and target, ordered by source.
    """

    def __init__(self, keeps_edges: bool) -> None:
        self.known: dict[Packed, int] = {}
        self.roots: list[Packed] = []
        self.parent = array("I")
        self.via = array("I")
        self.keeps_edges = keeps_edges
        self.source, self.taken, self.target = array("I"), array("I"), array("I")

    def add_root(self, packed: Packed) -> None:
        """Take an initial state in."""
        self.known[packed] = len(self.known)
        self.roots.append(packed)
        self.parent.append(0)
        self.via.append(0)

    def add(self, packed: Packed, parent: int, via: int) -> None:
        """Take a new state in."""
        self.known[packed] = len(self.known)
        self.parent.append(parent)
        self.via.append(via)

    def add_edge(self, source: int, taken: int, target: int) -> None:
        """Keep a step."""
        self.source.append(source)
        self.taken.append(taken)
        self.target.append(target)

    def run_to(self, number: int, kernel: Kernel) -> Run:
        """The run by which a state was first reached."""
        taken: list[int] = []
        while number >= len(self.roots):
            taken.append(self.via[number])
            number = self.parent[number]
        instances = tuple(kernel.instance(position) for position in reversed(taken))
        return Run(kernel.scope, self.roots[number], instances)


@dataclass
class _Level:
    """States with the same distance from the start, numbered from ``first``.

    ``before[i]`` is what was possible where state i was reached from: all its brothers share the list.
    """

    first: int
    states: list[Packed] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)


def search(
    scope: Scope,
    invariants: Iterable[Predicate] = (),
    possibles: Iterable[Predicate] = (),
    *,
    limits: Limits = Limits(),
    on_tick: Callable[[Tick], None] | None = None,
    keeps_edges: bool = False,
) -> Search:
    """Visit the reachable states of a scope. Ctrl-C ends it with what was found so far.

    With ``keeps_edges`` the table of the result has every step, for questions about infinite runs.
    """
    return _Searcher(scope, tuple(invariants), tuple(possibles), limits, on_tick, keeps_edges).run()


class _Searcher:
    def __init__(
        self,
        scope: Scope,
        invariants: tuple[Predicate, ...],
        possibles: tuple[Predicate, ...],
        limits: Limits,
        on_tick: Callable[[Tick], None] | None,
        keeps_edges: bool,
    ) -> None:
        self.kernel = kernel_from_start(scope, (*invariants, *possibles))
        self.table = Table(keeps_edges)
        self.found = Search(self.kernel, fired=dict.fromkeys(scope.model.actions, 0), table=self.table)
        self.wanted = {predicate.name: True for predicate in possibles}
        self.wanted |= {predicate.name: False for predicate in invariants}
        self.accepted = _final_test(scope)
        self.limits = limits
        self.on_tick = on_tick
        self.level = _Level(0)
        self.affected: dict[int, frozenset[int]] = {}
        self.counts = [0] * len(self.kernel.actions)
        self.began = time.perf_counter()
        self.overruns: list[Problem] = []

    def run(self) -> Search:
        """Search to the end, a limit, or Ctrl-C. Raises ModelError with all writes that left their range."""
        try:
            self._visit_all()
        except KeyboardInterrupt:
            self.found.stopped = "interrupted"
        except _OutOfBounds as reached:
            self.found.stopped = str(reached)
        if self.overruns:
            raise ModelError(self.overruns)
        self.found.complete = not self.found.stopped
        self.found.states = len(self.table.known)
        self.found.seconds = time.perf_counter() - self.began
        self.found.megabytes = self._megabytes()
        for position, times in enumerate(self.counts):
            self.found.fired[self.kernel.instance(position).action.name] += times
        return self.found

    def _visit_all(self) -> None:
        self._tick()
        for packed in initial_states(self.kernel.scope, on_try=self._check_time):
            self._check_states()
            self.table.add_root(packed)
            self.level.states.append(packed)
            self.level.before.append([])
            self.found.transitions += 1
            self._ask(len(self.table.roots) - 1, packed, self.kernel.statements)
        if not self.level.states:
            self.found.stopped = NO_START
        while self.level.states:
            self.found.depth += 1
            self._visit_level(self.level)

    def _visit_level(self, level: _Level) -> None:
        """Generate the next level, which takes this one's place."""
        self.level = _Level(level.first + len(level.states))
        for offset, (packed, before) in enumerate(zip(level.states, level.before, strict=True)):
            number = level.first + offset
            enabled = self._possible_in(number, packed, before)
            if not enabled:
                self._note_end(number, packed)
            self._expand(number, packed, enabled)
            if number % TICK_EVERY == 0:
                self._tick()

    def _possible_in(self, number: int, packed: Packed, before: list[int]) -> list[int]:
        """What is possible in a state: only the guards that read what its step wrote are asked again."""
        if number < len(self.table.roots):
            return self.kernel.enabled(packed)
        guards, taken = self.kernel.guards, self.table.via[number]
        again = self.kernel.affected[taken]
        affected = self.affected.get(taken)
        if affected is None:
            affected = self.affected[taken] = frozenset(again)
        kept = [position for position in before if position not in affected]
        return kept + [position for position in again if guards[position](packed)]

    def _expand(self, number: int, packed: Packed, enabled: list[int]) -> None:
        """Generate the successors of one state; new ones join the next level."""
        known, level = self.table.known, self.level
        effects, touched, counts = self.kernel.effects, self.kernel.touched, self.counts
        keeps_edges = self.table.keeps_edges
        self.found.transitions += len(enabled)
        for position in enabled:
            counts[position] += 1
            try:
                successor = effects[position](packed)
            except ModelError as error:
                self._note_overrun(error)
                continue
            if successor not in known:
                self._check_states()
                self.table.add(successor, number, position)
                level.states.append(successor)
                level.before.append(enabled)
                self._ask(len(known) - 1, successor, touched[position])
            if keeps_edges:
                self.table.add_edge(number, position, known[successor])

    def _note_overrun(self, error: ModelError) -> None:
        """Keep a write that left its range, one a line of the model, and search on without the step."""
        known = {problem.where for problem in self.overruns}
        self.overruns += [problem for problem in error.problems if problem.where not in known]

    def _ask(self, number: int, packed: Packed, names: Iterable[str]) -> None:
        """Ask the statements that can have changed; keep the first run to each violation or witness."""
        for name in names:
            wanted = self.wanted.get(name)
            if wanted is not None and bool(self.kernel.statements[name](packed)) == wanted:
                del self.wanted[name]
                runs = self.found.witnesses if wanted else self.found.violations
                runs[name] = self.table.run_to(number, self.kernel)

    def _note_end(self, number: int, packed: Packed) -> None:
        if self.accepted(packed):
            self.found.final_states += 1
        elif self.found.deadlock is None:
            self.found.deadlock = self.table.run_to(number, self.kernel)

    def _tick(self) -> None:
        """Tell how far the search has come; end it where time or memory is used up."""
        if self.on_tick is not None:
            seconds = time.perf_counter() - self.began
            self.on_tick(Tick(len(self.table.known), self.found.transitions, self.found.depth, seconds))
        self._check_time()
        most = self.limits.megabytes
        if most is not None and self._megabytes() > most:
            raise _OutOfBounds(f"the limit of {most:g} MB is reached")

    def _check_time(self) -> None:
        most = self.limits.seconds
        if most is not None and time.perf_counter() - self.began > most:
            raise _OutOfBounds(f"the limit of {most:g} s is reached")

    def _check_states(self) -> None:
        """End the search when a state too many is about to be kept."""
        most = self.limits.states
        if most is not None and len(self.table.known) >= most:
            raise _OutOfBounds(f"the limit of {most:,} states is reached")

    def _megabytes(self) -> float:
        """The memory of the visited states and of the level under way."""
        table, waiting = self.table, self.level.states
        one_state = sys.getsizeof(waiting[0] if waiting else next(iter(table.known), b"")) + 15 & ~15
        kept = (table.known, table.parent, table.via, table.source, table.taken, table.target)
        tables = sum(map(sys.getsizeof, (*kept, waiting, self.level.before)))
        shared = len(set(map(id, self.level.before))) * BYTES_OF_A_LIST
        return (tables + len(table.known) * one_state + shared) / 1e6


def _final_test(scope: Scope) -> Test:
    """Whether stopping in a state is accepted: some ``@final`` statement holds."""
    grounder = Grounder(scope)
    finals = [grounder.statement(predicate) for predicate in scope.model.of_kind("final")]
    return compile_tests(scope, [disjunction(finals)])[0]
