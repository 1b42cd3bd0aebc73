"""A small reading of TLA+, independent of vmproof: what a module means, and the states that TLC would count.

The text is parsed by the grammar of tree-sitter-tlaplus. Read is what exported modules consist of; everything
else is an error. As in the real tools, a name is declared before it is used and never twice in sight, values
of different kinds are not compared, and a step says what every variable becomes. Unlike in TLC, a step counts
once however many witnesses a guard has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from oracle.tla_text import Env, ModelValue, Steps, TlaError, Value, named, parsed, parts, said, walk
from oracle.tla_values import Values, truth


@dataclass
class Found:
    """What TLC would report."""

    states: set[tuple[Any, ...]] = field(default_factory=set)
    generated: int = 0
    violated: set[str] = field(default_factory=set)


@dataclass
class Module(Values):
    """A module with its configuration."""

    starting: bool = False
    """Whether formulas are about initial states, and so about variables without a prime."""

    def read(self, text: str, configuration: str) -> None:
        """Take in a module and its configuration."""
        (body,) = named(parsed(text), "module")
        given = _configured(configuration, self)
        for unit in parts(body):
            self.take(unit, given)
        if unknown := set(given) - set(self.constants):
            raise TlaError(f"the configuration gives {unknown}, which is no constant")
        for name in self.invariants:
            if name not in self.operators:
                raise TlaError(f"the configuration names {name}, which is not defined")

    def steps(self, node: Any) -> Steps:
        """A formula as what it lets the next state be: environments with further primed variables."""
        if not self.starting and not self.is_step(node):
            return _filtered(self.value(node))
        match node.type:
            case "conj_list":
                return _one_after_the_other([self.steps(parts(i)[-1]) for i in named(node, "conj_item")])
            case "disj_list":
                return _one_of([self.steps(parts(item)[-1]) for item in named(node, "disj_item")])
            case "parentheses":
                return self.steps(parts(node)[1])
            case "bounded_quantification" if said(parts(node)[0]) == "\\E":
                return self._some_steps(node)
            case "bound_infix_op":
                return self._assignment(node)
            case "bound_prefix_op" if parts(node)[0].type == "unchanged":
                return self._unchanged(parts(node)[1])
            case "identifier_ref" | "bound_op":
                return self._step_call(node)
        return _filtered(self.value(node))

    def enabled(self, node: Any) -> Value:
        """Whether a step is possible."""
        steps = self.steps(node)
        return lambda env: next(steps(env), None) is not None

    def _some_steps(self, node: Any) -> Steps:
        bindings, body = self._bindings(node), self.steps(parts(node)[-1])
        return lambda env: (found for _, inner in bindings(env) for found in body(inner))

    def _step_call(self, node: Any) -> Steps:
        head, *rest = parts(node) if node.type == "bound_op" else [node]
        operator = self.operators.get(said(head))
        if operator is None or said(head) not in self.stepping:
            return _filtered(self.value(node))
        arguments = self._values(rest)

        def called(env: Env) -> Iterator[Env]:
            if operator.steps is None:
                operator.steps = self.steps(operator.body)
            given = {p: a(env) for p, a in zip(operator.parameters, arguments, strict=True)}
            for found in operator.steps({**env, **given}):
                yield {**env, **{n: v for n, v in found.items() if n.rstrip("'") in self.variables}}

        return called

    def _assignment(self, node: Any) -> Steps:
        """``x' = e``, ``x = e`` or ``x \\in S`` of a variable that has no value yet; else a condition."""
        left, sign, right = parts(node)
        target = said(left)
        if target.rstrip("'") not in self.variables or sign.type not in ("eq", "in"):
            return _filtered(self.value(node)) if "'" not in said(node) else self._refused(node)
        value, condition = self.value(right), self.value(node) if "'" not in target else None

        def assigned(env: Env) -> Iterator[Env]:
            if target not in env:
                values = [value(env)] if sign.type == "eq" else value(env)
                yield from ({**env, target: new} for new in values)
            elif condition is None:
                raise TlaError(f"{target} is said twice")
            elif truth(condition(env)):
                yield env

        return assigned

    def _refused(self, node: Any) -> Steps:
        raise TlaError(f"not read here: {said(node)[:60]}")

    def _unchanged(self, node: Any) -> Steps:
        names = self._variables_in(node)

        def kept(env: Env) -> Iterator[Env]:
            if any(f"{name}'" in env for name in names):
                raise TlaError("a variable is changed and unchanged")
            yield {**env, **{f"{name}'": env[name] for name in names}}

        return kept

    def _variables_in(self, node: Any) -> list[str]:
        """The variables of a tuple, and of tuples that it names."""
        names = [said(found) for found in walk(node) if found.type == "identifier_ref"]
        inner = [[n] if n in self.variables else self._variables_in(self.operators[n].body) for n in names]
        return [name for found in inner for name in found]

    def initial_states(self) -> Iterator[tuple[Any, ...]]:
        """The states of Init."""
        self.starting = True
        steps = self.steps(self.operators["Init"].body)
        self.starting = False
        for env in steps({}):
            yield tuple(env[name] for name in self.variables)

    def explore(self, most: int = 100_000) -> Found:
        """All reachable states, as TLC counts them, and the first violation of each invariant."""
        for name in self.assumed:
            if not truth(self.value(self.operators[name].body)({})):
                raise TlaError(f"the assumption {name} is false")
        invariants = {name: self.value(self.operators[name].body) for name in self.invariants}
        steps, found = self.steps(self.operators["Next"].body), Found()
        frontier = list(dict.fromkeys(self.initial_states()))
        found.generated, found.states = len(frontier), set(frontier)
        while frontier:
            state = frontier.pop()
            env = dict(zip(self.variables, state, strict=True))
            found.violated |= {name for name, test in invariants.items() if not truth(test(env))}
            before = found.generated
            for after in steps(env):
                found.generated += 1
                successor = self._successor(after)
                if successor not in found.states:
                    found.states.add(successor)
                    frontier.append(successor)
            if self.checks_deadlock and found.generated == before:
                found.violated.add("deadlock")
            if len(found.states) > most:
                raise TlaError(f"more than {most} states")
        return found

    def _successor(self, env: Env) -> tuple[Any, ...]:
        missing = [name for name in self.variables if f"{name}'" not in env]
        if missing:
            raise TlaError(f"a step does not say what becomes of {', '.join(missing)}")
        return tuple(env[f"{name}'"] for name in self.variables)


