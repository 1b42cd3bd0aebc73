"""Running rumur on exported models: what it counts, and what it finds violated."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support import needs_program
from vmproof import Predicate, Scope
from vmproof.solver.export import murphi_model, options

ENDLESS = 1_000_000  # errors after which rumur would stop


@dataclass(frozen=True)
class Report:
    """What rumur said: states, steps, messages of errors, and the ``possible`` statements that it saw."""

    states: int
    fired: int
    errors: frozenset[str]
    seen: frozenset[str]


def rumur(scope: Scope, folder: Path, invariants: Sequence[Predicate] = (), *, level: str = "-O0") -> Report:
    """Export, build and run; it goes on after errors, but not from a state that violates something.

    ``level`` of optimization: the compiler takes longer than most of the programs that it makes.
    """
    generator, compiler = needs_program("rumur"), needs_program("gcc")
    ((name, text),) = murphi_model(scope, "exported", invariants).items()
    source = folder / name
    source.write_text(text)
    built, program = source.with_suffix(".c"), source.with_suffix("")
    how = ["--output-format", "machine-readable", "--threads", "1", "--max-errors", str(ENDLESS)]
    run([generator, str(source), "--output", str(built), *how, *options(scope)])
    run([compiler, "-w", "-std=c11", level, "-march=native", str(built), "-o", str(program), "-lpthread"])
    told = subprocess.run([str(program)], capture_output=True, text=True, timeout=600)
    return _report(told.stdout)


def run(command: list[str]) -> None:
    """Run a command; what it complains about is the failure."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def _report(text: str) -> Report:
    root = ET.fromstring(text)
    summary = root.find("summary")
    assert summary is not None, text[-2000:]
    messages = frozenset(error.findtext("message", "") for error in root.iter("error"))
    seen = frozenset(
        node.get("message", "") for node in root.iter("cover_result") if int(node.get("count", "0")) > 0
    )
    return Report(int(summary.get("states", "0")), int(summary.get("rules_fired", "0")), messages, seen)
