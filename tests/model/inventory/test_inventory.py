"""An inventory file that is sound is read whole; one that is not is refused, never a crash."""

from __future__ import annotations

import copy
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmproof.model.inventory import (
    BUDGETS,
    DatastoreItem,
    HostItem,
    Inventory,
    InventoryError,
    Rule,
    Settings,
    Story,
    VMItem,
    read_inventory,
)

FIGURE_1 = Path(__file__).resolve().parents[3] / "examples" / "figure-1.toml"
PRIORITIES = st.sampled_from(["high", "normal", "low"])
MODES = st.sampled_from(["manual", "partially automated", "fully automated"])
VERDICTS = st.sampled_from(["PROVED", "HOLDS", "SAMPLED", "REFUTED", "UNDETERMINED"])
NAMES = st.text("abcdefghij -_.\"'\\#=[]é\t", min_size=1, max_size=6)
ROOM = 10**6


def test_figure_1_is_read_with_units() -> None:
    inventory = read_inventory(FIGURE_1)
    a, b, *_ = inventory.hosts
    assert (a.name, a.cpu, a.memory, a.datastores) == ("A", 24_000, 65_536, ("ds1", "ds2", "ds3"))
    assert (b.name, b.moid, b.maintenance) == ("B", "host-9", False)
    a1 = inventory.vms[0]
    assert (a1.name, a1.host, a1.secondary, a1.ft, a1.ha_priority) == ("A1", "A", "C", True, "high")
    assert inventory.budgets == {"host_crash": 1}
    assert inventory.story == Story(("A",))
    assert inventory.expect == {}


def test_a_vm_that_says_nothing_is_promised_all_it_asks_for() -> None:
    assert all(
        (vm.cpu_reservation, vm.memory_reservation) == (vm.cpu, vm.memory)
        for vm in read_inventory(FIGURE_1).vms
    )


@pytest.mark.parametrize(
    ("written", "mib"),
    [("512", 512), ('"512 MiB"', 512), ('"1.5 GiB"', 1536), ('" 2GB "', 2048), ('"0.01 TiB"', 10_486)],
)
def test_sizes_have_units(written: str, mib: int, tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    text = FIGURE_1.read_text(encoding="utf-8")
    file.write_text(
        text.replace('name = "A1"', f'name = "A1"\nmemory_reservation = {written}'), encoding="utf-8"
    )
    assert read_inventory(file).vms[0].memory_reservation == mib


def test_a_file_of_another_editor_is_read(tmp_path: Path) -> None:
    """A byte order mark and two-character line ends."""
    file = tmp_path / "cluster.toml"
    file.write_bytes(b"\xef\xbb\xbf" + FIGURE_1.read_text(encoding="utf-8").replace("\n", "\r\n").encode())
    assert read_inventory(file) == read_inventory(FIGURE_1)


def test_pydantic_is_loaded_only_when_a_file_is_read() -> None:
    program = "import sys, vmproof.model.inventory as i; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """A sound cluster: any names, words and settings; every seat reaches its disk and has room."""
    datastores = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    moids = draw(st.lists(NAMES, min_size=len(names), max_size=len(names), unique=True))
    seats = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    protected = draw(st.booleans())
    vms = tuple(
        draw(_vm(name, seats, datastores, protected))
        for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    )
    hosts = tuple(
        HostItem(
            name,
            cpu=draw(st.integers(ROOM, 10**9)),
            memory=draw(st.integers(ROOM, 10**9)),
            datastores=tuple(draw(st.permutations(datastores))) if name in seats else (),
            moid=moid,
            maintenance=name not in seats and draw(st.booleans()),
        )
        for name, moid in zip(names, moids, strict=True)
    )
    return Inventory(
        hosts,
        tuple(DatastoreItem(name, draw(st.none() | st.integers(0, 9999))) for name in datastores),
        vms,
        rules=tuple(draw(_rules(vms, names))),
        settings=draw(_settings(protected)),
        budgets=draw(st.dictionaries(st.sampled_from(BUDGETS), st.integers(0, 255))),
        story=draw(st.none() | st.builds(Story, st.lists(st.sampled_from(names)).map(tuple))),
        expect=draw(st.dictionaries(NAMES, VERDICTS)),
    )


@st.composite
def _vm(draw: st.DrawFn, name: str, seats: list[str], datastores: list[str], protected: bool) -> VMItem:
    host, small = draw(st.sampled_from(seats)), st.integers(0, ROOM // 10)
    others = [seat for seat in seats if seat != host]
    ft = protected and draw(st.booleans())
    return VMItem(
        name,
        host,
        cpu=draw(small),
        memory=draw(small),
        datastore=draw(st.sampled_from(datastores)),
        cpu_reservation=draw(small),
        memory_reservation=draw(small),
        priority=draw(PRIORITIES),
        ha_priority=draw(st.sampled_from(["high", "medium", "low", "disabled"])),
        ft=ft,
        secondary=draw(st.none() | st.sampled_from(others)) if ft and others else None,
        automation=draw(st.none() | MODES),
    )


@st.composite
def _rules(draw: st.DrawFn, vms: tuple[VMItem, ...], hosts: list[str]) -> list[Rule]:
    """Rules that the placement meets: soft ones, one that permits every host, and VMs kept together."""
    names = [vm.name for vm in vms]
    kinds = st.sampled_from(["should run on", "should not run on", "must run on"])
    rules = [
        Rule(name, draw(kinds), tuple(draw(st.lists(st.sampled_from(names), min_size=1))), tuple(hosts))
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    ]
    together = len(names) > 1 and "together" not in {rule.name for rule in rules}
    return rules + ([Rule("together", "keep together", tuple(names))] if together else [])


@st.composite
def _settings(draw: st.DrawFn, protected: bool) -> Settings:
    return Settings(
        ha=protected or draw(st.booleans()),
        ft=protected or draw(st.booleans()),
        drs=draw(st.just("off") | MODES),
        election=draw(st.sampled_from(["datastores", "cluster lock"])),
        isolation_response=draw(st.sampled_from(["leave powered on", "power off", "shut down"])),
        admission_control=draw(st.booleans()),
    )


def toml(value: Any) -> str:
    """A value as TOML writes it; tables inside become inline tables, what is None is left out."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(c):04x}" if c in '"\\' or ord(c) < 32 else c for c in value) + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(v)}" for key, v in value.items() if v is not None) + "}"
    return str(value)


