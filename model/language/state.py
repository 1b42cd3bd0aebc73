"""The state of a model: a class whose attributes declare fields, static data, settings and mechanisms.

    class Cluster(State):
        up = Field(Host, value=bool)
        phase = Field(VM, value=Phase)
        memory = Static(Host, value=int)
        drs = Setting("off", "manual")
        disk_lock = Mechanism("vm disk lock", "One host at a time has a VM's disk open.")

The same class serves every reading: an instance holds a *store*, which answers reads and takes
writes on ordinary values (``plain``) or on terms (``tracing``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .domains import Choice, Domain, Integer, Member, Range, Sort, domain_of
from .misuse import Source, complain, here

if TYPE_CHECKING:
    from .actions import Action
    from .predicates import Predicate


class Store(Protocol):
    """What a reading provides: reads, writes, quantifiers and settings."""

    def read(self, field: Quantity, places: tuple[Any, ...]) -> Any:
        """The value of a field at some places."""

    def write(self, field: Field, places: tuple[Any, ...], value: Any) -> None:
        """Record or carry out an assignment; a slice among the places writes a whole row."""

    def quantify(self, kind: str, sorts: tuple[type[Sort], ...], body: Callable[..., Any]) -> Any:
        """forall, exists, count or total over all members of the sorts."""

    def at(self, value: Any, body: Callable[[Any], Any], absent: Any) -> Any:
        """The body for the member that an optional value holds, else ``absent``."""

    def require(self, condition: Any, reason: str, mechanism: str | None) -> None:
        """Take note of a guard."""

    def enter(self, mechanism: str) -> None:
        """Effects from here on belong to a mechanism."""

    def leave(self) -> None:
        """The end of the innermost mechanism's effects."""

    def members(self, sort: type[Sort]) -> tuple[Sort, ...]:
        """The members of a sort; a traced reading has none."""

    def setting(self, setting: Setting) -> Any:
        """The plain value of a setting in this scope."""


