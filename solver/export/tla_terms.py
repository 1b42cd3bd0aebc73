"""Terms as TLA+ expressions, on one line or laid out in junction lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, IntEnum
from itertools import groupby
from typing import Any

from ...model.language.domains import NOBODY, Bool, Choice, Domain, Integer, MaybeMember, Member, Range, Sort
from ...model.language.scope import Places
from ...model.language.terms import (
    And,
    Arithmetic,
    At,
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
)
from ..simplify import is_false, is_true
from .contents import flat
from .environment import Environment
from .folding import Call
from .naming import Names
from .starts import Table, by_value

WIDTH = 100
IN, NOT_IN, CUP, TIMES = "\\in", "\\notin", "\\cup", " \\X "


class Binding(IntEnum):
    """How tightly the outermost operator of a text binds; the loosest last."""

    ATOM = 0
    ARITHMETIC = 1
    COMPARISON = 2
    JUNCTION = 3
    OPEN = 4  # reaches as far to the right as it can


Text = tuple[str, Binding]


class Expressions:
    """Writes terms. ``strings`` has the text of each member and each value of an enumeration."""

    def __init__(self, names: Names, strings: Mapping[Any, str]) -> None:
        self.names = names
        self.strings = strings

    # domains, values and tables

    def domain(self, domain: Domain) -> str:
        """A domain as a set."""
        match domain:
            case Bool():
                return "BOOLEAN"
            case Range(low=low, high=high):
                return f"{low}..{high}"
            case Integer():
                return "Int"
            case MaybeMember(of=of):
                return f"({self.names.of('sort', of)} {CUP} {{{self.value(NOBODY)}}})"
            case Member(of=of):
                return self.names.of("sort", of)
            case Choice(of=of):
                return self.names.of("enum", of)
        raise TypeError(f"no TLA+ set for {domain}")

    def functions(self, index: tuple[Domain, ...], value: Domain) -> str:
        """The set of all values of a field."""
        if not index:
            return self.domain(value)
        return f"[{TIMES.join(map(self.domain, index))} -> {self.domain(value)}]"

    def value(self, value: Any) -> str:
        """An ordinary value."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if value is NOBODY:
            return self.names.of("value", "NOBODY")
        return f'"{self.strings[value]}"' if isinstance(value, Enum | Sort) else str(value)

    def table(self, index: tuple[Domain, ...], table: Table) -> str:
        """A value, or a function from places to values that names only the exceptions."""
        if not index:
            return self.value(table[()])
        env = Environment(self.names)
        names, _ = self.indexes(index, env)
        return f"[{self.bound(names, index)} |-> {self._cases(names, table)}]"

    def bound(self, names: Iterable[str], domains: Iterable[Domain]) -> str:
        """Variables and their sets, as quantifiers and functions bind them."""
        pairs = groupby(zip(names, domains, strict=True), key=lambda pair: pair[1])
        groups = ((", ".join(name for name, _ in group), self.domain(domain)) for domain, group in pairs)
        return ", ".join(f"{some} {IN} {members}" for some, members in groups)

    def _cases(self, names: list[str], table: Table) -> str:
        commonest, others = by_value(table)
        here = self._tuple(names)
        if isinstance(commonest, bool) and others:
            return f"{here} {NOT_IN if commonest else IN} {self._places(others[0][1])}"
        tests = [f"IF {here} \\in {self._places(places)} THEN {self.value(v)}" for v, places in others]
        return " ELSE ".join([*tests, self.value(commonest)])

    def _places(self, places: Iterable[Places]) -> str:
        return f"{{{', '.join(self._tuple([self.value(part) for part in place]) for place in places)}}}"

    def _tuple(self, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else f"<<{', '.join(parts)}>>"

    def indexes(self, index: tuple[Domain, ...], env: Environment) -> tuple[list[str], Environment]:
        """A variable for each index of a field."""
        found = []
        for domain in index:
            name, env = env.fresh(str(domain)[0].lower())
            found.append(name)
        return found, env

    # expressions on one line

    def line(self, term: Term, env: Environment, most: Binding = Binding.OPEN) -> str:
        """A term on one line, in parentheses where its operator binds more loosely than ``most``."""
        text, binding = self._write(term, env)
        return text if binding <= most else f"({text})"

    def _write(self, term: Term, env: Environment) -> Text:
        match term:
            case Const(value=value):
                negative = isinstance(value, int) and value < 0
                return self.value(value), Binding.ARITHMETIC if negative else Binding.ATOM
            case Var(name=name):
                return env.texts[name], Binding.ATOM
            case Read(field=field, places=places):
                return self._applied(self.names.of("quantity", field), "[]", places, env), Binding.ATOM
            case Call(predicate=predicate, arguments=arguments):
                name = self.names.of("derived", predicate.name)
                return self._applied(name, "()", arguments, env), Binding.ATOM
            case Arithmetic(operator=operator, left=left, right=right):
                return self._between(operator, left, right, Binding.ATOM, env), Binding.ARITHMETIC
            case Equal(left=left, right=right):
                return self._between("=", left, right, Binding.ARITHMETIC, env), Binding.COMPARISON
            case Less(left=Const() as left, right=right):
                return self._between(">", right, left, Binding.ARITHMETIC, env), Binding.COMPARISON
            case Less(left=left, right=right):
                return self._between("<", left, right, Binding.ARITHMETIC, env), Binding.COMPARISON
            case Not(part=part):
                return self._opposite(part, env)
        return self._compound(term, env)

    def _applied(self, name: str, brackets: str, parts: tuple[Term, ...], env: Environment) -> str:
        inner = ", ".join(self.line(part, env) for part in parts)
        return f"{name}{brackets[0]}{inner}{brackets[1]}" if parts else name

    def _between(self, operator: str, left: Term, right: Term, most: Binding, env: Environment) -> str:
        return f"{self.line(left, env, most)} {operator} {self.line(right, env, most)}"

    def _opposite(self, part: Term, env: Environment) -> Text:
        match part:
            case Equal(left=left, right=right):
                return self._between("#", left, right, Binding.ARITHMETIC, env), Binding.COMPARISON
            case Less(left=left, right=Const() as right):
                return self._between(">=", left, right, Binding.ARITHMETIC, env), Binding.COMPARISON
            case Less(left=left, right=right):
                return self._between("<=", right, left, Binding.ARITHMETIC, env), Binding.COMPARISON
        return f"~{self.line(part, env, Binding.ATOM)}", Binding.COMPARISON

    def _compound(self, term: Term, env: Environment) -> Text:
        match term:
            case And() | Or():
                return self._junction(term, env)
            case ForAll() | Exists():
                head, body, inner = self._quantifier(term, env)
                return f"{head} {self.line(body, inner)}", Binding.OPEN
            case Count(var=var, body=body):
                name, inner = env.bind(var)
                members = f"{name} \\in {self.domain(var.domain)}"
                return f"Cardinality({{{members} : {self.line(body, inner)}}})", Binding.ATOM
            case Total(var=var, body=body):
                name, inner = env.bind(var)
                members = self.domain(var.domain)
                function = f"[{name} \\in {members} |-> {self.line(body, inner)}]"
                return f"{self.names.of('helper', 'sum')}({function}, {members})", Binding.ATOM
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                test, then = self.line(condition, env), self.line(yes, env, Binding.JUNCTION)
                return f"IF {test} THEN {then} ELSE {self.line(otherwise, env)}", Binding.OPEN
            case At():
                return self._at(term, env)
        raise TypeError(f"no TLA+ form of {type(term).__name__}")

    def _junction(self, term: And | Or, env: Environment) -> Text:
        parts = flat(term)
        if not parts:
            return self.value(isinstance(term, And)), Binding.ATOM
        sign = " /\\ " if isinstance(term, And) else " \\/ "
        texts = (self.line(part, env, Binding.COMPARISON) for part in parts)
        return sign.join(texts), Binding.JUNCTION if len(parts) > 1 else Binding.OPEN

    def _quantifier(self, term: ForAll | Exists, env: Environment) -> tuple[str, Term, Environment]:
        """The head of one quantifier, or of several of one kind, the body, and its environment."""
        sign = "\\A" if isinstance(term, ForAll) else "\\E"
        bound: dict[str, Domain] = {}
        body: Term = term
        while isinstance(body, ForAll | Exists) and type(body) is type(term):
            name, env = env.bind(body.var)
            bound[name], body = body.var.domain, body.body
        return f"{sign} {self.bound(bound, bound.values())} :", body, env

    def _at(self, term: At, env: Environment) -> Text:
        """The body with the optional value itself in the place of its variable."""
        held, binding = self._write(term.value, env)
        if binding is not Binding.ATOM:
            name, below = env.bind(term.var)
            text = self._held(term, name, below)
            return f"LET {name} == {self.line(term.value, below)} IN {text}", Binding.OPEN
        return self._held(term, held, env.stand_in(term.var, held)), Binding.OPEN

    def _held(self, term: At, held: str, env: Environment) -> str:
        """The body for a value that has a name, or the absent value."""
        if not isinstance(term.value.domain, MaybeMember):
            return self.line(term.body, env)
        nobody = self.value(NOBODY)
        if is_false(term.absent) or is_true(term.absent):
            sign = "/\\" if is_false(term.absent) else "=>"
            return f"{held} # {nobody} {sign} {self.line(term.body, env, Binding.COMPARISON)}"
        absent = self.line(term.absent, env)
        return f"IF {held} = {nobody} THEN {absent} ELSE {self.line(term.body, env)}"

    # expressions in several lines

    def block(self, term: Term, env: Environment, column: int) -> str:
        """A term that begins at a column: on one line where it fits, else laid out below."""
        text = self.line(term, env)
        if column + len(text) <= WIDTH:
            return text
        match term:
            case And() | Or() if len(flat(term)) > 1:
                sign = "/\\ " if isinstance(term, And) else "\\/ "
                return listed(sign, flat(term), column, lambda part: self.block(part, env, column + 3))
            case ForAll() | Exists():
                head, body, inner = self._quantifier(term, env)
                return f"{head}\n{' ' * (column + 4)}{self.block(body, inner, column + 4)}"
            case Not(part=And() | Or() | ForAll() | Exists() as part):
                return f"~({self.block(part, env, column + 2)})"
            case Equal(left=left, right=Where() as right):
                head = f"{self.line(left, env, Binding.ARITHMETIC)} = ("
                return f"{head}{self.block(right, env, column + len(head))})"
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return self._laid_out_choice((condition, yes, otherwise), env, column)
        return text

    def _laid_out_choice(self, parts: tuple[Term, Term, Term], env: Environment, column: int) -> str:
        words = zip(("IF ", "THEN ", "ELSE "), parts, strict=True)
        lines = (f"{word}{self.block(part, env, column + 7)}" for word, part in words)
        return f"\n{' ' * (column + 2)}".join(lines)


def listed(sign: str, parts: Iterable[Term], column: int, write: Callable[[Term], str]) -> str:
    """A junction list: one part a line, each behind its sign."""
    return f"\n{' ' * column}".join(sign + write(part) for part in parts)
