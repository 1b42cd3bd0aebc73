"""The placement optimizer side by side with CP-SAT, HiGHS and hbal, on clusters of our own generator.

    python benchmarks/bench_place.py [SECONDS] [HOSTSxVMS | FILE …]

CP-SAT and HiGHS are measured where they are installed (pip install 'vmproof[bench]'), hbal where it is.
Seconds are CPU seconds a thread (two threads for CP-SAT and HiGHS, one for ours), the model's building
included; every answer is verified by the independent checker. Quote ratios of one run; nothing here is a
test.
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from placement_cases import cluster  # noqa: E402
from placement_rivals import cp_sat, cp_sat_balance, cp_sat_pieces, hbal, highs  # noqa: E402

from vmproof.solver.placement import Effort, Problem, check_bound, check_placement  # noqa: E402
from vmproof.solver.placement.balancing import balance  # noqa: E402
from vmproof.solver.placement.engine import Watch  # noqa: E402
from vmproof.solver.placement.queries import repair  # noqa: E402
from vmproof.solver.placement.reading import read_problem  # noqa: E402
from vmproof.solver.placement.surviving import survive  # noqa: E402
from vmproof.solver.placement.units import units_of  # noqa: E402

SIZES = ("4x10", "8x60", "16x200", "32x600", "64x2000", "96x10000")
SEEDS = (1, 2)
TARGETS = (8500, 8000, 7500)
MOST_PAIRS = 60_000  # VM x host pairs up to which the rivals' whole models are built


def cpu(run: Callable[[], object], threads: int = 1) -> tuple[object, float]:
    """What it returns, and its CPU seconds a thread."""
    began = time.process_time()
    found = run()
    return found, (time.process_time() - began) / threads


def row(what: str, value: object, bound: object, seconds: float, remark: str = "") -> None:
    """One line of the table."""
    print(f"{what:44} {value!s:>9} {bound!s:>9} {seconds:8.2f} CPU-s  {remark}", flush=True)


def repairs(problem: Problem, seconds: float) -> None:
    """Fewest migrations to a target."""
    for target in TARGETS:
        title = f"{problem.name}, to {target / 100:g} %"
        found, spent = cpu(
            lambda t=target: repair(problem, t, Effort(rounds=10**6, pieces=400, seconds=seconds))
        )
        first = next((tick.seconds for tick in found.history if tick.best is not None), None)
        complaints = check_bound(problem, found.bound, target)
        remark = (
            f"first after {first:.2f} s, bound {'verified' if not complaints else 'on the word of Z3'}"
            if first
            else ""
        )
        row(f"ours, {title}", found.objective, found.bound.value, spent, f"{found.verdict.value}; {remark}")
        if len(problem.vms) * len(problem.hosts) <= MOST_PAIRS:
            for name, rival in (("CP-SAT", cp_sat), ("HiGHS", highs)):
                if importlib.util.find_spec({"CP-SAT": "ortools", "HiGHS": "highspy"}[name]):
                    (value, bound, placement), spent = cpu(
                        lambda r=rival, t=target: r(problem, t, seconds), 2
                    )
                    wrong = placement is not None and check_placement(problem, placement, target)
                    row(f"  {name}, {title}", value, bound, spent, "WRONG" if wrong else "")


def balances(problem: Problem, seconds: float) -> None:
    """Highest utilisation in basis points + migrations, with Z3 and with CP-SAT inside the same search."""
    effort = Effort(rounds=10**6, pieces=400, seconds=seconds)
    whole = units_of(problem, problem.limits())
    found, spent = cpu(lambda: balance(problem, Watch(effort)))
    bound = found.bound.value
    value = problem.highest(whole.placement(found.at)) + whole.moves(found.at)
    sd = problem.imbalance(whole.placement(found.at))
    row(f"ours, balance {problem.name}", value, bound, spent, f"standard deviation {sd:.4f}")
    if importlib.util.find_spec("ortools"):
        inside, spent = cpu(lambda: balance(problem, Watch(effort), ask=cp_sat_pieces))
        other = problem.highest(whole.placement(inside.at)) + whole.moves(inside.at)
        row("  the same search, CP-SAT inside", other, bound, spent, _ratio(value, other, bound))
        if len(problem.vms) * len(problem.hosts) <= 2 * MOST_PAIRS:
            (best, _, placement), spent = cpu(lambda: cp_sat_balance(problem, seconds), 2)
            wrong = placement is not None and check_placement(problem, placement, 10_000)
            row("  CP-SAT, the whole", best, bound, spent, "WRONG" if wrong else _ratio(value, best, bound))
    best = hbal(problem)
    if best is not None:
        row("  hbal (rules between VMs only)", best, bound, 0.0, _ratio(value, best, bound))


def _ratio(ours: int, theirs: int | None, bound: int) -> str:
    """Our distance to the bound as a part of theirs."""
    if theirs is None or theirs <= bound:
        return ""
    return f"our distance to the bound is {(ours - bound) / (theirs - bound):.2f} x"


def problems(names: Sequence[str]) -> Iterator[Problem]:
    """Clusters of the generator ("16x200", two seeds), or of a file."""
    for name in names:
        if Path(name).is_file():
            yield read_problem(Path(name))
            continue
        hosts, vms = map(int, name.split("x"))
        yield from (cluster(hosts, vms, seed) for seed in SEEDS)


def main(arguments: list[str]) -> None:
    """Everything, for the sizes and seconds that were asked for."""
    seconds = float(arguments[0]) if arguments else 10.0
    for problem in problems(arguments[1:] or SIZES[:4]):
        repairs(problem, seconds)
        balances(problem, seconds)
    problem = cluster(32, 600, 1)
    for k in (1, 2):
        found, spent = cpu(lambda k=k: survive(problem, k, Effort(seconds=600)))
        row(f"survive -k {k}, {problem.name}", found.witnesses, found.of, spent, found.verdict.value)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, rivals included: {peak:,.0f} MiB")


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main(sys.argv[1:])
