"""Does an inventory make sense? Names that meet, capacities, rules: asked of every well-formed part.

What is malformed is the schema's to report: here it accuses nobody, and it hides nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

from .problems import InventoryProblem, either, one_of, step_of
from .sizes import number_of

Table = dict[str, Any]
Problems = Iterator[InventoryProblem]
KINDS = {"hosts": "host", "datastores": "datastore", "vms": "VM", "rules": "rule"}
COPIES = ("host", "secondary")


class Sense:
    """The tables of a file, and what is wrong between them."""

    def __init__(self, data: Table) -> None:
        self.hosts = _tables(data, "hosts")
        self.datastores = _tables(data, "datastores")
        self.vms = _tables(data, "vms")
        self.rules = _tables(data, "rules")
        self.names = {key: _names(data, key) for key in KINDS}
        settings, story = data.get("settings"), data.get("story")
        self.settings: Table = settings if isinstance(settings, dict) else {}
        self.fails = _list(story.get("fails")) if isinstance(story, dict) else []
        self.by_host = {host["name"]: host for _, host in self.hosts if _text(host.get("name"))}

    def problems(self) -> Problems:
        """Everything that does not fit together."""
        for key in KINDS:
            yield from self._twice(KINDS[key], "name", getattr(self, key))
        yield from self._twice("host", "moid", self.hosts)
        yield from self._unstated()
        for path, host in self.hosts:
            yield from self._known(f"{path}.datastores", "datastores", _list(host.get("datastores")))
            yield from self._capacity(path, host)
        for path, vm in self.vms:
            yield from self._vm(path, vm)
        for path, rule in self.rules:
            yield from self._rule(path, rule)
        yield from self._known("story.fails", "hosts", self.fails)

    @staticmethod
    def _twice(kind: str, key: str, tables: list[tuple[str, Table]]) -> Problems:
        first: dict[str, str] = {}
        for path, table in tables:
            value = _text(table.get(key))
            if value in first:
                what = f"Managed Object ID {value!r}" if key == "moid" else f"{kind} {value!r}"
                cure = f'{key} = "…", one that no other {kind} has'
                yield InventoryProblem(f"{path}.{key}", f"{what} is used already, at {first[value]}", cure)
            elif value:
                first[value] = path

    def _known(self, path: str, key: str, names: list[Any]) -> Problems:
        for i, name in enumerate(names):
            yield from self._unknown(f"{path}[{i}]", key, name)

    def _unknown(self, path: str, key: str, name: object) -> Problems:
        """Nothing is unknown where the file has no such tables at all: that is one problem, not twenty."""
        known = self.names[key]
        if known is not None and _text(name) and name not in known:
            yield InventoryProblem(path, f"there is no {KINDS[key]} {name!r}", one_of(str(name), known))

    def _capacity(self, path: str, host: Table) -> Problems:
        """The reservations of the VMs that run on a host, secondaries included, must fit."""
        name = _text(host.get("name"))
        there = (vm for _, vm in self.vms if name and name in (vm.get("host"), vm.get("secondary")))
        guests = [vm for vm in there if _runs(vm)]
        for key, unit in (("cpu", "MHz"), ("memory", "MiB")):
            room = number_of(host.get(key), key)
            used = sum(promised(vm, key) for vm in guests)
            if room is not None and used > room:
                message = f"host has insufficient capacity for VM: {used:,} {unit} reserved of {room:,}"
                cure = f"{key} = {used} or more, or a VM less here (or smaller {key}_reservation)"
                yield InventoryProblem(f"{path}.{key}", message, cure)

    def _vm(self, path: str, vm: Table) -> Problems:
        yield from self._unknown(f"{path}.datastore", "datastores", vm.get("datastore"))
        for key in ("host", "secondary"):
            yield from self._unknown(f"{path}.{key}", "hosts", vm.get(key))
            yield from self._seat(f"{path}.{key}", vm, key)
        yield from self._limits(path, vm)
        yield from self._secondary(f"{path}.secondary", vm)
        yield from self._tolerance(f"{path}.ft", vm)

    def _unstated(self) -> Problems:
        """What is counted on hosts must be stated of every host."""
        traffic = any(number_of(vm.get("network"), "link") for _, vm in self.vms)
        stated = traffic or any("network" in host for _, host in self.hosts)
        ratio = self.settings.get("vcpus_per_core")
        for path, host in self.hosts:
            if stated and "network" not in host:
                message = "network is missing, and other hosts or VMs of the file state theirs"
                yield InventoryProblem(f"{path}.network", message, 'network = "10 Gb/s", or none anywhere')
            if ratio is not None and "cores" not in host:
                message = "cores is missing, and [settings] limits vcpus_per_core"
                yield InventoryProblem(f"{path}.cores", message, "cores = 16, or no vcpus_per_core")

    @staticmethod
    def _limits(path: str, vm: Table) -> Problems:
        """Nobody can be promised more than he may have."""
        for key, unit in (("cpu", "MHz"), ("memory", "MiB")):
            limit, own = (number_of(vm.get(f"{key}_{word}"), key) for word in ("limit", "reservation"))
            if limit is not None and own is not None and own > limit:
                message = f"the limit of {limit:,} {unit} is below the reservation of {own:,} {unit}"
                yield InventoryProblem(f"{path}.{key}_limit", message, f"{key}_limit = {own} or more")

    def _seat(self, path: str, vm: Table, key: str) -> Problems:
        """A host that is to have a copy of the VM must be able to."""
        host = self.by_host.get(_text(vm.get(key)))
        if host is None:
            return
        datastore, reached = _text(vm.get("datastore")), _texts(host.get("datastores"))
        known = self.names["datastores"]
        if datastore and reached is not None and datastore not in reached and datastore in (known or ()):
            message = f"host {host['name']!r} cannot access the VM's datastore {datastore!r}"
            cure = f'{self._elsewhere(vm, key)}, or "{datastore}" among the datastores of {host["name"]!r}'
            yield InventoryProblem(path, message, cure)
        if host.get("maintenance") is True and _runs(vm):
            message = f"host {host['name']!r} is in maintenance mode and runs no VM"
            cure = f"{self._elsewhere(vm, key)}, or maintenance = false for {host['name']!r}"
            yield InventoryProblem(path, message, cure)

    def _secondary(self, path: str, vm: Table) -> Problems:
        secondary = _text(vm.get("secondary"))
        if secondary and vm.get("ft", False) is False:
            message = "only a VM with ft = true has a secondary"
            yield InventoryProblem(path, message, "ft = true for this VM, or no secondary")
        if secondary and secondary == vm.get("host"):
            message = "primary and secondary of a VM are on different hosts"
            yield InventoryProblem(path, message, self._elsewhere(vm, "secondary"))

    def _tolerance(self, path: str, vm: Table) -> Problems:
        for key, message in (
            ("ha", "Fault Tolerance is only possible inside an HA cluster, and [settings] says ha = false"),
            ("ft", "Fault Tolerance is switched off: [settings] says ft = false"),
        ):
            if vm.get("ft") is True and self.settings.get(key) is False:
                yield InventoryProblem(path, message, f"ft = false here, or {key} = true in [settings]")

    def _elsewhere(self, vm: Table, key: str, barred: Collection[str] = ()) -> str:
        """A cure for a bad seat: the hosts that reach the VM's disk, work, and have no other copy of it."""
        datastore, taken = _text(vm.get("datastore")), {_text(vm.get(copy)) for copy in COPIES}
        fit = [
            name
            for name, host in self.by_host.items()
            if datastore in _list(host.get("datastores")) and host.get("maintenance") is not True
            if name not in taken and name not in barred
        ]
        return (
            f"{key} = {either(fit)}" if fit else f"{key} = another host (to add: none of these is possible)"
        )

    def _rule(self, path: str, rule: Table) -> Problems:
        yield from self._known(f"{path}.vms", "vms", _list(rule.get("vms")))
        yield from self._known(f"{path}.hosts", "hosts", _list(rule.get("hosts")))
        kind, vms, hosts = _text(rule.get("kind")), _texts(rule.get("vms")), _texts(rule.get("hosts", []))
        yield from self._shape(path, kind, vms, hosts)
        if kind in ("must run on", "must not run on") and vms and hosts:
            yield from self._host_rule(path, kind, vms, hosts)
        if kind == "keep apart" and vms:
            yield from self._apart(path, vms)

    @staticmethod
    def _shape(path: str, kind: str, vms: list[str] | None, hosts: list[str] | None) -> Problems:
        if kind.startswith("keep ") and vms is not None and len(set(vms)) < 2:
            message = "this rule is between VMs: it needs two or more"
            yield InventoryProblem(f"{path}.vms", message, 'vms = ["A1", "A2"]')
        if kind.startswith("keep ") and hosts:
            message = "this rule is between VMs: it names no hosts"
            cure = 'no hosts, or a kind such as "must run on"'
            yield InventoryProblem(f"{path}.hosts", message, cure)
        if kind.endswith(" run on"):
            for key, names in (("vms", vms), ("hosts", hosts)):
                if names == []:
                    yield InventoryProblem(f"{path}.{key}", f"this rule needs {key}", f'{key} = ["…"]')

    def _seats(self, vms: list[str]) -> list[tuple[str, str, Table]]:
        """Host, key and VM of every copy that runs."""
        rows = [(_text(vm.get(key)), key, vm) for _, vm in self.vms if _runs(vm) for key in COPIES]
        return [row for row in rows if row[0] in self.by_host and row[2].get("name") in vms]

    def _host_rule(self, path: str, kind: str, vms: list[str], hosts: list[str]) -> Problems:
        """Both copies of a VM are bound by its must rules. A rule with a host nobody knows judges nobody."""
        wanted = kind == "must run on"
        if wanted and not set(hosts) <= set(self.by_host):
            return
        barred = [name for name in self.by_host if (name in hosts) != wanted]
        for host, key, vm in self._seats(vms):
            if host in barred:
                message = f"VM {vm['name']!r} is placed on {host!r} ({key}): VM/host DRS rule violated"
                cure = f'{self._elsewhere(vm, key, barred)} for {vm["name"]!r}, or kind = "should{kind[4:]}"'
                yield InventoryProblem(path, message, cure)

    def _apart(self, path: str, vms: list[str]) -> Problems:
        for (host, _, one), (there, key, other) in combinations(self._seats(vms), 2):
            if host == there and one["name"] != other["name"]:
                message = (
                    f"{one['name']!r} and {other['name']!r} are both on {host!r}: VM/VM DRS rule violated"
                )
                yield InventoryProblem(path, message, f"{self._elsewhere(other, key)} for {other['name']!r}")


def _runs(vm: Table) -> bool:
    """A VM that is off, or still outside the cluster, reserves nothing and has no copy that runs."""
    return vm.get("power") != "off" and vm.get("convert") is None


def promised(vm: Table, key: str) -> int:
    """What a VM has reserved, by default its demand up to its limit; 0 where its size is malformed."""
    sizes = [number_of(vm.get(name), key) for name in (key, f"{key}_limit")]
    own = vm.get(f"{key}_reservation", min((size for size in sizes if size is not None), default=None))
    return number_of(own, key) or 0


def _tables(data: Table, key: str) -> list[tuple[str, Table]]:
    """Each table of a list with its path."""
    rows = enumerate(_list(data.get(key)))
    return [(f"{key}{step_of(i, row)}", row) for i, row in rows if isinstance(row, dict)]


def _names(data: Table, key: str) -> list[str] | None:
    """The names that a list of tables declares; None where it declares none."""
    names = [_text(table.get("name")) for _, table in _tables(data, key)]
    return [name for name in names if name] or None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """The text, or "" for what is none."""
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str] | None:
    """A list that has nothing but texts, else None."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None
