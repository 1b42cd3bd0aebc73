"""A scope made ground for diagrams: its action instances, what cells can hold, the order of variables."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.terms import Term
from ..compiled import possible_instances
from ..cone import cone_of
from ..frozen import frozen_cells
from ..ground import GroundAction, Grounder
from ..initial import Starts
from ..simplify import conjunction
from ..values import possible_codes
from .order import block_sort, variable_order


class Prepared:
    """What is worked out once for a scope, however often it is put into diagrams.

    ``actions`` are the action instances that are possible in some state, as far as can be told cheaply; with
    ``about`` only those that bear on these invariants (``cone``). ``start``: the initial statements.
    """

    def __init__(self, scope: Scope, about: Sequence[Predicate] = ()) -> None:
        self.scope = scope
        self.grounder = Grounder(scope, frozen_cells(scope))
        self.actions: tuple[GroundAction, ...] = possible_instances(scope, self.grounder)[0]
        self.cone = cone_of(map(self.grounder.statement, about), self.actions) if about else None
        if self.cone is not None:
            self.actions = self.cone.actions
        starts = Starts(scope)
        self.start: Term = conjunction(starts.conditions)
        self.codes = possible_codes(scope, self.actions, starts.codes)
        self.sort = block_sort(scope, self.actions)
        self.order = variable_order(scope, self.codes, self.sort)
