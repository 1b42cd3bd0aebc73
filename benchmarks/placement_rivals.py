"""The rivals of the placement benchmarks: CP-SAT (whole, and inside our search), HiGHS, hbal."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vmproof.solver.placement import Problem
from vmproof.solver.placement.encoding import Piece, Question, Reply

Found = tuple[int | None, int | None, list[int] | None]
THREADS = 2


@contextmanager
def after(seconds: float, stop: Callable[[], object]) -> Iterator[None]:
    """Stop a solver of two threads once it has had so many CPU seconds a thread, whatever else runs here."""
    over, last = threading.Event(), time.process_time() + THREADS * seconds

    def watch() -> None:
        while not over.wait(0.1):
            if time.process_time() > last:
                stop()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _model(problem: Problem):  # type: ignore[no-untyped-def]
    """x[v, h], the rules, and the current placement as a hint."""
    from ortools.sat.python import cp_model

    model, hosts = cp_model.CpModel(), range(len(problem.hosts))
    x = {
        (v, h): model.new_bool_var("")
        for v in range(len(problem.vms))
        for h in hosts
        if problem.allowed[v, h]
    }
    for v, vm in enumerate(problem.vms):
        model.add_exactly_one([x[v, h] for h in hosts if (v, h) in x])
        for h in hosts:
            if (v, h) in x:
                model.add_hint(x[v, h], int(vm.host == h))
    for rule in problem.rules:
        for h in hosts:
            there = [x[v, h] for v in rule.vms if (v, h) in x]
            if rule.kind == "keep apart":
                model.add_at_most_one(there)
            elif rule.kind == "keep together":
                for one, other in zip(rule.vms, rule.vms[1:], strict=False):
                    model.add(x.get((one, h), 0) == x.get((other, h), 0))
    moves = sum(1 - x[v, vm.host] if (v, vm.host) in x else 1 for v, vm in enumerate(problem.vms))
    return cp_model, model, x, moves


def _load(problem: Problem, x: dict, h: int, r: int):  # type: ignore[no-untyped-def,type-arg]
    return sum(int(problem.demand[v, r]) * x[v, h] for v in range(len(problem.vms)) if (v, h) in x)


def _solved(cp_model, model, x, problem: Problem, seconds: float) -> Found:  # type: ignore[no-untyped-def]
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = THREADS
    solver.parameters.max_time_in_seconds = 30 * seconds
    with after(seconds, solver.stop_search):
        status = solver.solve(model)
    bound = round(solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, bound, None
    placement = [
        next(h for h in range(len(problem.hosts)) if (v, h) in x and solver.value(x[v, h]))
        for v in range(len(problem.vms))
    ]
    return round(solver.objective_value), bound, placement


def cp_sat(problem: Problem, target: int, seconds: float) -> Found:
    """Fewest migrations by one CP-SAT model of the whole."""
    cp_model, model, x, moves = _model(problem)
    limits = problem.limits(target)
    for h in range(len(problem.hosts)):
        for r in range(len(problem.resources)):
            model.add(_load(problem, x, h, r) <= int(limits[h, r]))
    model.minimize(moves)
    return _solved(cp_model, model, x, problem, seconds)


def cp_sat_balance(problem: Problem, seconds: float) -> Found:
    """Highest utilisation plus migrations by one CP-SAT model of the whole."""
    cp_model, model, x, moves = _model(problem)
    highest = model.new_int_var(0, 10_000, "")
    for h in range(len(problem.hosts)):
        for r in range(len(problem.resources)):
            model.add(10_000 * _load(problem, x, h, r) <= int(problem.capacity[h, r]) * highest)
    model.add_hint(highest, problem.highest(problem.current))
    model.minimize(highest + moves)
    return _solved(cp_model, model, x, problem, seconds)


def z3_pieces(piece: Piece, most: int, seed: int) -> Reply:
    """The question of a piece, answered by Z3 with native pseudo-Boolean sums and 2,000 conflicts."""
    question = Question(piece, seed)
    return question.ask(2_000, (question.costs(), most))


def cp_sat_pieces(piece: Piece, most: int, seed: int) -> Reply:
    """The cheapest placement that CP-SAT finds with one worker and a limit that can be repeated. Without a
    hint, or it finds what is there again (measured at 16x200: 41 and 45, with it 48 and 50)."""
    from ortools.sat.python import cp_model

    model, units = cp_model.CpModel(), piece.units
    x = {(u, h): model.new_bool_var("") for u, row in zip(piece.free, piece.hosts, strict=True) for h in row}
    for u, row in zip(piece.free, piece.hosts, strict=True):
        model.add_exactly_one([x[u, h] for h in row])
    for h in {h for _, h in x}:
        users = [u for u, host in x if host == h]
        for r in range(piece.room.shape[1]):
            model.add(sum(int(units.demand[u, r]) * x[u, h] for u in users) <= int(piece.room[h, r]))
        for rule in units.apart:
            model.add_at_most_one([x[u, h] for u in rule if (u, h) in x])
    cost = sum(int(units.cost[u, h]) * var for (u, h), var in x.items())
    model.add(cost <= most)
    model.minimize(cost)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.random_seed = 1, seed
    solver.parameters.max_deterministic_time = 0.05
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Reply("yes", {u: h for (u, h), var in x.items() if solver.value(var)})
    return Reply("no" if status == cp_model.INFEASIBLE else "unknown", {})


def highs(problem: Problem, target: int, seconds: float) -> Found:
    """Fewest migrations by one HiGHS model of the whole."""
    import highspy

    model = highspy.Highs()
    model.silent()
    model.setOptionValue("time_limit", 30 * seconds)
    model.setOptionValue("threads", THREADS)
    model.HandleUserInterrupt = True
    hosts = range(len(problem.hosts))
    x = {(v, h): model.addBinary() for v in range(len(problem.vms)) for h in hosts if problem.allowed[v, h]}
    limits = problem.limits(target)
    for v in range(len(problem.vms)):
        model.addConstr(sum(x[v, h] for h in hosts if (v, h) in x) == 1)
    for h in hosts:
        users = [v for v in range(len(problem.vms)) if (v, h) in x]
        for r in range(len(problem.resources)):
            model.addConstr(sum(float(problem.demand[v, r]) * x[v, h] for v in users) <= float(limits[h, r]))
        for rule in problem.rules:
            there = [x[v, h] for v in rule.vms if (v, h) in x]
            if rule.kind == "keep apart" and len(there) > 1:
                model.addConstr(sum(there) <= 1)
            elif rule.kind == "keep together" and len(there) == len(rule.vms):
                for one, other in zip(there, there[1:], strict=False):
                    model.addConstr(one - other == 0)
            elif rule.kind == "keep together":
                for one in there:
                    model.addConstr(one <= 0)
    stays = [x[v, vm.host] for v, vm in enumerate(problem.vms) if (v, vm.host) in x]
    with after(seconds, model.cancelSolve):
        model.maximize(sum(stays))
    info, solution = model.getInfo(), model.getSolution().col_value
    if info.primal_solution_status != 2:
        return None, None, None
    placement = [
        next(h for h in hosts if (v, h) in x and solution[x[v, h].index] > 0.5)
        for v in range(len(problem.vms))
    ]
    moves = sum(vm.host != h for vm, h in zip(problem.vms, placement, strict=True))
    return moves, len(problem.vms) - int(np.floor(info.mip_dual_bound + 1e-6)), placement


def hbal(problem: Problem) -> int | None:
    """hbal's own balance, scored as ours; None where it is not installed. VM/host rules are unknown to it."""
    if shutil.which("hbal") is None or len(problem.vms) > 600:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.data"
        path.write_text(_as_text(problem), encoding="utf-8")
        said = subprocess.run(
            ["hbal", "-t", str(path), "-C", "--ignore-dynu", "-P"],
            capture_output=True,
            text=True,
            timeout=600,
        )
    moved = re.findall(
        r"^\s*\d+\.\s+(\S+)\s+(\S+?)(?::\S+)?\s+=>\s+(\S+?)(?::\S+)?\s", said.stdout, re.MULTILINE
    )
    places = {vm.name: vm.host for vm in problem.vms}
    for name, _, target in moved:
        places[name] = problem.host_number(target)
    placement = np.array([places[vm.name] for vm in problem.vms])
    return problem.highest(placement) + len(problem.moved(placement))


def _as_text(problem: Problem) -> str:
    """The cluster in Ganeti's text format: MHz as vCPUs, keep-apart rules as exclusion tags."""
    load = problem.load(problem.current)
    tags: dict[int, list[str]] = {}
    for number, rule in enumerate(problem.rules):
        for v in rule.vms if rule.kind == "keep apart" else ():
            tags.setdefault(v, []).append(f"apart:{number}")
    nodes = [
        f"{h.name}|{h.capacity[1]}|0|{h.capacity[1] - load[i, 1]}|1000000|1000000|{h.capacity[0]}|N|uuid|1"
        for i, h in enumerate(problem.hosts)
    ]
    guests = [
        f"{vm.name}|{vm.demand[1]}|0|{vm.demand[0]}|running|Y|{problem.hosts[vm.host].name}"
        f"||ext|{','.join(tags.get(v, []))}|1"
        for v, vm in enumerate(problem.vms)
    ]
    return "\n".join(["group|uuid|preferred||", "", *nodes, "", *guests, "", "htools:iextags:apart", ""])
