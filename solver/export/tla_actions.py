"""Actions as TLA+: guards with their reasons, then what every field is afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...model.language.actions import Action
from ...model.language.recording import Guard, Write
from ...model.language.scope import Scope
from ...model.language.state import Field
from ...model.language.terms import Term
from ...model.language.tracing import Trace
from .environment import Environment, environment_for
from .folding import Folder
from .naming import ascii_text
from .tla_terms import WIDTH, Binding, Expressions

STEP = 4


def comment(text: str, indent: int = 0) -> list[str]:
    """A text as comment lines."""
    return [f"{' ' * indent}\\* {line}".rstrip() for line in ascii_text(text).splitlines()]


def remark(text: str) -> str:
    """A text as a comment of one line."""
    return f"\\* {' '.join(ascii_text(text).split())}"


@dataclass(frozen=True)
class Actions:
    """Writes the actions of one scope."""

    scope: Scope
    folder: Folder
    expressions: Expressions
    budgets: tuple[str, ...]
    fields: tuple[str, ...]
    """The names of the variables."""

    def define(self, trace: Trace) -> list[str]:
        """The definition of an action as lines."""
        terms = [guard.condition for guard in trace.guards]
        terms += [term for write in trace.writes for term in (*write.places, write.value)]
        rows = [var for write in trace.writes for var in write.rows]
        names, env = environment_for(self.expressions.names, trace.parameters, terms, rows)
        head = self.expressions.names.of("action", trace.action.name) + _list_of(names)
        about = comment(trace.action.text or trace.action.sentence) + self._tags(trace.action)
        budget_guards, budget_effects = self._budget(trace.action)
        guards = [line for guard in trace.guards for line in self._guard(guard, env)]
        effects, written = self._effects(trace, env)
        kept = self._kept({*written, *(name for name, _ in budget_effects)})
        changes = [f"/\\ {name}' = {value}" for name, value in budget_effects]
        lines = [*guards, *budget_guards, *effects, *changes, *self._unchanged(kept)]
        return [*about, f"{head} ==", *(f"{' ' * STEP}{line}" for line in lines), ""]

    def _tags(self, action: Action) -> list[str]:
        fair = f"{action.fairness}ly fair" if action.fairness else ""
        tags = [action.agent, action.kind, fair, action.source and f"source: {action.source}"]
        return comment(f"({'; '.join(filter(None, tags))})")

    def _guard(self, guard: Guard, env: Environment) -> list[str]:
        named = f" ({guard.mechanism})" if guard.mechanism else ""
        if not self.scope.on(guard.mechanism):
            return [remark(f"removed{named}: {guard.reason}")]
        reason = remark(f"else: {guard.reason}{named}")
        text = f"/\\ {self.expressions.block(self.folder.fold(guard.condition), env, STEP + 3)}"
        first, *rest = text.split(f"\n{' ' * STEP}")
        if not rest and STEP + len(first) + 2 + len(reason) <= WIDTH + 20:
            return [f"{first}  {reason}"]
        return [reason, first, *rest]

    def _budget(self, action: Action) -> tuple[list[str], list[tuple[str, str]]]:
        if action.budget is None:
            return [], []
        left = self.expressions.names.of("budget", action.budget)
        reason = remark(f"else: the scope allows no further {action.budget.replace('_', ' ')}")
        return [f"/\\ {left} > 0  {reason}"], [(left, f"{left} - 1")]

    def _effects(self, trace: Trace, env: Environment) -> tuple[list[str], list[str]]:
        """The lines that say what the written fields become, and the names of these fields."""
        fields: dict[str, list[Write]] = {}
        lines: list[str] = []
        for write in trace.writes:
            if all(map(self.scope.on, write.mechanisms)):
                fields.setdefault(write.field.name, []).append(write)
            else:
                lines += self._removed(write)
        written = []
        for name, writes in fields.items():
            written.append(self.expressions.names.of("quantity", name))
            lines += self._primed(written[-1], writes, env).split(f"\n{' ' * STEP}")
        return lines, written

    def _removed(self, write: Write) -> list[str]:
        off = ", ".join(name for name in write.mechanisms if not self.scope.on(name))
        return comment(f"removed ({off}): {write.field.name} is written here")

    def _primed(self, name: str, writes: list[Write], env: Environment) -> str:
        head = f"/\\ {name}' = "
        return head + _Update(self, writes[0].field, name, env, STEP + len(head)).after(writes)

    def _kept(self, written: set[str]) -> list[str]:
        """What an action leaves alone; all budgets together have a name of their own."""
        together = len(self.budgets) > 1 and not written & set(self.budgets)
        budgets = [self.expressions.names.of("helper", "budgets")] if together else self.budgets
        return [name for name in (*budgets, *self.fields) if name not in written]

    def _unchanged(self, kept: list[str]) -> list[str]:
        if not kept:
            return []
        if len(kept) == 1:
            return [f"/\\ UNCHANGED {kept[0]}"]
        return wrapped("/\\ UNCHANGED <<", kept, ">>")


def wrapped(head: str, parts: Iterable[str], end: str) -> list[str]:
    """A list between a head and an end, in lines that are not too long; a part is never broken."""
    lines, line = [], head
    for part in parts:
        if line not in (head, " " * len(head)) and len(line) + len(part) > WIDTH - STEP:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += f"{part}, "
    return [*lines, line.removesuffix(", ") + end]


def _list_of(names: list[str]) -> str:
    return f"({', '.join(names)})" if names else ""


@dataclass(frozen=True)
class _Update:
    """What one field becomes: its writes, one after the other, as one expression that begins at a column."""

    actions: Actions
    field: Field
    name: str
    env: Environment
    column: int

    def after(self, writes: list[Write]) -> str:
        """The value after all of the writes; the last one to a place wins."""
        if not self.field.index:
            value = self.actions.folder.fold(writes[-1].value)
            return self.actions.expressions.block(value, self.env, self.column)
        if any(write.rows for write in writes):
            return self._function(writes)
        return self._except([self._point(write) for write in writes])

    def _text(self, term: Term, env: Environment) -> str:
        return self.actions.expressions.line(self.actions.folder.fold(term), env)

    def _point(self, write: Write) -> str:
        places = ", ".join(self._text(place, self.env) for place in write.places)
        return f"![{places}] = {self._text(write.value, self.env)}"

    def _except(self, points: list[str]) -> str:
        head = f"[{self.name} EXCEPT "
        text = f"{head}{', '.join(points)}]"
        gap = ",\n" + " " * (self.column + len(head))
        return text if self.column + len(text) <= WIDTH else f"{head}{gap.join(points)}]"

    def _function(self, writes: list[Write]) -> str:
        """The field as a function: the value of the last write that covers a place, else what it was."""
        expressions = self.actions.expressions
        names, env = expressions.indexes(self.field.index, self.env)
        cases: list[str] = []
        for write in reversed(writes):
            test, value = self._case(write, names, env)
            cases.append(f"IF {test} THEN {value}" if test else value)
            if not test:
                break
        else:
            cases.append(f"{self.name}[{', '.join(names)}]")
        head = f"[{expressions.bound(names, self.field.index)} |->"
        if self.column + len(head) + sum(map(len, cases)) + 6 * len(cases) <= WIDTH:
            return f"{head} {' ELSE '.join(cases)}]"
        gap = "\n" + " " * (self.column + 4)
        return f"{head}{gap}{f'{gap}ELSE '.join(cases)}]"

    def _place(self, place: Term, env: Environment) -> str:
        folded = self.actions.folder.fold(place)
        return self.actions.expressions.line(folded, env, Binding.ARITHMETIC)

    def _case(self, write: Write, names: list[str], env: Environment) -> tuple[str, str]:
        """Which places a write covers (nothing for all), and its value there."""
        tests = []
        for place, name in zip(write.places, names, strict=True):
            row = next((var for var in write.rows if var is place), None)
            if row is not None:
                env = env.stand_in(row, name)
            else:
                tests.append(f"{name} = {self._place(place, env)}")
        value = self.actions.folder.fold(write.value)
        most = Binding.JUNCTION if tests else Binding.OPEN
        return " /\\ ".join(tests), self.actions.expressions.line(value, env, most)
