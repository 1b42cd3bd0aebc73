"""Parts of results in words, the same on the terminal and on the page."""

from __future__ import annotations

from typing import Any

from ..properties.results import CopyView, Result, Step

_MOST_CHANGES = 8
_WITHOUT_MEMORY = ("stale", "powered off")


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 step", "1,234 steps"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def reserves(copy: CopyView) -> bool:
    """Whether its host keeps memory for a copy: not for what a failure or a power-off has left there."""
    return copy.state not in _WITHOUT_MEMORY


def counts_of(result: Result) -> str:
    """States, transitions, levels, seed and seconds, as far as they are known."""
    parts = [
        counted(result.states, "state") if result.states is not None else "",
        counted(result.transitions, "transition") if result.transitions is not None else "",
        counted(result.depth, "level") if result.depth is not None else "",
        f"seed {result.seed}" if result.seed is not None else "",
        f"{result.seconds:.2f} s",
    ]
    return ", ".join(filter(None, parts))


def details_of(result: Result) -> list[str]:
    """What a diagram engine adds, in words."""
    details: dict[str, Any] = result.details
    found = list[str]()
    if "nodes" in details:
        found.append(
            f"the set of states is a diagram of {counted(details['nodes'], 'node')} over"
            f" {counted(details['bits'], 'bit')}; {counted(details['events'], 'event')} for"
            f" {counted(details['instances'], 'action instance')}"
        )
    cone = details.get("cone")
    if isinstance(cone, dict):
        cut = ", ".join(cone["fields_cut"]) or "no whole field"
        found.append(
            f"cone of influence: {cone['cells']} of {counted(cone['of_cells'], 'cell')},"
            f" {cone['instances']} of {counted(cone['of_instances'], 'action instance')};"
            f" states are counted without the rest. Cut away: {cut}"
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
