"""A scope: the concrete cluster, finite and complete, that an engine works on.

It gives the sorts' members, the static data, the settings, the mechanisms that are on, the budgets
of the faults, and the states a run starts from (a predicate, not one state).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .actions import Action, Parameter
from .domains import Domain, Integer, Range, Sort
from .misuse import ModelError, Problem, Source, shown_path
from .predicates import Predicate
from .state import Field, Model, Quantity, State
from .tracing import Statement, Trace, trace_action, trace_statement
from .wording import word

Places = tuple[Any, ...]
MOST_VALUES = 256


@dataclass(frozen=True)
class CellInfo:
    """One cell of the state vector: ``field[places]`` with its possible values, in code order."""

    field: str
    places: Places
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return self.field + (f"[{', '.join(map(word, self.places))}]" if self.places else "")


@dataclass(frozen=True)
class Instance:
    """An action with its arguments: one thing that can happen in a scope."""

    action: Action
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.action.name}({', '.join(map(word, self.arguments))})"


@dataclass(frozen=True, eq=False)
class Scope:
    """A model made concrete.

    ``members``: names per sort. ``statics``: per static field a map from places (a member or a tuple of
    members; names will do) to values, or a function of the places. ``settings``: values that differ from
    the defaults. ``without``: mechanisms that are removed. ``budgets``: how often the actions under
    that budget may happen; a budget that is not named is 0. ``initial``: a further condition on the
    states a run starts from. ``recipe``: Python lines that make this scope again. Raises ModelError with
    all problems when something does not fit.
    """

    state: type[State]
    members: Mapping[type[Sort], Sequence[str]]
    statics: Mapping[str, Mapping[Any, Any] | Callable[..., Any]] = field(default_factory=dict)
    settings: Mapping[str, str | bool | int] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    budgets: Mapping[str, int] = field(default_factory=dict)
    initial: tuple[Predicate, ...] = ()
    name: str = ""
    recipe: str = ""

    def __post_init__(self) -> None:
        from .checking import check_axioms, check_scope

        problems = check_scope(self) or check_axioms(self)
        if problems:
            raise ModelError(problems)

    @property
    def model(self) -> Model:
        """The model that this is a scope of."""
        return self.state.model

    @cached_property
    def sorts(self) -> dict[type[Sort], tuple[Sort, ...]]:
        """The members of every sort."""
        return {sort: tuple(sort(name) for name in names) for sort, names in self.members.items()}

    @cached_property
    def all_settings(self) -> dict[str, str | bool | int]:
        """The value of every setting, defaults included."""
        defaults = {setting.name: setting.values[0] for setting in self.model.settings.values()}
        return {**defaults, **self.settings}

    @cached_property
    def cells(self) -> tuple[CellInfo, ...]:
        """The state vector: the budgets first, then field by field in the model's order."""
        budgets = [CellInfo(budget_name(b), (), tuple(range(n + 1))) for b, n in self.all_budgets.items()]
        fields = [cell for f in self.model.fields.values() for cell in self._cells_of(f)]
        return (*budgets, *fields)

    def _cells_of(self, f: Field) -> Iterator[CellInfo]:
        values = f.value.values(self.sorts)
        return (CellInfo(f.name, places, values) for places in self.places(f))

    def places(self, quantity: Quantity) -> Iterator[Places]:
        """All places of a field or static, the last index running fastest."""
        return itertools.product(*(domain.values(self.sorts) for domain in quantity.index))

    @cached_property
    def all_budgets(self) -> dict[str, int]:
        """How often the actions of every budget may happen."""
        names = dict.fromkeys(a.budget for a in self.model.actions.values() if a.budget)
        return {name: self.budgets.get(name, 0) for name in names}

    @cached_property
    def cell_index(self) -> dict[tuple[str, Places], int]:
        """The number of the cell of a field at its places."""
        return {(cell.field, cell.places): index for index, cell in enumerate(self.cells)}

    @cached_property
    def static_data(self) -> dict[str, dict[Places, Any]]:
        """The value of every static field at every place."""
        from .checking import static_values

        return {static.name: static_values(self, static)[0] for static in self.model.statics.values()}

    @cached_property
    def traces(self) -> dict[str, Trace]:
        """Every action that the mechanisms leave in the model, traced under this scope's settings."""
        actions = self.model.actions.values()
        return {
            a.name: trace_action(self.state, a, self.all_settings) for a in actions if self.on(a.mechanism)
        }

    def statement(self, predicate: Predicate) -> Statement:
        """A predicate traced under this scope's settings."""
        return trace_statement(self.state, predicate, self.all_settings)

    def on(self, mechanism: str | None) -> bool:
        """Whether a mechanism works in this scope."""
        return mechanism is None or mechanism not in self.without

    def instances(self) -> Iterator[Instance]:
        """Every action with every choice of arguments."""
        for action in self.model.actions.values():
            if self.on(action.mechanism):
                for arguments in self.arguments(action.parameters):
                    yield Instance(action, arguments)

    def arguments(self, parameters: tuple[Parameter, ...]) -> Iterator[tuple[Any, ...]]:
        """All choices of arguments for some parameters."""
        return itertools.product(*(parameter.domain.values(self.sorts) for parameter in parameters))

    def initial_predicates(self) -> tuple[Predicate, ...]:
        """The model's own ``@initial`` statements and this scope's."""
        return (*self.model.of_kind("initial"), *self.initial)

    def describe(self) -> dict[str, object]:
        """Sizes, budgets (those that are not named are 0) and removed mechanisms, for reports."""
        sizes: dict[str, object] = {plural(sort): len(names) for sort, names in self.members.items()}
        named = {"name": self.name} if self.name else {}
        return {
            **named,
            **sizes,
            **{budget: limit for budget, limit in self.all_budgets.items() if limit},
            **({"without": list(self.without)} if self.without else {}),
        }


def plural(sort: type[Sort]) -> str:
    """The name under which ``--scope`` gives the number of a sort's members: ``hosts``, ``vms``."""
    return f"{sort.__name__.lower()}s"


def budget_name(budget: str) -> str:
    """The name of the cell that counts what is left of a budget."""
    return f"{budget} left"


def problem(scope: Scope, expression: str, message: str, cure: str) -> Problem:
    """A problem of a scope, placed at its State class."""
    import inspect

    try:
        file = shown_path(inspect.getsourcefile(scope.state) or scope.state.__module__)
        line = inspect.getsourcelines(scope.state)[1]
    except (TypeError, OSError):
        file, line = scope.state.__module__, 0
    where = Source(f"scope {scope.name or scope.state.__name__} of {file}", line)
    return Problem(where, expression, message, cure)


def fits_domain(domain: Domain, value: Any, sorts: Mapping[type[Sort], tuple[Sort, ...]]) -> bool:
    """Whether an ordinary value belongs to a domain in a scope."""
    if isinstance(domain, Integer):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(domain, Range):
        return isinstance(value, int) and not isinstance(value, bool) and domain.low <= value <= domain.high
    return any(
        value is known or (isinstance(value, bool) and value == known) for known in domain.values(sorts)
    )
