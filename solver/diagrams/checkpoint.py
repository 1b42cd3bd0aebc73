"""Known states in a file, so that a long exploration can go on later: a DDDMP file that names its scope."""

from __future__ import annotations

import hashlib
from pathlib import Path

from oxidd.util import DDDMPFile

from ...model.language.terms import digest
from ..files import written_whole
from .encoding import Diagram
from .limits import CheckpointError
from .space import Space


def fingerprint(space: Space) -> str:
    """A word that is the same for the same model and scope, and hardly for any other."""
    scope, encoding = space.scope, space.encoding
    parts = [f"{cell} {encoding.codes[index]}" for index, cell in enumerate(scope.cells)]
    parts += [str(cell) for cell in encoding.order]
    parts += [f"{name} {sorted(map(str, data.items()))}" for name, data in scope.static_data.items()]
    for name, trace in scope.traces.items():
        parts += [name, *(digest(g.condition) for g in trace.guards if scope.on(g.mechanism))]
        writes = [write for write in trace.writes if all(map(scope.on, write.mechanisms))]
        parts += [f"{write.field.name} {digest(write.value)}" for write in writes]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def save_states(space: Space, states: Diagram, path: Path) -> None:
    """Write a set of states, whole or not at all."""
    with written_whole(path) as new:
        space.manager.export_dddmp(new, [states], diagram_name=fingerprint(space))


def load_states(space: Space, path: Path) -> Diagram:
    """The set of states in a file. Raises CheckpointError when it is none, or of another model or scope."""
    try:
        with DDDMPFile(path) as file:
            if file.diagram_name != fingerprint(space):
                raise CheckpointError(
                    f"{path} belongs to another model or scope: give the same FILE, --scope, --without and"
                    " --property as then, or begin anew without --resume"
                )
            (states,) = space.manager.import_dddmp(file)
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{path} is no checkpoint: {error}; begin anew without --resume") from error
    return states
