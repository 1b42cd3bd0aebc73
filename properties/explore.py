"""Explore a scope with decision diagrams: every reachable state, counted, and asked every question.

States are counted by saturation, which has no levels; a shortest run is looked for only when there is
something to show, and the number of levels only when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..model.language.misuse import ModelError
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Scope
from ..solver.diagrams.checkpoint import load_states, save_states
from ..solver.diagrams.encoding import Diagram
from ..solver.diagrams.limits import Growth
from ..solver.diagrams.prepared import Prepared
from ..solver.diagrams.reach import Reachable
from ..solver.diagrams.rings import Path as Way
from ..solver.diagrams.rings import different, forwards, shortest
from ..solver.diagrams.rounds import endless_run
from ..solver.diagrams.space import OUT_OF_BOUNDS, Space, reason_of
from ..solver.ground import cells_of
from ..solver.initial import NO_START
from .effort import Effort
from .known import UNSEEN, Lasso, Waits
from .replay import Run
from .results import Coverage, GuardCoverage, Verdict

CHEAP = 50_000_000  # node visits: what counting steps may cost unless it is asked for
SAVE_EVERY = 60.0  # seconds between checkpoints
AFTERWARDS = 0.2  # of the time limit, for questions when it was reached
INTERRUPTED = "interrupted"
USUAL = Effort()
SHORT_STATES = 1_000_000  # up to so many states a witness comes with its shortest run


@dataclass
class Explored:
    """What is known after an exploration; see ``Known``. ``stopped`` says why it is not complete."""

    engine = "diagrams"
    seed = None
    scope: Scope
    space: Space | None = None
    states: int = 0
    transitions: int | None = None
    depth: int | None = None
    seconds: float = 0.0
    stopped: str = ""
    violations: dict[str, tuple[Run, ...]] = field(default_factory=dict)
    witnesses: dict[str, Run | None] = field(default_factory=dict)
    deadlock: Run | None = None
    settled: frozenset[str] = frozenset()
    coverage: Coverage = Coverage()
    details: dict[str, object] = field(default_factory=dict)
    known: Diagram | None = None
    lost: dict[str, str] = field(default_factory=dict)
    gave_up: str = ""

    @property
    def complete(self) -> bool:
        """Whether every reachable state was visited."""
        return not self.stopped

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""
        if self.complete:
            return Verdict.HOLDS, f"all {self.states:,} reachable states"
        if not self.states:
            return Verdict.UNDETERMINED, self.stopped
        return Verdict.UNDETERMINED, f"{self.stopped} after {self.states:,} states; give it more"

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""
        return self.good()[1] if self.stopped else UNSEEN

    def waits(self, predicate: Predicate) -> Waits:
        """Whether a progress property has a wait, and one that never ends."""
        try:
            return Waits(False, None, self.gave_up) if self.gave_up else self._waits(predicate)
        except KeyboardInterrupt:
            self.gave_up = INTERRUPTED
        except OUT_OF_BOUNDS as reached:
            self.gave_up = reason_of(reached)
        return Waits(True, None, self.gave_up)

    def _waits(self, predicate: Predicate) -> Waits:
        assert self.space is not None
        assert self.known is not None
        space, begins = self.space, False
        for arguments, premise, conclusion in space.grounder.waits(predicate):
            waiting = self.known & ~space.truth(conclusion)
            starts = waiting & space.truth(premise)
            if not starts.satisfiable():
                continue
            begins = True
            found = endless_run(space, starts, waiting, self.known)
            if found is not None:
                return Waits(True, Lasso(run_of(space, found.path), found.round, arguments))
        return Waits(begins, None)


def run_of(space: Space, way: Way) -> Run:
    """A run as reports know it."""
    return Run(space.scope, space.a_start(way.start), tuple(map(space.instance, way.taken)))


def explore(
    scope: Scope,
    asked: Sequence[Predicate] = (),
    effort: Effort = USUAL,
    on_growth: Callable[[Growth], None] | None = None,
) -> Explored:
    """Visit every reachable state and ask every invariant and the possibles ``asked`` of them.

    Ctrl-C, time and memory end it with what was found so far. Raises ModelError with all writes that leave
    their range from a state that was reached, CheckpointError for a file that does not belong to the scope.
    """
    return _Explorer(scope, asked, effort, on_growth).run()


class _Explorer:
    def __init__(
        self,
        scope: Scope,
        asked: Sequence[Predicate],
        effort: Effort,
        on_growth: Callable[[Growth], None] | None,
    ) -> None:
        self.scope, self.asked, self.effort = scope, asked, effort
        lemmas = scope.model.of_kind("lemma") if effort.only else []
        stated = [*invariants_of(scope.model), *lemmas]
        self.invariants = [p for p in stated if not effort.only or p.name in effort.only]
        self.on_growth = on_growth
        self.found = Explored(scope)
        self._saved = time.perf_counter()

    def run(self) -> Explored:
        """Explore, then ask."""
        began = time.perf_counter()
        try:
            about = self.invariants if self.effort.only else ()
            self._grow(Space(Prepared(self.scope, about), self.effort.size))
            if not self.found.stopped or self.effort.partial or self.found.stopped == INTERRUPTED:
                self._ask(self.reachable.space)
        except KeyboardInterrupt:
            self.found.stopped = INTERRUPTED
        except OUT_OF_BOUNDS as reached:
            self.found.stopped = reason_of(reached)
        self.found.seconds = time.perf_counter() - began
        return self.found

    def _grow(self, space: Space) -> None:
        earlier = None if self.effort.resume is None else load_states(space, self.effort.resume)
        self.reachable = reachable = Reachable(space, self._told, earlier)
        try:
            reachable.grow()
        except KeyboardInterrupt:
            self.found.stopped = INTERRUPTED
        except OUT_OF_BOUNDS as reached:
            self.found.stopped = reason_of(reached)
        if not reachable.known.satisfiable():
            self.found.stopped = NO_START
        self._save()
        self.found.space, self.found.known = reachable.space, reachable.known
        self.found.states = reachable.space.encoding.size(reachable.known)
        self.found.details = _details(reachable)

    def _told(self, growth: Growth) -> None:
        if self.on_growth is not None:
            self.on_growth(growth)
        if time.perf_counter() - self._saved > SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        if self.effort.checkpoint is not None:
            save_states(self.reachable.space, self.reachable.known, self.effort.checkpoint)
            self._saved = time.perf_counter()

    def _ask(self, space: Space) -> None:
        """All questions about the known states; they have as much time again, less when not all are known."""
        known = self.reachable.known
        space.restart_clock(1.0 if self.found.complete else AFTERWARDS)
        problems = space.overruns(known)
        if problems:
            raise ModelError(problems)
        ground = {p.name: space.grounder.statement(p) for p in self.invariants}
        self.found.settled = frozenset(name for name, term in ground.items() if not cells_of(term))
        for predicate in self.invariants:
            bad = known & ~space.statement(predicate)
            if bad.satisfiable():
                self._show(predicate.name, space, bad, known)
        if not self.effort.only:
            self._ask_everything(space, known)

    def _show(self, name: str, space: Space, bad: Diagram, known: Diagram) -> None:
        """Keep the runs to a violation; or why none was found in time."""
        try:
            self.found.violations[name] = self._runs(space, bad, known)
        except OUT_OF_BOUNDS as reached:
            self.found.lost[name] = (
                f"a violation is reachable, but the run to it was lost: {reason_of(reached)}"
            )

    def _runs(self, space: Space, goal: Diagram, known: Diagram) -> tuple[Run, ...]:
        """Shortest runs to a goal that end in different actions."""
        ways = different(space, goal, known, self.effort.counterexamples)
        return tuple(run_of(space, way) for way in ways)

    def _ask_everything(self, space: Space, known: Diagram) -> None:
        """What only makes sense when nothing was cut away: possibles, deadlocks, coverage, depth."""
        short = self.found.states <= SHORT_STATES
        for predicate in self.asked:
            seen = known & space.statement(predicate)
            if seen.satisfiable():
                way = shortest(space, space.initial, seen, known) if short else None
                self.found.witnesses[predicate.name] = None if way is None else run_of(space, way)
        stuck = known & ~space.accepted()
        for event in space.events:
            stuck = stuck & ~event.enabled
        if stuck.satisfiable():
            (self.found.deadlock,) = self._runs(space, stuck, known)[:1]
        self.found.coverage = Coverage(self._fired(space, known), tuple(_decisive(space, known)))
        if self.effort.depth and self.found.complete:
            self.found.depth = _levels(space, known)

    def _fired(self, space: Space, known: Diagram) -> dict[str, int]:
        """How often each action fires, a step a state and instance; 1 or 0 where counting costs too much."""
        fired = dict.fromkeys(self.scope.model.actions, 0)
        counted = self.effort.steps or known.node_count() * len(space.actions) <= CHEAP
        for event in space.events:
            for position, guard in zip(event.members, event.guards, strict=True):
                name, here = space.instance(position).action.name, guard & known
                times = space.encoding.size(here) if counted else int(here.satisfiable())
                fired[name] = fired[name] + times if counted else max(fired[name], times)
        if counted:
            self.found.transitions = space.encoding.size(space.initial) + sum(fired.values())
        return fired


def _details(reachable: Reachable) -> dict[str, object]:
    space, growth = reachable.space, reachable.growth()
    details: dict[str, object] = {
        "nodes": growth.nodes,
        "bits": space.encoding.count,
        "events": len(space.events),
        "instances": len(space.actions),
        "passes": growth.passes,
    }
    if space.cone is not None:
        details["cone"] = {
            "cells": len(space.cone.cells),
            "of_cells": len(space.scope.cells),
            "instances": len(space.cone.actions),
            "of_instances": space.cone.of_actions,
            "fields_cut": list(space.cone.fields_cut(space.scope)),
        }
    return details


def _levels(space: Space, known: Diagram) -> int:
    """How many levels a breadth-first search has, the initial states being the first."""
    rings = forwards(space, space.initial, known)
    while rings.grow():
        pass
    return len(rings.rings) - 1


def _decisive(space: Space, known: Diagram) -> Iterator[GuardCoverage]:
    """For each guard whether it holds, fails, and is the only one to fail in some reachable state."""
    names: dict[tuple[str, str], list[list[Diagram]]] = {}
    for action in space.actions:
        truths = [space.truth(guard.condition) for guard in action.guards]
        for place, guard in enumerate(action.guards):
            others = space.encoding.true
            for other in truths[:place] + truths[place + 1 :]:
                others = others & other
            row = names.setdefault((action.instance.action.name, guard.reason), [[], [], []])
            row[0].append(truths[place])
            row[1].append(~truths[place])
            row[2].append(others & ~truths[place])
    for (name, reason), row in names.items():
        held, failed, decisive = (int(_meets(known, parts)) for parts in row)
        yield GuardCoverage(name, reason, held, failed, decisive)


def _meets(known: Diagram, parts: Sequence[Diagram]) -> bool:
    """Whether a set meets one of some others."""
    return any((known & part).satisfiable() for part in dict.fromkeys(parts))
