"""The command line: parse, one call, one renderer."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import bounding, exploring, exporting, proving
from .limits import UsageError, names_of, positive
from .outputs import check_outputs
from .placing import add_place
from .properties.results import EXIT_MODEL_ERROR, EXIT_OUR_BUG, EXIT_USAGE, SCHEMA, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from .loading import Loaded
    from .properties.results import Result

FIGURE_1 = Path(__file__).parent / "examples" / "figure-1.toml"

MOST_STATES, SHORT, LONG = (
    300_000,
    30,
    600,
)  # of a search: states, seconds, seconds where a file counts states
DESCRIPTION = """\
vmproof: is the protocol of your cluster safe, and what happens when a host fails?

FILE is a cluster in TOML, or a Python file with a model of your own. A Python file is executed.

exit status: 0 holds (or sampled without a violation), 1 refuted, 2 usage, 3 undetermined,
4 the model or the file is wrong, 5 a bug of vmproof"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. A request to end is taken as Ctrl-C is."""
    options = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _answered(options)
    except KeyboardInterrupt:
        print("vmproof: interrupted", file=sys.stderr)
        return Verdict.UNDETERMINED.exit
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; end quietly
        return 0


def _answered(options: argparse.Namespace) -> int:
    """Run the chosen command; an error that the contract knows becomes its exit status."""
    try:
        check_outputs(options)
        status: int = options.run(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        failed = _status_of(error)
        if failed is None:
            raise
        _say(error, failed, as_json=options.json)
        return failed
    return status


def _say(error: Exception, status: int, *, as_json: bool) -> None:
    """Say what went wrong: on standard error for people, as one object on standard output for machines."""
    problems = getattr(error, "problems", ())
    if as_json:
        rows = [{**asdict(problem), "text": str(problem)} for problem in problems]
        found = {"schema": SCHEMA, "exit": status, "error": str(error), "problems": rows}
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    ours = "a bug of ours, please report it: " if status == EXIT_OUR_BUG else ""
    print(f"vmproof: {ours}{error}", file=sys.stderr)


def _status_of(error: Exception) -> int | None:
    """The exit status of the contract; None for an error that nobody foresaw."""
    from .model.inventory import InventoryError
    from .model.language.misuse import ModelError
    from .properties.replay import OurBug
    from .properties.story import NothingToTell
    from .solver.diagrams.limits import CheckpointError
    from .solver.placement.faults import OptimizerBug

    statuses: tuple[tuple[type[Exception], int], ...] = (
        (CheckpointError, EXIT_USAGE),
        (UsageError, EXIT_USAGE),
        (OSError, EXIT_USAGE),
        (ModelError, EXIT_MODEL_ERROR),
        (InventoryError, EXIT_MODEL_ERROR),
        (NothingToTell, EXIT_MODEL_ERROR),
        (OurBug, EXIT_OUR_BUG),
        (OptimizerBug, EXIT_OUR_BUG),
    )
    return next((status for known, status in statuses if isinstance(error, known)), None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vmproof", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = _command(commands, "demo", _demo, "tell, step by step, what happens when a host fails")
    demo.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, default=FIGURE_1, help="default: Figure 1 of the paper"
    )
    check = _command(
        commands, "check", _check, "visit every reachable state; where that is too much, walk at random"
    )
    check.add_argument("file", metavar="FILE", type=Path)
    _effort(check)
    exploring.add_limits(check, 1)
    exploring.add_arguments(_command(commands, "explore", _explore, exploring.SAYS))
    bounding.add_arguments(_command(commands, "bound", _bound, bounding.SAYS))
    proving.add_arguments(_command(commands, "prove", _prove, proving.SAYS))
    listing = _command(
        commands, "list", _list, "actions, properties, mechanisms and settings, with their sources"
    )
    listing.add_argument("file", metavar="FILE", type=Path)
    for part in ("actions", "properties", "mechanisms", "settings"):
        listing.add_argument(
            f"--{part}", action="store_const", const=part, dest="only", help=f"only the {part}"
        )
    export = _command(commands, "export", _export, "write the model for another checker: TLC, rumur")
    exporting.add_options(export)
    add_place(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, says: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=says, description=says)
    command.set_defaults(run=run)
    command.add_argument(
        "--scope",
        metavar="NAME=VALUE,…",
        default="",
        help="sizes, budgets and settings: hosts=3,host_crash=2",
    )
    command.add_argument(
        "--without",
        metavar="MECHANISM",
        action="append",
        default=[],
        help="remove a mechanism (may be repeated)",
    )
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    if name not in ("list", "export"):
        command.add_argument(
            "--report", metavar="DIR", type=Path, help="write report.json and report.html into DIR"
        )
        command.add_argument("--strict", action="store_true", help="ignore the file's [expect] section")
        command.add_argument("-v", "--verbose", action="store_true", help="every trace and the coverage")
    return command


def _effort(check: argparse.ArgumentParser) -> None:
    check.add_argument(
        "--states",
        type=positive(int),
        metavar="N",
        help="search one by one, at most N states, without diagrams (300000, or as many as the file says)",
    )
    check.add_argument(
        "--seconds",
        type=positive(float),
        metavar="S",
        help="search at most S seconds (30; 600 if the file counts states)",
    )
    check.add_argument(
        "--steps", type=positive(int), default=200_000, metavar="N", help="then walk N random steps (200000)"
    )
    check.add_argument("--seed", type=int, default=0, help="of the walk (0)")


def _loaded(options: argparse.Namespace) -> Loaded:
    from .loading import load_file

    return load_file(options.file, names_of(options.scope), tuple(options.without))


def _check(options: argparse.Namespace) -> int:
    from .properties.check import Options, check
    from .properties.effort import Effort
    from .properties.search import Limits
    from .reports.terminal import Progress
    from .solver.diagrams.limits import Size

    loaded = _loaded(options)
    expect, states = ({}, None) if options.strict else (loaded.expect, loaded.states)
    seconds = options.seconds or (LONG if states else SHORT)
    limits = Limits(states=options.states or max(MOST_STATES, 2 * (states or 0)), seconds=seconds)
    effort = None if options.states else Effort(Size(options.memory, seconds, options.threads))
    with Progress() as progress:
        how = Options(limits, effort, options.steps, options.seed, expect, states, progress)
        result = check(loaded.scope, how)
    return _show(options, loaded, _with_pictures(loaded, result) if options.report else result)


def _explore(options: argparse.Namespace) -> int:
    from .reports.terminal import Progress

    loaded = _loaded(options)
    with Progress() as progress:
        result = exploring.run(options, loaded, progress)
    return _show(options, loaded, result)


def _bound(options: argparse.Namespace) -> int:
    from .reports.terminal import Progress

    loaded = _loaded(options)
    with Progress() as progress:
        result = bounding.run(options, loaded, progress)
    return _show(options, loaded, result)


def _prove(options: argparse.Namespace) -> int:
    from .reports.terminal import Progress

    loaded = _loaded(options)
    with Progress() as progress:
        result = proving.run(options, loaded, progress)
    return _show(options, loaded, result)


def _demo(options: argparse.Namespace) -> int:
    from .properties.demo import demo

    loaded = _loaded(options)
    return _show(options, loaded, demo(loaded.scope, loaded.fails, {} if options.strict else loaded.expect))


def _list(options: argparse.Namespace) -> int:
    from .listing import print_listing

    print_listing(_loaded(options).scope, _console(), options.only, options.json)
    return 0


def _export(options: argparse.Namespace) -> int:
    files = exporting.exported(_loaded(options).scope, options.to, options.file.stem)
    exporting.show(files, options)
    return 0


def _with_pictures(loaded: Loaded, result: Result) -> Result:
    """Add the told story (for a cluster with one) and the state graph (for a small scope)."""
    from .model.language.predicates import invariants_of
    from .properties.demo import demo
    from .properties.views import state_graph

    graph = state_graph(loaded.scope, invariants_of(loaded.scope.model))
    if not loaded.fails:
        return replace(result, graph=graph)
    told = demo(loaded.scope, loaded.fails, {})
    return replace(result, graph=graph, story=told.story, before=told.before, after=told.after)


def _console() -> Console:
    from rich.console import Console

    return Console()


def _show(options: argparse.Namespace, loaded: Loaded, result: Result) -> int:
    from .reports.as_json import to_json
    from .reports.terminal import render, tell

    result = replace(result, notes=(*result.notes, *loaded.notes))
    if options.json:
        print(to_json(result))
    elif result.command == "demo":
        tell(result, _console())
    else:
        render(result, _console(), verbose=options.verbose)
    if options.report:  # last: an answer is not lost with its page
        from .reports.page import write_report

        for path in write_report(result, options.report):
            print(f"wrote {path}", file=sys.stderr)
    return result.exit


if __name__ == "__main__":
    sys.exit(main())
