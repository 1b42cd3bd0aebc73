"""Read a cluster from TOML: all errors of the file at once, each with its place and its cure."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from .items import BUDGETS, DatastoreItem, HostItem, Inventory, Rule, Settings, Story, VMItem
from .problems import InventoryError, InventoryProblem
from .sense import Sense, promised
from .sizes import number_of

Item = TypeVar("Item")


def read_inventory(path: str | Path, fault_names: tuple[str, ...] = BUDGETS) -> Inventory:
    """The inventory in a TOML file. Raises InventoryError with everything that is wrong, OSError."""
    from .schema import form_problems, unknown_faults

    data = _parsed(Path(path))
    problems = [*form_problems(data), *unknown_faults(data, fault_names), *Sense(data).problems()]
    if problems:
        raise InventoryError(str(path), problems)
    return _inventory(data)


def _parsed(path: Path) -> dict[str, Any]:
    """The tables of the file. A byte order mark, which some editors write, is skipped."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = InventoryProblem(f"byte {error.start}", "the file is not UTF-8 text", "UTF-8")
        raise InventoryError(str(path), [problem]) from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InventoryError(str(path), [_not_toml(text, error)]) from error


def _not_toml(text: str, error: ValueError | RecursionError) -> InventoryProblem:
    """Line and column of what tomllib refuses; it gives none for numbers too long and lists too deep."""
    message, _, place = str(error).partition(" (at ")
    if not isinstance(error, tomllib.TOMLDecodeError):
        deep = isinstance(error, RecursionError)
        message = "lists or tables are nested too deeply" if deep else "a number has thousands of digits"
    lines = text.split("\n")
    if place.startswith("end of document"):
        place = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    cure = 'name = "text", name = 1, name = ["a", "b"], [table] or [[list of tables]]'
    return InventoryProblem(place.rstrip(")") or "the file", f"not TOML: {message}", cure)


def _inventory(data: dict[str, Any]) -> Inventory:
    story = data.get("story")
    return Inventory(
        hosts=tuple(_made(HostItem, row) for row in data["hosts"]),
        datastores=tuple(_made(DatastoreItem, row) for row in data["datastores"]),
        vms=tuple(_made(VMItem, _promised(row)) for row in data["vms"]),
        rules=tuple(_made(Rule, row) for row in data.get("rules", [])),
        settings=_made(Settings, data.get("settings", {})),
        budgets=dict(data.get("budgets", {})),
        story=_made(Story, story) if story else None,
        expect=dict(data.get("expect", {})),
        states=data.get("states"),
    )


def _promised(vm: dict[str, Any]) -> dict[str, Any]:
    """A VM without reservations is promised all that it demands and may have."""
    return {**{f"{key}_reservation": promised(vm, key) for key in ("cpu", "memory")}, **vm}


def _made(item: type[Item], row: dict[str, Any]) -> Item:
    known = {f.name for f in fields(item)}  # type: ignore[arg-type]
    return item(**{key: _plain(key, value) for key, value in row.items() if key in known})


def _plain(key: str, value: Any) -> Any:
    kind = key.removesuffix("_reservation").removesuffix("_limit")
    if kind == "network":
        return number_of(value, "link")
    if kind in ("cpu", "memory", "capacity", "link"):
        return number_of(value, kind)
    return tuple(value) if isinstance(value, list) else value
