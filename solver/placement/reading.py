"""A file becomes a placement problem: TOML is an inventory, JSON a DRS instance, else Ganeti's text."""

from __future__ import annotations

from pathlib import Path

from ...model.inventory import Inventory, InventoryError, read_inventory
from ...model.inventory.problems import InventoryProblem
from . import drs, ganeti, inventory
from .problem import Problem

FORMATS = "an inventory in a .toml file, a DRS instance in a .json file, or Ganeti's text (hbal -t)"


def read_problem(path: Path) -> Problem:
    """The problem in a file. Raises InventoryError with everything that is wrong, OSError."""
    return read_with_inventory(path)[0]


def read_with_inventory(path: Path) -> tuple[Problem, Inventory | None]:
    """The problem, and the inventory it comes from where it is one of ours."""
    kind, found = path.suffix.lower(), None
    if kind == ".toml":
        found = read_inventory(path)
        problem = inventory.problem_of(found, path.stem)
    else:
        problem = drs.read_drs(path) if kind == ".json" else _text(path)
    cure = "a larger unit, MiB instead of bytes, or smaller numbers"
    large = [InventoryProblem(place, message, cure) for place, message in problem.too_large()]
    if large:
        raise InventoryError(str(path), large)
    return problem, found


def _text(path: Path) -> Problem:
    try:
        _first_line(path)
        return ganeti.read_ganeti(path)
    except UnicodeDecodeError as error:
        problem = InventoryProblem(f"byte {error.start}", "the file is not UTF-8 text", FORMATS)
        raise InventoryError(str(path), [problem]) from error


def _first_line(path: Path) -> None:
    """Ganeti's text begins with a group of nodes. Raises InventoryError where it does not, OSError."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.count("|") < 2:
        problem = InventoryProblem("the file", "is none that `vmproof place` reads", FORMATS)
        raise InventoryError(str(path), [problem])
