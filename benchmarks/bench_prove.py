"""Proofs for any size: all obligations of the examples and of the cluster, without and with the cache.

    python benchmarks/bench_prove.py

Wall and CPU seconds (both processes), the number of obligations, and the slowest. Nothing here is a test.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

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

CLUSTER = {"vmotion": "on", "storage_vmotion": True}
SETTINGS: dict[str, dict[str, str | bool | int]] = {
    "as usual": {},
    "HA off": {"ha": False},
    "FT off": {"ft": False},
    "DRS manual": {"drs": "manual"},
    "DRS off": {"drs": "off"},
    "isolated hosts power off": {"isolation_response": "power off"},
    "self-fence": {"self_fence": "on"},
    "cluster lock": {"election": "cluster lock"},
}


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
            f"cluster, {name}": alike(hosts=2, vms=1, **{**CLUSTER, **settings})
            for name, settings in SETTINGS.items()
        }
        for name, scope in (small | cluster).items():
            measure(name, scope, cache)
        measure("cluster, as usual, again", cluster["cluster, as usual"], cache)


if __name__ == "__main__":
    main()
