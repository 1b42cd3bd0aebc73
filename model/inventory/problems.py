"""What is wrong with an inventory: every problem has a place and a cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class InventoryProblem:
    """One mistake in a file, for instance at ``hosts[3] "D".memory``; the cure is what to write instead."""

    path: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}\n    write: {self.cure}"


class InventoryError(ValueError):
    """The file is no sound inventory; ``problems`` has everything that is wrong with it."""

    def __init__(self, file: str, problems: Sequence[InventoryProblem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        super().__init__("\n".join([f"{file}: {count}", *map(str, problems)]))


def one_of(name: str, known: Iterable[str]) -> str:
    """A cure for an unknown name: the nearest known one, else all of them."""
    names = list(dict.fromkeys(known))
    near = nearest(name, names)
    return f'"{near}"' if near else either(names)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, whatever is written large; None where none is like it."""
    small = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), small, n=1)
    return small[near[0]] if near else None


def did_you_mean(names: Sequence[str], known: Sequence[str]) -> str:
    """What to write instead of unknown names: the nearest of each, or all where one has none."""
    near = [nearest(name, known) for name in names]
    if not all(near):
        return f"known: {', '.join(known) or 'none'}"
    meant = " and ".join(f'"{name}"' for name in dict.fromkeys(near))
    return f"did you mean {meant}?"


def either(names: Iterable[str]) -> str:
    """The names as a choice: ``"A", "B" or "C"``."""
    *most, last = [f'"{name}"' for name in names] or ["nothing: no name is known here"]
    return f"{', '.join(most)} or {last}" if most else last


def step_of(index: int, table: object) -> str:
    """A place in a list, from 0, with the name of the table there: ``[3] "D"``."""
    name = table.get("name") if isinstance(table, dict) else None
    return f"[{index}]" + (f' "{name}"' if isinstance(name, str) and name else "")
