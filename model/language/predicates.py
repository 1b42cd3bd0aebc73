"""Named statements about a state: invariants, possibles, progress, axioms, initial and final states.

A statement is a function of the state, and of parameters when it speaks of each member:

    @invariant(mechanism="vm disk lock")
    def one_disk_writer(s: Cluster, vm: VM):
        \"\"\"No VM's disk can be written by two hosts.\"\"\"
        return s.count(Host, lambda h: can_write(s, vm, h)) <= 1

Parameters are universal (``forall``), in ``@possible`` existential.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, overload

from .actions import Parameter, parameters_of, sentence_of, text_of
from .domains import Sort
from .misuse import Problem, Source, report_all, shown_path
from .state import Field, Model, State, sort_of
from .tracing import trace_statement

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Predicate:
    """A statement about a state, read by every engine. Called, it is the function itself."""

    kind: str
    name: str
    function: Function
    state: type[State]
    parameters: tuple[Parameter, ...]
    sentence: str
    text: str
    mechanism: tuple[str, ...]
    source: str
    where: Source
    needs: tuple[str, ...] = ()
    """Budgets without which the question makes no sense."""

    def __call__(self, s: State, *arguments: Any) -> Any:
        return self.function(s, *arguments)


def _register(
    function: Function,
    *,
    kind: str,
    mechanism: str | tuple[str, ...] = (),
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Predicate:
    names = (mechanism,) if isinstance(mechanism, str) else tuple(mechanism)
    state, parameters = parameters_of(function, sys._getframe(2))
    code = function.__code__
    where = Source(shown_path(code.co_filename), code.co_firstlineno)
    predicate = Predicate(
        kind,
        function.__name__,
        function,
        state,
        parameters,
        sentence_of(function),
        text_of(function),
        names,
        source,
        where,
        tuple(needs),
    )
    problems = _unknown_mechanisms(predicate) + trace_statement(state, predicate).problems
    if not problems:
        state.model.predicates[predicate.name] = predicate
    report_all(problems)
    return predicate


def _unknown_mechanisms(predicate: Predicate) -> list[Problem]:
    known = predicate.state.model.mechanisms
    return [
        Problem(
            predicate.where,
            f"mechanism={name!r}",
            f"mechanism {name!r} is not declared",
            f'name = Mechanism("{name}", "what it does") in class {predicate.state.__name__}',
        )
        for name in predicate.mechanism
        if name not in known
    ]


class _Decorator:
    """``@invariant`` and ``@invariant(mechanism=…)`` both work."""

    def __init__(self, kind: str, says: str) -> None:
        self.kind = kind
        self.__doc__ = says

    @overload
    def __call__(self, function: Function) -> Predicate: ...

    @overload
    def __call__(
        self, *, mechanism: str | tuple[str, ...] = (), source: str = "", needs: tuple[str, ...] = ()
    ) -> Callable[[Function], Predicate]: ...

    def __call__(self, function: Function | None = None, **tags: Any) -> Any:
        if function is not None:
            return _register(function, kind=self.kind)
        return partial(_register, kind=self.kind, **tags)


invariant = _Decorator("invariant", "Holds in every reachable state.")
lemma = _Decorator("lemma", "Holds in every reachable state, and is there to support proofs for any size.")
possible = _Decorator(
    "possible", "Some reachable state shows it; without a witness the model says too little."
)
progress = _Decorator("progress", "``return leads_to(premise, conclusion)``: the wait always ends.")
axiom = _Decorator("axiom", "Constrains static data: assumed for any size, checked on every concrete scope.")
initial = _Decorator("initial", "Holds in the states a run starts from; several are combined with and.")
final = _Decorator("final", "A state in which nothing more has to happen: stopping there is no deadlock.")
observe = _Decorator("observe", "What a log or a monitor sees of the state.")
derived = _Decorator("derived", "A value that follows from the fields, named once.")


def invariants_of(model: Model) -> tuple[Predicate, ...]:
    """The model's invariants, and the obligations that ``at_most_one=`` declarations bring."""
    obligations = [_at_most_one(model, field) for field in model.fields.values() if field.at_most_one]
    return (*model.of_kind("invariant"), *obligations)


def _at_most_one(model: Model, field: Field) -> Predicate:
    sort = field.at_most_one
    assert sort is not None
    position = next(i for i, domain in enumerate(field.index) if sort_of(domain) is sort)
    others = tuple(Parameter(f"x{i}", d) for i, d in enumerate(field.index) if i != position)

    def at_most_one(s: State, *places: Any) -> Any:
        def true_at(member: Sort) -> Any:
            full = [*places[:position], member, *places[position:]]
            return getattr(s, field.name)[tuple(full)]

        return s.count(sort, lambda member: true_at(member)) <= 1

    sentence = f"At most one {sort.__name__.lower()} at a time: {field.doc or field.name}."
    name = f"{field.name}_at_most_one"
    return Predicate(
        "invariant", name, at_most_one, model.state, others, sentence, sentence, (), "", field.source
    )
