"""Whatever a file of `vmproof place` says, it is read, or refused with a place and a cure."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placement_clusters import GANETI
from support import PROJECT
from vmproof.main import main
from vmproof.model.inventory import InventoryError
from vmproof.solver.placement import Problem, Verdict
from vmproof.solver.placement.problem import MOST_AMOUNT, NOWHERE, WHOLE
from vmproof.solver.placement.queries import admit, rebalance, repair
from vmproof.solver.placement.reading import FORMATS, read_problem

SMALL: dict[str, Any] = {"hosts": [[9, 9], [9, 9]], "vms": [[1, 1], [1, 1]], "current": [0, 1]}
DRS: dict[str, Any] = {
    **SMALL,
    **{"name": "c", "resources": [["cpu", "MHz"], ["vms", "VMs", "promise"]], "host_names": ["a", "b"]},
    **{"vm_names": ["x", "y"], "anti": [[0, 1]], "aff": [], "must": {"0": [0]}, "mustnot": {"1": [0]}},
    **{"should": {"0": [0, 1]}, "shouldnot": {}, "maintenance": [], "quarantine": [1], "pinned": [0]},
}
TOML = """\
datastores = [{ name = "ds1" }]
hosts = [
  { name = "A", cpu = 10, memory = 10, datastores = ["ds1"], moid = "host-1" },
  { name = "B", cpu = 10, memory = 10, datastores = ["ds1"], moid = "host-2" },
]
vms = [
  { name = "x", host = "A", cpu = 6, memory = 6, datastore = "ds1" },
  { name = "y", host = "A", cpu = 6, memory = 6, datastore = "ds1", power = "off" },
]
"""
FIGURE_1 = (PROJECT / "examples" / "figure-1.toml").read_text(encoding="utf-8")


def read(folder: Path, content: str, suffix: str = ".json") -> Problem:
    path = folder / f"cluster{suffix}"
    path.write_text(content, encoding="utf-8")
    return read_problem(path)


def said(folder: Path, content: str, suffix: str = ".json") -> dict[str, str]:
    """What is wrong with a file, by place."""
    with pytest.raises(InventoryError) as caught:
        read(folder, content, suffix)
    return {problem.path: problem.message for problem in caught.value.problems}


# Too large


def test_amounts_as_large_as_they_may_be_are_counted_exactly(tmp_path: Path) -> None:
    half = MOST_AMOUNT // 2
    data = {**SMALL, "hosts": [[MOST_AMOUNT, 9], [9, 9]], "vms": [[half, 1], [half, 1]], "current": [0, 0]}
    problem = read(tmp_path, json.dumps(data))
    assert problem.limits(10 * WHOLE)[0, 0] == 10 * MOST_AMOUNT
    assert problem.limits(9_999)[0, 0] == MOST_AMOUNT * 9_999 // WHOLE
    assert problem.highest(problem.current) == WHOLE
    assert repair(problem, 10 * WHOLE).verdict is Verdict.OPTIMAL


@pytest.mark.parametrize("size", [MOST_AMOUNT + 1, 2**50, 2**63, 10**30, int("9" * 4000)])
def test_a_size_that_is_too_large_is_refused(tmp_path: Path, size: int) -> None:
    data = {**SMALL, "hosts": [[size, 9], [9, 9]], "vms": [[1, 1], [size, size]]}
    found = said(tmp_path, json.dumps(data))
    assert found.keys() == {"hosts[0]", "vms[1]"}
    assert all("is larger than 900,000,000,000,000" in message for message in found.values())


def test_what_is_too_large_together_is_refused(tmp_path: Path) -> None:
    data = {**SMALL, "hosts": [[MOST_AMOUNT, 9]] * 1001, "vms": [[MOST_AMOUNT, 1], [1, 1]]}
    assert said(tmp_path, json.dumps(data)) == {
        "all hosts together": "900,900,000,000,000,000 MHz cpu, more than 900,000,000,000,000,000",
        "all VMs together": "900,000,000,000,001 MHz cpu, more than 900,000,000,000,000",
    }
    ganeti = GANETI.replace("|4|N|uuid|1\nb", "|400000000000000|N|uuid|1\nb")
    assert said(tmp_path, ganeti, ".data").keys() == {"host 'a'"}


# JSON


@pytest.mark.parametrize("value", [None, 5, 1.5, "abc", {"0": [1]}, True, float("nan")])
@pytest.mark.parametrize("key", ["anti", "aff", "must", "pinned", "host_names", "resources", "current"])
def test_what_is_no_list_is_refused_by_its_key(tmp_path: Path, key: str, value: Any) -> None:
    if (key, value) not in (("must", {"0": [1]}), ("host_names", None)):
        assert key in said(tmp_path, json.dumps({**SMALL, key: value}))


@pytest.mark.parametrize("vm", ["²", "٣", "-1", "00", "", "9" * 5000])
def test_a_rule_s_vm_is_a_plain_number(tmp_path: Path, vm: str) -> None:
    assert said(tmp_path, json.dumps({**SMALL, "must": {vm: [0]}})).keys() == {f"must.{vm}"}


def test_half_a_character_is_no_name(tmp_path: Path) -> None:
    wrong = {**SMALL, "name": "\ud800", "host_names": ["a", "\udfff"], "resources": [["\ud800", "x"]] * 2}
    assert {"name", "host_names", "resources[0]", "resources[1]"} <= said(tmp_path, json.dumps(wrong)).keys()


@pytest.mark.parametrize("depth", [500, 900, 100_000])
@pytest.mark.parametrize("key", ["hosts", "resources", "anti", "pinned", "name", "maintenance"])
def test_lists_in_lists_in_lists(tmp_path: Path, key: str, depth: int) -> None:
    deep = "[" * depth + "0" + "]" * depth
    assert said(tmp_path, json.dumps({**SMALL, key: "deep"}).replace('"deep"', f"[{deep}, {deep}]"))


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(SMALL)[:-1] + ', "must": {"0": [0], "1": [1], "0": [1]}, "current": [1, 0]}'
    assert said(tmp_path, text).keys() == {"must.0", "current"}


def test_rules_name_the_hosts_by_their_names(tmp_path: Path) -> None:
    data = {**SMALL, "host_names": ["h1", "h0"], "must": {"0": [1]}, "should": {"1": [0, 1]}}
    names = [rule.name for rule in read(tmp_path, json.dumps(data)).rules]
    assert names == ["v0 must run on h0", "v1 should run on h1, h0"]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    assert len(read(tmp_path, "\ufeff" + json.dumps(SMALL)).vms) == 2
    assert len(read(tmp_path, "\ufeff" + GANETI, ".data").vms) == 3


# Ganeti


@pytest.mark.parametrize("size", ["inf", "-inf", "1e400", "nan", "-7", "9" * 20, "x", "1e300"])
def test_sizes_that_are_none_are_refused_all_of_a_line_at_once(tmp_path: Path, size: str) -> None:
    text = GANETI.replace("a|1000|100|500|5000|5000|4|N", f"a|{size}|{size}|500|{size}|5000|{size}|N")
    text = text.replace("one|400|10|2", f"one|{size}|{size}|{size}").replace("|3.0|", f"|{size}|")
    found = said(tmp_path, text, ".data")
    assert found.keys() == {"line 3", "line 6", "line 11"}
    assert all(f"{name} {size!r} is no" in found["line 3"] for name in ("total memory", "total disk", "cpus"))
    assert f"{size!r} is no number of vCPUs a CPU" in found["line 11"]
    assert all(f"{name} {size!r} is no" in found["line 6"] for name in ("memory", "disk", "vcpus"))


def test_a_node_may_have_less_than_nothing_free(tmp_path: Path) -> None:
    """It has promised more memory than it has; what instances use there stays counted."""
    problem = read(tmp_path, GANETI.replace("|100|500|", "|100|-50|"), ".data")
    assert problem.hosts[0].capacity[0] == 350


def test_a_secondary_s_name_is_nobody_else_s(tmp_path: Path) -> None:
    problem = read(tmp_path, GANETI.replace("two|", "one (secondary)|"), ".data")
    assert [vm.name for vm in problem.vms] == ["one", "one (secondary 2)", "one (secondary)"]


@pytest.mark.parametrize("text", ["", "import os\n", "\n\nprint(1 | 2)\n"])
def test_what_is_no_cluster_is_told_what_is_read(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.py"
    path.write_text(text, encoding="utf-8")
    assert main(["place", "repair", str(path)]) == 4
    assert FORMATS in capsys.readouterr().err


def test_the_end_of_a_file_s_name_may_be_written_large(tmp_path: Path) -> None:
    assert len(read(tmp_path, TOML, ".TOML").vms) == 2
    assert len(read(tmp_path, json.dumps(SMALL), ".JSON").vms) == 2


# TOML


MAINTENANCE = TOML.replace('"host-1"', '"host-1", maintenance = true')


@pytest.mark.parametrize("off", ['power = "off"', 'convert = "P2V"'])
def test_a_vm_that_does_not_run_takes_no_place(tmp_path: Path, off: str) -> None:
    """Its reservation, a rule and its host's maintenance mode bind it where it is placed."""
    rule = 'rules = [{ name = "r", kind = "keep apart", vms = ["x", "y"] },'
    rule += ' { name = "s", kind = "must not run on", vms = ["y"], hosts = ["A"] }]\n'
    problem = read(tmp_path, TOML.replace('power = "off"', off) + rule, ".toml")
    answer = admit(problem, [1])
    assert (answer.verdict, answer.placement[1]) == (Verdict.OPTIMAL, 1)
    resting = MAINTENANCE.replace('"x", host = "A"', '"x", host = "B"')
    assert read(tmp_path, resting, ".toml").vms[1].host == NOWHERE


