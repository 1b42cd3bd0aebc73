"""``prove --suggest``: the lemmas that close a proof are looked for, and the proof is then made with them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ...model.language.domains import Sort
from ...model.language.predicates import Predicate, invariants_of
from ...model.language.scope import Scope
from ...model.language.state import Model
from ...solver.ground import Grounder
from ...solver.smt.data import drawn_scope
from ...solver.smt.steps import SmallSteps, Undecided
from ...solver.vectors import Vectors
from ..proofs import Suggestion
from ..prove import Options as ProveOptions
from ..prove import proof_scope, prove
from ..results import Result, Verdict
from .excluding import Excluder
from .hunt import Hunt, OutOfTime, Progress
from .reached import Effort, Reached, most_parameters, reached, sizes_to_reach
from .wide import Wide
from .written import Lemma

KINDS = ("invariant", "lemma")
Sizes = dict[type[Sort], int]


@dataclass(frozen=True)
class Options:
    """How hard lemmas are looked for. ``unaided``: the model's own lemmas are left out.

    ``seconds`` are those of each property, ``scopes`` how many small scopes states are reached in one by one;
    where these are too large, ``wide`` ones are grown as diagrams, each for so many seconds.
    """

    prove: ProveOptions = field(default_factory=ProveOptions)
    seconds: float = 600.0
    scopes: int = 8
    effort: Effort = Effort()
    wide: int = 5
    wide_seconds: float = 15.0
    unaided: bool = False
    seed: int = 0
    on_progress: Callable[[str], None] | None = None


@dataclass
class Outcome:
    """What the hunt for one property came to."""

    property: str
    lemmas: tuple[Lemma, ...] = ()
    obstacle: str = ""
    rounds: int = 0
    candidates: int = 0
    refuted: int = 0
    seconds: float = 0.0

    def data(self) -> dict[str, object]:
        """The outcome for reports."""
        return {
            "property": self.property,
            "lemmas": [lemma.name for lemma in self.lemmas],
            "obstacle": self.obstacle,
            "rounds": self.rounds,
            "candidates": self.candidates,
            "refuted": self.refuted,
            "seconds": round(self.seconds, 2),
        }


@contextmanager
def standing(model: Model, statements: Iterable[Predicate]) -> Iterator[None]:
    """For a while these are the invariants and lemmas of a model, and no others."""
    before = dict(model.predicates)
    others = {name: p for name, p in before.items() if p.kind not in KINDS}
    model.predicates.clear()
    model.predicates.update(others | {p.name: p for p in statements if p.name not in _declared(model)})
    try:
        yield
    finally:
        model.predicates.clear()
        model.predicates.update(before)


def _declared(model: Model) -> set[str]:
    """The invariants that come with the declaration of a field."""
    return {f"{field.name}_at_most_one" for field in model.fields.values() if field.at_most_one}


def suggest(scope: Scope, options: Options = Options()) -> Result:
    """Look for lemmas for every invariant that is asked, then prove with what was found.

    Ctrl-C ends the search with what was found so far.
    """
    return Session(proof_scope(scope), options).run()


class Session:
    """One run of ``prove --suggest``."""

    def __init__(self, scope: Scope, options: Options) -> None:
        self.scope, self.options = scope, options
        model = scope.model
        self.properties = {p.name: p for p in invariants_of(model)}
        given = [] if options.unaided else model.of_kind("lemma")
        self.own = {**self.properties, **{p.name: p for p in given}}
        only = options.prove.only
        self.asked = [name for name in self.properties if not only or name in only]
        self.reached: list[Reached] = []
        self.wide: list[Wide] = []
        self.found: dict[str, Lemma] = {}
        self.outcomes: list[Outcome] = []
        self.stopped = ""

    def run(self) -> Result:
        """Reach states, hunt, prove."""
        began = time.perf_counter()
        try:
            self._reach()
            for name in self.asked:
                self._hunt(name)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        return replace(self._result(), seconds=time.perf_counter() - began)

    def _tell(self, text: str) -> None:
        if self.options.on_progress is not None:
            self.options.on_progress(text)

    def _reach(self) -> None:
        """States of small scopes with different data; the same data are taken once."""
        dice, known = random.Random(self.options.seed), set[str]()
        for number, sizes in enumerate(sizes_to_reach(self.scope, self.options.scopes, dice)):
            small = drawn_scope(self.scope, sizes, dice if number % 4 else None)
            if small is not None and (data := f"{sizes} {small.static_data}") not in known:
                known.add(data)
                self.reached.append(reached(small, self.options.effort, dice))
                states = sum(len(found.states) for found in self.reached)
                self._tell(f"{states:,} states reached in {len(self.reached)} small scopes")
        if not all(found.complete for found in self.reached):
            self._reach_widely(dice)

    def _reach_widely(self, dice: random.Random) -> None:
        """Diagrams of the smallest scopes in which every action has its parameters, with different data."""
        sizes = {sort: min(2, max(1, most_parameters(self.scope, sort))) for sort in self.scope.members}
        for number in range(self.options.wide):
            small = drawn_scope(self.scope, sizes, dice if number else None)
            if small is not None:
                self.wide.append(Wide(small, self.options.wide_seconds))
                states = sum(wide.states for wide in self.wide)
                self._tell(f"{states:,} states reached in {len(self.wide)} diagrams")

    def _true_where_reached(self, predicate: Predicate) -> bool:
        """Whether a statement holds in every state that was reached."""
        for found in self.reached:
            ground = Grounder(found.scope).statement(predicate)
            if not Vectors(found.scope, found.states).value(ground).all():
                return False
        return all(wide.against(predicate) is None for wide in self.wide)

    def _hunt(self, name: str) -> None:
        """The hunt for one property; lemmas that were found before may be used again."""
        outcome, began = Outcome(name), time.monotonic()
        self.outcomes.append(outcome)
        if not self._true_where_reached(self.properties[name]):
            outcome.obstacle = "it is false in a state that is reached"
            return
        hunt = self._new_hunt(name)
        try:
            outcome.obstacle = self._closed(hunt, name)
        except OutOfTime:
            outcome.obstacle = f"the limit of {self.options.seconds:g} s is reached"
        except Undecided as reason:
            outcome.obstacle = f"Z3 gave up: {reason}"
        finally:
            outcome.rounds, outcome.candidates = hunt.rounds, hunt.candidates
            outcome.refuted = hunt.refuted
            outcome.seconds = time.monotonic() - began
        if not outcome.obstacle:
            outcome.lemmas = tuple(hunt.lemmas.values())
            self.found |= {lemma.name: lemma for lemma in outcome.lemmas}

    def _new_hunt(self, name: str) -> Hunt:
        own = {n: p for n, p in self.own.items() if n != name and self._true_where_reached(p)}
        own |= {lemma.name: lemma.predicate for lemma in self.found.values()}
        ends = time.monotonic() + self.options.seconds

        def tell(p: Progress) -> None:
            self._tell(
                f"{name}: {p.lemmas} lemmas, {p.open} obligations open; "
                f"{p.rounds} rounds, {p.candidates} candidates, {p.seconds:.0f} s"
            )

        hunt = Hunt(
            self.scope, {name: self.properties[name]}, own, Excluder(self.reached, self.wide), ends, tell
        )
        hunt.taken |= set(self.found)
        return hunt

    def _closed(self, hunt: Hunt, name: str) -> str:
        """Climb from small scopes to larger ones until the proof for any size is closed; or why not."""
        small, large = sizes_to_climb(self.scope)
        for stage in (small, *([sizes] for sizes in large)):
            for sizes in stage:
                if not hunt.run(SmallSteps(self.scope, sizes)):
                    return _stuck(hunt)
            self._tell(f"{name}: {len(hunt.lemmas)} lemmas, asked for any size")
            if self._proved(hunt, name):
                return ""
        return "inductive in small scopes, not proved for any size"

    def _proved(self, hunt: Hunt, name: str) -> bool:
        """Whether the proof for any size is closed; while there is time what it does not need is left out."""
        needed = self._leans_on(name, hunt.chosen)
        if needed is None:
            return False
        kept = {n: p for n, p in hunt.chosen.items() if n in needed or n == name}
        for lemma in reversed(hunt.lemmas):
            if time.monotonic() > hunt.ends:
                break
            rest = {n: p for n, p in kept.items() if n != lemma}
            if lemma in kept and (needed := self._leans_on(name, rest)) is not None:
                kept = {n: p for n, p in rest.items() if n in needed or n == name}
                self._tell(f"{name}: {len(kept) - 1} statements are enough")
        hunt.lemmas = {n: lemma for n, lemma in hunt.lemmas.items() if n in kept}
        return True

    def _leans_on(self, name: str, statements: Mapping[str, Predicate]) -> tuple[str, ...] | None:
        """What the proof of a property with some statements leans on; None where it is not closed."""
        options = replace(
            self.options.prove, only=(name,), explain=False, vacuity=False, expect={}, on_tick=None
        )
        with standing(self.scope.model, statements.values()):
            result = prove(self.scope, options)
        if result.findings[0].verdict is not Verdict.PROVED or result.proof is None:
            return None
        return result.proof.leans_on[name]

    def _result(self) -> Result:
        """The proof with the lemmas that were found, as if they stood in the file."""
        own = [p for n, p in self.own.items() if n not in self.found]
        with standing(self.scope.model, [*own, *(lemma.predicate for lemma in self.found.values())]):
            result = prove(self.scope, self.options.prove)
        assert result.proof is not None
        closes = self._closes(result.proof.leans_on)
        suggestions = [
            Suggestion(lemma.name, lemma.sentence, lemma.code, closes[lemma.name])
            for lemma in self.found.values()
            if closes[lemma.name]
        ]
        proof = replace(result.proof, suggestions=tuple(suggestions))
        details: dict[str, object] = {
            "suggest": [outcome.data() for outcome in self.outcomes],
            "states": self._states(),
        }
        notes = [f"{o.property}: {o.obstacle}" for o in self.outcomes if o.obstacle]
        notes += [f"{self.stopped}: what was not found yet is UNDETERMINED"] if self.stopped else []
        return replace(result, proof=proof, details=details, notes=(*result.notes, *notes))

    def _closes(self, leans_on: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """For every lemma the properties whose proof needs it."""
        asked = [name for name in self.asked if name in leans_on]
        return {n: tuple(name for name in asked if n in leans_on[name]) for n in self.found}

    def _states(self) -> dict[str, object]:
        return {
            "reached": sum(len(found.states) for found in self.reached),
            "scopes": len(self.reached),
            "complete": sum(found.complete for found in self.reached),
            "in diagrams": sum(wide.states for wide in self.wide),
        }


def _stuck(hunt: Hunt) -> str:
    ((goal, action),) = hunt.stuck.items()
    return f"no lemma of this form excludes a step of {action} that breaks {goal}"


def sizes_to_climb(scope: Scope) -> tuple[list[Sizes], list[Sizes]]:
    """Sizes in which steps are looked for: first small ones, then those that are taken only if need be."""
    ones: Sizes = dict.fromkeys(scope.members, 1)
    least = {sort: max(1, most_parameters(scope, sort)) for sort in scope.members}
    small = [ones, *({**ones, sort: 2} for sort in ones)]
    large = [{**ones, sort: 3} for sort in ones] + [least] + [{**least, s: n + 1} for s, n in least.items()]
    return small, [sizes for sizes in large if sizes not in small]
