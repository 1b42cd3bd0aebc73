"""Parts of results in words, the same on the terminal and on the page."""

from __future__ import annotations

from ..properties.results import Result, Step

_MOST_CHANGES = 8


def counts_of(result: Result) -> str:
    """States, transitions, levels, seed and seconds, as far as they are known."""
    parts = [
        f"{result.states:,} states" if result.states is not None else "",
        f"{result.transitions:,} transitions" if result.transitions is not None else "",
        f"{result.depth} levels" if result.depth is not None else "",
        f"seed {result.seed}" if result.seed is not None else "",
        f"{result.seconds:.2f} s",
    ]
    return ", ".join(filter(None, parts))


def details_of(result: Result) -> list[str]:
    """What a diagram engine adds, in words."""
    details, found = result.details, list[str]()
    if "nodes" in details:
        found.append(
            f"the set of states is a diagram of {details['nodes']:,} nodes over {details['bits']} bits;"
            f" {details['events']} events stand for {details['instances']} action instances"
        )
    cone = details.get("cone")
    if isinstance(cone, dict):
        cut = ", ".join(cone["fields_cut"]) or "no whole field"
        found.append(
            f"cone of influence: {cone['cells']} of {cone['of_cells']} cells, {cone['instances']} of"
            f" {cone['of_instances']} action instances; states are counted without the rest. Cut away: {cut}"
        )
    return found


def value_text(value: object) -> str:
    """A value of a scope or a setting."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def called(step: Step) -> str:
    """The action with its arguments: ``restart(vm=A2, host=B)``."""
    return f"{step.action}({', '.join(f'{name}={value}' for name, value in step.arguments)})"


def changes_of(step: Step) -> list[str]:
    """What a step changed, a line a cell; the rest is counted."""
    lines = [
        f"{c.field}[{', '.join(c.place)}]: {c.before} -> {c.after}"
        if c.place
        else f"{c.field}: {c.before} -> {c.after}"
        for c in step.changes
    ]
    more = len(lines) - _MOST_CHANGES
    return lines if more <= 1 else [*lines[:_MOST_CHANGES], f"and {more} more"]
