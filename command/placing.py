"""``vmproof place QUERY FILE``: the placement optimizer on the command line."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .limits import UsageError, existing, none_or_more, positive

if TYPE_CHECKING:
    from .model.inventory import Inventory
    from .solver.placement import Answer, Effort, Problem, Survival
    from .solver.placement.answers import Tick

QUERIES = {
    "repair": "fewest migrations so that every rule holds and no host is above the target",
    "balance": "the best trade of the highest utilisation, or DRS's deviation, against migrations",
    "evacuate": "empty hosts for maintenance: place evacuate FILE HOST…",
    "admit": "initial placement of VMs: place admit FILE VM… (default: all that have no host)",
    "survive": "can every protected VM restart after any K host failures?",
    "explain": "why not: host × reason, conflicting rules, cheapest cures: place explain FILE [VM…]",
    "plan": "the order of the migrations to the placement of another file: place plan FILE --to GOAL",
}
DESCRIPTION = """\
where should the VMs run, how do they get there, and what if not?

FILE is an inventory (TOML), a DRS instance (JSON), or Ganeti's text format.

"""
MOST_PLANNED = 3_000  # migrations for which a plan is made along with the answer
MOST_TARGET = 100_000  # basis points; above 10,000 contention is accepted, and shares decide
ONLY_FOR = {
    "names": ("evacuate", "admit", "explain"),
    "target": ("repair", "evacuate", "admit", "explain"),
    "threshold": ("balance",),
    "by": ("balance",),
    "failures": ("survive",),
    "to": ("plan",),
}  # what other queries would silently ignore


def add_place(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    queries = "\n".join(f"  {name:9} {says}" for name, says in QUERIES.items())
    place = commands.add_parser(
        "place",
        help="placement: repair, balance, evacuate, admit, survive, explain, plan",
        description=DESCRIPTION + queries,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place.set_defaults(run=run, default=place.get_default)
    place.add_argument("query", metavar="QUERY", choices=list(QUERIES))
    place.add_argument("file", metavar="FILE", type=Path)
    place.add_argument("names", metavar="NAME", nargs="*", help="hosts (evacuate) or VMs (admit, explain)")
    place.add_argument(
        "--target",
        type=_percent,
        default=10_000,
        metavar="P%",
        help="no host above this utilisation (100%%); with more VMs may contend, and shares decide",
    )
    place.add_argument(
        "--threshold", type=int, choices=range(1, 6), default=5, help="of balance, as DRS's (5)"
    )
    place.add_argument(
        "--by",
        choices=("highest", "deviation"),
        default="highest",
        help="what balance makes small: the highest utilisation, or DRS's standard deviation",
    )
    _add_limits(place)
    _add_effort(place)


def _add_limits(place: argparse.ArgumentParser) -> None:
    """What `survive` and `plan` ask for."""
    place.add_argument(
        "-k", "--failures", type=positive(int), default=1, metavar="K", help="hosts that fail (1)"
    )
    place.add_argument(
        "--to", type=Path, metavar="GOAL", help="of plan: a file with the same VMs where they should be"
    )
    place.add_argument(
        "--per-host", type=positive(int), default=4, metavar="N", help="simultaneous migrations a host (4)"
    )
    place.add_argument(
        "--in-all", type=positive(int), default=1_000_000, metavar="N", help="and in the whole network"
    )


def _add_effort(place: argparse.ArgumentParser) -> None:
    """How long to try, and how to show it."""
    place.add_argument(
        "--rounds", type=positive(int), default=4_000, metavar="N", help="of the search (4000)"
    )
    place.add_argument(
        "--seconds", type=positive(float), default=60.0, metavar="S", help="stop after S seconds (60)"
    )
    place.add_argument("--seed", type=none_or_more, default=0, help="of the search (0)")
    place.add_argument("--json", action="store_true", help="one JSON object on standard output")
    place.add_argument(
        "--report", metavar="DIR", type=Path, help="write report.json and report.html into DIR"
    )
    place.add_argument("-v", "--verbose", action="store_true", help="every migration and every row")


def _percent(text: str) -> int:
    """Basis points of a percentage: 80%, 80 or 82.5%."""
    try:
        points = round(float(text.rstrip("%")) * 100)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text} is no percentage: write 80%") from error
    if not 0 < points <= MOST_TARGET:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.01% and {MOST_TARGET // 100}%")
    return points


def run(options: argparse.Namespace) -> int:
    """Ask the query, check what it answers, show it; returns the exit status."""
    from .reports.placement_terminal import PlacementProgress
    from .solver.placement.reading import read_with_inventory

    _refuse_what_is_not_asked(options)
    problem, inventory = read_with_inventory(existing(options.file))
    if options.query == "survive" and options.failures > len(problem.hosts):
        raise UsageError(f"-k {options.failures}: there are {len(problem.hosts)} hosts that could fail")
    with PlacementProgress() as progress, _no_chatter():
        found = _asked(options, problem, inventory, progress)
    return _show(options, found)


def _refuse_what_is_not_asked(options: argparse.Namespace) -> None:
    """An argument that the query does not read is a mistake, and silence would hide it."""
    for name, queries in ONLY_FOR.items():
        given = getattr(options, name)
        if options.query not in queries and given and given != options.default(name):
            said = " ".join(given) if name == "names" else f"--{name}"
            raise UsageError(f"place {options.query} does not read {said}: that is for {', '.join(queries)}")


@contextmanager
def _no_chatter() -> Iterator[None]:
    """HiGHS now and then prints a line of its own on standard output; here it goes to standard error."""
    import ctypes
    import os

    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _heeding() -> Iterator[Callable[[], bool]]:
    """Within, Ctrl-C does not raise: the function that is given says whether it came."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)


