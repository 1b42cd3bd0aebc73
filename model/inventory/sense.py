"""Does an inventory make sense? Names that meet, capacities, rules: asked of every well-formed part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from .problems import InventoryProblem, one_of
from .sizes import number_of

Table = dict[str, Any]


class Sense:
    """The well-formed tables of a file, and what is wrong between them."""

    def __init__(self, data: Table) -> None:
        self.hosts = self._tables(data, "hosts")
        self.datastores = self._tables(data, "datastores")
        self.vms = self._tables(data, "vms")
        self.rules = self._tables(data, "rules")
        settings, story = data.get("settings"), data.get("story")
        self.settings: Table = settings if isinstance(settings, dict) else {}
        self.fails = story.get("fails", []) if isinstance(story, dict) else []
        self.by_host = {table["name"]: table for _, table in self.hosts if isinstance(table.get("name"), str)}

    def _tables(self, data: Table, key: str) -> list[tuple[str, Table]]:
        """Each table with its path."""
        rows = data.get(key)
        tables = [
            (i, row) for i, row in enumerate(rows if isinstance(rows, list) else []) if isinstance(row, dict)
        ]
        return [(f"{key}[{i}]" + self._quoted(row.get("name")), row) for i, row in tables]

    @staticmethod
    def _quoted(name: object) -> str:
        return f' "{name}"' if isinstance(name, str) else ""

    def problems(self) -> Iterator[InventoryProblem]:
        """Everything that does not fit together."""
        for kind, tables in (
            ("host", self.hosts),
            ("datastore", self.datastores),
            ("VM", self.vms),
            ("rule", self.rules),
        ):
            yield from self._twice(kind, "name", tables)
        yield from self._twice("host", "moid", self.hosts)
        yield from self._host_storage()
        for path, vm in self.vms:
            yield from self._vm(path, vm)
        yield from self._rules()
        yield from self._capacity()
        yield from self._story()

    @staticmethod
    def _twice(kind: str, key: str, tables: list[tuple[str, Table]]) -> Iterator[InventoryProblem]:
        first: dict[str, str] = {}
        for path, table in tables:
            value = table.get(key)
            if not isinstance(value, str):
                continue
            if value in first:
                what = f"Managed Object ID {value!r}" if key == "moid" else f"{kind} {value!r}"
                yield InventoryProblem(
                    f"{path}.{key}", f"{what} is used already, at {first[value]}", f"another {key}"
                )
            first.setdefault(value, path)

    def _names(self, tables: list[tuple[str, Table]]) -> list[str]:
        return [table["name"] for _, table in tables if isinstance(table.get("name"), str)]

    def _unknown(self, path: str, kind: str, name: object, known: list[str]) -> Iterator[InventoryProblem]:
        if isinstance(name, str) and name not in known:
            yield InventoryProblem(path, f"there is no {kind} {name!r}", one_of(name, known))

    def _host_storage(self) -> Iterator[InventoryProblem]:
        known = self._names(self.datastores)
        for path, host in self.hosts:
            for i, name in enumerate(_list(host.get("datastores"))):
                yield from self._unknown(f"{path}.datastores[{i}]", "datastore", name, known)

    def _vm(self, path: str, vm: Table) -> Iterator[InventoryProblem]:
        yield from self._unknown(f"{path}.host", "host", vm.get("host"), self._names(self.hosts))
        yield from self._unknown(
            f"{path}.datastore", "datastore", vm.get("datastore"), self._names(self.datastores)
        )
        yield from self._unknown(f"{path}.secondary", "host", vm.get("secondary"), self._names(self.hosts))
        for key in ("host", "secondary"):
            yield from self._seat(path, vm, key)
        yield from self._tolerance(path, vm)

    def _seat(self, path: str, vm: Table, key: str) -> Iterator[InventoryProblem]:
        """A host that is to have a copy of the VM must be able to."""
        host = self.by_host.get(str(vm.get(key)))
        if host is None:
            return
        datastore, reached = vm.get("datastore"), _list(host.get("datastores"))
        if isinstance(datastore, str) and reached and datastore not in reached:
            message = f"host {host['name']!r} cannot access the VM's datastore {datastore!r}"
            yield InventoryProblem(
                f"{path}.{key}", message, f"a host with {datastore!r}, or add it to that host's datastores"
            )
        if host.get("maintenance") is True:
            message = f"host {host['name']!r} is in maintenance mode and runs no VM"
            yield InventoryProblem(f"{path}.{key}", message, "another host, or maintenance = false")

    def _tolerance(self, path: str, vm: Table) -> Iterator[InventoryProblem]:
        if vm.get("secondary") is not None and vm.get("ft") is not True:
            yield InventoryProblem(
                f"{path}.secondary", "only a VM with ft = true has a secondary", "ft = true, or no secondary"
            )
        if vm.get("secondary") is not None and vm.get("secondary") == vm.get("host"):
            message = "primary and secondary of a VM are on different hosts"
            yield InventoryProblem(f"{path}.secondary", message, "another host")
        for key in ("ha", "ft"):
            if vm.get("ft") is True and self.settings.get(key) is False:
                message = "Fault Tolerance is only possible inside an HA cluster with ft = true"
                yield InventoryProblem(
                    f"{path}.ft", message, f"ft = false here, or {key} = true in [settings]"
                )

    def _rules(self) -> Iterator[InventoryProblem]:
        for path, rule in self.rules:
            for key, kind, known in (
                ("vms", "VM", self._names(self.vms)),
                ("hosts", "host", self._names(self.hosts)),
            ):
                for i, name in enumerate(_list(rule.get(key))):
                    yield from self._unknown(f"{path}.{key}[{i}]", kind, name, known)
            yield from self._shape(path, rule)
            yield from self._broken(path, rule)

    @staticmethod
    def _shape(path: str, rule: Table) -> Iterator[InventoryProblem]:
        between = str(rule.get("kind")).startswith("keep ")
        if between and len(set(_list(rule.get("vms")))) < 2:
            yield InventoryProblem(
                f"{path}.vms", "this rule is between VMs: it needs two or more", 'vms = ["A1", "A2"]'
            )
        if between and rule.get("hosts"):
            yield InventoryProblem(f"{path}.hosts", "this rule is between VMs: it names no hosts", "no hosts")
        if " run on" in str(rule.get("kind")):
            for key in ("vms", "hosts"):
                if not rule.get(key):
                    yield InventoryProblem(f"{path}.{key}", f"this rule needs {key}", f'{key} = ["…"]')

    def _broken(self, path: str, rule: Table) -> Iterator[InventoryProblem]:
        """The file's own placement must not break a must rule."""
        kind, hosts = rule.get("kind"), _list(rule.get("hosts"))
        seats = [
            (vm["name"], key, vm.get(key))
            for _, vm in self.vms
            if vm.get("name") in _list(rule.get("vms"))
            for key in ("host", "secondary")
        ]
        seats = [seat for seat in seats if isinstance(seat[2], str)]
        for name, _, host in seats:
            wrong = (kind == "must run on" and host not in hosts) or (
                kind == "must not run on" and host in hosts
            )
            if wrong:
                yield InventoryProblem(
                    path,
                    f"VM {name!r} is placed on {host!r}: VM/host DRS rule violated",
                    "another placement, or a should rule",
                )
        if kind == "keep apart":
            for (one, _, host), (other, _, there) in combinations(seats, 2):
                if host == there and one != other:
                    yield InventoryProblem(
                        path,
                        f"{one!r} and {other!r} are both on {host!r}: VM/VM DRS rule violated",
                        "another placement",
                    )

    def _capacity(self) -> Iterator[InventoryProblem]:
        for path, host in self.hosts:
            for key, unit in (("cpu", "MHz"), ("memory", "MiB")):
                room = number_of(host.get(key), key)
                if room is None:
                    continue
                needs = [
                    self._needs(vm, key)
                    for _, vm in self.vms
                    if host.get("name") in (vm.get("host"), vm.get("secondary"))
                ]
                used = sum(need for need in needs if need is not None)
                if used > room:
                    message = f"host has insufficient capacity for VM: {used:,} {unit} reserved of {room:,}"
                    yield InventoryProblem(
                        f"{path}.{key}", message, "fewer VMs here, smaller reservations, or a larger host"
                    )

    @staticmethod
    def _needs(vm: Table, key: str) -> int | None:
        reserved = vm.get(f"{key}_reservation")
        return number_of(vm.get(key) if reserved is None else reserved, key)

    def _story(self) -> Iterator[InventoryProblem]:
        for i, name in enumerate(_list(self.fails)):
            yield from self._unknown(f"story.fails[{i}]", "host", name, self._names(self.hosts))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
