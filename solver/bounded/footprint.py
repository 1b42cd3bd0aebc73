"""What a move reads and writes, and whether only of the member that it is about.

Most actions of a cluster are about one VM: they read and write what belongs to it and what belongs to hosts.
Two consequences make long runs short work: steps about other VMs than the one in question can be left out
(``relevance``), and steps about different VMs need be tried in one order only (``order``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...model.language.domains import Member, Sort
from ...model.language.scope import Scope
from .circuit import Circuit, Literal
from .layout import Layout
from .masks import Masks
from .moves import Store
from .numbers import Cases
from .step import Choice

Access = tuple[str, bool]
"""A field, and whether only its cells of the member in question are meant."""


@dataclass(frozen=True)
class Footprint:
    """Of one move and one sort. ``row``: the parameter of that sort, if there is one.

    ``guards``: what each guard reads; ``stores``: what each assignment writes and reads. Budgets are left
    out: to spend less of one never stops a run.
    """

    choice: Choice
    row: Cases | None
    guards: tuple[frozenset[Access], ...]
    stores: tuple[Effect, ...] = field(repr=False)

    def reads(self) -> frozenset[Access]:
        """What all guards read."""
        return frozenset().union(*self.guards)


@dataclass(frozen=True)
class Effect:
    """One assignment: what it writes (``fixed``: of a member that is not the parameter) and what it reads."""

    write: Access
    fixed: bool
    reads: frozenset[Access]


class Footprints:
    """Finds footprints with regard to one sort."""

    def __init__(self, scope: Scope, circuit: Circuit, layout: Layout, sort: type[Sort]) -> None:
        self.scope, self.circuit, self.layout, self.sort = scope, circuit, layout, sort
        self._masks: dict[int, Masks] = {}
        self.position = {f.name: _position(f.index, sort) for f in scope.model.fields.values()}

        self.mixed = {(name, False) for name, place in self.position.items() if place is not None}

    def alone(self, print_: Footprint) -> bool:
        """Whether a move is about one member and touches cells of no other."""
        touched = {access for effect in print_.stores for access in (effect.write, *effect.reads)}
        return print_.row is not None and not (touched | print_.reads()) & self.mixed

    def of(self, choice: Choice) -> Footprint:
        """The footprint of a move."""
        rows = zip(choice.move.action.parameters, choice.move.rows, strict=True)
        row = next((row for parameter, row in rows if parameter.domain == Member(self.sort)), None)
        stores = [store for store, _ in choice.targets if store.field in self.position]
        effects = tuple(self._effect(store, row) for store in stores)
        guards = tuple(self.reads([literal], row) for literal in choice.move.guards)
        return Footprint(choice, row, guards, effects)

    def _effect(self, store: Store, row: Cases | None) -> Effect:
        position = self.position[store.field]
        place = None if position is None else store.places[position]
        if place is not None and place is not row and len(place) == 1:
            return Effect((store.field, True), True, self._of_member(store, next(iter(place))))
        own = place is not None and place is row
        return Effect((store.field, own), False, self.reads(store.literals(), row))

    def _of_member(self, store: Store, member: object) -> frozenset[Access]:
        """What a value that is written for a fixed member reads; own: of this member."""
        cells = self.circuit.below(store.literals())
        found = (self._place(variable) for variable in cells if variable in self.layout.cell_of)
        return _widest((name, whose is member) for name, whose in found)

    def reads(self, literals: Iterable[Literal], row: Cases | None) -> frozenset[Access]:
        """What literals depend on; own: where the row stands for a member, only on cells of that member."""
        of: Mapping[int, int] = dict.fromkeys(self.circuit.below(literals), -1)
        number: dict[object, int] = {}
        if row is not None:
            masks = self._masks.get(id(row)) or self._masks.setdefault(id(row), Masks(self.circuit, row))
            of = masks.readers(literals)
            number = {member: 1 << place for place, member in enumerate(row)}
        found = []
        for variable, mask in of.items():
            if variable in self.layout.cell_of and mask:
                name, whose = self._place(variable)
                found.append((name, not mask & ~number.get(whose, 0)))
        return _widest(found)

    def _place(self, variable: int) -> tuple[str, object]:
        """The field of a cell, and the member of the sort that it belongs to."""
        cell = self.scope.cells[self.layout.cell_of[variable]]
        position = self.position.get(cell.field)
        return cell.field, None if position is None else cell.places[position]


def _position(index: Iterable[object], sort: type[Sort]) -> int | None:
    return next((place for place, domain in enumerate(index) if domain == Member(sort)), None)


def _widest(found: Iterable[Access]) -> frozenset[Access]:
    """A field once: as own only where it is own everywhere."""
    own: dict[str, bool] = {}
    for name, mine in found:
        own[name] = own.get(name, True) and mine
    return frozenset(own.items())


@dataclass(frozen=True)
class Relevance:
    """What can bear on a question about one member.

    ``known``: what is read; ``everywhere``: the moves that matter whatever member they are about;
    ``somewhere``: those that matter only where they are about the member in question.
    """

    known: frozenset[Access]
    everywhere: tuple[Footprint, ...]
    somewhere: tuple[Footprint, ...]


def relevance(prints: Sequence[Footprint], asked: Iterable[Access]) -> Relevance:
    """What bears on a question that reads ``asked``.

    A run without the other steps is shorter and violates the same.
    """
    known, before = set(asked), -1
    everywhere, somewhere = dict[int, Footprint](), dict[int, Footprint]()
    while len(known) + len(everywhere) + len(somewhere) != before:
        before = len(known) + len(everywhere) + len(somewhere)
        for number, print_ in enumerate(prints):
            for effect in print_.stores:
                matters, free = _matters(effect, known)
                if matters:
                    (everywhere if free else somewhere)[number] = print_
                    known |= _needed(print_, effect, known, free)
    only = tuple(print_ for number, print_ in somewhere.items() if number not in everywhere)
    return Relevance(frozenset(known), tuple(everywhere.values()), only)


def _matters(effect: Effect, known: set[Access]) -> tuple[bool, bool]:
    """Whether what is written matters, and whether it does for whatever member the step is about."""
    name, own = effect.write
    if (name, False) in known:
        return True, True
    return (name, True) in known, effect.fixed or not own


def _needed(print_: Footprint, effect: Effect, known: set[Access], free: bool) -> set[Access]:
    """What must be known for a write that matters."""
    others = (effect.write[0], False) in known
    reads = {(name, own and not (others if effect.fixed else free)) for name, own in effect.reads}
    return reads | {(name, own and not free) for name, own in print_.reads()}
