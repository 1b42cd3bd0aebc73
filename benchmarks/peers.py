"""Other checkers on the same model: rumur on what ``vmproof export --to murphi`` writes.

python benchmarks/peers.py FILE [NAME=VALUE ...]
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vmproof import Predicate, Scope, load
from vmproof.solver.export import murphi_model, options


@dataclass(frozen=True)
class PeerRun:
    """One run of a checker: states it counted, CPU seconds (user and system) and peak memory in MB.

    ``build_seconds`` are the CPU seconds of making the checker's program, which are not in ``cpu_seconds``.
    ``errors`` counts what it found violated; a state that violates something is not expanded.
    """

    tool: str
    states: int
    fired: int
    errors: int
    cpu_seconds: float
    megabytes: float
    build_seconds: float


def rumur(
    scope: Scope, invariants: Sequence[Predicate] = (), *, threads: int = 1, limit: float = 3600
) -> PeerRun:
    """Export a scope, build it with ``rumur`` and ``gcc -O3``, run it, and measure the run alone.

    Without symmetry reduction, so that it counts the very states that plain search counts. Raises
    FileNotFoundError when a program is missing, RuntimeError when one fails, TimeoutError after ``limit``
    seconds of wall time.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ((name, text),) = murphi_model(scope, "peer", invariants).items()
        (folder / name).write_text(text)
        made = ["--output", "peer.c", "--output-format", "machine-readable", "--counterexample-trace", "off"]
        often = ["--max-errors", str(10**6), "--threads", str(threads)]
        build = [
            ["rumur", name, *made, *often, *options(scope)],
            ["gcc", "-w", "-std=c11", "-O3", "-march=native", "peer.c", "-o", "peer", "-lpthread"],
        ]
        spent = sum(measured(command, folder, limit)[1] for command in build)
        if not (folder / "peer").exists():
            raise RuntimeError("the export could not be built; rumur or gcc said why")
        text, seconds, megabytes = measured(["./peer"], folder, limit)
    summary = re.search(r'<summary states="(\d+)" rules_fired="(\d+)" errors="(\d+)"', text)
    if summary is None:
        raise RuntimeError(f"rumur's program said no summary: {text[-500:]}")
    states, fired, errors = map(int, summary.groups())
    return PeerRun("rumur", states, fired, errors, seconds, megabytes, spent)


def measured(command: Sequence[str], folder: Path, limit: float) -> tuple[str, float, float]:
    """Run a command to its end: its standard output, its own CPU seconds, its peak memory in MB."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out)
        usage = _waited(process, limit)
        out.seek(0)
        text = out.read().decode()
    return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024  # ru_maxrss: KiB on Linux


def _waited(process: subprocess.Popen[bytes], limit: float) -> resource.struct_rusage:
    """The resources that one child used; it is killed after ``limit`` seconds."""
    timer = threading.Timer(limit, process.kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode < 0:
        raise TimeoutError(f"{process.args!r} was ended by signal {-process.returncode}")
    return usage


def main(file: str, *sizes: str) -> None:
    """Print one line for a file and its sizes."""
    names = {name: int(value) for name, value in (size.split("=") for size in sizes)}
    found = rumur(load(file, **names))
    print(
        f"{file} {' '.join(sizes)}: {found.states:,} states, {found.cpu_seconds:.2f} CPU-s, "
        f"{found.megabytes:.0f} MB (built in {found.build_seconds:.1f} CPU-s)"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
