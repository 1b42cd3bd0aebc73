"""A lemma as a modeller would write it: code to be pasted, and a sentence that says what it excludes."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...model.language import NOBODY, at, lemma, no, where
from ...model.language.actions import Parameter
from ...model.language.domains import Choice, Domain
from ...model.language.misuse import Source
from ...model.language.predicates import Predicate
from ...model.language.state import Model
from ...model.language.terms import And, Count, Less, Not, Or, Term, Var
from ...model.language.wording import show, word
from .boxes import Box, FieldLook, LessLook, Look, SameLook, statement, variables

WIDTH = 90


@dataclass(frozen=True)
class Lemma:
    """A lemma that was found: the box, its code, what it excludes, and the statement that engines read."""

    box: Box
    code: str
    sentence: str
    predicate: Predicate

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.predicate.name


def lemma_of(model: Model, box: Box, taken: set[str]) -> Lemma:
    """A box as a lemma of a model, under a name that is not taken."""
    parameters, body = statement(box)
    name, sentence = _free(_name(box), taken), _sentence(box)
    code = _code(model, name, sentence, parameters, body)
    return Lemma(box, code, sentence, _predicate(model, name, sentence, code, parameters))


def _free(name: str, taken: set[str]) -> str:
    found = next(n for n in _numbered(name) if n not in taken)
    taken.add(found)
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _name(box: Box) -> str:
    """A name made of the fields: what never comes together, or is true of one member at most."""
    parts = [_short(look, values) for look, values in box.ordered() if not isinstance(look, SameLook)]
    begin = "never_" if _counted(box) is None else "at_most_one_"
    return begin + "_and_".join(dict.fromkeys(parts))


def _counted(box: Box) -> Count | None:
    """What a box says that there is at most one of, if it does."""
    _, body = statement(box)
    inner = body.parts[-1] if isinstance(body, Or) else body
    counts = isinstance(inner, Not) and isinstance(inner.part, Less)
    return inner.part.right if counts and isinstance(inner.part.right, Count) else None


def _short(look: Look, values: frozenset[Any]) -> str:
    if isinstance(look, LessLook):
        return f"{look.less.quantity.name}_{'below' if True in values else 'from'}_{look.more.quantity.name}"
    assert isinstance(look, FieldLook)
    field = look.quantity.name
    if look.held is NOBODY:
        return f"no_{field}" if True in values else field
    if look.domain.values({}) == (False, True):
        return field if True in values else f"no_{field}"
    if isinstance(look.domain, Choice) and len(values) == 1:
        (value,) = values
        return f"{field}_{value.name.lower()}"
    return field


def _code(model: Model, name: str, sentence: str, parameters: tuple[Var, ...], body: Term) -> str:
    given = "".join(f", {var.name}: {var.domain}" for var in parameters)
    head = f"@lemma\ndef {name}(s: {model.name}{given}):\n"
    return f'{head}    """{sentence}"""\n    return {_wrapped(body)}\n'


def _wrapped(body: Term) -> str:
    """A condition as code; one that is long is put between parentheses, a part a line."""
    text = show(body)
    if len(text) <= WIDTH:
        return text
    if isinstance(body, Not) and isinstance(body.part, And):
        lines = "\n        & ".join(_part(part) for part in body.part.parts)
        return f"no(\n        {lines}\n    )"
    return f"(\n        {text}\n    )"


def _part(part: Term) -> str:
    text = show(part)
    if len(text) > WIDTH and isinstance(part, And | Or):
        sign = "&" if isinstance(part, And) else "|"
        return "(\n            " + f"\n            {sign} ".join(map(_part, part.parts)) + "\n        )"
    return text if text.startswith("no(") or " " not in text else f"({text})"


def _sentence(box: Box) -> str:
    """What the lemma excludes, in the words of the model."""
    count = _counted(box)
    if count is not None:
        return _two(box, count)
    names = variables(box.members())
    words = [_words(look, values, names) for look, values in box.ordered()]
    return f"Together: {', '.join(words)}."


def _two(box: Box, count: Count) -> str:
    one = next(look.one for look, values in box.ordered() if isinstance(look, SameLook))
    names = {**variables(box.members()), one: count.var}
    twin = next(look.other for look, _ in box.ordered() if isinstance(look, SameLook))
    parts = [(look, values) for look, values in box.ordered() if twin not in look.members()]
    words = [_words(look, values, names) for look, values in parts]
    return f"Two {count.var.name}s: {', '.join(words)}."


def _words(look: Look, values: frozenset[Any], names: dict[Any, Var]) -> str:
    if isinstance(look, SameLook):
        return f"{names[look.one].name} is not {names[look.other].name}"
    if isinstance(look, LessLook):
        sign = "less than" if True in values else "not less than"
        return f"{_field(look.less, names)} {sign} {_field(look.more, names)}"
    read = _field(look, names)
    if look.held is not None:
        held = names[look.held].name if look.held in names else word(look.held)
        return f"{read} is {'' if True in values else 'not '}{held}"
    every = look.domain.values({})
    rest = [value for value in every if value not in values]
    if len(rest) < len(values):
        return f"{read} is not {_or(rest)}"
    if every == (False, True):
        return read if True in values else f"not {read}"
    return f"{read} is {_or([value for value in every if value in values])}"


def _or(values: list[Any]) -> str:
    return " or ".join(map(word, values))


def _field(look: FieldLook, names: dict[Any, Var]) -> str:
    places = [names[p].name if p in names else word(p) for p in look.places]
    return look.quantity.name + (f"[{', '.join(places)}]" if places else "")


def _predicate(model: Model, name: str, sentence: str, code: str, parameters: tuple[Var, ...]) -> Predicate:
    """The statement that the code makes; it is run as if it stood in the model's file, but not registered."""
    file = f"<suggested {name}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    functions: dict[str, Any] = {}
    exec(compile(code, file, "exec"), {**_words_of(model), "lemma": lambda f: f}, functions)  # noqa: S102
    declared = tuple(Parameter(var.name, var.domain) for var in parameters)
    return Predicate(
        "lemma", name, functions[name], model.state, declared, sentence, code, (), "", Source(file, 1)
    )


def _words_of(model: Model) -> dict[str, Any]:
    """The names that code about a model may use."""
    quantities = (*model.fields.values(), *model.statics.values())
    domains: list[Domain] = [d for q in quantities for d in (*q.index, q.value)]
    kinds = [getattr(domain, "of", None) for domain in domains] + list(model.sorts())
    named = {kind.__name__: kind for kind in kinds if isinstance(kind, type)}
    words = {"no": no, "where": where, "at": at, "NOBODY": NOBODY, "lemma": lemma}
    return {**words, **named, model.name: model.state}
