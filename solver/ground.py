"""Terms → ground terms: quantifiers expanded over a scope, static data folded in, cells named.

A ground term has only ``Cell``, ``Const`` and the connectives. Every finite engine starts from here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.language.actions import Action
from ..model.language.domains import BOOL, NOBODY, Domain, MaybeMember, Member, Range
from ..model.language.misuse import Source
from ..model.language.predicates import Predicate
from ..model.language.recording import Write
from ..model.language.scope import Instance, Scope, budget_name
from ..model.language.state import Field
from ..model.language.terms import (
    And,
    Arithmetic,
    At,
    Binder,
    Cell,
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
from .simplify import (
    TRUE,
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
)

Environment = dict[str, Any]


@dataclass(frozen=True)
class GroundGuard:
    """One guard of one action instance, with the words it came with."""

    condition: Term
    reason: str
    mechanism: str | None
    where: Source


@dataclass(frozen=True)
class GroundWrite:
    """One cell that an action instance writes."""

    index: int
    value: Term
    field: Field | None
    where: Source


@dataclass(frozen=True)
class GroundAction:
    """One action instance over cells: guards and assignments in order; values are those before the step.

    A cell may be assigned more than once. ``writes`` has the last assignment of each cell; the others
    count only in that their numbers must fit too.
    """

    instance: Instance
    guards: tuple[GroundGuard, ...]
    assignments: tuple[GroundWrite, ...]

    @property
    def writes(self) -> tuple[GroundWrite, ...]:
        """One write a cell: its last."""
        return tuple({write.index: write for write in self.assignments}.values())

    def enabled(self) -> Term:
        """The conjunction of the guards."""
        return conjunction([guard.condition for guard in self.guards])

    def reads(self) -> frozenset[int]:
        """The cells that decide whether the instance is possible."""
        return cells_of(*(guard.condition for guard in self.guards))

    def written(self) -> frozenset[int]:
        """The cells that the instance writes."""
        return frozenset(write.index for write in self.assignments)


def cells_of(*terms: Term) -> frozenset[int]:
    """The numbers of all cells that the terms read."""
    found, seen, waiting = set[int](), set[int](), list(terms)
    while waiting:
        term = waiting.pop()
        if isinstance(term, Cell):
            found.add(term.index)
        elif id(term) not in seen:  # ground terms share their parts
            seen.add(id(term))
            waiting.extend(_parts(term))
    return frozenset(found)


def _parts(term: Term) -> tuple[Term, ...]:
    """The terms directly below a ground term."""
    match term:
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case Equal() | Less() | Arithmetic():
            return term.left, term.right
        case Where(condition=condition, yes=yes, otherwise=otherwise):
            return condition, yes, otherwise
    return ()


class Grounder:
    """Makes the terms of one scope ground; remembers what it did for equal arguments.

    ``frozen``: values of cells that never change; they become constants.
    """

    def __init__(self, scope: Scope, frozen: Mapping[int, Any] = {}) -> None:
        self.scope = scope
        self._frozen = frozen
        self._memory: dict[tuple[int, tuple[Any, ...]], Term] = {}
        self._free: dict[int, tuple[str, ...]] = {}
        self._kept: list[Term] = []

    def statement(self, predicate: Predicate) -> Term:
        """A statement about the whole state, its parameters bound."""
        return self.ground(self.scope.statement(predicate).closed(), {})

    def waits(self, predicate: Predicate) -> Iterator[tuple[tuple[Any, ...], Term, Term]]:
        """Of a progress property: arguments, premise and conclusion, where the premise is not ruled out."""
        statement = self.scope.statement(predicate)
        for arguments in self.scope.arguments(predicate.parameters):
            env = {var.name: value for var, value in zip(statement.parameters, arguments, strict=True)}
            premise, conclusion = (self.ground(body, env) for body in statement.bodies)
            if not is_false(premise):
                yield arguments, premise, conclusion

    def instance(self, instance: Instance) -> GroundAction:
        """Guards and writes of one action instance, its budget included."""
        trace = self.scope.traces[instance.action.name]
        env = {var.name: value for var, value in zip(trace.parameters, instance.arguments, strict=True)}
        guards = [
            GroundGuard(self.ground(g.condition, env), g.reason, g.mechanism, g.where)
            for g in trace.guards
            if self.scope.on(g.mechanism)
        ]
        assignments: list[GroundWrite] = []
        for write in trace.writes:
            if all(self.scope.on(name) for name in write.mechanisms):
                assignments += list(self._write(write, env, assignments))
        self._spend(instance.action, guards, assignments)
        return GroundAction(instance, tuple(guards), tuple(assignments))

    def possible(self, instance: Instance) -> bool:
        """Whether the guards leave the instance open in some state, as far as each alone shows."""
        trace = self.scope.traces[instance.action.name]
        env = {var.name: value for var, value in zip(trace.parameters, instance.arguments, strict=True)}
        guards = (g.condition for g in trace.guards if self.scope.on(g.mechanism))
        return not any(is_false(self.ground(guard, env)) for guard in guards)

    def _write(self, write: Write, env: Environment, before: list[GroundWrite]) -> Iterator[GroundWrite]:
        """The cells that an assignment can write: each member of a row, each place that a term may mean."""
        for inner in self._bindings(write.rows, env):
            value = self.ground(write.value, inner)
            for here, places in self._places([self.ground(place, inner) for place in write.places]):
                index = self.scope.cell_index[write.field.name, places]
                new = value if is_true(here) else choice(here, value, self._left_in(index, before))
                yield GroundWrite(index, new, write.field, write.where)

    def _left_in(self, index: int, before: list[GroundWrite]) -> Term:
        """What a cell holds when it is not written here: what an earlier assignment left in it."""
        return next((write.value for write in reversed(before) if write.index == index), self._cell(index))

    def _places(self, places: list[Term]) -> Iterator[tuple[Term, tuple[Any, ...]]]:
        """All places that the terms can mean, each with the condition under which they mean it."""
        if all(isinstance(place, Const) for place in places):
            yield TRUE, tuple(place.value for place in places if isinstance(place, Const))
            return
        options = [[p.value] if isinstance(p, Const) else p.domain.values(self.scope.sorts) for p in places]
        for members in itertools.product(*options):
            pairs = zip(places, members, strict=True)
            here = conjunction([equality(place, constant(member, place.domain)) for place, member in pairs])
            if not is_false(here):
                yield here, members

    def _bindings(self, rows: tuple[Var, ...], env: Environment) -> Iterator[Environment]:
        if not rows:
            yield env
            return
        for value in rows[0].domain.values(self.scope.sorts):
            yield from self._bindings(rows[1:], {**env, rows[0].name: value})

    def _spend(self, action: Action, guards: list[GroundGuard], assignments: list[GroundWrite]) -> None:
        if action.budget is None:
            return
        index = self.scope.cell_index[budget_name(action.budget), ()]
        left = self._cell(index)
        reason = f"the scope allows no further {action.budget.replace('_', ' ')}"
        guards.append(GroundGuard(order(constant(0), left), reason, None, action.where))
        assignments.append(GroundWrite(index, combination("-", left, constant(1)), None, action.where))

    def _cell(self, index: int) -> Term:
        values = self.scope.cells[index].values
        if index in self._frozen:
            return constant(self._frozen[index], _domain_of_cell(self.scope, index, values))
        return Cell(index, _domain_of_cell(self.scope, index, values))

    def ground(self, term: Term, env: Environment) -> Term:
        """The term with these variables bound."""
        names = self._free.get(id(term))
        if names is None:
            names = self._free_names(term)
        key = (id(term), tuple([env[name] for name in names]))
        found = self._memory.get(key)
        if found is None:
            found = self._memory[key] = self._ground(term, env)
        return found

    def _free_names(self, term: Term) -> tuple[str, ...]:
        if id(term) not in self._free:
            names: dict[str, None] = {term.name: None} if isinstance(term, Var) else {}
            for child in children(term):
                names |= dict.fromkeys(self._free_names(child))
            if isinstance(term, Binder):
                inner = [name for name in self._free_names(term.body) if name != term.var.name]
                outside = [c for c in children(term) if c is not term.body]
                names = dict.fromkeys([*inner, *(n for c in outside for n in self._free_names(c))])
            self._free[id(term)] = tuple(names)
            self._kept.append(term)
        return self._free[id(term)]

    def _ground(self, term: Term, env: Environment) -> Term:
        match term:
            case Const(value=value):
                return constant(value, term.domain)
            case Var(name=name):
                return constant(env[name], term.domain)
            case Read():
                return self._read(term, env)
            case Equal(left=left, right=right):
                return equality(self.ground(left, env), self.ground(right, env))
            case Less(left=left, right=right):
                return order(self.ground(left, env), self.ground(right, env))
            case Not(part=part):
                return opposite(self.ground(part, env))
            case And(parts=parts):
                return conjunction(self.ground(part, env) for part in parts)
            case Or(parts=parts):
                return disjunction(self.ground(part, env) for part in parts)
            case Arithmetic(operator=operator, left=left, right=right):
                return combination(operator, self.ground(left, env), self.ground(right, env))
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return choice(self.ground(condition, env), self.ground(yes, env), self.ground(otherwise, env))
        return self._bound(term, env)

    def _bound(self, term: Term, env: Environment) -> Term:
        match term:
            case At(value=value, absent=absent):
                return self._at(term, self.ground(value, env), self.ground(absent, env), env)
            case ForAll():
                return conjunction(self._bodies(term, env))
            case Exists():
                return disjunction(self._bodies(term, env))
            case Count():
                ones = (choice(body, constant(1), constant(0)) for body in self._bodies(term, env))
                return self._sum(ones)
            case Total():
                return self._sum(self._bodies(term, env))
        raise TypeError(f"no ground form of {type(term).__name__}")

    def _bodies(self, term: ForAll | Exists | Count | Total, env: Environment) -> Iterator[Term]:
        name = term.var.name
        return (self.ground(term.body, {**env, name: v}) for v in term.var.domain.values(self.scope.sorts))

    def _sum(self, parts: Iterator[Term]) -> Term:
        """The sum of the parts, as a tree that is flat enough for hundreds of members."""
        terms = list(parts)
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            last = terms[-1:] if len(terms) % 2 else []
            terms = [combination("+", one, other) for one, other in pairs] + last
        return terms[0] if terms else constant(0)

    def _at(self, term: At, value: Term, absent: Term, env: Environment) -> Term:
        def body(member: Any) -> Term:
            return absent if member is NOBODY else self.ground(term.body, {**env, term.var.name: member})

        return self._by_cases(value, body)

    def _by_cases(self, value: Term, body: Any) -> Term:
        """``body`` of whatever member ``value`` is; chooses between the members where that is open."""
        if isinstance(value, Const):
            result: Term = body(value.value)
            return result
        if isinstance(value, Where):
            yes, otherwise = self._by_cases(value.yes, body), self._by_cases(value.otherwise, body)
            return choice(value.condition, yes, otherwise)
        assert isinstance(value.domain, Member | MaybeMember)
        *members, last = value.domain.values(self.scope.sorts)
        result = body(last)
        if result.domain == BOOL:
            cases = ((equality(value, constant(m, value.domain)), body(m)) for m in [*members, last])
            return disjunction(conjunction(case) for case in cases)
        for member in reversed(members):
            result = choice(equality(value, constant(member, value.domain)), body(member), result)
        return result

    def _read(self, term: Read, env: Environment) -> Term:
        return self._read_at(term, [self.ground(place, env) for place in term.places], [])

    def _read_at(self, term: Read, places: list[Term], known: list[Any]) -> Term:
        if not places:
            return self._look_up(term, tuple(known))
        return self._by_cases(places[0], lambda member: self._read_at(term, places[1:], [*known, member]))

    def _look_up(self, term: Read, places: tuple[Any, ...]) -> Term:
        if term.field in self.scope.model.statics:
            return constant(self.scope.static_data[term.field][places], term.domain)
        return self._cell(self.scope.cell_index[term.field, places])


def _domain_of_cell(scope: Scope, index: int, values: tuple[Any, ...]) -> Domain:
    name = scope.cells[index].field
    declared = scope.model.fields.get(name)
    return declared.value if declared is not None else Range(values[0], values[-1])
