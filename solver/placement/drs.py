"""Read a cluster from the JSON of the DRS instances: numbered hosts and VMs in two loads.

``hosts`` and ``vms``: [MHz, MiB] each, or one number a resource where ``resources`` names them: [name, unit]
each, and "promise" as a third where a host may be filled whole, whatever the target. ``current``: the host of
every VM (null: none); ``anti``, ``aff``: groups of VM numbers; ``must``, ``mustnot``, ``should``,
``shouldnot``: VM → hosts. Optional: ``host_names``, ``vm_names``, ``maintenance``, ``quarantine`` (host
numbers), ``pinned`` (VM numbers).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from reprlib import repr as short  # what is wrong may be as long and as deep as JSON can be
from typing import Any

from ...model.inventory.problems import InventoryError, InventoryProblem, one_of
from .problem import MOST_AMOUNT, NOWHERE, VM, Host, HostState, Problem, Resource, Rule, RuleKind

LOADS = (Resource("cpu", "MHz"), Resource("memory", "MiB"))
GROUPS: dict[str, RuleKind] = {"anti": "keep apart", "aff": "keep together"}
BINDINGS: dict[str, RuleKind] = {
    "must": "must run on",
    "mustnot": "must not run on",
    "should": "should run on",
    "shouldnot": "should not run on",
}
NAMES, HOST_LISTS = ("host_names", "vm_names"), ("maintenance", "quarantine")
KEYS = (
    *("name", "seed", "resources", "hosts", "vms", "current", "pinned"),
    *(*GROUPS, *BINDINGS, *NAMES, *HOST_LISTS),
)


class Table(dict[str, Any]):
    """A JSON object; ``repeated`` has the keys that it has more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]


