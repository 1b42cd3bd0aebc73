"""What is wrong with an inventory: every problem has a place and a cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class InventoryProblem:
    """One mistake in a file, for instance at ``hosts[3] "D".memory``."""

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
    names = list(dict.fromkeys(str(word) for word in known))
    near = difflib.get_close_matches(name, names, n=1)
    return f'"{near[0]}"' if near else f"one of: {', '.join(names) or 'nothing is declared'}"
