"""Every way a cluster file can be wrong: its place, what is said of it, and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.model.inventory import InventoryError, InventoryProblem, read_inventory
from vmproof.model.inventory.problems import did_you_mean, nearest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
WHOLE = (EXAMPLES / "figure-1.toml").read_text(encoding="utf-8")
FIGURE_1 = "\n".join(line for line in WHOLE.splitlines() if not line.startswith("#"))
LICENCE = 'rules[0] "B1 and B2 stay with their licence"'
STORAGE_OF_A = 'datastores = ["ds1", "ds2", "ds3"]'
HOSTS_OF_RULE = 'hosts = ["B", "C", "D"]'
REQUIRED = {
    "hosts": {"name", "cpu", "memory", "datastores", "moid"},
    "datastores": {"name"},
    "vms": {"name", "host", "cpu", "memory", "datastore"},
    "rules": {"name", "kind", "vms"},
    "story": {"fails"},
}


def problems(text: str | bytes, tmp_path: Path, **options: tuple[str, ...]) -> list[InventoryProblem]:
    """Everything that is wrong with a file of this text."""
    file = tmp_path / "cluster.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InventoryError) as caught:
        read_inventory(file, **options)
    return list(caught.value.problems)


def changed(*changes: tuple[str, str]) -> str:
    text = FIGURE_1
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


# What is replaced in Figure 1, by what; the one problem that follows: path, message, cure.
ONE_PROBLEM = [
    # keys
    ("drs =", "drss =", "settings.drss", "'drss' is not known here", '"drs"'),
    ("fails =", "fails = []\nfail =", "story.fail", "'fail' is not known here", '"fails"'),
    ("[settings]", "titel = 1\n[settings]", "titel", "'titel' is not known here", '"settings"'),
    ('moid = "host-28"\n', "", 'hosts[0] "A".moid', "'moid' is missing", 'moid = "host-21"'),
    # types
    ('"24 GHz"', "true", 'hosts[0] "A".cpu', "true is no whole number", 'cpu = 24000 (MHz) or "24 GHz"'),
    ('"24 GHz"', "2.5", 'hosts[0] "A".cpu', "2.5 is no whole number", 'cpu = 24000 (MHz) or "24 GHz"'),
    ('"24 GHz"', '"24 GiB"', 'hosts[0] "A".cpu', "'24 GiB' is no size", 'cpu = 24000 (MHz) or "24 GHz"'),
    ('"64 GiB"', '"a lot"', 'hosts[0] "A".memory', "is no size", 'memory = 65536 (MiB) or "64 GiB"'),
    ("ha = true", 'ha = "yes"', "settings.ha", "'yes' is neither true nor false", "ha = true or ha = false"),
    (
        STORAGE_OF_A,
        'datastores = "ds1"',
        'hosts[0] "A".datastores',
        "is no list",
        'datastores = ["ds1", "ds2"]',
    ),
    (
        STORAGE_OF_A,
        'datastores = [["ds1"]]',
        'hosts[0] "A".datastores[0]',
        "is no text",
        'datastores = ["ds1",',
    ),
    ('moid = "host-28"', "moid = 28", 'hosts[0] "A".moid', "28 is no text in quotes", 'moid = "host-21"'),
    ('moid = "host-28"', 'moid = ""', 'hosts[0] "A".moid', "'' is empty", 'moid = "host-21"'),
    ("[[rules]]", "[rules]", "rules", "is no list", "[[rules]], below it name ="),
    ("[settings]", "[[settings]]", "settings", "is no table", "[settings], below it ha = true"),
    (HOSTS_OF_RULE, 'hosts = "B"', f"{LICENCE}.hosts", "'B' is no list", 'hosts = ["A", "B"]'),
    ("host_crash = 1", 'host_crash = "1"', "budgets.host_crash", "is no whole number", "from 0 to 255"),
    # ranges and words
    ('"24 GHz"', "-3", 'hosts[0] "A".cpu', "-3 is out of range: smaller than 0", "cpu = 24000 (MHz)"),
    ('"24 GHz"', "1" + "0" * 13, 'hosts[0] "A".cpu', "larger than 1,000,000,000,000", "cpu = 24000 (MHz)"),
    ('"24 GHz"', f'"{"9" * 400} GHz"', 'hosts[0] "A".cpu', "is no size", 'cpu = 24000 (MHz) or "24 GHz"'),
    ("host_crash = 1", "host_crash = 256", "budgets.host_crash", "larger than 255", "from 0 to 255"),
    ("host_crash = 1", "host_crush = 1", "budgets.host_crush", "no fault 'host_crush'", '"host_crash"'),
    ('"fully automated"', '"fully automatic"', "settings.drs", "is not known", '"fully automated"'),
    ('"datastores"', '"dice"', "settings.election", "is not known", '"datastores" or "cluster lock"'),
    (
        '"high"',
        '"urgent"',
        'vms[0] "A1".ha_priority',
        "is not known",
        '"high", "medium", "low" or "disabled"',
    ),
    ('"must run on"', '"must run in"', f"{LICENCE}.kind", "is not known", '"must run on"'),
    (
        "[budgets]",
        '[expect]\nx = "FINE"\n[budgets]',
        "expect.x",
        "is not known",
        '"PROVED", "HOLDS", "SAMPLED"',
    ),
    # names
    (
        'moid = "host-28"',
        'moid = "host-9"',
        'hosts[1] "B".moid',
        "Managed Object ID 'host-9' is used",
        "moid =",
    ),
    ('name = "A2"', 'name = "A1"', 'vms[1] "A1".name', "VM 'A1' is used already, at vms[0]", "name ="),
    (
        'name = "ds3"',
        'name = "ds3"\n[[datastores]]\nname = "ds3"',
        'datastores[3] "ds3".name',
        "is used",
        "name =",
    ),
    ('secondary = "C"', 'secondary = "Z"', 'vms[0] "A1".secondary', "no host 'Z'", '"A", "B", "C" or "D"'),
    ('"A"\nha_p', '"X"\nha_p', 'vms[1] "A2".host', "there is no host 'X'", '"A", "B", "C" or "D"'),
    ('datastore = "ds1"', 'datastore = "d1"', 'vms[0] "A1".datastore', "there is no datastore 'd1'", '"ds1"'),
    ('"ds3"]', '"ds33"]', 'hosts[0] "A".datastores[2]', "there is no datastore 'ds33'", '"ds3"'),
    ('["B1", "B2"]', '["B1", "B22"]', f"{LICENCE}.vms[1]", "there is no VM 'B22'", '"B2"'),
    (
        HOSTS_OF_RULE,
        'hosts = ["B", "E"]',
        f"{LICENCE}.hosts[1]",
        "there is no host 'E'",
        '"A", "B", "C" or "D"',
    ),
    ('fails = ["A"]', 'fails = ["Q"]', "story.fails[0]", "there is no host 'Q'", '"A", "B", "C" or "D"'),
    # placement
    (
        '"ds1", "ds2", "ds3"]',
        '"ds1"]',
        'vms[2] "A3".host',
        "'A' cannot access",
        'host = "B", "C" or "D", or "ds2"',
    ),
    (
        "secondary",
        'secondary = "A" #',
        'vms[0] "A1".secondary',
        "on different hosts",
        'secondary = "B", "C" or "D"',
    ),
    ("ft = true\nha_", "ft = false\nha_", 'vms[0] "A1".secondary', "only a VM with ft = true", "ft = true"),
    ("ft = true\nha_", "ha_", 'vms[0] "A1".secondary', "only a VM with ft = true has", "no secondary"),
    (
        "ha = true",
        "ha = false",
        'vms[0] "A1".ft',
        "only possible inside an HA cluster",
        "ha = true in [settings]",
    ),
    ("ft = true\ndrs", "ft = false\ndrs", 'vms[0] "A1".ft', "is switched off", "ft = true in [settings]"),
    (
        '"64 GiB"',
        '"35 GiB"',
        'hosts[0] "A".memory',
        "36,864 MiB reserved of 35,840",
        "memory = 36864 or more",
    ),
    ('"20 GHz"', "11999", 'hosts[2] "C".cpu', "12,000 MHz reserved of 11,999", "cpu = 12000 or more"),
    (
        'moid = "host-10"',
        'moid = "host-10"\nmaintenance = true',
        'vms[7] "D1".host',
        "'D' is in maintenance mode and runs no VM",
        'host = "A", "B" or "C", or maintenance = false for \'D\'',
    ),
    # rules
    ('["B1", "B2"]', "[]", f"{LICENCE}.vms", "this rule needs vms", 'vms = ["…"]'),
    (HOSTS_OF_RULE, "", f"{LICENCE}.hosts", "this rule needs hosts", 'hosts = ["…"]'),
    (
        '"must run on"',
        '"keep together"',
        f"{LICENCE}.hosts",
        "it names no hosts",
        'a kind such as "must run on"',
    ),
    (
        f'"must run on"\nvms = ["B1", "B2"]\n{HOSTS_OF_RULE}',
        '"keep apart"\nvms = ["B1", "B1"]',
        f"{LICENCE}.vms",
        "it needs two or more",
        'vms = ["A1", "A2"]',
    ),
    (
        f'"must run on"\nvms = ["B1", "B2"]\n{HOSTS_OF_RULE}',
        '"keep apart"\nvms = ["A2", "A3"]',
        LICENCE,
        "'A2' and 'A3' are both on 'A': VM/VM DRS rule violated",
        'host = "B", "C" or "D" for \'A3\'',
    ),
    (
        f'"must run on"\nvms = ["B1", "B2"]\n{HOSTS_OF_RULE}',
        '"must not run on"\nvms = ["B1"]\nhosts = ["B", "D"]',
        LICENCE,
        "VM 'B1' is placed on 'B' (host): VM/host DRS rule violated",
        'host = "A" or "C" for \'B1\', or kind = "should not run on"',
    ),
    (
        'vms = ["B1", "B2"]\nhosts = ["B", "C", "D"]',
        'vms = ["A1"]\nhosts = ["A", "B"]',
        LICENCE,
        "VM 'A1' is placed on 'C' (secondary)",
        'secondary = "B" for \'A1\', or kind = "should run on"',
    ),
]


@pytest.mark.parametrize(("old", "new", "path", "message", "cure"), ONE_PROBLEM)
def test_one_mistake_is_one_problem(
    old: str, new: str, path: str, message: str, cure: str, tmp_path: Path
) -> None:
    """Nobody else is accused of it."""
    (problem,) = problems(changed((old, new)), tmp_path)
    assert problem.path == path
    assert message in problem.message
    assert cure in problem.cure


def test_a_host_without_datastores_runs_no_vm(tmp_path: Path) -> None:
    found = problems(changed((STORAGE_OF_A, "datastores = []")), tmp_path)
    assert [problem.path for problem in found] == [f'vms[{i}] "A{i + 1}".host' for i in range(3)]
    assert all("cannot access" in problem.message for problem in found)


def test_a_missing_list_of_tables_is_one_problem(tmp_path: Path) -> None:
    tables = "".join(f'[[datastores]]\nname = "ds{i}"\n\n' for i in (1, 2, 3))
    (problem,) = problems(changed((tables, "")), tmp_path)
    assert (problem.path, problem.message) == ("datastores", "'datastores' is missing")
    assert problem.cure.startswith("[[datastores]]")


def test_an_empty_file_lacks_the_three_lists(tmp_path: Path) -> None:
    assert [problem.path for problem in problems("", tmp_path)] == ["hosts", "datastores", "vms"]


def test_a_host_without_a_name_is_charged_with_nothing(tmp_path: Path) -> None:
    found = problems(changed(('name = "A"\n', "")), tmp_path)
    assert not [problem for problem in found if "capacity" in problem.message]
    assert {problem.path for problem in found if "no host 'A'" in problem.message} >= {'vms[0] "A1".host'}


def test_no_cure_breaks_another_rule_of_the_file(tmp_path: Path) -> None:
    """The only permitted host has the primary already: the rule must soften, or a host be added."""
    text = changed(('vms = ["B1", "B2"]\nhosts = ["B", "C", "D"]', 'vms = ["A1"]\nhosts = ["A"]'))
    (problem,) = problems(text, tmp_path)
    assert "another host" in problem.cure
    assert '"A"' not in problem.cure


def test_a_type_error_hides_no_unknown_name_elsewhere(tmp_path: Path) -> None:
    text = changed(
        ('cpu = "24 GHz"', "cpu = [1]"),
        ('secondary = "C"', 'secondary = "Z"'),
        ('["B1", "B2"]', '["B1", "Q", 3]'),
        ("host_crash", "host_crush"),
    )
    assert [problem.path for problem in problems(text, tmp_path)] == [
        'hosts[0] "A".cpu',
        f"{LICENCE}.vms[2]",
        "budgets.host_crush",
        'vms[0] "A1".secondary',
        f"{LICENCE}.vms[1]",
    ]


def test_callers_name_their_own_faults(tmp_path: Path) -> None:
    (problem,) = problems(FIGURE_1, tmp_path, fault_names=("flood", "fire"))
    assert (problem.path, problem.cure) == ("budgets.host_crash", '"flood" or "fire"')
    file = tmp_path / "cluster.toml"
    file.write_text(changed(("host_crash", "flood")), encoding="utf-8")
    assert read_inventory(file, fault_names=("flood", "fire")).budgets == {"flood": 1}


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ('x = 1\ny = "\n', "line 2, column 6", "not TOML: Illegal character"),
        ("x = 1\ny = [1,", "line 2, column 8", "not TOML: Invalid value"),
        ("x = 1\nx = 2\n", "line 2, column 6", "not TOML: Cannot overwrite a value"),
        (b"\xff\xfe", "byte 0", "not UTF-8 text"),
        (f"x = {'[' * 5000}", "the file", "nested too deeply"),
        (f"x = {'9' * 5000}", "the file", "a number has thousands of digits"),
    ],
)
def test_what_is_not_toml_has_line_and_column(
    text: str | bytes, path: str, message: str, tmp_path: Path
) -> None:
    (problem,) = problems(text, tmp_path)
    assert problem.path == path
    assert message in problem.message
    assert problem.cure


def keys_of_figure_1() -> list[tuple[int, str, str]]:
    """Line number, table and key of every key."""
    found, table = [], ""
    for i, line in enumerate(FIGURE_1.splitlines()):
        table = line.strip("[]") if line.startswith("[") else table
        if " = " in line:
            found.append((i, table, line.split(" = ")[0]))
    return found


def refusal(table: str, key: str) -> str:
    """What is said of a table that lacks the key; nothing if the file stands without it."""
    if key in REQUIRED.get(table, ()):
        return f"{key!r} is missing"
    return {("rules", "hosts"): "this rule needs hosts", ("vms", "ft"): "only a VM with ft"}.get(
        (table, key), ""
    )


@pytest.mark.parametrize(("line", "table", "key"), keys_of_figure_1())
def test_any_single_key_removed(line: int, table: str, key: str, tmp_path: Path) -> None:
    lines = FIGURE_1.splitlines()
    text = "\n".join(lines[:line] + lines[line + 1 :])
    message = refusal(table, key)
    if not message:
        (tmp_path / "cluster.toml").write_text(text, encoding="utf-8")
        assert read_inventory(tmp_path / "cluster.toml")
        return
    found = problems(text, tmp_path)
    assert any(problem.path.startswith(table) and message in problem.message for problem in found)


def test_the_broken_example_reports_all_at_once() -> None:
    with pytest.raises(InventoryError) as caught:
        read_inventory(EXAMPLES / "broken.toml")
    assert [problem.path for problem in caught.value.problems] == BROKEN
    text = str(caught.value)
    assert "broken.toml: 20 problems\n" in text
    for problem in caught.value.problems:
        assert f"{problem.path}: {problem.message}\n    write: {problem.cure}" in text


BROKEN = [
    'hosts[0] "A".cpu',
    'hosts[0] "A".memory',
    'hosts[1] "A".datastores',
    'hosts[1] "A".colour',
    'vms[0] "v".memory',
    'vms[0] "v".ha_priority',
    "settings.ha",
    "settings.drs",
    "expect.foo",
    "foo",
    "budgets.host_crsh",
    'hosts[1] "A".name',
    'hosts[1] "A".moid',
    'vms[0] "v".datastore',
    'vms[0] "v".host',
    'vms[0] "v".secondary',
    'vms[0] "v".secondary',
    'vms[0] "v".secondary',
    'rules[0] "r".vms[1]',
    "story.fails[0]",
]


def test_the_near_name_is_found_whatever_is_written_large() -> None:
    assert nearest("VM DISK LOK", ["election", "vm disk lock"]) == "vm disk lock"
    assert nearest("zzz", ["election"]) is None


def test_near_names_are_told_alone_and_all_where_one_has_none() -> None:
    known = ["unique_master", "one_writer"]
    assert did_you_mean(["unique_mastr"], known) == 'did you mean "unique_master"?'
    assert did_you_mean(["one_riter", "unique_mastr"], known) == (
        'did you mean "one_writer" and "unique_master"?'
    )
    assert did_you_mean(["unique_mastr", "zzz"], known) == "known: unique_master, one_writer"
    assert did_you_mean(["zzz"], []) == "known: none"
