"""Ground terms → Python code: the quickest form of a scope for engines that visit states one by one.

A state is packed (one byte a cell). Guards, effects and statements become functions of it, built
from the same terms that every other engine reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..model.language.domains import Domain, MaybeMember, Member, Range
from ..model.language.misuse import ModelError
from ..model.language.plain import Packed, out_of_range
from ..model.language.predicates import Predicate
from ..model.language.scope import Instance, Scope
from ..model.language.terms import And, Arithmetic, Cell, Const, Equal, Less, Not, Or, Term, Where
from .ground import GroundAction, Grounder, GroundWrite, cells_of
from .simplify import is_false

Test = Callable[[Packed], bool]
Effect = Callable[[Packed], Packed]
Answer = TypeVar("Answer")


class Coder:
    """Writes ground terms as Python expressions over the packed state ``s``."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._codes: dict[Domain, dict[Any, int]] = {}

    def truth(self, term: Term) -> str:
        """An expression that is true (or 1) where the condition holds."""
        match term:
            case Const(value=value):
                return str(bool(value))
            case Cell(index=index):
                return f"s[{index}]"
            case Not(part=Equal(left=left, right=right)):
                return self._equality(left, right, "!=")
            case Not(part=Less(left=left, right=right)):
                return f"{self.number(left)} >= {self.number(right)}"
            case Not(part=part):
                return f"not {self._wrapped(part)}"
            case And(parts=parts):
                return " and ".join(map(self._wrapped, parts))
            case Or(parts=parts):
                return " or ".join(map(self._wrapped, parts))
            case Equal(left=left, right=right):
                return self._equality(left, right, "==")
            case Less(left=left, right=right):
                return f"{self.number(left)} < {self.number(right)}"
        raise TypeError(f"not a condition: {type(term).__name__}")

    def _wrapped(self, term: Term) -> str:
        return self.truth(term) if isinstance(term, Cell | Const) else f"({self.truth(term)})"

    def _equality(self, left: Term, right: Term, sign: str) -> str:
        if isinstance(left.domain, Range) or isinstance(right.domain, Range):
            return f"{self.number(left)} {sign} {self.number(right)}"
        domain = left.domain if isinstance(left.domain, MaybeMember) else right.domain
        return f"{self.code(left, domain)} {sign} {self.code(right, domain)}"

    def number(self, term: Term) -> str:
        """An expression for the value of a number."""
        match term:
            case Const(value=value):
                return str(value) if value >= 0 else f"({value})"
            case Cell(index=index):
                low = self.scope.cells[index].values[0]
                return f"s[{index}]" if low == 0 else f"(s[{index}] + {low})"
            case Arithmetic(operator=operator, left=left, right=right):
                return f"({self.number(left)} {operator} {self.number(right)})"
            case Where(condition=Cell(index=index), yes=Const(value=1), otherwise=Const(value=0)):
                return f"s[{index}]"
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                return _either(self.number(yes), self.truth(condition), self.number(otherwise), otherwise)
        raise TypeError(f"not a number: {type(term).__name__}")

    def code(self, term: Term, domain: Domain) -> str:
        """An expression for the code that the term's value has in a domain."""
        match term:
            case Const(value=value):
                return str(self._code_of(value, domain))
            case Cell(index=index):
                widened = isinstance(domain, MaybeMember) and isinstance(term.domain, Member)
                return f"(s[{index}] + 1)" if widened else f"s[{index}]"
            case Where(condition=condition, yes=yes, otherwise=otherwise):
                one, other = self.code(yes, domain), self.code(otherwise, domain)
                return _either(one, self.truth(condition), other, otherwise)
        return f"(1 if {self.truth(term)} else 0)"

    def _code_of(self, value: Any, domain: Domain) -> int:
        if isinstance(domain, Range):
            return int(value) - domain.low
        if domain not in self._codes:
            values = domain.values(self.scope.sorts)
            self._codes[domain] = {known: code for code, known in enumerate(values)}
        return self._codes[domain][value]

    def effect(self, action: GroundAction, name: str) -> str:
        """A function that returns the packed state after the action."""
        lines = [f"def {name}(s):", "    b = bytearray(s)"]
        for write in action.assignments:
            lines += self._assignment(write)
        return "\n".join([*lines, "    return bytes(b)"])

    def _assignment(self, write: GroundWrite) -> list[str]:
        domain = self._domain(write)
        if not isinstance(domain, Range):
            return [f"    b[{write.index}] = {self.code(write.value, domain)}"]
        value, low = self.number(write.value), domain.low
        shifted = value if low == 0 else f"{value} - {low}"
        if self._surely_inside(write.value.domain, domain):
            return [f"    b[{write.index}] = {shifted}"]
        fits = f"{domain.low} <= v <= {domain.high}"
        check = f"    if not {fits}: overrun({write.index}, {write.where.line}, v)"
        return [f"    v = {value}", check, f"    b[{write.index}] = v - {low}"]

    def _domain(self, write: GroundWrite) -> Domain:
        if write.field is not None:
            return write.field.value
        values = self.scope.cells[write.index].values
        return Range(values[0], values[-1])

    def _surely_inside(self, value: Domain, target: Range) -> bool:
        return isinstance(value, Range) and target.low <= value.low and value.high <= target.high


