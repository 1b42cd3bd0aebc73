"""The states a run starts from: all states in which the initial statements hold.

Conditions that fix a cell are used first; what they leave open is tried value by value, and after each
try only the conditions that read a new cell are looked at again.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..model.language.plain import Packed
from ..model.language.scope import Scope
from ..model.language.terms import And, Arithmetic, Cell, Const, Equal, Less, Not, Or, Term, Where
from ..model.language.wording import show
from .ground import Grounder, cells_of
from .simplify import (
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

NO_START = "no initial state: the @initial statements contradict each other in this scope"
PLACES = 8
Known = dict[int, int]
"""Cells whose code is decided."""


def _nothing() -> None:
    """Called when nothing waits to be called."""


def initial_states(
    scope: Scope, shuffle: random.Random | None = None, on_try: Callable[[], None] = _nothing
) -> Iterator[Packed]:
    """Every initial state once; with ``shuffle`` in a random order, neighbours being alike.

    ``on_try`` is called now and then while a state is looked for; it may raise to end a long search.
    """
    return Starts(scope, on_try).each(shuffle)


@dataclass(frozen=True)
class _Branch:
    """What is decided so far, and what the conditions have become under it."""

    known: Known
    conditions: tuple[Term, ...]
    open_cells: tuple[frozenset[int], ...]
    """The cells that each condition still reads."""


class Starts:
    """The initial states of a scope, prepared once and listed or drawn as often as wanted.

    ``conditions``: the initial statements as ground conditions; budgets begin full beside them.
    """

    def __init__(self, scope: Scope, on_try: Callable[[], None] = _nothing) -> None:
        self.scope = scope
        self._on_try = on_try
        self.conditions = _conditions(scope)
        self._allowed = self._codes_allowed_by([c for c in self.conditions if len(cells_of(c)) == 1])
        rest = tuple(condition for condition in self.conditions if len(cells_of(condition)) != 1)
        reads = tuple(cells_of(condition) for condition in rest)
        self._readers: dict[int, list[int]] = {}
        for number, cells in enumerate(reads):
            for index in cells:
                self._readers.setdefault(index, []).append(number)
        decided = {index: codes[0] for index, codes in enumerate(self._allowed) if len(codes) == 1}
        nothing_yet = _Branch({}, rest, reads)
        self._root = self._settled(nothing_yet, decided, range(len(rest))) if all(self._allowed) else None

    @property
    def decided(self) -> Known:
        """The codes of the cells that are the same in all initial states, as far as that is plain to see."""
        return dict(self._root.known) if self._root is not None else {}

    @property
    def codes(self) -> list[list[int]]:
        """For each cell the codes that it can have in an initial state, and perhaps some more."""
        decided = self.decided
        return [[decided[i]] if i in decided else list(codes) for i, codes in enumerate(self._allowed)]

    def _codes_allowed_by(self, conditions: list[Term]) -> list[list[int]]:
        """For each cell the codes that pass the conditions about it alone; budgets begin full."""
        fields, cells = self.scope.model.fields, self.scope.cells
        allowed = [list(range(len(cell.values)))[0 if cell.field in fields else -1 :] for cell in cells]
        for condition in conditions:
            (index,) = cells_of(condition)
            allowed[index] = [code for code in allowed[index] if self._holds(condition, {index: code})]
        return allowed

    def _holds(self, condition: Term, known: Known) -> bool:
        return is_true(_substitute(self.scope, condition, known, {}))

    def each(self, shuffle: random.Random | None = None) -> Iterator[Packed]:
        """Every initial state once, neighbours being alike."""
        branches = [iter([self._root] if self._root is not None else [])]
        while branches:
            branch = next(branches[-1], None)
            if branch is None:
                branches.pop()
            elif (index := self._most_urgent(branch)) is None:
                yield from self._completed(branch, shuffle)
            else:
                branches.append(self._tries(branch, index, shuffle))

    def some(self, most: int, dice: random.Random) -> list[Packed]:
        """All initial states if there are no more than ``most``, else about so many, the first among them.

        They are taken from several places of the search, a few neighbours at each.
        """
        first = list(itertools.islice(self.each(), most + 1))
        if len(first) <= most:
            return first
        drawn = dict.fromkeys(first[:1])
        for _ in range(PLACES):
            drawn |= dict.fromkeys(itertools.islice(self.each(dice), most // PLACES))
        return list(drawn)[:most]

    def _most_urgent(self, branch: _Branch) -> int | None:
        """A cell to try next: one of the condition with the fewest open cells."""
        fewest = min(filter(None, branch.open_cells), key=len, default=None)
        return min(fewest) if fewest else None

    def _tries(self, branch: _Branch, index: int, shuffle: random.Random | None) -> Iterator[_Branch]:
        """The branch with each value of a cell that the conditions allow."""
        readers = self._who_reads(index, branch.open_cells)
        for code in self._codes(index, shuffle):
            self._on_try()
            tried = self._settled(branch, {index: code}, readers)
            if tried is not None:
                yield tried

    def _completed(self, branch: _Branch, shuffle: random.Random | None) -> Iterator[Packed]:
        """All states of a branch without open conditions: the other cells are free."""
        free = [index for index in range(len(self.scope.cells)) if index not in branch.known]
        for codes in itertools.product(*(self._codes(index, shuffle) for index in free)):
            known = {**branch.known, **dict(zip(free, codes, strict=True))}
            yield bytes(known[index] for index in range(len(self.scope.cells)))

    def _codes(self, index: int, shuffle: random.Random | None) -> list[int]:
        codes = list(self._allowed[index])
        if shuffle is not None:
            shuffle.shuffle(codes)
        return codes

    def _settled(self, branch: _Branch, decided: Known, changed: Iterable[int]) -> _Branch | None:
        """The branch with all that follows from a decision; None when a condition becomes false."""
        known, conditions, cells = branch.known | decided, list(branch.conditions), list(branch.open_cells)
        waiting = dict.fromkeys(changed)
        while waiting:
            number = waiting.popitem()[0]
            reduced = _substitute(self.scope, conditions[number], known, {})
            if is_false(reduced):
                return None
            conditions[number], cells[number] = reduced, cells_of(reduced)
            fixed = dict(fix for part in _split(reduced) if (fix := _fixes(self.scope, part)) is not None)
            if not all(code in self._allowed[index] for index, code in fixed.items()):
                return None
            known |= fixed
            waiting |= dict.fromkeys(n for index in fixed for n in self._who_reads(index, cells))
        return _Branch(known, tuple(conditions), tuple(cells))

    def _who_reads(self, index: int, open_cells: Sequence[frozenset[int]]) -> list[int]:
        """The conditions that still read a cell, those that read few cells last: they are looked at first."""
        numbers = [number for number in self._readers[index] if index in open_cells[number]]
        return sorted(numbers, key=lambda number: -len(open_cells[number]))


def _conditions(scope: Scope) -> list[Term]:
    """The initial statements as ground conditions that all must hold, each once."""
    grounder = Grounder(scope)
    whole = conjunction([grounder.statement(predicate) for predicate in scope.initial_predicates()])
    return list({show(condition): condition for condition in _split(whole)}.values())


def _split(term: Term) -> list[Term]:
    return [] if is_true(term) else list(term.parts) if isinstance(term, And) else [term]


def _fixes(scope: Scope, condition: Term) -> tuple[int, int] | None:
    """The cell and the code that a condition forces, if it forces one."""
    match condition:
        case Cell(index=index):
            return index, 1
        case Not(part=Cell(index=index)):
            return index, 0
        case (
            Equal(left=Cell(index=index), right=Const(value=value))
            | Equal(left=Const(value=value), right=Cell(index=index))
        ):
            codes = [c for c, v in enumerate(scope.cells[index].values) if same_value(v, value)]
            return (index, codes[0]) if codes else None
    return None


def _substitute(scope: Scope, term: Term, known: Known, done: dict[int, Term]) -> Term:
    """The term with the known cells replaced by their values, simplified; itself when it reads none.

    ``done`` remembers parts by identity: ground terms share their parts.
    """
    if isinstance(term, Const):
        return term
    found = done.get(id(term))
    if found is None:
        found = done[id(term)] = _substituted(scope, term, known, done)
    return found


def _substituted(scope: Scope, term: Term, known: Known, done: dict[int, Term]) -> Term:
    def again(part: Term) -> Term:
        return _substitute(scope, part, known, done)

    match term:
        case Cell(index=index):
            return constant(scope.cells[index].values[known[index]], term.domain) if index in known else term
        case Not(part=part):
            new = again(part)
            return term if new is part else opposite(new)
        case And() | Or():
            return _parts_substituted(term, again)
        case Where(condition=condition, yes=yes, otherwise=otherwise):
            news = (again(condition), again(yes), again(otherwise))
            same = news[0] is condition and news[1] is yes and news[2] is otherwise
            return term if same else choice(*news)
        case Equal() | Less() | Arithmetic():
            left, right = again(term.left), again(term.right)
            return term if left is term.left and right is term.right else _two_sided(term, left, right)
    raise TypeError(f"not a ground term: {type(term).__name__}")


def _parts_substituted(term: And | Or, again: Callable[[Term], Term]) -> Term:
    every = isinstance(term, And)
    parts: list[Term] = []
    for part in term.parts:
        new = again(part)
        if isinstance(new, Const) and new.value is not every:
            return new
        parts.append(new)
    if all(new is part for new, part in zip(parts, term.parts, strict=True)):
        return term
    return conjunction(parts) if every else disjunction(parts)


def _two_sided(term: Equal | Less | Arithmetic, left: Term, right: Term) -> Term:
    match term:
        case Equal():
            return equality(left, right)
        case Less():
            return order(left, right)
    return combination(term.operator, left, right)
