"""Terms and values as text: what reports print and what hashes are made of."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .terms import (
    And,
    Arithmetic,
    At,
    Cell,
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

_QUANTIFIERS = {ForAll: "forall", Exists: "exists", Count: "count", Total: "total"}


def word(value: Any) -> str:
    """An ordinary value as a reader would say it: ``running``, ``A``, ``nobody``, ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower().replace("_", " ")
    return str(value).lower() if repr(value) == "NOBODY" else str(value)


def show(term: Term) -> str:
    """A term as an expression of the language."""
    match term:
        case Const(value=value):
            return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)
        case Var(name=name):
            return name
        case Cell(index=index):
            return f"cell{index}"
        case Read(field=field, places=places):
            return f"s.{field}" + (f"[{', '.join(map(show, places))}]" if places else "")
        case Equal(left=left, right=right):
            return f"{_inner(left)} == {_inner(right)}"
        case Less(left=left, right=right):
            return f"{_inner(left)} < {_inner(right)}"
        case Arithmetic(operator=operator, left=left, right=right):
            return f"{_inner(left)} {operator} {_inner(right)}"
        case _:
            return _show_compound(term)


def _show_compound(term: Term) -> str:
    match term:
        case Not(part=Less(left=left, right=right)):
            return f"{_inner(right)} <= {_inner(left)}"
        case Not(part=Equal(left=left, right=right)):
            return f"{_inner(left)} != {_inner(right)}"
        case Not(part=part):
            return f"no({show(part)})"
        case And(parts=parts):
            return " & ".join(map(_inner, parts)) or "True"
        case Or(parts=parts):
            return " | ".join(map(_inner, parts)) or "False"
        case Where(condition=condition, yes=yes, otherwise=otherwise):
            return f"where({show(condition)}, {show(yes)}, {show(otherwise)})"
        case At(value=value, var=var, body=body, absent=absent):
            return f"at({show(value)}, lambda {var.name}: {show(body)}, absent={show(absent)})"
        case ForAll() | Exists() | Count() | Total():
            name = _QUANTIFIERS[type(term)]
            return f"s.{name}({term.var.domain}, lambda {term.var.name}: {show(term.body)})"
    return repr(term)


def _inner(term: Term) -> str:
    compound = isinstance(term, And | Or | Equal | Less | Arithmetic) or (
        isinstance(term, Not) and isinstance(term.part, Less | Equal)
    )
    return f"({show(term)})" if compound else show(term)