def read_drs(path: Path) -> Problem:
    """The problem in a JSON file. Raises InventoryError with everything that is wrong, OSError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=Table)
    except (ValueError, RecursionError) as error:
        raise InventoryError(str(path), [_not_json(error)]) from error
    problems = list(_problems(data))
    if problems:
        raise InventoryError(str(path), problems)
    return _problem(data, path.stem)


def _not_json(error: ValueError | RecursionError) -> InventoryProblem:
    """Where the file is no JSON; of lists too deep and numbers too long Python tells no line."""
    place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "the file"
    message = "lists or objects are nested too deeply" if isinstance(error, RecursionError) else str(error)
    return InventoryProblem(place, f"not JSON: {message}", '{"hosts": …}')


def _problems(data: Any) -> Iterator[InventoryProblem]:
    if not isinstance(data, Table):
        yield InventoryProblem("the file", "is no JSON object", '{"hosts": […], "vms": […], "current": […]}')
        return
    for key in data:
        if key not in KEYS:
            yield InventoryProblem(key, "there is no such key", one_of(key, KEYS))
    yield from _repeated(data)
    if not _text(data.get("name", "a name")):
        yield InventoryProblem("name", f"{short(data['name'])} is no text", '"name": "cluster"')
    hosts, vms = _rows(data, "hosts"), _rows(data, "vms")
    yield from _kinds(data)
    for key in ("hosts", "vms"):
        yield from _sizes(data, key)
    yield from _current(data.get("current"), len(hosts), len(vms))
    for key in GROUPS:
        yield from _groups(key, data.get(key, []), len(vms))
    for key in BINDINGS:
        yield from _bindings(key, data.get(key, {}), len(hosts), len(vms))
    for key, kind, count in (*((k, "hosts", len(hosts)) for k in HOST_LISTS), ("pinned", "vms", len(vms))):
        yield from _numbers(key, data.get(key, []), kind, count, least=0)
    yield from _names(data, "host_names", len(hosts))
    yield from _names(data, "vm_names", len(vms))


def _repeated(data: Table) -> Iterator[InventoryProblem]:
    """Of a key that is there twice JSON keeps the last value only: a rule would be lost."""
    for path, table in (("", data), *((f"{key}.", data.get(key)) for key in BINDINGS)):
        for key in table.repeated if isinstance(table, Table) else ():
            yield InventoryProblem(f"{path}{key}", "the key is there more than once", f'"{key}" once')


def _groups(key: str, value: Any, vms: int) -> Iterator[InventoryProblem]:
    if not isinstance(value, list):
        yield InventoryProblem(key, f"{short(value)} is no list of groups", f'"{key}": [[0, 1]]')
        return
    for i, group in enumerate(value):
        yield from _numbers(f"{key}[{i}]", group, "vms", vms, least=2)


def _rows(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key, [])
    return value if isinstance(value, list) else []


def _sizes(data: dict[str, Any], key: str) -> Iterator[InventoryProblem]:
    if not _rows(data, key):
        yield InventoryProblem(key, "is missing, or no list, or empty", f'"{key}": [[83200, 393216], …]')
    kinds = _rows(data, "resources") or [["MHz", "MHz"], ["MiB", "MiB"]]
    form = ", ".join(kind[0] if isinstance(kind, list) and kind and _text(kind[0]) else "?" for kind in kinds)
    for i, row in enumerate(_rows(data, key)):
        good = isinstance(row, list) and len(row) == len(kinds) and all(_whole(x) and x >= 0 for x in row)
        if not good:
            message = f"{short(row)} is not {len(kinds)} sizes"
            yield InventoryProblem(f"{key}[{i}]", message, f"[{form}], whole numbers from 0")
        elif max(row) > MOST_AMOUNT:
            message = f"{short(max(row))} is larger than {MOST_AMOUNT:,}"
            cure = f"[{form}], in a larger unit: MiB instead of bytes"
            yield InventoryProblem(f"{key}[{i}]", message, cure)


def _kinds(data: dict[str, Any]) -> Iterator[InventoryProblem]:
    """What ``resources`` says, where it is there."""
    cure = '"resources": [["cpu", "MHz"], ["memory", "MiB"], ["vms", "VMs", "promise"]]'
    rows = _rows(data, "resources")
    if "resources" in data and not rows:
        yield InventoryProblem("resources", "is no list, or empty", cure)
    for i, row in enumerate(rows):
        texts = isinstance(row, list) and all(map(_text, row))
        if not texts or len(row) not in (2, 3) or row[2:] not in ([], ["promise"], ["load"]):
            yield InventoryProblem(f"resources[{i}]", f"{short(row)} is no name and unit", cure)
    names = [row[0] for row in rows if isinstance(row, list) and row and _text(row[0])]
    if len(set(names)) < len(names):
        yield InventoryProblem("resources", "a name is used twice", "names that differ")


def _current(value: Any, hosts: int, vms: int) -> Iterator[InventoryProblem]:
    if not isinstance(value, list) or len(value) != vms:
        yield InventoryProblem(
            "current", "is not a list with one host for every VM", f"a list of {vms} host numbers"
        )
        return
    for v, h in enumerate(value):
        if h is not None and not (_whole(h) and -1 <= h < hosts):
            message = f"there is no host {short(h)}"
            yield InventoryProblem(f"current[{v}]", message, f"0 to {hosts - 1}, or null")


def _numbers(path: str, group: Any, kind: str, count: int, least: int) -> Iterator[InventoryProblem]:
    if not isinstance(group, list) or len(group) < least:
        yield InventoryProblem(path, f"is no list of {least} or more {kind}", "[0, 1]")
        return
    for i, number in enumerate(group):
        if not (_whole(number) and 0 <= number < count):
            message = f"there is no {kind[:-1]} {short(number)}"
            yield InventoryProblem(f"{path}[{i}]", message, f"0 to {count - 1}")
    numbers = [number for number in group if _whole(number)]
    if len(set(numbers)) < len(numbers):
        yield InventoryProblem(path, "names one of them twice", "each number once")


def _bindings(key: str, value: Any, hosts: int, vms: int) -> Iterator[InventoryProblem]:
    if not isinstance(value, dict):
        yield InventoryProblem(key, "is no object", f'"{key}": {{"0": [1, 2]}}')
        return
    known = set(map(str, range(vms)))
    for vm, group in value.items():
        if vm not in known:
            yield InventoryProblem(f"{key}.{vm}", f"there is no vm {short(vm)}", f'"0" to "{vms - 1}"')
        yield from _numbers(f"{key}.{vm}", group, "hosts", hosts, least=1)


def _names(data: dict[str, Any], key: str, count: int) -> Iterator[InventoryProblem]:
    names = data.get(key)
    if names is None:
        return
    if not isinstance(names, list) or len(names) != count or not all(map(_text, names)):
        yield InventoryProblem(key, "is not a list of as many names", f"a list of {count} texts")
    elif len(set(names)) < count:
        yield InventoryProblem(key, "a name is used twice", "names that differ")


def _text(value: Any) -> bool:
    """A text that can be printed: JSON can say half of a character, "\\ud800"."""
    return isinstance(value, str) and value != "" and not any("\ud800" <= c <= "\udfff" for c in value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _problem(data: dict[str, Any], name: str) -> Problem:
    states: dict[int, HostState] = {h: "quarantine" for h in data.get("quarantine", [])}
    states.update({h: "maintenance" for h in data.get("maintenance", [])})
    host_names = data.get("host_names") or [f"h{i}" for i in range(len(data["hosts"]))]
    vm_names = data.get("vm_names") or [f"v{i}" for i in range(len(data["vms"]))]
    pinned = set(data.get("pinned", []))
    hosts = tuple(
        Host(host_names[h], tuple(row), states.get(h, "normal")) for h, row in enumerate(data["hosts"])
    )
    vms = tuple(
        VM(vm_names[v], tuple(row), NOWHERE if h is None else h, pinned=v in pinned)
        for v, (row, h) in enumerate(zip(data["vms"], data["current"], strict=True))
    )
    rows = data.get("resources")
    kinds = LOADS if rows is None else tuple(Resource(r[0], r[1], r[2:] != ["promise"]) for r in rows)
    return Problem(data.get("name", name), kinds, hosts, vms, tuple(_rules(data, vm_names, host_names)))


def _rules(data: dict[str, Any], vm_names: list[str], host_names: list[str]) -> Iterator[Rule]:
    for key, kind in GROUPS.items():
        for group in data.get(key, []):
            yield Rule(f"{kind}: {', '.join(vm_names[v] for v in group)}", kind, tuple(group))
    for key, kind in BINDINGS.items():
        for vm, group in data.get(key, {}).items():
            name = f"{vm_names[int(vm)]} {kind} {', '.join(host_names[h] for h in group)}"
            yield Rule(name, kind, (int(vm),), tuple(group))
