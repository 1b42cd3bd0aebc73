"""Pictures of results: a cluster at one moment, and the state graph of a small scope."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..properties.results import ClusterView, HostView, StateGraph
from .sentences import counted, reserves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "running": "#3b7dd8",
    "secondary": "#8e6bbf",
    "receiving": "#e0a63a",
    "complete": "#57a773",
    "stopped": "#8aa0b5",
    "stale": "#c9c9c9",
}
_BAD, _START, _STATE = "#d64545", "#57a773", "#7aa5d6"
_LABELS_UP_TO = 45
_ARROWS_UP_TO = 2000


def cluster_picture(view: ClusterView) -> bytes:
    """The hosts side by side, their copies stacked by reserved memory; a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.2 + 1.7 * len(view.hosts), 4.6), dpi=144, layout="constrained")
    axes = figure.add_subplot()
    for position, host in enumerate(view.hosts):
        _host(axes, position, host)
    _frame(axes, view)
    _legend(axes, view)
    return _png(figure)


def _frame(axes: Axes, view: ClusterView) -> None:
    """Axes, names and roles."""
    tallest = max(host.memory for host in view.hosts) / _unit(view)
    axes.set_title(view.title, fontsize=11, fontweight="bold", loc="left")
    axes.set_xlim(-0.6, len(view.hosts) - 0.4)
    axes.set_ylim(0, tallest * 1.04)
    axes.set_ylabel("memory reserved, " + ("GiB" if _unit(view) == 1024 else "MiB"))
    axes.set_xticks(range(len(view.hosts)), [_named(host) for host in view.hosts])
    for label, host in zip(axes.get_xticklabels(), view.hosts, strict=True):
        label.set_color("black" if host.up else _BAD)
        label.set_fontweight("bold" if host.role == "master" else "normal")
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _named(host: HostView) -> str:
    """A host, its role, and the copies that it reserves nothing for: they have no height in the picture."""
    left: dict[str, list[str]] = {}
    for copy in host.copies:
        if not reserves(copy):
            left.setdefault(copy.state, []).append(copy.vm)
    lines = (line for state, vms in left.items() for line in wrap(f"{state}: {', '.join(vms)}", 18))
    return "\n".join([host.name, host.role, *lines])


def _unit(view: ClusterView) -> int:
    """MiB a unit of the axis: GiB for real hosts."""
    return 1024 if max(host.memory for host in view.hosts) >= 4096 else 1


def _host(axes: Axes, position: int, host: HostView) -> None:
    unit = 1024 if host.memory >= 4096 else 1
    room = host.memory / unit
    face = "#f4f6f8" if host.up else "#f1dede"
    axes.bar(position, room, width=0.86, color=face, edgecolor="#9aa5b1", linewidth=1, zorder=1)
    bottom = 0.0
    for copy in filter(reserves, host.copies):
        height = copy.memory / unit
        _copy(axes, position, bottom, height, copy.vm, copy.state, room)
        bottom += height
    if not host.up:
        for slope in ((0, room), (room, 0)):
            axes.plot(
                [position - 0.43, position + 0.43], slope, color=_BAD, linewidth=1.2, alpha=0.7, zorder=4
            )


def _copy(axes: Axes, position: int, bottom: float, height: float, vm: str, state: str, room: float) -> None:
    colour = COLOURS.get(state, "#b0b0b0")
    axes.bar(
        position, height, width=0.8, bottom=bottom, color=colour, edgecolor="white", linewidth=1.5, zorder=2
    )
    size = 8 if height / room > 0.05 else 6
    ink = "#333333" if state in ("stale", "receiving") else "white"
    place = (position, bottom + height / 2)
    axes.text(*place, vm, ha="center", va="center", fontsize=size, color=ink, zorder=5)


