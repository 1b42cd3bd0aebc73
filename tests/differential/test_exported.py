"""Exported texts mean what the model means: random models, read by readers that know nothing of vmproof."""

from __future__ import annotations

import random
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from differential.random_text import actions, expressions
from differential.test_random_models import SEEDS, STATES, WITHOUT, arbitrary, outcome, scope_of, zoo
from oracle.murphi_runs import rumur
from oracle.tla_reading import Module, module_of
from oracle.tla_text import Function, ModelValue, Operator
from vmproof import NOBODY, ModelError, Scope
from vmproof.model.language import plain
from vmproof.model.language.domains import Sort
from vmproof.model.language.plain import Packed
from vmproof.model.language.predicates import invariants_of
from vmproof.model.language.wording import word
from vmproof.properties.search import Limits, search
from vmproof.solver.export import tla_module

pytestmark = pytest.mark.differential


def translated(value: Any) -> Any:
    """A value of the model as the module has it."""
    if value is NOBODY:
        return ModelValue("NOBODY")
    if isinstance(value, Sort):
        return value.name
    return word(value) if isinstance(value, Enum) else value


def environment(scope: Scope, packed: Packed) -> dict[str, Any]:
    """A state of the scope as the module's variables."""
    env: dict[str, Any] = {}
    for cell, code in zip(scope.cells, packed, strict=True):
        value = translated(cell.values[code])
        if not cell.places:
            env[cell.field.replace(" ", "_")] = value
            continue
        places = tuple(map(translated, cell.places))
        env.setdefault(cell.field, {})[places[0] if len(places) == 1 else places] = value
    return {name: Function(value) if isinstance(value, dict) else value for name, value in env.items()}


def after(module: Module, env: dict[str, Any], arguments: tuple[Any, ...]) -> list[dict[str, Any]]:
    """The states that the module's ``act`` allows next."""
    operator = module.operators["act"]
    given = dict(zip(operator.parameters, map(translated, arguments), strict=True))
    steps = module.steps(operator.body)
    return [{n: found[f"{n}'"] for n in module.variables} for found in steps({**env, **given})]


BEGIN = """
@initial
def begin(s: Zoo, h: Host, v: VM):
    return (
        no(s.flag[h]) & no(s.link[v, h]) & (s.load[h] == 0) & (s.level == 1) & (s.colour[v] == Colour.RED)
        & s.shade[Colour.RED] & s.shade[Colour.GREEN] & no(s.shade[Colour.BLUE])
        & (s.owner[v] == s.home[v]) & (s.lock[v] == NOBODY) & (s.master == NOBODY)
    )
"""


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(text=actions(), strict=st.booleans(), without=WITHOUT, seed=SEEDS)
def test_tla_actions_do_the_same(text: str, strict: bool, without: tuple[str, ...], seed: int) -> None:
    how: dict[str, Any] = {"settings": {"strict": strict}, "without": without, "budgets": {"tries": 1}}
    scope, dice = scope_of(zoo(BEGIN + text), **how), random.Random(seed)
    module = module_of(tla_module(scope, "zoo", invariants_of(scope.model)))
    instances = list(scope.instances())
    for _ in range(STATES):
        packed, instance = arbitrary(scope, dice), dice.choice(instances)
        found = after(module, environment(scope, packed), instance.arguments)
        if plain.refusals(scope, packed, instance):
            assert found == []
            continue
        expected = outcome(lambda: plain.run(scope, packed, instance))  # noqa: B023
        if isinstance(expected, bytes):
            assert found == [environment(scope, expected)]
        else:
            assert len(found) == 1  # TypeOK finds the number that does not fit


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(text=expressions("condition"), called=expressions("condition"), strict=st.booleans(), seed=SEEDS)
def test_tla_statements_have_the_same_truth(text: str, called: str, strict: bool, seed: int) -> None:
    """With a derived statement that the invariant calls, and whose shape is found in it again."""
    derived = f"@derived\ndef known(s: Zoo, h: Host, v: VM):\n    g = h\n    return {called}\n"
    head = "@invariant\ndef value(s: Zoo, h: Host, g: Host, v: VM):\n    return "
    space = zoo(f"{BEGIN}{derived}{head}({text}) | known(s, g, v)\n")
    scope, dice = scope_of(space, settings={"strict": strict}), random.Random(seed)
    (value,) = scope.model.of_kind("invariant")
    module = module_of(tla_module(scope, "zoo", [value]))
    body: Operator = module.operators["value"]
    for _ in range(STATES):
        packed = arbitrary(scope, dice)
        expected = plain.true_of(scope, packed, value)
        assert module.value(body.body)(environment(scope, packed)) == expected


def several(texts: list[str]) -> str:
    """Actions with names of their own."""
    return BEGIN + "\n".join(text.replace("def act(", f"def act{i}(") for i, text in enumerate(texts))


def check_with_rumur(text: str, strict: bool, folder: Path) -> None:
    """Plain search and rumur count the same states, or both find a number that does not fit."""
    scope = scope_of(zoo(text), settings={"strict": strict}, budgets={"tries": 3})
    try:
        found = search(scope, limits=Limits(states=20_000))
    except ModelError:
        assert rumur(scope, folder).errors
        return
    if not found.complete:
        reject()
    report = rumur(scope, folder)
    starts = len(found.table.roots)
    assert report.errors <= {"deadlock"}
    assert (report.states, report.fired) == (found.states, found.transitions - starts)


@pytest.mark.real
@pytest.mark.campaign
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(actions(), min_size=6, max_size=6), strict=st.booleans())
def test_murphi_models_have_the_same_states(
    texts: list[str], strict: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check_with_rumur(several(texts), strict, tmp_path_factory.mktemp("murphi"))
