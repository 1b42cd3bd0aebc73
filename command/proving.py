"""``vmproof prove FILE``: for every number of hosts and VMs, under the settings of a file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .exploring import check_names
from .limits import UsageError, positive

if TYPE_CHECKING:
    from .loading import Loaded
    from .model.language.scope import Scope
    from .properties.prove import Options as ProveOptions
    from .properties.results import Result
    from .reports.terminal import Progress

HUNT = 600.0  # seconds for a property
SAYS = "prove the invariants for every number of members, with unlimited faults, under the file's settings"


def add_arguments(prove: argparse.ArgumentParser) -> None:
    """The options of ``prove``."""
    prove.add_argument("file", metavar="FILE", type=Path)
    prove.add_argument(
        "--only", metavar="PROPERTY", action="append", default=[], help="this invariant (may be repeated)"
    )
    prove.add_argument(
        "--seconds", type=positive(float), default=10.0, metavar="S", help="of each obligation (10)"
    )
    prove.add_argument(
        "--work",
        type=positive(int),
        default=40_000_000,
        metavar="N",
        help="solver steps of each obligation (40 million)",
    )
    prove.add_argument(
        "--workers", type=positive(int), metavar="N", help="processes (one for each processor)"
    )
    prove.add_argument(
        "--needs",
        action="store_true",
        help="look for proofs with as few mechanisms as possible: each is left out once (takes minutes)",
    )
    prove.add_argument(
        "--suggest", action="store_true", help="look for lemmas that close the proofs, and print them as code"
    )
    prove.add_argument(
        "--unaided", action="store_true", help="with --suggest: leave the model's own lemmas out"
    )
    prove.add_argument(
        "--hunt",
        type=positive(float),
        metavar="S",
        help="with --suggest: seconds for a property (600)",
    )
    prove.add_argument("--no-cache", action="store_true", help="ask every obligation anew")


def run(options: argparse.Namespace, loaded: Loaded, progress: Progress) -> Result:
    """Prove what a loaded file asks. Raises UsageError for a property that is not there."""
    from .properties.prove import Options, prove
    from .properties.prove_cache import cache_folder
    from .properties.prove_tasks import processors
    from .solver.smt.answers import Limits

    scope = with_lemmas(loaded.scope)
    check_names(scope, options.only, "--only")
    _refuse_what_is_not_asked(options)

    def tell(done: int, total: int, seconds: float) -> None:
        progress.say(lambda: f"{done} of {total} obligations, {seconds:.1f} s")

    how = Options(
        limits=Limits(options.seconds, options.work),
        workers=options.workers or processors(),
        cache=None if options.no_cache else cache_folder(),
        only=tuple(options.only),
        needs=options.needs,
        expect={} if options.strict else loaded.expect,
        on_tick=tell,
    )
    return _suggest(scope, options, how, progress) if options.suggest else prove(scope, how)


def _refuse_what_is_not_asked(options: argparse.Namespace) -> None:
    """Options of a search for lemmas that is not asked for."""
    if not options.suggest and (options.unaided or options.hunt is not None):
        raise UsageError(
            f"{'--unaided' if options.unaided else '--hunt'} is read with --suggest only: add it"
        )


def _suggest(scope: Scope, options: argparse.Namespace, how: ProveOptions, progress: Progress) -> Result:
    """Look for lemmas, and prove with them."""
    from .properties.suggesting.session import Options, suggest

    def tell(text: str) -> None:
        progress.say(lambda: text)

    return suggest(scope, Options(how, options.hunt or HUNT, unaided=options.unaided, on_progress=tell))


def with_lemmas(scope: Scope) -> Scope:
    """The scope, its data held against the axioms that come with the cluster's lemmas."""
    from .model.cluster.state import Cluster

    if scope.state is Cluster:
        from .properties import lemmas  # noqa: F401
    return replace(scope)
