"""What tests share: the Hypothesis profile, and things of the real world that a machine may lack."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"


def profile_name(environment: Mapping[str, str]) -> str:
    """The Hypothesis profile that an environment asks for: VMPROOF_PROFILE, else ci under CI, else dev."""
    return environment.get("VMPROOF_PROFILE") or ("ci" if environment.get("CI") else "dev")


@cache
def model_file(path: str) -> ModuleType:
    """A model that lies outside the package, such as ``model_file("benchmarks/vmc.py")``, executed once."""
    file = PROJECT / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # a printed program imports the model by this name
    spec.loader.exec_module(module)
    return module


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
