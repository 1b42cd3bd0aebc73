"""What an engine knows of a scope, and the findings that follow from it: the same for all finite engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..model.language.plain import true_of
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..model.language.wording import word
from .replay import OurBug, Run, confirmed, program, violates
from .results import Coverage, Finding, Verdict

NO_DEADLOCK = "no_deadlock"
STATE_COUNT = "state_count"
UNSEEN = "no reachable state shows it: the scope (or the model) says too little"
UNTOUCHED = "vacuous: nothing that can happen in this scope touches it"


@dataclass(frozen=True)
class Lasso:
    """A run whose last ``round`` steps lead back to where they began; none: it may stop there for ever."""

    run: Run
    round: int
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Waits:
    """What is known of a progress property: whether a wait ever begins, and one that never ends.

    ``gave_up`` says why neither is known.
    """

    begins: bool
    lasso: Lasso | None
    gave_up: str = ""


class Known(Protocol):
    """What an engine found out; ``details`` are its own.

    ``violations`` has for each broken invariant the runs to it, the shortest first; ``lost`` those to which
    no run was found, and why; ``witnesses`` a run to
    each ``possible`` that was seen, or None where only its state was; ``settled`` the invariants that read
    nothing that can change; ``complete``: every reachable state was visited.
    """

    @property
    def engine(self) -> str: ...
    @property
    def complete(self) -> bool: ...
    @property
    def violations(self) -> Mapping[str, tuple[Run, ...]]: ...
    @property
    def lost(self) -> Mapping[str, str]: ...
    @property
    def witnesses(self) -> Mapping[str, Run | None]: ...
    @property
    def deadlock(self) -> Run | None: ...
    @property
    def settled(self) -> frozenset[str]: ...
    @property
    def states(self) -> int: ...
    @property
    def transitions(self) -> int | None: ...
    @property
    def depth(self) -> int | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def coverage(self) -> Coverage: ...
    @property
    def details(self) -> dict[str, object]: ...

    def good(self) -> tuple[Verdict, str]:
        """The verdict on what was not violated."""

    def unseen(self) -> str:
        """Why a ``possible`` has no witness."""

    def waits(self, predicate: Predicate) -> Waits:
        """Whether a progress property has a wait, and one that never ends; asked of complete engines."""


def findings_of(
    scope: Scope,
    known: Known,
    invariants: Iterable[Predicate],
    asked: Iterable[Predicate],
    *,
    everything: bool = True,
) -> Iterator[Finding]:
    """The findings on invariants and, with ``everything``, on possibles, deadlocks and progress."""
    yield from (_invariant(scope, predicate, known) for predicate in invariants)
    if everything:
        yield from (_possible(scope, predicate, known) for predicate in asked)
        yield _no_deadlock(known)
    if everything and known.complete:
        yield from _progress(scope, known)


def count_finding(known: Known, expected: int) -> Finding:
    """Whether there are as many reachable states as the file says."""
    met = known.states == expected
    reason = f"{known.states:,} states, " + ("as the file says" if met else f"and the file says {expected:,}")
    verdict = Verdict.HOLDS if met else Verdict.REFUTED
    sentence = "As many states are reachable as the file says."
    return Finding(STATE_COUNT, "count", sentence, verdict, known.engine, reason)


def _finding(predicate: Predicate, known: Known, verdict: Verdict, reason: str) -> Finding:
    return Finding(
        predicate.name,
        predicate.kind,
        predicate.sentence,
        verdict,
        known.engine,
        reason,
        predicate.mechanism,
        predicate.source,
    )


def _invariant(scope: Scope, predicate: Predicate, known: Known) -> Finding:
    if predicate.name in known.lost:
        return _finding(predicate, known, Verdict.UNDETERMINED, known.lost[predicate.name])
    runs = known.violations.get(predicate.name, ())
    if not runs:
        verdict, reason = known.good()
        vacuous = predicate.name in known.settled
        return _finding(predicate, known, verdict, UNTOUCHED if vacuous else reason)
    for broken in runs:
        confirmed(broken, violates(scope, predicate), predicate.name)
    first, *others = runs
    plain = _finding(predicate, known, Verdict.REFUTED, f"violated after {len(first.instances)} steps")
    more = tuple(other.steps() for other in others)
    return replace(plain, trace=first.steps(), program=program(first, predicate.name), more=more)


def _possible(scope: Scope, predicate: Predicate, known: Known) -> Finding:
    if predicate.name not in known.witnesses:
        return _finding(predicate, known, Verdict.UNDETERMINED, known.unseen())
    witness = known.witnesses[predicate.name]
    if witness is None:
        return _finding(predicate, known, Verdict.HOLDS, "some reachable state shows it")
    confirmed(witness, lambda packed: true_of(scope, packed, predicate), predicate.name)
    seen = _finding(predicate, known, Verdict.HOLDS, f"seen after {len(witness.instances)} steps")
    return replace(seen, trace=witness.steps())


def _no_deadlock(known: Known) -> Finding:
    sentence = "Something can happen in every state, or a @final statement holds."
    verdict, reason = known.good()
    blank = Finding(NO_DEADLOCK, "deadlock", sentence, verdict, known.engine, reason)
    if known.deadlock is None:
        return blank
    stuck = known.deadlock
    reason = f"nothing is possible after {len(stuck.instances)} steps; is it an end? then say so with @final"
    return replace(blank, verdict=Verdict.REFUTED, reason=reason, trace=stuck.steps(), program=program(stuck))


def _progress(scope: Scope, known: Known) -> Iterator[Finding]:
    """The progress properties whose wait begins in the scope."""
    for predicate in scope.model.of_kind("progress"):
        waits = known.waits(predicate)
        if waits.gave_up:
            yield _finding(predicate, known, Verdict.UNDETERMINED, waits.gave_up)
        elif waits.lasso is not None:
            yield _endless(predicate, known, waits.lasso)
        elif waits.begins:
            yield _finding(predicate, known, *known.good())


def _endless(predicate: Predicate, known: Known, lasso: Lasso) -> Finding:
    before = len(lasso.run.instances) - lasso.round
    names = ", ".join(
        f"{p.name}={word(a)}" for p, a in zip(predicate.parameters, lasso.arguments, strict=True)
    )
    reason = f"after {before} steps " + (
        f"{lasso.round} steps go round for ever" if lasso.round else "nothing more has to happen"
    )
    plain = _finding(predicate, known, Verdict.REFUTED, reason + (f" ({names})" if names else ""))
    return replace(plain, trace=_closed(lasso).steps(), round=lasso.round)


def _closed(lasso: Lasso) -> Run:
    """The run, once the plain reading agrees that its last steps lead back. Raises OurBug when not."""
    states = lasso.run.states()
    if states[-1] != states[len(states) - 1 - lasso.round]:
        raise OurBug("a cycle does not lead back to where it began")
    return lasso.run
