"""What an inductive proof has to show: each invariant holds at the start, and every action keeps it.

A ``Theory`` is a model under fixed settings, for any number of members. Hypotheses have names, so that an
answer can say which of them it needed:

    invariant NAME, axiom NAME, range FIELD     about the state before the step
    guard NUMBER, effect MECHANISM              about the action
    initial NAME                                about the start
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import z3

from ...model.language.domains import Domain, Member, Members, Range
from ...model.language.predicates import Predicate
from ...model.language.recording import Write
from ...model.language.scope import Scope
from ...model.language.terms import Var
from ...model.language.tracing import Statement, Trace
from .answers import Answer, Limits, Reply, guard_name
from .encoding import Environment, StateView, closed, encode
from .solving import Asker
from .states import After, Before, fits
from .sums import Sums, change_of, comparisons, environments
from .universe import Expr, Universe, conjunction

Formulas = dict[str, Expr]
Known = Mapping[Domain, list[Expr]]
"""Members that a question is about."""
QUICKLY = 40
"""The part of the limits for what is good to know and can be done without: a 40th."""
FIRST = 8
"""The part of the limits for a first try."""


@dataclass
class Step:
    """One action in any state: its parameters, guards and the state after it."""

    trace: Trace
    env: Environment
    guards: Formulas
    before: Before
    after: After
    old: Sums
    new: Sums

    def arguments(self) -> list[tuple[Var, Expr]]:
        """The action's parameters with what they stand for."""
        return [(var, self.env[var.name]) for var in self.trace.parameters]

    def points_of(self, var: Var) -> list[Expr]:
        """The action's parameters of a sort."""
        return [self.env[p.name] for p in self.trace.parameters if p.domain == var.domain]


class Theory:
    """The model of a scope, under its settings and mechanisms, for any number of members (or for these)."""

    def __init__(
        self, scope: Scope, invariants: Mapping[str, Predicate], members: Members | None = None
    ) -> None:
        self.scope = scope
        self.invariants = invariants
        self.universe = Universe(members)
        self.sums = Sums(self.universe)
        self.before = Before(self.universe, scope.model, self.sums)
        self._statements: dict[str, Statement] = {}
        self._formulas: dict[object, Expr] = {}

    def statement(self, predicate: Predicate) -> Statement:
        """A predicate's terms, traced once."""
        if predicate.name not in self._statements:
            self._statements[predicate.name] = self.scope.statement(predicate)
        return self._statements[predicate.name]

    def _all(self, predicates: Iterable[Predicate], known: Known | None) -> Formulas:
        return {f"{p.kind} {p.name}": self._closed(p, known or {}) for p in predicates}

    def _closed(self, predicate: Predicate, known: Known) -> Expr:
        """A statement for all members, or for those that its first parameter may be."""
        statement = self.statement(predicate)
        domain = statement.parameters[0].domain if statement.parameters else None
        members = known.get(domain) if domain is not None else None
        key = (predicate.name, members and tuple(map(str, members)))
        if key not in self._formulas:
            parameters, body = statement.parameters, statement.bodies[0]
            self._formulas[key] = closed(self.before, parameters, body, members)
        return self._formulas[key]

    def axioms(self, known: Known | None = None) -> Formulas:
        """What the fixed data obey, and that numbers lie in their ranges."""
        model = self.scope.model
        found = self._all(model.of_kind("axiom"), known)
        for quantity in (*model.fields.values(), *model.statics.values()):
            inside = self.before.in_range(quantity)
            if inside is not None:
                found[f"range {quantity.name}"] = inside
        return found

    def initial(self, known: Known | None = None) -> Formulas:
        """Where a run begins."""
        return self._all(self.scope.initial_predicates(), known)

    def assumed(self, known: Known | None = None) -> Formulas:
        """The invariants before a step."""
        return self._all(self.invariants.values(), known)

    def some(self, predicate: Predicate) -> dict[str, Expr]:
        """Members that nothing is known of, one for each parameter of a statement."""
        variables = self.statement(predicate).parameters
        return {v.name: z3.Const(f"some {v.name}", self.universe.sort(v.domain)) for v in variables}

    def step(self, name: str) -> Step:
        """An action in any state."""
        trace = self.scope.traces[name]
        env = {v.name: z3.Const(v.name, self.universe.sort(v.domain)) for v in trace.parameters}
        guards = {
            guard_name(number, guard.mechanism): encode(self.before, guard.condition, env)
            for number, guard in enumerate(trace.guards)
            if self.scope.on(guard.mechanism)
        }
        writes = tuple(w for w in trace.writes if all(map(self.scope.on, w.mechanisms)))
        effects = {m: z3.Bool(f"effect {m}") for w in writes for m in w.mechanisms}
        guards |= {f"effect {mechanism}": happens for mechanism, happens in effects.items()}
        new = Sums(self.universe, "'")
        after = After(self.before, writes, env, new, effects)
        return Step(trace, env, guards, self.before, after, self.sums, new)

    def goal(self, predicate: Predicate, state: StateView) -> Expr:
        """A statement about a state, for some members."""
        return encode(state, self.statement(predicate).bodies[0], self.some(predicate))

    def numbers(self, predicate: Predicate) -> list[Expr]:
        """That a statement's parameters which are numbers lie in their ranges."""
        some = self.some(predicate)
        return numbers_in_range([(v, some[v.name]) for v in self.statement(predicate).parameters])

    def known(self, predicate: Predicate, step: Step | None = None) -> Known:
        """The members that a question is about, by their sorts."""
        found: dict[Domain, list[Expr]] = {}
        for var in self.statement(predicate).parameters:
            if isinstance(var.domain, Member):
                found.setdefault(var.domain, []).append(self.some(predicate)[var.name])
        if step is not None:
            for var in step.trace.parameters:
                if isinstance(var.domain, Member):
                    found.setdefault(var.domain, []).append(step.env[var.name])
        return found


