"""Where results are to be written: looked at before the work begins, so that no long run ends in vain."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .limits import UsageError

FOLDERS = ("report", "output")
FILES = ("checkpoint",)


def check_outputs(options: argparse.Namespace) -> None:
    """Raises UsageError for a folder or a file of the options that cannot be written; makes nothing."""
    for name in FOLDERS:
        folder = getattr(options, name, None)
        if folder is not None:
            _folder(folder, f"--{name} {folder}")
    for name in FILES:
        path = getattr(options, name, None)
        if path is not None:
            _file(path, f"--{name} {path}")


def _folder(folder: Path, said: str) -> None:
    """A folder can be there or be made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"{said}: {there} is a file, not a folder; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{said}: nothing may be written in {there}; name another")


def _file(path: Path, said: str) -> None:
    """A file can be replaced or be made."""
    if path.is_dir():
        raise UsageError(f"{said}: that is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{said}: no such folder: {path.parent}")
    _folder(path.absolute().parent, said)