def test_a_vm_that_runs_does(tmp_path: Path) -> None:
    found = said(tmp_path, MAINTENANCE.replace(', power = "off"', ""), ".toml")
    assert {'hosts[0] "A".cpu', 'hosts[0] "A".memory', 'vms[1] "y".host'} <= found.keys()


# Balance


def test_balance_by_deviation_of_vms_that_are_all_off(tmp_path: Path) -> None:
    problem = read(tmp_path, json.dumps({**SMALL, "current": [None, None]}))
    assert rebalance(problem, by="deviation").verdict is Verdict.OPTIMAL


def test_balance_by_deviation_of_vms_that_use_nothing(tmp_path: Path) -> None:
    """None of them is on one of the hosts that come first, and all placements are too many to be tried."""
    data = {"hosts": [[9, 9]] * 12, "vms": [[0, 0]] * 12, "current": [11] * 12}
    assert rebalance(read(tmp_path, json.dumps(data)), by="deviation").objective == 0


# Whatever is written there

ODD = (None, True, -1, 0, 7, 2**40, 2**63, 10**30, 0.5, 1e300, float("nan"), float("inf"), "", "0", "²", "x")
JUNK = st.sampled_from([*ODD, "\ud800", [], [0], [[0, 1]], [0, 0], {}, {"0": [0]}, {"x": None}, {"²": 1}])
LONG = "9" * 30
WORDS = ["", "?", "-7", "0", "x", "a", "N", "nan", "inf", "-inf", "1e400", "1e15", "a|b", "²", "\n\n", LONG]
VALUES = ['""', "-1", "0", "true", "1.5", "nan", "inf", "[]", "{}", '"A"', '"9TiB"', '["A"]', '"off"', LONG]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside."""
    rows = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return [found for key, part in rows for found in [(*path, key), *places(part, (*path, key))]]


def spoiled(data: Any, choose: st.DataObject) -> Any:
    """One part is another, or gone."""
    *path, last = choose.draw(st.sampled_from(places(data)))
    part = data = deepcopy(data)
    for key in path:
        part = part[key]
    if choose.draw(st.booleans()):
        part[last] = choose.draw(JUNK)
    else:
        del part[last]
    return data


def judged(folder: Path, content: str, suffix: str) -> None:
    """Read and counted, or refused; nothing else is raised."""
    try:
        counted(read(folder, content, suffix))
    except InventoryError as error:
        refused = error.problems
    else:
        return
    assert refused
    assert all(wrong.path and wrong.message and wrong.cure for wrong in refused)


def counted(problem: Problem) -> None:
    assert (problem.capacity >= 0).all()
    assert (problem.demand >= 0).all()
    assert (problem.limits(10 * WHOLE) >= problem.limits(WHOLE)).all()
    assert (problem.utilisation(problem.current) >= 0).all()
    assert problem.allowed.shape == (len(problem.vms), len(problem.hosts))
    names = [vm.name for vm in problem.vms]
    assert len(set(names)) == len(names)


FUZZED = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZED
@given(choose=st.data())
def test_any_json(tmp_path: Path, choose: st.DataObject) -> None:
    data: Any = DRS
    for _ in range(choose.draw(st.integers(1, 3))):
        data = spoiled(data, choose) if places(data) else data
    judged(tmp_path, json.dumps(data), ".json")


@FUZZED
@given(choose=st.data())
def test_any_text_of_ganeti(tmp_path: Path, choose: st.DataObject) -> None:
    parts = re.split(r"([|\n])", GANETI)
    for _ in range(choose.draw(st.integers(1, 3))):
        parts[choose.draw(st.integers(0, len(parts) - 1))] = choose.draw(st.sampled_from(WORDS))
    judged(tmp_path, "".join(parts), ".data")


@FUZZED
@given(choose=st.data())
def test_any_inventory(tmp_path: Path, choose: st.DataObject) -> None:
    lines = choose.draw(st.sampled_from([TOML, FIGURE_1])).replace("{", "{\n").replace(",", ",\n")
    parts = re.split(r"(?<== )([^,\n{}]+)", lines)
    for _ in range(choose.draw(st.integers(1, 3))):
        parts[choose.draw(st.integers(0, len(parts) // 2 - 1)) * 2 + 1] = choose.draw(st.sampled_from(VALUES))
    text = "".join(parts).replace("{\n", "{").replace(",\n", ",")
    judged(tmp_path, text, ".toml")
