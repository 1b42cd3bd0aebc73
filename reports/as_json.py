"""A result as JSON, by the contract "vmproof.result/1"; and files that are never half-written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..properties.proofs import FailedInduction, Proof
from ..properties.results import SCHEMA, Coverage, Finding, Result, Step
from ..solver.files import written_whole


def to_json(result: Result) -> str:
    """The result as one JSON object."""
    return json.dumps(as_data(result), indent=2, ensure_ascii=False)


def as_data(result: Result) -> dict[str, Any]:
    """The result as plain data, keys as in the verdict contract."""
    return {
        "schema": SCHEMA,
        "command": result.command,
        "model": result.model,
        "scope": result.scope,
        "settings": result.settings,
        "verdict": result.verdict.value,
        "exit": result.exit,
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth,
        "seconds": round(result.seconds, 3),
        "seed": result.seed,
        "results": [_finding(finding) for finding in result.findings],
        "coverage": _coverage(result.coverage),
        "notes": list(result.notes),
        "details": result.details,
        "story": [_step(step) for step in result.story],
        **({} if result.proof is None else {"proof": proof_data(result.proof)}),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "property": finding.property,
        "asks": finding.asks,
        "verdict": finding.verdict.value,
        "expected": finding.expected,
        "engine": finding.engine,
        "reason": finding.reason,
        "sentence": finding.sentence,
        "mechanism": list(finding.mechanism),
        "source": finding.source,
        "trace": None if finding.trace is None else [_step(step) for step in finding.trace],
        "round": finding.round,
        "more": [[_step(step) for step in trace] for trace in finding.more],
        "program": finding.program,
    }


def _step(step: Step) -> dict[str, Any]:
    changes = [
        {"field": c.field, "place": list(c.place), "before": c.before, "after": c.after} for c in step.changes
    ]
    return {
        "action": step.action,
        "arguments": dict(step.arguments),
        "agent": step.agent,
        "kind": step.kind,
        "sentence": step.sentence,
        "because": step.because,
        "changes": changes,
    }


def proof_data(proof: Proof) -> dict[str, Any]:
    """A proof attempt: every obligation, the mechanisms and lemmas of each proof, failed inductions."""
    return {
        "obligations": [{**asdict(o), "needs": list(o.needs)} for o in proof.obligations],
        "untouched": proof.untouched,
        "uses": {name: list(used) for name, used in proof.uses.items()},
        "leans_on": {name: list(lemmas) for name, lemmas in proof.leans_on.items()},
        "failed_inductions": [_induction(failed) for failed in proof.inductions],
        "starts": proof.starts,
        "idle": list(proof.idle),
        "suggestions": [{**asdict(found), "closes": list(found.closes)} for found in proof.suggestions],
    }


def _induction(failed: FailedInduction) -> dict[str, Any]:
    return {
        "goal": failed.obligation.goal,
        "action": failed.obligation.action,
        "scope": failed.scope,
        "state": dict(failed.state),
        "step": None if failed.step is None else _step(failed.step),
        "held": list(failed.held),
        "reached": failed.reached,
        "run": [_step(step) for step in failed.run],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    guards = [
        {"action": g.action, "guard": g.reason, "held": g.held, "failed": g.failed, "decisive": g.decisive}
        for g in coverage.guards
    ]
    return {"fired": coverage.fired, "never_fired": list(coverage.never_fired), "guards": guards}


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: into a temporary file beside it, then renamed."""
    with written_whole(path) as new:
        new.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, as UTF-8."""
    write_bytes(path, text.encode("utf-8"))
