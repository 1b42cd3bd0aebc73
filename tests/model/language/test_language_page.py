"""docs/language.md: its model is checked as the page says, with and without its mechanism."""

from __future__ import annotations

import re
from pathlib import Path

from vmproof.loading import load_file
from vmproof.model.language import Scope
from vmproof.model.language.predicates import invariants_of
from vmproof.properties.search import Search, search

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def checked(scope: Scope) -> Search:
    return search(scope, invariants_of(scope.model), scope.model.of_kind("possible"))


def leases(folder: Path, *blocks: str) -> Path:
    file = folder / "leases.py"
    file.write_text("\n\n".join(blocks), encoding="utf-8")
    return file


def test_the_model_of_the_page_holds(tmp_path: Path) -> None:
    found = checked(load_file(leases(tmp_path, *BLOCKS[:-1]), {}).scope)
    assert found.complete
    assert not found.violations
    assert "the_lock_moves" in found.witnesses
    assert found.deadlock is None


def test_without_its_mechanism_it_is_refuted_in_the_steps_the_page_says(tmp_path: Path) -> None:
    scope = load_file(leases(tmp_path, *BLOCKS[:-1]), {}, ("self-fence",)).scope
    numbers = {"three": 3, "four": 4, "five": 5, "six": 6}
    said = re.search(r"shows the (\w+) steps", PAGE)
    assert said is not None
    assert len(checked(scope).violations["one_writer"].instances) == numbers[said[1]]


def test_the_scope_of_the_page_takes_a_size(tmp_path: Path) -> None:
    scope = load_file(leases(tmp_path, *BLOCKS), {"hosts": 4}).scope
    assert [str(member) for member in next(iter(scope.sorts.values()))] == ["h0", "h1", "h2", "h3"]


def test_more_hosts_on_the_command_line(tmp_path: Path) -> None:
    scope = load_file(leases(tmp_path, *BLOCKS[:-1]), {"hosts": 4}).scope
    assert not checked(scope).violations
