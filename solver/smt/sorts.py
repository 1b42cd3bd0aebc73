"""Whether a model's fields lead from a sort back to itself; this file imports no solver."""

from __future__ import annotations

from collections.abc import Mapping

from ...model.language.domains import MaybeMember, Member
from ...model.language.scope import Scope
from ...model.language.state import sort_of


def cycles(scope: Scope) -> list[str]:
    """Fields that lead from a sort back to itself: with these Z3 may not come to an end."""
    arrows: dict[str, set[str]] = {}
    for quantity in (*scope.model.fields.values(), *scope.model.statics.values()):
        if isinstance(quantity.value, Member | MaybeMember):
            target = quantity.value.of.__name__
            for domain in quantity.index:
                of = sort_of(domain)
                if of is not None:
                    arrows.setdefault(of.__name__, set()).add(target)
    return [
        f"fields lead from {sort} back to {sort}: a proof may not come to an end"
        for sort in arrows
        if sort in _reachable(arrows, sort)
    ]


def _reachable(arrows: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(arrows.get(start, ()))
    while waiting:
        sort = waiting.pop()
        if sort not in found:
            found.add(sort)
            waiting.extend(arrows.get(sort, ()))
    return found
