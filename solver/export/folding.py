"""Finding ``@derived`` statements again in terms that were traced through them.

A trace has the body of every function that it went through. An exported text is to say ``is_master(h)`` as
the model does: where a term has the shape of a derived statement's body, it becomes a ``Call``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ...model.language.domains import Domain, comparable
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.terms import Arithmetic, Binder, Const, Read, Term, Var, children, walk


@dataclass(eq=False, slots=True)
class Call(Term):
    """A derived statement with its arguments."""

    predicate: Predicate
    arguments: tuple[Term, ...]
    domain: Domain


@dataclass(frozen=True, eq=False)
class Derived:
    """A derived statement: its parameters, and its body with the calls that are found in it."""

    predicate: Predicate
    parameters: tuple[Var, ...]
    body: Term


class Folder:
    """Puts calls of derived statements into terms; ``used`` has those that were called, callees first."""

    def __init__(self, scope: Scope) -> None:
        statements = [scope.statement(predicate) for predicate in scope.model.of_kind("derived")]
        shapes = [Derived(s.predicate, s.parameters, s.bodies[0]) for s in statements]
        sizes = {id(shape): sum(1 for _ in walk(shape.body)) for shape in shapes}
        told = [shape for shape in shapes if sizes[id(shape)] > 1 and _all_occur(shape)]
        self._shapes = sorted(told, key=lambda shape: -sizes[id(shape)])
        self.used: dict[str, Derived] = {}

    def fold(self, term: Term, inside: Predicate | None = None) -> Term:
        """The term with calls in it; the whole body of ``inside`` is no call of itself or a larger one."""
        for shape in self._shapes[self._after(inside) :]:
            if (arguments := _arguments(shape, term)) is not None:
                self._take(shape)
                folded = tuple(self.fold(argument) for argument in arguments)
                return Call(shape.predicate, folded, term.domain)
        return _rebuilt(term, self.fold)

    def _after(self, inside: Predicate | None) -> int:
        """Where the statements begin that ``inside`` may call with its whole body."""
        found = (i + 1 for i, shape in enumerate(self._shapes) if shape.predicate is inside)
        return next(found, 0)

    def _take(self, shape: Derived) -> None:
        """Note that a statement is called, after those that it calls itself."""
        name = shape.predicate.name
        if name not in self.used:
            body = self.fold(shape.body, inside=shape.predicate)
            self.used[name] = Derived(shape.predicate, shape.parameters, body)


def _all_occur(shape: Derived) -> bool:
    """Whether the body has all parameters, so that they can be told from it."""
    found = {node.name for node in walk(shape.body) if isinstance(node, Var)}
    return all(parameter.name in found for parameter in shape.parameters)


def _rebuilt(term: Term, change: Any) -> Term:
    """The node with its parts changed; itself when none of them is."""
    new: dict[str, Any] = {}
    for slot in fields(term):  # type: ignore[arg-type]
        value = getattr(term, slot.name)
        if isinstance(value, Term) and slot.name != "var":
            new[slot.name] = change(value)
        elif isinstance(value, tuple):
            new[slot.name] = tuple(change(part) for part in value)
    same = all(_same_parts(getattr(term, name), value) for name, value in new.items())
    return term if same else replace(term, **new)  # type: ignore[type-var]


def _same_parts(old: Any, new: Any) -> bool:
    if isinstance(old, tuple):
        return all(one is other for one, other in zip(old, new, strict=True))
    return old is new


def _arguments(shape: Derived, term: Term) -> tuple[Term, ...] | None:
    """What the parameters stand for where the term has the shape of the body, else None."""
    matching = _Matching({parameter.name for parameter in shape.parameters})
    if not matching.fits(shape.body, term, {}):
        return None
    found = tuple(matching.found[parameter.name] for parameter in shape.parameters)
    pairs = zip(shape.parameters, found, strict=True)
    return found if all(comparable(p.domain, a.domain) for p, a in pairs) else None


class _Matching:
    """One comparison of a body with a term."""

    def __init__(self, open_names: set[str]) -> None:
        self.open_names = open_names
        self.found: dict[str, Term] = {}

    def fits(self, body: Term, term: Term, bound: Mapping[str, str]) -> bool:
        """Whether they have one shape; ``bound`` has the term's name of each variable bound in the body."""
        if isinstance(body, Var) and body.name not in bound and body.name in self.open_names:
            return self._stands_for(body.name, term, bound)
        if type(body) is not type(term):
            return False
        if isinstance(body, Var) and isinstance(term, Var):
            return bound.get(body.name, body.name) == term.name
        if isinstance(body, Const) and isinstance(term, Const):
            return type(body.value) is type(term.value) and bool(body.value == term.value)
        return _same_label(body, term) and self._parts_fit(body, term, bound)

    def _stands_for(self, name: str, term: Term, bound: Mapping[str, str]) -> bool:
        free = {node.name for node in walk(term) if isinstance(node, Var)}
        if free & set(bound.values()):
            return False
        known = self.found.setdefault(name, term)
        return known is term or same_term(known, term)

    def _parts_fit(self, body: Term, term: Term, bound: Mapping[str, str]) -> bool:
        ours, theirs = children(body), children(term)
        if len(ours) != len(theirs):
            return False
        inner = bound
        if isinstance(body, Binder) and isinstance(term, Binder):
            if body.var.domain != term.var.domain:
                return False
            inner = {**bound, body.var.name: term.var.name}
        return all(
            self.fits(one, other, inner if isinstance(body, Binder) and one is body.body else bound)
            for one, other in zip(ours, theirs, strict=True)
        )


def _same_label(one: Term, other: Term) -> bool:
    if isinstance(one, Read) and isinstance(other, Read):
        return one.field == other.field
    if isinstance(one, Arithmetic) and isinstance(other, Arithmetic):
        return one.operator == other.operator
    return True


def same_term(one: Term, other: Term) -> bool:
    """Whether two terms are the same but for the names of bound variables."""
    return _Matching(set()).fits(one, other, {})
