"""Terms over a state whose cells are literals, with parameters that stand for any member.

An action is encoded once, not once for each choice of its arguments: a parameter is a row of literals, one
for each member, and a field read at it is selected by them. Quantifiers run over the members of the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...model.language.domains import BOOL, NOBODY
from ...model.language.scope import Scope
from ...model.language.terms import (
    And,
    Arithmetic,
    At,
    Binder,
    Const,
    Count,
    Equal,
    Exists,
    ForAll,
    Less,
    Not,
    Or,
    Read,
    Term,
    Total,
    Var,
    Where,
    children,
)
from .circuit import FALSE, TRUE, Circuit, Literal
from .numbers import Arithmetician, Cases, Value

Environment = Mapping[str, Cases]
"""The value of every variable; a truth value is a case of True and one of False."""


class Encoder:
    """Terms in one state of a scope. ``cells``: the value of each cell of the state."""

    def __init__(self, scope: Scope, circuit: Circuit, cells: Sequence[Cases]) -> None:
        self.scope, self.circuit, self.cells = scope, circuit, cells
        self.numbers = Arithmetician(circuit)
        self._constants: dict[Any, Cases] = {}
        self._memory: dict[tuple[int, tuple[int, ...]], Literal | Value] = {}
        self._kept: dict[int, object] = {}
        self._free: dict[int, tuple[str, ...]] = {}
        self._rows: dict[tuple[object, ...], Value] = {}

    def constant(self, value: Any) -> Cases:
        """A value that is known; always the same object for the same value."""
        key = (type(value), value)
        if key not in self._constants:
            self._constants[key] = {value: TRUE}
        return self._constants[key]

    def truth(self, term: Term, env: Environment) -> Literal:
        """The literal of a condition."""
        found = self._remembered(term, env)
        assert isinstance(found, int)
        return found

    def value(self, term: Term, env: Environment) -> Value:
        """The value of a term; of a condition the cases True and False."""
        found = self._remembered(term, env)
        return _as_cases(found) if isinstance(found, int) else found

    def _remembered(self, term: Term, env: Environment) -> Literal | Value:
        names = self._free_names(term)
        key = (id(term), tuple([id(env[name]) for name in names]))
        found = self._memory.get(key)
        if found is None:
            found = self._memory[key] = self._encoded(term, env)
            self._kept |= {id(part): part for part in (term, *(env[name] for name in names))}
        return found

    def _free_names(self, term: Term) -> tuple[str, ...]:
        found = self._free.get(id(term))
        if found is None:
            names: dict[str, None] = {term.name: None} if isinstance(term, Var) else {}
            for child in children(term):
                inside = isinstance(term, Binder) and child is term.body
                bound = term.var.name if inside else None
                names |= dict.fromkeys(name for name in self._free_names(child) if name != bound)
            found = self._free[id(term)] = tuple(names)
            self._kept[id(term)] = term
        return found

    def _encoded(self, term: Term, env: Environment) -> Literal | Value:
        match term:
            case Const(value=value):
                return (TRUE if value else FALSE) if term.domain == BOOL else self.constant(value)
            case Var(name=name):
                return env[name].get(True, FALSE) if term.domain == BOOL else env[name]
            case Read(field=field, places=places):
                found = self.read(field, [self.place(place, env) for place in places])
                return _as_literal(found) if term.domain == BOOL else found
            case Not(part=part):
                return -self.truth(part, env)
            case And(parts=parts):
                return self.circuit.conjunction(self._until(parts, env, FALSE))
            case Or(parts=parts):
                return self.circuit.disjunction(self._until(parts, env, TRUE))
            case Equal(left=left, right=right):
                return self._equality(left, right, env)
            case Less(left=left, right=right):
                return self.numbers.less(self.value(left, env), self.value(right, env))
            case Arithmetic(operator=operator, left=left, right=right):
                return self.numbers.computed(operator, self.value(left, env), self.value(right, env))
            case Where():
                return self._where(term, env)
        return self._bound(term, env)

    def _until(self, parts: Iterable[Term], env: Environment, decisive: Literal) -> Iterator[Literal]:
        """The literals of the parts, up to one that decides."""
        for part in parts:
            literal = self.truth(part, env)
            yield literal
            if literal == decisive:
                return

    def place(self, place: Term, env: Environment) -> Cases:
        """The value of a term that is a member."""
        found = self.value(place, env)
        assert isinstance(found, Mapping)  # a number that is a place has a small range
        return found

    def _equality(self, left: Term, right: Term, env: Environment) -> Literal:
        if left.domain == BOOL:
            return self.circuit.equal(self.truth(left, env), self.truth(right, env))
        return self.numbers.equal(self.value(left, env), self.value(right, env))

    def _where(self, term: Where, env: Environment) -> Literal | Value:
        test = self.truth(term.condition, env)
        if test in (TRUE, FALSE):
            return self._remembered(term.yes if test == TRUE else term.otherwise, env)
        if term.yes.domain == BOOL:
            return self.circuit.choice(test, self.truth(term.yes, env), self.truth(term.otherwise, env))
        yes, otherwise = self.value(term.yes, env), self.value(term.otherwise, env)
        return self.numbers.selected([(test, yes), (-test, otherwise)])

    def _bound(self, term: Term, env: Environment) -> Literal | Value:
        match term:
            case ForAll():
                return self.circuit.conjunction(self._bodies(term, env, FALSE))
            case Exists():
                return self.circuit.disjunction(self._bodies(term, env, TRUE))
            case Count():
                return self._sum([_number(literal) for literal in self._bodies(term, env, None)])
            case Total():
                return self._sum([self.value(term.body, inner) for inner in self._members(term, env)])
            case At():
                return self._at(term, env)
        raise TypeError(f"no literals for {type(term).__name__}")

    def _members(self, term: ForAll | Exists | Count | Total, env: Environment) -> Iterator[Environment]:
        name = term.var.name
        values = term.var.domain.values(self.scope.sorts)
        return ({**env, name: self.constant(value)} for value in values)

    def _bodies(
        self, term: ForAll | Exists | Count, env: Environment, decisive: Literal | None
    ) -> Iterator[Literal]:
        for inner in self._members(term, env):
            literal = self.truth(term.body, inner)
            yield literal
            if literal == decisive:
                return

    def _sum(self, parts: Sequence[Value]) -> Value:
        terms = list(parts)
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            last = terms[-1:] if len(terms) % 2 else []
            terms = [self.numbers.computed("+", one, other) for one, other in pairs] + last
        return terms[0] if terms else self.constant(0)

    def _at(self, term: At, env: Environment) -> Literal | Value:
        held = self.place(term.value, env)
        absent = held.get(NOBODY, FALSE)
        member = self.shared({value: literal for value, literal in held.items() if value is not NOBODY})
        if absent == TRUE or not member:
            return self._remembered(term.absent, env)
        inner = {**env, term.var.name: member}
        if term.body.domain == BOOL:
            return self.circuit.choice(absent, self.truth(term.absent, env), self.truth(term.body, inner))
        return self.numbers.selected(
            [(absent, self.value(term.absent, env)), (-absent, self.value(term.body, inner))]
        )

    def shared(self, cases: Cases) -> Cases:
        """The same object for the same cases: what is read at them is remembered by identity."""
        return self._constants.setdefault(("cases", tuple(cases.items())), cases)

    def read(self, field: str, places: Sequence[Cases]) -> Value:
        """The value of a field or static at some places, selected place by place."""
        return self._selected(field, tuple(map(self.shared, places)), ())

    def _selected(self, field: str, places: tuple[Cases, ...], known: tuple[Any, ...]) -> Value:
        if not places:
            return self._cell(field, known)
        key = (field, tuple(map(id, places)), known)
        found = self._rows.get(key)
        if found is None:
            # the last place first: what one member has at all others is looked up again and again
            *others, last = places
            options = [(when, self._selected(field, tuple(others), (m, *known))) for m, when in last.items()]
            found = self._rows[key] = options[0][1] if len(options) == 1 else self.numbers.selected(options)
        return found

    def _cell(self, field: str, places: tuple[Any, ...]) -> Cases:
        if field in self.scope.model.statics:
            return self.constant(self.scope.static_data[field][places])
        return self.cells[self.scope.cell_index[field, places]]


def _as_literal(value: Value) -> Literal:
    assert isinstance(value, Mapping)
    return value.get(True, FALSE)


def _as_cases(literal: Literal) -> Cases:
    return {value: case for value, case in ((True, literal), (False, -literal)) if case != FALSE}


def _number(literal: Literal) -> Cases:
    """1 where the literal is true, else 0."""
    return {value: case for value, case in ((1, literal), (0, -literal)) if case != FALSE}
