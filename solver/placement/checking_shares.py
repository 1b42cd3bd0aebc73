"""The independent checker of entitlements: no water levels, only what must hold of a division."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Row = tuple[int, int, int]
"""Reservation, most that is wanted, shares."""


def check_division(capacity: int, rows: Sequence[Row], given: Sequence[Fraction]) -> list[str]:
    """What is wrong with a division of a host's capacity among VMs."""
    found = [
        f"row {i} gets {float(g):g}, outside {least} to {most}"
        for i, ((least, most, _), g) in enumerate(zip(rows, given, strict=True))
        if not least <= g <= most
    ]
    wanted, reserved = sum(row[1] for row in rows), sum(row[0] for row in rows)
    if sum(given) != max(min(capacity, wanted), reserved):
        found.append(f"{float(sum(given)):g} are given of {capacity}, and {wanted} are wanted")
    for i, (_, most, shares) in enumerate(rows):
        for j, (least, _, others) in enumerate(rows):
            envies = given[i] < most and given[j] > least
            if envies and given[i] * others < given[j] * shares:
                found.append(f"row {i} gets less for its shares than row {j}, which has more than reserved")
    return found
