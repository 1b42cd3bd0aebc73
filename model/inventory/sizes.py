"""Sizes with units: "64 GiB" is 65,536 MiB, "2.4 GHz" is 2,400 MHz."""

from __future__ import annotations

import re

UNITS = {
    "cpu": {"mhz": 1, "ghz": 1000},
    "memory": {"mib": 1, "mb": 1, "gib": 1024, "gb": 1024, "tib": 1024**2, "tb": 1024**2},
    "link": {"mb/s": 1, "gb/s": 1000},
    "capacity": {"gib": 1, "gb": 1, "tib": 1024, "tb": 1024},
}
LARGEST = 10**12  # larger is a slip of the keyboard; sums of sizes stay printable and exact
_SIZE = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([A-Za-z/]+)\s*")


def number_of(value: object, kind: str) -> int | None:
    """The size in MHz, MiB, GiB or Mb/s (cpu, memory, capacity, link); None for what is no such size."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= LARGEST else None
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    factor = UNITS[kind].get(match[2].lower()) if match else None
    number = round(float(match[1]) * factor) if match and factor else None
    return number if number is not None and number <= LARGEST else None