def _legend(axes: Axes, view: ClusterView) -> None:
    from matplotlib.patches import Patch

    states = dict.fromkeys(copy.state for host in view.hosts for copy in host.copies if reserves(copy))
    patches = [Patch(color=COLOURS.get(state, "#b0b0b0"), label=state) for state in states]
    patches.append(Patch(facecolor="#f4f6f8", edgecolor="#9aa5b1", label="free"))
    axes.legend(handles=patches, fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def state_graph_picture(graph: StateGraph) -> bytes:
    """The reachable states in layers, the initial ones on the left; a PNG."""
    from matplotlib.figure import Figure

    places = _places(graph)
    widest = max(map(len, _layers(graph).values()))
    size = (max(6.0, min(16.0, 1.5 * (max(graph.depth) + 1))), max(3.6, min(11.0, 0.42 * widest + 1.4)))
    figure = Figure(figsize=size, dpi=144, layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, graph, places)
    axes.set_title(_caption(graph), fontsize=10, loc="left")
    axes.set_axis_off()
    return _png(figure)


def _caption(graph: StateGraph) -> str:
    still = sum(start == end for start, end, _ in graph.edges)
    left_out = f"; {still} of them, without any change, left out" if still else ""
    return f"{counted(len(graph.labels), 'state')}, {counted(len(graph.edges), 'step')}{left_out}"


def is_numbered(graph: StateGraph) -> bool:
    """Whether the picture numbers the states: not where they are too many."""
    return len(graph.labels) <= _LABELS_UP_TO


def _layers(graph: StateGraph) -> dict[int, list[int]]:
    layers: dict[int, list[int]] = {}
    for state, depth in enumerate(graph.depth):
        layers.setdefault(depth, []).append(state)
    return layers


def _network(graph: StateGraph) -> Any:
    """The graph for networkx; parallel steps are one arrow, steps that change nothing are left out."""
    import networkx

    network = networkx.DiGraph()
    for state, depth in enumerate(graph.depth):
        network.add_node(state, layer=depth)
    for start, end, name in graph.edges:
        if start == end:
            continue
        names = network.edges[start, end]["names"] if network.has_edge(start, end) else ()
        network.add_edge(start, end, names=tuple(dict.fromkeys((*names, name))))
    return network


def _places(graph: StateGraph) -> dict[int, tuple[float, float]]:
    import networkx

    found: dict[int, tuple[float, float]] = networkx.multipartite_layout(_network(graph), subset_key="layer")
    return found


def _draw(axes: Axes, graph: StateGraph, places: dict[int, tuple[float, float]]) -> None:
    import networkx

    network = _network(graph)
    few = is_numbered(graph)
    colours = [_colour(graph, state) for state in network.nodes]
    size = 190 if few else max(8, int(6000 / len(graph.labels)))
    networkx.draw_networkx_nodes(network, places, ax=axes, node_color=colours, node_size=size, linewidths=0)
    if network.number_of_edges() <= _ARROWS_UP_TO:
        networkx.draw_networkx_edges(
            network, places, ax=axes, node_size=size, width=0.7, arrowsize=8 if few else 4,
            edge_color="#8a94a0", alpha=0.9 if few else 0.35, connectionstyle="arc3,rad=0.08",
        )  # fmt: skip
    if few:
        _write_names(axes, network, places)
    _explain(axes, graph)


def _write_names(axes: Axes, network: Any, places: dict[int, tuple[float, float]]) -> None:
    import networkx

    networkx.draw_networkx_labels(network, places, ax=axes, font_size=6, font_color="white")
    if network.number_of_edges() <= 2 * _LABELS_UP_TO:
        names = _arrow_names(network, places)
        networkx.draw_networkx_edge_labels(network, places, names, ax=axes, font_size=6, rotate=False)


def _arrow_names(network: Any, places: dict[int, tuple[float, float]]) -> dict[tuple[int, int], str]:
    """A label for each two states; where arrows lead both ways, every name says which way."""
    found = {}
    for a, b in network.edges:
        there, back = _steps(network, places, a, b), _steps(network, places, b, a)
        if not back:
            found[a, b] = "\n".join(network.edges[a, b]["names"])
        elif a < b:
            found[a, b] = "\n".join(there + back)
    return found


def _steps(network: Any, places: dict[int, tuple[float, float]], start: int, end: int) -> list[str]:
    """The names of the steps from one state to another, each with an arrow that points as the step does."""
    if not network.has_edge(start, end):
        return []
    across, up = (places[end][axis] - places[start][axis] for axis in (0, 1))
    arrow = ("↑" if up > 0 else "↓") if abs(across) < 1e-6 else ("→" if across > 0 else "←")
    return [f"{arrow} {name}" for name in network.edges[start, end]["names"]]


def _colour(graph: StateGraph, state: int) -> str:
    if state in graph.bad:
        return _BAD
    return _START if graph.depth[state] == 0 else _STATE


def _explain(axes: Axes, graph: StateGraph) -> None:
    from matplotlib.lines import Line2D

    kinds = [("initial", _START), ("reachable", _STATE)] + (
        [("violates a property", _BAD)] if graph.bad else []
    )
    dots = [Line2D([], [], marker="o", linestyle="", color=c, label=label) for label, c in kinds]
    axes.legend(
        handles=dots, fontsize=7, frameon=False, loc="upper right", ncols=len(dots), bbox_to_anchor=(1, 1.06)
    )


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return buffer.getvalue()
