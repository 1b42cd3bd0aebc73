"""Action instances → events: how a whole set of states moves in one step, forwards and backwards.

There are no primed variables. A write of a constant forgets the old bits and states the new ones; a write
whose value depends on the state is split into *outcomes*, in each of which every cell gets a constant or
stays as it is. Writes that do not read each other's cells are done one after the other, in *stages*, so that
an action that writes many cells has few outcomes in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oxidd.util import BooleanOperator

from ...model.language.domains import Range
from ..ground import GroundAction, GroundWrite, cells_of
from .encoding import Diagram, Encoding
from .terms import Cases, Translator

AND = BooleanOperator.AND


@dataclass(frozen=True)
class Outcome:
    """Where ``where`` holds, the variables ``old`` are forgotten and ``new`` is stated."""

    where: Diagram
    old: Diagram
    new: Diagram


Stage = tuple[Outcome, ...]


@dataclass(frozen=True)
class Event:
    """Action instances with the same effect. ``members`` are their positions, ``guards`` their guards.

    ``reads`` and ``writes`` are cells that have bits.
    """

    members: tuple[int, ...]
    guards: tuple[Diagram, ...]
    enabled: Diagram
    stages: tuple[Stage, ...]
    reads: frozenset[int]
    writes: frozenset[int]

    def image(self, states: Diagram) -> Diagram:
        """The states after the event, from those of ``states`` in which it is possible."""
        if not self.stages:
            return states & self.enabled
        first, *rest = self.stages
        result = _image(states, first)
        for stage in rest:
            result = _image(result, stage)
        return result

    def preimage(self, states: Diagram) -> Diagram:
        """The states from which the event leads into ``states``."""
        result = states
        for stage in reversed(self.stages):
            result = _preimage(result, stage)
        return result & self.enabled


def _image(states: Diagram, stage: Stage) -> Diagram:
    results = [states.apply_exists(AND, outcome.where, outcome.old) & outcome.new for outcome in stage]
    return _union(results)


def _preimage(states: Diagram, stage: Stage) -> Diagram:
    results = [states.apply_exists(AND, outcome.new, outcome.old) & outcome.where for outcome in stage]
    return _union(results)


def _union(parts: Sequence[Diagram]) -> Diagram:
    result, *rest = parts
    for part in rest:
        result = result | part
    return result


def events_of(
    translator: Translator,
    actions: Sequence[GroundAction],
    valid: Diagram,
    on_action: Callable[[], None],
) -> list[Event]:
    """The events of a scope: one for all action instances that differ only in their guards.

    An instance that is possible in no state of ``valid`` is in none of them. ``on_action`` is called before
    each; it may raise to end long work.
    """
    maker = _Maker(translator, valid)
    merged: dict[tuple[Any, ...], list[_Made]] = {}
    for position, action in enumerate(actions):
        on_action()
        made = maker.make(position, action)
        if made is not None:
            merged.setdefault(made.effect, []).append(made)
    return [_merged(translator.encoding, group) for group in merged.values()]


@dataclass(frozen=True)
class _Made:
    """One action instance as a diagram. ``effect`` are its outcomes without the guard."""

    position: int
    guard: Diagram
    effect: tuple[Stage, ...]
    reads: frozenset[int]
    writes: frozenset[int]


def _merged(encoding: Encoding, group: Sequence[_Made]) -> Event:
    enabled = _union([made.guard for made in group])
    first, *rest = group[0].effect or [()]
    guarded = tuple(Outcome(o.where & enabled, o.old, o.new) for o in first)
    return Event(
        members=tuple(made.position for made in group),
        guards=tuple(made.guard for made in group),
        enabled=enabled,
        stages=(guarded, *rest) if guarded else (),
        reads=frozenset().union(*(made.reads for made in group)) & encoding.bits.keys(),
        writes=group[0].writes & encoding.bits.keys(),
    )


class _Maker:
    def __init__(self, translator: Translator, valid: Diagram) -> None:
        self.translator, self.valid = translator, valid
        self.encoding = translator.encoding

    def make(self, position: int, action: GroundAction) -> _Made | None:
        """The instance as a diagram; None when it is possible nowhere, or each write leaves its range."""
        guard = self.translator.truth(action.enabled())
        for write in action.assignments:
            guard = guard & ~outside(self.translator, write)
        here = guard & self.valid
        if not here.satisfiable():
            return None
        values = {write.index: self.encoded(write) for write in action.writes}
        stages = tuple(self._stage(values, part, here) for part in _parts(action.writes))
        written = frozenset(values)
        return _Made(position, guard, self._joined(stages), action.reads(), written)

    def encoded(self, write: GroundWrite) -> Cases:
        """For each code that a write can leave in its cell, the states in which it does."""
        cell = write.index
        codes = {value: code for code, value in enumerate(self.encoding.scope.cells[cell].values)}
        cases = self.translator.cases(write.value)
        return {codes[v]: where for v, where in cases.items() if codes.get(v) in self.encoding.codes[cell]}

    def _stage(self, values: Mapping[int, Cases], cells: Sequence[int], here: Diagram) -> Stage:
        """The outcomes of some writes, found by splitting the states in which the action is possible."""
        open_: list[tuple[Diagram, dict[int, int]]] = [(self.encoding.true, {})]
        for cell in cells:
            split = _Split(self.encoding, cell, values[cell], here)
            open_ = [
                (where & part, {**assigned, **new})
                for where, assigned in open_
                for part, new in split.of(where)
            ]
        return tuple(self._outcome(where, assigned) for where, assigned in open_)

    def _outcome(self, where: Diagram, assigned: dict[int, int]) -> Outcome:
        return Outcome(where, self.encoding.cube(assigned), self.encoding.of_codes(assigned))

    def _joined(self, stages: Sequence[Stage]) -> tuple[Stage, ...]:
        """The stages without those that change nothing; all with one outcome are one, and the first."""
        true = self.encoding.true
        single = [stage[0] for stage in stages if len(stage) == 1]
        several = [stage for stage in stages if len(stage) > 1]
        if not single:
            return tuple(several)
        first = single[0]
        for other in single[1:]:
            first = Outcome(true, first.old & other.old, first.new & other.new)
        changes = first.old != true or not several
        return ((first,), *several) if changes else tuple(several)


def outside(translator: Translator, write: GroundWrite) -> Diagram:
    """Where the value of a write leaves the range of its field: an error of the model, not a step."""
    result = translator.encoding.false
    for where in overruns(translator, write).values():
        result = result | where
    return result


def overruns(translator: Translator, write: GroundWrite) -> Mapping[int, Diagram]:
    """The numbers outside the range of its field that a write can have, each with where it has it."""
    domain, value = write.field.value if write.field else None, write.value.domain
    if not isinstance(domain, Range):
        return {}
    if isinstance(value, Range) and domain.low <= value.low and value.high <= domain.high:
        return {}
    cases = translator.cases(write.value).items()
    return {number: where for number, where in cases if not domain.low <= number <= domain.high}


@dataclass(frozen=True)
class _Split:
    """How a cell's new code depends on the state: the cases of one write, where the action is possible."""

    encoding: Encoding
    cell: int
    cases: Cases
    here: Diagram

    def of(self, where: Diagram) -> Iterator[tuple[Diagram, dict[int, int]]]:
        """Parts of ``where`` with what the cell becomes in them; nothing, where it stays as it is."""
        region = where & self.here
        sets = {code: part for code, part in self.cases.items() if (part & region).satisfiable()}
        if len(sets) == 1:
            yield self.encoding.true, dict.fromkeys([self.cell], next(iter(sets)))
            return
        stays = self._stays(sets)
        if not (region & ~stays).satisfiable():
            yield self.encoding.true, {}
            return
        changes = {code: part & ~stays for code, part in sets.items()}
        changes = {code: part for code, part in changes.items() if (part & region).satisfiable()}
        if len(changes) + 1 > len(sets):
            yield from ((part, {self.cell: code}) for code, part in sets.items())
            return
        if (stays & region).satisfiable():
            yield stays, {}
        yield from ((part, {self.cell: code}) for code, part in changes.items())

    def _stays(self, sets: Mapping[int, Diagram]) -> Diagram:
        result = self.encoding.false
        for code, part in sets.items():
            result = result | (part & self.encoding.holds(self.cell, code))
        return result


def _parts(writes: Sequence[GroundWrite]) -> list[list[int]]:
    """The written cells in parts that do not read each other."""
    written = {write.index for write in writes}
    part_of = {cell: {cell} for cell in written}
    for write in writes:
        for read in cells_of(write.value) & written:
            if part_of[read] is not part_of[write.index]:
                joined = part_of[read] | part_of[write.index]
                part_of.update(dict.fromkeys(joined, joined))
    distinct = {id(part): part for part in part_of.values()}
    return sorted(sorted(part) for part in distinct.values())
