"""The traced reading: a model function runs once on terms and leaves guards and writes.

    trace_action(Cluster, begin_live_migration)   ->  Trace(parameters, guards, writes, …)
    trace_statement(Cluster, one_disk_writer)     ->  Statement(parameters, bodies, …)

A trace depends on the settings (plain Python branches on them) and on nothing else of a scope.
Registration traces under every value of every setting, so misuse in any branch shows at import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .domains import Domain, MaybeMember, Member, Range, Sort, comparable, domain_of_value
from .misuse import Problem, Source, TooManyProblems, collecting, complain, expression_of, here, shown_path
from .state import Field, Quantity, Setting, State
from .terms import (
    POISON,
    At,
    Const,
    Count,
    Exists,
    ForAll,
    Read,
    Term,
    Total,
    Var,
    join,
    lift,
    number,
    truth,
    walk,
)
from .words import LeadsTo, reading
from .wording import show

if TYPE_CHECKING:
    from .actions import Action
    from .predicates import Predicate

Settings = Mapping[str, str | bool | int]


@dataclass(frozen=True)
class Guard:
    """One ``require``: its condition, the reason it gives, the mechanism it belongs to."""

    condition: Term
    reason: str
    mechanism: str | None
    where: Source


@dataclass(frozen=True)
class Write:
    """One assignment. ``rows`` are the variables of a whole-row write; they occur in places and value."""

    field: Field
    places: tuple[Term, ...]
    rows: tuple[Var, ...]
    value: Term
    mechanisms: tuple[str, ...]
    where: Source


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
        return fields_read([guard.condition for guard in self.guards] + [t for w in self.writes for t in _terms(w)])

    def written(self) -> frozenset[str]:
        """Names of all fields that are written."""
        return frozenset(write.field.name for write in self.writes)

    def digest(self) -> str:
        """A hash that changes when, and only when, guards or effects change."""
        lines = [f"{guard.mechanism} {show(guard.condition)}" for guard in self.guards]
        lines += [f"{w.field.name} {[*map(show, w.places)]} {show(w.value)} {w.mechanisms}" for w in self.writes]
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


@dataclass
class TracedStore:
    """Answers reads with terms; gathers guards and writes."""

    state: type[State]
    settings: Settings
    guards: list[Guard] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)

    def members(self, sort: type[Sort]) -> tuple[Sort, ...]:
        name = sort.__name__
        complain(f"the members of {name} are not known here: an action is about any number", f"s.forall({name}, lambda x: …)")
        return ()

    def setting(self, setting: Setting) -> Any:
        return self.settings.get(setting.name, setting.values[0])

    def read(self, quantity: Quantity, places: tuple[Any, ...]) -> Term:
        if any(write.field is quantity for write in self.writes):
            complain(
                f"s.{quantity.name} is read after it was assigned in this action",
                f"old = s.{quantity.name}[…] above the first assignment, and use old here",
            )
            return POISON
        terms = self._places(quantity, places)
        return POISON if terms is None else Read(quantity.name, terms, quantity.value, here().line)

    def _places(self, quantity: Quantity, places: tuple[Any, ...]) -> tuple[Term, ...] | None:
        if len(places) != len(quantity.index):
            complain_about_arity(quantity, places)
            return None
        terms = [self._place(quantity, domain, place) for domain, place in zip(quantity.index, places, strict=True)]
        found = tuple(term for term in terms if term is not None)
        return found if len(found) == len(terms) else None

    def _place(self, quantity: Quantity, domain: Domain, place: Any) -> Term | None:
        term = place if isinstance(place, Term) else _constant(place)
        if term is None or term.domain != domain:
            if term is not POISON:
                complain_about_place(quantity, domain, place, None if term is None else term.domain)
            return None
        return term

    def require(self, condition: Any, reason: str, mechanism: str | None) -> None:
        if self.writes:
            complain("a guard stands after an assignment", "all require(…) above the first assignment")
        if mechanism is not None:
            self._known(mechanism)
        term = truth(condition)
        if term is not POISON:
            self.guards.append(Guard(term, reason, mechanism, here()))

    def _known(self, mechanism: str) -> None:
        if mechanism not in self.state.model.mechanisms:
            complain(
                f"mechanism {mechanism!r} is not declared",
                f'name = Mechanism("{mechanism}", "what it does") in class {self.state.__name__}',
            )

    def enter(self, mechanism: str) -> None:
        self._known(mechanism)
        self.mechanisms.append(mechanism)

    def leave(self) -> None:
        self.mechanisms.pop()

    def write(self, written: Field, places: tuple[Any, ...], value: Any) -> None:
        rows: list[Var] = []
        full = tuple(self._row(written, i, place, rows) for i, place in enumerate(places))
        if rows and callable(value) and not isinstance(value, Term):
            value = value(*rows)
        terms = self._places(written, full)
        result = lift(value, written.value)
        if terms is not None and result is not POISON and _assignable(written, result):
            self.writes.append(Write(written, terms, tuple(rows), result, tuple(self.mechanisms), here()))

    def _row(self, written: Field, position: int, place: Any, rows: list[Var]) -> Any:
        if not isinstance(place, slice) or position >= len(written.index):
            return place
        var = self.fresh(written.index[position], str(written.index[position])[0].lower())
        rows.append(var)
        return var

    def fresh(self, domain: Domain, name: str) -> Var:
        """A variable with a name of its own in this trace, the same in every run."""
        self.names[name] = self.names.get(name, 0) + 1
        count = self.names[name]
        return Var(name if count == 1 else f"{name}{count}", domain)

    def quantify(self, kind: str, sorts: tuple[type[Sort], ...], body: Callable[..., Any]) -> Term:
        names = body.__code__.co_varnames[: body.__code__.co_argcount]
        if len(names) != len(sorts):
            complain(f"s.{kind} over {len(sorts)} sorts needs a function of as many members", f"s.{kind}(Host, lambda h: …)")
            return POISON
        variables = [self.fresh(Member(sort), name) for sort, name in zip(sorts, names, strict=True)]
        result = body(*variables)
        term = number(result) if kind == "total" else truth(result)
        if term is POISON:
            return POISON
        return _bind(kind, variables, term)

    def at(self, value: Any, body: Callable[[Any], Any], absent: Any) -> Term:
        if value is POISON:
            return POISON
        if not isinstance(value.domain, MaybeMember | Member):
            complain(f"at(…) needs an optional value, not a value of {value.domain}", "a field with value=Maybe(Host)")
            return POISON
        var = self.fresh(Member(value.domain.of), body.__code__.co_varnames[0])
        inner = lift(body(var))
        other = lift(absent, inner.domain)
        if inner is POISON or other is POISON:
            return POISON
        if not comparable(inner.domain, other.domain):
            complain(f"at(…) gives {inner.domain} or {other.domain}", "values of one domain in the body and absent=")
            return POISON
        return At(value, var, inner, other, join(inner.domain, other.domain))


def _constant(place: Any) -> Const | None:
    domain = domain_of_value(place)
    return None if domain is None else Const(place, domain)


def _bind(kind: str, variables: list[Var], body: Term) -> Term:
    """Nest one quantifier a variable; a count over several sorts is a total of counts."""
    *outer, last = variables
    innermost: dict[str, Callable[[Var, Term], Term]] = {"forall": ForAll, "exists": Exists, "count": Count, "total": Total}
    term = innermost[kind](last, body)
    around = innermost["total" if kind == "count" else kind]
    for var in reversed(outer):
        term = around(var, term)
    return term


def complain_about_arity(quantity: Quantity, places: tuple[Any, ...]) -> None:
    """A field is indexed with too many or too few places."""
    form = ", ".join(str(domain)[0].lower() for domain in quantity.index)
    cure = f"s.{quantity.name}[{form}]" if quantity.index else f"s.{quantity.name}"
    complain(f"s.{quantity.name} has {len(quantity.index)} places, not {len(places)}", cure)


def complain_about_place(quantity: Quantity, wanted: Domain, place: Any, got: Domain | None) -> None:
    """A field is indexed by something that is not a member of its sort."""
    if isinstance(got, MaybeMember):
        text = show(place) if isinstance(place, Term) else repr(place)
        complain(
            f"an optional value is used as an index of s.{quantity.name}: it may be NOBODY",
            f"at({text}, lambda h: s.{quantity.name}[h], absent=False)",
        )
        return
    shown = f"a value of {got}" if got is not None else repr(place)
    complain(f"s.{quantity.name} is indexed by {wanted}, not by {shown}", f"a parameter or variable of {wanted}")


def _assignable(written: Field, value: Term) -> bool:
    """Whether the value's domain fits the field (a range is checked where the value is known)."""
    target = written.value
    if isinstance(target, Member) and isinstance(value.domain, MaybeMember):
        complain(f"s.{written.name} cannot be NOBODY", f"{written.name} = Field(…, value=Maybe({target}))")
        return False
    if not comparable(target, value.domain):
        complain(f"s.{written.name} holds {target}, not {value.domain}", f"a value of {target}")
        return False
    if isinstance(value, Const) and isinstance(target, Range) and not target.low <= value.value <= target.high:
        complain(f"{value.value} is outside the range {target} of s.{written.name}", "a number in the range, or a wider Range")
        return False
    return True


