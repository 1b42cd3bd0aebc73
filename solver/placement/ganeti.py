"""Read a cluster from Ganeti's text format (htools ``-t``): groups, nodes, instances, cluster tags, policies.

Sections are separated by a blank line, fields by ``|``. A mirrored (drbd) instance has a second row for its
secondary, which takes disk there and no memory. Source: htools(1) of Ganeti 3.0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from ...model.inventory.problems import InventoryError, InventoryProblem, one_of
from .problem import MOST_AMOUNT, NOWHERE, VM, Host, Problem, Resource, Rule

RESOURCES = (
    Resource("memory", "MiB"),
    Resource("disk", "MiB", load=False),
    Resource("vcpus", "vCPUs", load=False),
)
NODE = "name|total memory|node memory|free memory|total disk|free disk|cpus|offline|group"
INSTANCE = "name|memory|disk|vcpus|status|auto_balance|primary|secondary|disk template|tags"
FORMS = ("name|uuid|allocation policy|tags|networks", NODE, INSTANCE, "a tag")
POLICY = "name|limits|limits|disk templates|vCPUs a CPU|…"
EXCLUSION = "htools:iextags:"
RATIO = 4.0  # Ganeti's own default for vCPUs a CPU


@dataclass
class Node:
    """A line of the second section."""

    name: str
    total: int
    own: int
    free: int
    disk: int
    free_disk: int
    cpus: int
    offline: bool
    group: str


@dataclass
class Instance:
    """A line of the third section."""

    name: str
    memory: int
    disk: int
    vcpus: int
    runs: bool
    movable: bool
    primary: str
    secondary: str
    mirrored: bool
    tags: list[str]


@dataclass
class Text:
    """What a file says, line by line, and what is wrong with it."""

    nodes: list[Node] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    problems: list[InventoryProblem] = field(default_factory=list)


def read_ganeti(path: Path) -> Problem:
    """The problem in a file. Raises InventoryError with everything that is wrong, OSError."""
    text = parsed(path.read_text(encoding="utf-8-sig"))
    if text.problems:
        raise InventoryError(str(path), text.problems)
    return problem_of(text, path.stem)


def parsed(content: str) -> Text:
    """The sections of a file."""
    found, section = Text(), 0
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            section += 1
            continue
        _line(found, section, line, f"line {number}")
    if not found.nodes and not found.problems:
        found.problems.append(InventoryProblem("the second section", "has no node", NODE))
    _names(found)
    return found


def _line(found: Text, section: int, line: str, place: str) -> None:
    parts = line.split("|")
    try:
        if section == 0:
            _has(parts, 2, "a group")
            found.groups[parts[1]] = parts[0]
        elif section == 1:
            found.nodes.append(_node(parts))
        elif section == 2:
            found.instances.append(_instance(parts))
        elif section == 3:
            found.tags.append(line.strip())
        elif len(parts) >= 5:
            found.ratios[parts[0]] = _ratio_of(parts[4])
    except ValueError as error:
        form = (*FORMS, POLICY)[min(section, len(FORMS))]
        found.problems.append(InventoryProblem(place, f"cannot be read: {error}", form))


def _has(parts: list[str], least: int, what: str) -> None:
    if len(parts) < least:
        raise ValueError(f"{what} has {least} fields or more, this has {len(parts)}")
    if not parts[0]:
        raise ValueError(f"{what} has a name, this has none")


def _node(parts: list[str]) -> Node:
    _has(parts, 9, "a node")
    total, own, free, disk, free_disk, cpus = _sizes(NODE, parts, range(1, 7))
    return Node(parts[0], total, own, free, disk, free_disk, cpus, parts[7] == "Y", parts[8])


def _instance(parts: list[str]) -> Instance:
    _has(parts, 10, "an instance")
    memory, disk, vcpus = _sizes(INSTANCE, parts, range(1, 4))
    runs, movable, mirrored = parts[4] in ("running", "ERROR_up"), parts[5] == "Y", parts[8] == "drbd"
    tags = [tag for tag in parts[9].split(",") if tag]
    return Instance(parts[0], memory, disk, vcpus, runs, movable, parts[6], parts[7], mirrored, tags)


def _sizes(form: str, parts: list[str], fields: range) -> list[int]:
    """The sizes in some fields of a line. Raises ValueError with all that are none. What is free may be less
    than nothing, where more was promised than there is."""
    names, numbers, wrong = form.split("|"), list[int](), list[str]()
    for i in fields:
        low = -MOST_AMOUNT if names[i].startswith("free ") else 0
        try:
            numbers.append(_number(parts[i], low))
        except ValueError:
            wrong.append(f"{names[i]} {parts[i]!r} is no number from {low:,} to {MOST_AMOUNT:,}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return numbers


def _number(text: str, low: int) -> int:
    """A size; what is unknown ("?", or nothing) counts as 0. Raises ValueError."""
    number = 0.0 if text in ("", "?") else float(text)
    if not low <= number <= MOST_AMOUNT:
        raise ValueError(text)
    return round(number)


def _ratio_of(text: str) -> float:
    try:
        if 0 <= float(text) <= MOST_AMOUNT:
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no number of vCPUs a CPU")


def _names(found: Text) -> None:
    known = list(dict.fromkeys(node.name for node in found.nodes))
    nodes = Counter(node.name for node in found.nodes)
    for what, names in (("node", nodes), ("instance", Counter(i.name for i in found.instances))):
        for name in sorted(name for name, times in names.items() if times > 1):
            found.problems.append(InventoryProblem(f"{what} {name!r}", "is there twice", "names that differ"))
    for instance in found.instances:
        for key in ("primary", "secondary"):
            node = getattr(instance, key)
            if node and node not in nodes and known:
                message = f"there is no node {node!r}"
                found.problems.append(
                    InventoryProblem(f"instance {instance.name!r}.{key}", message, one_of(node, known))
                )


def problem_of(text: Text, name: str) -> Problem:
    """Nodes as hosts; an instance stays within its group of nodes."""
    rows = {node.name: h for h, node in enumerate(text.nodes)}
    here: dict[str, list[Instance]] = defaultdict(list)
    for instance in text.instances:
        here[instance.primary].append(instance)
    hosts = tuple(
        Host(
            node.name,
            _capacity(node, here[node.name], _ratio(text, node)),
            "maintenance" if node.offline else "normal",
        )
        for node in text.nodes
    )
    vms: list[VM] = []
    taken = {instance.name for instance in text.instances}
    for instance in text.instances:
        vms += _rows(instance, text, rows, len(vms), taken)
    return Problem(name, RESOURCES, hosts, tuple(vms), tuple(_rules(text, vms)))


def _ratio(text: Text, node: Node) -> float:
    return text.ratios.get(text.groups.get(node.group, ""), text.ratios.get("", RATIO))


def _capacity(node: Node, primaries: list[Instance], ratio: float) -> tuple[int, int, int]:
    """What instances may use: what is free, and what the instances there use already."""
    memory = node.free + sum(i.memory for i in primaries if i.runs)
    return max(memory, 0), node.disk, int(node.cpus * ratio)


def _rows(instance: Instance, text: Text, rows: dict[str, int], row: int, taken: Collection[str]) -> list[VM]:
    first = rows.get(instance.primary, NOWHERE)
    group = text.nodes[first].group if first != NOWHERE else None
    barred = frozenset(h for h, node in enumerate(text.nodes) if group is not None and node.group != group)
    pair = instance.mirrored and instance.secondary in rows
    memory = instance.memory if instance.runs else 0
    demand = (memory, instance.disk, instance.vcpus)
    primary = VM(instance.name, demand, first, barred, not instance.movable, twin=row + 1 if pair else None)
    if not pair:
        return [primary]
    second = replace(
        primary, name=_second_name(instance.name, taken), demand=(0, instance.disk, 0),
        host=rows[instance.secondary], twin=row, secondary=True, restart=0,
    )  # fmt: skip
    return [primary, second]


def _second_name(name: str, taken: Collection[str]) -> str:
    """The name of an instance's secondary; another one where an instance of the file has that name."""
    numbers = (f" {number}" if number > 1 else "" for number in count(1))
    return next(new for n in numbers if (new := f"{name} (secondary{n})") not in taken)


