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
from importlib.machinery import SourceFileLoader
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import get_args

from .limits import (
    MOST_MEMBERS,
    MOST_OF_A_BUDGET,
    UsageError,
    Value,
    existing,
    one_value,
    spoken,
    unknown_names,
    whole,
)
from .model.language.misuse import ModelError, Problem, Source, collecting, shown_path
from .model.language.predicates import invariants_of
from .model.language.scope import Scope, plural
from .model.language.state import State

NO_END = 'if __name__ == "__main__": before it; a model is only read, and must not end the program'


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
    if existing(path).suffix.lower() not in (".toml", ".py"):
        kinds = "a cluster is a .toml file, a model a .py file"
        raise UsageError(f"{path}: {kinds}; JSON and Ganeti's text are read by `vmproof place`")
    loaded = _from_toml(path, names) if path.suffix.lower() == ".toml" else _from_python(path, names)
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
    from .model.inventory.problems import did_you_mean

    for name in without:
        if name not in scope.model.mechanisms:
            meant = did_you_mean([name], list(scope.model.mechanisms))
            raise UsageError(f"--without {name!r}: no such mechanism; {meant}")


def _known_properties(path: Path, loaded: Loaded) -> None:
    """Raises InventoryError for expected verdicts on properties that do not exist."""
    from .model.inventory.problems import InventoryError, InventoryProblem, one_of
    from .properties.known import NO_DEADLOCK, STATE_COUNT

    model = loaded.scope.model
    known = [*(p.name for p in invariants_of(model)), *model.predicates, NO_DEADLOCK, STATE_COUNT]
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
    return Loaded(scope, _expected(module, path))


def _expected(module: ModuleType | None, path: Path) -> Mapping[str, str]:
    """The verdicts under EXPECT. Raises ModelError where these are no verdicts by property."""
    from .model.inventory.items import VerdictWord

    expect, words = getattr(module, "EXPECT", {}), get_args(VerdictWord)
    if isinstance(expect, Mapping) and all(word in words for word in expect.values()):
        return expect
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    line = next((number for number, text in enumerate(lines, 1) if text.startswith("EXPECT")), 1)
    cure = f'EXPECT = {{"property": "REFUTED"}}; verdicts are {", ".join(words)}'
    raise ModelError([_at_line(path, line, "EXPECT is no dict from properties to verdicts", cure)])


def _execute(path: Path, problems: list[Problem]) -> ModuleType | None:
    """Run the file as a module of its own name; an error in it becomes a problem with its line."""
    no_text = _no_text(path)
    if no_text:
        problems.append(no_text)
        return None
    name = f"{path.stem}_model" if path.stem in sys.modules else path.stem
    loader = SourceFileLoader(name, str(path))  # whatever the end of the file's name is
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        loader.exec_module(module)
    except ModelError as error:
        problems += error.problems
        return None if not _states(module) else module
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit, too: a file that ends us would leave no answer
        problems.append(_failure(path, error))
        return None
    finally:
        sys.path.pop(0)
    return module


def _no_text(path: Path) -> Problem | None:
    """A file with NUL bytes, of which Python names no line, as a problem; None for text."""
    before, nul, _ = path.read_bytes().partition(b"\0")
    if not nul:
        return None
    where = Source(shown_path(str(path)), before.count(b"\n") + 1)
    start = before.rpartition(b"\n")[2].decode("utf-8", "backslashreplace")
    message = "a NUL byte, which no Python file has"
    return Problem(
        where, f"{_short(start)}\\0", message, "Python as UTF-8 text (not as UTF-16), without the byte"
    )


