"""The command line: exit statuses, errors with place and cure, and no traceback for a user's mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vmproof.main import main

ROOT = Path(__file__).resolve().parents[2]
VMC = str(ROOT / "benchmarks" / "vmc.py")
FIGURE_1 = str(ROOT / "examples" / "figure-1.toml")
SMALL = ["--scope", "hosts=2,vms=2,crashes=1"]
FIVE = str(Path(__file__).parent / "five_mistakes.py")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, in a process of its own."""
    command = [sys.executable, "-m", "vmproof.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_five_mistakes_are_five_problems_with_line_and_cure() -> None:
    done = run("check", FIVE)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    problems = [line for line in done.stderr.splitlines() if "five_mistakes.py:" in line]
    lines = [int(line.split("five_mistakes.py:")[1].split(":")[0]) for line in problems]
    text = Path(FIVE).read_text(encoding="utf-8").splitlines()
    marks = ["~s.up[h]", "if s.on[vm]", "s.up[s.lock[vm]]", "s.retierd", "s.restarts[vm] + 1"]
    assert [next(m for m in marks if m in text[line - 1]) for line in lines] == marks
    assert done.stderr.count("write:") == 5
    for cure in ("no(", "where(", "at(s.lock[vm], lambda h: s.up[h], absent=False)", "Field(", "require("):
        assert cure in done.stderr


def test_json_of_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", VMC, *SMALL, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["states"], found["exit"]) == ("vmproof.result/1", 436, 1)
    assert {row["property"]: row["verdict"] for row in found["results"]}["bad"] == "REFUTED"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "no-such-file.toml"], "no such file"),
        (["check", VMC, "--scope", "hots=3"], "knows no hots"),
        (["check", VMC, "--scope", "hosts"], "NAME=VALUE"),
        (["check", VMC, "--without", "luck"], "no such mechanism"),
        (["check", str(ROOT)], "is a directory"),
        (["check", VMC, "--scope", "hosts=2,hosts=3"], "gives hosts twice"),
        (["check", VMC, "--scope", "hosts=--3"], "write a whole number"),
        (["prove", VMC, "--only", "runs_on_live_hst"], 'did you mean "runs_on_live_host"?'),
        (["explore", VMC, "--property", "runs_on_live_hst"], 'did you mean "runs_on_live_host"?'),
        (["check", VMC, "--report", VMC], "is a file, not a folder"),
        (["check", VMC, "--report", f"{VMC}/sub"], "is a file, not a folder"),
        (["export", VMC, "--to", "tla", "--output", VMC], "is a file, not a folder"),
        (["place", "balance", FIGURE_1, "--report", VMC], "is a file, not a folder"),
        (["explore", VMC, "--checkpoint", str(ROOT)], "that is a folder"),
        (["explore", VMC, "--checkpoint", "/no/such/folder/x"], "no such folder: /no/such/folder"),
        (["prove", VMC, "--unaided"], "with --suggest only"),
        (["prove", VMC, "--hunt", "5"], "with --suggest only"),
        (["place", "repair", FIGURE_1, "A"], "does not read A: that is for evacuate, admit, explain"),
        (["place", "survive", FIGURE_1, "--target", "50%"], "does not read --target"),
        (["place", "survive", FIGURE_1, "-k", "5"], "there are 4 hosts that could fail"),
    ],
)
def test_usage_errors_are_2_and_say_what_is_known(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = (", "not Python"),
        ("import no_such_module_here", "ModuleNotFoundError"),
        ("x = 1", "no State class"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_file_that_is_no_model_is_4_with_its_line(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text + "\n", encoding="utf-8")
    assert main(["check", str(file)]) == 4
    error = capsys.readouterr().err
    assert says in error
    assert "mine.py:1" in error


COUNTER = '''
from vmproof import Field, Range, State, action, initial, require

class Counter(State):
    n = Field(value=Range(0, 3))

@initial
def zero(s: Counter):
    """It begins at zero."""
    return s.n == 0

@action(agent="clock")
def tick(s: Counter):
    """It goes up."""
    {guard}
    s.n = s.n + 1
'''


def test_a_counter_that_overruns_is_4_at_the_line_of_the_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "counter.py"
    file.write_text(COUNTER.format(guard="pass"), encoding="utf-8")
    assert main(["check", str(file)]) == 4
    error = capsys.readouterr().err
    assert "counter.py:16" in error
    assert "outside the range 0..3" in error


def test_a_sound_counter_ends_in_a_deadlock_that_says_how_to_accept_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "counter.py"
    file.write_text(COUNTER.format(guard='require(s.n < 3, "full")'), encoding="utf-8")
    assert main(["check", str(file)]) == 1
    assert "@final" in capsys.readouterr().out


def test_list_names_guards_mechanisms_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", VMC]) == 0
    text = capsys.readouterr().out
    for expected in ("switch_over(vm: VM)", "the destination host is down", "destination check", "protects"):
        assert expected in text
    assert main(["list", VMC, "--mechanisms", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mechanisms"][0]["protects"] == ["runs_on_live_host"]


def test_removing_a_mechanism_on_the_command_line_refutes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", VMC, *SMALL, "--without", "destination check", "--json"])
    rows = json.loads(capsys.readouterr().out)["results"]
    assert {row["property"]: row["verdict"] for row in rows}["runs_on_live_host"] == "REFUTED"


def test_a_model_may_have_the_name_of_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "json.py"
    file.write_text(COUNTER.format(guard='require(s.n < 3, "full")'), encoding="utf-8")
    assert main(["check", str(file), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["model"] == "Counter"


def test_an_expected_verdict_on_no_property_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    text = (ROOT / "examples" / "scopes" / "partition.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("one_responsible_master", "one_responsable_master"), encoding="utf-8")
    done = run("check", str(file))
    assert done.returncode == 4
    assert "expect.one_responsable_master: there is no such property" in done.stderr
    assert '"one_responsible_master"' in done.stderr


def test_mechanisms_are_listed_with_what_breaks_without_them() -> None:
    done = run("list", "examples/figure-1.toml", "--mechanisms")
    assert "shown by: original_retained is refuted in 2 steps (small scope 'migration')" in done.stdout
    assert "nothing breaks: a forged heartbeat delays a restart" in done.stdout


def test_a_scope_that_counts_its_states_is_searched_completely() -> None:
    done = run("check", "examples/scopes/live-migration.toml")
    assert done.returncode == 0
    assert "states, as the file says" in done.stdout


def test_an_expected_refutation_is_said_to_be_expected() -> None:
    done = run("check", "examples/scopes/partition.toml")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("REFUTED, as the file expects: 4,801 states")
    strict = run("check", "examples/scopes/partition.toml", "--strict")
    assert strict.returncode == 1


@pytest.mark.parametrize("command", ["check", "demo"])
def test_a_rule_that_the_model_does_not_read_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "together.toml"
    plain = (ROOT / "examples" / "scopes" / "maintenance.toml").read_text(encoding="utf-8")
    rule = '[[rules]]\nname = "pair"\nkind = "keep together"\nvms = ["auto", "manual"]\n'
    file.write_text(f'{plain}\n{rule}\n[story]\nfails = ["A"]\n', encoding="utf-8")
    assert main([command, str(file), "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert [note for note in notes if "'pair' (keep together) counts for nothing yet" in note]


def test_explore_counts_what_others_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", VMC, "--scope", "hosts=4,vms=4,crashes=1", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["command"], found["states"], found["depth"]) == ("explore", 12_897_366, None)
    (bad,) = (row for row in found["results"] if row["property"] == "bad")
    assert (bad["engine"], len(bad["trace"])) == ("diagrams", 5)


def test_explore_says_what_it_cut_away(capsys: pytest.CaptureFixture[str]) -> None:
    scope = str(ROOT / "examples" / "scopes" / "partition.toml")
    assert main(["explore", scope, "--property", "unique_master"]) == 0
    out = capsys.readouterr().out
    assert "cone of influence: 21 of" in out
    assert "guest_works" in out


def test_explore_goes_on_from_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "states.dd")
    main(["explore", VMC, *SMALL, "--checkpoint", file])
    assert main(["explore", VMC, *SMALL, "--resume", file, "--json"]) == 1
    assert '"states": 436' in capsys.readouterr().out
    assert main(["explore", VMC, "--resume", file]) == 2
    assert "another model or scope" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--memory", "much"], "is no size"),
        (["--threads", "0"], "not above zero"),
        (["--seconds", "-1"], "not above zero"),
        (["--counterexamples", "many"], "invalid int value"),
    ],
)
def test_explore_refuses_senseless_limits(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explore", VMC, *arguments])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--seconds", "--work", "--workers", "--hunt"])
def test_prove_refuses_senseless_limits(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prove", VMC, option, "-1"])
    assert ended.value.code == 2
    assert f"{option}: -1 is not above zero" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--property", "nope"], "no invariant nope; known: runs_on_live_host"),
        (["--checkpoint", "no-such-folder/x"], "no such folder"),
        (["--resume", "no-such-file"], "is no checkpoint"),
    ],
)
def test_explore_names_what_is_not_there(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", VMC, *SMALL, *arguments]) == 2
    assert says in capsys.readouterr().err
