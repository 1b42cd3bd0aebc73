"""``vmproof list``: what a model can do, what must hold in it, and what protects it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .limits import spoken
from .model.language.predicates import invariants_of
from .model.language.recording import Guard
from .model.language.scope import Scope
from .model.language.state import Model

if TYPE_CHECKING:
    from rich.console import Console

    from .properties.teeth import Tooth


def listing(scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Actions, properties, mechanisms and settings with their sentences and sources, as plain data."""
    model = scope.model
    return {
        "actions": [
            {
                "name": action.name,
                "parameters": [f"{p.name}: {p.domain}" for p in action.parameters],
                "agent": action.agent,
                "kind": action.kind,
                "fairness": action.fairness,
                "mechanism": action.mechanism,
                "budget": action.budget,
                "sentence": action.sentence,
                "guards": [_guard(guard) for guard in scope.traces[action.name].guards]
                if scope.on(action.mechanism)
                else [],
                "source": action.source,
                "where": str(action.where),
            }
            for action in model.actions.values()
        ],
        "properties": [
            {
                "name": predicate.name,
                "asks": predicate.kind,
                "mechanism": list(predicate.mechanism),
                "sentence": predicate.sentence,
                "source": predicate.source,
                "where": str(predicate.where),
            }
            for predicate in (*invariants_of(model), *model.of_kind("possible"), *model.of_kind("progress"))
        ],
        "mechanisms": _mechanisms(model),
        "settings": [
            {"name": s.name, "values": list(s.values), "now": scope.all_settings[s.name], "sentence": s.doc}
            for s in model.settings.values()
        ],
    }


def _guard(guard: Guard) -> str:
    return guard.reason + (f" ({guard.mechanism})" if guard.mechanism else "")


def _mechanisms(model: Model) -> list[dict[str, Any]]:
    protects: dict[str, list[str]] = {name: [] for name in model.mechanisms}
    for predicate in model.predicates.values():
        for name in predicate.mechanism:
            protects[name].append(predicate.name)
    return [
        {
            "name": m.name,
            "sentence": m.says,
            "removed": m.removed,
            "protects": protects[m.name],
            "teeth": _teeth(model, m.name),
            "source": m.source,
        }
        for m in model.mechanisms.values()
    ]


def _teeth(model: Model, mechanism: str) -> list[str]:
    """What breaks without it, in which small scope and in how many steps, as the tests measure it."""
    from .model.cluster.state import Cluster
    from .properties.teeth import TOOTHLESS, teeth_of

    if model is not Cluster.model:
        return []
    found = [_bite(tooth, mechanism) for tooth in teeth_of(mechanism)]
    return found or [f"nothing breaks: {TOOTHLESS[mechanism]}"]


def _bite(tooth: Tooth, mechanism: str) -> str:
    others = " and ".join(name for name in tooth.without if name != mechanism)
    steps = "by a run that goes round for ever" if tooth.steps is None else f"in {tooth.steps} steps"
    steps = "in 1 step" if tooth.steps == 1 else steps
    masked = f", if {others} is removed too" if others else ""
    return f"{tooth.broken} is refuted {steps} (small scope {tooth.scope!r}){masked}"


def print_listing(scope: Scope, console: Console, only: str | None, as_json: bool) -> None:
    """Print the listing, or the one part of it that is asked for."""
    found = listing(scope)
    parts = {only: found[only]} if only else found
    if as_json:
        console.file.write(json.dumps(parts, indent=2) + "\n")
        return
    for title, rows in parts.items():
        console.print(f"{title} of {scope.model.name} ({len(rows)})", style="bold", markup=False)
        for row in rows:
            _print_row(console, title, row)
        console.print()


def _print_row(console: Console, title: str, row: dict[str, Any]) -> None:
    head = f"{row['name']}({', '.join(row['parameters'])})" if title == "actions" else row["name"]
    console.print(f"  {head}", style="cyan", markup=False, highlight=False)
    for line in _details(title, row):
        console.print(f"      {line}", markup=False, highlight=False, soft_wrap=True)


def _details(title: str, row: dict[str, Any]) -> list[str]:
    lines = [row["sentence"]] if row["sentence"] else []
    if title == "actions":
        tags = [
            row["kind"],
            row["agent"],
            row["fairness"] and f"{row['fairness']}ly fair",
            row["budget"] and f"budget {row['budget']}",
        ]
        lines.append("; ".join(tag for tag in tags if tag))
        lines += [f"not possible when: {reason}" for reason in row["guards"]]
    if title == "properties":
        lines += [
            row["asks"] + (f"; protected by: {', '.join(row['mechanism'])}" if row["mechanism"] else "")
        ]
    if title == "mechanisms":
        lines += [f"without it: {row['removed']}"] if row["removed"] else []
        lines += [f"shown by: {bite}" for bite in row["teeth"]]
        lines += [f"protects: {', '.join(row['protects'])}"] if row["protects"] else []
    if title == "settings":
        lines.append(f"{spoken(row['now'])} (of: {', '.join(map(spoken, row['values']))})")
    return lines + ([f"source: {row['source']}"] if row.get("source") else [])
