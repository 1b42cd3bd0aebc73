"""The project keeps the rules of its house: floors, imports, sizes, the package list, nothing left over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from house import reading, rules
from support import PROJECT

pytestmark = pytest.mark.quality

RULES = [
    rules.imports_upwards,
    rules.bare_imports,
    rules.foreign_imports_of_the_model,
    rules.heavy_imports_out_of_place,
    rules.long_files,
    rules.long_functions,
    rules.packages_not_shipped,
    rules.rooms_mapped_wrongly,
    rules.machine_paths,
    rules.leftovers,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    offenders = rule(PROJECT)
    assert not offenders, "\n".join([rule.__doc__ or "", *offenders])


def test_the_rules_see_the_project() -> None:
    """A rule that looks at no file would be kept by everybody."""
    sources = reading.python_files(PROJECT, rules.EVERYWHERE)
    assert {file.parts[0] for file in sources} >= {*reading.FLOORS, "tests"}
    assert Path("pyproject.toml") in reading.project_files(PROJECT)


def test_no_source_is_ignored_by_version_control() -> None:
    sources = reading.python_files(PROJECT, rules.EVERYWHERE)
    assert set(sources) <= set(reading.project_files(PROJECT))
