"""The README tells the truth: its commands print what it shows, its code is the examples' code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", README, re.DOTALL))
SHOWN = re.findall(r"^\$ vmproof (.*)\n((?:(?!\$ ).*\n)*)", CONSOLE, re.MULTILINE)


def run(arguments: str) -> str:
    """What the command prints, with its seconds made alike."""
    command = [sys.executable, "-m", "vmproof.main", *shlex.split(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    return alike(done.stdout)


def alike(text: str) -> str:
    lines = [line.rstrip() for line in re.sub(r"\d+\.\d\d s", "0.00 s", text).splitlines()]
    return "\n".join(lines).strip()


@pytest.mark.parametrize(("arguments", "shown"), SHOWN)
def test_a_command_prints_what_the_readme_shows(arguments: str, shown: str) -> None:
    assert run(arguments) == alike(shown)


def test_the_readme_shows_commands() -> None:
    assert len(SHOWN) >= 2


def test_the_story_of_the_readme_is_the_demo_s() -> None:
    story = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert story is not None
    told = run("demo").splitlines()
    for line in story[1].splitlines():
        assert line.rstrip() in told


def test_the_model_of_the_readme_is_the_example_s() -> None:
    block = re.search(r"```python\n(@action.*?)```", README, re.DOTALL)
    assert block is not None
    assert block[1] in (ROOT / "examples" / "two_writers.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
