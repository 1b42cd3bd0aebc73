"""What cells can hold: nothing that occurs is left out, and what nothing writes is."""

from __future__ import annotations

import pytest

from shipped import SMALL, loaded, searched
from support import model_file
from vmproof.model.language import Scope
from vmproof.solver.compiled import possible_instances
from vmproof.solver.diagrams.prepared import Prepared
from vmproof.solver.ground import Grounder
from vmproof.solver.initial import Starts
from vmproof.solver.values import possible_codes


@pytest.mark.parametrize("name", SMALL)
def test_every_value_that_occurs_is_found(name: str) -> None:
    codes = Prepared(loaded(name).scope).codes
    seen = [set(column) for column in zip(*searched(name).table.known, strict=True)]
    assert all(occurs <= set(found) for occurs, found in zip(seen, codes, strict=True))


def test_a_value_that_nothing_writes_needs_no_room() -> None:
    scope = loaded("partition").scope
    codes = Prepared(scope).codes
    phases = [codes[i] for i, cell in enumerate(scope.cells) if cell.field == "phase"]
    assert phases
    assert all(len(found) == 1 for found in phases)


def test_the_codes_of_two_phase_commit_are_exact() -> None:
    scope: Scope = model_file("examples/two_phase_commit.py").scope(2)
    actions, _ = possible_instances(scope, Grounder(scope))
    codes = possible_codes(scope, actions, Starts(scope).codes)
    assert [len(found) for found in codes] == [len(cell.values) for cell in scope.cells]


def test_sums_too_large_to_list_are_kept_as_intervals() -> None:
    from vmproof.model.scenarios import alike

    sizes = {f"v{i + 1}": 1000 + 7**i for i in range(6)}
    scope = alike(hosts=2, vms=6, statics={"memory_reservation": sizes, "memory": {"h1": 9000, "h2": 9000}})
    assert len(Prepared(scope).codes) == len(scope.cells)
