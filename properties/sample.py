"""Hypothesis samples a scope: a ``RuleBasedStateMachine`` with one rule an action.

    TestCluster = machine_for(scope).TestCase

Only instances that are possible are drawn. Each step is taken by the plain reading; invariants that
the step can have changed are asked after it. A failing example is shortened and printed as a program.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.strategies import SearchStrategy

from ..model.language.actions import Action
from ..model.language.plain import Packed, run
from ..model.language.predicates import invariants_of
from ..model.language.scope import Instance, Scope
from ..model.language.wording import word
from ..solver.compiled import Kernel
from ..solver.frozen import kernel_from_start
from ..solver.initial import NO_START, Starts
from .replay import Run, Violated, confirmed, program, violates
from .walk import GuardWatch

MOST_STARTS = 64


class SampledScope(RuleBasedStateMachine):
    """Base of the machines that ``machine_for`` makes."""

    scope: ClassVar[Scope]
    kernel: ClassVar[Kernel]
    watch: ClassVar[GuardWatch]
    positions: ClassVar[dict[str, dict[str, int]]]
    """Per action: the arguments as text, in the model's order, and the position of the instance."""
    owner: ClassVar[list[tuple[str, str]]]
    any_action: ClassVar[SearchStrategy[str]]
    begun: ClassVar[dict[Packed, list[int]]]
    """What is possible in the initial states from which examples began."""
    fired: ClassVar[dict[str, int]]

    def __init__(self) -> None:
        super().__init__()
        rules = {made.function.__name__: made for made in self.setup_state().rules}
        # Hypothesis' own choice among rules asks every precondition twice a step and gives up an example
        # when it has switched off all that is possible. Ours draws once, from what is possible.
        self._rules_strategy: Any = _next_step(self, rules)
        self.possible_action = self.any_action.filter(lambda name: bool(self.enabled[name]))
        self.packed: Packed = b""
        self.start: Packed = b""
        self.taken: list[Instance] = []
        self.enabled: dict[str, dict[int, str]] = {}
        self.possible: set[int] = set()

    def begin(self, start: Packed) -> None:
        """Go to an initial state."""
        self.start = self.packed = start
        if start not in self.begun:
            self.begun[start] = self.kernel.enabled(start)
        self.possible = set(self.begun[start])
        self.enabled = {name: {} for name in self.positions}
        for position in self.begun[start]:
            name, arguments = self.owner[position]
            self.enabled[name][position] = arguments
        self._check(self.kernel.statements)

    def possible_actions(self) -> tuple[str, ...]:
        """The actions that are possible now, in the model's order."""
        return tuple(name for name, enabled in self.enabled.items() if enabled)

    def possible_arguments(self, name: str) -> tuple[str, ...]:
        """The arguments with which an action is possible now, in the model's order."""
        enabled = self.enabled[name]
        return tuple(enabled[position] for position in sorted(enabled))

    def take(self, name: str, arguments: str) -> None:
        """Take one step by the plain reading."""
        position = self.positions[name][arguments]
        instance = self.kernel.instance(position)
        self.packed = run(self.scope, self.packed, instance)
        self.taken.append(instance)
        self.fired[name] += 1
        self._update(position)
        self.watch.look(self.packed)
        self._check(self.kernel.touched[position])

    def _update(self, taken: int) -> None:
        """Bring what is possible up to date: only guards that read what was written are asked again."""
        guards, packed, possible = self.kernel.guards, self.packed, self.possible
        for position in self.kernel.affected[taken]:
            if guards[position](packed):
                if position not in possible:
                    name, arguments = self.owner[position]
                    self.enabled[name][position] = arguments
                    possible.add(position)
            elif position in possible:
                del self.enabled[self.owner[position][0]][position]
                possible.remove(position)

    def _check(self, names: Any) -> None:
        for name in names:
            if not self.kernel.statements[name](self.packed):
                self._fail(name)

    def _fail(self, name: str) -> None:
        """Raise with the run that led here; it is replayed first."""
        predicate = next(p for p in invariants_of(self.scope.model) if p.name == name)
        found = Run(self.scope, self.start, tuple(self.taken))
        confirmed(found, violates(self.scope, predicate), name)
        text = program(found, name)
        raise Violated(f"{name} is violated after {len(self.taken)} steps: {predicate.sentence}\n\n{text}")

    def teardown(self) -> None:
        """Tell the statistics which actions this example took."""
        for name in sorted({instance.action.name for instance in self.taken}):
            event(f"took {name}")
        for name, reason in sorted(self.watch.decisive_since_last()):
            event(f"{name} refused alone: {reason}")


def machine_for(scope: Scope) -> type[SampledScope]:
    """A Hypothesis state machine of a scope: class attributes ``fired`` and ``watch`` keep coverage."""
    kernel = kernel_from_start(scope, invariants_of(scope.model))
    owner = [(a.instance.action.name, ", ".join(map(word, a.instance.arguments))) for a in kernel.actions]
    positions: dict[str, dict[str, int]] = {name: {} for name, _ in owner}
    for position, (name, arguments) in enumerate(owner):
        positions[name][arguments] = position
    body: dict[str, Any] = {
        "scope": scope,
        "kernel": kernel,
        "watch": GuardWatch(kernel),
        "positions": positions,
        "owner": owner,
        "begun": {},
        "any_action": _sampled(tuple(positions)),
        "fired": dict.fromkeys(scope.model.actions, 0),
        "start_somewhere": _start_rule(scope),
        "rest": _rest_rule(),
        **{name: _rule_for(scope.model.actions[name]) for name in positions},
    }
    return type(f"{scope.model.name}Machine", (SampledScope,), body)


_sampled = lru_cache(maxsize=4096)(st.sampled_from)  # building a strategy costs more than a draw


@st.composite
def _next_step(draw: Callable[..., Any], machine: SampledScope, rules: dict[str, Any]) -> Any:
    """One of the possible actions, then one of the arguments with which it is possible.

    The action is drawn from all and filtered: a draw means the same in every state, and Hypothesis
    discards what was filtered out, so that examples shrink to the shortest.
    """
    if not any(machine.enabled.values()):
        return rules["rest"], {}
    name = draw(machine.possible_action)
    return rules[name], {"arguments": draw(_sampled(machine.possible_arguments(name)))}


def _start_rule(scope: Scope) -> Callable[..., Any]:
    starts = Starts(scope).some(MOST_STARTS, random.Random(0))
    if not starts:
        raise ValueError(NO_START)

    def start_somewhere(self: SampledScope, number: int) -> None:
        self.begin(starts[number])

    made: Callable[..., Any] = initialize(number=st.integers(0, len(starts) - 1))(start_somewhere)
    return made


def _rest_rule() -> Callable[..., Any]:
    def rest(self: SampledScope) -> None:
        """Nothing is possible."""

    made: Callable[..., Any] = precondition(lambda machine: not machine.possible_actions())(rule()(rest))
    return made


def _rule_for(action: Action) -> Callable[..., Any]:
    name = action.name
    possible = st.runner().flatmap(lambda machine: _sampled(machine.possible_arguments(name)))

    def take(self: SampledScope, arguments: str) -> None:
        self.take(name, arguments)

    take.__name__ = name
    take.__doc__ = action.sentence
    decorated = rule(arguments=possible)(take)
    made: Callable[..., Any] = precondition(lambda machine: bool(machine.enabled.get(name)))(decorated)
    return made
