"""docs/cluster.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from vmproof.model.cluster import Cluster
from vmproof.properties import possible, progress, safety, unpromised

CATALOGUE = (safety, unpromised, possible, progress)
ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([\w./-]+)`", PAGE))


def test_every_invariant_and_progress_property_is_named() -> None:
    model = Cluster.model
    assert {p.name for p in (*model.of_kind("invariant"), *model.of_kind("progress"))} <= NAMES


def test_every_file_that_is_named_exists() -> None:
    files = {name for name in NAMES if name.endswith((".py", ".toml"))}
    places = [ROOT, ROOT / "model" / "cluster", ROOT / "model" / "cluster" / "availability"]
    places += [ROOT / "model" / "cluster" / "tolerance", ROOT / "model" / "cluster" / "scheduling"]
    assert [name for name in sorted(files) if not any((place / name).exists() for place in places)] == []


def test_every_file_of_the_cluster_is_named() -> None:
    folder = ROOT / "model" / "cluster"
    there = {file.name for file in folder.rglob("*.py")} - {"__init__.py"}
    assert there <= {name.rsplit("/", 1)[-1] for name in NAMES}


def test_the_mechanisms_of_the_table_exist() -> None:
    table = re.findall(r"^\| I[\d, I]+ \| .*? \| (.*?) \| .* \|$", PAGE, re.MULTILINE)
    assert len(table) == 15
    words = {
        word.strip() for row in table for word in re.split(r", | or |\(with the|\)", row) if word.strip()
    }
    assert words <= set(Cluster.model.mechanisms)


def test_every_numbered_invariant_has_a_case_that_occurs() -> None:
    cases = re.findall(r"^\| I[\d, I]+ \| .*? \| .*? \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(cases) == 15
    named = [re.findall(r"`(\w+)`", case) for case in cases]
    assert all(named)
    assert {name for names in named for name in names} <= possibles()


def test_every_question_is_named() -> None:
    assert possibles() <= NAMES


def possibles() -> set[str]:
    return {p.name for p in Cluster.model.of_kind("possible")}
