"""Fixed data for small scopes, drawn at random: Z3 sees to it that the axioms hold and a run can begin."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import z3

from ...model.language.domains import Domain, Integer
from ...model.language.scope import Scope
from ...model.language.state import Static
from .obligations import Theory
from .small import Sizes, members_of, places_of, small_scope, value_in
from .universe import Expr, equality

USUAL = (0.9, 0.7, 0.5)  # of the places of the statics keep the value that the model has by default
LARGEST = 3  # of a number that is drawn


def drawn_scope(scope: Scope, sizes: Sizes, dice: random.Random | None = None) -> Scope | None:
    """A scope of these sizes with data that let a run begin; None where there are none.

    Without ``dice`` as many places as possible have their default value.
    """
    theory = Theory(scope, {}, members_of(sizes))
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(*theory.axioms().values(), *theory.initial().values())
    for wish in _wishes(theory, dice):
        if solver.check(wish) == z3.sat:
            solver.add(wish)
    if solver.check() != z3.sat:
        return None
    return small_scope(scope, members_of(sizes), _tables(theory, solver.model()))


def _wishes(theory: Theory, dice: random.Random | None) -> Iterator[Expr]:
    """A value for every place of every static, in a random order."""
    statics = theory.scope.model.statics.values()
    places = [(static, at) for static in statics for at, _ in places_of(theory, static)]
    usual = 1.0
    if dice is not None:
        dice.shuffle(places)
        usual = dice.choice(USUAL)
    for static, at in places:
        value = _usual(theory, static)
        if dice is not None and dice.random() > usual:
            value = dice.choice(_values(theory, static.value))
        yield equality(theory.before.read(static.name, at), theory.universe.value(value, static.value))


def _usual(theory: Theory, static: Static) -> Any:
    return static.default if static.default is not None else _values(theory, static.value)[0]


def _values(theory: Theory, domain: Domain) -> list[Any]:
    if isinstance(domain, Integer):
        return list(range(LARGEST + 1))
    members = theory.universe.members
    assert members is not None
    return list(domain.values(members))


def _tables(theory: Theory, model: z3.ModelRef) -> dict[str, dict[tuple[Any, ...], Any]]:
    return {
        static.name: {
            places: value_in(theory, model, theory.before.read(static.name, at), static.value)
            for at, places in places_of(theory, static)
        }
        for static in theory.scope.model.statics.values()
    }
