"""Results for people and machines: the same object, said in four ways."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from handmade import BROKEN, FAULT, GRAPH, HELD, STEP, VIEW, result
from vmproof.properties.proofs import FAILED, FailedInduction, Obligation, Proof
from vmproof.properties.results import ClusterView, Verdict, worst_exit
from vmproof.properties.search import Tick
from vmproof.reports.as_json import to_json, write_text
from vmproof.reports.page import to_html, write_report
from vmproof.reports.pictures import cluster_picture, state_graph_picture
from vmproof.reports.proof_text import induction_lines, summary_lines
from vmproof.reports.sentences import counted, counts_of
from vmproof.reports.terminal import Progress, render, tell

PNG = b"\x89PNG\r\n\x1a\n"


def printed(render_it: object, *arguments: object, **options: object) -> str:
    stream = io.StringIO()
    render_it(*arguments, Console(file=stream, width=100), **options)  # type: ignore[operator]
    return stream.getvalue()


def test_piped_text_has_no_escape_codes_and_no_boxes() -> None:
    text = printed(render, result(HELD, BROKEN))
    assert "\x1b" not in text
    assert not set("─│┌┐└┘━┃") & set(text)


def test_a_refuted_property_is_told_step_by_step_with_what_changed() -> None:
    text = printed(render, result(HELD, BROKEN))
    assert "Counterexample to single_live_primary, 2 steps" in text
    assert "1. host_crash(host=A)  [environment]" in text
    assert "up[A]: yes -> no" in text
    assert "and 4 more" in text
    assert '"host_crash(A)",' in text
    assert "Actions that never fired: host_return" in text


def test_the_closing_line_has_verdict_counts_and_exit() -> None:
    assert printed(render, result(HELD)).splitlines()[-1] == (
        "HOLDS: 12,345 states, 54,321 transitions, 7 levels, 1.25 s; exit 0"
    )


def test_an_expectation_is_shown_as_met_or_missed() -> None:
    met, missed = replace(BROKEN, expected="REFUTED"), replace(HELD, expected="REFUTED")
    text = printed(render, result(met, missed))
    assert "(as expected) One <primary>." in text
    assert "(EXPECTED REFUTED) One master." in text
    assert result(met).exit == 0
    assert result(missed).exit == 1


def test_verbose_names_guards_that_were_never_decisive() -> None:
    assert "restart: no master" in printed(render, result(HELD), verbose=True)
    assert "restart: no master" not in printed(render, result(HELD))


def test_a_story_is_told_with_its_reasons_between_before_and_after() -> None:
    text = printed(tell, result(HELD, command="demo", story=(FAULT, STEP), before=VIEW, after=VIEW))
    assert "because: unreserved memory: B 40 MiB" in text
    assert text.count("A1 (stale)") == 2


def test_json_has_exactly_the_keys_of_the_contract() -> None:
    data = json.loads(to_json(result(HELD, BROKEN, seed=3)))
    assert set(data) == {
        "schema", "command", "model", "scope", "settings", "verdict", "exit", "states", "transitions",
        "depth", "seconds", "seed", "results", "coverage", "notes", "details", "story",
    }  # fmt: skip
    assert (data["schema"], data["verdict"], data["exit"], data["depth"]) == (
        "vmproof.result/1",
        "REFUTED",
        1,
        7,
    )
    broken = data["results"][1]
    assert {"property", "verdict", "engine", "reason", "mechanism", "trace"} <= set(broken)
    assert broken["trace"][0] == {
        "action": "host_crash",
        "arguments": {"host": "A"},
        "agent": "environment",
        "kind": "fault",
        "sentence": "A host fails.",
        "because": "",
        "changes": [{"field": "up", "place": ["A"], "before": "yes", "after": "no"}],
    }
    assert data["results"][0]["trace"] is None


class Page(HTMLParser):
    """Collects tags, sources and text; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_is_well_formed_escaped_and_loads_nothing() -> None:
    text = to_html(result(HELD, BROKEN, story=(FAULT, STEP), before=VIEW, after=VIEW, graph=GRAPH))
    page = Page(text)
    assert page.open == []
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert not re.search(r"https?://", text)
    assert len(page.images) == 3
    assert all(image["alt"] for image in page.images)
    said = "".join(page.words)
    for expected in (
        "REFUTED",
        "HOLDS",
        "One <primary>.",
        "restart(vm=A2, host=B<script>)",
        "a note",
        "vm disk lock",
    ):
        assert expected in said


