"""Progress properties, decided on all reachable states: is there a fair run in which the wait never ends?

Such a run is a *lasso*: a way to a state where the wait begins, on to a cycle on which it never ends, and
round for ever. A run is fair when every weakly fair instance is taken, or not possible, again and again, and
every strongly fair one that becomes possible again and again is taken again and again. A run may also stop
where no fair instance is possible: nobody is obliged to do anything more. Faults stop by themselves: budgets
run out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from ..model.language.predicates import Predicate
from ..model.language.terms import Term
from ..solver.compiled import compile_tests
from ..solver.ground import Grounder
from .known import Lasso, Waits
from .replay import OurBug, Run
from .search import Search

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


def endless_wait(found: Search, predicate: Predicate) -> Waits:
    """Look for a wait that never ends, for any arguments of the property. The search must be complete."""
    graph, begins = Graph(found), False
    for arguments, premise, conclusion in Grounder(found.kernel.scope).waits(predicate):
        waiting = ~graph.where(conclusion)
        starts = waiting & graph.where(premise)
        if not starts.any():
            continue
        begins = True
        lasso = graph.lasso(starts, waiting, arguments)
        if lasso is not None:
            return Waits(True, lasso)
    return Waits(begins, None)


class Graph:
    """The states and steps of a complete search, as arrays. A step is an index into them."""

    def __init__(self, found: Search) -> None:
        self.kernel, self.table = found.kernel, found.table
        self.states = list(found.table.known)
        self.source, self.taken, self.target = (
            np.array(edges, dtype=np.int64)
            for edges in (found.table.source, found.table.taken, found.table.target)
        )
        fairness = [action.instance.action.fairness for action in self.kernel.actions]
        self.weak = np.array([kind == "weak" for kind in fairness], dtype=bool)
        self.strong = np.array([kind == "strong" for kind in fairness], dtype=bool)

    @cached_property
    def first(self) -> Numbers:
        """For each state the index of its first step; they are ordered by source."""
        return np.searchsorted(self.source, np.arange(len(self.states) + 1))

    @cached_property
    def obliged(self) -> Mask:
        """The states in which a fair instance is possible."""
        found = np.zeros(len(self.states), dtype=bool)
        found[self.source[(self.weak | self.strong)[self.taken]]] = True
        return found

    def where(self, condition: Term) -> Mask:
        """The states in which a ground condition holds."""
        (test,) = compile_tests(self.kernel.scope, [condition])
        return np.fromiter((bool(test(packed)) for packed in self.states), bool, len(self.states))

    def lasso(self, starts: Mask, waiting: Mask, arguments: tuple[Any, ...]) -> Lasso | None:
        """A fair way to wait for ever, from one of the starts."""
        reach = self._reached(starts, waiting)
        end = self._fair_set(reach)
        if end is None:
            return None
        path = self._path(np.flatnonzero(starts), lambda state: bool(end[state]), waiting)
        last = int(self.target[path[-1]]) if path else int(np.flatnonzero(starts & end)[0])
        begin = int(self.source[path[0]]) if path else last
        tour = self._tour(last, end)
        before = self.table.run_to(begin, self.kernel)
        steps = [self.kernel.instance(int(self.taken[edge])) for edge in [*path, *tour]]
        run = Run(before.scope, before.start, (*before.instances, *steps))
        return Lasso(run, len(tour), arguments)

    def _reached(self, starts: Mask, waiting: Mask) -> Mask:
        """The states that can be reached from the starts while the wait goes on."""
        seen, frontier = starts.copy(), np.flatnonzero(starts)
        while len(frontier):
            fresh = np.unique(self.target[self._steps_of(frontier)])
            frontier = fresh[waiting[fresh] & ~seen[fresh]]
            seen[frontier] = True
        return seen

    def _steps_of(self, states: Numbers) -> Numbers:
        """The indexes of all steps from the states."""
        low, high = self.first[states], self.first[states + 1]
        counts = high - low
        offsets = np.repeat(low - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        return offsets + np.arange(counts.sum())

    def _fair_set(self, inside: Mask) -> Mask | None:
        """States among which a fair run can stay for ever: one to stop in, or a strongly connected set."""
        idle = np.flatnonzero(inside & ~self.obliged)
        if len(idle):
            return self._mask(idle[:1])
        states = np.flatnonzero(inside)
        for members, inner in self._components(states, inside):
            found = self._fair_part(members, inner)
            if found is not None:
                return found
        return None

    def _components(self, states: Numbers, inside: Mask) -> list[tuple[Numbers, Numbers]]:
        """The strongly connected sets that have steps, small ones first, each with its inner steps."""
        edges = self._steps_of(states)
        edges = edges[inside[self.target[edges]]]
        local = np.full(len(self.states), -1)
        local[states] = np.arange(len(states))
        one, other = local[self.source[edges]], local[self.target[edges]]
        size = (len(states), len(states))
        _, label = connected_components(
            csr_matrix((np.ones(len(edges), dtype=np.int8), (one, other)), size), connection="strong"
        )
        inner = label[one] == label[other]
        return sorted(_grouped(states, label, edges[inner], label[one[inner]]), key=lambda pair: len(pair[0]))

    def _fair_part(self, members: Numbers, inner: Numbers) -> Mask | None:
        """The members if a fair run can visit them all again and again, else a part of them that it can."""
        size = len(self.kernel.actions)
        possible = np.bincount(self.taken[self._steps_of(members)], minlength=size)
        taken = np.bincount(self.taken[inner], minlength=size) > 0
        if (self.weak & (possible == len(members)) & ~taken).any():
            return None
        unserved = self.strong & (possible > 0) & ~taken
        if not unserved.any():
            return self._mask(members)
        edges = self._steps_of(members)
        asking = np.unique(self.source[edges[unserved[self.taken[edges]]]])
        rest = np.setdiff1d(members, asking)
        return self._fair_set(self._mask(rest)) if len(rest) else None

    def _mask(self, states: Numbers) -> Mask:
        found = np.zeros(len(self.states), dtype=bool)
        found[states] = True
        return found

    def _path(self, starts: Iterable[int], goal: Callable[[int], bool], inside: Mask) -> list[int]:
        """The fewest steps from a start to a goal through states inside."""
        came: dict[int, int | None] = {int(start): None for start in starts}
        queue = deque(came)
        while queue:
            state = queue.popleft()
            if goal(state):
                return self._steps_back(came, state)
            for edge in range(int(self.first[state]), int(self.first[state + 1])):
                target = int(self.target[edge])
                if inside[target] and target not in came:
                    came[target] = edge
                    queue.append(target)
        raise OurBug("a lasso that was found has no way to its cycle")

    def _steps_back(self, came: dict[int, int | None], state: int) -> list[int]:
        steps: list[int] = []
        while (edge := came[state]) is not None:
            steps.append(edge)
            state = int(self.source[edge])
        return steps[::-1]

    def _tour(self, start: int, inside: Mask) -> list[int]:
        """Steps from a state round to itself, by which every fair instance gets its due."""
        if not self.obliged[start] and inside.sum() == 1:
            return []
        tour: list[int] = []
        for position in self._owed(inside):
            if not self._has_its_due(position, tour, start):
                here = int(self.target[tour[-1]]) if tour else start
                tour += self._to_its_due(position, here, inside)
        here = int(self.target[tour[-1]]) if tour else start
        if not tour:
            first = next(
                e for e in range(int(self.first[start]), int(self.first[start + 1])) if inside[self.target[e]]
            )
            tour, here = [first], int(self.target[first])
        return tour + self._path([here], lambda state: state == start, inside)

    def _owed(self, inside: Mask) -> list[int]:
        """The fair instances that are possible somewhere inside."""
        positions = np.unique(self.taken[self._steps_of(np.flatnonzero(inside))])
        return [int(p) for p in positions if self.weak[p] or self.strong[p]]

    def _has_its_due(self, position: int, tour: list[int], start: int) -> bool:
        states = [start, *(int(self.target[edge]) for edge in tour)]
        if any(self.taken[edge] == position for edge in tour):
            return True
        return bool(self.weak[position]) and any(not self._possible(position, state) for state in states)

    def _possible(self, position: int, state: int) -> bool:
        return position in self.taken[self.first[state] : self.first[state + 1]]

    def _to_its_due(self, position: int, here: int, inside: Mask) -> list[int]:
        """The way to a step of the instance inside, or to a state where a weakly fair one is not possible."""
        steps = self._steps_of(np.flatnonzero(inside))
        own = steps[(self.taken[steps] == position) & inside[self.target[steps]]]
        if len(own):
            step = int(own[0])
            return [*self._path([here], lambda state: state == self.source[step], inside), step]
        return self._path([here], lambda state: not self._possible(position, state), inside)


def _grouped(
    states: Numbers, label: Numbers, inner: Numbers, of_inner: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """States and inner steps by component, for the components that have inner steps."""
    by_state, by_step = np.argsort(label, kind="stable"), np.argsort(of_inner, kind="stable")
    labels, steps = label[by_state], of_inner[by_step]
    for component in np.unique(steps):
        low, high = np.searchsorted(labels, [component, component + 1])
        first, last = np.searchsorted(steps, [component, component + 1])
        yield states[by_state[low:high]], inner[by_step[first:last]]
