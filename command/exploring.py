"""``vmproof explore``: every reachable state, by decision diagrams."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .limits import UsageError, positive
from .loading import Loaded

if TYPE_CHECKING:
    from .model.language.scope import Scope
    from .properties.effort import Effort
    from .properties.results import Result

SAYS = "visit every reachable state with decision diagrams: exact counts, shortest counterexamples"
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of ``explore``."""
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument(
        "--property", action="append", default=[], metavar="NAME", dest="only",
        help="ask only this invariant, in its cone of influence (may be repeated)",
    )  # fmt: skip
    add_limits(command, 4)
    command.add_argument(
        "--seconds", type=positive(float), metavar="S", help="give up after S seconds (never)"
    )
    command.add_argument("--depth", action="store_true", help="count the levels of a breadth-first search")
    command.add_argument("--transitions", action="store_true", help="count the steps, whatever it costs")
    command.add_argument(
        "--counterexamples", type=positive(int), default=1, metavar="N",
        help="show at most N of each broken invariant, ending in different actions (1)",
    )  # fmt: skip
    command.add_argument("--checkpoint", metavar="FILE", type=Path, help="keep the known states in FILE")
    command.add_argument("--resume", metavar="FILE", type=Path, help="go on from such a file")


def add_limits(command: argparse.ArgumentParser, gib: int) -> None:
    """The options that ``check`` has, too; ``gib``: the usual memory."""
    command.add_argument(
        "--memory", type=_bytes, default=gib << 30, metavar="SIZE", help=f"of the diagrams ({gib}GiB)"
    )
    command.add_argument(
        "--threads", type=positive(int), default=1, metavar="N", help="that work on one diagram (1)"
    )


def check_names(scope: Scope, names: list[str], option: str = "--property") -> None:
    """Raises UsageError where an option names what is no invariant."""
    from .model.inventory.problems import did_you_mean
    from .model.language.predicates import invariants_of

    known = [predicate.name for predicate in invariants_of(scope.model)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"{option}: no invariant {', '.join(unknown)}; {did_you_mean(unknown, known)}")


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", text.strip().lower())
    if match is None or not float(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 512MiB or 4GiB")
    return int(float(match[1]) * UNITS[match[2]])


def run(options: argparse.Namespace, loaded: Loaded, on_growth: Callable[[Any], None]) -> Result:
    """Explore a loaded scope as the options say."""
    from .properties.check import questions, result_of
    from .properties.explore import explore

    asked = questions(loaded.scope)
    effort = _effort(options, loaded)
    found = explore(loaded.scope, asked, effort, on_growth)
    expect, states = ({}, None) if options.strict else (loaded.expect, loaded.states)
    result = result_of(loaded.scope, "explore", found, asked, expect, states, effort.only)
    if effort.checkpoint is None or found.states:
        return result
    note = f"nothing was kept in {effort.checkpoint}: it ended before the first state was known"
    return replace(result, notes=(*result.notes, note))


def _effort(options: argparse.Namespace, loaded: Loaded) -> Effort:
    from .properties.effort import Effort
    from .solver.diagrams.limits import Size

    check_names(loaded.scope, options.only)
    return Effort(
        Size(options.memory, options.seconds, options.threads),
        tuple(options.only),
        options.depth,
        options.transitions,
        options.counterexamples,
        options.checkpoint,
        options.resume,
    )
