"""The placement optimizer side by side with CP-SAT, HiGHS and hbal, on clusters of our own generator.

    python benchmarks/bench_place.py [--quick] [SECONDS] [HOSTSxVMS | FILE …]

CP-SAT and HiGHS are measured where they are installed (pip install 'vmproof[bench]'), hbal where it is. Every
run is a process of its own, stopped after so many CPU seconds a thread (two threads for CP-SAT and HiGHS, one
for ours), the model's building included, and told with its peak memory. Every answer is verified by the
independent checker. ``--quick``: 16x200 alone, 5 seconds. Quote ratios of one run; nothing here is a test.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from placement_cases import cluster  # noqa: E402
from placement_rivals import THREADS, cp_sat, cp_sat_balance, cp_sat_pieces, hbal, highs, z3_pieces  # noqa: E402

from vmproof.solver.placement import Bound, Effort, Problem, check_bound, check_placement  # noqa: E402
from vmproof.solver.placement.balancing import balance  # noqa: E402
from vmproof.solver.placement.effort import Watch  # noqa: E402
from vmproof.solver.placement.engine import fewest  # noqa: E402
from vmproof.solver.placement.halves import Ask, meet  # noqa: E402
from vmproof.solver.placement.reading import read_problem  # noqa: E402
from vmproof.solver.placement.surviving import survive  # noqa: E402
from vmproof.solver.placement.units import units_of  # noqa: E402

SIZES = ("4x10", "8x60", "16x200", "32x600", "64x2000", "96x10000")
SEED = 1
TARGETS = (8500, 8000, 7500)
MOST_PAIRS = 130_000  # VM x host pairs up to which the rivals' whole models are built
RIVALS = {"CP-SAT": ("ortools", cp_sat), "HiGHS": ("highspy", highs)}


@dataclass(frozen=True)
class Result:
    """What a run found; CPU seconds a thread until the first answer (balance: the first that is better than
    what is there) and in all; peak memory in MiB."""

    value: int | None
    bound: int | None
    placement: list[int] | None
    first: float | None = None
    proof: Bound | None = None
    seconds: float = 0.0
    peak: float = 0.0


class CpuWatch(Watch):
    """A watch that counts CPU seconds of this process, so that others on the machine do not matter."""

    def stop(self) -> bool:
        """Whether the CPU time is over."""
        if time.process_time() > (self.effort.seconds or 1e9):
            self.stopped = "CPU time is over"
        return bool(self.stopped)

    def found(self, best: int | None = None, bound: int | None = None, at: np.ndarray | None = None) -> None:
        """The diary, in CPU seconds."""
        super().found(best, bound, at)
        self.history[-1] = replace(self.history[-1], seconds=time.process_time())

    def left(self) -> float:
        """CPU seconds that are left."""
        return max(1.0, (self.effort.seconds or 1e9) - time.process_time())


def alone(run: Callable[[], Result], threads: int = 1) -> Result:
    """The run in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_measured, args=(run, threads, theirs))
    process.start()
    theirs.close()
    found: Result = ours.recv()
    process.join()
    return found


def _measured(run: Callable[[], Result], threads: int, pipe: Connection) -> None:
    found = run()
    spent = time.process_time() / threads
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send(Result(found.value, found.bound, found.placement, found.first, found.proof, spent, peak))


def ours(problem: Problem, target: int, seconds: float) -> Result:
    """Fewest migrations to a target, by this optimizer."""
    watch = CpuWatch(Effort(rounds=10**6, pieces=10**6, seconds=seconds))
    units = units_of(problem, problem.limits(target))
    found = fewest(units, target, watch)
    at = None if found.at is None else units.placement(found.at).tolist()
    moves = None if found.at is None else units.moves(found.at)
    first = next((tick.seconds for tick in watch.history if tick.best is not None), None)
    return Result(moves, found.bound.value, at, first, found.bound)


def ours_balance(problem: Problem, seconds: float, ask: Ask = meet) -> Result:
    """Highest utilisation plus migrations, by this optimizer, or with another solver for pieces."""
    watch = CpuWatch(Effort(rounds=10**6, pieces=10**6, seconds=seconds))
    units = units_of(problem, problem.limits())
    found = balance(problem, watch, ask=ask)
    value = problem.highest(units.placement(found.at)) + units.moves(found.at)
    told = [tick for tick in watch.history if tick.best is not None]
    first = next((tick.seconds for tick in told if tick.best != told[0].best), None)
    return Result(value, found.bound.value, units.placement(found.at).tolist(), first, found.bound)


