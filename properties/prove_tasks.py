"""The questions of a proof, and the processes that ask them.

A task is all that is asked about one action: the hypotheses are made ready once. Processes are forked, so
they know the model; where a system cannot fork, the questions are asked one after another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model.language.domains import Range
from ..model.language.predicates import Predicate
from ..model.language.recording import Write
from ..model.language.scope import Scope
from ..solver.smt.answers import Limits, Reply, mechanism_of
from .proofs import FOLLOWS, PROVED, START, Obligation
from .prove_cache import plain

if TYPE_CHECKING:
    from ..solver.smt.obligations import Consecution, Theory


FEW = 6


@dataclass(frozen=True)
class Task:
    """Goals to be asked about one action (or START, FOLLOWS)."""

    action: str
    goals: tuple[str, ...]


def tasks_of(action: str, goals: Sequence[str]) -> list[Task]:
    """Goals about one action as one task; those about a state are independent, and shared out."""
    size = FEW if action in (START, FOLLOWS) else len(goals)
    return [Task(action, tuple(goals[i : i + size])) for i in range(0, len(goals), size)]


@dataclass(frozen=True)
class Context:
    """What all questions share. ``assumed`` are the invariants that a step may rely on."""

    scope: Scope
    goals: Mapping[str, Predicate]
    assumed: Mapping[str, Predicate]
    limits: Limits


def ranges_written(scope: Scope, action: str) -> dict[str, list[Write]]:
    """The writes of an action whose numbers need not lie in their field's range, by field."""
    found: dict[str, list[Write]] = {}
    for write in scope.traces[action].writes:
        domain, given = write.field.value, write.value.domain
        if not isinstance(domain, Range) or not all(map(scope.on, write.mechanisms)):
            continue
        if not (isinstance(given, Range) and domain.low <= given.low and given.high <= domain.high):
            found.setdefault(write.field.name, []).append(write)
    return found


class Prover:
    """Asks the questions of one context in this process."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._theory: Theory | None = None

    @property
    def theory(self) -> Theory:
        """The model in Z3, made when it is first needed."""
        if self._theory is None:
            from ..solver.smt.obligations import Theory

            self._theory = Theory(self.context.scope, self.context.assumed)
        return self._theory

    def answer(self, task: Task) -> list[Obligation]:
        """All answers of a task."""
        from ..solver.smt.obligations import Consecution, SameState

        if task.action in (START, FOLLOWS):
            same = SameState(self.theory, self.context.limits, task.action == START)
            return [
                _obligation(task.action, goal, same.implies(self.context.goals[goal])) for goal in task.goals
            ]
        step = Consecution(self.theory, task.action, self.context.limits)
        return [self._kept(step, task.action, goal) for goal in task.goals]

    def _kept(self, step: Consecution, action: str, goal: str) -> Obligation:
        kind, _, field = goal.partition(" ")
        if kind == "range" and field:
            writes = ranges_written(self.context.scope, action)[field]
            return _obligation(action, goal, step.stay_in_range(writes))
        reply = step.keeps(self.context.goals[goal])
        return _obligation(action, goal, self._without_idle_mechanisms(step, goal, reply))

    def _without_idle_mechanisms(self, step: Consecution, goal: str, reply: Reply) -> Reply:
        """The answer with as few mechanisms as possible: one that is seen to be idle is left out."""
        from ..solver.smt.obligations import QUICKLY

        left_out: frozenset[str] = frozenset()
        for mechanism in sorted({m for name in reply.core if (m := mechanism_of(name)) is not None}):
            its = frozenset(name for name in step.step.guards if mechanism_of(name) == mechanism)
            again = step.keeps(self.context.goals[goal], left_out | its, self.context.limits.part(QUICKLY))
            if again.answer.value == PROVED:
                reply, left_out = again, left_out | its
        return reply


def _obligation(action: str, goal: str, reply: Reply) -> Obligation:
    return plain(
        Obligation(
            action,
            goal,
            reply.answer.value,
            round(reply.seconds, 4),
            tuple(sorted(reply.core)),
            reason=reply.reason,
        )
    )


_prover: Prover | None = None
"""The prover of a worker process."""


def _begin(context: Context) -> None:
    global _prover
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for the answers
    # That one ends this process, whatever SIGTERM means there, also if it has done so already.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _prover = Prover(context)


@contextmanager
def _held_back() -> Iterator[None]:
    """SIGTERM waits while processes are forked, in them until they are ready for it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(task: Task) -> list[Obligation]:
    assert _prover is not None
    return _prover.answer(task)


def ask_all(context: Context, tasks: Iterable[Task], workers: int) -> Iterator[list[Obligation]]:
    """The answers to all tasks, as they come. The largest tasks are begun first."""
    ordered = sorted(tasks, key=lambda task: -len(task.goals))
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    if workers == 1 or len(ordered) == 1 or not can_fork:
        prover = Prover(context)
        for task in ordered:
            yield prover.answer(task)
        return
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=fork, initializer=_begin, initargs=(context,)) as pool:
        with _held_back():  # the first task forks them all
            waiting = [pool.submit(_work, task) for task in ordered]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()  # what they are at can take long; its answer is not waited for
            raise


def processors() -> int:
    """How many processes can work at once here."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