def _asked(
    options: argparse.Namespace, problem: Problem, inventory: Inventory | None, show: Callable[[Tick], None]
) -> Answer | Survival:
    from .solver.placement import queries
    from .solver.placement.effort import Effort
    from .solver.placement.surviving import survive

    effort = Effort(rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    if options.query == "survive":
        return survive(problem, options.failures, effort, show)
    if options.query == "plan":
        return _plan(options, problem, inventory)
    if options.query == "explain":
        return _explain(options, problem, effort, show)
    if options.query == "repair":
        found = queries.repair(problem, options.target, effort, show)
    elif options.query == "balance":
        found = queries.rebalance(problem, options.threshold, effort, show, options.by)
    elif options.query == "evacuate":
        found = queries.evacuate(problem, _hosts(problem, options.names), options.target, effort, show)
    else:
        found = queries.admit(problem, _new_vms(problem, options.names), options.target, effort, show)
    return _completed(options, found, inventory)


def _completed(options: argparse.Namespace, found: Answer, inventory: Inventory | None) -> Answer:
    """An answer gets its plan, an impossibility its explanation."""
    from .solver.placement.answers import Verdict
    from .solver.placement.explaining import explain

    if found.verdict is Verdict.IMPOSSIBLE and (found.explanation is None or not found.explanation.table):
        out = [
            v
            for v, vm in enumerate(found.problem.vms)
            if vm.name in found.off and vm.name not in found.refused
        ]
        why = found.explanation.summary if found.explanation else "no placement keeps all rules and limits"
        try:
            return replace(found, explanation=explain(found.problem, found.target, out, why))
        except KeyboardInterrupt:
            note = "interrupted: that it is impossible is sure, the conflict was not looked for to the end"
            return replace(found, notes=(*found.notes, note))
    if found.moves and len(found.moves) <= MOST_PLANNED:
        return _with_plan(options, found, inventory)
    return found


def _with_plan(options: argparse.Namespace, found: Answer, inventory: Inventory | None) -> Answer:
    from .solver.placement.checking_plans import check_plan
    from .solver.placement.faults import Disagreement
    from .solver.placement.modelled import checked
    from .solver.placement.planning import plan

    limits = (options.per_host, options.in_all)
    with _heeding() as stop:
        made = plan(found.problem, found.placement, *limits, stop, target=found.target)
    if made.verdict.exit != 0:
        return replace(found, plan=made)
    complaints = check_plan(found.problem, made, found.placement, found.target)
    if complaints:
        raise Disagreement(f"plan: {'; '.join(complaints[:5])}")
    if inventory is not None:
        made = checked(found.problem, inventory, made)
    return replace(found, plan=made, checked=(*found.checked, "the plan"))


def _plan(options: argparse.Namespace, problem: Problem, inventory: Inventory | None) -> Answer:
    """The order of the migrations from one file's placement to another's."""
    import numpy as np

    from .solver.placement.answers import Answer, Verdict
    from .solver.placement.problem import WHOLE
    from .solver.placement.queries import moves_of
    from .solver.placement.reading import read_problem

    if options.to is None:
        raise UsageError("place plan FILE --to GOAL: say where the VMs should be")
    other = read_problem(existing(options.to))
    same = [vm.name for vm in other.vms] == [vm.name for vm in problem.vms]
    if not same or [host.name for host in other.hosts] != [host.name for host in problem.hosts]:
        raise UsageError(f"{options.to} has not the same hosts and VMs as {options.file}")
    goal = other.current
    stopped = [vm.name for vm, h in zip(problem.vms, goal.tolist(), strict=True) if vm.host != -1 and h == -1]
    if stopped:
        raise UsageError(f"{options.to} has no host for {', '.join(stopped[:5])}: a plan stops no VM")
    off = tuple(vm.name for v, vm in enumerate(problem.vms) if goal[v] == -1)
    found = Answer("plan", Verdict.UNDETERMINED, problem, WHOLE, placement=tuple(goal.tolist()), off=off)
    moves, count = tuple(moves_of(problem, np.array(goal))), len(problem.moved(goal))
    found = _with_plan(options, replace(found, objective=count, moves=moves), inventory)
    assert found.plan is not None
    return replace(found, verdict=found.plan.verdict)


def _explain(
    options: argparse.Namespace, problem: Problem, effort: Effort, show: Callable[[Tick], None]
) -> Answer:
    """Why a repair to the target is impossible; or, of VMs, which hosts could take them."""
    from .solver.placement.answers import Explanation, Verdict
    from .solver.placement.explaining import table_of
    from .solver.placement.queries import repair

    found = replace(_completed(options, repair(problem, options.target, effort, show), None), query="explain")
    if options.names:
        table = table_of(problem, options.target, vms=_vms(problem, options.names))
        why = found.explanation or Explanation("why these VMs can, or cannot, be on each host")
        return replace(found, explanation=replace(why, table=table))
    if found.verdict is Verdict.IMPOSSIBLE:
        return found
    text = (
        f"there is an answer, with {found.objective} migrations" if found.placement else "no answer was found"
    )
    return replace(found, explanation=Explanation(text, table_of(problem, options.target)))


def _hosts(problem: Problem, names: Sequence[str]) -> list[int]:
    known = [host.name for host in problem.hosts]
    if not names:
        raise UsageError("place evacuate FILE HOST…: name the hosts to be emptied")
    return [_known(name, known, "host") for name in names]


def _vms(problem: Problem, names: Sequence[str]) -> list[int]:
    known = [vm.name for vm in problem.vms]
    return [_known(name, known, "VM") for name in names]


def _new_vms(problem: Problem, names: Sequence[str]) -> list[int]:
    """The VMs that are named, or all without a host."""
    return _vms(problem, names) if names else [v for v, vm in enumerate(problem.vms) if vm.host == -1]


def _known(name: str, known: Sequence[str], kind: str) -> int:
    from .model.inventory.problems import one_of

    if name not in known:
        raise UsageError(f"there is no {kind} {name!r}: write {one_of(name, known)}")
    return list(known).index(name)


def _show(options: argparse.Namespace, found: Answer | Survival) -> int:
    from .reports.placement_json import to_json
    from .reports.placement_terminal import render

    if options.json:
        print(to_json(found))
    else:
        from rich.console import Console

        render(found, Console(), verbose=options.verbose)
    if options.report:  # last: an answer is not lost with its page
        from .reports.placement_page import write_report

        for path in write_report(found, options.report):
            print(f"wrote {path}", file=sys.stderr)
    return found.exit