def _rules(text: Text, vms: list[VM]) -> Iterator[Rule]:
    """Exclusion tags keep instances apart; the two copies of an instance are apart."""
    prefixes = [tag.removeprefix(EXCLUSION) for tag in text.tags if tag.startswith(EXCLUSION)]
    tagged: dict[str, list[int]] = defaultdict(list)
    primaries = [v for v, vm in enumerate(vms) if not vm.secondary]
    for v, instance in zip(primaries, text.instances, strict=True):
        for tag in dict.fromkeys(instance.tags):
            if any(tag.startswith(f"{prefix}:") for prefix in prefixes):
                tagged[tag].append(v)
    for tag, group in tagged.items():
        if len(group) > 1:
            yield Rule(f"exclusion tag {tag}", "keep apart", tuple(group))
    for v in primaries:
        twin = vms[v].twin
        if twin is not None:
            yield Rule(f"{vms[v].name}: primary and secondary on different nodes", "keep apart", (v, twin))


def fails_n_plus_1(text: Text) -> list[str]:
    """Nodes without the memory to take over, should any one other node fail, the instances it mirrors."""
    failing = []
    for node in text.nodes:
        needed: dict[str, int] = defaultdict(int)
        for instance in text.instances:
            if instance.mirrored and instance.secondary == node.name and instance.movable:
                needed[instance.primary] += instance.memory
        if not node.offline and max(needed.values(), default=0) > node.free:
            failing.append(node.name)
    return failing