def numbers_in_range(parameters: Iterable[tuple[Var, Expr]]) -> list[Expr]:
    """That parameters which are numbers lie in their ranges."""
    ranges = [(v.domain, value) for v, value in parameters if isinstance(v.domain, Range)]
    return [conjunction([domain.low <= value, value <= domain.high]) for domain, value in ranges]


class Question(ABC):
    """Whether some hypotheses imply statements, asked in the cheapest way that is enough.

    First the hypotheses are said of the members alone that the question is about, then (``thorough``) of all.
    """

    thorough = True
    minimal = True

    def __init__(self, theory: Theory, limits: Limits, step: Step | None) -> None:
        self.theory = theory
        self.limits = limits
        self.step = step
        self._askers: dict[object, Asker] = {}

    @abstractmethod
    def hypotheses(self, known: Known | None) -> Formulas:
        """What may be used; ``known`` as in ``closed``."""

    def asker(self, predicate: Predicate | None) -> Asker:
        """A solver with the hypotheses, said of the members that a statement is about, or of all."""
        known = None if predicate is None else self.theory.known(predicate, self.step)
        key = tuple(str(member) for members in known.values() for member in members) if known else None
        if key not in self._askers:
            self._askers[key] = Asker(self.limits, self.minimal)
            self._askers[key].suppose(self.hypotheses(known))
        return self._askers[key]

    def ask(
        self,
        predicate: Predicate,
        state: StateView,
        without: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> Reply:
        """Whether the hypotheses imply a statement about a state."""
        goal = self.theory.goal(predicate, state)
        limits = limits or self.limits
        short = limits.part(FIRST) if self.thorough else limits
        first = self.asker(predicate).ask(goal, self._about_sums(predicate), without, short)
        if first.answer is Answer.PROVED or not self.thorough:
            return first
        again = self.asker(None).ask(goal, self._about_sums(predicate), without, limits)
        return replace(again, seconds=first.seconds + again.seconds)

    def _about_sums(self, predicate: Predicate) -> Formulas:
        facts = [*self.sums(self.theory.known(predicate, self.step)), *self.theory.numbers(predicate)]
        facts += numbers_in_range(self.step.arguments()) if self.step is not None else []
        return {f"sum {number}": fact for number, fact in enumerate(facts)}

    @abstractmethod
    def sums(self, known: Known) -> Iterator[Expr]:
        """What is true of the sums in the question."""


class Consecution(Question):
    """Whether an action keeps invariants."""

    step: Step

    def __init__(self, theory: Theory, action: str, limits: Limits) -> None:
        super().__init__(theory, limits, theory.step(action))

    def hypotheses(self, known: Known | None) -> Formulas:
        return self.theory.axioms(known) | self.theory.assumed(known) | self.step.guards

    def sums(self, known: Known) -> Iterator[Expr]:
        step = self.step
        for found in list(step.new.known.values()):
            points = step.points_of(found.term.var)
            for env in environments(found, known):
                yield from change_of(found, step.before, step.after, step.old, step.new, points, env)

    def keeps(
        self, predicate: Predicate, without: frozenset[str] = frozenset(), limits: Limits | None = None
    ) -> Reply:
        """Whether the action keeps a statement that held before, without some of the hypotheses."""
        self.step.new.known.clear()
        return self.ask(predicate, self.step.after, without, limits)

    def stay_in_range(self, writes: Iterable[Write]) -> Reply:
        """Whether what some writes of the action leave in a field is in its range."""
        inside = [fits(write, self.step.before, self.step.env) for write in writes]
        numbers = {f"sum {i}": fact for i, fact in enumerate(numbers_in_range(self.step.arguments()))}
        return self.asker(None).ask(conjunction(part for part in inside if part is not None), numbers)


class SameState(Question):
    """Whether statements hold at the start, or follow from others in any state."""

    def __init__(self, theory: Theory, limits: Limits, start: bool) -> None:
        super().__init__(theory, limits if start else limits.part(QUICKLY), None)
        self.start = self.thorough = start  # what does not follow at once is asked action by action
        self.minimal = not start  # what holds at the start leans on no invariant

    def hypotheses(self, known: Known | None) -> Formulas:
        more = self.theory.initial(known) if self.start else self.theory.assumed(known)
        return self.theory.axioms(known) | more

    def sums(self, known: Known) -> Iterator[Expr]:
        values = self.theory.sums
        for found in list(values.known.values()):
            alike = [other for other in values.known.values() if other.free_domains() == found.free_domains()]
            for env in environments(found, known):
                yield from comparisons(found, alike, self.theory.before, values, env)

    def implies(self, predicate: Predicate) -> Reply:
        """Whether the hypotheses imply a statement about the same state."""
        return self.ask(predicate, self.theory.before)
