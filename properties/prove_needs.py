"""Which mechanisms a proof cannot do without: each that it names is left out once, and it is tried again.

A proof names what its answers used, and another proof may use less. To ask for one takes as long as many
proofs do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .prove import Attempt

Uses = dict[str, tuple[str, ...]]


def needed(attempt: Attempt, uses: Uses) -> Uses:
    """For each property the mechanisms of a proof of which none can be left out. ``attempt`` has ended."""
    asked = {name: found for name, found in uses.items() if name in attempt.properties}
    spare: dict[str, set[str]] = {name: set() for name in asked}
    for mechanism in sorted({m for found in asked.values() for m in found}):
        group = [name for name, found in asked.items() if mechanism in found]
        for name in _proved_without(attempt, (mechanism,), group):
            spare[name].add(mechanism)
    return {**uses, **{name: _least(attempt, name, uses[name], spare[name]) for name in asked}}


def _least(attempt: Attempt, name: str, uses: tuple[str, ...], spare: Iterable[str]) -> tuple[str, ...]:
    """Leave out one mechanism after the other, as long as there is a proof."""
    left_out: tuple[str, ...] = ()
    for mechanism in sorted(spare):
        found = _proved_without(attempt, (*left_out, mechanism), [name])
        if name in found:
            left_out, uses = (*left_out, mechanism), found[name]
    return uses


def _proved_without(attempt: Attempt, mechanisms: tuple[str, ...], names: Iterable[str]) -> Uses:
    """The properties that are proved without these mechanisms, with those that their proofs use."""
    scope = replace(attempt.scope, without=(*attempt.scope.without, *mechanisms))
    again = type(attempt)(scope, replace(attempt.options, only=tuple(names), explain=False, needs=False))
    again.run()
    found = again.uses()
    return {name: found[name] for name in names if name in found}
