"""The form of an inventory file, checked by pydantic; its errors in our words, with a cure each.

Only this file and whoever calls it loads pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .items import DRS, FAULTS, Automation, HAPriority, Priority, RuleKind, VerdictWord
from .problems import InventoryProblem, one_of
from .sizes import number_of


def _size(kind: str) -> BeforeValidator:
    """Numbers in the unit of the kind, or texts such as "64 GiB" and "2.4 GHz"."""

    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        number = number_of(value, kind)
        if number is None:
            raise ValueError("no size")
        return number

    return BeforeValidator(convert)


MHz = Annotated[int, _size("cpu"), Field(ge=0, strict=True)]
MiB = Annotated[int, _size("memory"), Field(ge=0, strict=True)]
GiB = Annotated[int, _size("capacity"), Field(ge=0, strict=True)]
Name = Annotated[str, Field(min_length=1, pattern=r"^[^,()\n]+$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class HostTable(_Table):
    """[[hosts]]"""

    name: Name
    cpu: MHz
    memory: MiB
    datastores: list[Name]
    moid: Name
    maintenance: bool = False


class DatastoreTable(_Table):
    """[[datastores]]"""

    name: Name
    capacity: GiB | None = None


class VMTable(_Table):
    """[[vms]]"""

    name: Name
    host: Name
    cpu: MHz
    memory: MiB
    datastore: Name
    cpu_reservation: MHz | None = None
    memory_reservation: MiB | None = None
    priority: Priority = "normal"
    ha_priority: HAPriority = "medium"
    ft: bool = False
    secondary: Name | None = None
    automation: Automation | None = None


class RuleTable(_Table):
    """[[rules]]"""

    name: Name
    kind: RuleKind
    vms: list[Name]
    hosts: list[Name] = Field(default_factory=list)


class SettingsTable(_Table):
    """[settings]"""

    ha: bool = True
    ft: bool = True
    drs: DRS = "fully automated"
    election: Annotated[str, Field(pattern="^(datastores|cluster lock)$")] = "datastores"
    isolation_response: Annotated[str, Field(pattern="^(leave powered on|power off|shut down)$")] = (
        "leave powered on"
    )
    admission_control: bool = True


class StoryTable(_Table):
    """[story]"""

    fails: list[Name]


class FileTable(_Table):
    """The whole file."""

    hosts: Annotated[list[HostTable], Field(min_length=1)]
    datastores: Annotated[list[DatastoreTable], Field(min_length=1)]
    vms: Annotated[list[VMTable], Field(min_length=1)]
    rules: list[RuleTable] = Field(default_factory=list)
    settings: SettingsTable = Field(default_factory=SettingsTable)
    budgets: dict[str, Annotated[int, Field(ge=0, le=255, strict=True)]] = Field(default_factory=dict)
    story: StoryTable | None = None
    expect: dict[str, VerdictWord] = Field(default_factory=dict)


_TABLES: dict[str, type[_Table]] = {
    "hosts": HostTable,
    "datastores": DatastoreTable,
    "vms": VMTable,
    "rules": RuleTable,
    "settings": SettingsTable,
    "story": StoryTable,
}
_EXAMPLES = {
    "cpu": 'cpu = 24000 (MHz) or "24 GHz"',
    "memory": 'memory = 65536 (MiB) or "64 GiB"',
    "cpu_reservation": 'cpu_reservation = 2000 (MHz) or "2 GHz"',
    "memory_reservation": 'memory_reservation = 4096 (MiB) or "4 GiB"',
    "capacity": 'capacity = 500 (GiB) or "500 GiB"',
    "datastores": 'datastores = ["ds1", "ds2"]',
    "moid": 'moid = "host-21"',
    "hosts": '[[hosts]] with name = "A", cpu = …',
    "vms": 'vms = ["A1", "A2"]; a table for each VM begins with [[vms]]',
    "fails": 'fails = ["A"]',
    "election": 'election = "datastores" or "cluster lock"',
    "isolation_response": 'isolation_response = "leave powered on", "power off" or "shut down"',
}


def form_problems(data: dict[str, Any]) -> list[InventoryProblem]:
    """Everything about the form of the file that is wrong: keys, types, ranges, words."""
    try:
        FileTable.model_validate(data)
    except ValidationError as error:
        return [_problem(data, dict(found)) for found in error.errors(include_url=False)]
    return []


def _problem(data: dict[str, Any], found: dict[str, Any]) -> InventoryProblem:
    where: tuple[str | int, ...] = found["loc"]
    key = str(where[-1]) if isinstance(where[-1], str) else str(where[-2])
    message, cure = _words(found, where, key)
    return InventoryProblem(path_of(data, where), message, cure)


def _words(found: dict[str, Any], where: tuple[str | int, ...], key: str) -> tuple[str, str]:
    kind, value = found["type"], found["input"]
    if kind == "extra_forbidden":
        table = _TABLES.get(str(where[0]), FileTable) if len(where) > 1 else FileTable
        return f"{key!r} is not known here", one_of(key, table.model_fields)
    if kind == "missing":
        return f"{key!r} is missing", _EXAMPLES.get(key, f'{key} = "…"')
    if kind in ("literal_error", "string_pattern_mismatch") and key in _EXAMPLES:
        return f"{value!r} is not known", _EXAMPLES[key]
    if kind == "literal_error":
        return f"{value!r} is not known", f"one of: {found['ctx']['expected']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = found["ctx"].get("ge", found["ctx"].get("le"))
        return f"{value!r} is out of range ({found['msg'].lower()})", _EXAMPLES.get(key, f"{key} = {limit}")
    cure = _EXAMPLES.get(key, _KINDS.get(kind, "a value as in examples/figure-1.toml"))
    return f"{value!r}: {found['msg'].removeprefix('Value error, ').lower()}", cure


_KINDS = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": 'a text in quotes: "…"',
    "int_type": "a whole number without quotes",
    "list_type": 'a list: ["…", "…"]',
    "string_pattern_mismatch": "a name without commas, parentheses and line breaks",
    "dict_type": "a table: [name]",
    "model_type": "a table: [name]",
}


def path_of(data: dict[str, Any], where: tuple[str | int, ...]) -> str:
    """A place as ``hosts[3] "D".memory``: list positions from 0, with the name where there is one."""
    text, value = "", data
    for step in where:
        value = _inner(value, step)
        if isinstance(step, str):
            text += f".{step}" if text else step
            continue
        name = value.get("name") if isinstance(value, dict) else None
        text += f"[{step}]" + (f' "{name}"' if isinstance(name, str) else "")
    return text


def _inner(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def unknown_faults(data: dict[str, Any], known: tuple[str, ...] = FAULTS) -> Iterator[InventoryProblem]:
    """Budgets for faults that do not exist."""
    budgets = data.get("budgets")
    for name in budgets if isinstance(budgets, dict) else ():
        if name not in known:
            yield InventoryProblem(f"budgets.{name}", f"there is no fault {name!r}", one_of(name, known))
