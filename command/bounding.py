"""``vmproof bound FILE``: is an invariant violated within so many steps?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .exploring import check_names
from .limits import none_or_more, positive
from .proving import with_lemmas

if TYPE_CHECKING:
    from .loading import Loaded
    from .properties.results import Result
    from .reports.terminal import Progress

SAYS = (
    "look for violations within so many steps, in clusters too wide to visit whole (bounded model checking)"
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of ``bound``."""
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument(
        "--depth", type=positive(int), metavar="K", help="at most K steps (as many as the time allows)"
    )
    command.add_argument(
        "--induction", type=none_or_more, default=2, metavar="K",
        help="try to prove what is open for this scope by induction over up to K steps (2; 0: do not)",
    )  # fmt: skip
    command.add_argument(
        "--property", action="append", default=[], metavar="NAME", dest="only",
        help="ask only this invariant (may be repeated)",
    )  # fmt: skip
    command.add_argument(
        "--seconds", type=positive(float), metavar="S", help="give up after S seconds (60 without --depth)"
    )


def run(options: argparse.Namespace, loaded: Loaded, progress: Progress) -> Result:
    """Look at a loaded scope as the options say."""
    from .properties.bound import Look, Options, bound

    check_names(loaded.scope, options.only)

    def tell(look: Look) -> None:
        progress.say(lambda: f"{look.open} invariants open, {look.depth} steps, {look.seconds:.1f} s")

    seconds = options.seconds or (None if options.depth else 60.0)
    expect = {} if options.strict else loaded.expect
    limits = (options.depth, seconds, options.induction)
    return bound(with_lemmas(loaded.scope), Options(*limits, tuple(options.only), expect, tell))
