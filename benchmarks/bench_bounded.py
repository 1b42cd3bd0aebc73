"""Deep violations in wide clusters: bound beside the search, the walk and the diagrams on the same scopes.

    python benchmarks/bench_bounded.py [--limit SECONDS] [--long]

A mechanism is removed, so that there is something to find. Each engine runs in a process of its own, which
is ended at the limit; CPU and wall seconds from the scope to the run. Below it the SAT solvers on the same
clauses. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from vmproof import Scope  # noqa: E402
from vmproof.model.language.predicates import Predicate, invariants_of  # noqa: E402
from vmproof.model.scenarios import alike  # noqa: E402
from vmproof.properties import lemmas, safety, unpromised  # noqa: E402, F401  (of the cluster's model)

FAULTS = {"host_crash": 1, "partition": 1, "heal": 1, "ack_loss": 1}
SIZES = [(4, 4), (8, 16), (16, 40)]
BROKEN = [
    ("vm disk lock", "single_live_primary", {"host_crash": 1, "false_suspicion": 1}),
    ("commit acknowledgement", "original_retained", FAULTS),
]


def cluster(hosts: int, vms: int, without: str = "", faults: dict[str, int] = FAULTS, room: int = 0) -> Scope:
    """Alike hosts and VMs, the first VM under FT; ``room`` for all VMs on one host, or for so many."""
    mechanisms = (without,) if without else ()
    return alike(hosts, vms, 1, 2, room or vms + 1, 1, faults, without=mechanisms, vmotion="on")


def invariant(scope: Scope, name: str) -> Predicate:
    """The invariant of that name."""
    return next(predicate for predicate in invariants_of(scope.model) if predicate.name == name)


def by_bound(scope: Scope, name: str, limit: float) -> str:
    """The bounded search, without induction."""
    from vmproof.properties.bound import Options, bound

    (finding,) = bound(scope, Options(None, limit, 0, (name,))).findings
    return finding.reason if finding.trace is None else f"{len(finding.trace)} steps"


def by_search(scope: Scope, name: str, limit: float) -> str:
    """The plain breadth-first search."""
    from vmproof.properties.search import Limits, search

    found = search(scope, [invariant(scope, name)], limits=Limits(megabytes=1500, seconds=limit))
    run = found.violations.get(name)
    return (
        f"{len(run.instances)} steps" if run else f"nothing in {found.states:,} states, {found.depth} levels"
    )


def by_walk(scope: Scope, name: str, limit: float) -> str:
    """A random walk of 200,000 steps, all of them taken; its run is shortened."""
    from vmproof.properties.walk import walk

    found = walk(scope, [invariant(scope, name)], steps=200_000)
    run = found.violations.get(name)
    return f"{len(run.instances)} steps" if run else f"nothing in {found.steps:,} steps"


def by_explore(scope: Scope, name: str, limit: float) -> str:
    """Decision diagrams, in the cone of the one invariant."""
    from vmproof.properties.effort import Effort
    from vmproof.properties.explore import explore
    from vmproof.solver.diagrams.limits import Size

    found = explore(scope, effort=Effort(Size(seconds=limit), (name,)))
    runs = found.violations.get(name)
    return f"{len(runs[0].instances)} steps" if runs else f"nothing in {found.states:,} states"


ENGINES = {"bound": by_bound, "search": by_search, "walk": by_walk, "explore": by_explore}


def measured(engine: Callable[[Scope, str, float], str], scope: Scope, name: str, limit: float) -> str:
    """What an engine says, and how long it took; in a process of its own that is ended at the limit."""
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe(duplex=False)
    began, before = time.perf_counter(), sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    process = context.Process(target=lambda: its.send(engine(scope, name, limit)))
    process.start()
    its.close()
    said = "ended at the limit"
    try:
        if mine.poll(limit + 30):
            said = mine.recv()
    except EOFError:
        said = "ended without an answer"
    process.kill()
    process.join()
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before
    return f"{used:6.1f} CPU-s {time.perf_counter() - began:6.1f} s  {said}"


def violations(limit: float) -> None:
    """The table of violations: size, what is removed, and the four engines."""
    for without, name, faults in BROKEN:
        for hosts, vms in SIZES:
            scope = cluster(hosts, vms, without, faults)
            print(f"{hosts} hosts, {vms} VMs, without {without}: {name}", flush=True)
            for engine, run in ENGINES.items():
                print(f"    {engine:8} {measured(run, scope, name, limit)}", flush=True)


def little_room(limit: float) -> None:
    """The same where VMs compete for room, and steps about one bear on the others."""
    without, name, faults = BROKEN[1]
    for hosts, vms in SIZES:
        room = vms // hosts + 1
        scope = cluster(hosts, vms, without, faults, room)
        print(
            f"{hosts} hosts with room for {room}, {vms} VMs: {measured(by_bound, scope, name, limit)}",
            flush=True,
        )


def by_induction(scope: Scope, name: str, limit: float) -> str:
    """All invariants of the sound cluster: how many are proved for the scope."""
    from vmproof.properties.bound import Options, bound

    result = bound(scope, Options(1, limit, 1))
    proved = sum("induction" in finding.reason for finding in result.findings)
    return f"{proved} of {len(result.findings)} invariants proved for the scope by induction"


def induction(limit: float) -> None:
    """What induction decides where nothing is removed."""
    for hosts, vms in SIZES:
        print(
            f"{hosts} hosts, {vms} VMs: {measured(by_induction, cluster(hosts, vms), '', limit)}", flush=True
        )


def unrolled(scope: Scope, name: str, **how: Any) -> Any:
    """The unrolling of one question."""
    from vmproof.solver.bounded.blueprint import Blueprint, Focus
    from vmproof.solver.bounded.template import Template
    from vmproof.solver.bounded.unrolling import Unrolling
    from vmproof.solver.initial import Starts

    full, predicate = Blueprint(scope, Starts(scope)), invariant(scope, name)
    lens = full.lens(predicate)
    plan = full if lens is None else Focus(full, lens)
    question = plan.question(predicate)
    return question, Unrolling(Template(plan, [question]), **how)


def by_solver(solver: str) -> Callable[[Scope, str, float], str]:
    """Seven steps of the same clauses, solved at each depth by this solver."""

    def run(scope: Scope, name: str, limit: float) -> str:
        question, runs = unrolled(scope, name, solver=solver)
        began = time.perf_counter()
        while not runs.solver.solve(assumptions=[runs.literal(question.bad, runs.depth)]):
            runs.grow()
        return f"{runs.depth} steps, {time.perf_counter() - began:.1f} s in it"

    return run


class Z3:
    """Z3's SAT solver behind the few methods of PySAT that an unrolling uses."""

    def __init__(self) -> None:
        import z3

        self.z3, self.solver, self.known = z3, z3.SolverFor("QF_FD"), dict[int, Any]()

    def append_formula(self, clauses: Any) -> None:
        """Add clauses."""
        for clause in clauses:
            self.solver.add(self.z3.Or([self._literal(number) for number in clause]))

    def _literal(self, number: int) -> Any:
        variable = self.known.get(abs(number))
        if variable is None:
            variable = self.known[abs(number)] = self.z3.Bool(f"x{abs(number)}")
        return variable if number > 0 else self.z3.Not(variable)

    def solve(self, assumptions: list[int]) -> bool:
        """Whether the clauses can be satisfied."""
        return bool(self.solver.check([self._literal(number) for number in assumptions]) == self.z3.sat)


def by_z3(scope: Scope, name: str, limit: float) -> str:
    """The same clauses in Z3's SAT solver."""
    from vmproof.solver.bounded import unrolling

    unrolling.Solver = lambda _: Z3()  # type: ignore[assignment, misc]
    return by_solver("z3")(scope, name, limit)


def solvers(limit: float, sizes: list[tuple[int, int]]) -> None:
    """Why this solver: the same question, seven steps, by several."""
    without, name, faults = BROKEN[1]
    for hosts, vms in sizes:
        scope = cluster(hosts, vms, without, faults)
        print(f"the clauses of {hosts} hosts, {vms} VMs, {name}", flush=True)
        for solver in ("glucose4", "minisat22", "cadical195"):
            print(f"    {solver:12} {measured(by_solver(solver), scope, name, limit)}", flush=True)
        print(f"    {'z3':12} {measured(by_z3, scope, name, limit)}", flush=True)


def main() -> None:
    """Everything; ``--long`` asks the solvers about the widest cluster, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=180, metavar="SECONDS", help="of each run (180)")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    violations(options.limit)
    little_room(options.limit)
    induction(options.limit)
    solvers(options.limit, SIZES if options.long else SIZES[:2])


if __name__ == "__main__":
    main()
