"""Answers of the placement optimizer as pages, JSON and pictures."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from vmproof.reports import placement_json, placement_page, placement_pictures
from vmproof.reports.placement_terminal import render
from vmproof.solver.placement.answers import (
    Answer,
    Goal,
    Move,
    Plan,
    PlannedMove,
    Policy,
    Survival,
    Tick,
    Verdict,
)
from vmproof.solver.placement.problem import VM, Host, Problem, Resource

CPU, MEMORY = Resource("cpu", "MHz"), Resource("memory", "MiB")
POLICIES = (Policy("slots", False, "3 slots"), Policy("percentage", True, "half is free"))


def problem(*resources: Resource, hosts: int = 2, name: str = "h{}") -> Problem:
    ones = (100,) * len(resources)
    members = tuple(Host(name.format(h), ones) for h in range(hosts))
    return Problem("by hand", resources, members, (VM("v", (60,) * len(resources), 0),))


def survival(verdict: Verdict) -> Survival:
    return Survival(verdict, problem(CPU, MEMORY), 1, 2, 1, ("h0",), ("v",), policies=POLICIES)


def moved(*resources: Resource, **more: Any) -> Answer:
    move = Move("v", "h0", "h1", 1, True, "it must", "60", 60)
    plan = Plan(Verdict.OPTIMAL, ((PlannedMove(0, 0, 1),),), "no VM moves twice", 1)
    answer = {"placement": (1,), "objective": 1, "moves": (move,), "plan": plan, **more}
    return Answer("repair", Verdict.OPTIMAL, problem(*resources), 10_000, **answer)


def printed(found: Answer | Survival) -> str:
    stream = io.StringIO()
    render(found, Console(file=stream, width=200))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("verdict", "right"),
    [
        (Verdict.REFUTED, [True, False]),
        (Verdict.PROVED, [False, True]),
        (Verdict.UNDETERMINED, [None, None]),
    ],
)
def test_a_policy_that_is_wrong_is_marked_everywhere(verdict: Verdict, right: list[bool | None]) -> None:
    found = survival(verdict)
    data = json.loads(placement_json.to_json(found))
    assert [policy["right"] for policy in data["policies"]] == right
    lines = [line for line in printed(found).splitlines() if line.startswith(("  slots", "  percentage"))]
    assert ["WRONG here" in line for line in lines] == [said is False for said in right]
    page = placement_page.to_html(found)
    cells = [f"<td>{said}</td>" for said in ("not enough", "enough")]
    assert [cell not in page for cell in cells] == [said is False for said in right]
    assert page.count('class="wrong">WRONG here<') == right.count(False)


def test_one_is_counted_as_one() -> None:
    said = printed(moved(CPU, MEMORY))
    for expected in ("2 hosts, 1 VM, 0 rules", "Plan: 1 step;", "1 (migrations), 1 move;", "of the 1 move,"):
        assert expected in said
    assert "verified 1 placement after" in placement_page.to_html(survival(Verdict.REFUTED))


@pytest.mark.parametrize(
    ("resources", "head"),
    [((MEMORY, CPU), "MiB of memory carried"), ((CPU, Resource("disk", "GB")), "GB of disk carried")],
)
def test_the_moves_say_what_is_carried(resources: tuple[Resource, ...], head: str) -> None:
    assert f">{head}</th>" in placement_page.to_html(moved(*resources))


def gap_of(goal: Goal, *history: tuple[int, int]) -> Any:
    ticks = tuple(Tick(float(n), best, bound) for n, (best, bound) in enumerate(history))
    axes = Figure(figsize=(6, 2.6)).add_subplot()
    placement_pictures._gap(axes, moved(MEMORY, goal=goal, history=ticks))
    return axes


@pytest.mark.parametrize(
    ("best", "limits"), [(3, (2, 4)), (0, (-0.5, 1)), (5_003, (5_002, 5_004)), (1_000, (950, 2_050))]
)
def test_the_gap_is_drawn_on_whole_numbers(best: int, limits: tuple[float, float]) -> None:
    axes = gap_of(Goal(), (2_000 if best == 1_000 else best, best), (best, best))
    assert axes.get_ylim() == limits
    ticks = axes.get_yticks()
    assert all(tick == int(tick) for tick in ticks)
    assert axes.yaxis.get_major_formatter()(5_003) == "5,003"


def test_best_and_bound_are_both_seen_where_they_meet() -> None:
    bound, best = gap_of(Goal(), (3, 3), (3, 3)).lines
    assert (bound.get_label(), best.get_label()) == ("bound", "best found")
    assert bound.get_linewidth() > 2 * best.get_linewidth()


def test_a_long_name_of_the_objective_fits_beside_the_axis() -> None:
    axes = gap_of(Goal("deviation", 3, 1_000), (9, 3), (3, 3))
    axes.figure.draw_without_rendering()
    label, picture = axes.yaxis.label.get_window_extent(), axes.figure.bbox
    assert label.height < picture.height
    assert label.y0 >= 0
    assert label.y1 <= picture.y1


@pytest.mark.parametrize(("hosts", "name"), [(16, "h{}"), (60, "h{}"), (8, "esx{}.example.org")])
def test_the_names_of_hosts_can_be_read_and_do_not_overlap(hosts: int, name: str) -> None:
    figure = Figure(figsize=(placement_pictures.WIDEST, 1.9), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(-1, hosts)
    placement_pictures._names(axes, problem(MEMORY, hosts=hosts, name=name), placement_pictures.WIDEST)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in zip(boxes, boxes[1:], strict=False))
    assert all(label.get_fontsize() >= 7 for label in axes.get_xticklabels())
