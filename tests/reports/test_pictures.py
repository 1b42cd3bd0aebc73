"""What the pictures of clusters and of state graphs say, read from their axes before they are painted."""

from __future__ import annotations

import re
from typing import Any

from matplotlib.figure import Figure

from handmade import BROKEN, GRAPH, VIEW, result
from vmproof.properties.results import CopyView, StateGraph
from vmproof.reports import pictures
from vmproof.reports.page import to_html
from vmproof.reports.sentences import reserves

THERE_AND_BACK = StateGraph(
    ("start", "writes[A]: yes", "writes[B]: yes"),
    (0, 1, 1),
    frozenset(),
    ((0, 1, "power_on"), (1, 0, "power_off"), (0, 2, "power_on"), (1, 2, "move"), (2, 1, "take back")),
)


def labels_of(graph: StateGraph) -> dict[tuple[int, int], str]:
    return pictures._arrow_names(pictures._network(graph), pictures._places(graph))


def test_each_of_two_opposite_arrows_has_its_name_and_its_direction() -> None:
    labels = labels_of(THERE_AND_BACK)
    assert labels[0, 1] == "→ power_on\n← power_off"
    assert labels[0, 2] == "power_on"
    assert set(labels[1, 2].split("\n")) in ({"↑ move", "↓ take back"}, {"↓ move", "↑ take back"})
    assert set(labels) == {(0, 1), (0, 2), (1, 2)}


def test_the_page_says_what_the_numbers_of_the_states_are() -> None:
    few = to_html(result(BROKEN, graph=GRAPH))
    assert "The numbers count the states" in few
    assert "<td>1</td><td>up[A]: no</td>" in few
    many = StateGraph(("start",) * 46, (0, *(1,) * 45), frozenset(), ())
    assert "The numbers count" not in to_html(result(BROKEN, graph=many))


def axes_of(draw: Any, *arguments: Any) -> Any:
    axes = Figure().add_subplot()
    draw(axes, *arguments)
    return axes


def test_a_copy_without_memory_has_no_height_and_is_named_below_its_host() -> None:
    failed, working = VIEW.hosts
    assert [text.get_text() for text in axes_of(pictures._host, 0, failed).texts] == []
    assert [text.get_text() for text in axes_of(pictures._host, 0, working).texts] == ["A1", "B1"]
    assert pictures._named(failed) == "A\nfailed\nstale: A1"
    assert pictures._named(working) == "B\nmaster"
    legend = axes_of(pictures._legend, VIEW).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["running", "secondary", "free"]


def test_only_what_is_left_behind_or_off_reserves_nothing() -> None:
    states = ("running", "receiving", "secondary", "stopped", "stale", "powered off")
    assert [s for s in states if not reserves(CopyView("A1", s, 1, 1))] == ["stale", "powered off"]


def test_the_title_of_a_graph_counts_one_as_one() -> None:
    assert pictures._caption(GRAPH) == "3 states, 3 steps; 1 of them, without any change, left out"
    assert re.match("1 state, 0 steps$", pictures._caption(StateGraph(("start",), (0,), frozenset(), ())))
