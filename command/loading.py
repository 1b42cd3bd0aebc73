"""A file becomes a scope: a cluster in TOML, or a Python file with a model of the reader's own.

A Python file is *executed*, as ``python FILE`` would do. All its problems are gathered, those of loading
and those that its sound part shows when it is run for a moment.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from .model.language.misuse import ModelError, Problem, Source, collecting, shown_path
from .model.language.predicates import invariants_of
from .model.language.scope import Scope, plural
from .model.language.state import State

Value = str | bool | int


class UsageError(Exception):
    """The command line asks for something that is not there; exit 2."""


@dataclass(frozen=True)
class Loaded:
    """A scope from a file, with what the file says beside it."""

    scope: Scope
    expect: Mapping[str, str] = field(default_factory=dict)
    fails: tuple[str, ...] = ()
    states: int | None = None
    notes: tuple[str, ...] = ()


def load(file: str | Path, without: Sequence[str] = (), **names: Value) -> Scope:
    """The scope of a file. ``names`` set sizes, budgets and settings; ``without`` removes mechanisms.

    Raises ModelError with all problems of a Python file, InventoryError with all of a TOML file,
    UsageError for names the file does not know.
    """
    return load_file(Path(file), names, tuple(without)).scope


def load_file(path: Path, names: Mapping[str, Value], without: tuple[str, ...] = ()) -> Loaded:
    """The scope of a file and what the file expects of it; see ``load``."""
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    loaded = _from_toml(path, names) if path.suffix == ".toml" else _from_python(path, names)
    _with_catalogue(loaded.scope)
    _known_mechanisms(loaded.scope, without)
    _known_properties(path, loaded)
    recipe = _recipe(path, names, without)
    return replace(
        loaded,
        states=None if without else loaded.states,
        scope=replace(loaded.scope, without=(*loaded.scope.without, *without), recipe=recipe),
    )


def _with_catalogue(scope: Scope) -> None:
    """A scope of the cluster is asked the catalogue of the cluster's properties."""
    from .model.cluster.state import Cluster

    if scope.state is Cluster:
        from .properties import possible, progress, safety, unpromised  # noqa: F401


def _known_mechanisms(scope: Scope, without: tuple[str, ...]) -> None:
    for name in without:
        if name not in scope.model.mechanisms:
            known = ", ".join(scope.model.mechanisms) or "none"
            raise UsageError(f"--without {name!r}: no such mechanism; known: {known}")


def _known_properties(path: Path, loaded: Loaded) -> None:
    """Raises InventoryError for expected verdicts on properties that do not exist."""
    from .model.inventory.problems import InventoryError, InventoryProblem, one_of
    from .properties.known import NO_DEADLOCK, STATE_COUNT

    model = loaded.scope.model
    known = {p.name for p in invariants_of(model)} | set(model.predicates) | {NO_DEADLOCK, STATE_COUNT}
    unknown = [name for name in loaded.expect if name not in known]
    if unknown:
        raise InventoryError(
            str(path),
            [
                InventoryProblem(f"expect.{name}", "there is no such property", one_of(name, known))
                for name in unknown
            ],
        )


def _recipe(path: Path, names: Mapping[str, Value], without: tuple[str, ...]) -> str:
    options = [repr(str(path)), *(f"{name}={value!r}" for name, value in names.items())]
    options += [f"without={list(without)!r}"] if without else []
    return f"from vmproof import load, replay\n\nscope = load({', '.join(options)})"


def _from_toml(path: Path, names: Mapping[str, Value]) -> Loaded:
    from .model.inventory import read_inventory
    from .model.scenarios import scope_of, unread_rules

    inventory = read_inventory(path)
    fails = inventory.story.fails if inventory.story else ()
    states = None if names else inventory.states
    scope = _adjusted(scope_of(inventory, path.stem), names)
    notes = tuple(
        f"rule {rule!r} (keep together) counts for nothing yet, the verdicts do not depend on it"
        for rule in unread_rules(inventory)
    )
    return Loaded(scope, inventory.expect, tuple(fails), states, notes)


def _from_python(path: Path, names: Mapping[str, Value]) -> Loaded:
    with collecting() as problems:
        module = _execute(path, problems)
        scope = _scope_of(module, path, names, problems) if module else None
    if problems:
        raise ModelError([*problems, *_shown_by_running(scope)])
    assert scope is not None
    return Loaded(scope, getattr(module, "EXPECT", {}))


