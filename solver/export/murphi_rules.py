"""Actions as Murphi rules. Values are those before the step, so what a later line needs is kept first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model.language.actions import Action
from ...model.language.recording import Guard, Write
from ...model.language.scope import Scope
from ...model.language.terms import Read, Term, Var, walk
from ...model.language.tracing import Trace, fields_read
from .environment import Environment, environment_for
from .folding import same_term
from .murphi_terms import Expressions, comment, remark
from .naming import ascii_text


@dataclass
class _Body:
    """The parts of a rule: local variables, what is computed first, the assignments."""

    declared: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rules:
    """Writes the rules of one scope."""

    scope: Scope
    expressions: Expressions

    def define(self, trace: Trace) -> list[str]:
        """The rule of an action as lines, in a ruleset over its parameters."""
        terms = [guard.condition for guard in trace.guards]
        terms += [term for write in trace.writes for term in (*write.places, write.value)]
        rows = [var for write in trace.writes for var in write.rows]
        names, env = environment_for(self.expressions.names, trace.parameters, terms, rows)
        kinds = (self.expressions.kind(var.domain) for var in trace.parameters)
        bound = "; ".join(f"{name}: {kind}" for name, kind in zip(names, kinds, strict=True))
        lines = [f"ruleset {bound} do"] if bound else []
        lines += [
            f'rule "{ascii_text(trace.action.name)}"',
            *self._guards(trace, env),
            "==>",
            *self._body(trace, env),
            "end;",
        ]
        about = comment(trace.action.text or trace.action.sentence)
        return [*about, *lines, *(["end;"] if bound else []), ""]

    def _guards(self, trace: Trace, env: Environment) -> list[str]:
        on = [guard for guard in trace.guards if self.scope.on(guard.mechanism)]
        rows = [(self.expressions.folded(guard.condition, env), self._reason(guard)) for guard in on]
        budget = trace.action.budget
        if budget is not None:
            words = budget.replace("_", " ")
            left = self.expressions.names.of("budget", budget)
            rows.append((f"({left} > 0)", f"the scope allows no further {words}"))
        removed = [guard for guard in trace.guards if not self.scope.on(guard.mechanism)]
        lines = [f"  {remark(f'removed: {self._reason(guard)}')}" for guard in removed]
        for number, (text, reason) in enumerate(rows or [("true", "always possible")]):
            sign = "  " if number == 0 else "& "
            lines.append(f"  {sign}{text}  {remark(f'else: {reason}')}")
        return lines

    def _reason(self, guard: Guard) -> str:
        return guard.reason + (f" ({guard.mechanism})" if guard.mechanism else "")

    def _body(self, trace: Trace, env: Environment) -> list[str]:
        body = _Body()
        writes = [w for w in trace.writes if all(map(self.scope.on, w.mechanisms))]
        before: set[str] = set()
        for write in writes:
            env = self._write(body, write, before, env)
            before.add(write.field.name)
        budget = self._spend(trace.action)
        lines = [*body.computed, *body.assigned, *budget]
        return [*body.declared, "begin", *(f"  {line}" for line in lines)]

    def _spend(self, action: Action) -> list[str]:
        if action.budget is None:
            return []
        left = self.expressions.names.of("budget", action.budget)
        return [f"{left} := {left} - 1;"]

    def _write(self, body: _Body, write: Write, before: set[str], env: Environment) -> Environment:
        """Add an assignment; the environment that comes back knows the local variables."""
        inner, loops, names = env, list[str](), list[str]()
        for row in write.rows:
            name, inner = inner.bind(row)
            names.append(name)
            loops.append(f"for {name}: {self.expressions.kind(row.domain)} do")
        value = self.expressions.folded(write.value, inner)
        places = [self.expressions.folded(place, inner) for place in write.places]
        if _needs_old_values(write, before):
            places, env = self._places_first(body, write, places, env)
            value, env = self._value_first(body, write, (value, loops, names), env)
        target = self.expressions.names.of("quantity", write.field.name) + "".join(f"[{p}]" for p in places)
        body.assigned.append(_looped(loops, f"{target} := {value};"))
        return env

    def _value_first(
        self, body: _Body, write: Write, row: tuple[str, list[str], list[str]], env: Environment
    ) -> tuple[str, Environment]:
        """Keep a value, or a row of values, in a local variable; its text."""
        value, loops, names = row
        new, env = env.fresh(f"new_{write.field.name}")
        domains = [var.domain for var in write.rows]
        kind = self.expressions.arrays(domains, self.expressions.kind(write.field.value))
        body.declared.append(f"var {new}: {kind};")
        text = new + "".join(f"[{name}]" for name in names)
        body.computed.append(_looped(loops, f"{text} := {value};"))
        return text, env

    def _places_first(
        self, body: _Body, write: Write, places: list[str], env: Environment
    ) -> tuple[list[str], Environment]:
        """Keep the places that depend on the state in local variables; the texts of all places."""
        kept = []
        for term, text, domain in zip(write.places, places, write.field.index, strict=True):
            if any(isinstance(node, Read) for node in walk(term)):
                name, env = env.fresh("place")
                body.declared.append(f"var {name}: {self.expressions.kind(domain)};")
                body.computed.append(f"{name} := {text};")
                text = name
            kept.append(text)
        return kept, env


def _looped(loops: list[str], text: str) -> str:
    return " ".join([*loops, text, *("end;" for _ in loops)])


def _needs_old_values(write: Write, before: set[str]) -> bool:
    """Whether the write depends on what was assigned before it, by others or by its own row."""
    read = fields_read([*write.places, write.value])
    if read & before:
        return True
    return bool(write.rows) and not _reads_only_itself(write)


def _reads_only_itself(write: Write) -> bool:
    """Whether each cell of a row depends on no other cell of its field."""
    own = [n for n in walk(write.value) if isinstance(n, Read) and n.field == write.field.name]
    placed = fields_read(list(write.places))
    return write.field.name not in placed and all(_same_places(node, write) for node in own)


def _same_places(node: Read, write: Write) -> bool:
    return all(_same(one, other) for one, other in zip(node.places, write.places, strict=True))


def _same(one: Term, other: Term) -> bool:
    return (isinstance(one, Var) and one is other) or same_term(one, other)
