"""``vmproof place``: verdict words, exit statuses, JSON, reports, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import PROJECT
from vmproof.main import main

FIGURE_1 = str(PROJECT / "examples" / "figure-1.toml")
CLUSTER: dict[str, Any] = {
    "hosts": [[100, 100], [100, 100], [100, 100]],
    "vms": [[50, 40], [45, 40], [10, 10], [20, 20]],
    "current": [0, 0, 1, 1],
    "anti": [[0, 2]],
}


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(CLUSTER), encoding="utf-8")
    return path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["place", *map(str, arguments)])
    return status, capsys.readouterr().out


def test_repair_says_what_moves_and_why(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "repair", str(cluster), "--target", "80%")
    assert status == 0
    assert "OPTIMAL: 1 (migrations), 1 move: " in said
    assert "h0 is above 80 %" in said
    assert "Plan: 1 step;" in said


def test_nothing_to_do(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "repair", str(cluster))
    assert status == 0
    assert "OPTIMAL: nothing to do" in said


def test_an_impossible_target_is_explained(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "repair", str(cluster), "--target", "40%")
    assert status == 1
    assert "These cannot all hold (any one left out, the others can):" in said
    assert "Any one of these helps, the cheapest first:" in said
    assert "IMPOSSIBLE: " in said


def test_json_has_the_keys_of_the_contract(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "balance", str(cluster), "--json", "--rounds", "50")
    found = json.loads(said)
    assert status == found["exit"] == 0
    assert found["schema"] == "vmproof.result/1"
    assert found["command"] == "place balance"
    assert found["verdict"] == "OPTIMAL"
    assert {"scope", "settings", "seconds", "seed", "bound", "placement", "moves", "plan"} <= set(found)


def test_a_report_is_a_folder_with_page_and_json(cluster: Path, tmp_path: Path) -> None:
    assert (
        main(["place", "repair", str(cluster), "--target", "80", "--report", str(tmp_path / "report")]) == 0
    )
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 2
    assert "http" not in page.split("</style>")[1]
    assert (
        json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["verdict"] == "OPTIMAL"
    )


def test_survive_by_exit_status(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "survive", str(cluster))[0] == 0
    status, said = asked(capsys, "survive", str(cluster), "-k", "3")
    assert status == 1
    assert "REFUTED: if h0 and h1 and h2 fail, there is no place for v0, v1, v2, v3" in said


def test_explain_a_vm(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "explain", str(cluster), "v0")
    assert status == 0
    assert "VM/VM DRS rule violated: keep apart: v0, v2" in said


def test_evacuate_and_plan_in_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, "evacuate", FIGURE_1, "A")
    assert status == 0
    assert "the cluster model takes 3 of the 3 moves" in said


def test_plan_to_another_file(cluster: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goal = tmp_path / "goal.json"
    goal.write_text(json.dumps({**CLUSTER, "current": [1, 0, 0, 1]}), encoding="utf-8")
    status, said = asked(capsys, "plan", str(cluster), "--to", str(goal))
    assert status == 0
    assert "v0" in said
    assert main(["place", "plan", str(cluster)]) == 2
    goal.write_text(json.dumps({**CLUSTER, "current": [1, None, 0, 1]}), encoding="utf-8")
    assert main(["place", "plan", str(cluster), "--to", str(goal)]) == 2
    assert "has no host for v1: a plan stops no VM" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["evacuate", FIGURE_1],
        ["evacuate", FIGURE_1, "Z"],
        ["admit", FIGURE_1, "nobody"],
        ["repair", "no-such-file.json"],
    ],
)
def test_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["place", *arguments]) == 2
    assert capsys.readouterr().err.startswith("vmproof: ")


def test_a_wrong_file_is_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.json"
    path.write_text("{}", encoding="utf-8")
    assert main(["place", "repair", str(path)]) == 4
    assert "hosts: is missing" in capsys.readouterr().err


def test_ctrl_c_gives_the_best_so_far(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vmproof.solver.placement import Verdict, queries
    from vmproof.solver.placement.reading import read_problem
    from vmproof.solver.placement.searching import Search

    def interrupted(self: Search, *arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "improve", interrupted)
    answer = queries.repair(read_problem(cluster), 8_000)
    assert answer.verdict is Verdict.UNDETERMINED
    assert answer.exit == 3
    assert answer.placement
    assert answer.bound is not None
    assert any("interrupted" in note for note in answer.notes)


def test_balance_by_deviation_shows_what_each_move_is_worth(
    cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = asked(capsys, "balance", str(cluster), "--by", "deviation")
    assert status == 0
    assert "points" in said
    assert "standard deviation in basis points + migrations" in said
    assert "Checked independently: every rule and limit, the moves, the objective, the plan" in said
    assert "not checked: the bound" in said


def test_above_100_percent_contention_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(FIGURE_1).read_text(encoding="utf-8")
    text = text.replace('cpu = "6 GHz"', 'cpu = "18 GHz"\ncpu_reservation = 1000\ncpu_shares = "low"', 1)
    path = tmp_path / "crowded.toml"
    path.write_text(text, encoding="utf-8")
    status, said = asked(capsys, "repair", str(path), "--target", "130%")
    assert status == 0
    assert "nothing to do" in said
    assert "contention now: A2 gets " in said
    found = json.loads(asked(capsys, "repair", str(path), "--target", "130%", "--json")[1])
    assert {row["vm"] for row in found["contention"]} == {"A2"}
    assert "the objective" in found["checked"]


def test_ctrl_c_in_a_plan_is_heeded_between_its_steps() -> None:
    import os
    import signal

    from vmproof.placing import _heeding

    with _heeding() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_what_a_library_prints_does_not_end_up_in_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    import ctypes

    from vmproof.placing import _no_chatter

    with _no_chatter():
        ctypes.CDLL(None).puts(b"chatter")
    seen = capfd.readouterr()
    assert "chatter" in seen.err
    assert not seen.out
