"""docs/errors.md as data, and a way to see what a piece of model text really prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vmproof.loading import load_file
from vmproof.model.language import ModelError, Problem, Scope
from vmproof.properties.search import Limits, search

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"


@dataclass(frozen=True)
class Example:
    """One error of the page: its heading, what is wrong, what is printed, what is right."""

    heading: str
    wrong: str
    printed: str
    right: str


def blocks() -> tuple[str, list[Example]]:
    """The preamble of the page, and its examples."""
    text = PAGE.read_text(encoding="utf-8")
    preamble = re.search(r"```python\n(from enum.*?)```", text, re.DOTALL)
    assert preamble is not None
    form = r"^### (.*?)\n.*?```python\n(.*?)```\n\n```text\n(.*?)```\n\n```python\n(.*?)```"
    found = re.findall(form, text, re.DOTALL | re.MULTILINE)
    return preamble[1], [Example(*groups) for groups in found]


def problems_of(preamble: str, text: str, folder: Path, name: str) -> Sequence[Problem]:
    """What is wrong with a model of the preamble and this text: at load, or in a short run."""
    file = folder / f"{name}.py"
    file.write_text(preamble + "\n\n" + text, encoding="utf-8")
    try:
        scope: Scope = load_file(file, {}).scope
        search(scope, limits=Limits(states=2_000))
    except ModelError as error:
        return error.problems
    return ()


def printed(problems: Sequence[Problem], preamble: str) -> str:
    """The problems as the page shows them: lines counted from the first of the example."""
    before = preamble.count("\n") + 2
    blocks = []
    for problem in problems:
        line = problem.where.line - before
        place = f"line {line}" if line > 0 else "the scope"
        blocks.append(
            f"{place}: {problem.message}\n    in:    {problem.expression}\n    write: {problem.cure}\n"
        )
    return "".join(blocks)
