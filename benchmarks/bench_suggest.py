"""Which properties ``prove --suggest`` closes with no lemma given, with how many lemmas, in what time.

    python benchmarks/bench_suggest.py [--hunt SECONDS] [--cluster PROPERTY ...]

Without ``--cluster`` the examples and three properties of the cluster are taken. Nothing is read from the
cache. Machines are noisy: what is closed is the point, times are for orientation.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

from vmproof.loading import load_file  # noqa: E402
from vmproof.model.language import Scope  # noqa: E402
from vmproof.properties import lemmas, safety  # noqa: E402, F401
from vmproof.properties.prove import Options as ProveOptions  # noqa: E402
from vmproof.properties.suggesting.session import Options, suggest  # noqa: E402

QUICK = ("unique_master", "no_output_outruns_the_log", "one_migration_per_vm")
HEAD = f"{'property':28} {'verdict':13} lemmas rounds candidates refuted     hunt"


def rows(scope: Scope, only: tuple[str, ...], hunt: float) -> Iterator[str]:
    """A line for each property: what came of it, and seconds without those of reaching states."""
    began = time.perf_counter()
    result = suggest(scope, Options(ProveOptions(only=only, explain=False), hunt, unaided=True))
    verdicts = {finding.property: finding.verdict.value for finding in result.findings}
    outcomes = result.details["suggest"]
    assert isinstance(outcomes, list)
    for row in outcomes:
        numbers = f"{row['rounds']:>6} {row['candidates']:>10} {row['refuted']:>7} {row['seconds']:>6.1f} s"
        name, count = row["property"], len(row["lemmas"])
        yield f"{name:28} {verdicts[name]:13} {count:>6} {numbers}  {row['obstacle']}"
    yield f"  states: {result.details['states']}; {time.perf_counter() - began:.1f} s in all"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hunt", type=float, default=600.0, help="seconds for a property")
    parser.add_argument("--cluster", nargs="*", default=QUICK, help="properties of the cluster")
    options = parser.parse_args()
    print(HEAD)
    for file in ("examples/two_writers.py", "examples/two_phase_commit.py", "benchmarks/vmc.py"):
        for row in rows(load_file(ROOT / file, {}).scope, (), options.hunt):
            print(row, flush=True)
    cluster = load_file(ROOT / "examples" / "figure-1.toml", {}).scope
    for row in rows(cluster, tuple(options.cluster), options.hunt) if options.cluster else ():
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
