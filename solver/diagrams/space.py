"""A scope as diagrams: its encoding, its events, and the states that it starts from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from oxidd.bcdd import BCDDManager
from oxidd.util import DDMemoryError

from ...model.language.misuse import Problem
from ...model.language.plain import Packed, out_of_range
from ...model.language.predicates import Predicate
from ...model.language.scope import Instance
from ...model.language.terms import Term
from ..ground import GroundAction
from ..simplify import disjunction
from .encoding import Diagram, Encoding
from .events import Event, events_of, overruns
from .limits import FIRST_RESULTS, GIB, OutOfBounds, Size
from .order import Block, block_of
from .prepared import Prepared
from .terms import Translator

USUAL = Size()
OUT_OF_BOUNDS = (OutOfBounds, DDMemoryError)
FULL = 0.5  # of the nodes: then those that nobody uses are collected


class Space:
    """A scope made ready for questions about all of its states.

    ``events`` join action instances with the same effect; ``results`` is how many results of operations are
    remembered. Raises OutOfBounds when the relations alone do not fit.
    """

    def __init__(self, prepared: Prepared, size: Size = USUAL, results: int = FIRST_RESULTS) -> None:
        self.prepared, self.size = prepared, size
        self.scope, self.grounder = prepared.scope, prepared.grounder
        self.actions, self.cone = prepared.actions, prepared.cone
        self.results = min(results, size.most_results)
        self.manager = BCDDManager(size.nodes, self.results, size.threads)
        self.restart_clock()
        try:
            self._encode()
        except DDMemoryError as error:
            raise self._full() from error

    def _encode(self) -> None:
        prepared = self.prepared
        self.encoding = Encoding(self.scope, prepared.codes, prepared.order, self.manager)
        self.translator = Translator(self.encoding)
        self.valid = self.encoding.valid()
        self.events = events_of(self.translator, self.actions, self.valid, self.look_at_clock)
        self._starts = self.truth(prepared.start) & self._full_budgets() & self.valid
        self.initial = self._kept(self._starts)

    def _kept(self, states: Diagram) -> Diagram:
        """Of states the cells that matter; the others, which nothing writes, have one value each."""
        cut = [] if self.cone is None else [c for c in self.encoding.order if c not in self.cone.cells]
        fixed = self.encoding.of_codes({cell: self.encoding.codes[cell][0] for cell in cut})
        return states.exists(self.encoding.cube(cut)) & fixed

    def a_start(self, kept: Packed) -> Packed:
        """An initial state of the whole scope that agrees with one of ``initial`` in what matters."""
        cells = self.encoding.order if self.cone is None else self.cone.cells
        return self.encoding.pick(self._starts & self.encoding.of_codes({cell: kept[cell] for cell in cells}))

    def _full_budgets(self) -> Diagram:
        fields = self.scope.model.fields
        full = {i: len(c.values) - 1 for i, c in enumerate(self.scope.cells) if c.field not in fields}
        return self.encoding.of_codes(full)

    def restart_clock(self, share: float = 1.0) -> None:
        """Allow as many seconds again, or a share of them."""
        seconds = self.size.seconds
        self._deadline = None if seconds is None else time.perf_counter() + share * seconds

    def look_at_clock(self) -> None:
        """Raises OutOfBounds when time is over."""
        if self._deadline is not None and time.perf_counter() > self._deadline:
            raise OutOfBounds(f"the limit of {self.size.seconds:g} s is reached")

    def within_limits(self, make: Callable[..., Diagram], *arguments: Any) -> Diagram:
        """The diagram that ``make`` makes; when nodes run short, after collecting those that nobody uses.

        Raises OutOfBounds when time is over, or when there is no room even then.
        """
        self.look_at_clock()
        if self.manager.approx_num_inner_nodes() > FULL * self.size.nodes:
            self.manager.gc()
        try:
            return make(*arguments)
        except DDMemoryError:
            self.manager.gc()
        try:
            return make(*arguments)
        except DDMemoryError as error:
            raise self._full() from error

    def is_crowded(self) -> bool:
        """Whether more nodes were made than results can be remembered, and there is memory for more."""
        made = self.manager.approx_num_inner_nodes()
        return made > self.results and self.results < self.size.most_results

    def _full(self) -> OutOfBounds:
        return OutOfBounds(f"the memory limit of {self.size.memory / GIB:g} GiB is reached")

    def truth(self, term: Term) -> Diagram:
        """The states in which a ground condition holds."""
        return self.translator.truth(term)

    def statement(self, predicate: Predicate) -> Diagram:
        """The states in which a statement holds for all members."""
        return self.truth(self.grounder.statement(predicate))

    def accepted(self) -> Diagram:
        """The states in which nothing more needs to happen: some ``@final`` statement holds."""
        finals = [self.grounder.statement(predicate) for predicate in self.scope.model.of_kind("final")]
        return self.truth(disjunction(finals))

    def instance(self, position: int) -> Instance:
        """The action instance at a position."""
        return self.actions[position].instance

    @cached_property
    def blocks(self) -> Mapping[Block, tuple[Event, ...]]:
        """The events that write cells of one block only, by block; under None all others."""
        found: dict[Block, list[Event]] = {}
        for event in self.events:
            written = {block_of(self.scope.cells[cell], self.prepared.sort) for cell in event.writes}
            block = written.pop() if len(written) == 1 else None
            found.setdefault(block, []).append(event)
        return {block: tuple(events) for block, events in found.items()}

    def overruns(self, states: Diagram) -> list[Problem]:
        """The writes that leave their range from some of the states, one a line of the model."""
        found: dict[Any, Problem] = {}
        for action in self.actions:
            for where, problem in self._overruns_of(action):
                if problem.where not in found and (states & where).satisfiable():
                    found[problem.where] = problem
        return list(found.values())

    def _overruns_of(self, action: GroundAction) -> Iterator[tuple[Diagram, Problem]]:
        guard = self.truth(action.enabled())
        for write in action.assignments:
            for value, where in overruns(self.translator, write).items():
                assert write.field is not None
                place = f"s.{self.scope.cells[write.index]} = {value}"
                yield guard & where, out_of_range(write.field, value, write.where, place)


def reason_of(reached: Exception) -> str:
    """Which limit an exception of ``OUT_OF_BOUNDS`` tells of."""
    return "the memory limit is reached" if isinstance(reached, DDMemoryError) else str(reached)


def union(space: Space, parts: Iterable[Diagram]) -> Diagram:
    """The states of some of the sets."""
    result = space.encoding.false
    for part in parts:
        result = result | part
    return result