def test_pictures_are_pngs() -> None:
    assert cluster_picture(VIEW).startswith(PNG)
    assert state_graph_picture(GRAPH).startswith(PNG)


def test_a_picture_of_hosts_without_room_or_copies_is_drawn() -> None:
    empty = replace(VIEW.hosts[0], memory=1, copies=())
    assert cluster_picture(ClusterView("now", (empty,))).startswith(PNG)


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    files = write_report(result(HELD), tmp_path / "new" / "report")
    assert [file.name for file in files] == ["report.json", "report.html"]
    assert json.loads(files[0].read_text(encoding="utf-8"))["exit"] == 0
    assert sorted(os.listdir(tmp_path / "new" / "report")) == ["report.html", "report.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    write_text(file, "old")

    def fail(source: object, target: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_text(file, "new")
    assert file.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["report.json"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "silent"), [(io.StringIO(), True), (Terminal(), False)])
def test_progress_is_shown_on_a_terminal_only(stream: io.StringIO, silent: bool) -> None:
    with Progress(stream, every=0) as progress:
        progress(Tick(1_000, 5_000, 3, 0.5))
    assert (stream.getvalue() == "") is silent
    assert silent or "1,000 states, 5,000 steps, level 3, 10,000 steps/s" in stream.getvalue()


def test_of_several_exits_the_first_of_5_4_1_3_0_counts() -> None:
    assert [worst_exit(s) for s in ([0, 3, 1], [3, 0], [0], [], [1, 4, 5])] == [1, 3, 0, 0, 5]
    undetermined = replace(HELD, verdict=Verdict.UNDETERMINED)
    assert result(HELD, undetermined).exit == 3
    assert result(HELD, undetermined).verdict is Verdict.UNDETERMINED


def test_one_is_counted_as_one_and_others_as_many() -> None:
    assert [counted(n, "step") for n in (0, 1, 2, 1_234)] == ["0 steps", "1 step", "2 steps", "1,234 steps"]
    alone = result(replace(BROKEN, trace=(FAULT,)), states=1, transitions=1, depth=1)
    assert "Counterexample to single_live_primary, 1 step: " in printed(render, alone)
    assert "Counterexample to single_live_primary, 1 step<" in to_html(alone)
    assert counts_of(alone) == "1 state, 1 transition, 1 level, 1.25 s"


def test_where_the_page_points_for_the_settings_of_a_proof_they_are() -> None:
    text = to_html(result(replace(HELD, verdict=Verdict.PROVED)))
    assert text.index("under the settings at the end of this page") < text.index("Scope and settings")
    assert "<section>" not in text[text.index("Scope and settings") :]


def test_a_failed_induction_says_what_would_have_refused_the_step() -> None:
    failed = FailedInduction(
        Obligation("restart", "unique_master", FAILED), "small", (), STEP, ("no master", "no room"), "reached"
    )
    text = "\n".join(induction_lines(failed))
    assert "it would be refused if one of these were the case, and none is:\n  no master\n  no room\n" in text
    assert "would be refused" not in "\n".join(induction_lines(replace(failed, held=())))


def test_a_proof_counts_its_one_obligation_and_its_one_lemma() -> None:
    one = Obligation("restart", "unique_master", "proved")
    proof = Proof((one,), 1, {"unique_master": ("election",)}, {"unique_master": ("a lemma",)})
    lines = summary_lines(proof)
    assert lines[0] == "  unique_master uses election; 1 lemma"
    assert lines[1].startswith("1 obligation, 0 of them from the cache; 1 time an action writes nothing")
