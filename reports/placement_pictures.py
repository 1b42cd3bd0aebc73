"""Pictures of placement answers: hosts before and after, the plan as a time line, the gap over time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..solver.placement.answers import Answer, Plan
from ..solver.placement.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEFORE, AFTER, LIMIT, STOP = "#c9c9c9", "#3b7dd8", "#d64545", "#e0a63a"
MOST_BARS = 60


def hosts_picture(found: Answer) -> bytes:
    """What is used of every host before and after, one panel a resource that anybody uses; a PNG."""
    import numpy as np
    from matplotlib.figure import Figure

    problem = found.problem
    shown = [r for r in range(len(problem.resources)) if problem.demand[:, r].any()] or [0]
    across = 2 if len(shown) > 2 and len(problem.hosts) <= 30 else 1
    down = -(-len(shown) // across)
    width = min(across * (2.5 + 0.35 * len(problem.hosts)), 16)
    figure = Figure(figsize=(width, 0.4 + 1.9 * down), dpi=130, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).reshape(-1)
    room = np.maximum(problem.capacity, 1)
    before, after = (100 * problem.load(p) / room for p in (problem.current, np.array(found.placement)))
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    for axes, r in zip(panels, shown, strict=False):
        resource = problem.resources[r]
        target = found.target / 100 if resource.load else 100.0
        _bars(axes, before[:, r].tolist(), after[:, r].tolist(), target, resource.name)
        _names(axes, problem)
    figure.legend(*panels[0].get_legend_handles_labels(), fontsize=7, ncols=3, loc="outside upper right",
                  frameon=False)  # fmt: skip
    return _png(figure)


def _bars(axes: Axes, before: Sequence[float], after: Sequence[float], target: float, name: str) -> None:
    places = range(len(before))
    axes.bar([p - 0.2 for p in places], before, 0.4, color=BEFORE, label="before")
    axes.bar([p + 0.2 for p in places], after, 0.4, color=AFTER, label="after")
    axes.axhline(target, color=LIMIT, linewidth=1, label=f"target {target:g} %")
    axes.set_ylabel(f"{name}, %", fontsize=8)
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _names(axes: Axes, problem: Problem) -> None:
    """The hosts' names, of many only every so many."""
    step = -(-len(problem.hosts) // MOST_BARS)
    places = list(range(0, len(problem.hosts), step))
    axes.set_xticks(places, [problem.hosts[h].name for h in places], fontsize=6,
                    rotation=90 if len(places) > 12 else 0)  # fmt: skip


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
    axes = figure.add_subplot()
    best = [(tick.seconds, tick.best) for tick in found.history if tick.best is not None]
    bound = [(tick.seconds, tick.bound) for tick in found.history if tick.bound is not None]
    for points, colour, label in ((best, AFTER, "best found"), (bound, LIMIT, "bound")):
        if points:
            ends = [*points, (max(found.seconds, points[-1][0]), points[-1][1])]
            axes.step([x for x, _ in ends], [y for _, y in ends], where="post", color=colour, label=label)
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_ylabel(found.counts, fontsize=7)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