def _filtered(condition: Value) -> Steps:
    return lambda env: iter([env] if truth(condition(env)) else [])


def _one_of(steps: list[Steps]) -> Steps:
    return lambda env: (found for step in steps for found in step(env))


def _one_after_the_other(steps: list[Steps]) -> Steps:
    def taken(env: Env, position: int = 0) -> Iterator[Env]:
        if position == len(steps):
            yield env
            return
        for found in steps[position](env):
            yield from taken(found, position + 1)

    return taken


def _configured(text: str, module: Module) -> dict[str, Any]:
    """The constants of a configuration; notes its invariants, and whether deadlocks are violations."""
    plain = "\n".join(line.partition("\\*")[0] for line in text.splitlines())
    sections = re.split(r"^(SPECIFICATION|CONSTANTS|INVARIANTS|CHECK_DEADLOCK)\b", plain, flags=re.M)
    found = {name: body.split("\n") for name, body in zip(sections[1::2], sections[2::2], strict=True)}
    module.invariants = [line.strip() for line in found.get("INVARIANTS", []) if line.strip()]
    module.checks_deadlock = found["CHECK_DEADLOCK"][0].strip() == "TRUE"
    rows = [line.split(" = ", 1) for line in found.get("CONSTANTS", []) if line.strip()]
    return {name.strip(): _constant(name.strip(), value, module) for name, value in rows}


def _constant(name: str, text: str, module: Module) -> Any:
    if name == text.strip():
        return ModelValue(name)
    (body,) = named(parsed(f"---- MODULE Value ----\nvalue == {text}\n====\n"), "module")
    return module.value(parts(named(body, "operator_definition")[0])[-1])({})


def module_of(files: dict[str, str]) -> Module:
    """The module that an export wrote, with its configuration."""
    (text,) = (text for name, text in files.items() if name.endswith(".tla"))
    (configuration,) = (text for name, text in files.items() if name.endswith(".cfg"))
    module = Module()
    module.read(text, configuration)
    return module
