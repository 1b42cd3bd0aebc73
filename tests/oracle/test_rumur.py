"""rumur, an independent checker, counts the same states of exported models as our engines do."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.murphi_runs import Report, rumur
from support import PROJECT, model_file
from vmproof import ModelError, Scope, load
from vmproof.model.language.predicates import invariants_of
from vmproof.model.scenarios import alike
from vmproof.properties.explore import explore
from vmproof.properties.search import search
from vmproof.solver.export import NotExported, asked_possibles, murphi_model
from vmproof.solver.initial import initial_states

pytestmark = [pytest.mark.oracle, pytest.mark.real]

COMMIT, VMC = "examples/two_phase_commit.py", "benchmarks/vmc.py"
MODELS: list[tuple[str, dict[str, int], int]] = [
    (COMMIT, {"rms": 3}, 288),
    (COMMIT, {"rms": 4}, 1_568),
    (VMC, {"hosts": 2, "vms": 2, "crashes": 1}, 436),
    (VMC, {"hosts": 3, "vms": 3, "crashes": 2}, 108_507),
]
SMALL = ["live-migration", "partition", "fault-tolerance-enabled", "maintenance-of-a-pair"]
"""Migration, High Availability, Fault Tolerance, Distributed Resource Scheduler."""
LARGE = {"everything", "high-availability", "three-systems"}  # more than 200,000 states
SCOPES = sorted(path.stem for path in (PROJECT / "examples" / "scopes").glob("*.toml"))
OTHERS = [name for name in SCOPES if name not in SMALL and name not in LARGE]


def agrees(scope: Scope, folder: Path, level: str = "-O0") -> int:
    """Plain search, diagrams and rumur see the same states; the number comes back.

    rumur takes as many steps as plain search, sees the same ``possible`` statements, and finds no violation
    of the invariants that plain search finds to hold.
    """
    asked = invariants_of(scope.model)
    found = search(scope, asked, asked_possibles(scope))
    explored = explore(scope)
    assert found.complete
    assert (explored.stopped, explored.states) == ("", found.states)
    assert set(explored.violations) == set(found.violations)
    report = rumur(scope, folder, [p for p in asked if p.name not in found.violations], level=level)
    assert (report.states, report.fired) == (found.states, found.transitions - len(found.table.roots))
    assert violated_by(report) == set()
    assert report.seen == set(found.witnesses)
    return found.states


def violated_by(report: Report) -> set[str]:
    """The names of the invariants that rumur found violated."""
    return {message.split('"')[1] for message in report.errors if message.startswith("invariant")}


@pytest.mark.parametrize(("file", "sizes", "states"), MODELS)
def test_models_have_the_published_states(
    file: str, sizes: dict[str, int], states: int, tmp_path: Path
) -> None:
    assert agrees(model_file(file).scope(**sizes), tmp_path, "-O2") == states


def cluster(name: str, *without: str) -> Scope:
    return load(PROJECT / "examples" / "scopes" / f"{name}.toml", without=without)


@pytest.mark.parametrize("name", SMALL)
def test_clusters_have_the_same_states(name: str, tmp_path: Path) -> None:
    assert agrees(cluster(name), tmp_path) > 1000


@pytest.mark.campaign
@pytest.mark.parametrize("name", OTHERS)
def test_other_clusters_have_the_same_states(name: str, tmp_path: Path) -> None:
    agrees(cluster(name), tmp_path, "-O2")


@pytest.mark.campaign
def test_any_legal_placement_of_a_cluster(tmp_path: Path) -> None:
    scope = alike(hosts=3, vms=1, start="any legal placement")
    assert len(list(initial_states(scope))) == 3
    agrees(scope, tmp_path, "-O2")


STARTS = """
from vmproof import Field, Sort, State, action, initial, require

class Host(Sort):
    \"\"\"A place.\"\"\"

class Begin(State):
    flag = Field(Host, value=bool)
    link = Field(Host, Host, value=bool)
    steps = Field(value=bool)

@initial
def one_flag(s: Begin):
    \"\"\"One host has the flag; links are as they like.\"\"\"
    return (s.count(Host, lambda h: s.flag[h]) == 1) & (s.steps == False)

@action()
def pass_on(s: Begin, h: Host, g: Host):
    \"\"\"The flag goes along a link.\"\"\"
    require(s.flag[h] & s.link[h, g], "there is no flag, or no link")
    s.flag[h] = False
    s.flag[g] = True
    s.steps = True
"""


def starting(hosts: int, folder: Path) -> Scope:
    """A model with many initial states: so many hosts, and as many as all their links allow."""
    file = folder / f"starts_{hosts}.py"
    file.write_text(STARTS)
    return load(file, hosts=hosts)


@pytest.mark.parametrize(("hosts", "starts"), [(2, 32), (3, 1536)])
def test_initial_states_are_listed_or_tried(hosts: int, starts: int, tmp_path: Path) -> None:
    scope = starting(hosts, tmp_path)
    assert len(list(initial_states(scope))) == starts
    assert agrees(scope, tmp_path) > starts


def test_too_many_initial_states_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotExported, match="initial states, out of 1,073,741,824"):
        murphi_model(starting(5, tmp_path), "starts", ())


VERDICTS = [
    ("two_phase_commit.py", (), set()),
    ("two_phase_commit.py", ("unanimity",), {"consistent"}),
    ("two_writers.py", (), set()),
    ("two_writers.py", ("disk lock",), {"one_writer"}),
    ("scopes/partition.toml", ("protected list lock",), {"unique_master"}),
]


@pytest.mark.parametrize(("file", "without", "expected"), VERDICTS)
def test_a_violation_is_found_exactly_when_there_is_one(
    file: str, without: tuple[str, ...], expected: set[str], tmp_path: Path
) -> None:
    scope = load(PROJECT / "examples" / file, without=without)
    asked = [p for p in invariants_of(scope.model) if not expected or p.name in expected]
    assert set(search(scope, asked).violations) == expected
    assert violated_by(rumur(scope, tmp_path, asked)) == expected


def test_bad_is_found_where_a_switch_over_can_wait(tmp_path: Path) -> None:
    scope = model_file(VMC).scope(2, 2, 1)
    assert violated_by(rumur(scope, tmp_path, invariants_of(scope.model))) == {"bad"}


def test_a_number_that_does_not_fit_is_found(tmp_path: Path) -> None:
    file = tmp_path / "counting.py"
    file.write_text(COUNTING)
    scope = load(file)
    with pytest.raises(ModelError, match="outside the range"):
        search(scope)
    assert rumur(scope, tmp_path).errors


COUNTING = """
from vmproof import Field, Range, State, action, initial

class Counter(State):
    number = Field(value=Range(0, 3))

@initial
def zero(s: Counter):
    return s.number == 0

@action()
def count(s: Counter):
    s.number = s.number + 1
"""
