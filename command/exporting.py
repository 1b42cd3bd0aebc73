"""``vmproof export``: a scope as text for another checker."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .limits import UsageError
from .model.language.predicates import invariants_of
from .model.language.scope import Scope

LANGUAGES = ("tla", "murphi")


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument("--to", choices=LANGUAGES, required=True, help="tla: for TLC; murphi: for rumur")
    command.add_argument(
        "--output", metavar="DIR", type=Path, help="write files into DIR (without it: standard output)"
    )


def exported(scope: Scope, language: str, name: str) -> dict[str, str]:
    """The texts of a scope by file name; ``language`` is "tla" or "murphi".

    Raises UsageError for a scope that the language cannot take.
    """
    from .solver.export import NotExported, murphi_model, tla_module

    write = tla_module if language == "tla" else murphi_model
    try:
        return write(scope, name, invariants_of(scope.model))
    except NotExported as reason:
        raise UsageError(f"--to {language}: {reason}") from reason


def show(files: Mapping[str, str], options: argparse.Namespace) -> None:
    """Write the files, or print them: what follows a TLA+ module is no part of it."""
    if options.output:
        _write(files, options.output)
    if options.json:
        found: dict[str, Any] = {"command": "export", "to": options.to, "files": dict(files)}
        print(json.dumps(found, indent=2))
    elif not options.output:
        sys.stdout.write("\n".join(files.values()))


def _write(files: Mapping[str, str], folder: Path) -> None:
    """Write files into a folder (made if it is not there), each whole or not at all."""
    from .reports.as_json import write_text

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_text(folder / name, text)
        print(f"wrote {folder / name}", file=sys.stderr)