def _execute(path: Path, problems: list[Problem]) -> ModuleType | None:
    """Run the file as a module of its own name; an error in it becomes a problem with its line."""
    name = f"{path.stem}_model" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except ModelError as error:
        problems += error.problems
        return None if not _states(module) else module
    except SyntaxError as error:
        where = Source(shown_path(str(path)), error.lineno or 0)
        problems.append(Problem(where, (error.text or "").strip(), f"not Python: {error.msg}", "Python"))
        return None
    except Exception as error:
        problems.append(_failure(path, error))
        return None
    finally:
        sys.path.pop(0)
    return module


def _failure(path: Path, error: Exception) -> Problem:
    """A Python error while the file ran, at the innermost line of the file."""
    line, trouble = 0, error.__traceback__
    while trouble is not None:
        if Path(trouble.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trouble.tb_lineno
        trouble = trouble.tb_next
    lines = path.read_text(encoding="utf-8").splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else path.name
    message = f"{type(error).__name__}: {error}"
    return Problem(
        Source(shown_path(str(path)), line), text, message, "what Python can run: python " + path.name
    )


def _states(module: ModuleType) -> list[type[State]]:
    """The State classes that the file itself declares."""
    found = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, State)]
    return [state for state in found if state.__module__ == module.__name__]


def _scope_of(
    module: ModuleType, path: Path, names: Mapping[str, Value], problems: list[Problem]
) -> Scope | None:
    try:
        make = getattr(module, "scope", None)
        if callable(make):
            return _called(make, names)
        if problems and len(_states(module)) != 1:
            return None
        return _adjusted(_smallest(_only_state(module, path), names), names)
    except ModelError as error:
        problems += [problem for problem in error.problems if problem not in problems]
        return None


def _called(make: Callable[..., Scope], names: Mapping[str, Value]) -> Scope:
    """The file's own ``scope(hosts=3, …)``: what it has no parameter for adjusts the result."""
    parameters = inspect.signature(make).parameters
    catches_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    mine = {name: value for name, value in names.items() if name in parameters or catches_all}
    try:
        scope = make(**mine)
    except TypeError as error:
        raise UsageError(f"scope({', '.join(f'{n}={v!r}' for n, v in mine.items())}): {error}") from error
    others = {name: value for name, value in names.items() if name not in mine}
    return _adjusted(scope, others, tuple(parameters))


def _only_state(module: ModuleType, path: Path) -> type[State]:
    states = _states(module)
    if len(states) != 1:
        where = Source(shown_path(str(path)), 1)
        message = "no State class" if not states else f"{len(states)} State classes"
        cure = "def scope(hosts: int = 3) -> Scope: …" if states else "class Mine(State): …"
        raise ModelError([Problem(where, path.name, f"the file has {message}", cure)])
    return states[0]


def _smallest(state: type[State], names: Mapping[str, Value]) -> Scope:
    """Two members of every sort, one of every budget, unless the names say otherwise."""
    members = {}
    for sort in state.model.sorts():
        size = names.get(plural(sort), 2)
        letter = sort.__name__.lower()
        members[sort] = [f"{letter}{number + 1}" for number in range(int(size))]
    budgets = dict.fromkeys((a.budget for a in state.model.actions.values() if a.budget), 1)
    return Scope(state, members, budgets=budgets)


def _adjusted(scope: Scope, names: Mapping[str, Value], parameters: tuple[str, ...] = ()) -> Scope:
    """The scope with settings and budgets replaced. Raises UsageError for a name that it does not know."""
    sizes = {plural(sort) for sort in scope.members} - set(parameters)
    names = {name: value for name, value in names.items() if name not in parameters}
    settings = {name: value for name, value in names.items() if name in scope.model.settings}
    budgets = {name: int(value) for name, value in names.items() if name in scope.all_budgets}
    unknown = [name for name in names if name not in {*settings, *budgets, *sizes}]
    fixed = [name for name in names if name in sizes and int(names[name]) != len(_members(scope, name))]
    if unknown or fixed:
        known = ", ".join(dict.fromkeys([*parameters, *scope.model.settings, *scope.all_budgets]))
        raise UsageError(
            f"--scope knows no {', '.join(unknown + fixed)} here; it knows: {known or 'nothing'}"
        )
    return replace(scope, settings={**scope.settings, **settings}, budgets={**scope.budgets, **budgets})


def _members(scope: Scope, name: str) -> Sequence[str]:
    return next(names for sort, names in scope.members.items() if plural(sort) == name)


def _shown_by_running(scope: Scope | None) -> Sequence[Problem]:
    """Problems that the sound part of a model shows when it runs for a moment (range overruns)."""
    from .properties.search import Limits, search

    if scope is None:
        return ()
    try:
        search(scope, limits=Limits(states=20_000, seconds=3))
    except ModelError as error:
        return error.problems
    return ()
