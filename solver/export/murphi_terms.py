"""Terms as Murphi expressions. Counts, totals and derived statements become functions on the way."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from ...model.language.domains import NOBODY, Bool, Choice, Domain, Integer, MaybeMember, Member, Range, Sort
from ...model.language.predicates import Predicate
from ...model.language.scope import Places, Scope
from ...model.language.state import Static
from ...model.language.terms import (
    And,
    Arithmetic,
    At,
    Binder,
    Const,
    Count,
    Equal,
    Exists,
    ForAll,
    Less,
    Not,
    Or,
    Read,
    Term,
    Total,
    Var,
    Where,
    walk,
)
from ..simplify import is_false, is_true
from .bounds import bounds
from .contents import flat
from .environment import Environment, environment_for
from .folding import Call, Folder
from .naming import Names, ascii_text
from .starts import by_value


def comment(text: str, indent: int = 0) -> list[str]:
    """A text as comment lines."""
    return [f"{' ' * indent}-- {line}".rstrip() for line in ascii_text(text).splitlines()]


def remark(text: str) -> str:
    """A text as a comment of one line."""
    return f"-- {' '.join(ascii_text(text).split())}"


class Expressions:
    """Writes terms. ``functions`` has the text of every function that was needed, callees first."""

    def __init__(self, scope: Scope, names: Names, folder: Folder) -> None:
        self.scope = scope
        self.names = names
        self.folder = folder
        self.functions: list[str] = []
        self._written: dict[str, str] = {}
        self._sums = 0

    # types and values

    def kind(self, domain: Domain) -> str:
        """A domain as a type."""
        match domain:
            case Bool():
                return "boolean"
            case Range(low=low, high=high):
                return f"{low}..{high}"
            case MaybeMember(of=of):
                return self.names.of("maybe", of)
            case Member(of=of):
                return self.names.of("sort", of)
            case Choice(of=of):
                return self.names.of("enum", of)
        raise TypeError(f"no Murphi type for {domain}")

    def kind_of(self, term: Term) -> str:
        """The type of a term's values."""
        if isinstance(term.domain, Integer | Range):
            low, high = bounds(self.scope, self.folder.used, term)
            return f"{low}..{high}"
        return self.kind(term.domain)

    def arrays(self, index: Sequence[Domain], inner: str) -> str:
        """The type of a field with these indexes."""
        return "".join(f"array[{self.kind(domain)}] of " for domain in index) + inner

    def value(self, value: Any) -> str:
        """An ordinary value."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is NOBODY or isinstance(value, Enum | Sort):
            return self.names.of("value", value)
        return str(value) if value >= 0 else f"({value})"

    # expressions

    def folded(self, term: Term, env: Environment) -> str:
        """A term of the model, with calls where it was traced through derived statements."""
        return self.line(self.folder.fold(term), env)

    def line(self, term: Term, env: Environment) -> str:
        """A folded term on one line; whatever has an operator stands in parentheses."""
        match term:
            case Const(value=value):
                return self.value(value)
            case Var(name=name):
                return env.texts[name]
            case Read(field=field, places=places):
                return self._read(field, [self.line(place, env) for place in places])
            case Call(predicate=predicate, arguments=arguments):
                name = self._derived(predicate)
                return f"{name}({', '.join(self.line(argument, env) for argument in arguments)})"
            case Arithmetic(operator=operator, left=left, right=right):
                return self._between(operator, left, right, env)
            case Equal(left=left, right=right):
                return self._between("=", left, right, env)
            case Less(left=Const() as left, right=right):
                return self._between(">", right, left, env)
            case Less(left=left, right=right):
                return self._between("<", left, right, env)
            case Not(part=part):
                return self._opposite(part, env)
        return self._compound(term, env)

    def _read(self, field: str, places: list[str]) -> str:
        name = self.names.of("quantity", field)
        if field in self.scope.model.statics:
            return f"{name}({', '.join(places)})"
        return name + "".join(f"[{place}]" for place in places)

    def _between(self, operator: str, left: Term, right: Term, env: Environment) -> str:
        return f"({self.line(left, env)} {operator} {self.line(right, env)})"

    def _opposite(self, part: Term, env: Environment) -> str:
        match part:
            case Equal(left=left, right=right):
                return self._between("!=", left, right, env)
            case Less(left=left, right=Const() as right):
                return self._between(">=", left, right, env)
            case Less(left=left, right=right):
                return self._between("<=", right, left, env)
        return f"!{self.line(part, env)}"

    def _compound(self, term: Term, env: Environment) -> str:
        match term:
            case And() | Or():
                sign = " & " if isinstance(term, And) else " | "
                parts = [self.line(part, env) for part in flat(term)]
                return f"({sign.join(parts)})" if parts else self.value(isinstance(term, And))
            case ForAll() | Exists():
                name, inner = env.bind(term.var)
                word = "forall" if isinstance(term, ForAll) else "exists"
                return f"({word} {name}: {self.kind(term.var.domain)} do {self.line(term.body, inner)} end)"
            case Count() | Total():
                return self._sum(term, env)
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                parts = [self.line(part, env) for part in (condition, yes, otherwise)]
                return "({} ? {} : {})".format(*parts)
            case At():
                return self._at(term, env)
        raise TypeError(f"no Murphi form of {type(term).__name__}")

    def _at(self, term: At, env: Environment) -> str:
        """The body with the optional value itself in the place of its variable."""
        held = self.line(term.value, env)
        body = self.line(term.body, env.stand_in(term.var, held))
        if not isinstance(term.value.domain, MaybeMember):
            return body
        nobody = self.value(NOBODY)
        if is_false(term.absent):
            return f"({held} != {nobody} & {body})"
        if is_true(term.absent):
            return f"({held} = {nobody} | {body})"
        return f"({held} = {nobody} ? {self.line(term.absent, env)} : {body})"

    # functions

    def _sum(self, term: Count | Total, env: Environment) -> str:
        """The call of a function that counts or adds; its parameters are the variables in sight."""
        free = _free_variables(term)
        parameters, inner = environment_for(self.names, free, [term])
        result, inner = inner.fresh("n")
        text = self._loop(term, inner, result)
        head = f"({'; '.join(map(self._parameter, parameters, free))}): {self.kind_of(term)};"
        whole = f"{head}\nvar {result}: {self.kind_of(term)};\n{text}"
        if whole not in self._written:
            self._sums += 1
            kind = "count" if isinstance(term, Count) else "total"
            self._written[whole] = f"{kind}_{self._sums}"
            self.functions.append(f"function {self._written[whole]}{whole}")
        return f"{self._written[whole]}({', '.join(env.texts[var.name] for var in free)})"

    def _parameter(self, name: str, var: Var) -> str:
        return f"{name}: {self.kind(var.domain)}"

    def _loop(self, term: Count | Total, env: Environment, result: str) -> str:
        name, inner = env.bind(term.var)
        body = self.line(term.body, inner)
        add = f"{result} := {result} + {body};"
        if isinstance(term, Count):
            add = f"if {body} then {result} := {result} + 1; end;"
        lines = [
            "begin",
            f"  {result} := 0;",
            f"  for {name}: {self.kind(term.var.domain)} do",
            f"    {add}",
            "  end;",
            f"  return {result};",
            "end;",
            "",
        ]
        return "\n".join(lines)

    def _derived(self, predicate: Predicate) -> str:
        """The name of a derived statement's function, which is written when it is first called."""
        name = self.names.of("derived", predicate.name)
        if name not in self._written:
            self._written[name] = name
            derived = self.folder.used[predicate.name]
            parameters, env = environment_for(self.names, derived.parameters, [derived.body])
            body = self.line(derived.body, env)
            head = "; ".join(map(self._parameter, parameters, derived.parameters))
            lines = comment(predicate.text or predicate.sentence)
            lines.append(f"function {name}({head}): {self.kind_of(derived.body)};")
            self.functions.append("\n".join([*lines, "begin", f"  return {body};", "end;", ""]))
        return name

    def static(self, static: Static) -> str:
        """A function that gives static data: the commonest value, after all exceptions."""
        table = self.scope.static_data[static.name]
        commonest, others = by_value(table)
        parameters, env = [], Environment(self.names)
        for domain in static.index:
            name, env = env.fresh(str(domain)[0].lower())
            parameters.append(f"{name}: {self.kind(domain)}")
        names = [parameter.partition(":")[0] for parameter in parameters]
        unbounded = isinstance(static.value, Integer)
        kind = f"{min(table.values())}..{max(table.values())}" if unbounded else self.kind(static.value)
        lines = comment(static.doc)
        lines += [
            f"function {self.names.of('quantity', static.name)}({'; '.join(parameters)}): {kind};",
            "begin",
        ]
        for value, places in others:
            tests = " | ".join(self._is_at(names, place) for place in places)
            lines.append(f"  if {tests} then return {self.value(value)}; end;")
        return "\n".join([*lines, f"  return {self.value(commonest)};", "end;", ""])

    def _is_at(self, names: list[str], place: Places) -> str:
        tests = (f"{name} = {self.value(part)}" for name, part in zip(names, place, strict=True))
        return f"({' & '.join(tests)})"


def _free_variables(term: Term) -> list[Var]:
    """The variables of a term that are bound outside it, in the order of their names."""
    bound = {node.var.name for node in walk(term) if isinstance(node, Binder)}
    free = {n.name: n for n in walk(term) if isinstance(n, Var) and n.name not in bound}
    return [free[name] for name in sorted(free)]
