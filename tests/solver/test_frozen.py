"""What is compiled away never changes: the reachable states are the same without it."""

from __future__ import annotations

import pytest

from vmproof.model.language.plain import Packed
from vmproof.model.language.scope import Scope
from vmproof.model.scenarios import alike
from vmproof.properties.search import search
from vmproof.properties.teeth import SMALL
from vmproof.solver.compiled import kernel_for
from vmproof.solver.frozen import frozen_cells
from vmproof.solver.initial import initial_states

LARGE = ("isolation response", "pair", "broken pair", "self-fence", "lost storage")
NAMES = [name for name in SMALL if name not in LARGE]


def reachable(scope: Scope) -> set[Packed]:
    """All reachable states, every guard asked in each."""
    kernel = kernel_for(scope)
    known = set(initial_states(scope))
    waiting = list(known)
    while waiting:
        packed = waiting.pop()
        fresh = {kernel.effects[position](packed) for position in kernel.enabled(packed)} - known
        known |= fresh
        waiting += fresh
    return known


@pytest.mark.parametrize("name", NAMES)
def test_the_reachable_states_are_the_same(name: str) -> None:
    scope = alike(**SMALL[name])
    assert set(search(scope).table.known) == reachable(scope)


@pytest.mark.parametrize("name", NAMES)
def test_frozen_cells_have_one_value_in_every_state(name: str) -> None:
    scope = alike(**SMALL[name])
    frozen, states = frozen_cells(scope), search(scope).table.known
    assert frozen
    for index, value in frozen.items():
        assert {scope.cells[index].values[packed[index]] for packed in states} == {value}


def test_what_differs_at_the_start_is_not_frozen() -> None:
    scope = alike(hosts=3, vms=1, start="any legal placement")
    frozen = frozen_cells(scope)
    assert all(scope.cells[index].field != "copy" for index in frozen)


def test_an_action_without_budget_moves_nothing() -> None:
    quiet, busy = alike(budgets={}), alike(budgets={"partition": 1}, segments=2)
    component = [index for index, cell in enumerate(quiet.cells) if cell.field == "component"]
    assert set(component) <= set(frozen_cells(quiet))
    moving = [index for index, cell in enumerate(busy.cells) if cell.field == "component"]
    assert not set(moving) & set(frozen_cells(busy))
