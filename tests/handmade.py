"""Results made by hand, for the tests of the renderers."""

from __future__ import annotations

from vmproof.properties.results import (
    Change,
    ClusterView,
    CopyView,
    Coverage,
    Finding,
    GuardCoverage,
    HostView,
    Result,
    StateGraph,
    Step,
    Verdict,
)

STEP = Step(
    "restart",
    (("vm", "A2"), ("host", "B<script>")),
    "The master has a VM powered on again.",
    "master",
    "protocol",
    tuple(Change("copy", ("A2", f"h{i}"), "none", "running") for i in range(12)),
    "unreserved memory: B 40 MiB",
)
FAULT = Step(
    "host_crash",
    (("host", "A"),),
    "A host fails.",
    "environment",
    "fault",
    (Change("up", ("A",), "yes", "no"),),
)
HELD = Finding(
    "unique_master",
    "invariant",
    "One master.",
    Verdict.HOLDS,
    "search",
    "all 5 reachable states",
    ("election",),
)
BROKEN = Finding(
    "single_live_primary",
    "invariant",
    "One <primary>.",
    Verdict.REFUTED,
    "search",
    "violated after 2 steps",
    trace=(FAULT, STEP),
    program='replay(scope, [\n    "host_crash(A)",\n])',
)
VIEW = ClusterView(
    "before the failure",
    (
        HostView("A", False, "failed", 24_000, 65_536, (CopyView("A1", "stale", 4_000, 8_192),)),
        HostView(
            "B",
            True,
            "master",
            24_000,
            65_536,
            (CopyView("A1", "running", 4_000, 8_192), CopyView("B1", "secondary", 1, 900)),
        ),
    ),
)
GRAPH = StateGraph(
    ("start", "up[A]: no", "bad"),
    (0, 1, 2),
    frozenset({2}),
    ((0, 1, "crash"), (1, 2, "restart"), (2, 2, "stay")),
)


def result(*findings: Finding, **more: object) -> Result:
    """A result with these findings."""
    plain = {
        "command": "check",
        "model": "Cluster",
        "scope": {"name": "figure-1", "hosts": 4, "without": ["vm disk lock"]},
        "settings": {"ha": True, "drs": "off"},
        "findings": findings,
        "states": 12_345,
        "transitions": 54_321,
        "depth": 7,
        "seconds": 1.25,
        "coverage": Coverage(
            {"restart": 3, "host_return": 0}, (GuardCoverage("restart", "no master", 3, 2, 0),)
        ),
        "notes": ("a note",),
    }
    return Result(**{**plain, **more})  # type: ignore[arg-type]
