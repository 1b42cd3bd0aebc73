"""What cannot be loaded: files that are no models, names and values of ``--scope`` that do not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import PROJECT
from vmproof.limits import UsageError, names_of
from vmproof.loading import load
from vmproof.main import main

EXAMPLES = PROJECT / "examples"
FIGURE_1 = EXAMPLES / "figure-1.toml"
TWO_WRITERS = EXAMPLES / "two_writers.py"
VMC = PROJECT / "benchmarks" / "vmc.py"
LOCK_SERVER = PROJECT / "benchmarks" / "lock_server.py"

COUNTER = '''\
import sys
from vmproof import Field, Range, Scope, Setting, Sort, State, action, initial, require

class Host(Sort): pass

class Counter(State):
    n = Field(Host, value=Range(0, 3))
    pace = Setting("slow", "fast")
    ready = Setting("yes", "no")

@initial
def zero(s: Counter, h: Host):
    """It begins at zero."""
    return s.n[h] == 0

@action(agent="clock")
def tick(s: Counter, h: Host):
    """It goes up."""
    require(s.n[h] < 3, "full")
    s.n[h] = s.n[h] + 1

'''
END = COUNTER.count("\n")


@pytest.mark.parametrize("name", ["cluster.json", "cluster", "cluster.txt", "model.pyc"])
@pytest.mark.parametrize("command", ["check", "list", "demo", "prove"])
def test_a_file_of_another_kind_is_refused_with_the_kinds_that_there_are(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("{}", encoding="utf-8")
    assert main([command, str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert f"{name}: a cluster is a .toml file, a model a .py file" in error
    assert "`vmproof place`" in error


@pytest.mark.parametrize(("file", "name"), [(TWO_WRITERS, "Writers.PY"), (FIGURE_1, "FIGURE.TOML")])
def test_the_end_of_a_name_may_be_written_large(file: Path, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(file.read_bytes())
    assert load(tmp_path / name).model.name == load(file).model.name


@pytest.mark.parametrize(("file", "says"), [(EXAMPLES, "is a directory"), ("/dev/null", "no ordinary file")])
def test_what_is_there_but_no_file_is_not_said_to_be_missing(file: Path | str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load(file)


@pytest.mark.parametrize("value", ["x", "2.5", "", 0, -1, True, 10**9])
@pytest.mark.parametrize("file", [TWO_WRITERS, VMC])
def test_a_number_of_members_is_a_whole_number(file: Path, value: str | int) -> None:
    with pytest.raises(
        UsageError, match=r"--scope hosts=.*: write a whole number from 1 to 9999, such as hosts"
    ):
        load(file, hosts=value)


@pytest.mark.parametrize("value", ["x", -1, 256, True])
@pytest.mark.parametrize(("file", "budget"), [(FIGURE_1, "host_crash"), (VMC, "crashes")])
def test_a_budget_is_a_small_whole_number(file: Path, budget: str, value: str | int) -> None:
    with pytest.raises(UsageError, match=f"--scope {budget}=.*: write a whole number from 0 to 255"):
        load(file, **{budget: value})


def test_a_bad_number_on_the_command_line_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(TWO_WRITERS), "--scope", "hosts=x"]) == 2
    assert "write a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hosts=2,hosts=3", "gives hosts twice"),
        ("hosts=2,hosts=2", "gives hosts twice"),
        ("hosts=", "write NAME=VALUE"),
        ("hosts", "write NAME=VALUE"),
        ("2=hosts", "write NAME=VALUE"),
    ],
)
def test_a_text_that_is_no_list_of_names_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        names_of(text)


def test_names_and_values_as_they_are_written() -> None:
    found = names_of(" hosts=3, ha=no,drs=off ,vmotion=DRS only,crash=--3,link=²,")
    assert found == {
        "hosts": 3,
        "ha": False,
        "drs": "off",
        "vmotion": "DRS only",
        "crash": "--3",
        "link": "²",
    }
    assert names_of("") == {}


@pytest.mark.parametrize(
    ("file", "name", "says"),
    [
        (TWO_WRITERS, "host", r'knows no host \(did you mean "hosts"\?\) here; it knows: hosts'),
        (VMC, "hots", r'knows no hots \(did you mean "hosts"\?\) here; it knows: hosts, vms, crashes'),
        (FIGURE_1, "hostcrash", r'knows no hostcrash \(did you mean "host_crash"\?\) here; it knows: start'),
        (FIGURE_1, "hosts", r"hosts=1: the file itself has 4 \(A, B, C, D\); change them there"),
    ],
)
def test_an_unknown_name_is_told_with_the_near_one(file: Path, name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load(file, **{name: 1})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("drs", "manul", 'drs=manul: no such value; did you mean "manual"'),
        ("drs", "x", "drs is fully automated, partially automated, manual or off"),
        ("ha", "maybe", "ha=maybe: no such value; ha is yes or no"),
        ("migration_threshold", True, "migration_threshold=yes: no such value"),
    ],
)
def test_a_value_that_a_setting_has_not_is_told_with_those_it_has(
    name: str, value: str | bool, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        load(FIGURE_1, **{name: value})


def test_a_bad_value_of_a_setting_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(FIGURE_1), "--scope", "drs=manul"]) == 2
    assert "state.py" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("ha", "off", False),
        ("ha", 0, False),
        ("ha", "TRUE", True),
        ("self_fence", True, "on"),
        ("drs", False, "off"),
        ("drs", "Manual", "manual"),
        ("migration_threshold", 1, 1),
    ],
)
def test_yes_and_no_are_said_in_several_ways(name: str, value: str | int, meant: str | int) -> None:
    found = load(FIGURE_1, **{name: value}).all_settings[name]
    assert (type(found), found) == (type(meant), meant)


def test_a_listing_says_yes_and_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", str(FIGURE_1), "--settings", "--scope", "ha=no"]) == 0
    out = capsys.readouterr().out
    assert "no (of: yes, no)" in out
    assert "True" not in out


@pytest.mark.parametrize(
    ("scope", "value", "meant"),
    [
        ('def scope(pace: str = "slow"):', "fast", "fast"),
        ("def scope(**settings):", "fast", "fast"),
        ("def scope(**settings):", "fats", 'did you mean "fast"'),
        ('def scope(pace: str = "slow"):', "fats", "pace is slow or fast"),
    ],
)
def test_a_setting_that_scope_takes_is_looked_at_first(
    scope: str, value: str, meant: str, tmp_path: Path
) -> None:
    taken = "settings" if "**" in scope else '{"pace": pace}'
    text = f'{COUNTER}{scope}\n    return Scope(Counter, {{Host: ["a"]}}, settings={taken})\n'
    (tmp_path / "taken.py").write_text(text, encoding="utf-8")
    if value == meant:
        assert load(tmp_path / "taken.py", pace=value).all_settings["pace"] == meant
        return
    with pytest.raises(UsageError, match=meant):
        load(tmp_path / "taken.py", pace=value)


def test_numbers_and_switches_of_scope_are_such(tmp_path: Path) -> None:
    body = 'def scope(memory: int = 8, far=True):\n    return Scope(Counter, {Host: [f"{memory} {far}"]})\n'
    (tmp_path / "own.py").write_text(COUNTER + body, encoding="utf-8")
    assert load(tmp_path / "own.py", memory=65536, far="off").members.popitem()[1] == ["65536 False"]
    with pytest.raises(UsageError, match="memory=much: write a whole number, such as"):
        load(tmp_path / "own.py", memory="much")
    with pytest.raises(UsageError, match="far is yes or no"):
        load(tmp_path / "own.py", far="wide")


@pytest.mark.parametrize(("given", "cure"), [([], "clients=3"), (["--scope", "client=3"], "clients=3")])
def test_what_scope_must_be_told_is_named_with_the_option(
    given: list[str], cure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", str(LOCK_SERVER), *given]) == 2
    error = capsys.readouterr().err
    assert f"lock_server.py: its scope() must be told clients: write --scope {cure}" in error
    assert "positional" not in error


@pytest.mark.parametrize(("name", "size"), [("lock_server", "clients=3"), ("leader_ring", "nodes=3")])
def test_the_commands_of_the_page_of_proofs_work(name: str, size: str) -> None:
    command = f"vmproof prove benchmarks/{name}.py --scope {size}"
    assert command in (PROJECT / "docs" / "proofs.md").read_text(encoding="utf-8")
    assert main(["prove", str(PROJECT / "benchmarks" / f"{name}.py"), "--scope", size, "--workers", "1"]) == 0


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("raise SystemExit\n", 1, "must not end the program"),
        ("\nraise GeneratorExit\n", 2, "GeneratorExit\n"),
        ("\nraise ValueError('no')\n", 2, "ValueError: no"),
        ("x = 1\ny = '\0'\n", 2, "a NUL byte"),
        ("exec('x = (')\n", 1, "SyntaxError"),
        ("x = (\n", 1, "not Python"),
        (f"x = {'(' * 300}\n", 1, "(…\n"),
        (f"x = 1\ny = {'-' * 100_000}1\n", 1, "MemoryError\n"),
        (f"{COUNTER}EXPECT = ['zero']\n", END + 1, "EXPECT is no dict"),
        (f"{COUNTER}EXPECT = {{'no_deadlock': 'REFUTD'}}\n", END + 1, "UNDETERMINED"),
        (f"{COUNTER}def scope():\n    1 / 0\n", END + 2, "ZeroDivisionError"),
        (f"{COUNTER}def scope():\n    sys.exit(0)\n", END + 2, "SystemExit: 0"),
        (f"{COUNTER}def scope():\n    return 3\n", END + 1, "scope() returns 3, no Scope"),
        (f"{COUNTER}def scope():\n    return Scope(Counter, {{}})\n", 6, "no members of Host"),
        (COUNTER.replace("s.n[h] = ", "sys.exit(3)\n    s.n[h] = "), 20, "SystemExit: 3"),
        (COUNTER.replace("s.n[h] = ", "{}['x']\n    s.n[h] = "), 20, "KeyError: 'x'"),
    ],
)
def test_whatever_a_model_does_instead_is_4_with_its_line(
    text: str, line: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path / "mine.py")]) == 4
    error = capsys.readouterr().err
    assert f"mine.py:{line}: " in error
    assert says in error
    assert "write: " in error


def test_an_error_in_a_file_that_is_imported_has_the_name_of_that_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn_helper.py").write_text("x = 1\n\ny = (\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("import torn_helper\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "mine.py")]) == 4
    assert "torn_helper.py:3: not Python" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["at the file's level", "in an action"])
def test_ctrl_c_while_a_model_is_read_is_no_problem_of_the_model(where: str, tmp_path: Path) -> None:
    text = "raise KeyboardInterrupt\n"
    if where == "in an action":
        text = COUNTER.replace("s.n[h] = ", "raise KeyboardInterrupt\n    s.n[h] = ")
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path / "mine.py")


@pytest.mark.parametrize("name", ["vm disk lok", "VM disk lock", "vm_disk_lock"])
def test_a_mechanism_that_is_nearly_one_is_named_alone(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(FIGURE_1), "--without", name]) == 2
    error = capsys.readouterr().err
    assert error.endswith(f'--without {name!r}: no such mechanism; did you mean "vm disk lock"?\n')


def test_a_mechanism_like_none_is_told_with_all() -> None:
    with pytest.raises(UsageError, match="known: placement check, re-validation at execution, "):
        load(FIGURE_1, without=["zzz"])
    with pytest.raises(UsageError, match="known: none"):
        load(LOCK_SERVER, without=["zzz"], clients=2)
