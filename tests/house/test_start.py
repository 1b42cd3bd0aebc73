"""`vmproof --help` answers without loading a heavy library."""

from __future__ import annotations

import subprocess
import sys

import pytest

from house.rules import HEAVY

pytestmark = pytest.mark.quality

HELP = "sys.argv = ['vmproof', '--help']\nfrom vmproof.main import main\nsys.exit(main())"
REPORT = "print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}))"
NEVER_FOR_HELP = sorted(set(HEAVY) - {"rich"})


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are loaded after some code has run (and exited with 0) in a new Python."""
    body = "\n    ".join(code.splitlines())
    program = f"import sys\ntry:\n    {body}\nfinally:\n    {REPORT}\n"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return set(answer.stdout.splitlines()[-1].split()[1:])


def test_help_loads_no_heavy_library() -> None:
    loaded = loaded_by(HELP)
    assert "vmproof" in loaded
    assert loaded.isdisjoint(NEVER_FOR_HELP)


def test_a_loaded_library_is_noticed() -> None:
    assert "networkx" in loaded_by("import networkx\nsys.exit(0)")
