"""The smallest and the largest number that a term can be in a scope."""

from __future__ import annotations

from collections.abc import Mapping

from ...model.language.building import interval
from ...model.language.domains import Range
from ...model.language.scope import Scope
from ...model.language.terms import Arithmetic, At, Const, Count, Read, Term, Total, Where
from .folding import Call, Derived

Bounds = tuple[int, int]


def bounds(scope: Scope, derived: Mapping[str, Derived], term: Term) -> Bounds:
    """Bounds of a number; static data count with the values that the scope gives them."""

    def below(part: Term) -> Bounds:
        return bounds(scope, derived, part)

    match term:
        case Const(value=value):
            return value, value
        case Read(field=name) if name in scope.model.statics:
            values = scope.static_data[name].values()
            return min(values), max(values)
        case Call(predicate=predicate):
            return below(derived[predicate.name].body)
        case Where(yes=yes, otherwise=otherwise):
            return _both(below(yes), below(otherwise))
        case At(body=body, absent=absent):
            return _both(below(body), below(absent))
        case Arithmetic(operator=operator, left=left, right=right):
            found = interval(operator, Range(*below(left)), Range(*below(right)))
            assert isinstance(found, Range)
            return found.low, found.high
        case Count(var=var) | Total(var=var):
            members = len(var.domain.values(scope.sorts))
            low, high = (0, 1) if isinstance(term, Count) else below(term.body)
            return members * low, members * high
    assert isinstance(term.domain, Range)
    return term.domain.low, term.domain.high


def _both(one: Bounds, other: Bounds) -> Bounds:
    return min(one[0], other[0]), max(one[1], other[1])
