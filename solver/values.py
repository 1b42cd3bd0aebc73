"""Which values each cell can have at all: what no action can ever write needs no room in a diagram.

Cells are looked at one by one: an action is taken for possible when each of its guards is, with the values
that the cells are known to have so far; what it then writes is added, until nothing new comes. So every value
that occurs in a reachable state is found, and perhaps some that do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..model.language.building import compute
from ..model.language.scope import Scope
from ..model.language.terms import And, Arithmetic, Cell, Const, Equal, Less, Not, Or, Term, Where
from .ground import GroundAction, GroundWrite, cells_of

MOST_NUMBERS = 64
Values = frozenset[Any] | range
TRUE, FALSE, EITHER = frozenset({True}), frozenset({False}), frozenset({False, True})


def possible_codes(
    scope: Scope, actions: Iterable[GroundAction], initial: Sequence[Iterable[int]]
) -> tuple[tuple[int, ...], ...]:
    """For each cell the codes that it can have in a reachable state, and perhaps some more.

    ``initial``: for each cell the codes that it can have at the start.
    """
    codes = [set(allowed) for allowed in initial]
    waiting = dict.fromkeys(_Reader(scope, action) for action in actions)
    readers: dict[int, list[_Reader]] = {}
    for reader in waiting:
        for cell in reader.reads:
            readers.setdefault(cell, []).append(reader)
    while waiting:
        reader = next(iter(waiting))
        del waiting[reader]
        for cell, new in reader.written(codes):
            if not new <= codes[cell]:
                codes[cell] |= new
                waiting |= dict.fromkeys(readers.get(cell, ()))
    return tuple(tuple(sorted(allowed)) for allowed in codes)


class _Reader:
    """One action instance: what it reads, and what it can write where cells have certain codes."""

    def __init__(self, scope: Scope, action: GroundAction) -> None:
        self.scope = scope
        parts = [part for guard in action.guards for part in _split(guard.condition)]
        self.narrow = [(part, cells) for part in parts if len(cells := cells_of(part)) == 1]
        self.wide = [part for part in parts if len(cells_of(part)) != 1]
        self.assignments = action.assignments
        self.reads = cells_of(*parts, *(write.value for write in action.assignments))

    def written(self, codes: Sequence[set[int]]) -> list[tuple[int, set[int]]]:
        """The cells that can be written, each with the codes that it can get."""
        known: dict[int, set[int]] = {}
        for part, (cell,) in self.narrow:
            allowed = known.get(cell, codes[cell])
            known[cell] = {c for c in allowed if True in _Outcomes(self.scope, {cell: {c}}, codes).of(part)}
            if not known[cell]:
                return []
        outcomes = _Outcomes(self.scope, known, codes)
        if not all(True in outcomes.of(part) for part in self.wide):
            return []
        return [(write.index, self._codes(write, outcomes)) for write in self.assignments]

    def _codes(self, write: GroundWrite, outcomes: _Outcomes) -> set[int]:
        found = outcomes.of(write.value)
        return {code for code, value in enumerate(self.scope.cells[write.index].values) if value in found}


class _Outcomes:
    """The values that terms can have where cells have the ``known`` codes, the others any of ``codes``."""

    def __init__(self, scope: Scope, known: dict[int, set[int]], codes: Sequence[set[int]]) -> None:
        self._scope, self._known, self._codes = scope, known, codes
        self._memory: dict[int, Values] = {}

    def of(self, term: Term) -> Values:
        """The values that a term can have, and perhaps some more."""
        found = self._memory.get(id(term))
        if found is None:
            found = self._memory[id(term)] = self._of(term)
        return found

    def _of(self, term: Term) -> Values:
        match term:
            case Const(value=value):
                return frozenset({value})
            case Cell(index=index):
                values = self._scope.cells[index].values
                return frozenset(values[code] for code in self._known.get(index, self._codes[index]))
            case Not(part=part):
                return frozenset(not value for value in self.of(part))
            case And(parts=parts):
                return self._folded(parts, decisive=False)
            case Or(parts=parts):
                return self._folded(parts, decisive=True)
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return self._either(self.of(condition), yes, otherwise)
            case Equal(left=left, right=right):
                return _equal(self.of(left), self.of(right))
            case Less(left=left, right=right):
                return _less(self.of(left), self.of(right))
            case Arithmetic(operator=operator, left=left, right=right):
                return _computed(operator, self.of(left), self.of(right))
        raise TypeError(f"not a ground term: {type(term).__name__}")

    def _folded(self, parts: Iterable[Term], *, decisive: bool) -> Values:
        """Of a conjunction (``decisive`` is False) or a disjunction: one decisive part decides."""
        open_ = False
        for part in parts:
            found = self.of(part)
            if (not decisive) not in found:
                return frozenset({decisive})
            open_ = open_ or decisive in found
        return EITHER if open_ else frozenset({not decisive})

    def _either(self, condition: Values, yes: Term, otherwise: Term) -> Values:
        if False not in condition:
            return self.of(yes)
        if True not in condition:
            return self.of(otherwise)
        return _union(self.of(yes), self.of(otherwise))


def _split(term: Term) -> tuple[Term, ...]:
    return term.parts if isinstance(term, And) else (term,)


def _union(one: Values, other: Values) -> Values:
    if isinstance(one, range) or isinstance(other, range):
        return range(min(*_ends(one), *_ends(other)), max(*_ends(one), *_ends(other)) + 1)
    return one | other


def _ends(values: Values) -> tuple[int, int]:
    return (values[0], values[-1]) if isinstance(values, range) else (min(values), max(values))


def _equal(left: Values, right: Values) -> Values:
    if len(left) == len(right) == 1:
        return TRUE if next(iter(left)) == next(iter(right)) else FALSE
    fewer, more = sorted((left, right), key=len)
    if isinstance(fewer, range) and isinstance(more, range):
        return EITHER if fewer[0] <= more[-1] and more[0] <= fewer[-1] else FALSE
    return EITHER if any(value in more for value in fewer) else FALSE


def _less(left: Values, right: Values) -> Values:
    (low, high), (other_low, other_high) = _ends(left), _ends(right)
    return TRUE if high < other_low else FALSE if low >= other_high else EITHER


def _computed(operator: str, left: Values, right: Values) -> Values:
    if len(left) * len(right) <= MOST_NUMBERS:
        return frozenset(compute(operator, one, other) for one in left for other in right)
    corners = [compute(operator, one, other) for one in _ends(left) for other in _ends(right)]
    return range(min(corners), max(corners) + 1)
