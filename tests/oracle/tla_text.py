"""TLA+ as text: its tree, the names in it, and the kinds of values. See ``tla_reading``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Env = dict[str, Any]
Value = Callable[[Env], Any]
Steps = Callable[[Env], Iterator[Env]]


class TlaError(Exception):
    """The real tools would refuse the module, or stop."""


@dataclass(frozen=True)
class ModelValue:
    """A model value: equal to itself only."""

    name: str


class Function:
    """A function with a finite domain; a function of several arguments is one of their tuple."""

    def __init__(self, table: dict[Any, Any]) -> None:
        self.table = table
        self._hash = hash(frozenset(table.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self.table == other.table

    def at(self, key: Any) -> Any:
        """The value at a place of the domain."""
        if key not in self.table:
            raise TlaError(f"{key!r} is not in the domain of the function")
        return self.table[key]


def same(one: Any, other: Any) -> bool:
    """Equality, of values of one kind only; a model value may be held against anything."""
    if isinstance(one, ModelValue) or isinstance(other, ModelValue):
        return bool(one == other)
    if type(one) is not type(other):
        raise TlaError(f"{one!r} and {other!r} are of different kinds")
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@cache
def parser() -> Any:
    """The parser of the grammar."""
    import tree_sitter
    import tree_sitter_tlaplus as grammar

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(tree_sitter.Language(grammar.language()))


def parsed(text: str) -> Any:
    """The tree of a module. Raises TlaError with the first places that are not TLA+."""
    root = parser().parse(text.encode("ascii")).root_node
    wrong = [node for node in walk(root) if node.type == "ERROR" or node.is_missing]
    if wrong:
        told = "; ".join(f"line {n.start_point[0] + 1}: {n.text[:60].decode()!r}" for n in wrong[:5])
        raise TlaError(f"not TLA+: {told}")
    return root


def walk(node: Any) -> Iterator[Any]:
    """A node and everything below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def parts(node: Any) -> list[Any]:
    """What is below a node, comments left out."""
    return [child for child in node.children if child.type not in ("comment", "block_comment")]


def said(node: Any) -> str:
    """The text of a node."""
    return str(node.text.decode())


def named(node: Any, *kinds: str) -> list[Any]:
    """The parts of these types."""
    return [child for child in parts(node) if child.type in kinds]


@dataclass
class Operator:
    """A definition: its parameters and its body, which becomes a value or steps when it is first needed."""

    parameters: list[str]
    body: Any = None
    value: Value | None = None
    steps: Steps | None = None


BUILT_IN = {"Int", "Nat", "Cardinality", "IsFiniteSet"}


@dataclass
class Declarations:
    """What a module declares, each name before it is used and once."""

    variables: list[str] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    invariants: list[str] = field(default_factory=list)
    checks_deadlock: bool = True
    assumed: list[str] = field(default_factory=list)
    fair: int = 0
    known: set[str] = field(default_factory=lambda: set(BUILT_IN))
    """All names that are declared so far."""
    stepping: set[str] = field(default_factory=set)
    """The operators that speak of the next state."""

    def declare(self, name: str) -> None:
        """Note a new name. Raises TlaError when it is taken."""
        if name in self.known:
            raise TlaError(f"{name} is declared twice")
        self.known.add(name)

    def take(self, unit: Any, given: dict[str, Any]) -> None:
        """Take in one unit of the module; ``given`` are the values of the constants."""
        match unit.type:
            case "constant_declaration" | "variable_declaration":
                for name in map(said, named(unit, "identifier")):
                    self.declare(name)
                    if unit.type == "variable_declaration":
                        self.variables.append(name)
                    else:
                        self.constants[name] = given[name]
            case "recursive_declaration":
                for operator in named(unit, "operator_declaration"):
                    name = said(named(operator, "identifier")[0])
                    self.declare(name)
                    self.operators[name] = Operator([])
            case "operator_definition":
                self._define(unit)
            case "assumption":
                self.assumed += [said(node) for node in walk(unit) if node.type == "identifier_ref"]
            case "header_line" | "MODULE" | "identifier" | "extends" | "double_line":
                pass
            case other:
                raise TlaError(f"{other} is not read here")

    def _define(self, unit: Any) -> None:
        name, *parameters = map(said, named(unit, "identifier"))
        recursive = name in self.operators and self.operators[name].body is None
        operator = self.operators.setdefault(name, Operator([])) if recursive else Operator([])
        operator.parameters, operator.body = parameters, parts(unit)[-1]
        self._resolve(operator.body, set(parameters), parameters)
        if not recursive:
            self.declare(name)
            self.operators[name] = operator
        if self.is_step(operator.body):
            self.stepping.add(name)
        self.fair += sum(1 for node in walk(operator.body) if node.type == "fairness")

    def is_step(self, node: Any) -> bool:
        """Whether a formula speaks of the next state, itself or through what it calls."""
        names = {said(found) for found in walk(node) if found.type == "identifier_ref"}
        return bool(names & self.stepping) or any(n.type in ("prime", "unchanged") for n in walk(node))

    def _resolve(self, node: Any, local: set[str], new: list[str]) -> None:
        """Check that every name is known where it stands, and that no new one hides another."""
        for name in new:
            if name in self.known:
                raise TlaError(f"{name} hides a declaration")
        bound = [said(i) for bound in named(node, "quantifier_bound") for i in named(bound, "identifier")]
        bound += [said(named(d, "identifier")[0]) for d in named(node, "operator_definition")]
        bound += [said(i) for i in named(node, "identifier") if node.type == "choose"]
        for name in bound:
            if name in local or name in self.known or bound.count(name) > 1:
                raise TlaError(f"{name} is bound where it has a meaning already: {said(node)[:60]}")
        if node.type == "identifier_ref" and said(node) not in local and said(node) not in self.known:
            raise TlaError(f"{said(node)} is not declared before {said(node.parent)[:60]}")
        for child in parts(node):
            inner = local if child.type == "quantifier_bound" else local | set(bound)
            self._resolve(child, inner, [])
