"""``vmproof export``: files whole or not at all, standard output, JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vmproof.main import main

ROOT = Path(__file__).resolve().parents[2]
COMMIT = str(ROOT / "examples" / "two_phase_commit.py")


def test_files_are_written_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    for language in ("tla", "murphi"):
        assert main(["export", COMMIT, "--to", language, "--output", str(folder)]) == 0
    names = ["two_phase_commit.cfg", "two_phase_commit.m", "two_phase_commit.tla"]
    assert sorted(path.name for path in folder.iterdir()) == names
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("wrote ") == 3
    first = (folder / "two_phase_commit.tla").read_text().splitlines()[0]
    assert first.strip("-") == " MODULE two_phase_commit "


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    blocked = tmp_path / "two_phase_commit.tla"
    blocked.mkdir()
    assert main(["export", COMMIT, "--to", "tla", "--output", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["two_phase_commit.tla"]


def test_standard_output_is_a_module_with_its_configuration_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", COMMIT, "--to", "tla", "--scope", "rms=2", "--without", "unanimity"]) == 0
    text = capsys.readouterr().out
    module, _, rest = text.partition("=" * 78)
    assert module.startswith("-")
    assert 'RM = {"rm1", "rm2"}' in rest
    assert "removed mechanism: unanimity" in module


def test_json_has_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", COMMIT, "--to", "murphi", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["files"]) == ["two_phase_commit.m"]
    assert (found["command"], found["to"]) == ("export", "murphi")


@pytest.mark.parametrize("language", ["tla", "murphi"])
def test_no_initial_state_is_refused(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "never.py"
    file.write_text(
        "from vmproof import *\nclass M(State):\n    x = Field(value=bool)\n"
        "@initial\ndef start(s: M):\n    return s.x & no(s.x)\n"
    )
    assert main(["export", str(file), "--to", language]) == 2
    assert f"--to {language}: no initial state" in capsys.readouterr().err


def test_a_language_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["export", COMMIT])
    assert "--to" in capsys.readouterr().err
