"""Hashes of obligations: the same question has the same hash in every run, on every machine.

They are made from terms, without a solver. A question is known by its goal and by what the action writes;
its hypotheses are known one by one, so an answer from the cache is good as long as the hypotheses that it
used are still there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from enum import Enum
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ..model.language.domains import Choice, Domain, Range
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..model.language.terms import Var
from ..model.language.wording import show
from ..solver.smt.answers import guard_name
from .proofs import FOLLOWS, START

LEANT_ON = ("invariant", "lemma")
"""Kinds of hypotheses that have to be proved themselves."""
_NO_ANSWERS = ("small.py", "sorts.py", "vacuity.py")
"""Files of the encoding on which no answer depends that is kept."""


def digest(*parts: str) -> str:
    """A hash of some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


@cache
def encoding_digest() -> str:
    """A hash of the encoding itself, and of the solver's version: with another one all is asked anew."""
    room = Path(__file__).parent.parent / "solver" / "smt"
    files = sorted(path for path in room.glob("*.py") if path.name not in _NO_ANSWERS)
    sources = [path.read_text(encoding="utf-8") for path in files]
    return digest(version("z3-solver"), *sources)


class Digests:
    """The hashes of one scope's obligations and hypotheses."""

    def __init__(self, scope: Scope, invariants: Mapping[str, Predicate]) -> None:
        self.scope = scope
        self.invariants = invariants
        model = scope.model
        quantities = (*model.fields.values(), *model.statics.values())
        self.declarations = digest(
            *(f"{q.name}: {[*map(_domain, q.index)]} {_domain(q.value)}" for q in quantities)
        )
        self._statements: dict[str, str] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._written: dict[str, str] = {}

    def statement(self, predicate: Predicate) -> str:
        """The hash of a statement."""
        if predicate.name not in self._statements:
            found = self.scope.statement(predicate)
            self._statements[predicate.name] = digest(_parameters(found.parameters), *map(show, found.bodies))
        return self._statements[predicate.name]

    def question(self, action: str, goal: str) -> str:
        """The hash of a question, its hypotheses left out."""
        aim = goal if goal.startswith("range ") else self.statement(self.invariants[goal])
        if action not in self._written:
            self._written[action] = self._effects(action)
        return digest(self.declarations, self._written[action], aim)

    def _effects(self, action: str) -> str:
        if action in (START, FOLLOWS):
            return action
        trace = self.scope.traces[action]
        writes = [w for w in trace.writes if all(map(self.scope.on, w.mechanisms))]
        lines = [f"{w.field.name}{[*map(show, w.places)]} = {show(w.value)} {w.mechanisms}" for w in writes]
        return digest(_parameters(trace.parameters), *lines)

    def hypotheses(self, action: str) -> dict[str, str]:
        """The hash of every hypothesis that a question about this action may use, by its name."""
        if action not in self._known:
            self._known[action] = self._hypotheses(action)
        return self._known[action]

    def believed(self, action: str, assumed: Container[str]) -> dict[str, str]:
        """The same by their hashes, but of the invariants and lemmas only those that are assumed."""
        found: dict[str, str] = {}
        for name, part in self.hypotheses(action).items():
            kind, _, which = name.partition(" ")
            if kind not in LEANT_ON or which in assumed:
                found[part] = name
        return found

    def _hypotheses(self, action: str) -> dict[str, str]:
        model = self.scope.model
        found = {f"{p.kind} {p.name}": self.statement(p) for p in model.of_kind("axiom")}
        found |= {f"range {name}": digest("range", name) for name in (*model.fields, *model.statics)}
        if action == START:
            begin = self.scope.initial_predicates()
            return found | {f"{p.kind} {p.name}": digest("start", self.statement(p)) for p in begin}
        found |= {f"{p.kind} {p.name}": digest("holds", self.statement(p)) for p in self.invariants.values()}
        return found if action == FOLLOWS else found | self._guards(action)

    def _guards(self, action: str) -> dict[str, str]:
        trace = self.scope.traces[action]
        guards = {
            guard_name(number, guard.mechanism): digest("guard", show(guard.condition), guard.mechanism or "")
            for number, guard in enumerate(trace.guards)
            if self.scope.on(guard.mechanism)
        }
        effects = {mechanism for write in trace.writes for mechanism in write.mechanisms}
        return guards | {f"effect {mechanism}": digest("effect", mechanism) for mechanism in effects}


def _parameters(variables: tuple[Var, ...]) -> str:
    return ", ".join(f"{var.name}: {var.domain}" for var in variables)


def _domain(domain: Domain) -> str:
    if isinstance(domain, Choice):
        names = [member.name for member in domain.of if isinstance(member, Enum)]
        return f"{domain}{names}"
    return f"range {domain}" if isinstance(domain, Range) else f"{type(domain).__name__} {domain}"
