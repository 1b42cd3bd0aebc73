"""The page in a real browser: it opens, shows every verdict, and fits a telephone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from handmade import BROKEN, GRAPH, HELD, VIEW, result
from support import needs_program
from vmproof.reports.page import write_report

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def browse(page: Path, profile: Path, *options: str) -> str:
    """What headless Chromium prints about the page."""
    command = [needs_program("chromium"), *QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.mark.real
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    found = result(HELD, BROKEN, before=VIEW, after=VIEW, graph=GRAPH)
    page = write_report(found, tmp_path)[1]
    seen = browse(page, tmp_path / "profile", "--dump-dom")
    for expected in ("REFUTED", "HOLDS", "Counterexample to single_live_primary", "State graph"):
        assert expected in seen


@pytest.mark.real
def test_the_page_can_be_photographed_at_the_width_of_a_telephone(tmp_path: Path) -> None:
    page = write_report(result(HELD, BROKEN), tmp_path)[1]
    picture = tmp_path / "page.png"
    browse(page, tmp_path / "profile", "--window-size=400,1600", f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.real
def test_a_browser_shows_a_placement_with_its_pictures_and_what_was_checked(tmp_path: Path) -> None:
    from support import PROJECT
    from vmproof.main import main

    file = str(PROJECT / "examples" / "figure-1.toml")
    assert main(["place", "evacuate", file, "C", "--report", str(tmp_path)]) == 0
    seen = browse(tmp_path / "report.html", tmp_path / "profile", "--dump-dom")
    for expected in ("OPTIMAL", "Hosts", "memory reservation, MiB", "Checked independently", "Not replayed"):
        assert expected in seen
    assert seen.count("data:image/png;base64,") >= 3
