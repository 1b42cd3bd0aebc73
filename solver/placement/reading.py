"""A file becomes a placement problem: TOML is an inventory, JSON a DRS instance, else Ganeti's text."""

from __future__ import annotations

from pathlib import Path

from ...model.inventory import Inventory, InventoryError, read_inventory
from ...model.inventory.problems import InventoryProblem
from . import drs, ganeti, inventory
from .problem import Problem


def read_problem(path: Path) -> Problem:
    """The problem in a file. Raises InventoryError with everything that is wrong, OSError."""
    return read_with_inventory(path)[0]


def read_with_inventory(path: Path) -> tuple[Problem, Inventory | None]:
    """The problem, and the inventory it comes from where it is one of ours."""
    if path.suffix == ".toml":
        found = read_inventory(path)
        return inventory.problem_of(found, path.stem), found
    return (drs.read_drs(path) if path.suffix == ".json" else _text(path)), None


def _text(path: Path) -> Problem:
    try:
        return ganeti.read_ganeti(path)
    except UnicodeDecodeError as error:
        problem = InventoryProblem(
            f"byte {error.start}", "the file is not UTF-8 text", "TOML, JSON or Ganeti's text"
        )
        raise InventoryError(str(path), [problem]) from error
