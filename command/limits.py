"""Numbers of the command line that must make sense; argparse names the option and says what is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Callable


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
