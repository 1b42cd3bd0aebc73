"""Replay: every run that an engine found is taken again by the plain reading before anyone sees it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..model.language.domains import Domain
from ..model.language.plain import NotPossible, Packed, run, true_of
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Instance, Scope
from ..model.language.wording import word
from ..solver.initial import NO_START, initial_states
from .recipe import program_of
from .results import Change, Step


class OurBug(Exception):
    """Two readings of one model disagree: a bug of vmproof itself (exit 5)."""


class Violated(AssertionError):
    """A replayed run violates an invariant."""


@dataclass(frozen=True)
class Run:
    """A run of a scope: where it started, what was taken, and where it ended."""

    scope: Scope
    start: Packed
    instances: tuple[Instance, ...]

    def states(self) -> list[Packed]:
        """All states of the run by the plain reading, the start included."""
        found = [self.start]
        for instance in self.instances:
            found.append(run(self.scope, found[-1], instance))
        return found

    def steps(self) -> tuple[Step, ...]:
        """The run as reports show it: each step with what it changed."""
        states = self.states()
        return tuple(
            step_of(self.scope, before, instance, after)
            for before, instance, after in zip(states, self.instances, states[1:], strict=False)
        )


def step_of(scope: Scope, before: Packed, instance: Instance, after: Packed) -> Step:
    """One step as reports show it."""
    action = instance.action
    names = [parameter.name for parameter in action.parameters]
    arguments = tuple(zip(names, map(word, instance.arguments), strict=True))
    return Step(
        action.name,
        arguments,
        action.sentence,
        action.agent,
        action.kind,
        tuple(_changes(scope, before, after)),
    )


def _changes(scope: Scope, before: Packed, after: Packed) -> Iterable[Change]:
    for cell, old, new in zip(scope.cells, before, after, strict=True):
        if old != new:
            yield Change(
                cell.field, tuple(map(word, cell.places)), word(cell.values[old]), word(cell.values[new])
            )


def confirmed(found: Run, wanted: Callable[[Packed], bool], what: str) -> Run:
    """The run itself, once the plain reading has taken every step and agrees on its last state.

    Raises OurBug when it does not.
    """
    try:
        last = found.states()[-1]
    except NotPossible as refused:
        raise OurBug(f"the run to {what} does not replay: {refused}") from refused
    if not wanted(last):
        raise OurBug(f"the run to {what} replays, but the plain reading does not see it in its last state")
    return found


def violates(scope: Scope, predicate: Predicate) -> Callable[[Packed], bool]:
    """Whether the plain reading sees an invariant broken in a state."""
    return lambda packed: not true_of(scope, packed, predicate)


_CALL = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*$")


def instance_named(scope: Scope, text: str) -> Instance:
    """The action instance that a text names: ``restart(v1, h2)``.

    Raises ValueError with what is known.
    """
    match = _CALL.match(text)
    action = scope.model.actions.get(match[1]) if match else None
    if match is None or action is None:
        raise ValueError(f"{text!r} names no action; known: {', '.join(scope.model.actions)}")
    domains = [parameter.domain for parameter in action.parameters]
    words = _arguments(scope, domains, match[2] or "")
    if len(words) != len(domains):
        needed = ", ".join(f"{p.name}: {p.domain}" for p in action.parameters)
        raise ValueError(f"{text!r}: {action.name} needs ({needed})")
    pairs = zip(domains, words, strict=True)
    return Instance(action, tuple(_argument(scope, domain, given, text) for domain, given in pairs))


def _arguments(scope: Scope, domains: list[Domain], text: str) -> list[str]:
    """The arguments in a text. A name may have commas of its own where that leaves no doubt."""
    known = ["|".join(re.escape(word(value)) for value in domain.values(scope.sorts)) for domain in domains]
    match = re.fullmatch(r"\s*,\s*".join(f"({words})" for words in known), text.strip())
    return list(match.groups()) if match else [part.strip() for part in text.split(",") if part.strip()]


def _argument(scope: Scope, domain: Domain, text: str, call: str) -> object:
    for value in domain.values(scope.sorts):
        if word(value) == text:
            return value
    known = ", ".join(map(word, domain.values(scope.sorts)))
    raise ValueError(f"{call!r}: {text!r} is no {domain} of this scope; known: {known}")


def replay(
    scope: Scope, steps: Sequence[str | Instance], start: Packed | None = None, of: str | None = None
) -> Run:
    """Take the steps by the plain reading and check every invariant after each; ``of``: only this one.

    ``start`` is a packed state, by default the first initial one. Raises NotPossible (with the guards
    that fail) for a step that cannot be taken, Violated for an invariant that breaks, ValueError for a name
    that there is not.
    """
    asked = [p for p in invariants_of(scope.model) if of is None or p.name == of]
    if not asked and of is not None:
        raise ValueError(f"{of!r} is no invariant of {scope.model.name}")
    instances = tuple(instance_named(scope, step) if isinstance(step, str) else step for step in steps)
    packed = start if start is not None else next(initial_states(scope), None)
    if packed is None:
        raise ValueError(NO_START)
    found = Run(scope, packed, instances)
    _check(scope, asked, packed, 0)
    for number, instance in enumerate(instances, 1):
        packed = run(scope, packed, instance)
        _check(scope, asked, packed, number)
    return found


def _check(scope: Scope, asked: Iterable[Predicate], packed: Packed, number: int) -> None:
    for predicate in asked:
        if not true_of(scope, packed, predicate):
            raise Violated(f"{predicate.name} is violated after step {number}: {predicate.sentence}")


def program(found: Run, of: str | None = None) -> str:
    """A program that replays a run, to be pasted into a test. ``of``: the invariant that the run is about,
    which is named where the run breaks another one before it, or with it."""
    starts = list(itertools.islice(initial_states(found.scope), 2))
    others = [predicate for predicate in invariants_of(found.scope.model) if predicate.name != of]
    broken = any(not true_of(found.scope, state, other) for state in found.states() for other in others)
    start = None if starts == [found.start] else found.start
    return program_of(found.scope, start, found.instances, of if broken else None)
