"""A scope in diagrams without anything left out: every cell may have every value, reachable or not."""

from __future__ import annotations

from vmproof.model.language import Scope
from vmproof.solver.compiled import possible_instances
from vmproof.solver.diagrams.limits import Size
from vmproof.solver.diagrams.order import block_sort, variable_order
from vmproof.solver.diagrams.prepared import Prepared
from vmproof.solver.diagrams.space import Space
from vmproof.solver.ground import Grounder
from vmproof.solver.initial import Starts
from vmproof.solver.simplify import conjunction


def whole_space(scope: Scope) -> Space:
    """The scope for questions about any states at all."""
    whole = Prepared.__new__(Prepared)
    whole.scope, whole.cone, whole.grounder = scope, None, Grounder(scope)
    whole.actions = possible_instances(scope, whole.grounder)[0]
    whole.start = conjunction(Starts(scope).conditions)
    whole.codes = tuple(tuple(range(len(cell.values))) for cell in scope.cells)
    whole.sort = block_sort(scope, whole.actions)
    whole.order = variable_order(scope, whole.codes, whole.sort)
    return Space(whole, Size(memory=1 << 30))
