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
