"""An inventory file: read whole, or refused with every problem, its place and its cure."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.model.inventory import Inventory, InventoryError, read_inventory

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FIGURE_1 = (EXAMPLES / "figure-1.toml").read_text(encoding="utf-8")


def problems_of(text: str, tmp_path: Path) -> dict[str, str]:
    """Path → message of everything that is wrong with a file."""
    file = tmp_path / "cluster.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        read_inventory(file)
    assert all(problem.cure and problem.message for problem in caught.value.problems)
    assert str(file) in str(caught.value)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_figure_1_is_read_with_units() -> None:
    inventory = read_inventory(EXAMPLES / "figure-1.toml")
    assert [(host.name, host.cpu, host.memory) for host in inventory.hosts][:2] == [
        ("A", 24_000, 65_536),
        ("B", 24_000, 65_536),
    ]
    a1 = inventory.vms[0]
    assert (a1.name, a1.host, a1.secondary, a1.ft, a1.ha_priority) == ("A1", "A", "C", True, "high")
    assert (a1.cpu_reservation, a1.memory_reservation) == (4_000, 8_192)
    assert inventory.budgets == {"host_crash": 1}


CHANGES = [
    ('name = "A"', 'name = "B"', 'hosts[1] "B".name', "used already"),
    ('moid = "host-28"', 'moid = "host-9"', 'hosts[1] "B".moid', "Managed Object ID"),
    ('moid = "host-28"\n', "", 'hosts[0] "A".moid', "missing"),
    ('cpu = "24 GHz"', "cpu = -1", 'hosts[0] "A".cpu', "out of range"),
    ('memory = "64 GiB"', 'memory = "64 Gigs"', 'hosts[0] "A".memory', "no size"),
    ('memory = "64 GiB"', 'memory = "8 GiB"', 'hosts[0] "A".memory', "insufficient capacity"),
    (
        'datastores = ["ds1", "ds2", "ds3"]',
        'datastores = ["ds1", "ds7"]',
        'hosts[0] "A".datastores[1]',
        "no datastore",
    ),
    (
        'datastores = ["ds1", "ds2", "ds3"]',
        'datastores = ["ds2", "ds3"]',
        'vms[0] "A1".host',
        "cannot access",
    ),
    ('secondary = "C"', 'secondary = "A"', 'vms[0] "A1".secondary', "different hosts"),
    ('secondary = "C"', 'secondary = "Z"', 'vms[0] "A1".secondary', "no host"),
    ("ft = true\nha_", "ft = false\nha_", 'vms[0] "A1".secondary', "ft = true"),
    ("ha = true", "ha = false", 'vms[0] "A1".ft', "inside an HA cluster"),
    ("ft = true\ndrs", "ft = false\ndrs", 'vms[0] "A1".ft', "Fault Tolerance"),
    (
        'host = "A"\nha_priority = "high"\ncpu',
        'host = "X"\nha_priority = "high"\ncpu',
        'vms[1] "A2".host',
        "no host",
    ),
    (
        'ha_priority = "high"\ncpu = "6',
        'ha_priority = "urgent"\ncpu = "6',
        'vms[1] "A2".ha_priority',
        "not known",
    ),
    ("ha = true", 'ha = "yes"', "settings.ha", "boolean"),
    ('election = "datastores"', 'election = "dice"', "settings.election", "not known"),
    (
        'vms = ["B1", "B2"]',
        'vms = ["B1", "Q"]',
        'rules[0] "B1 and B2 stay with their licence".vms[1]',
        "no VM",
    ),
    (
        'kind = "must run on"',
        'kind = "keep apart"',
        'rules[0] "B1 and B2 stay with their licence".hosts',
        "no hosts",
    ),
    (
        'hosts = ["B", "C", "D"]',
        'hosts = ["C"]',
        'rules[0] "B1 and B2 stay with their licence"',
        "VM/host DRS rule",
    ),
    ("host_crash = 1", "host_crush = 1", "budgets.host_crush", "no fault"),
    ("host_crash = 1", "host_crash = -1", "budgets.host_crash", "out of range"),
    ('fails = ["A"]', 'fails = ["Q"]', "story.fails[0]", "no host"),
    ('moid = "host-28"', 'moid = "host-28"\nmaintenance = true', 'vms[0] "A1".host', "maintenance"),
    ('moid = "host-28"', 'moid = "host-28"\ncolour = "red"', 'hosts[0] "A".colour', "not known"),
]


@pytest.mark.parametrize(("old", "new", "path", "says"), CHANGES)
def test_one_mistake_is_found_at_its_place(old: str, new: str, path: str, says: str, tmp_path: Path) -> None:
    assert old in FIGURE_1
    found = problems_of(FIGURE_1.replace(old, new, 1), tmp_path)
    assert says in found[path]


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    text = FIGURE_1
    for old, new in (
        ('cpu = "24 GHz"', "cpu = -1"),
        ('fails = ["A"]', 'fails = ["Q"]'),
        ('secondary = "C"', 'secondary = "Z"'),
        ("host_crash = 1", "host_crush = 1"),
        ('vms = ["B1", "B2"]', 'vms = ["B1", "Q"]'),
    ):
        text = text.replace(old, new, 1)
    assert len(problems_of(text, tmp_path)) == 5


def test_the_broken_example_shows_many_kinds_of_mistakes() -> None:
    with pytest.raises(InventoryError) as caught:
        read_inventory(EXAMPLES / "broken.toml")
    assert len(caught.value.problems) >= 10


def test_what_is_not_toml_names_line_and_column(tmp_path: Path) -> None:
    assert any("line 2" in path for path in problems_of('x = 1\ny = "\n', tmp_path))


def test_what_is_not_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InventoryError, match="UTF-8"):
        read_inventory(file)


def test_every_single_required_key_is_missed(tmp_path: Path) -> None:
    for key in ("name", "cpu", "memory", "datastores", "moid"):
        lines = FIGURE_1.splitlines()
        first = next(
            i for i, line in enumerate(lines) if line.startswith(f"{key} = ") and i > lines.index("[[hosts]]")
        )
        found = problems_of("\n".join(lines[:first] + lines[first + 1 :]), tmp_path)
        assert any(path.startswith("hosts[0]") and "missing" in message for path, message in found.items())


NAMES = st.text("abcdefghij", min_size=1, max_size=4)


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    """A sound cluster, as the tables of a file."""
    hosts = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    vms = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    return {
        "datastores": [{"name": "ds"}],
        "hosts": [
            {"name": h, "cpu": 100_000, "memory": 500_000, "datastores": ["ds"], "moid": f"host-{i}"}
            for i, h in enumerate(hosts)
        ],
        "vms": [
            {
                "name": vm,
                "host": draw(st.sampled_from(hosts)),
                "cpu": draw(st.integers(0, 5000)),
                "memory": draw(st.integers(0, 5000)),
                "datastore": "ds",
                "ha_priority": draw(st.sampled_from(["high", "medium", "low", "disabled"])),
            }
            for vm in vms
        ],
    }


def written(tables: dict[str, Any]) -> str:
    """The tables as TOML."""
    lines = []
    for key, rows in tables.items():
        for row in rows:
            lines += [f"[[{key}]]", *(f"{name} = {_toml(value)}" for name, value in row.items())]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    return (
        "[" + ", ".join(map(_toml, value)) + "]"
        if isinstance(value, list)
        else f'"{value}"'
        if isinstance(value, str)
        else str(value)
    )


@given(inventories())
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, tables: dict[str, Any]) -> None:
    file = tmp_path_factory.mktemp("inventory") / "cluster.toml"
    file.write_text(written(tables), encoding="utf-8")
    assert tomllib.loads(written(tables)) == tables
    read: Inventory = read_inventory(file)
    for kind in ("hosts", "vms"):
        for item, row in zip(getattr(read, kind), tables[kind], strict=True):
            shown = {
                key: list(value) if isinstance(value, tuple) else value for key, value in asdict(item).items()
            }
            assert row.items() <= shown.items()


def test_pydantic_is_loaded_only_when_a_file_is_read() -> None:
    program = "import sys, vmproof.model.inventory as i; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
