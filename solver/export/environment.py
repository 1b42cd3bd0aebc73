"""How the variables of a term are called where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...model.language.terms import Binder, Term, Var, walk
from .naming import Names


@dataclass(frozen=True)
class Environment:
    """The text that stands for each variable in sight, and the identifiers that are in use for them."""

    names: Names
    texts: Mapping[str, str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    """Names that the trace has without a number: ``h2`` may become ``h`` where no ``h`` is in sight."""

    def bind(self, var: Var) -> tuple[str, Environment]:
        """A name for a variable, and the environment below it."""
        name = self.names.local(self._wish(var.name), self.used)
        return name, self._with(var, name, {name})

    def _wish(self, name: str) -> str:
        short = re.sub(r"\d+$", "", name)
        return short if short in self.plain else name

    def fresh(self, wish: str) -> tuple[str, Environment]:
        """A name that is no variable of the term, and the environment with it."""
        name = self.names.local(wish, self.used)
        return name, Environment(self.names, self.texts, self.used | {name}, self.plain)

    def stand_in(self, var: Var, text: str) -> Environment:
        """The environment in which a text stands for the variable."""
        return self._with(var, text, set())

    def _with(self, var: Var, text: str, names: set[str]) -> Environment:
        return Environment(self.names, {**self.texts, var.name: text}, self.used | names, self.plain)


def environment_for(
    names: Names, parameters: Iterable[Var], terms: Iterable[Term], rows: Iterable[Var] = ()
) -> tuple[list[str], Environment]:
    """The names of the parameters of an action or a statement, and the environment of its terms.

    ``rows``: further variables that are bound on the way, those of whole-row writes.
    """
    bound = [node.var.name for term in terms for node in walk(term) if isinstance(node, Binder)]
    bound += [var.name for var in rows]
    listed = list(parameters)
    env = Environment(names, plain=frozenset([*bound, *(var.name for var in listed)]))
    found = []
    for var in listed:
        name, env = env.bind(var)
        found.append(name)
    return found, env
