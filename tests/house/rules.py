"""The rules of the house: each takes the project's root and returns its offenders, one line each."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from house.reading import (
    FLOORS,
    OUTBUILDINGS,
    PACKAGE,
    imports_of,
    package_of,
    parsed,
    project_files,
    python_files,
    room_of,
    setuptools_table,
)

EVERYWHERE = FLOORS + OUTBUILDINGS
SHIPPED = {f"{PACKAGE}.examples": "examples"}  # beside the rooms: `vmproof demo` needs one of them
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40

# Which files may load a heavy library together with themselves.
HEAVY = {
    "matplotlib": "reports/*",
    "networkx": "reports/*",
    "rich": "reports/*",
    "hypothesis": "properties/sample*",
    "numpy": "properties/lasso* properties/suggesting/excluding* solver/bounded/*"
    " solver/placement/* solver/vectors*",
    "scipy": "properties/lasso*",
    "pydantic": "model/inventory/*",
    "z3": "solver/*",
    "pysat": "solver/bounded/*",
    "oxidd": "solver/*",
}

# Homes and mounts of particular machines; written so that this file does not match itself.
_MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home|Users)/[\w.]|\b[A-Z]:\\Users\\")
_LEFTOVER = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")


def imports_upwards(root: Path) -> list[str]:
    """Imports of a room on a higher floor (model < solver < properties < reports < command)."""
    rising = []
    for found in imports_of(root, FLOORS):
        room, target = found.file.parts[0], room_of(found.target)
        if target is not None and FLOORS.index(target) > FLOORS.index(room):
            rising.append(f"{found}: {room} lies below {target}")
    return rising


def bare_imports(root: Path) -> list[str]:
    """Imports of a room by its folder's name, which only works in the root of the repository."""
    return [
        f"{found}: say {PACKAGE}.{found.target}"
        for found in imports_of(root, EVERYWHERE)
        if not found.relative and found.top in FLOORS
    ]


def foreign_imports_of_the_model(root: Path) -> list[str]:
    """Imports of the model beyond itself and the standard library; the inventory may use pydantic."""
    return [
        str(found)
        for found in imports_of(root, ("model",))
        if found.top not in sys.stdlib_module_names and room_of(found.target) != "model"
        if not (found.top == "pydantic" and found.file.parts[:2] == ("model", "inventory"))
    ]


def heavy_imports_out_of_place(root: Path) -> list[str]:
    """Heavy libraries that load together with a module outside the room that owns them."""
    return [
        f"{found}: only {HEAVY[found.top]} may, elsewhere inside a function"
        for found in imports_of(root, FLOORS)
        if found.loading and found.top in HEAVY
        if not any(fnmatch(found.file.as_posix(), room) for room in HEAVY[found.top].split())
    ]


def long_files(root: Path) -> list[str]:
    """Python files with too many lines."""
    lengths = {file: len(_text(root / file).splitlines()) for file in python_files(root, EVERYWHERE)}
    return [f"{file.as_posix()}: {n} lines" for file, n in lengths.items() if n > MOST_LINES_OF_A_FILE]


def long_functions(root: Path) -> list[str]:
    """Functions with too many lines, the docstring included."""
    return [
        f"{file.as_posix()}:{node.lineno} {node.name}: {length} lines"
        for file in python_files(root, EVERYWHERE)
        for node, length in _functions(root / file)
        if length > MOST_LINES_OF_A_FUNCTION
    ]


def packages_not_shipped(root: Path) -> list[str]:
    """Differences between the folders of the rooms and the package list of pyproject.toml."""
    table = setuptools_table(root)
    listed = table["packages"]
    assert isinstance(listed, list)
    there = {package_of(file.parent): file.parent for file in python_files(root, FLOORS)}
    no_init = [folder for folder in there.values() if not (root / folder / "__init__.py").exists()]
    return [
        *(f"{there[name].as_posix()}: {name} is not listed" for name in sorted(set(there) - set(listed))),
        *(f"{name}: listed, but it has no folder" for name in sorted(set(listed) - {*there, *SHIPPED})),
        *(f"{folder.as_posix()}: it has no __init__.py" for folder in no_init),
    ]


def rooms_mapped_wrongly(root: Path) -> list[str]:
    """Rooms whose installed name in pyproject.toml differs from the one that these rules assume."""
    mapping = setuptools_table(root)["package-dir"]
    assert isinstance(mapping, dict)
    expected = {**{package_of(Path(room)): room for room in FLOORS}, **SHIPPED}
    names = sorted({*mapping, *expected})
    return [f"{name}: {mapping.get(name)}" for name in names if mapping.get(name) != expected.get(name)]


def machine_paths(root: Path) -> list[str]:
    """Lines that name a place which exists on one machine only."""
    return _lines_with(_MACHINE_PATH, root)


def leftovers(root: Path) -> list[str]:
    """Lines with a note that something is still to be done."""
    return _lines_with(_LEFTOVER, root)


def _lines_with(pattern: re.Pattern[str], root: Path) -> list[str]:
    """The lines of all text files of the project in which a pattern occurs."""
    return [
        f"{file.as_posix()}:{number}: {line.strip()[:90]}"
        for file in project_files(root)
        for number, line in enumerate(_text(root / file).splitlines(), 1)
        if pattern.search(line)
    ]


def _functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """The functions of a file with their numbers of lines."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1


def _text(path: Path) -> str:
    """The text of a file; empty when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
