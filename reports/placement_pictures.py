"""Pictures of placement answers: hosts before and after, the plan as a time line, the gap over time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ..solver.placement.answers import Answer, Plan
from ..solver.placement.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEFORE, AFTER, LIMIT, STOP = "#c9c9c9", "#3b7dd8", "#d64545", "#e0a63a"
MOST_BARS = 60
WIDEST = 8.1  # inches: so a page at 1,200 pixels shows the picture in its own size


def hosts_picture(found: Answer) -> bytes:
    """What is used of every host before and after, one panel a resource that anybody uses; a PNG."""
    import numpy as np
    from matplotlib.figure import Figure

    problem = found.problem
    shown = [r for r in range(len(problem.resources)) if problem.demand[:, r].any()] or [0]
    across = 2 if len(shown) > 2 and len(problem.hosts) <= 16 else 1
    down = -(-len(shown) // across)
    width = min(across * (2.5 + 0.35 * len(problem.hosts)), WIDEST)
    height = 1.9 + 0.06 * _longest(problem) * _upright(problem, width / across)
    figure = Figure(figsize=(width, 0.4 + height * down), dpi=130, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).reshape(-1)
    room = np.maximum(problem.capacity, 1)
    before, after = (100 * problem.load(p) / room for p in (problem.current, np.array(found.placement)))
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    for axes, r in zip(panels, shown, strict=False):
        resource = problem.resources[r]
        target = found.target / 100 if resource.load else 100.0
        _bars(axes, before[:, r].tolist(), after[:, r].tolist(), target, resource.name)
        _names(axes, problem, width / across)
    figure.legend(*panels[0].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside upper right",
                  frameon=False)  # fmt: skip
    return _png(figure)


def _bars(axes: Axes, before: Sequence[float], after: Sequence[float], target: float, name: str) -> None:
    places = range(len(before))
    axes.bar([p - 0.2 for p in places], before, 0.4, color=BEFORE, label="before")
    axes.bar([p + 0.2 for p in places], after, 0.4, color=AFTER, label="after")
    axes.axhline(target, color=LIMIT, linewidth=1, label=f"target {target:g} %")
    axes.set_ylabel(f"{name}, %", fontsize=8)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _names(axes: Axes, problem: Problem, width: float) -> None:
    """The hosts' names, of many only every so many; upright where the inches are too few for them."""
    step = -(-len(problem.hosts) // MOST_BARS)
    places = list(range(0, len(problem.hosts), step))
    names = [problem.hosts[h].name for h in places]
    size = 8 if len(names) <= 40 else 7
    axes.set_xticks(places, names, fontsize=size, rotation=90 if _upright(problem, width) else 0)


def _upright(problem: Problem, width: float) -> bool:
    """Whether the names need more than the inches that there are side by side."""
    letters = min(len(problem.hosts), MOST_BARS) * (_longest(problem) + 1)
    return letters > 12 * (width - 0.6)


def _longest(problem: Problem) -> int:
    return max(len(host.name) for host in problem.hosts)


def plan_picture(found: Answer, plan: Plan) -> bytes:
    """The plan as a time line: a row for each VM that moves, steps from left to right; a PNG."""
    from matplotlib.figure import Figure

    rows: dict[int, int] = {}
    for step in plan.steps:
        for move in step:
            rows.setdefault(move.vm, len(rows))
    height = min(1.2 + 0.22 * len(rows), 40)
    figure = Figure(figsize=(min(3 + 1.1 * len(plan.steps), 16), height), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for number, step in enumerate(plan.steps):
        for move in step:
            axes.barh(rows[move.vm], 0.9, left=number + 0.55, color=STOP if move.stop else AFTER, height=0.7)
            if len(rows) <= 100:
                target = found.problem.hosts[move.target].name
                axes.text(
                    number + 1, rows[move.vm], f"→ {target}", ha="center", va="center", fontsize=6, color="w"
                )
    axes.set_xticks(range(1, len(plan.steps) + 1))
    axes.set_yticks(list(rows.values()), [found.problem.vms[v].name for v in rows], fontsize=6)
    axes.set_xlabel("step (migrations of one step run in parallel)", fontsize=8)
    axes.invert_yaxis()
    return _png(figure)


def gap_picture(found: Answer) -> bytes:
    """The best answer and the bound over time; a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.6), dpi=130, layout="constrained")
    _gap(figure.add_subplot(), found)
    return _png(figure)


def _gap(axes: Axes, found: Answer) -> None:
    """Both lines; the bound is wide and pale, so that neither hides the other where they meet."""
    best = [(tick.seconds, tick.best) for tick in found.history if tick.best is not None]
    bound = [(tick.seconds, tick.bound) for tick in found.history if tick.bound is not None]
    _line(axes, bound, found.seconds, color=LIMIT, label="bound", linewidth=4, alpha=0.45)
    _line(axes, best, found.seconds, color=AFTER, label="best found", linewidth=1.4)
    _whole_numbers(axes, [value for _, value in best + bound])
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_ylabel(fill(found.counts, 30), fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, frameon=False)


def _line(axes: Axes, points: list[tuple[float, int]], end: float, **style: Any) -> None:
    """A value over time, which stands until the end."""
    if points:
        times, values = [x for x, _ in points], [y for _, y in points]
        axes.step([*times, max(end, times[-1])], [*values, values[-1]], where="post", **style)


def _whole_numbers(axes: Axes, values: list[int]) -> None:
    """An axis of whole numbers with room for one more above and below, but for none below 0."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    low, high = min(values, default=0), max(values, default=1)
    room = max(1.0, 0.05 * (high - low))
    axes.set_ylim(max(low - room, -0.5), high + room)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
