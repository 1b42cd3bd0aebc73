"""The shipped scopes, loaded, searched and explored once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vmproof.loading import Loaded, load_file
from vmproof.model.language.predicates import Predicate, invariants_of
from vmproof.properties.check import questions
from vmproof.properties.effort import Effort
from vmproof.properties.explore import Explored, explore
from vmproof.properties.search import Search, search

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "scopes"
FILES = sorted(file.stem for file in FOLDER.glob("*.toml"))
LARGE = ("everything", "three-systems", "pair-and-partition", "high-availability", "fault-tolerance")
SMALL = [name for name in FILES if name not in LARGE]


@cache
def loaded(name: str) -> Loaded:
    """A scope with what its file expects."""
    return load_file(FOLDER / f"{name}.toml", {})


def asked(name: str) -> list[Predicate]:
    """The questions that can be asked in a scope."""
    return questions(loaded(name).scope)


@cache
def searched(name: str) -> Search:
    """A scope searched state by state: minutes for a large one."""
    scope = loaded(name).scope
    return search(scope, invariants_of(scope.model), asked(name), keeps_edges=True)


@cache
def explored(name: str) -> Explored:
    """A scope explored with diagrams; the levels of a small one are counted, too."""
    return explore(loaded(name).scope, asked(name), Effort(depth=name in SMALL))
