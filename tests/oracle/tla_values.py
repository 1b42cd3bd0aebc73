"""TLA+ expressions as values in an environment. See ``tla_reading``."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from oracle.tla_text import Declarations, Env, Function, TlaError, Value, named, parts, said, same


class Values(Declarations, ABC):
    """Reads expressions."""

    def value(self, node: Any) -> Value:
        """An expression as a function of the environment: variables and what is bound."""
        make = getattr(self, f"_{node.type}", None)
        if make is None:
            raise TlaError(f"{node.type} is not read here: {said(node)[:60]}")
        made: Value = make(node)
        return made

    def _values(self, nodes: list[Any]) -> list[Value]:
        return [self.value(node) for node in nodes if node.is_named]

    def _boolean(self, node: Any) -> Value:
        truth = said(node) == "TRUE"
        return lambda env: truth

    def _nat_number(self, node: Any) -> Value:
        number = int(said(node))
        return lambda env: number

    def _string(self, node: Any) -> Value:
        text = said(node)[1:-1]
        return lambda env: text

    def _boolean_set(self, node: Any) -> Value:
        return lambda env: frozenset([True, False])

    def _parentheses(self, node: Any) -> Value:
        return self.value(parts(node)[1])

    def _identifier_ref(self, node: Any) -> Value:
        name = said(node)
        if name in self.constants:
            constant = self.constants[name]
            return lambda env: constant
        if name in self.operators:
            return self._call(name, [])
        return lambda env: env[name]

    def _bound_op(self, node: Any) -> Value:
        head, *rest = parts(node)
        arguments = self._values(rest)
        if said(head) == "Cardinality":
            return lambda env: len(arguments[0](env))
        return self._call(said(head), arguments)

    def _call(self, name: str, arguments: list[Value]) -> Value:
        operator = self.operators[name]
        if len(arguments) != len(operator.parameters):
            raise TlaError(f"{name} takes {len(operator.parameters)} arguments")

        def called(env: Env) -> Any:
            if operator.value is None:
                operator.value = self.value(operator.body)
            given = {p: a(env) for p, a in zip(operator.parameters, arguments, strict=True)}
            return operator.value({**env, **given} if given else env)

        return called

    def _tuple_literal(self, node: Any) -> Value:
        items = [
            self.value(n) for n in parts(node) if n.type not in ("langle_bracket", "rangle_bracket", ",")
        ]
        return lambda env: tuple(item(env) for item in items)

    def _finite_set_literal(self, node: Any) -> Value:
        items = self._values(parts(node))
        return lambda env: frozenset(item(env) for item in items)

    def _bindings(self, node: Any) -> Callable[[Env], Iterator[tuple[Any, Env]]]:
        """The values of what is bound, as one value or a tuple, and the environment that has them."""
        names, sets = [], []
        for bound in named(node, "quantifier_bound"):
            found = [said(i) for i in named(bound, "identifier")]
            names += found
            sets += [self.value(parts(bound)[-1])] * len(found)

        def bindings(env: Env) -> Iterator[tuple[Any, Env]]:
            for chosen in itertools.product(*(members(env) for members in sets)):
                key = chosen[0] if len(chosen) == 1 else chosen
                yield key, {**env, **dict(zip(names, chosen, strict=True))}

        return bindings

    def _function_literal(self, node: Any) -> Value:
        bindings, body = self._bindings(node), self.value(parts(node)[-2])
        return lambda env: Function({key: body(inner) for key, inner in bindings(env)})

    def _set_filter(self, node: Any) -> Value:
        bindings, body = self._bindings(node), self.value(parts(node)[-2])
        return lambda env: frozenset(key for key, inner in bindings(env) if truth(body(inner)))

    def _bounded_quantification(self, node: Any) -> Value:
        bindings, body = self._bindings(node), self.value(parts(node)[-1])
        decide = all if said(parts(node)[0]) == "\\A" else any
        return lambda env: decide(truth(body(inner)) for _, inner in bindings(env))

    def _choose(self, node: Any) -> Value:
        name, chosen_from, body = parts(node)[1], self.value(parts(node)[3]), self.value(parts(node)[-1])

        def chosen(env: Env) -> Any:
            candidates = sorted(chosen_from(env), key=repr)
            return next(v for v in candidates if truth(body({**env, said(name): v})))

        return chosen

    def _set_of_functions(self, node: Any) -> Value:
        domain, values = self.value(parts(node)[1]), self.value(parts(node)[3])

        def functions(env: Env) -> Any:
            keys, image = list(domain(env)), list(values(env))
            rows = itertools.product(image, repeat=len(keys))
            return frozenset(Function(dict(zip(keys, row, strict=True))) for row in rows)

        return functions

    def _function_evaluation(self, node: Any) -> Value:
        function, *rest = parts(node)
        applied, places = self.value(function), self._values(rest)
        if len(places) == 1:
            return lambda env: applied(env).at(places[0](env))
        return lambda env: applied(env).at(tuple(place(env) for place in places))

    def _except(self, node: Any) -> Value:
        before = self.value(parts(node)[1])
        updates = [self._update(update) for update in named(node, "except_update")]

        def after(env: Env) -> Function:
            table = dict(before(env).table)
            for place, new in updates:
                key = place(env)
                if key not in table:
                    raise TlaError(f"EXCEPT names {key!r}, which is not in the domain")
                table[key] = new(env)
            return Function(table)

        return after

    def _update(self, update: Any) -> tuple[Value, Value]:
        _, specifier, _, new = parts(update)
        (application,) = parts(specifier)
        places = self._values(parts(application))
        one = len(places) == 1
        place = places[0] if one else lambda env: tuple(place(env) for place in places)
        return place, self.value(new)

    def _if_then_else(self, node: Any) -> Value:
        condition, yes, otherwise = self._values(parts(node))
        return lambda env: yes(env) if truth(condition(env)) else otherwise(env)

    def _let_in(self, node: Any) -> Value:
        (definition,) = named(node, "operator_definition")
        name, value, body = (
            said(parts(definition)[0]),
            self.value(parts(definition)[-1]),
            self.value(parts(node)[-1]),
        )
        return lambda env: body({**env, name: value(env)})

    def _conj_list(self, node: Any) -> Value:
        items = [self.value(parts(item)[-1]) for item in named(node, "conj_item")]
        return lambda env: all(truth(item(env)) for item in items)

    def _disj_list(self, node: Any) -> Value:
        items = [self.value(parts(item)[-1]) for item in named(node, "disj_item")]
        return lambda env: any(truth(item(env)) for item in items)

    def _bound_prefix_op(self, node: Any) -> Value:
        sign, part = parts(node)
        if sign.type == "enabled":
            return self.enabled(part)
        value = self.value(part)
        if sign.type == "lnot":
            return lambda env: not truth(value(env))
        if sign.type == "negative":
            return lambda env: -value(env)
        raise TlaError(f"{sign.type} is not read here")

    def _bound_infix_op(self, node: Any) -> Value:
        left, sign, right = parts(node)
        if sign.type == "times":
            factors = self._values(_factors(node))
            return lambda env: frozenset(itertools.product(*(factor(env) for factor in factors)))
        one, other = self.value(left), self.value(right)
        if sign.type == "in":
            return self._membership(right, one)
        operation = OPERATIONS.get(said(sign))
        if operation is None:
            raise TlaError(f"{said(sign)} is not read here")
        return operation(one, other)

    def _membership(self, members: Any, one: Value) -> Value:
        """Whether a value is in a set; a set of functions is not listed for that."""
        if members.type == "set_of_functions":
            domain, image = self.value(parts(members)[1]), self.value(parts(members)[3])
            return lambda env: (
                frozenset(one(env).table) == domain(env)
                and all(value in image(env) for value in one(env).table.values())
            )
        listed = self.value(members)
        return lambda env: one(env) in listed(env)

    @abstractmethod
    def enabled(self, node: Any) -> Value:
        """Whether a step is possible."""


def truth(value: Any) -> bool:
    """A truth value; anything else is an error."""
    if not isinstance(value, bool):
        raise TlaError(f"{value!r} is no truth value")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TlaError(f"{value!r} is no number")
    return value


def _on_numbers(operation: Callable[[int, int], Any]) -> Callable[[Value, Value], Value]:
    return lambda one, other: lambda env: operation(_number(one(env)), _number(other(env)))


OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "=": lambda one, other: lambda env: same(one(env), other(env)),
    "#": lambda one, other: lambda env: not same(one(env), other(env)),
    "/\\": lambda one, other: lambda env: truth(one(env)) and truth(other(env)),
    "\\/": lambda one, other: lambda env: truth(one(env)) or truth(other(env)),
    "=>": lambda one, other: lambda env: not truth(one(env)) or truth(other(env)),
    "\\notin": lambda one, other: lambda env: one(env) not in other(env),
    "\\cup": lambda one, other: lambda env: one(env) | other(env),
    "\\": lambda one, other: lambda env: one(env) - other(env),
    "<": _on_numbers(lambda a, b: a < b),
    ">": _on_numbers(lambda a, b: a > b),
    ">=": _on_numbers(lambda a, b: a >= b),
    "<=": _on_numbers(lambda a, b: a <= b),
    "+": _on_numbers(lambda a, b: a + b),
    "-": _on_numbers(lambda a, b: a - b),
    "*": _on_numbers(lambda a, b: a * b),
    "..": _on_numbers(lambda a, b: frozenset(range(a, b + 1))),
}


def _factors(node: Any) -> list[Any]:
    """The sets of a product: of A \\X B \\X C it is the triples."""
    if node.type != "bound_infix_op" or parts(node)[1].type != "times":
        return [node]
    left, _, right = parts(node)
    return [*_factors(left), right]
