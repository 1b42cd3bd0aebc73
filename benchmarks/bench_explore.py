"""Exhaustive exploration with diagrams, side by side with rumur and SPIN on the same protocol: CPU seconds.

    python benchmarks/bench_explore.py [--report DIR] [--long]

rumur runs what ``vmproof export --to murphi`` writes; SPIN the published Promela text of the same protocol,
when both are there. A peer's figure counts only when its number of states agrees. Machines are noisy: quote
ratios.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import peers  # noqa: E402
import vmc  # noqa: E402

from vmproof import Scope  # noqa: E402
from vmproof.model.scenarios import alike  # noqa: E402
from vmproof.properties import possible, progress, safety  # noqa: E402, F401
from vmproof.solver.diagrams.limits import OutOfBounds, Size  # noqa: E402
from vmproof.solver.diagrams.prepared import Prepared  # noqa: E402
from vmproof.solver.diagrams.reach import Reachable  # noqa: E402
from vmproof.solver.diagrams.space import Space  # noqa: E402

FAULTS = {"host_crash": 1, "partition": 1, "guest_failure": 1}
PROMELA = ROOT.parent / "shared" / "peers" / "promela"
Series = list[tuple[int, float]]


def explored(scope: Scope, seconds: float = 600) -> tuple[int, int, float, float, str]:
    """States, nodes, CPU seconds to prepare and to explore, and why it ended early."""
    began = time.process_time()
    space = Space(Prepared(scope), Size(seconds=seconds))
    ready = time.process_time()
    reachable, why = Reachable(space), ""
    try:
        reachable.grow()
    except OutOfBounds as reached:
        why = f"  NOT FINISHED: {reached}"
    growth = reachable.growth()
    return growth.states, growth.nodes, ready - began, time.process_time() - ready, why


def row(what: str, scope: Scope, seconds: float = 600) -> float:
    """One line of the table; returns the CPU seconds of the exploration."""
    states, nodes, prepared, grown, why = explored(scope, seconds)
    times = f"{prepared:6.2f} + {grown:7.2f} CPU-s{why}"
    print(f"{what:58} {states:>26,} states {nodes:>8,} nodes {times}", flush=True)
    return grown


def spin(name: str) -> Iterator[str]:
    """SPIN on a published Promela text, depth first: states and CPU seconds."""
    text = PROMELA / f"vmc_{name}.pml"
    if not (shutil.which("spin") and text.exists()):
        yield "SPIN: not there"
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["spin", "-a", str(text)], cwd=folder, check=True, capture_output=True)
        gcc = ["gcc", "-w", "-O2", "-DSAFETY", "-o", "pan", "pan.c"]
        subprocess.run(gcc, cwd=folder, check=True)
        output, seconds, _ = peers.measured(["./pan", "-m5000000", "-w26"], Path(folder), 3600)
    found = re.search(r"(\d+) states, stored", output)
    yield f"SPIN: {int(found[1]) if found else 0:,} states, {seconds:.1f} CPU-s"


def protocol(long: bool) -> None:
    """VMC: ours, then the peers on the same scope."""
    for hosts, vms, crashes in [(3, 3, 2), (4, 3, 2), (3, 5, 1), (4, 4, 1), (4, 8, 2)]:
        scope = vmc.scope(hosts, vms, crashes)
        ours = row(f"VMC {hosts}{vms}{crashes}", scope)
        if (hosts, vms) in [(4, 3), (4, 4)] and (long or vms < 4):
            other = peers.rumur(scope)
            ratio = other.cpu_seconds / ours
            print(f"    rumur: {other.states:,} states, {other.cpu_seconds:.1f} CPU-s, {ratio:,.0f} x ours")
            print("    " + "".join(spin(f"{hosts}{vms}{crashes}")))


def cluster(vms: int, hosts: int = 4, faults: dict[str, int] = FAULTS, **settings: str) -> Scope:
    """The whole cluster model: alike hosts and VMs, the first VM under FT, two network segments."""
    return alike(hosts, vms, 1, 2, vms + 1, 1, budgets=faults, **settings)


def clusters(long: bool) -> dict[str, Series]:
    """The cluster: time against VMs, hosts and faults, and with migrations at any moment."""
    grown: dict[str, Series] = {"VMs (4 hosts)": [], "hosts (4 VMs)": [], "partitions (4 hosts, 2 VMs)": []}
    for vms in (1, 2, 4, 6, 8):
        seconds = row(f"cluster, 4 hosts, {vms} VMs, crash + partition + guest", cluster(vms))
        grown["VMs (4 hosts)"].append((vms, seconds))
    for hosts in (3, 4, 5) if long else (3, 4):
        seconds = row(f"cluster, {hosts} hosts, 4 VMs, crash + partition + guest", cluster(4, hosts))
        grown["hosts (4 VMs)"].append((hosts, seconds))
    for times in (1, 2):
        seconds = row(f"cluster, 4 hosts, 2 VMs, {times} partitions", cluster(2, 4, {"partition": times}))
        grown["partitions (4 hosts, 2 VMs)"].append((times, seconds))
    crash = {"host_crash": 1}
    for vms in (2, 4):
        row(f"cluster, 4 hosts, {vms} VMs, crash, vMotion any time", cluster(vms, 4, crash, vmotion="on"))
    everything = cluster(2, 3, vmotion="on")
    row("cluster, 3 hosts, 2 VMs, all three, vMotion any time", everything, 3600 if long else 120)
    return grown


def command_line() -> None:
    """A scope of a hundred thousand states, from the command line, start-up included."""
    for file in ("benchmarks/vmc.py", "examples/scopes/fault-tolerance.toml"):
        command = [sys.executable, "-m", "vmproof.main", "explore", file, "--json"]
        output, seconds, _ = peers.measured(command, ROOT, 600)
        states = re.search(r'"states": (\d+)', output)
        assert states is not None, output
        print(f"vmproof explore {file:44} {int(states[1]):>9,} states {seconds:6.2f} CPU-s")


def plot(grown: dict[str, Series], folder: Path) -> None:
    """The growth as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for number, (name, series) in enumerate(grown.items(), 1):
        axes = figure.add_subplot(1, len(grown), number)
        axes.plot(*zip(*series, strict=True), marker="o", color="#1f5f8b")
        axes.set(title=f"time against {name}", ylabel="CPU seconds", yscale="log")
        axes.set_xticks([size for size, _ in series])
        axes.grid(visible=True, alpha=0.3)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "explore-growth.svg")
    print(f"wrote {folder / 'explore-growth.svg'}")


def main() -> None:
    """Everything; ``--long`` adds what takes many minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=ROOT / "report", metavar="DIR")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    protocol(options.long)
    grown = clusters(options.long)
    command_line()
    plot(grown, options.report)


if __name__ == "__main__":
    main()
