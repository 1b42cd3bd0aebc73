"""Slips of the pen in the model are noticed by its properties, not only by the counts of states."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from quality.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.quality
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("model", "solver", "properties")
PROGRAM = Path(__file__).with_name("verdicts_of.py")


def package(folder: Path) -> Path:
    """A copy of the project as the package that it is when installed."""
    made = folder / "vmproof"
    shutil.copytree(ROOT / "command", made)
    for room in ROOMS:
        shutil.copytree(ROOT / room, made / room)
    return made


def troubles(scope: str, folder: Path | None = None) -> list[str]:
    """What does not hold in a small scope, in a process of its own."""
    path = os.pathsep.join(filter(None, [str(folder) if folder else "", os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, str(PROGRAM), scope]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)[scope]
    return found


@cache
def usual(scope: str) -> list[str]:
    """What does not hold although nothing is mutated."""
    return troubles(scope)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutation_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    file = package(tmp_path) / "model" / "cluster" / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, "the text to be replaced must be there once"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    assert set(troubles(mutant.scope, tmp_path)) - set(usual(mutant.scope))


def test_there_are_twenty_of_them_over_all_systems() -> None:
    assert len(MUTANTS) >= 20
    systems = {mutant.file.split("/")[0] for mutant in MUTANTS}
    assert systems >= {"migration", "availability", "tolerance", "scheduling"}
