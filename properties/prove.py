"""Proofs for every number of members: the invariants hold at the start, and every action keeps them.

PROVED only where every obligation of an invariant, and of every lemma that these lean on, is unsatisfiable.
What fails is explained on a small cluster (``prove_explain``); REFUTED is only what a search has reached.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Scope
from ..model.language.tracing import fields_read
from ..solver.smt.answers import Limits, mechanism_of
from .proofs import FOLLOWS, PROVED, START, UNKNOWN, Obligation, Proof
from .prove_cache import Cache
from .prove_digests import LEANT_ON, Digests
from .prove_needs import needed
from .prove_tasks import Context, ask_all, processors, ranges_written, tasks_of
from .results import Finding, Result, Verdict

ENGINE = "induction"
ANY_START = "any legal placement"


@dataclass(frozen=True)
class Options:
    """How hard ``prove`` tries. ``only``: these invariants; ``cache``: the folder of earlier answers.

    ``explain``: show failed inductions; ``needs``: look for proofs that use as few mechanisms as possible;
    ``vacuity``: ask whether the proofs are about anything.
    """

    limits: Limits = Limits()
    workers: int = field(default_factory=processors)
    cache: Path | None = None
    only: tuple[str, ...] = ()
    expect: Mapping[str, str] = field(default_factory=dict)
    explain: bool = True
    needs: bool = False
    vacuity: bool = True
    on_tick: Callable[[int, int, float], None] | None = None


def proof_scope(scope: Scope) -> Scope:
    """The scope with a start that is as general as the model has one: any legal placement."""
    start = scope.model.settings.get("start")
    if start is None or ANY_START not in start.values:
        return scope
    return replace(scope, settings={**scope.settings, "start": ANY_START})


def prove(scope: Scope, options: Options = Options()) -> Result:
    """Try to prove every invariant of the scope's model, under its settings, for any number of members."""
    began = time.perf_counter()
    attempt = Attempt(proof_scope(scope), options)
    attempt.run()
    return attempt.result(began)


