"""Actions: what can happen, as guards and effects in one function.

@action(agent="source host", kind="protocol", fairness="weak")
def begin_live_migration(s: Cluster, vm: VM, src: Host, dst: Host):
    \"\"\"Start copying a running VM's memory to another host.\"\"\"
    require(s.copy[vm, src] == Copy.RUNNING, "the VM does not run on this host")
    s.copy[vm, dst] = Copy.RECEIVING
"""

from __future__ import annotations

import inspect
import linecache
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from .domains import Domain, domain_of
from .misuse import ModelError, Problem, Source, report_all, shown_path
from .state import State
from .tracing import trace_action

Kind = Literal["protocol", "guest", "operator", "fault"]
Fairness = Literal["weak", "strong"]
_KINDS = typing.get_args(Kind)


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action or a statement: a sort, an enumeration or a range."""

    name: str
    domain: Domain


@dataclass(frozen=True, eq=False)
class Action:
    """One thing that can happen. Called, it is the function itself.

    ``agent`` does it; ``kind`` is its class; ``observable`` says whether a log shows it; ``fairness``
    whether it must happen when it stays possible (weak) or becomes possible again and again (strong);
    ``mechanism`` removes the whole action; ``budget`` names the scope's limit on how often it happens.
    """

    name: str
    function: Callable[..., Any]
    state: type[State]
    parameters: tuple[Parameter, ...]
    sentence: str
    text: str
    agent: str
    kind: Kind
    observable: bool
    fairness: Fairness | None
    mechanism: str | None
    budget: str | None
    source: str
    where: Source

    def __call__(self, s: State, *arguments: Any) -> Any:
        return self.function(s, *arguments)


def action(
    *,
    agent: str = "",
    kind: Kind = "protocol",
    observable: bool = True,
    fairness: Fairness | None = None,
    mechanism: str | None = None,
    budget: str | None = None,
    source: str = "",
) -> Callable[[Callable[..., Any]], Action]:
    """Make a function an action of its State class; it is traced at once, so misuse shows here."""

    def register(function: Callable[..., Any]) -> Action:
        state, parameters = parameters_of(function, sys._getframe(1))
        where = source_of_function(function)
        made = Action(
            function.__name__, function, state, parameters, sentence_of(function), text_of(function),
            agent, kind, observable, fairness, mechanism, budget, source, where,
        )  # fmt: skip
        problems = _tag_problems(made) + trace_action(state, made).problems
        if not problems:
            state.model.actions[made.name] = made
        report_all(problems)
        return made

    return register


def source_of_function(function: Callable[..., Any]) -> Source:
    """File and first line of a function."""
    code = function.__code__
    return Source(shown_path(code.co_filename), code.co_firstlineno)


def _tag_problems(made: Action) -> list[Problem]:
    found = []
    if made.kind not in _KINDS:
        cure = ", ".join(f'kind="{kind}"' for kind in _KINDS)
        found.append(Problem(made.where, f"kind={made.kind!r}", "no such class of actions", cure))
    if made.mechanism is not None and made.mechanism not in made.state.model.mechanisms:
        message = f"mechanism {made.mechanism!r} is not declared"
        cure = f'name = Mechanism("{made.mechanism}", "what it does") in class {made.state.__name__}'
        found.append(Problem(made.where, f"mechanism={made.mechanism!r}", message, cure))
    if made.name in made.state.model.actions:
        message = f"a second action has the name {made.name!r}"
        found.append(Problem(made.where, f"def {made.name}", message, "another name"))
    return found


def parameters_of(
    function: Callable[..., Any], frame: FrameType
) -> tuple[type[State], tuple[Parameter, ...]]:
    """The State class and the parameters that a function's annotations name.

    Raises ModelError with place and cure when an annotation is missing or is no domain.
    """
    names = list(inspect.signature(function).parameters)
    try:
        hints = typing.get_type_hints(function, localns=dict(frame.f_locals), include_extras=True)
    except NameError as error:
        raise _bad_signature(
            function, str(error), "the class's name as it is imported in this file"
        ) from error
    state = hints.get(names[0]) if names else None
    if not (isinstance(state, type) and issubclass(state, State)):
        raise _bad_signature(
            function,
            "the first parameter is the state",
            f"def {function.__name__}(s: Cluster, …), a State class",
        )
    return state, tuple(_parameter(function, name, hints) for name in names[1:])


def _parameter(function: Callable[..., Any], name: str, hints: dict[str, Any]) -> Parameter:
    hint = hints.get(name)
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[1]
    try:
        return Parameter(name, domain_of(hint))
    except TypeError as error:
        cure = f"{name}: Host (a Sort), {name}: Phase (an Enum), or {name}: Annotated[int, Range(0, 3)]"
        raise _bad_signature(function, f"parameter {name!r}: {error}", cure) from error


def _bad_signature(function: Callable[..., Any], message: str, cure: str) -> ModelError:
    where = source_of_function(function)
    return ModelError([Problem(where, definition_of(function), message, cure)])


def definition_of(function: Callable[..., Any]) -> str:
    """The line that begins a function's definition."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    return next(
        (line.strip() for line in lines if line.lstrip().startswith("def ")), f"def {function.__name__}"
    )


def sentence_of(function: Callable[..., Any]) -> str:
    """The first line of the docstring, or the name in words."""
    return text_of(function).split("\n", 1)[0] or function.__name__.replace("_", " ")


def text_of(function: Callable[..., Any]) -> str:
    """The whole docstring, cleaned of its indentation."""
    return inspect.getdoc(function) or ""