def _either(one: str, condition: str, other: str, source: Term) -> str:
    """A conditional expression; a chain of them is not nested, Python allows only so many parentheses."""
    rest = other[1:-1] if isinstance(source, Where) and other.endswith(")") else other
    return f"({one} if {condition} else {rest})"


def compile_tests(scope: Scope, terms: Iterable[Term]) -> list[Test]:
    """One function of the packed state for each condition."""
    coder = Coder(scope)
    text = ",\n".join(f"lambda s: {coder.truth(term)}" for term in terms)
    made: list[Test] = eval(f"[{text}]", {})
    return made


class _WhenAsked(dict[int, Answer]):
    """Answers by position, each worked out when it is first asked for."""

    def __init__(self, work_out: Callable[[int], Answer]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, position: int) -> Answer:
        answer = self[position] = self._work_out(position)
        return answer


@dataclass(frozen=True)
class Kernel:
    """A scope as Python functions. Position i of ``actions`` and ``guards`` is one action instance.

    ``effects[i]`` takes it; ``affected[i]``: the instances whose guards can change when it is taken;
    ``statements``: compiled invariants and other statements; ``touched[i]``: the statements that can
    change; ``settled``: those that read nothing that can change; ``impossible``: instances that are
    possible in no state. What is indexed by i and is no list
    is worked out when it is first asked for.
    """

    scope: Scope
    actions: tuple[GroundAction, ...]
    guards: list[Test]
    effects: Mapping[int, Effect]
    affected: Mapping[int, tuple[int, ...]]
    statements: Mapping[str, Test]
    touched: Mapping[int, tuple[str, ...]]
    impossible: tuple[Instance, ...]
    settled: frozenset[str] = frozenset()

    def instance(self, position: int) -> Instance:
        """The action instance at a position."""
        return self.actions[position].instance

    def enabled(self, packed: Packed) -> list[int]:
        """The positions of all instances that are possible in a state."""
        return [position for position, guard in enumerate(self.guards) if guard(packed)]


def kernel_for(scope: Scope, predicates: Iterable[Predicate] = (), frozen: Mapping[int, Any] = {}) -> Kernel:
    """Compile a scope, with the statements that are to be asked in its states.

    ``frozen``: values of cells that never change in the states that will be met (see ``frozen``).
    """
    grounder = Grounder(scope, frozen)
    actions, impossible = possible_instances(scope, grounder)
    guards = [action.enabled() for action in actions]
    asked = {predicate.name: grounder.statement(predicate) for predicate in predicates}
    return Kernel(
        scope,
        actions,
        compile_tests(scope, guards),
        _WhenAsked(_effects(scope, actions)),
        _WhenAsked(_readers([cells_of(guard) for guard in guards], actions)),
        dict(zip(asked, compile_tests(scope, asked.values()), strict=True)),
        _WhenAsked(_touched({name: cells_of(term) for name, term in asked.items()}, actions)),
        impossible,
        frozenset(name for name, term in asked.items() if not cells_of(term)),
    )


def possible_instances(
    scope: Scope, grounder: Grounder
) -> tuple[tuple[GroundAction, ...], tuple[Instance, ...]]:
    """The action instances whose guards leave them open in some state, ground; and the others."""
    possible: list[GroundAction] = []
    impossible: list[Instance] = []
    for instance in scope.instances():
        action = grounder.instance(instance) if grounder.possible(instance) else None
        if action is None or is_false(action.enabled()):
            impossible.append(instance)
        else:
            possible.append(action)
    return tuple(possible), tuple(impossible)


def _effects(scope: Scope, actions: tuple[GroundAction, ...]) -> Callable[[int], Effect]:
    coder = Coder(scope)

    def effect(position: int) -> Effect:
        action = actions[position]
        space: dict[str, Any] = {"overrun": _overrun(scope, action)}
        exec(coder.effect(action, "effect"), space)
        made: Effect = space["effect"]
        return made

    return effect


def _overrun(scope: Scope, action: GroundAction) -> Callable[[int, int, int], None]:
    def overrun(index: int, line: int, value: int) -> None:
        write = next(w for w in action.assignments if w.index == index and w.where.line == line)
        assert write.field is not None
        place = str(scope.cells[index])
        raise ModelError([out_of_range(write.field, value, write.where, f"s.{place} = {value}")])

    return overrun


def _readers(
    reads: list[frozenset[int]], actions: tuple[GroundAction, ...]
) -> Callable[[int], tuple[int, ...]]:
    """For an action: the positions whose reads meet its writes."""
    readers: dict[int, list[int]] = {}
    for position, cells in enumerate(reads):
        for cell in cells:
            readers.setdefault(cell, []).append(position)

    def affected(position: int) -> tuple[int, ...]:
        return tuple(sorted(set().union(*(readers.get(cell, ()) for cell in actions[position].written()))))

    return affected


def _touched(
    cells: dict[str, frozenset[int]], actions: tuple[GroundAction, ...]
) -> Callable[[int], tuple[str, ...]]:
    def touched(position: int) -> tuple[str, ...]:
        written = actions[position].written()
        return tuple(name for name, read in cells.items() if not read.isdisjoint(written))

    return touched