def row(what: str, found: Result, problem: Problem, target: int, remark: str = "") -> None:
    """One line of the table."""
    wrong = found.placement is not None and check_placement(problem, found.placement, target)
    said = [remark, f"first {found.first:.1f} s" if found.first is not None else "", "WRONG" if wrong else ""]
    numbers = f"{found.value!s:>7} {found.bound!s:>7} {found.seconds:7.1f} s {found.peak:6.0f} MiB"
    print(f"{what:28} {numbers}  {'; '.join(filter(None, said))}", flush=True)


def verified(problem: Problem, bound: Bound | None, target: int | None) -> str:
    """What the independent checker says to a bound, and how long it takes."""
    began = time.process_time()
    complaints = check_bound(problem, bound, target) if bound is not None else ["no bound"]
    spent = time.process_time() - began
    return (
        f"bound on a solver's word ({bound.how})"
        if complaints and bound
        else f"bound verified in {spent:.1f} s"
    )


def repairs(problem: Problem, seconds: float) -> None:
    """Fewest migrations to each target."""
    for target in TARGETS:
        print(f"{problem.name}, fewest migrations to {target / 100:g} %")
        best = alone(lambda t=target: ours(problem, t, seconds))  # type: ignore[misc]
        row("  ours", best, problem, target, verified(problem, best.proof, target))
        for name, (module, rival) in RIVALS.items():
            if importlib.util.find_spec(module) and len(problem.vms) * len(problem.hosts) <= MOST_PAIRS:
                other = alone(lambda r=rival, t=target: Result(*r(problem, t, seconds)), THREADS)  # type: ignore[misc]
                ratio = f"ours is {best.value / other.value:.2f} x" if best.value and other.value else ""
                row(f"  {name}", other, problem, target, ratio)


def balances(problem: Problem, seconds: float) -> None:
    """Highest utilisation in basis points + migrations; also with Z3 and CP-SAT inside the same search."""
    print(f"{problem.name}, balance")
    best = alone(lambda: ours_balance(problem, seconds))
    row("  ours", best, problem, 10_000, verified(problem, best.proof, None))
    inside = alone(lambda: ours_balance(problem, seconds, z3_pieces))
    row("  the same, Z3 inside", inside, problem, 10_000, _ratio(best, inside.value))
    if importlib.util.find_spec("ortools"):
        inside = alone(lambda: ours_balance(problem, seconds, cp_sat_pieces))
        row("  the same, CP-SAT inside", inside, problem, 10_000, _ratio(best, inside.value))
        if len(problem.vms) * len(problem.hosts) <= MOST_PAIRS:
            whole = alone(lambda: Result(*cp_sat_balance(problem, seconds)), THREADS)
            row("  CP-SAT, the whole", whole, problem, 10_000, _ratio(best, whole.value))
    value = hbal(problem)
    if value is not None:
        row("  hbal (rules between VMs)", Result(value, None, None), problem, 10_000, _ratio(best, value))


def _ratio(ours: Result, theirs: int | None) -> str:
    """Our distance to our bound as a part of theirs."""
    if theirs is None or ours.value is None or ours.bound is None or theirs <= ours.bound:
        return ""
    return f"our distance to the bound is {(ours.value - ours.bound) / (theirs - ours.bound):.2f} x"


def problems(names: Sequence[str]) -> Iterator[Problem]:
    """Clusters of the generator ("16x200"), or of a file."""
    for name in names:
        if Path(name).is_file():
            yield read_problem(Path(name))
        else:
            hosts, vms = map(int, name.split("x"))
            yield cluster(hosts, vms, SEED)


def survivals() -> None:
    """Can every protected VM restart after any k host failures?"""
    problem = cluster(32, 600, SEED)
    for k in (1, 2):
        began = time.process_time()
        found = survive(problem, k, Effort(seconds=600))
        spent = time.process_time() - began
        print(f"survive -k {k}, {problem.name}: {found.verdict.value}, {found.of} sets, {spent:.1f} s")


def main(arguments: list[str]) -> None:
    """Everything, for the sizes and seconds that were asked for."""
    quick = "--quick" in arguments
    arguments = [a for a in arguments if a != "--quick"]
    seconds = float(arguments[0]) if arguments else 5.0 if quick else 10.0
    print(f"{'':28} {'value':>7} {'bound':>7} {'CPU/thread':>9} {'peak':>10}")
    for problem in problems(arguments[1:] or (SIZES[2:3] if quick else SIZES)):
        repairs(problem, seconds)
        balances(problem, seconds)
    if not quick:
        survivals()


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main(sys.argv[1:])
