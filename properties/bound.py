"""Bounded model checking: is an invariant violated within so many steps, in a scope too wide to visit whole?

The depth grows from 0, so the first violation that is found has the fewest steps. A SAT solver is asked at
each depth and keeps what it has learned. Every run is taken again by the plain reading before it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..model.language.plain import NotPossible, true_of
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Scope
from ..solver.bounded.blueprint import Blueprint, Focus, Lens, Plan, Question
from ..solver.bounded.circuit import FALSE
from ..solver.bounded.induction import Induction
from ..solver.bounded.overruns import risky
from ..solver.bounded.template import Template
from ..solver.bounded.unrolling import Found, Unrolling
from ..solver.initial import NO_START, Starts
from .known import UNTOUCHED
from .replay import OurBug, Run, confirmed, program, violates
from .results import Finding, Result, Verdict

INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Look:
    """How far a search has come: invariants whose answer is open, the depth, seconds."""

    open: int
    depth: int
    seconds: float


@dataclass(frozen=True)
class Options:
    """How far to go: ``depth`` steps (None: as far as it gets), ``seconds`` (None: no limit).

    ``induction``: the greatest k of k-induction, 0: none. ``only``: names of the invariants that are asked,
    empty: all. ``expect``: the verdicts the file expects.
    """

    depth: int | None = None
    seconds: float | None = None
    induction: int = 2
    only: tuple[str, ...] = ()
    expect: Mapping[str, str] = field(default_factory=dict)
    on_look: Callable[[Look], None] | None = None


class TimeUp(Exception):
    """The time limit is reached."""


@dataclass
class Answer:
    """What is known of one invariant, or of a lemma that only ``supports`` the others by induction.

    ``clear``: so many steps without a violation; -1: not even the start was asked.
    """

    predicate: Predicate
    supports: bool = False
    clear: int = -1
    run: Run | None = None
    decided: str = ""

    @property
    def open(self) -> bool:
        """Whether a deeper look may say more."""
        return self.run is None and not self.decided


class Hunt:
    """Invariants that are looked for together: the same cells and moves bear on all of them."""

    def __init__(self, plan: Plan, exact: bool, questions: Sequence[Question], on_slice: Callable[[], None]):
        self.plan, self.exact, self.questions, self.on_slice = plan, exact, tuple(questions), on_slice
        self.template = Template(plan, self.questions)
        self.unrolling = Unrolling(self.template, on_slice)
        self.closer: dict[str, Hunt] = {}

    def violated(self, scope: Scope, names: set[str]) -> Iterator[tuple[Question, Run]]:
        """The invariants among ``names`` that a run of this depth violates, each with such a run."""
        left = [question for question in self.questions if question.predicate.name in names]
        while left and (found := self.unrolling.violated(left)) is not None:
            for question in found.answers:
                run = self._confirmed(scope, question, found)
                if run is not None:
                    yield question, run
            left = [question for question in left if question not in found.answers]

    def _confirmed(self, scope: Scope, question: Question, found: Found) -> Run | None:
        """The run, taken again by the plain reading; where the plan says too much, another one or none."""
        run, predicate = Run(scope, found.start, found.instances), question.predicate
        if self.exact or _replays(run, predicate):
            return confirmed(run, violates(scope, predicate), predicate.name)
        closer = self.closer.get(predicate.name)
        if closer is None:
            full = self.plan.full
            closer = self.closer[predicate.name] = Hunt(full, True, [full.question(predicate)], self.on_slice)
        while closer.unrolling.depth < self.unrolling.depth:
            closer.unrolling.grow()
        return next((run for _, run in closer.violated(scope, {predicate.name})), None)

    def close(self) -> None:
        """Give the memory back."""
        for hunt in (self, *self.closer.values()):
            hunt.unrolling.close()


def _replays(run: Run, predicate: Predicate) -> bool:
    """Whether the plain reading takes every step and sees the violation."""
    try:
        return not true_of(run.scope, run.states()[-1], predicate)
    except NotPossible:
        return False


class Bounded:
    """The search of one scope, depth by depth."""

    def __init__(self, scope: Scope, options: Options) -> None:
        self.scope, self.options = scope, options
        self.began = time.perf_counter()
        self.depth, self.stopped = 0, ""
        invariants = [p for p in invariants_of(scope.model) if not options.only or p.name in options.only]
        lemmas = scope.model.of_kind("lemma") if options.induction else ()
        self.answers = {predicate.name: Answer(predicate) for predicate in invariants}
        self.answers |= {lemma.name: Answer(lemma, supports=True) for lemma in lemmas}
        self.inductions: list[Induction] = []

    def run(self) -> None:
        """Look deeper and deeper, until all is decided or a limit is reached."""
        try:
            self._look()
        except KeyboardInterrupt:
            self.stopped = INTERRUPTED
        except TimeUp:
            self.stopped = "the time limit is reached"

    def open(self) -> set[str]:
        """The invariants whose answer is open."""
        return {name for name, answer in self.answers.items() if answer.open}

    def _look(self) -> None:
        starts = Starts(self.scope, self._tick)
        if next(starts.each(), None) is None:
            self.stopped = NO_START
            return
        full = Blueprint(self.scope, starts)
        hunts, overruns = self._hunts(full), self._overruns(full)
        while self._asked():
            for hunt in hunts:
                self._look_at(hunt)
            if self.depth < self.options.induction:
                self._induce(full)
            if self.depth == self.options.depth:
                return
            for hunt in hunts:
                self._deeper(hunt)
            self.depth += 1
            if overruns is not None:
                self._overrun(overruns)

    def _asked(self) -> bool:
        """Whether an invariant is open, not only lemmas."""
        return any(answer.open and not answer.supports for answer in self.answers.values())

    def _induce(self, full: Blueprint) -> None:
        """Try what is open by induction over as many steps as are clear."""
        for induction in list(self.inductions) or self._inductions(full):
            induction.deeper()
            known = {name for name, answer in self.answers.items() if answer.decided}
            for name in induction.standing(self.open(), known):
                steps = f"{self.depth + 1}-induction" if self.depth else "induction"
                self.answers[name].decided = f"proved for this scope by {steps}"

    def _inductions(self, full: Blueprint) -> Iterator[Induction]:
        """One after the other, each made when those before it have said what they know."""
        for plan, predicates in self._plans(full):
            self.inductions.append(Induction(plan, predicates, self._tick))
            yield self.inductions[-1]

    def _plans(self, full: Blueprint) -> Iterator[tuple[Plan, list[Predicate]]]:
        """What is open, by how much of the scope must be looked at: little first.

        What is found out there supports the rest.
        """
        narrow: dict[type, tuple[Lens, list[Predicate]]] = {}
        wide: list[Predicate] = []
        for name in self.open():
            predicate = self.answers[name].predicate
            found = full.lens(predicate)
            if found is None:
                wide.append(predicate)
                continue
            before, others = narrow.get(found.sort, (found, []))
            narrow[found.sort] = before.joined(found), [*others, predicate]
        for lens, predicates in narrow.values():
            yield Focus(full, lens), predicates
        if any(not self.answers[predicate.name].supports for predicate in wide):
            known = [
                p for _, predicates in narrow.values() for p in predicates if self.answers[p.name].decided
            ]
            yield full, [*wide, *known]

    def _overruns(self, full: Blueprint) -> Unrolling | None:
        """What looks for numbers that leave their range; None where the guards see to it."""
        moves = risky(full)
        return Unrolling(Template(full, [], watched=moves), self._tick) if moves else None

    def _overrun(self, overruns: Unrolling) -> None:
        """Look for a step to this depth with a number that leaves its range. Raises ModelError for one."""
        overruns.step()
        found = overruns.overrun()
        if found is not None:
            Run(self.scope, found.start, found.instances).states()
            raise OurBug("a number leaves its range, and the plain reading sees it fit")
        overruns.settle()

    def _look_at(self, hunt: Hunt) -> None:
        """Ask one hunt's open invariants at this depth."""
        names = self.open() & {question.predicate.name for question in hunt.questions}
        for question, run in hunt.violated(self.scope, names):
            self.answers[question.predicate.name].run = run
        for name in names:
            if self.answers[name].run is None:
                self.answers[name].clear = self.depth

    def _deeper(self, hunt: Hunt) -> None:
        """One step more, unless no run that matters is longer."""
        names = self.open() & {question.predicate.name for question in hunt.questions}
        if not names:
            return
        hunt.unrolling.grow()
        if not hunt.unrolling.goes_on():
            for name in names:
                self.answers[name].decided = f"no run that bears on it is longer than {self.depth} steps"

    def _hunts(self, full: Blueprint) -> list[Hunt]:
        """The questions, those that look at the same cells and moves together."""
        groups: dict[object, tuple[Plan, bool, list[Question]]] = {}
        plans: dict[Lens, Focus] = {}
        for name, answer in self.answers.items():
            self._tick()
            lens = full.lens(answer.predicate)
            plan = full if lens is None else plans.setdefault(lens, plans.get(lens) or Focus(full, lens))
            question = plan.question(answer.predicate)
            if question.bad == FALSE:
                self.answers[name].decided = UNTOUCHED
                continue
            key = (id(plan), plan.cone([question.bad]).cells, question.narrow)
            groups.setdefault(key, (plan, lens is None or lens.exact, []))[2].append(question)
        return [Hunt(plan, exact, questions, self._tick) for plan, exact, questions in groups.values()]

    def _tick(self) -> None:
        seconds = time.perf_counter() - self.began
        if self.options.on_look is not None:
            self.options.on_look(Look(len(self.open()), self.depth, seconds))
        if self.options.seconds is not None and seconds > self.options.seconds:
            raise TimeUp

    def findings(self) -> Iterator[Finding]:
        """One for each invariant."""
        return (self._finding(answer) for answer in self.answers.values() if not answer.supports)

    def _finding(self, answer: Answer) -> Finding:
        predicate, run = answer.predicate, answer.run
        verdict, reason = self._verdict(answer)
        plain = Finding(
            predicate.name, predicate.kind, predicate.sentence, verdict, "bounded", reason,
            predicate.mechanism, predicate.source, expected=self.options.expect.get(predicate.name),
        )  # fmt: skip
        return (
            plain if run is None else replace(plain, trace=run.steps(), program=program(run, predicate.name))
        )

    def _verdict(self, answer: Answer) -> tuple[Verdict, str]:
        if self.stopped == NO_START:
            return Verdict.UNDETERMINED, NO_START
        if answer.run is not None:
            return Verdict.REFUTED, f"violated after {len(answer.run.instances)} steps, no run is shorter"
        if answer.decided:
            return Verdict.HOLDS, answer.decided
        within = f"no violation within {answer.clear} steps" if answer.clear >= 0 else "nothing is known"
        if self.stopped:
            return Verdict.UNDETERMINED, f"{within}; {self.stopped}"
        return Verdict.SAMPLED, within


def bound(scope: Scope, options: Options = Options()) -> Result:
    """Look for violations of the invariants within so many steps.

    Raises ModelError for a number that leaves its range, OurBug for a run that does not replay.
    """
    search = Bounded(scope, options)
    search.run()
    return Result(
        command="bound",
        model=scope.model.name,
        scope=scope.describe(),
        settings=dict(scope.all_settings),
        findings=tuple(search.findings()),
        seconds=time.perf_counter() - search.began,
        details={"steps": search.depth},
    )
