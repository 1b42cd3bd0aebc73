"""Each rule of the house finds an offender in a made-up project, and leaves the innocent alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from house import rules
from support import PROJECT

pytestmark = pytest.mark.quality

Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes a made-up project and returns its root."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("file", "line", "target"),
    [
        ("model/a.py", "from ..solver import x", "vmproof.solver.x"),
        ("model/language/a.py", "from ...properties.results import Step", "vmproof.properties.results.Step"),
        ("solver/a.py", "from vmproof.reports import text", "vmproof.reports.text"),
        ("solver/a.py", "import vmproof.properties.results", "vmproof.properties.results"),
        ("properties/a.py", "from .. import reports", "vmproof.reports"),
        ("reports/a.py", "from vmproof import action", "vmproof.action"),
        ("reports/a.py", "def f():\n    from ..main import main", "vmproof.main.main"),
        ("model/a.py", "if TYPE_CHECKING:\n    import vmproof", "vmproof"),
    ],
)
def test_an_import_that_runs_upwards_is_found(tree: Tree, file: str, line: str, target: str) -> None:
    (offender,) = rules.imports_upwards(tree({file: line}))
    assert offender.startswith(f"{file}:{line.count(chr(10)) + 1} imports {target}:")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("command/main.py", "from .reports import text"),
        ("command/main.py", "from . import words"),
        ("reports/a.py", "from ..properties.results import Verdict"),
        ("model/cluster/a.py", "from ..language import State"),
        ("model/a.py", "from . import reports"),
        ("model/a.py", "import solver_of_somebody_else"),
    ],
)
def test_an_import_that_stays_or_runs_downwards_is_allowed(tree: Tree, file: str, line: str) -> None:
    assert rules.imports_upwards(tree({file: line})) == []


@pytest.mark.parametrize("folder", ["model", "tests", "tests/deep", "examples", "benchmarks"])
@pytest.mark.parametrize("line", ["import model", "from model.language import State", "import reports.text"])
def test_a_bare_import_is_found(tree: Tree, folder: str, line: str) -> None:
    assert len(rules.bare_imports(tree({f"{folder}/a.py": line}))) == 1


def test_a_relative_import_is_not_bare(tree: Tree) -> None:
    files = {"model/a.py": "from .language import State", "tests/a.py": "from vmproof.model import a"}
    assert rules.bare_imports(tree(files)) == []


def test_the_model_imports_the_standard_library_only(tree: Tree) -> None:
    root = tree(
        {
            "model/language/a.py": "import ast, z3\nfrom collections.abc import Callable",
            "model/cluster/a.py": "def f():\n    import pydantic",
            "model/inventory/a.py": "import pydantic\nfrom ..language import State\nimport rich",
        }
    )
    assert rules.foreign_imports_of_the_model(root) == [
        "model/cluster/a.py:2 imports pydantic",
        "model/inventory/a.py:3 imports rich",
        "model/language/a.py:1 imports z3",
    ]


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        ("matplotlib", "reports/pictures.py"),
        ("networkx", "reports/graphs.py"),
        ("rich", "reports/terminal.py"),
        ("hypothesis", "properties/sample_machine.py"),
        ("pydantic", "model/inventory/schema.py"),
        ("z3", "solver/smt/terms.py"),
        ("oxidd", "solver/diagrams.py"),
    ],
)
def test_a_heavy_import_belongs_to_one_room(tree: Tree, library: str, owner: str) -> None:
    line = f"try:\n    import {library}.part\nexcept ImportError:\n    pass\n"
    root = tree({owner: line, "command/main.py": line, "properties/explore.py": line})
    offenders = [offender.split(" ")[0] for offender in rules.heavy_imports_out_of_place(root)]
    assert offenders == ["command/main.py:2", "properties/explore.py:2"]


@pytest.mark.parametrize("head", ["def f():", "async def f():", "if TYPE_CHECKING:"])
def test_a_heavy_import_that_waits_is_allowed(tree: Tree, head: str) -> None:
    assert rules.heavy_imports_out_of_place(tree({"command/main.py": f"{head}\n    import z3"})) == []


def test_a_long_file_is_found(tree: Tree) -> None:
    root = tree({"model/a.py": "\n" * 400, "tests/b.py": "\n" * 401})
    assert rules.long_files(root) == ["tests/b.py: 401 lines"]


def test_a_long_function_is_found(tree: Tree) -> None:
    fits, too_long = ("def f():\n" + "    pass\n" * n for n in (39, 40))
    root = tree({"model/a.py": fits, "examples/b.py": "class C:\n    " + too_long.replace("\n", "\n    ")})
    assert rules.long_functions(root) == ["examples/b.py:2 f: 41 lines"]


def test_the_package_list_must_name_every_folder(tree: Tree) -> None:
    listed = '[tool.setuptools]\npackages = ["vmproof", "vmproof.model", "vmproof.gone"]\n'
    root = tree(
        {
            "pyproject.toml": listed,
            "command/__init__.py": "",
            "model/__init__.py": "",
            "model/migration/__init__.py": "",
            "solver/placement/queries.py": "",
        }
    )
    assert rules.packages_not_shipped(root) == [
        "model/migration: vmproof.model.migration is not listed",
        "solver/placement: vmproof.solver.placement is not listed",
        "vmproof.gone: listed, but it has no folder",
        "solver/placement: it has no __init__.py",
    ]


def test_a_room_under_another_name_is_found(tree: Tree) -> None:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    root = tree({"pyproject.toml": text.replace('"vmproof.model" = "model"', '"vmproof.models" = "model"')})
    assert rules.rooms_mapped_wrongly(root) == ["vmproof.model: None", "vmproof.models: model"]


@pytest.mark.parametrize("place", ["work/main", "root/.cache", "home/somebody", "Users/somebody"])
def test_a_path_of_a_machine_is_found(tree: Tree, place: str) -> None:
    root = tree({"docs/a.md": f"fine\nsee /{place}/file\n", "b.md": "https://a.org/work/x\n"})
    (root / "picture.png").write_bytes(b"\x89PNG\xff/" + place.encode())
    assert rules.machine_paths(root) == [f"docs/a.md:2: see /{place}/file"]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "X" * 3])
def test_a_leftover_is_found(tree: Tree, word: str) -> None:
    root = tree({"Makefile": f"# {word}: later\n", "a.txt": f"mktemp {word}{word}\n"})
    assert rules.leftovers(root) == [f"Makefile:1: # {word}: later"]
