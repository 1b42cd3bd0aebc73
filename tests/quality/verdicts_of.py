"""Print what does not hold in a small scope, with the vmproof that is first on the path; run as a program."""

from __future__ import annotations

import json
import sys
from typing import Any

from vmproof.model.language import ModelError
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties import possible, progress, safety, unpromised
from vmproof.properties.check import can_be_asked
from vmproof.properties.lasso import endless_wait
from vmproof.properties.search import Limits, search
from vmproof.properties.teeth import SMALL

CATALOGUE = (safety, unpromised, possible, progress)
MORE: dict[str, dict[str, Any]] = {
    "cold migration": {
        **{"hosts": 2, "datastores": 2, "storage_vmotion": True, "budgets": {"migration_timeout": 1}},
        "statics": {"placed_off": {"v1": True}},
    },
    "conversion and crash": {
        **{"hosts": 2, "budgets": {"host_crash": 1}, "statics": {"to_convert": {"v1": True}}},
    },
    "narrow pair": {
        **{"hosts": 2, "vms": 2, "budgets": {"ft_enable": 1}},
        "statics": {"memory": {"h1": 2, "h2": 1}},
    },
}


def troubles(name: str) -> list[str]:
    """Violated invariants, waits without end, a deadlock, unseen possibilities, writes out of range."""
    scope = alike(**{**SMALL, **MORE}[name])
    asked = [p for p in scope.model.of_kind("possible") if can_be_asked(scope, p)]
    try:
        found = search(
            scope, invariants_of(scope.model), asked, limits=Limits(states=60_000), keeps_edges=True
        )
    except ModelError as error:
        return [str(problem.message) for problem in error.problems]
    bad = [*found.violations, *(p.name for p in asked if p.name not in found.witnesses)]
    bad += ["deadlock"] if found.deadlock else []
    if found.complete:
        bad += [p.name for p in scope.model.of_kind("progress") if endless_wait(found, p).lasso]
    return sorted(bad)


if __name__ == "__main__":
    print(json.dumps({name: troubles(name) for name in sys.argv[1:]}))
