"""Replay: every run that an engine found is taken again by the plain reading before anyone sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..model.language.domains import Domain, Sort
from ..model.language.plain import NotPossible, Packed, run, true_of
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Instance, Scope
from ..model.language.wording import word
from ..solver.initial import initial_states
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
    words = [part.strip() for part in (match[2] or "").split(",") if part.strip()]
    if len(words) != len(action.parameters):
        needed = ", ".join(f"{p.name}: {p.domain}" for p in action.parameters)
        raise ValueError(f"{text!r}: {action.name} needs ({needed})")
    pairs = zip(action.parameters, words, strict=True)
    return Instance(action, tuple(_argument(scope, p.domain, w, text) for p, w in pairs))


def _argument(scope: Scope, domain: Domain, text: str, call: str) -> object:
    for value in domain.values(scope.sorts):
        if word(value) == text:
            return value
    known = ", ".join(map(word, domain.values(scope.sorts)))
    raise ValueError(f"{call!r}: {text!r} is no {domain} of this scope; known: {known}")


def replay(scope: Scope, steps: Sequence[str | Instance], start: Packed | None = None) -> Run:
    """Take the steps by the plain reading and check every invariant after each.

    ``start`` is a packed state, by default the first initial one. Raises NotPossible (with the guards
    that fail) for a step that cannot be taken, Violated for an invariant that breaks.
    """
    instances = tuple(instance_named(scope, step) if isinstance(step, str) else step for step in steps)
    found = Run(scope, start if start is not None else next(initial_states(scope)), instances)
    for number, packed in enumerate(found.states()):
        for predicate in invariants_of(scope.model):
            if not true_of(scope, packed, predicate):
                raise Violated(f"{predicate.name} is violated after step {number}: {predicate.sentence}")
    return found


def program(found: Run) -> str:
    """A program that replays a run, to be pasted into a test."""
    several = len(_first(found.scope, 2)) > 1
    start = f', start=bytes.fromhex("{found.start.hex()}")' if several else ""
    steps = [f'    "{instance}",' for instance in found.instances]
    return "\n".join([recipe_of(found.scope), "", "replay(scope, [", *steps, f"]{start})"])


def recipe_of(scope: Scope) -> str:
    """Lines of Python that make a scope again."""
    if scope.recipe:
        return scope.recipe
    sorts = ", ".join(sort.__name__ for sort in scope.members)
    module = scope.state.__module__
    members = ", ".join(f"{sort.__name__}: {list(names)!r}" for sort, names in scope.members.items())
    data = {"settings": dict(scope.settings), "without": scope.without, "budgets": dict(scope.budgets)}
    data |= {"statics": {name: _by_names(scope, name) for name in scope.model.statics}}
    options = "".join(f",\n    {key}={value!r}" for key, value in data.items() if value)
    starts = [predicate.name for predicate in scope.initial]
    options += f",\n    initial=({', '.join(starts)},)" if starts else ""
    imports = ", ".join([scope.state.__name__, sorts, *starts])
    head = f"from vmproof import Scope, replay\nfrom {module} import {imports}\n"
    return f"{head}\nscope = Scope({scope.state.__name__}, {{{members}}}{options})"


def _by_names(scope: Scope, static: str) -> dict[object, object]:
    """Static data with names instead of members, as Scope takes them."""
    named = {tuple(map(_name, places)): _name(value) for places, value in scope.static_data[static].items()}
    return {places[0] if len(places) == 1 else places: value for places, value in named.items()}


def _name(value: object) -> object:
    return value.name if isinstance(value, Sort) else value


def _first(scope: Scope, most: int) -> list[Packed]:
    return [packed for packed, _ in zip(initial_states(scope), range(most), strict=False)]
