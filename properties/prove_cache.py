"""Answers that were found before: one file in the user's cache folder, for one version of the encoding."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path

from ..solver.files import written_whole
from .proofs import PROVED, Obligation
from .prove_digests import Digests, encoding_digest

MOST_CORES = 4  # of one question: the last ones that were found


def cache_folder() -> Path:
    """Where the user's programs keep what they can find again (XDG_CACHE_HOME, else ~/.cache)."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "vmproof"


class Cache:
    """Proved questions with the hypotheses that each proof used. Only PROVED is kept."""

    def __init__(self, folder: Path | None) -> None:
        self.file = None if folder is None else folder / f"proofs-{encoding_digest()}.json"
        self.cores: dict[str, list[list[str]]] = self._read()

    def _read(self) -> dict[str, list[list[str]]]:
        """What the file has; a file that is damaged counts as none: everything is asked again."""
        if self.file is None or not self.file.is_file():
            return {}
        try:
            found: dict[str, list[list[str]]] = json.loads(self.file.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, OSError):
            return {}
        return found

    def find(self, digests: Digests, assumed: Container[str], action: str, goal: str) -> Obligation | None:
        """The obligation as proved, where a proof is known all of whose hypotheses are assumed."""
        if not self.cores:
            return None
        names = digests.believed(action, assumed)
        for core in self.cores.get(digests.question(action, goal), ()):
            if all(part in names for part in core):
                return Obligation(action, goal, PROVED, 0.0, tuple(names[part] for part in core), cached=True)
        return None

    def keep(self, digests: Digests, found: Iterable[Obligation]) -> None:
        """Take new proofs in, and write the file."""
        for obligation in found:
            if obligation.answer == PROVED and not obligation.cached:
                named = digests.hypotheses(obligation.action)
                core = sorted(named[name] for name in obligation.needs)
                known = self.cores.setdefault(digests.question(obligation.action, obligation.goal), [])
                if core not in known:
                    known.insert(0, core)
                    del known[MOST_CORES:]
        self._write()

    def _write(self) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(self.file) as new:
            new.write_text(json.dumps(self.cores), encoding="utf-8")


def plain(obligation: Obligation) -> Obligation:
    """The obligation without facts about sums, which belong to the question itself."""
    needs = tuple(sorted(name for name in obligation.needs if not name.startswith("sum ")))
    return replace(obligation, needs=needs)
