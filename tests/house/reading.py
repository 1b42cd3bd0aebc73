"""Reads the project as text: its rooms, its modules and what they import. Nothing is executed."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FLOORS = ("model", "solver", "properties", "reports", "command")
OUTBUILDINGS = ("tests", "examples", "benchmarks")
PACKAGE = "vmproof"


@dataclass(frozen=True)
class Import:
    """One imported name: ``from ..model.language import State`` has the target vmproof.model.language.State.

    ``file`` is relative to the project; ``loading`` says that it happens when the module is imported.
    """

    file: Path
    line: int
    target: str
    relative: bool
    loading: bool

    @property
    def top(self) -> str:
        """The first word of the target: the distribution or the room that is meant."""
        return self.target.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line} imports {self.target}"


def setuptools_table(root: Path) -> dict[str, object]:
    """The table [tool.setuptools] of the project's pyproject.toml."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert isinstance(table, dict)
    return table


def package_of(folder: Path) -> str:
    """The installed name of a folder of a room: model/language is vmproof.model.language."""
    inside = folder.parts[1:] if folder.parts[0] == "command" else folder.parts
    return ".".join((PACKAGE, *inside))


def room_of(target: str) -> str | None:
    """The room that a dotted name of the installed package lies in; None for a name of somebody else."""
    first, *rest = target.split(".")
    if first != PACKAGE:
        return None
    return rest[0] if rest and rest[0] in FLOORS[:-1] else "command"


def python_files(root: Path, folders: tuple[str, ...]) -> list[Path]:
    """The Python files under some folders, relative to the project."""
    found = (path for folder in folders for path in (root / folder).rglob("*.py"))
    return sorted(path.relative_to(root) for path in found)


def imports_of(root: Path, folders: tuple[str, ...]) -> list[Import]:
    """Every import of the Python files under some folders."""
    return [found for file in python_files(root, folders) for found in _imports_in(file, parsed(root / file))]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def project_files(root: Path) -> list[Path]:
    """The files that are, or would be, under version control; all files where there is no repository."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    names = sorted(set(filter(None, answer.stdout.split("\0"))))
    return [Path(name) for name in names if (root / name).is_file()]


def _imports_in(file: Path, tree: ast.Module) -> Iterator[Import]:
    """The imports of one module; `if TYPE_CHECKING` and functions do not load when the module does."""
    for node, loading in _statements(tree, loading=True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, relative=False, loading=loading)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(file, node.lineno, _target(file, node, alias), node.level > 0, loading)


def _statements(node: ast.AST, loading: bool) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes below a node, each with whether it runs while the module loads."""
    for child in ast.iter_child_nodes(node):
        yield child, loading
        yield from _statements(child, loading and not _waits(child))


def _waits(node: ast.AST) -> bool:
    """Whether what stands inside a node does not run while the module loads."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _target(file: Path, node: ast.ImportFrom, alias: ast.alias) -> str:
    """The absolute name of what ``from ... import alias`` brings."""
    base = [] if node.level == 0 else package_of(file.parent).split(".")
    if node.level:
        base = base[: len(base) + 1 - node.level]
    return ".".join([*base, *(node.module.split(".") if node.module else []), alias.name])
