"""How far an exploration goes; apart from the engine, which is loaded when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..solver.diagrams.limits import Size


@dataclass(frozen=True)
class Effort:
    """How far an exploration goes.

    ``only``: names of the invariants and lemmas that are asked, in their cone of influence; empty: all.
    ``depth``: count the levels, too; ``steps``: count the steps whatever it costs; ``counterexamples``: so
    many of each broken invariant, ending in different actions. ``checkpoint``: a file where the states known
    so far are kept, now and then and at the end; ``resume``: such a file to go on from. ``partial``: ask the
    states that are known when a limit is reached.
    """

    size: Size = Size()
    only: tuple[str, ...] = ()
    depth: bool = False
    steps: bool = False
    counterexamples: int = 1
    checkpoint: Path | None = None
    resume: Path | None = None
    partial: bool = True
