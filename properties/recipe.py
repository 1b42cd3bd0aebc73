"""A scope and a run as Python text: what a failing example prints, to be pasted into a test."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from ..model.language.domains import Sort
from ..model.language.plain import Packed
from ..model.language.predicates import Predicate, invariants_of
from ..model.language.scope import Instance, Scope


def program_of(
    scope: Scope, start: Packed | None, instances: Iterable[Instance], of: str | None = None
) -> str:
    """Lines that replay a run. ``start`` is None where the scope's first initial state is meant; ``of``: the
    only invariant to be asked."""
    where = "" if start is None else f', start=bytes.fromhex("{start.hex()}")'
    where += "" if of is None else f', of="{of}"'
    steps = [f"    {_quoted(str(instance))}," for instance in instances]
    return "\n".join([recipe_of(scope), "", "replay(scope, [", *steps, f"]{where})"])


def recipe_of(scope: Scope) -> str:
    """Lines that make a scope again."""
    if scope.recipe:
        return scope.recipe
    members = ", ".join(f"{sort.__name__}: {list(names)!r}" for sort, names in scope.members.items())
    options = "".join(f",\n    {name}={text}" for name, text in _options(scope).items() if text)
    return f"{_imports(scope)}\n\nscope = Scope({scope.state.__name__}, {{{members}}}{options})"


def _options(scope: Scope) -> dict[str, str]:
    """What the scope adds to its members, as text; empty where it adds nothing."""
    statics = {name: _data(scope, name) for name in scope.model.statics}
    data = ",\n        ".join(f"{_quoted(name)}: {text}" for name, text in statics.items() if text)
    return {
        "settings": repr(dict(scope.settings)) if scope.settings else "",
        "without": repr(tuple(scope.without)) if scope.without else "",
        "budgets": repr(dict(scope.budgets)) if scope.budgets else "",
        "statics": f"{{\n        {data},\n    }}" if data else "",
        "initial": _literal(tuple(scope.initial)) if scope.initial else "",
    }


def _data(scope: Scope, name: str) -> str:
    """The data of a static field that differ from its default."""
    usual, table = scope.model.statics[name].default, scope.static_data[name]
    different = ((key[0] if len(key) == 1 else key, v) for key, v in table.items() if v is not usual)
    pairs = ", ".join(f"{_literal(key)}: {_literal(value)}" for key, value in different)
    return f"{{{pairs}}}" if pairs else ""


def _literal(value: object) -> str:
    """A value as Python text; members by their names, as Scope takes them."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Sort):
        return repr(value.name)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return value.name if isinstance(value, Predicate) else repr(value)


def _imports(scope: Scope) -> str:
    """The names that the recipe uses, and the modules that declare the model's actions and invariants."""
    names: dict[str, list[str]] = {}
    for kind in (scope.state, *scope.members, *_enumerations(scope)):
        names.setdefault(_module(kind.__module__), []).append(kind.__name__)
    for predicate in scope.initial:
        names.setdefault(_module(predicate.function.__module__), []).append(predicate.name)
    lines = [f"from {module} import {', '.join(dict.fromkeys(found))}" for module, found in names.items()]
    others = [f"import {module}" for module in _declaring(scope) if module not in names]
    return "\n".join(["from vmproof import Scope, replay", *others, *lines])


def _enumerations(scope: Scope) -> Iterable[type[Enum]]:
    """The enumerations that the scope's data speak of."""
    for table in scope.static_data.values():
        for places, value in table.items():
            yield from (type(part) for part in (*places, value) if isinstance(part, Enum))


def _declaring(scope: Scope) -> list[str]:
    """Modules that declare actions or invariants of the model and that its own package need not load."""
    actions, invariants = scope.model.actions.values(), invariants_of(scope.model)
    functions = [*(action.function for action in actions), *(predicate.function for predicate in invariants)]
    home = scope.state.__module__.rpartition(".")[0]
    modules = dict.fromkeys(_module(function.__module__) for function in functions)
    ours = __name__.split(".")[0] + ".model.language"  # makes the obligations of at_most_one=
    return [m for m in modules if not m.startswith(ours) and (not home or m.rpartition(".")[0] != home)]


def _module(name: str) -> str:
    """The name under which a module can be imported; a program's is that of its file."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file).stem if name == "__main__" and file else name


def _quoted(text: str) -> str:
    """A text in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
