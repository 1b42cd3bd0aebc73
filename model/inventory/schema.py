"""The form of an inventory file, checked by pydantic; its errors in our words, with a cure each.

Only this file and whoever calls it loads pydantic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .items import (
    BUDGETS,
    DRS,
    Automation,
    Conversion,
    Election,
    HAPriority,
    IsolationResponse,
    Power,
    Priority,
    RuleKind,
    VerdictWord,
    VMotion,
)
from .problems import InventoryProblem, one_of, step_of
from .sizes import LARGEST, number_of


def _size(kind: str) -> BeforeValidator:
    """Numbers in the unit of the kind, or texts such as "64 GiB" and "2.4 GHz"."""

    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        number = number_of(value, kind)
        if number is None:
            raise ValueError("is no size")
        return number

    return BeforeValidator(convert)


def _shares(value: Any) -> Any:
    """A level, or a number of shares."""
    level = value in get_args(Priority)
    number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SHARES
    if not (level or number):
        raise ValueError("is no level and no number of shares")
    return value


MOST_SHARES = 1_000_000  # vSphere's own limit
Shares = Annotated[Any, BeforeValidator(_shares)]
Count = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
MHz = Annotated[int, _size("cpu"), Field(ge=0, le=LARGEST, strict=True)]
MiB = Annotated[int, _size("memory"), Field(ge=0, le=LARGEST, strict=True)]
GiB = Annotated[int, _size("capacity"), Field(ge=0, le=LARGEST, strict=True)]
Mbps = Annotated[int, _size("link"), Field(ge=0, le=LARGEST, strict=True)]
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
    quarantine: bool = False
    domain: str = ""
    link: Mbps = 1000
    network: Mbps | None = None
    cores: Count | None = None


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
    power: Power = "on"
    convert: Conversion | None = None
    network: Mbps = 0
    vcpus: Count = 1
    cpu_limit: MHz | None = None
    memory_limit: MiB | None = None
    cpu_shares: Shares | None = None
    memory_shares: Shares | None = None


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
    migration_threshold: Annotated[int, Field(ge=1, le=5, strict=True)] = 3
    vmotion: VMotion = "on"
    storage_vmotion: bool = True
    election: Election = "datastores"
    isolation_response: IsolationResponse = "leave powered on"
    self_fence: bool = False
    admission_control: bool = True
    vcpus_per_core: Annotated[int, Field(ge=1, le=32, strict=True)] | None = None
    vms_per_host: Count | None = None


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
    states: Annotated[int, Field(ge=1, strict=True)] | None = None


_TABLES: dict[str, type[_Table]] = {
    "hosts": HostTable,
    "datastores": DatastoreTable,
    "vms": VMTable,
    "rules": RuleTable,
    "settings": SettingsTable,
    "story": StoryTable,
}
_TABLE_CURES = {
    "states": "states = 1000 (how many states a complete search finds), or nothing",
    "hosts": '[[hosts]], below it name = "A", cpu = "24 GHz", memory = "64 GiB", datastores = ["ds1"], '
    'moid = "host-21"',
    "datastores": '[[datastores]], below it name = "ds1"',
    "vms": '[[vms]], below it name = "A1", host = "A", cpu = "4 GHz", memory = "8 GiB", datastore = "ds1"',
    "rules": '[[rules]], below it name = "apart", kind = "keep apart", vms = ["A1", "A2"]',
    "settings": "[settings], below it ha = true",
    "budgets": "[budgets], below it host_crash = 1",
    "story": '[story], below it fails = ["A"]',
    "expect": '[expect], below it unique_master = "HOLDS"',
}
_KEY_CURES = {
    "name": 'name = "A1" (without commas, parentheses and line breaks)',
    "cpu": 'cpu = 24000 (MHz) or "24 GHz"',
    "memory": 'memory = 65536 (MiB) or "64 GiB"',
    "cpu_reservation": 'cpu_reservation = 2000 (MHz) or "2 GHz"',
    "memory_reservation": 'memory_reservation = 4096 (MiB) or "4 GiB"',
    "cpu_limit": 'cpu_limit = 2000 (MHz) or "2 GHz"',
    "memory_limit": 'memory_limit = 4096 (MiB) or "4 GiB"',
    "cpu_shares": 'cpu_shares = "high", "normal", "low", or a number from 1 to 1,000,000',
    "memory_shares": 'memory_shares = "high", "normal", "low", or a number from 1 to 1,000,000',
    "network": 'network = 10000 (Mb/s) or "10 Gb/s"',
    "cores": "cores = 16 (a whole number from 1)",
    "vcpus": "vcpus = 2 (a whole number from 1)",
    "vcpus_per_core": "vcpus_per_core = 4 (a whole number from 1 to 32)",
    "vms_per_host": "vms_per_host = 50 (a whole number from 1)",
    "migration_threshold": "migration_threshold = 3 (1 to 5)",
    "link": 'link = 1000 (Mb/s) or "1 Gb/s"',
    "capacity": 'capacity = 500 (GiB) or "500 GiB"',
    "datastores": 'datastores = ["ds1", "ds2"]',
    "domain": 'domain = "example.org"',
    "power": 'power = "on"',
    "convert": 'convert = "P2V"',
    "moid": 'moid = "host-21"',
    "host": 'host = "A"',
    "datastore": 'datastore = "ds1"',
    "secondary": 'secondary = "C"',
    "kind": 'kind = "keep apart"',
    "vms": 'vms = ["A1", "A2"]',
    "hosts": 'hosts = ["A", "B"]',
    "fails": 'fails = ["A"]',
}
_MESSAGES = {
    "bool_type": "is neither true nor false",
    "string_type": "is no text in quotes",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "has a comma, a parenthesis or a line break",
    "int_type": "is no whole number",
    "list_type": "is no list",
    "dict_type": "is no table",
    "model_type": "is no table",
    "too_short": "is empty",
    "literal_error": "is not known",
}
Place = tuple[str | int, ...]


def form_problems(data: dict[str, Any]) -> list[InventoryProblem]:
    """Everything about the form of the file that is wrong: keys, types, ranges, words."""
    try:
        FileTable.model_validate(data)
    except ValidationError as error:
        return [_problem(data, dict(found)) for found in error.errors(include_url=False)]
    return []


def _problem(data: dict[str, Any], found: dict[str, Any]) -> InventoryProblem:
    where: Place = found["loc"]
    message = _message(found, where)
    return InventoryProblem(path_of(data, where), message, _cure(found, where))


def _message(found: dict[str, Any], where: Place) -> str:
    kind, value = found["type"], _shown(found["input"])
    if kind == "extra_forbidden":
        return f"{str(where[-1])!r} is not known here"
    if kind == "missing":
        return f"{str(where[-1])!r} is missing"
    if kind in ("greater_than_equal", "less_than_equal"):
        limits = found["ctx"]
        limit = f"smaller than {limits['ge']}" if "ge" in limits else f"larger than {limits['le']:,}"
        return f"{value} is out of range: {limit}"
    if kind == "value_error":
        return f"{value} {found['ctx']['error']}"
    return f"{value} {_MESSAGES.get(kind, found['msg'].lower())}"


def _shown(value: object) -> str:
    """A value of the file in one short line."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _cure(found: dict[str, Any], where: Place) -> str:
    if found["type"] == "extra_forbidden":
        table = _TABLES.get(str(where[0]), FileTable) if len(where) > 1 else FileTable
        return one_of(str(where[-1]), table.model_fields)
    if found["type"] == "literal_error":
        return one_of(str(found["input"]), re.findall("'([^']+)'", found["ctx"]["expected"]))
    if len(where) == 1 or (len(where) == 2 and isinstance(where[1], int)):
        return _TABLE_CURES[str(where[0])]
    key = str(where[-1] if isinstance(where[-1], str) else where[-2])
    if found["type"] == "bool_type":
        return f"{key} = true or {key} = false"
    if where[0] == "budgets":
        return f"{key} = 1 (a whole number from 0 to 255)"
    return _KEY_CURES[key]


def path_of(data: dict[str, Any], where: Place) -> str:
    """A place as ``hosts[3] "D".memory``: list positions from 0, with the name where there is one."""
    text, value = "", data
    for step in where:
        value = _inner(value, step)
        if isinstance(step, str):
            text += f".{step}" if text else step
        else:
            text += step_of(step, value)
    return text


def _inner(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def unknown_faults(data: dict[str, Any], known: tuple[str, ...] = BUDGETS) -> Iterator[InventoryProblem]:
    """Budgets for faults that do not exist."""
    budgets = data.get("budgets")
    for name in budgets if isinstance(budgets, dict) else ():
        if name not in known:
            yield InventoryProblem(f"budgets.{name}", f"there is no fault {name!r}", one_of(name, known))
