"""What an exported text tells of a scope, in whichever language."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from ...model.language.domains import Choice, Domain
from ...model.language.predicates import Predicate, invariants_of
from ...model.language.scope import Scope
from ...model.language.terms import And, Binder, Or, Term, walk
from ...model.language.wording import word
from .naming import strings_for


class NotExported(Exception):
    """The scope cannot be written in the other language; the text says why, and what to do."""


def asked_possibles(scope: Scope) -> tuple[Predicate, ...]:
    """The ``possible`` statements that the scope has the budgets for."""
    possibles = scope.model.of_kind("possible")
    return tuple(p for p in possibles if all(scope.all_budgets.get(budget, 1) for budget in p.needs))


def all_terms(scope: Scope) -> Iterator[Term]:
    """Every traced term of the scope: guards, places and values of writes, statements."""
    for trace in scope.traces.values():
        yield from (guard.condition for guard in trace.guards)
        yield from (term for write in trace.writes for term in (*write.places, write.value))
    predicates = (*scope.model.predicates.values(), *scope.initial, *invariants_of(scope.model))
    for predicate in dict.fromkeys(predicates):
        yield from scope.statement(predicate).bodies


def domains_of(scope: Scope) -> tuple[Domain, ...]:
    """Every domain that the model speaks of."""
    model = scope.model
    quantities = (*model.fields.values(), *model.statics.values())
    domains = [domain for quantity in quantities for domain in (*quantity.index, quantity.value)]
    told = [action.parameters for action in model.actions.values()]
    told += [predicate.parameters for predicate in (*model.predicates.values(), *scope.initial)]
    domains += [parameter.domain for parameters in told for parameter in parameters]
    for term in all_terms(scope):
        domains += [node.domain for node in walk(term)]
        domains += [node.var.domain for node in walk(term) if isinstance(node, Binder)]
    return tuple(dict.fromkeys(domains))


def strings_of(scope: Scope, domains: tuple[Domain, ...]) -> Mapping[Any, str]:
    """A text for each member and for each value of an enumeration, as reports say it."""
    found: dict[Any, str] = {}
    for members in scope.sorts.values():
        found |= strings_for([(member, member.name) for member in members])
    for domain in domains:
        if isinstance(domain, Choice):
            found |= strings_for([(value, word(value)) for value in domain.of])
    return found


def flat(term: And | Or) -> list[Term]:
    """The parts of a conjunction of conjunctions, or of a disjunction of disjunctions."""
    found: list[Term] = []
    for part in term.parts:
        found += flat(part) if type(part) is type(term) and isinstance(part, And | Or) else [part]
    return found


def documented(declared: type) -> str:
    """The first line of a class's own docstring."""
    text = vars(declared).get("__doc__") or ""
    return inspect.cleandoc(text).split("\n", 1)[0]


def header(scope: Scope) -> list[str]:
    """What the text is: the model, the scope, the settings, what was removed."""
    about = documented(scope.state)
    lines = [
        f"{scope.model.name}: {about}" if about else scope.model.name,
        f"Scope {scope.name}".strip() + ":",
    ]
    lines += [f"  {sort.__name__}: {', '.join(map(str, members))}" for sort, members in scope.sorts.items()]
    lines += [f"  budget {name}: {limit}" for name, limit in scope.all_budgets.items() if limit]
    lines += [f"  setting {name}: {value}" for name, value in scope.all_settings.items()]
    lines += [f"  removed mechanism: {name}" for name in scope.without]
    return [*lines, "Written by vmproof export."]
