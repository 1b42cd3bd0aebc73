"""States as pictures want them: a cluster at one moment, and the graph of a small scope."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.cluster.placement import holds_place
from ..model.cluster.state import VM, Cluster, Copy, Host, Secondary, Service
from ..model.language.plain import Packed, state_at
from ..model.language.predicates import Predicate
from ..model.language.scope import Scope
from ..model.language.wording import word
from ..solver.frozen import kernel_from_start
from ..solver.initial import initial_states
from .results import ClusterView, CopyView, HostView, StateGraph


def cluster_view(scope: Scope, packed: Packed, title: str) -> ClusterView:
    """A cluster at one moment, for pictures. Raises TypeError for other models."""
    if scope.state is not Cluster:
        raise TypeError(f"{scope.model.name} is no cluster: there is no picture of it")
    s = state_at(scope, packed)
    return ClusterView(title, tuple(_host(s, host) for host in s.members(Host)))


def _host(s: Cluster, host: Host) -> HostView:
    copies = tuple(_copy(s, vm, host) for vm in s.members(VM) if _shown(s, vm, host))
    return HostView(host.name, s.up[host], _role(s, host), s.cpu[host], s.memory[host], copies)


def _role(s: Cluster, host: Host) -> str:
    if not s.up[host]:
        return "failed"
    if s.service[host] is Service.MAINTENANCE:
        return "in maintenance"
    return "isolated" if s.isolated[host] else word(s.role[host])


def _shown(s: Cluster, vm: VM, host: Host) -> bool:
    return bool(holds_place(s, vm, host)) or s.copy[vm, host] != Copy.NONE


def _copy(s: Cluster, vm: VM, host: Host) -> CopyView:
    guest = s.secondary[vm, host]
    state = (
        "secondary" if guest is Secondary.LOCKSTEP else "receiving" if guest is Secondary.STARTING else None
    )
    return CopyView(vm.name, state or word(s.copy[vm, host]), s.cpu_reservation[vm], s.memory_reservation[vm])


def state_graph(scope: Scope, invariants: Iterable[Predicate], most: int = 300) -> StateGraph | None:
    """The graph of the reachable states, or None when there are more than ``most``."""
    kernel = kernel_from_start(scope, invariants)
    depth = dict.fromkeys(initial_states(scope), 0)
    edges: list[tuple[Packed, Packed, str]] = []
    frontier = list(depth)
    while frontier:
        packed = frontier.pop(0)
        for position in kernel.enabled(packed):
            successor = kernel.effects[position](packed)
            edges.append((packed, successor, kernel.instance(position).action.name))
            if successor not in depth:
                depth[successor] = depth[packed] + 1
                frontier.append(successor)
        if len(depth) > most:
            return None
    number = {packed: i for i, packed in enumerate(depth)}
    bad = frozenset(i for p, i in number.items() if not all(test(p) for test in kernel.statements.values()))
    labels = tuple(_label(scope, packed) for packed in depth)
    arrows = tuple((number[a], number[b], name) for a, b, name in edges)
    return StateGraph(labels, tuple(depth.values()), bad, arrows)


def _label(scope: Scope, packed: Packed) -> str:
    """What differs from the first initial state, in a few words."""
    first = next(initial_states(scope))
    changed = [
        f"{cell}: {word(cell.values[code])}"
        for cell, code, old in zip(scope.cells, packed, first, strict=True)
        if code != old
    ]
    return ", ".join(changed[:4]) + (" …" if len(changed) > 4 else "") if changed else "start"