class Quantity:
    """A map from places (members of sorts or enumerations) to values. Base of Field and Static."""

    name: str
    source: Source

    def __init__(self, *index: object, value: object, doc: str = "") -> None:
        self.index: tuple[Domain, ...] = tuple(domain_of(spec) for spec in index)
        self.value = domain_of(value)
        self.doc = doc
        self.source = here()
        for domain in self.index:
            if not isinstance(domain, Member | Choice):
                complain(f"a field cannot be indexed by {domain}", "a Sort class or an Enum class")

    def __set_name__(self, owner: type[State], name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"s.{self.name}[{_places_of(self)}]" if self.index else f"s.{self.name}"

    def __get__(self, instance: State | None, owner: type[State]) -> Any:
        if instance is None:
            return self
        store = instance.__dict__["store"]
        return View(store, self) if self.index else store.read(self, ())

    def __set__(self, instance: State, value: object) -> None:
        if self.index:
            complain(
                f"s.{self.name} has no place", f"s.{self.name}[{', '.join(map(_example, self.index))}] = …"
            )
            return
        assign(instance.__dict__["store"], self, (), value)


def _example(domain: Domain) -> str:
    return str(domain)[0].lower() if isinstance(domain, Member) else f"{domain}.…"


class Field(Quantity):
    """A part of the state that actions write. ``value`` is finite: bool, Range, Enum, Sort, Maybe(Sort).

    ``at_most_one=Host`` adds the obligation that a relation holds for at most one host.
    """

    def __init__(
        self, *index: object, value: object, doc: str = "", at_most_one: type[Sort] | None = None
    ) -> None:
        super().__init__(*index, value=value, doc=doc)
        self.at_most_one = at_most_one
        if isinstance(self.value, Integer):
            complain("a state field needs a finite range", "value=Range(0, 3)")
        one_sort = len(self.index) == 1 and isinstance(self.index[0], Member)
        if one_sort and getattr(self.value, "of", None) is getattr(self.index[0], "of", None):
            sort = self.index[0]
            complain(
                f"no map from {sort} to {sort}: proofs become undecidable",
                f"Field({sort}, {sort}, value=bool)",
            )


class Static(Quantity):
    """Data that never change in a run: given by the scope, constrained by axioms.

    ``default`` is the value where the scope says nothing; without one the scope must give every place.
    """

    def __init__(self, *index: object, value: object, default: object = None, doc: str = "") -> None:
        super().__init__(*index, value=value, doc=doc)
        self.default = default


class Setting:
    """A policy of the cluster, one of a few plain values; the first is the default.

    ``if s.drs == "off":`` is ordinary Python: the scope decides, not the state.
    """

    name: str

    def __init__(self, *values: str | bool | int, doc: str = "") -> None:
        self.values = values
        self.doc = doc

    def __set_name__(self, owner: type[State], name: str) -> None:
        self.name = name

    def __get__(self, instance: State | None, owner: type[State]) -> Any:
        return self if instance is None else instance.__dict__["store"].setting(self)

    def __set__(self, instance: State, value: object) -> None:
        complain("a setting never changes in a run", f"a Field instead of the Setting {self.name}")


class Mechanism:
    """A named protection. ``says`` is what it does, ``removed`` what happens without it."""

    def __init__(self, name: str, says: str, *, removed: str = "", source: str = "") -> None:
        self.name = name
        self.says = says
        self.removed = removed
        self.source = source


class View:
    """One field of one state, waiting for its places: ``s.copy[vm, host]``."""

    __slots__ = ("field", "store")

    def __init__(self, store: Store, field: Quantity) -> None:
        self.store = store
        self.field = field

    def __getitem__(self, key: Any) -> Any:
        return self.store.read(self.field, key if isinstance(key, tuple) else (key,))

    def __setitem__(self, key: Any, value: object) -> None:
        assign(self.store, self.field, key if isinstance(key, tuple) else (key,), value)

    def __bool__(self) -> bool:
        complain(f"s.{self.field.name} has no place", f"s.{self.field.name}[{_places_of(self.field)}]")
        return True

    def __getattr__(self, name: str) -> Any:
        complain(
            f"s.{self.field.name} has no attribute {name!r}", f"s.{self.field.name}[{_places_of(self.field)}]"
        )
        from .terms import POISON

        return POISON

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return self.__getattr__("a value")

    __and__ = __or__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __sub__ = __eq__


def _places_of(field: Quantity) -> str:
    return ", ".join(map(_example, field.index))


def assign(store: Store, field: Quantity, places: tuple[Any, ...], value: object) -> None:
    """Write a field; static data are refused."""
    if isinstance(field, Field):
        store.write(field, places, value)
    else:
        complain(f"s.{field.name} is static and never changes", f"a Field instead of the Static {field.name}")


class Model:
    """Everything that belongs to one State class: declarations, actions, properties."""

    def __init__(self, state: type[State]) -> None:
        self.state = state
        self.name = state.__name__
        self.fields: dict[str, Field] = {}
        self.statics: dict[str, Static] = {}
        self.settings: dict[str, Setting] = {}
        self.mechanisms: dict[str, Mechanism] = {}
        self.actions: dict[str, Action] = {}
        self.predicates: dict[str, Predicate] = {}
        for attribute, declared in _declarations(state):
            self._declare(attribute, declared)

    def _declare(self, attribute: str, declared: object) -> None:
        match declared:
            case Field():
                self.fields[attribute] = declared
            case Static():
                self.statics[attribute] = declared
            case Setting():
                self.settings[attribute] = declared
            case Mechanism():
                self.mechanisms[declared.name] = declared

    def quantity(self, name: str) -> Quantity:
        """The field or static of that name."""
        return self.fields.get(name) or self.statics[name]

    def of_kind(self, kind: str) -> list[Predicate]:
        """The predicates of one kind ("invariant", "possible", …) in their order."""
        return [predicate for predicate in self.predicates.values() if predicate.kind == kind]

    def sorts(self) -> tuple[type[Sort], ...]:
        """The sorts that fields, statics and parameters speak of, in order of appearance."""
        domains = [d for q in (*self.fields.values(), *self.statics.values()) for d in (*q.index, q.value)]
        domains += [parameter.domain for action in self.actions.values() for parameter in action.parameters]
        return tuple(dict.fromkeys(of for d in domains if (of := sort_of(d)) is not None))


def sort_of(domain: Domain) -> type[Sort] | None:
    """The sort behind a domain, if there is one."""
    of = getattr(domain, "of", None)
    return of if isinstance(of, type) and issubclass(of, Sort) else None


def _declarations(state: type[State]) -> list[tuple[str, object]]:
    return [pair for cls in reversed(state.__mro__) for pair in vars(cls).items()]


class State:
    """Base class of a model's state; see the module's text."""

    model: ClassVar[Model]

    def __init_subclass__(cls) -> None:
        cls.model = Model(cls)

    def __init__(self, store: Store) -> None:
        self.__dict__["store"] = store

    def __getattr__(self, name: str) -> Any:
        from .terms import POISON

        complain(f"s.{name} is not declared", did_you_mean(name, type(self), "name = Field(…, value=…)"))
        return POISON

    def __setattr__(self, name: str, value: object) -> None:
        declared = getattr(type(self), name, None)
        if isinstance(declared, Quantity | Setting):
            declared.__set__(self, value)
            return
        complain(f"s.{name} is not declared", did_you_mean(name, type(self), "name = Field(…, value=…)"))

    def members(self, sort: type[Sort]) -> tuple[Any, ...]:
        """The members of a sort in a concrete scope (for policies and pictures; not in actions)."""
        found: tuple[Any, ...] = self.__dict__["store"].members(sort)
        return found

    def forall(self, *sorts_and_body: Any) -> Any:
        """``s.forall(Host, lambda h: …)``: true for every member; several sorts, several variables."""
        return self._quantify("forall", sorts_and_body)

    def exists(self, *sorts_and_body: Any) -> Any:
        """``s.exists(Host, lambda h: …)``: true for some member."""
        return self._quantify("exists", sorts_and_body)

    def count(self, *sorts_and_body: Any) -> Any:
        """``s.count(Host, lambda h: …)``: for how many members it is true."""
        return self._quantify("count", sorts_and_body)

    def total(self, *sorts_and_body: Any) -> Any:
        """``s.total(VM, lambda vm: …)``: the sum of a number over all members."""
        return self._quantify("total", sorts_and_body)

    def _quantify(self, kind: str, sorts_and_body: tuple[Any, ...]) -> Any:
        *sorts, body = sorts_and_body
        ours = all(isinstance(sort, type) and issubclass(sort, Sort) for sort in sorts)
        if not sorts or not ours or not callable(body):
            from .terms import POISON

            complain(f"s.{kind} needs a sort and a function of one member", f"s.{kind}(Host, lambda h: …)")
            return POISON
        return self.__dict__["store"].quantify(kind, tuple(sorts), body)


def did_you_mean(name: str, state: type[State], declare: str) -> str:
    """The nearest declared names, or how to declare it."""
    known = [*state.model.fields, *state.model.statics, *state.model.settings]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"s.{near[0]}"
    declared = ", ".join(known) or "no fields"
    return f"{declare.replace('name', name, 1)} in class {state.__name__} (it has {declared})"


def check_range(field: Quantity, value: object) -> bool:
    """Whether an ordinary number lies in a field's declared range (true for other domains)."""
    domain = field.value
    return not isinstance(domain, Range) or (isinstance(value, int) and domain.low <= value <= domain.high)
