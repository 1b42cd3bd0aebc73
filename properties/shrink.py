"""Shorten a run while it still shows what it showed: parts are cut out and the rest is taken again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model.language.plain import Packed
from ..solver.compiled import Kernel


def shortened(
    kernel: Kernel, start: Packed, taken: Sequence[int], shows: Callable[[Packed], bool]
) -> list[int]:
    """A run from the same start in which no single part can be left out.

    Steps that are no longer possible after a cut are left out with it.
    """
    best = _cut_at_first_sight(kernel, start, list(taken), shows)
    size = max(1, len(best) // 2)
    while True:
        shorter = _without_one_part(kernel, start, best, size, shows)
        if shorter is not None:
            best = shorter
        elif size > 1:
            size //= 2
        else:
            return best


def _without_one_part(
    kernel: Kernel, start: Packed, taken: list[int], size: int, shows: Callable[[Packed], bool]
) -> list[int] | None:
    for begin in range(0, len(taken), size):
        shorter = _replayed(kernel, start, taken[:begin] + taken[begin + size :], shows)
        if shorter is not None and len(shorter) < len(taken):
            return shorter
    return None


def _replayed(
    kernel: Kernel, start: Packed, taken: list[int], shows: Callable[[Packed], bool]
) -> list[int] | None:
    """The steps that are still possible, up to where the run shows it; None when it no longer does."""
    packed, kept = start, list[int]()
    for position in taken:
        if kernel.guards[position](packed):
            packed = kernel.effects[position](packed)
            kept.append(position)
            if shows(packed):
                return kept
    return kept if shows(packed) else None


def _cut_at_first_sight(
    kernel: Kernel, start: Packed, taken: list[int], shows: Callable[[Packed], bool]
) -> list[int]:
    found = _replayed(kernel, start, taken, shows)
    return taken if found is None else found
