"""vmproof: an executable formal model of a cluster of hypervisors, and the machinery to trust it."""

from typing import TYPE_CHECKING, Any

from .model.language import (
    NOBODY,
    Action,
    Field,
    Instance,
    Maybe,
    Mechanism,
    ModelError,
    NotPossible,
    Predicate,
    Range,
    Scope,
    Setting,
    Sort,
    State,
    Static,
    action,
    at,
    axiom,
    derived,
    final,
    initial,
    invariant,
    leads_to,
    lemma,
    mechanism,
    no,
    observe,
    possible,
    progress,
    require,
    where,
)

if TYPE_CHECKING:
    from .loading import load
    from .properties.check import check
    from .properties.replay import replay
    from .properties.sample import machine_for

_LATER = {
    "load": "loading",
    "check": "properties.check",
    "replay": "properties.replay",
    "machine_for": "properties.sample",
}


def __getattr__(name: str) -> Any:
    """Engines are imported when they are first asked for, so that a model file loads quickly."""
    if name not in _LATER:
        raise AttributeError(f"module 'vmproof' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LATER[name]}", __name__), name)


__all__ = [
    "NOBODY",
    "Action",
    "Field",
    "Instance",
    "Maybe",
    "Mechanism",
    "ModelError",
    "NotPossible",
    "Predicate",
    "Range",
    "Scope",
    "Setting",
    "Sort",
    "State",
    "Static",
    "action",
    "at",
    "axiom",
    "check",
    "derived",
    "final",
    "initial",
    "invariant",
    "lemma",
    "leads_to",
    "load",
    "machine_for",
    "mechanism",
    "no",
    "observe",
    "possible",
    "progress",
    "replay",
    "require",
    "where",
]
