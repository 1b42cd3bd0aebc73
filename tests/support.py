"""What tests share: the Hypothesis profile, and things of the real world that a machine may lack."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"


def profile_name(environment: Mapping[str, str]) -> str:
    """The Hypothesis profile that an environment asks for: VMPROOF_PROFILE, else ci under CI, else dev."""
    return environment.get("VMPROOF_PROFILE") or ("ci" if environment.get("CI") else "dev")


def shared_data(part: str, folder: Path = SHARED_DATA) -> Path:
    """A file or folder of the data that lie beside the project, such as ``shared_data("pve-ha")``."""
    path = folder / part
    if not path.exists():
        missing(f"no shared data {part!r}: they belong in ../{folder.parent.name}/{folder.name}")
    return path


def needs_program(*names: str) -> str:
    """The path of the first of these programs that is installed, such as ``needs_program("chromium")``."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing(f"the program {' or '.join(names)} is not installed")
    return found


def missing(what: str) -> NoReturn:
    """Skip the running test, or let it fail where VMPROOF_REQUIRE_REAL=1 says that nothing may be missing."""
    if os.environ.get("VMPROOF_REQUIRE_REAL") == "1":
        pytest.fail(f"{what} (VMPROOF_REQUIRE_REAL=1 forbids to skip)", pytrace=False)
    pytest.skip(what)
