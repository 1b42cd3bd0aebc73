"""The traced reading: a model function runs once on terms and leaves guards and writes.

    trace_action(Cluster, begin_live_migration)   ->  Trace(parameters, guards, writes, …)
    trace_statement(Cluster, one_disk_writer)     ->  Statement(parameters, bodies, …)

A trace depends on the settings (plain Python branches on them) and on nothing else of a scope.
Registration traces under every value of every setting, so misuse in any branch shows at import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .building import lift, truth
from .misuse import Problem, Source, TooManyProblems, collecting, report, shown_path
from .recording import Guard, Settings, TracedStore, Write
from .state import State
from .syntax import expression_of
from .terms import POISON, Exists, ForAll, Read, Term, Var, walk
from .wording import show
from .words import LeadsTo, reading

if TYPE_CHECKING:
    from .actions import Action
    from .predicates import Predicate


@dataclass(frozen=True)
class Trace:
    """What an action does, as terms over its parameters."""

    action: Action
    parameters: tuple[Var, ...]
    guards: tuple[Guard, ...]
    writes: tuple[Write, ...]
    problems: list[Problem]

    def reads(self) -> frozenset[str]:
        """Names of all fields and statics that guards or values read."""
        return fields_read(
            [guard.condition for guard in self.guards] + [t for w in self.writes for t in _terms(w)]
        )

    def written(self) -> frozenset[str]:
        """Names of all fields that are written."""
        return frozenset(write.field.name for write in self.writes)

    def digest(self) -> str:
        """A hash that changes when, and only when, guards or effects change."""
        lines = [f"{guard.mechanism} {show(guard.condition)}" for guard in self.guards]
        lines += [
            f"{w.field.name} {[*map(show, w.places)]} {show(w.value)} {w.mechanisms}" for w in self.writes
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Statement:
    """A predicate as terms: one body, two for a progress property (premise, conclusion)."""

    predicate: Predicate
    parameters: tuple[Var, ...]
    bodies: tuple[Term, ...]
    problems: list[Problem]

    def closed(self) -> Term:
        """The body with the parameters bound: forall, or exists for a ``possible``."""
        body = self.bodies[0]
        bind: Callable[[Var, Term], Term] = Exists if self.predicate.kind == "possible" else ForAll
        for parameter in reversed(self.parameters):
            body = bind(parameter, body)
        return body


def _terms(write: Write) -> list[Term]:
    return [*write.places, write.value]


def fields_read(terms: list[Term]) -> frozenset[str]:
    """Names of the fields and statics that the terms read."""
    return frozenset(node.field for term in terms for node in walk(term) if isinstance(node, Read))


def variables_for(parameters: tuple[Any, ...], store: TracedStore) -> tuple[Var, ...]:
    """One variable a parameter, under the parameter's own name."""
    return tuple(store.fresh(parameter.domain, parameter.name) for parameter in parameters)


def _variations(state: type[State], asked: set[str]) -> Iterator[Settings]:
    """The default settings, and every other value of every setting that was asked for, alone."""
    settings = state.model.settings
    yield {}
    tried: set[str] = set()
    while fresh := sorted(asked - tried):
        tried.update(fresh)
        for name in fresh:
            for value in settings[name].values[1:]:
                yield {name: value}


def trace_action(state: type[State], action: Action, settings: Settings | None = None) -> Trace:
    """Trace an action under the given settings; without any, under all variations (for their problems)."""
    asked: set[str] = set()
    if settings is not None:
        return _trace_once(state, action, settings, asked)
    traces = [_trace_once(state, action, variation, asked) for variation in _variations(state, asked)]
    problems = list(dict.fromkeys(problem for trace in traces for problem in trace.problems))
    first = traces[0]
    return Trace(action, first.parameters, first.guards, first.writes, problems)


def _trace_once(state: type[State], action: Action, settings: Settings, asked: set[str]) -> Trace:
    store = TracedStore(state, settings, asked=asked)
    parameters = variables_for(action.parameters, store)
    _, problems = _run(action.function, state, store, parameters)
    return Trace(action, parameters, tuple(store.guards), tuple(store.writes), problems)


def trace_statement(state: type[State], predicate: Predicate, settings: Settings | None = None) -> Statement:
    """Trace a predicate under the given settings; without any, under all variations."""
    asked: set[str] = set()
    if settings is not None:
        return _state_once(state, predicate, settings, asked)
    variations = _variations(state, asked)
    statements = [_state_once(state, predicate, variation, asked) for variation in variations]
    problems = list(dict.fromkeys(problem for statement in statements for problem in statement.problems))
    return Statement(predicate, statements[0].parameters, statements[0].bodies, problems)


def _state_once(state: type[State], predicate: Predicate, settings: Settings, asked: set[str]) -> Statement:
    store = TracedStore(state, settings, asked=asked)
    parameters = variables_for(predicate.parameters, store)
    result, problems = _run(predicate.function, state, store, parameters, statement=predicate)
    return Statement(predicate, parameters, result, problems)


def _run(
    function: Callable[..., Any],
    state: type[State],
    store: TracedStore,
    parameters: tuple[Var, ...],
    statement: Predicate | None = None,
) -> tuple[tuple[Term, ...], list[Problem]]:
    """Run a model function on terms, gathering every problem in it."""
    with collecting() as problems, reading(store):
        bodies: tuple[Term, ...] = ()
        try:
            result = function(state(store), *parameters)
            bodies = () if statement is None else _bodies(statement, result, store)
        except TooManyProblems:
            pass
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit in a model would end us without a word
            unexpected = _unexpected(error, function)
            if all(problem.where != unexpected.where for problem in problems):
                problems.append(unexpected)
    return bodies, list(problems)


def _bodies(statement: Predicate, result: Any, store: TracedStore) -> tuple[Term, ...]:
    if store.writes or store.guards:
        _refuse(statement, "a statement neither requires nor assigns", "an @action for effects")
    if statement.kind == "progress":
        if not isinstance(result, LeadsTo):
            _refuse(statement, "a progress property is a pair", "return leads_to(premise, conclusion)")
            return (POISON, POISON)
        return truth(result.premise), truth(result.conclusion)
    if result is None:
        _refuse(statement, "the statement returns nothing", "return …")
        return (POISON,)
    return (lift(result) if statement.kind in ("derived", "observe") else truth(result),)


def _refuse(statement: Predicate, message: str, cure: str) -> None:
    report(Problem(statement.where, f"def {statement.name}", message, cure))


def _unexpected(error: BaseException, function: Callable[..., Any]) -> Problem:
    """A Python error inside a model function, as a problem with its line."""
    code = function.__code__
    where, expression = Source(shown_path(code.co_filename), code.co_firstlineno), f"def {function.__name__}"
    trouble = error.__traceback__
    while trouble is not None:
        if trouble.tb_frame.f_code.co_filename == code.co_filename:
            where, expression = Source(where.file, trouble.tb_lineno), expression_of(trouble.tb_frame)
        trouble = trouble.tb_next
    cure = "an expression of the language, see docs/errors.md"
    if isinstance(error, NameError):
        cure = "its definition or import above this function, which is traced as soon as it is read"
    return Problem(where, expression, f"{type(error).__name__}: {error}", cure)
