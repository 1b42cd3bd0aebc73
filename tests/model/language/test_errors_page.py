"""docs/errors.md prints what vmproof prints: every wrong example, and no word from any right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors_page import Example, blocks, printed, problems_of

PREAMBLE, EXAMPLES = blocks()


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) >= 45


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.heading)
def test_the_wrong_example_prints_what_the_page_shows(example: Example, tmp_path: Path) -> None:
    assert printed(problems_of(PREAMBLE, example.wrong, tmp_path, "wrong"), PREAMBLE) == example.printed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.heading)
def test_the_right_example_is_right(example: Example, tmp_path: Path) -> None:
    assert problems_of(PREAMBLE, example.right, tmp_path, "right") == ()


def test_all_mistakes_of_one_action_are_reported_together(tmp_path: Path) -> None:
    text = '''@action(agent="host")
def all_at_once(s: Cluster, vm: VM, h: Host):
    """Four mistakes in one action."""
    require(~s.up[h], "the host is up")
    if s.on[vm]:
        s.copies = 1
    require(s.up[s.lock[vm]], "the holder is down")
    s.onn[vm] = False
'''
    lines = [
        problem.where.line - PREAMBLE.count("\n") - 2
        for problem in problems_of(PREAMBLE, text, tmp_path, "all")
    ]
    assert sorted(set(lines)) == [4, 5, 7, 8]


def test_a_helper_s_mistake_is_reported_at_the_helper_s_line(tmp_path: Path) -> None:
    text = '''def ready(s, h):
    return not s.up[h]


@action(agent="host")
def crash(s: Cluster, h: Host):
    """A host fails."""
    require(ready(s, h), "not ready")
    s.up[h] = True
'''
    (problem,) = problems_of(PREAMBLE, text, tmp_path, "helper")
    assert (problem.where.line - PREAMBLE.count("\n") - 2, problem.expression) == (2, "not s.up[h]")
