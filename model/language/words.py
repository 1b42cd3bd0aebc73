"""The words of the language that are ordinary functions: require, no, where, at, mechanism, leads_to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .building import choose, negation
from .domains import NOBODY
from .misuse import complain
from .terms import Term

if TYPE_CHECKING:
    from .state import Store

_stores: list[Store] = []


@contextmanager
def reading(store: Store) -> Iterator[None]:
    """While a model function runs, ``require`` and ``mechanism`` speak to this store."""
    _stores.append(store)
    try:
        yield
    finally:
        _stores.pop()


def require(condition: Any, reason: str, *, mechanism: str | None = None) -> None:
    """A guard: the action is possible only where the condition holds; ``reason`` says why not.

    With ``mechanism`` the guard belongs to that mechanism and is dropped when it is removed.
    All guards stand before the first assignment.
    """
    if not _stores:
        complain("require stands outside an action", "it in a function under @action")
        return
    _stores[-1].require(condition, reason, mechanism)


class mechanism:  # noqa: N801  (a word of the language, used in a with statement)
    """``with mechanism("self-fence"):`` the assignments below happen only while the mechanism is on."""

    def __init__(self, name: str) -> None:
        if not _stores:
            complain("an effect of a mechanism stands outside an action", "it in a function under @action")
        self.name = name

    def __enter__(self) -> None:
        for store in _stores[-1:]:
            store.enter(self.name)

    def __exit__(self, *_: object) -> None:
        for store in _stores[-1:]:
            store.leave()


def no(condition: Any) -> Any:
    """The opposite of a truth value (``~`` and ``not`` are not words of the language)."""
    if isinstance(condition, Term):
        return negation(condition)
    return not real_bool(condition, "no")


def where(condition: Any, yes: Any, otherwise: Any) -> Any:
    """``yes`` where the condition is true, else ``otherwise``."""
    if isinstance(condition, Term) or isinstance(yes, Term) or isinstance(otherwise, Term):
        return choose(condition, yes, otherwise)
    return yes if real_bool(condition, "where") else otherwise


def at(value: Any, body: Callable[[Any], Any], *, absent: Any) -> Any:
    """The body for the member that an optional value holds; ``absent`` where it is NOBODY."""
    if isinstance(value, Term) and _stores:
        return _stores[-1].at(value, body, absent)
    return absent if value is NOBODY else body(value)


def real_bool(value: Any, word: str) -> bool:
    """The value, if it is a bool; everything else is reported (``~True`` is -2)."""
    if isinstance(value, bool):
        return value
    complain(f"{word} needs a truth value, not {value!r}", "a comparison, or no(x) instead of ~x")
    return False


@dataclass(frozen=True)
class LeadsTo:
    """Whenever ``premise`` holds, ``conclusion`` holds then or later."""

    premise: Any
    conclusion: Any


def leads_to(premise: Any, conclusion: Any) -> LeadsTo:
    """The body of a ``@progress``: what starts the wait, and what ends it."""
    return LeadsTo(premise, conclusion)
