"""The states a run starts from: all states in which the initial statements hold.

Conditions that fix a cell are used first; what they leave open is tried value by value.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from ..model.language.plain import Packed
from ..model.language.scope import Scope
from ..model.language.terms import (
    And,
    Arithmetic,
    Cell,
    Const,
    Equal,
    Less,
    Not,
    Or,
    Term,
    Where,
)
from .ground import (
    Grounder,
    cells_of,
    choice,
    combination,
    conjunction,
    constant,
    disjunction,
    equality,
    is_false,
    is_true,
    opposite,
    order,
    same_value,
)

Known = dict[int, int]


def initial_states(scope: Scope, shuffle: random.Random | None = None) -> Iterator[Packed]:
    """Every initial state once; with ``shuffle`` in a random order (not uniform)."""
    grounder = Grounder(scope)
    whole = conjunction([grounder.statement(predicate) for predicate in scope.initial_predicates()])
    known = {index: len(cell.values) - 1 for index, cell in enumerate(scope.cells) if cell.field not in scope.model.fields}
    yield from _solve(scope, _split(whole), known, shuffle)


def _split(term: Term) -> list[Term]:
    return [] if is_true(term) else list(term.parts) if isinstance(term, And) else [term]


def _solve(scope: Scope, conditions: list[Term], known: Known, shuffle: random.Random | None) -> Iterator[Packed]:
    outcome = _propagate(scope, conditions, known)
    if outcome is None:
        return
    conditions, known = outcome
    index = _most_urgent(scope, conditions, known)
    if index is None:
        yield bytes(known[i] for i in range(len(scope.cells)))
        return
    codes = list(range(len(scope.cells[index].values)))
    if shuffle is not None:
        shuffle.shuffle(codes)
    for code in codes:
        yield from _solve(scope, conditions, {**known, index: code}, shuffle)


def _propagate(scope: Scope, conditions: list[Term], known: Known) -> tuple[list[Term], Known] | None:
    """Use what is known until nothing changes; None when a condition is false."""
    known = dict(known)
    while True:
        open_conditions: list[Term] = []
        learned = False
        for condition in conditions:
            reduced = substitute(scope, condition, known)
            if is_false(reduced):
                return None
            for part in _split(reduced):
                fixed = _fixes(scope, part)
                if fixed is None:
                    open_conditions.append(part)
                elif known.setdefault(*fixed) != fixed[1]:
                    return None
                else:
                    learned = True
        conditions = open_conditions
        if not learned:
            return conditions, known


def _fixes(scope: Scope, condition: Term) -> tuple[int, int] | None:
    """The cell and the code that a condition forces, if it forces one."""
    match condition:
        case Cell(index=index):
            return index, 1
        case Not(part=Cell(index=index)):
            return index, 0
        case Equal(left=Cell(index=index), right=Const(value=value)) | Equal(
            left=Const(value=value), right=Cell(index=index)
        ):
            codes = [c for c, v in enumerate(scope.cells[index].values) if same_value(v, value)]
            return (index, codes[0]) if codes else None
    return None


def _most_urgent(scope: Scope, conditions: list[Term], known: Known) -> int | None:
    """A cell to try next: one of the condition with the fewest open cells, else any open cell."""
    best = min((cells_of(condition) for condition in conditions), key=len, default=None)
    if best:
        return min(best)
    return next((index for index in range(len(scope.cells)) if index not in known), None)


def substitute(scope: Scope, term: Term, known: Known) -> Term:
    """The term with the known cells replaced by their values, simplified."""

    def again(part: Term) -> Term:
        return substitute(scope, part, known)

    match term:
        case Const():
            return term
        case Cell(index=index):
            return constant(scope.cells[index].values[known[index]], term.domain) if index in known else term
        case Not(part=part):
            return opposite(again(part))
        case And(parts=parts):
            return conjunction(map(again, parts))
        case Or(parts=parts):
            return disjunction(map(again, parts))
        case Equal(left=left, right=right):
            return equality(again(left), again(right))
        case Less(left=left, right=right):
            return order(again(left), again(right))
        case Arithmetic(operator=operator, left=left, right=right):
            return combination(operator, again(left), again(right))
        case Where(condition=condition, yes=yes, otherwise=otherwise):
            return choice(again(condition), again(yes), again(otherwise))
    raise TypeError(f"not a ground term: {type(term).__name__}")