def _failure(path: Path, error: BaseException) -> Problem:
    """A Python error while the file ran, at the innermost line of the file."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        where = Source(shown_path(error.filename), error.lineno or 1)
        return Problem(
            where, _short(error.text or Path(error.filename).name), f"not Python: {error.msg}", "Python"
        )
    line, trouble = 1, error.__traceback__
    while trouble is not None:
        if Path(trouble.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trouble.tb_lineno
        trouble = trouble.tb_next
    cure = NO_END if isinstance(error, SystemExit) else f"what Python can run: python {path.name}"
    return _at_line(path, line, f"{type(error).__name__}: {error}".removesuffix(": "), cure)


def _at_line(path: Path, line: int, message: str, cure: str) -> Problem:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    text = lines[line - 1] if line <= len(lines) else ""
    return Problem(Source(shown_path(str(path)), line), _short(text) or path.name, message, cure)


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 100 else f"{text[:100]}…"


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
            return _called(make, module, path, names)
        if problems and len(_states(module)) != 1:
            return None
        scope = _smallest(_only_state(module, path), names)
        return _adjusted(scope, names, [plural(sort) for sort in scope.members])
    except ModelError as error:
        problems += [problem for problem in error.problems if problem not in problems]
        return None


def _called(make: Callable[..., Scope], module: ModuleType, path: Path, names: Mapping[str, Value]) -> Scope:
    """The file's own ``scope(hosts=3, …)``: what it has no parameter for adjusts the result."""
    parameters = inspect.signature(make).parameters
    rest = [name for name, p in parameters.items() if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    named = {name: p for name, p in parameters.items() if name not in rest}
    catches_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    fit = _fitting(_states(module))
    mine = {n: fit(n, v, named.get(n)) for n, v in names.items() if n in named or catches_all}
    missing = [p for name, p in named.items() if p.default is p.empty and name not in mine]
    if missing:
        raise _incomplete(path, mine, missing)
    return _adjusted(_made(make, path, mine), {n: v for n, v in names.items() if n not in mine}, tuple(named))


def _made(make: Callable[..., Scope], path: Path, names: Mapping[str, Value]) -> Scope:
    """What ``scope()`` returns. Raises ModelError where it fails, ends the program or returns no Scope."""
    try:
        scope = make(**names)
    except (ModelError, UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ModelError([_failure(path, error)]) from error
    if not isinstance(scope, Scope):
        line = getattr(getattr(make, "__code__", None), "co_firstlineno", 1)
        cure = "return Scope(…), see docs/language.md"
        raise ModelError([_at_line(path, line, f"scope() returns {_short(repr(scope))}, no Scope", cure)])
    return scope


def _fitting(states: Sequence[type[State]]) -> Callable[[str, Value, Parameter | None], Value]:
    """Turns values into those that parameters of ``scope()`` take. Raises UsageError for others."""
    models = [state.model for state in states]
    sizes = {plural(sort) for model in models for sort in model.sorts()}
    budgets = {action.budget for model in models for action in model.actions.values()}
    settings = {name: setting.values for model in models for name, setting in model.settings.items()}

    def fit(name: str, value: Value, parameter: Parameter | None) -> Value:
        kind = _kind_of(parameter) if parameter else ""
        if name in settings and (parameter is None or parameter.default in settings[name]):
            return one_value(name, value, settings[name])
        if kind == "bool":
            return one_value(name, value, (True, False))
        if kind != "str" and name in sizes | budgets:
            return whole(name, value, *((1, MOST_MEMBERS) if name in sizes else (0, MOST_OF_A_BUDGET)))
        return whole(name, value) if kind == "int" else value

    return fit


def _kind_of(parameter: Parameter) -> str:
    """The type of a parameter in words: as it is annotated, else that of its default."""
    if parameter.annotation is Parameter.empty:
        return type(parameter.default).__name__
    return getattr(parameter.annotation, "__name__", str(parameter.annotation))


def _incomplete(path: Path, names: Mapping[str, Value], missing: Sequence[Parameter]) -> UsageError:
    """What ``scope()`` must be told, as the option that does it."""
    given = [f"{name}={spoken(value)}" for name, value in names.items()]
    example = {"bool": "yes", "str": "…"}
    added = [f"{p.name}={example.get(_kind_of(p), 3)}" for p in missing]
    needs = " and ".join(p.name for p in missing)
    return UsageError(f"{path}: its scope() must be told {needs}: write --scope {','.join([*given, *added])}")


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
        size = whole(plural(sort), names.get(plural(sort), 2), 1, MOST_MEMBERS)
        letter = sort.__name__.lower()
        members[sort] = [f"{letter}{number + 1}" for number in range(size)]
    budgets = dict.fromkeys((a.budget for a in state.model.actions.values() if a.budget), 1)
    return Scope(state, members, budgets=budgets)


def _adjusted(scope: Scope, names: Mapping[str, Value], others: Sequence[str] = ()) -> Scope:
    """The scope with settings and budgets replaced. Raises UsageError for what it does not know.

    ``others``: names that are taken elsewhere, to be told with those that are known.
    """
    policies = scope.model.settings
    settings = {n: one_value(n, v, policies[n].values) for n, v in names.items() if n in policies}
    budgets = {n: whole(n, v, 0, MOST_OF_A_BUDGET) for n, v in names.items() if n in scope.all_budgets}
    sizes = {plural(sort): members for sort, members in scope.members.items()}
    unknown = [name for name in names if name not in {*settings, *budgets, *sizes}]
    if unknown:
        raise unknown_names(unknown, list(dict.fromkeys([*others, *policies, *scope.all_budgets])))
    for name in sizes.keys() & names.keys():
        _as_many(name, names[name], sizes[name])
    return replace(scope, settings={**scope.settings, **settings}, budgets={**scope.budgets, **budgets})


def _as_many(name: str, value: Value, members: Sequence[str]) -> None:
    """Raises UsageError for a size that the file has already said otherwise."""
    if type(value) is not int or value != len(members):
        some = ", ".join([*members[:5], *(["…"] if members[5:] else [])])
        told = f"--scope {name}={spoken(value)}: the file itself has {len(members)} ({some})"
        raise UsageError(f"{told}; change them there")


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
