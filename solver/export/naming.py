"""Names and texts of a model as another language takes them: legal, unique, in ASCII."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

_ASCII = {"…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "→": "->", "×": "x"}


def ascii_text(text: str) -> str:
    """The text with every other character replaced: by its plain form, or by its number."""
    plain = "".join(_ASCII.get(character, character) for character in text)
    return "".join(map(_plain, unicodedata.normalize("NFKD", plain)))


def _plain(character: str) -> str:
    if unicodedata.combining(character):
        return ""
    return character if character.isascii() else f"u{ord(character):x}"


def identifier(text: str) -> str:
    """The text as letters, digits and underscores, a letter first."""
    joined = re.sub(r"\W+", "_", ascii_text(text), flags=re.ASCII).strip("_")
    return joined if joined[:1].isalpha() else f"x{joined}"


class Names:
    """The identifiers of one exported text. ``reserved`` says what the other language keeps for itself.

    A name that is taken already gets its kind as an ending, then a number: ``load``, ``load_action``.
    """

    def __init__(self, reserved: Callable[[str], bool], taken: Iterable[str] = ()) -> None:
        self._reserved = reserved
        self._taken = set(taken)
        self._known: dict[Any, str] = {}

    def allot(self, kind: str, name: Any, wish: str) -> str:
        """Give a name to a thing of the model; the same thing keeps its name."""
        key = (kind, name)
        if key not in self._known:
            start = identifier(wish)
            self._known[key] = self._free([start, f"{start}_{kind}"], set())
            self._taken.add(self._known[key])
        return self._known[key]

    def of(self, kind: str, name: Any) -> str:
        """The name that was given to a thing."""
        return self._known[kind, name]

    def local(self, wish: str, used: Iterable[str]) -> str:
        """A name for a variable of an expression, where the names in ``used`` are in sight."""
        return self._free([identifier(wish)], set(used))

    def _free(self, wishes: list[str], used: set[str]) -> str:
        def open_to_use(name: str) -> bool:
            return name not in self._taken and name not in used and not self._reserved(name)

        last = wishes[-1] if not self._reserved(f"{wishes[-1]}_2") else f"x{wishes[-1]}"
        numbered = (f"{last}_{number}" for number in range(2, len(self._taken) + len(used) + 4))
        return next(name for name in (*wishes, last, *numbered) if open_to_use(name))


def strings_for(words: Iterable[tuple[Any, str]]) -> dict[Any, str]:
    """A different ASCII string for each thing, close to its word."""
    found: dict[Any, str] = {}
    for thing, word in words:
        text = start = re.sub(r"[^ -~]", "?", ascii_text(word)).replace("\\", "/").replace('"', "'")
        number = 2
        while text in found.values():
            text, number = f"{start} ({number})", number + 1
        found[thing] = text
    return found