def variables_for(parameters: tuple[Any, ...], store: TracedStore) -> tuple[Var, ...]:
    """One variable a parameter, under the parameter's own name."""
    return tuple(store.fresh(parameter.domain, parameter.name) for parameter in parameters)


def _variations(state: type[State]) -> Iterator[Settings]:
    """The default settings, and every other value of every setting alone."""
    settings = state.model.settings.values()
    yield {setting.name: setting.values[0] for setting in settings}
    for setting in settings:
        for value in setting.values[1:]:
            yield {setting.name: value}


def trace_action(state: type[State], action: Action, settings: Settings | None = None) -> Trace:
    """Trace an action under the given settings; without any, under all variations (for their problems)."""
    if settings is not None:
        return _trace_once(state, action, settings)
    traces = [_trace_once(state, action, variation) for variation in _variations(state)]
    problems = list(dict.fromkeys(problem for trace in traces for problem in trace.problems))
    first = traces[0]
    return Trace(action, first.parameters, first.guards, first.writes, problems)


def _trace_once(state: type[State], action: Action, settings: Settings) -> Trace:
    store = TracedStore(state, settings)
    parameters = variables_for(action.parameters, store)
    _, problems = _run(action.function, state, store, parameters)
    return Trace(action, parameters, tuple(store.guards), tuple(store.writes), problems)


