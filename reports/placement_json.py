"""Answers of the placement optimizer as JSON, by the contract "vmproof.result/1"."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..properties.results import SCHEMA
from ..solver.placement.answers import Answer, Explanation, Plan, Policy, Survival, Verdict, host_name


def to_json(found: Answer | Survival) -> str:
    """The answer as one JSON object."""
    return json.dumps(as_data(found), indent=2, ensure_ascii=False)


def as_data(found: Answer | Survival) -> dict[str, Any]:
    """The answer as plain data."""
    return _survival(found) if isinstance(found, Survival) else _answer(found)


def _common(found: Answer | Survival, query: str) -> dict[str, Any]:
    problem = found.problem
    scope = {
        "name": problem.name,
        "hosts": len(problem.hosts),
        "vms": len(problem.vms),
        "rules": len(problem.rules),
    }
    return {
        "schema": SCHEMA,
        "command": f"place {query}",
        "scope": scope,
        "settings": {"mode": problem.mode},
        "verdict": found.verdict.value,
        "exit": found.exit,
        "states": None,
        "transitions": None,
        "depth": None,
        "seconds": round(found.seconds, 3),
        "results": [],
        "notes": list(found.notes),
    }


def _answer(found: Answer) -> dict[str, Any]:
    problem, bound = found.problem, found.bound
    return {
        **_common(found, found.query),
        "seed": found.seed,
        "target": found.target / 10_000,
        "objective": {"value": found.objective, "counts": found.counts, "gap": found.gap},
        "bound": None if bound is None else {**asdict(bound)},
        "placement": {problem.vms[v].name: host_name(problem, h) for v, h in enumerate(found.placement)},
        "moves": [asdict(move) for move in found.moves],
        "contention": [asdict(row) for row in found.contention],
        "checked": list(found.checked),
        "unchecked": list(found.unchecked),
        "refused": list(found.refused),
        "given_up": list(found.given_up),
        "explanation": _explanation(found.explanation),
        "plan": None if found.plan is None else _plan(found, found.plan),
        "history": [asdict(tick) for tick in found.history],
    }


def _plan(found: Answer, plan: Plan) -> dict[str, Any]:
    problem = found.problem
    steps = [
        [
            {
                "vm": problem.vms[move.vm].name,
                "from": host_name(problem, move.source),
                "to": host_name(problem, move.target),
                "temporary_stop": move.stop,
            }
            for move in step
        ]
        for step in plan.steps
    ]
    return {
        "verdict": plan.verdict.value,
        "reason": plan.reason,
        "not_replayed": list(plan.not_replayed),
        "checked_by_model": plan.checked,
        "steps": steps,
    }


def _explanation(found: Explanation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    table = {vm: {host: list(reasons) for host, reasons in row} for vm, row in found.table}
    core = None if found.core is None else asdict(found.core)
    return {
        "summary": found.summary,
        "table": table,
        "core": core,
        "cures": [asdict(cure) for cure in found.cures],
        "conflicts": list(found.conflicts),
    }


def is_right(policy: Policy, found: Survival) -> bool | None:
    """Whether a policy says what is true of the cluster; None where that was not decided."""
    if found.verdict not in (Verdict.PROVED, Verdict.REFUTED):
        return None
    return policy.says == (found.verdict is Verdict.PROVED)


def _survival(found: Survival) -> dict[str, Any]:
    return {
        **_common(found, "survive"),
        "seed": None,
        "failures": found.failures,
        "failure_sets": found.of,
        "witnesses": found.witnesses,
        "broken": list(found.broken),
        "left_over": list(found.left),
        "undecided": list(found.undecided),
        "policies": [{**asdict(policy), "right": is_right(policy, found)} for policy in found.policies],
        "explanation": _explanation(found.explanation),
    }
