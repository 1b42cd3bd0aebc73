"""Is a scope complete and consistent? All its problems at once, each with its cure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from .domains import Choice, Member
from .misuse import Problem
from .plain import holds
from .scope import MOST_VALUES, Places, Scope, fits_domain, plural, problem
from .state import Static
from .wording import word


def check_scope(scope: Scope) -> list[Problem]:
    """Members, settings, budgets, mechanisms and static data that do not fit the model."""
    found = list(itertools.chain(_members(scope), _settings(scope), _budgets(scope), _mechanisms(scope)))
    if found:
        return found
    return [*_statics(scope), *_sizes(scope)]


def _members(scope: Scope) -> Iterator[Problem]:
    for sort in scope.model.sorts():
        names = scope.members.get(sort, ())
        if not names:
            cure = f'{{{sort.__name__}: ("a", "b")}}, or --scope {plural(sort)}=2'
            yield problem(scope, sort.__name__, f"no members of {sort.__name__}", cure)
        for name in sorted({name for name in names if list(names).count(name) > 1}):
            yield problem(scope, sort.__name__, f"{name!r} is named twice", "another name")


def _settings(scope: Scope) -> Iterator[Problem]:
    for name, value in scope.settings.items():
        setting = scope.model.settings.get(name)
        if setting is None:
            known = ", ".join(scope.model.settings) or "none"
            yield problem(scope, name, "no such setting", f"one of: {known}")
        elif value not in setting.values:
            yield problem(
                scope, f"{name}={value!r}", "no such value", f"one of: {', '.join(map(str, setting.values))}"
            )


def _budgets(scope: Scope) -> Iterator[Problem]:
    known = scope.all_budgets
    for name, limit in scope.budgets.items():
        if name not in known:
            yield problem(scope, name, "no action has this budget", f"one of: {', '.join(known) or 'none'}")
        elif not 0 <= limit < MOST_VALUES:
            yield problem(scope, f"{name}={limit}", "a budget is a small number", f"0 to {MOST_VALUES - 1}")


def _mechanisms(scope: Scope) -> Iterator[Problem]:
    for name in scope.without:
        if name not in scope.model.mechanisms:
            known = ", ".join(scope.model.mechanisms) or "none"
            yield problem(scope, f"without {name!r}", "no such mechanism", f"one of: {known}")


def _sizes(scope: Scope) -> Iterator[Problem]:
    for field in scope.model.fields.values():
        if len(field.value.values(scope.sorts)) > MOST_VALUES:
            message = f"{field.name} has more than {MOST_VALUES} values"
            yield problem(
                scope, field.name, message, "coarser steps (percent, GiB), or a Static for the exact number"
            )


def _statics(scope: Scope) -> Iterator[Problem]:
    for static in scope.model.statics.values():
        yield from static_values(scope, static)[1]


def static_values(scope: Scope, static: Static) -> tuple[dict[Places, Any], list[Problem]]:
    """The value of a static field at every place, and what is wrong with the given data."""
    given = scope.statics.get(static.name, {})
    table = _by_places(scope, static, given) if not callable(given) else {}
    values: dict[Places, Any] = {}
    missing: list[Places] = []
    for places in scope.places(static):
        value = given(*places) if callable(given) else table.get(places, static.default)
        if value is None:
            missing.append(places)
        values[places] = _as_value(static, value)
    return values, [*_missing(scope, static, missing), *_misfits(scope, static, values, table)]


def _by_places(scope: Scope, static: Static, given: Any) -> dict[Places, Any]:
    return {_as_places(static, key): value for key, value in given.items()}


def _as_places(static: Static, key: Any) -> Places:
    names = key if isinstance(key, tuple) else (key,)
    pairs = zip(static.index, names, strict=False)
    return tuple(d.of(n) if isinstance(d, Member) and isinstance(n, str) else n for d, n in pairs)


def _as_value(static: Static, value: Any) -> Any:
    """A member or an enumeration value may be given by its name."""
    domain = static.value
    named = isinstance(value, str) and isinstance(domain, Member | Choice)
    return domain.of(value) if named and isinstance(domain, Member | Choice) else value


def _missing(scope: Scope, static: Static, missing: list[Places]) -> list[Problem]:
    if not missing:
        return []
    first = ", ".join(map(word, missing[0]))
    message = f"{static.name} has no value at {first}" + (
        f" and {len(missing) - 1} more" if missing[1:] else ""
    )
    return [
        problem(scope, static.name, message, f"statics={{{static.name!r}: {{…}}}}, or default= in the model")
    ]


def _misfits(
    scope: Scope, static: Static, values: dict[Places, Any], table: dict[Places, Any]
) -> Iterator[Problem]:
    for places, value in values.items():
        if value is not None and not fits_domain(static.value, value, scope.sorts):
            expression = f"{static.name}[{', '.join(map(word, places))}]"
            yield problem(
                scope, expression, f"{value!r} is no value of {static.value}", f"a value of {static.value}"
            )
    for places in table:
        if places not in values:
            yield problem(
                scope,
                f"{static.name}[{', '.join(map(str, places))}]",
                "no such place",
                "members of this scope",
            )


def check_axioms(scope: Scope) -> list[Problem]:
    """Axioms about static data that this scope's data break."""
    found = []
    for predicate in scope.model.of_kind("axiom"):
        for arguments in scope.arguments(predicate.parameters):
            if not holds(scope, None, predicate, arguments):
                shown = f"{predicate.name}({', '.join(map(word, arguments))})"
                found.append(
                    problem(
                        scope, shown, f"not true of this scope: {predicate.sentence}", "other static data"
                    )
                )
    return found