def trace_statement(state: type[State], predicate: Predicate, settings: Settings | None = None) -> Statement:
    """Trace a predicate under the given settings; without any, under all variations."""
    if settings is not None:
        return _state_once(state, predicate, settings)
    statements = [_state_once(state, predicate, variation) for variation in _variations(state)]
    problems = list(dict.fromkeys(problem for statement in statements for problem in statement.problems))
    return Statement(predicate, statements[0].parameters, statements[0].bodies, problems)


def _state_once(state: type[State], predicate: Predicate, settings: Settings) -> Statement:
    store = TracedStore(state, settings)
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
        except Exception as error:
            problems.append(_unexpected(error, function))
    return bodies, list(problems)


def _bodies(statement: Predicate, result: Any, store: TracedStore) -> tuple[Term, ...]:
    if store.writes or store.guards:
        complain("a statement neither requires nor assigns", "an @action for what changes the state")
    if statement.kind == "progress":
        if not isinstance(result, LeadsTo):
            complain("a progress property returns leads_to(…)", "return leads_to(premise, conclusion)")
            return (POISON, POISON)
        return truth(result.premise), truth(result.conclusion)
    free = statement.kind in ("derived", "observe")
    if result is None:
        where = Source(statement.where.file, statement.where.line)
        raise TypeError(f"{statement.name} at {where} returns nothing: write return …")
    return (lift(result) if free else truth(result),)


def _unexpected(error: Exception, function: Callable[..., Any]) -> Problem:
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
