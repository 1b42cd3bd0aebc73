"""The helpers of the tests: profiles, shared data, programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from support import needs_program, profile_name, shared_data

ABSENT = "a-program-that-nobody-has"


@pytest.fixture
def may_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which real things may be missing."""
    monkeypatch.delenv("VMPROOF_REQUIRE_REAL", raising=False)


@pytest.fixture
def must_be_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing may be missing."""
    monkeypatch.setenv("VMPROOF_REQUIRE_REAL", "1")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "dev"),
        ({"CI": ""}, "dev"),
        ({"CI": "true"}, "ci"),
        ({"VMPROOF_PROFILE": "campaign"}, "campaign"),
        ({"VMPROOF_PROFILE": "dev", "CI": "true"}, "dev"),
    ],
)
def test_the_environment_chooses_the_profile(environment: dict[str, str], expected: str) -> None:
    assert profile_name(environment) == expected


@pytest.mark.parametrize("name", ["dev", "ci", "campaign"])
def test_no_profile_has_a_deadline(name: str) -> None:
    assert settings.get_profile(name).deadline is None


def test_only_ci_repeats_the_same_examples() -> None:
    repeating = {name for name in ("dev", "ci", "campaign") if settings.get_profile(name).derandomize}
    assert repeating == {"ci"}


def test_shared_data_that_exist_are_a_path(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert shared_data("logs", folder=tmp_path) == tmp_path / "logs"


@pytest.mark.usefixtures("may_skip")
def test_missing_shared_data_skip_with_the_place_they_belong(tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "data"
    with pytest.raises(pytest.skip.Exception, match=r"'logs': they belong in \.\./shared/data"):
        shared_data("logs", folder=folder)


@pytest.mark.usefixtures("must_be_real")
def test_missing_shared_data_fail_where_nothing_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="no shared data 'logs'.*VMPROOF_REQUIRE_REAL=1"):
        shared_data("logs", folder=tmp_path)


def test_the_first_installed_program_is_found() -> None:
    assert Path(needs_program(ABSENT, "sh")).name == "sh"


@pytest.mark.usefixtures("may_skip")
def test_a_missing_program_skips() -> None:
    with pytest.raises(pytest.skip.Exception, match=f"the program {ABSENT} is not installed"):
        needs_program(ABSENT)


@pytest.mark.usefixtures("must_be_real")
def test_a_missing_program_fails_where_nothing_may_be_missing() -> None:
    with pytest.raises(pytest.fail.Exception, match=f"the program {ABSENT} is not installed"):
        needs_program(ABSENT)