class Attempt:
    """One run of ``prove``: rounds of questions, until what is left stands without what has failed."""

    def __init__(self, scope: Scope, options: Options) -> None:
        self.scope = scope
        self.options = options
        model = scope.model
        self.properties = {p.name: p for p in invariants_of(model)}
        self.lemmas = {p.name: p for p in model.of_kind("lemma")}
        self.goals = {**self.properties, **self.lemmas}
        self.cache = Cache(options.cache)
        self.digests = Digests(self.scope, self.goals)
        self.reads = {n: fields_read(list(self.scope.statement(p).bodies)) for n, p in self.goals.items()}
        self.found: dict[tuple[str, str], Obligation] = {}
        self.followed: set[str] = set()
        self.stopped = ""

    def run(self) -> None:
        """Ask everything. Ctrl-C ends it with what was found so far."""
        try:
            self._rounds()
        except KeyboardInterrupt:
            self.stopped = "interrupted"

    def _rounds(self) -> None:
        asked = list(self._asked())
        self._ask([(FOLLOWS, name) for name in asked], self.lemmas)
        self._keep_what_follows(asked)
        self._ask(
            self._questions({n: self.goals[n] for n in asked if n not in self.followed}), self._assumed()
        )
        self._ask_with_support(asked)
        while again := self._resting_on(self._lost()):
            self._ask(again, self._assumed())
            self._keep_what_follows(asked)
            self._ask_with_support(asked)

    def _keep_what_follows(self, asked: Iterable[str]) -> None:
        """Properties that do not follow from the lemmas have to be inductive themselves."""
        self.followed = {name for name in asked if self._proved(FOLLOWS, name)}
        kept = {key: o for key, o in self.found.items() if key[0] != FOLLOWS or key[1] in self.followed}
        self.found = kept

    def _assumed(self) -> dict[str, Predicate]:
        """What a step may rely on: all that has not failed and does not follow anyway."""
        gone = self.followed | self._lost()
        return {name: p for name, p in self.goals.items() if name not in gone}

    def _resting_on(self, lost: set[str]) -> list[tuple[str, str]]:
        """Questions whose answers rely on what is lost, about goals that are not."""
        good = [(key, o) for key, o in self.found.items() if o.answer == PROVED and key[1] not in lost]
        return [key for key, o in good if self._leans(o) & lost]

    def _ask_with_support(self, asked: Sequence[str]) -> None:
        """Ask about some goals and about those that the answers lean on, until none is new."""
        while True:
            links = self.links()
            wanted = {g for n in asked for g in self.supports(n, links)} & set(self.goals) - self.followed
            questions = self._questions({name: self.goals[name] for name in sorted(wanted)})
            new = [key for key in questions if key not in self.found]
            if not new:
                return
            self._ask(new, self._assumed())

    def _proved(self, action: str, goal: str) -> bool:
        found = self.found.get((action, goal))
        return found is not None and found.answer == PROVED

    def _lost(self) -> set[str]:
        """Goals of which an obligation has failed."""
        return {o.goal for o in self.found.values() if o.answer != PROVED}

    def _leans(self, obligation: Obligation) -> set[str]:
        """The invariants and lemmas that an answer relies on."""
        return {name.partition(" ")[2] for name in obligation.needs if name.split(" ")[0] in LEANT_ON}

    def _questions(self, goals: Mapping[str, Predicate]) -> list[tuple[str, str]]:
        """The start, every action that writes what a goal reads, and the ranges of numbers."""
        found = [(START, name) for name in goals]
        for action, trace in self.scope.traces.items():
            touched = [name for name in goals if self.reads[name] & trace.written()]
            found += [(action, name) for name in touched]
            ranges = (f"range {name}" for name in ranges_written(self.scope, action))
            found += [(action, name) for name in ranges]
        return found

    def _ask(self, questions: Sequence[tuple[str, str]], assumed: Mapping[str, Predicate]) -> None:
        """Answer questions from the cache, and ask the rest."""
        open_questions: dict[str, list[str]] = {}
        for action, goal in questions:
            known = self.cache.find(self.digests, assumed, action, goal)
            if known is None:
                open_questions.setdefault(action, []).append(goal)
            else:
                self.found[action, goal] = known
        self._ask_anew(open_questions, assumed)
        self.cache.keep(self.digests, self.found.values())

    def _ask_anew(self, open_questions: Mapping[str, list[str]], assumed: Mapping[str, Predicate]) -> None:
        context = Context(self.scope, self.goals, assumed, self.options.limits)
        tasks = [task for action, goals in open_questions.items() for task in tasks_of(action, goals)]
        total, done = sum(len(task.goals) for task in tasks), 0
        began = time.perf_counter()
        for task in tasks:
            unasked = {(task.action, goal): _unasked(task.action, goal) for goal in task.goals}
            self.found |= unasked
        for answers in ask_all(context, tasks, self.options.workers) if tasks else ():
            self.found |= {(o.action, o.goal): o for o in answers}
            done += len(answers)
            if self.options.on_tick is not None:
                self.options.on_tick(done, total, time.perf_counter() - began)

    # what it means

    def standing(self) -> set[str]:
        """The goals all of whose obligations are proved, and that lean on nothing else."""
        links = self.links()
        standing = set(links) - self._lost()
        while fallen := {goal for goal in standing if not links[goal] <= standing}:
            standing -= fallen
        return standing

    def links(self) -> dict[str, set[str]]:
        """For every goal those that its answers rely on.

        What relies on the range of one field relies on all: one field's number may be written to another.
        """
        written = {goal for _, goal in self.found if goal.startswith("range ")}
        links: dict[str, set[str]] = {}
        for obligation in self.found.values():
            ranges = written if any(name.startswith("range ") for name in obligation.needs) else set()
            links.setdefault(obligation.goal, set()).update(self._leans(obligation) | ranges)
        return links

    def supports(self, name: str, links: Mapping[str, set[str]] | None = None) -> set[str]:
        """A goal and everything that its proof leans on."""
        links = self.links() if links is None else links
        found, waiting = set[str](), [name]
        while waiting:
            goal = waiting.pop()
            if goal not in found:
                found.add(goal)
                waiting.extend(links.get(goal, ()))
        return found

    def proof(self) -> Proof:
        """All that was found."""
        standing, supports, uses = self.standing(), self._supported(), self.uses()
        if self.options.needs and not self.stopped:
            uses = needed(self, uses)
        leans = {n: tuple(sorted((s & set(self.goals)) - {n})) for n, s in supports.items()}
        asked = {o.goal for o in self.found.values() if o.action == START}
        steps = [o for o in self.found.values() if o.action in self.scope.traces and o.goal in asked]
        untouched = len(asked) * len(self.scope.traces) - len(steps)
        starts, idle = self._seen(standing)
        return Proof(tuple(self.found.values()), untouched, uses, leans, starts=starts, idle=idle)

    def _supported(self) -> dict[str, set[str]]:
        """For everything that is proved what its proof leans on."""
        links = self.links()
        standing = self.standing()
        return {name: self.supports(name, links) for name in self.goals if name in standing}

    def uses(self) -> dict[str, tuple[str, ...]]:
        """For everything that is proved the mechanisms in its proof."""
        own: dict[str, set[str]] = {}
        for o in self.found.values():
            own.setdefault(o.goal, set()).update(m for n in o.needs if (m := mechanism_of(n)) is not None)
        found = self._supported()
        return {n: tuple(sorted({m for goal in s for m in own[goal]})) for n, s in found.items()}

    def _seen(self, standing: set[str]) -> tuple[bool, tuple[str, ...]]:
        """Whether the proofs are about anything: is there a start, and which actions never happen?"""
        if self.stopped or not standing or not self.options.vacuity:
            return True, ()
        from ..solver.smt.vacuity import seen

        assumed = {name: p for name, p in self._assumed().items() if name in standing}
        return seen(self.scope, assumed, self.options.limits)

    def result(self, began: float) -> Result:
        """Verdicts, with what failed explained."""
        from .prove_explain import explained

        proof = self.proof()
        findings = [self._finding(name, p, proof) for name, p in self._asked().items()]
        if self.options.explain and not self.stopped:
            findings, proof = explained(self, findings, proof)
        return Result(
            command="prove",
            model=self.scope.model.name,
            scope=_for_any(self.scope),
            settings=dict(self.scope.all_settings),
            findings=tuple(replace(f, expected=self.options.expect.get(f.property)) for f in findings),
            seconds=time.perf_counter() - began,
            notes=tuple(self._notes(proof)),
            proof=proof,
        )

    def _asked(self) -> dict[str, Predicate]:
        return {n: p for n, p in self.properties.items() if not self.options.only or n in self.options.only}

    def _finding(self, name: str, predicate: Predicate, proof: Proof) -> Finding:
        proved = name in proof.uses and proof.starts
        if not proof.starts:
            reason = "in clusters of up to three of each sort no state was found to start from"
        elif proved:
            reason = f"{len([o for o in proof.obligations if o.goal == name])} obligations"
            lemmas = proof.leans_on[name]
            reason += f", with {len(lemmas)} lemmas" if lemmas else ""
        else:
            reason = self._obstacle(name)
        verdict = Verdict.PROVED if proved else Verdict.UNDETERMINED
        return Finding(
            name,
            predicate.kind,
            predicate.sentence,
            verdict,
            ENGINE,
            reason,
            predicate.mechanism,
            predicate.source,
        )

    def _obstacle(self, name: str) -> str:
        """Which obligation stands in the way of a proof."""
        goals = [name, *sorted(self.supports(name) - {name})]
        for goal in goals:
            for obligation in self.found.values():
                if obligation.goal == goal and obligation.answer != PROVED:
                    why = f" ({obligation.reason})" if obligation.reason else ""
                    return f"{obligation.answer}: {obligation}{why}"
        return self.stopped or "nothing was asked"

    def _notes(self, proof: Proof) -> Iterable[str]:
        from ..solver.smt.sorts import cycles

        yield from cycles(self.scope)
        unknown = sorted(set(self.options.expect) - set(self._asked()))
        if unknown and not self.options.only:
            yield f"[expect] names what is not asked here: {', '.join(unknown)}"
        if self.stopped:
            yield f"{self.stopped}: what was not asked is UNDETERMINED"
        if proof.idle:
            never = ", ".join(proof.idle)
            yield f"never happens in clusters of up to three of each sort, under these settings: {never}"


def _unasked(action: str, goal: str) -> Obligation:
    return Obligation(action, goal, UNKNOWN, reason="not asked")


def _for_any(scope: Scope) -> dict[str, object]:
    """What stands in the place of a scope: any number of every sort, faults without limit."""
    sorts: dict[str, object] = {f"{sort.__name__.lower()}s": "any number" for sort in scope.members}
    removed = {"without": list(scope.without)} if scope.without else {}
    return {**sorts, "faults": "unlimited", **removed}
