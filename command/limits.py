"""What the command line says must make sense: numbers, files, the names and values of ``--scope``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Value = str | bool | int

MOST_OF_A_BUDGET = 255
MOST_MEMBERS = 9_999
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
SPOKEN = {"true": True, "yes": True, "on": True, "false": False, "no": False}  # off is a word of its own


class UsageError(Exception):
    """The command line asks for something that is not there; exit 2."""


def positive(number: type[float] | type[int]) -> Callable[[str], float]:
    """A parser of numbers above zero; 200_000 may be written so."""

    def parse(text: str) -> float:
        value = number(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    parse.__name__ = number.__name__
    return parse


def none_or_more(text: str) -> int:
    """Zero or a number above it."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return number


def existing(path: Path) -> Path:
    """The path of a file. Raises UsageError where there is none, or something else has this name."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory: name a file in it")
    if not path.exists():
        raise UsageError(f"no such file: {path}")
    if not path.is_file():
        raise UsageError(f"{path} is no ordinary file: save its text as a file")
    return path


def names_of(text: str) -> dict[str, Value]:
    """What ``--scope hosts=3,drs=manual`` says. Raises UsageError for what is no such list."""
    names: dict[str, Value] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and value and name.isidentifier()):
            raise UsageError(f"--scope {part!r}: write NAME=VALUE, several separated by commas")
        if name in names:
            raise UsageError(f"--scope {text!r} gives {name} twice: write it once")
        names[name] = _value(value)
    return names


def _value(text: str) -> Value:
    if text.lower() in SPOKEN:
        return SPOKEN[text.lower()]
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else text


def whole(name: str, value: Value, low: int | None = None, high: int | None = None) -> int:
    """A whole number that ``--scope`` gives. Raises UsageError for anything else."""
    if type(value) is int and (low is None or low <= value) and (high is None or value <= high):
        return value
    limits = "" if low is None else f" from {low} to {high}"
    raise UsageError(f"--scope {name}={spoken(value)}: write a whole number{limits}, such as {name}=2")


def one_value(name: str, value: Value, allowed: Sequence[Value]) -> Value:
    """The allowed value that is meant. Raises UsageError, with those that there are, for any other."""
    from .model.inventory.problems import nearest

    for meant in _meanings(value):
        for known in allowed:
            if meant == known and type(meant) is type(known):
                return known
    words = [spoken(known) for known in allowed]
    near = nearest(str(value), words)
    hint = f'did you mean "{near}"? ' if near else ""
    most = f"{', '.join(words[:-1])} or " if words[1:] else ""
    raise UsageError(f"--scope {name}={spoken(value)}: no such value; {hint}{name} is {most}{words[-1]}")


def _meanings(value: Value) -> tuple[Value, ...]:
    """A value and what else it may mean: "off" is False, yes is "on", 1 is True."""
    text = str(value).lower()
    if text in YES:
        return (value, True, "on", "yes", text)
    return (value, False, "off", "no", text) if text in NO else (value, str(value), text)


def spoken(value: Value) -> str:
    """A value as ``--scope`` takes it: yes and no for True and False."""
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"


def unknown_names(names: Iterable[str], known: Sequence[str]) -> UsageError:
    """The error for names that ``--scope`` does not know here, each with the nearest that it knows."""
    from .model.inventory.problems import nearest

    hints = {name: nearest(name, known) for name in names}
    shown = [f'{name} (did you mean "{near}"?)' if near else name for name, near in hints.items()]
    return UsageError(f"--scope knows no {', '.join(shown)} here; it knows: {', '.join(known) or 'nothing'}")
