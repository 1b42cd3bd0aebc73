"""Whether a proof is about anything: a start, and a state with all invariants for every action.

From hypotheses that contradict each other everything follows. A state of a small cluster shows that these
do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from .answers import Answer, Limits
from .obligations import Theory
from .small import members_of
from .solving import Asker
from .universe import FALSE, Expr

SIZES = (1, 2, 3)
"""So many members of each sort are tried, one size after another."""


def seen(scope: Scope, assumed: Mapping[str, Predicate], limits: Limits) -> tuple[bool, tuple[str, ...]]:
    """Whether a small cluster has a start, and the actions for which none has a state with all invariants."""
    starts = False
    actions = list(scope.traces)
    for size in SIZES:
        theory = Theory(scope, assumed, members_of(dict.fromkeys(scope.members, size)))
        starts = starts or _is_seen(theory.axioms() | theory.initial(), limits)
        actions = list(_unseen(theory, actions, limits))
        if starts and not actions:
            break
    return starts, tuple(actions)


def _unseen(theory: Theory, actions: Iterable[str], limits: Limits) -> Iterator[str]:
    """The actions that no state of these sizes lets happen."""
    asker = Asker(limits, minimal=False)
    asker.suppose(theory.axioms() | theory.assumed())
    for action in actions:
        if asker.ask(FALSE, theory.step(action).guards).answer is not Answer.FAILED:
            yield action


def _is_seen(hypotheses: Mapping[str, Expr], limits: Limits) -> bool:
    asker = Asker(limits, minimal=False)
    asker.suppose(hypotheses)
    return asker.ask(FALSE).answer is Answer.FAILED
