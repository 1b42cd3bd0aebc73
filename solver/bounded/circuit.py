"""A circuit of gates over literals, with constants folded and equal gates shared; and its clauses.

A literal is a number as SAT solvers have it: negative for "not". Only gates that a question needs become
clauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Literal = int
Clause = list[int]
TRUE: Literal = 1
FALSE: Literal = -1


class Circuit:
    """Variables, and for some of them the gate that defines them.

    Variable 1 is TRUE; it is folded away and occurs in no clause.
    """

    def __init__(self) -> None:
        self.size = 1
        self.gates: dict[int, Sequence[tuple[Literal, Literal]] | tuple[Literal, ...]] = {}
        self._known: dict[object, Literal] = {}

    def variable(self) -> Literal:
        """A new variable that no gate defines."""
        self.size += 1
        return self.size

    def conjunction(self, parts: Iterable[Literal]) -> Literal:
        """All parts are true."""
        kept: dict[int, None] = {}
        for part in parts:
            if part == FALSE or -part in kept:
                return FALSE
            if part != TRUE:
                kept[part] = None
        if len(kept) < 2:
            return next(iter(kept), TRUE)
        return self._gate(tuple(sorted(kept)), tuple(kept))

    def disjunction(self, parts: Iterable[Literal]) -> Literal:
        """Some part is true."""
        return -self.conjunction([-part for part in parts])

    def select(self, cases: Iterable[tuple[Literal, Literal]]) -> Literal:
        """The value of the case that applies: pairs of a condition and a value.

        Exactly one of the conditions must be true wherever anybody looks at the result.
        """
        open_ = [(when, value) for when, value in cases if when != FALSE]
        for when, value in open_:
            if when == TRUE:
                return value
        values = {value for _, value in open_}
        if len(values) == 1:
            return values.pop()
        if values <= {TRUE, FALSE}:
            return self.disjunction([when for when, value in open_ if value == TRUE])
        pairs = tuple(open_)
        return self._gate(frozenset(pairs), pairs)

    def choice(self, condition: Literal, yes: Literal, otherwise: Literal) -> Literal:
        """``yes`` where the condition is true, else ``otherwise``."""
        if yes == TRUE or otherwise == FALSE:
            return (
                self.disjunction([condition, otherwise])
                if yes == TRUE
                else self.conjunction([condition, yes])
            )
        if yes == FALSE or otherwise == TRUE:
            parts = [-condition, yes if otherwise == TRUE else otherwise]
            return self.disjunction(parts) if otherwise == TRUE else self.conjunction(parts)
        return self.select([(condition, yes), (-condition, otherwise)])

    def equal(self, one: Literal, other: Literal) -> Literal:
        """Both are true or both are false."""
        if one in (TRUE, FALSE):
            one, other = other, one
        if other in (TRUE, FALSE):
            return one if other == TRUE else -one
        return TRUE if one == other else FALSE if one == -other else self.choice(one, other, -other)

    def _gate(self, key: object, gate: Sequence[tuple[Literal, Literal]] | tuple[Literal, ...]) -> Literal:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.variable()
            self.gates[found] = gate
        return found

    def below(self, roots: Iterable[Literal]) -> list[int]:
        """The variables that the literals depend on, themselves included."""
        found, waiting = dict[int, None](), [abs(root) for root in roots]
        while waiting:
            variable = waiting.pop()
            if variable not in found:
                found[variable] = None
                waiting.extend(abs(part) for part in self.parts(variable))
        return list(found)

    def parts(self, variable: int) -> Iterable[Literal]:
        """The literals that the gate of a variable reads."""
        for part in self.gates.get(variable, ()):
            if isinstance(part, tuple):
                yield from part
            else:
                yield part

    def clauses(self, variables: Iterable[int]) -> Iterator[Clause]:
        """The clauses that give the gates of some variables their meaning."""
        for variable in variables:
            gate = self.gates.get(variable, ())
            if gate and isinstance(gate[0], tuple):
                for when, value in gate:  # type: ignore[misc]
                    yield from implied_equal([when], variable, value)
            elif gate:
                yield [variable, *(-part for part in gate)]  # type: ignore[operator]
                yield from ([-variable, part] for part in gate)  # type: ignore[misc]


def implied_equal(conditions: Sequence[Literal], one: Literal, other: Literal) -> Iterable[Clause]:
    """Where all conditions are true two literals are equal; ``other`` may be a constant."""
    unless = [-condition for condition in conditions]
    if other != TRUE:
        yield [*unless, -one] if other == FALSE else [*unless, -one, other]
    if other != FALSE:
        yield [*unless, one] if other == TRUE else [*unless, one, -other]


def without_constants(clauses: Iterable[Clause]) -> Iterator[Clause]:
    """The clauses that say something, without what is false in them."""
    for clause in clauses:
        if TRUE not in clause:
            yield [literal for literal in clause if literal != FALSE]


def at_most_one(circuit: Circuit, literals: Sequence[Literal]) -> Iterable[Clause]:
    """At most one of the literals is true: pairs of a few, and of groups of many."""
    if len(literals) <= 6:
        for number, one in enumerate(literals):
            yield from ([-one, -other] for other in literals[:number])
        return
    groups = [literals[start : start + 4] for start in range(0, len(literals), 4)]
    heads = [circuit.variable() for _ in groups]
    for head, group in zip(heads, groups, strict=True):
        yield from at_most_one(circuit, group)
        yield from ([-one, head] for one in group)
    yield from at_most_one(circuit, heads)


def exactly_one(circuit: Circuit, literals: Sequence[Literal]) -> Iterable[Clause]:
    """Exactly one of the literals is true."""
    yield list(literals)
    yield from at_most_one(circuit, literals)
