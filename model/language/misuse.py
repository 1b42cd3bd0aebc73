"""Errors in a model: each names file, line, the expression and what to write instead.

While a function is traced, problems are collected so that all of them are shown at once;
everywhere else the first one raises ``ModelError``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

from .syntax import expression_of

_LANGUAGE = str(Path(__file__).parent) + os.sep
_MOST_REPEATS = 1000
_MOST_PROBLEMS = 200


@dataclass(frozen=True)
class Source:
    """A place in a model's text. ``line`` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One mistake in a model, with its place and its cure."""

    where: Source
    expression: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}\n    in:    {self.expression}\n    write: {self.cure}"


class ModelError(Exception):
    """The model is wrong. ``problems`` lists every mistake that was found, with place and cure."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TooManyProblems(Exception):
    """Tracing is given up because misuse goes on and on, for instance in a ``while`` over a term."""


class Problems(list[Problem]):
    """The problems gathered so far, each once."""

    repeats = 0

    def note(self, problem: Problem) -> None:
        """Add a problem; raises TooManyProblems when there is no end of them."""
        if problem in self:
            self.repeats += 1
        else:
            self.append(problem)
        if self.repeats > _MOST_REPEATS or len(self) > _MOST_PROBLEMS:
            raise TooManyProblems


_collectors: list[Problems] = []


@contextmanager
def collecting() -> Iterator[Problems]:
    """Gather problems instead of raising at the first one; yields the growing list."""
    problems = Problems()
    _collectors.append(problems)
    try:
        yield problems
    finally:
        _collectors.pop()


def complain(
    message: str, cure: str, *, frame: FrameType | None = None, expression: str | None = None
) -> None:
    """Report a misuse at the model line that is being executed."""
    frame = frame or model_frame()
    report(Problem(source_of(frame), expression or expression_of(frame), message, cure))


def report(problem: Problem) -> None:
    """Add a problem to the innermost collector; without one, raise ``ModelError``."""
    if not _collectors:
        raise ModelError([problem])
    _collectors[-1].note(problem)


def report_all(problems: Sequence[Problem]) -> None:
    """Hand problems on to the enclosing collector; without one, raise them all as one error."""
    if problems and not _collectors:
        raise ModelError(problems)
    for problem in problems:
        report(problem)


def model_frame() -> FrameType:
    """The innermost frame outside the language: the line that the model's author wrote."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_LANGUAGE):
        frame = frame.f_back
    return frame or sys._getframe(0)


def source_of(frame: FrameType) -> Source:
    """File and line that a frame is executing."""
    return Source(shown_path(frame.f_code.co_filename), frame.f_lineno)


def here() -> Source:
    """File and line of the model that is being executed."""
    return source_of(model_frame())


def shown_path(file: str) -> str:
    """A path as a reader would type it: relative to the working directory when it is below it."""
    return _shown(file, os.getcwd())


@lru_cache(maxsize=256)
def _shown(file: str, folder: str) -> str:
    path = Path(file).resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
