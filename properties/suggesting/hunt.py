"""The search for lemmas: from a step that breaks a statement to one that excludes it, until no step is left.

A lemma that no other lemma can save is given up, and what leaned on it is asked again: what remains in the
end is inductive over the members of the small scope.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.tracing import fields_read
from ...solver.smt.steps import Known, SmallSteps
from .boxes import Box
from .excluding import Around, Excluder
from .written import Lemma, lemma_of

MOST_MEASURED = 6


@dataclass(frozen=True)
class Progress:
    """How far a hunt has come."""

    candidates: int
    lemmas: int
    open: int
    rounds: int
    seconds: float


class OutOfTime(Exception):
    """The time for the hunt is over."""


@dataclass
class Hunt:
    """The hunt for the lemmas of some goals. ``own``: statements of the model that may be leaned on.

    ``chosen`` are the lemmas and own statements taken so far, ``stuck`` the goals that could not be saved,
    each with the action that breaks it.
    """

    scope: Scope
    goals: Mapping[str, Predicate]
    own: Mapping[str, Predicate]
    excluder: Excluder
    ends: float
    on_progress: Callable[[Progress], None] | None = None
    chosen: dict[str, Predicate] = field(default_factory=dict)
    lemmas: dict[str, Lemma] = field(default_factory=dict)
    stuck: dict[str, str] = field(default_factory=dict)
    candidates: int = 0
    refuted: int = 0
    rounds: int = 0

    def __post_init__(self) -> None:
        self.began = time.monotonic()
        self.taken = {*self.scope.model.predicates}
        self.banned: set[Box | str] = set()
        self.kept: set[tuple[str, str]] = set()
        self.chosen |= self.goals
        self._reads: dict[str, frozenset[str]] = {}
        self._known: dict[Box, Lemma] = {}

    def run(self, steps: SmallSteps) -> bool:
        """Take lemmas until every goal is inductive over a small scope; False where a goal cannot be saved.

        Raises OutOfTime; what was taken so far stays.
        """
        self.steps = steps
        self.kept.clear()
        for predicate in (*self.chosen.values(), *self.own.values()):
            steps.learn(predicate)
        while (obligation := self._next()) is not None:
            self._look_at_clock()
            if not self._saved(*obligation):
                if obligation[1] in self.goals:
                    self.stuck[obligation[1]] = obligation[0]
                    return False
                self._give_up(obligation[1])
        return True

    def _next(self) -> tuple[str, str] | None:
        """An obligation that is open, of the newest statement."""
        for name, predicate in reversed(self.chosen.items()):
            for action in self.touching(predicate):
                if (action, name) not in self.kept:
                    return action, name
        return None

    def touching(self, predicate: Predicate) -> Iterator[str]:
        """The actions that write what a statement reads."""
        if predicate.name not in self._reads:
            self._reads[predicate.name] = fields_read(list(self.scope.statement(predicate).bodies))
        reads = self._reads[predicate.name]
        return (name for name, trace in self.scope.traces.items() if reads & trace.written())

    def _saved(self, action: str, name: str) -> bool:
        """Whether the obligation holds, or a lemma was taken that excludes a step against it."""
        core = self.steps.counterexample(action, self.chosen[name], self._others(name))
        if core is None:
            self.kept.add((action, name))
            return True
        self.rounds += 1
        best = self._best(core)
        if best is None:
            return False
        predicate = best.predicate if isinstance(best, Lemma) else best
        self.chosen[predicate.name] = predicate
        if isinstance(best, Lemma):
            self.lemmas[best.name] = best
        self._tell()
        return True

    def _others(self, name: str) -> list[str]:
        return [other for other in self.chosen if other != name]

    def _best(self, core: list[Known]) -> Lemma | Predicate | None:
        """Of what excludes a step the statement that fewest actions break."""
        best: Lemma | Predicate | None = None
        fewest = len(self.scope.traces) + 1
        for candidate in self._candidates(core):
            self._look_at_clock()
            predicate = candidate.predicate if isinstance(candidate, Lemma) else candidate
            broken = self._broken(predicate, fewest)
            if broken < fewest:
                best, fewest = candidate, broken
            if fewest == 0:
                break
        return best

    def _candidates(self, core: list[Known]) -> Iterator[Lemma | Predicate]:
        """The model's own statements that exclude the step, then boxes around it."""
        for own, predicate in self.own.items():
            free = own not in self.chosen and own not in self.banned
            if free and self.steps.excludes(predicate, core):
                yield predicate
        around, tried, measured = self.excluder.around(core), set[Box](), 0
        while measured < MOST_MEASURED and (lemma := self._next_lemma(around, tried)) is not None:
            if self.steps.holds_at_start(lemma.predicate):
                measured += 1
                yield lemma

    def _next_lemma(self, around: Around, tried: set[Box]) -> Lemma | None:
        """The simplest box around a step that is new, and that no state that is reached is in."""
        while (box := around.take()) is not None:
            if box in tried or box in self.banned:
                continue
            tried.add(box)
            self.candidates += 1
            self._look_at_clock()
            lemma = self._lemma(box)
            against = self.excluder.refuted(lemma.predicate)
            if not against:
                return lemma
            self.refuted += 1
            around.add(against)
        return None

    def _lemma(self, box: Box) -> Lemma:
        if box not in self._known:
            self._known[box] = lemma_of(self.scope.model, box, self.taken)
        return self._known[box]

    def _broken(self, predicate: Predicate, most: int) -> int:
        """How many actions break a statement, counted up to a number."""
        broken = 0
        for action in self.touching(predicate):
            if not self.steps.keeps(action, predicate, self.chosen):
                broken += 1
                if broken >= most:
                    break
        return broken

    def _give_up(self, name: str) -> None:
        """Leave a statement out for good; what may have leaned on it is open again."""
        del self.chosen[name]
        lemma = self.lemmas.pop(name, None)
        self.banned.add(lemma.box if lemma is not None else name)
        self.kept.clear()

    def _look_at_clock(self) -> None:
        if time.monotonic() > self.ends:
            raise OutOfTime

    def _tell(self) -> None:
        if self.on_progress is not None:
            waiting = sum(
                (action, name) not in self.kept
                for name, predicate in self.chosen.items()
                for action in self.touching(predicate)
            )
            seconds = time.monotonic() - self.began
            self.on_progress(Progress(self.candidates, len(self.lemmas), waiting, self.rounds, seconds))