def written(tables: dict[str, Any]) -> str:
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in tables.items() if value is not None)


@given(inventories())
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, inventory: Inventory) -> None:
    file = tmp_path_factory.mktemp("inventory") / "cluster.toml"
    file.write_text(written(asdict(inventory)), encoding="utf-8")
    assert read_inventory(file) == inventory


ANYTHING = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["A", "A1", "ds1", "", "9 GHz", "keep apart"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "host", "vms", "fails", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
Place = tuple[str | int, ...]


def places(value: Any, path: Place = ()) -> list[Place]:
    """The paths of all values inside a value."""
    steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for step in steps for place in [(*path, step), *places(value[step], (*path, step))]]


FIGURE_1_TABLES = tomllib.loads(FIGURE_1.read_text(encoding="utf-8"))
PLACES = places(FIGURE_1_TABLES)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.none() | ANYTHING), min_size=1, max_size=4))
@example([(("rules", 0, "kind"), "keep apart"), (("rules", 0, "vms"), [["B1"], {"x": 1}])])
@example([(("hosts", 0, "name"), None), (("vms", 1, "host"), [])])
def test_whatever_stands_in_a_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Place, Any]]
) -> None:
    """Values replaced, or removed (None), in Figure 1: an inventory or an InventoryError, nothing else."""
    tables = copy.deepcopy(FIGURE_1_TABLES)
    for path, value in changes:
        put(tables, path, value)
    file = tmp_path_factory.mktemp("inventory") / "cluster.toml"
    file.write_text(written(tables), encoding="utf-8")
    error = refused(file)
    if error is not None:
        assert error.problems
        assert all(problem.path and problem.message and problem.cure for problem in error.problems)


def refused(file: Path) -> InventoryError | None:
    try:
        read_inventory(file)
    except InventoryError as error:
        return error
    return None


def put(tables: dict[str, Any], path: Place, value: Any) -> None:
    """Replace or remove what stands at a path, if the path is still there."""
    if path not in places(tables):
        return
    *way, last = path
    inner: Any = tables
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
