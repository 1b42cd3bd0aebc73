"""Proofs for any size: all obligations of the examples and of the cluster, without and with the cache.

    python benchmarks/bench_prove.py

Wall and CPU seconds (both processes), the number of obligations, and the slowest. Nothing here is a test.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import leader_ring  # noqa: E402
import lock_server  # noqa: E402
import vmc  # noqa: E402

from vmproof import Scope, load  # noqa: E402
from vmproof.model.scenarios import alike  # noqa: E402
from vmproof.properties import lemmas, safety  # noqa: E402, F401  (they belong to the cluster's model)
from vmproof.properties.prove import Options, prove  # noqa: E402
from vmproof.properties.results import Verdict  # noqa: E402

USUAL: dict[str, Any] = {"vmotion": "on", "storage_vmotion": True}


def settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """As usual, and every other value of every setting alone."""
    yield "as usual", {}
    model = alike(hosts=2, vms=1).model
    for name, setting in model.settings.items():
        for value in setting.values if name != "start" else ():
            if value != USUAL.get(name, setting.values[0]):
                yield f"{name} = {value}", {name: value}


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it has started and seen end."""
    return sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def measure(what: str, scope: Scope, cache: Path) -> None:
    """One line of the table."""
    began, before = time.perf_counter(), cpu_seconds()
    result = prove(scope, Options(cache=cache, explain=False))
    wall, cpu = time.perf_counter() - began, cpu_seconds() - before
    assert result.proof is not None
    asked = [o for o in result.proof.obligations if not o.cached]
    slowest = max(asked, key=lambda o: o.seconds, default=None)
    proved = sum(finding.verdict is Verdict.PROVED for finding in result.findings)
    slow = f"slowest {slowest.seconds:.2f} s ({slowest})" if slowest else ""
    counts = f"{len(result.proof.obligations):5} obligations ({len(asked):4} asked)"
    good = f"{proved:3} of {len(result.findings):3} PROVED"
    print(f"{what:32} {good}  {counts}  {wall:6.1f} s  {cpu:6.1f} CPU-s  {slow}", flush=True)


def main() -> None:
    """Every model twice, the cluster under all settings."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        small = {
            "two writers": load(ROOT / "examples" / "two_writers.py"),
            "two-phase commit": load(ROOT / "examples" / "two_phase_commit.py"),
            "VMC": vmc.scope(3, 3, 2),
            "lock server": lock_server.scope(3),
            "leader in a ring": leader_ring.scope(3),
        }
        cluster = {
            f"cluster, {name}": alike(hosts=2, vms=1, **{**USUAL, **changed}) for name, changed in settings()
        }
        for name, scope in (small | cluster).items():
            measure(name, scope, cache)
        measure("cluster, as usual, again", cluster["cluster, as usual"], cache)
        print(f"all together: {time.perf_counter() - began:.0f} s, {cpu_seconds():.0f} CPU-s")


if __name__ == "__main__":
    main()
