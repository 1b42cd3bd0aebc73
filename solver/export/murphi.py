"""A scope as a Murphi model, for rumur.

Sorts are ranges whose members are constants (so NOBODY can be one less), enumerations stay enumerations,
static data are functions. Settings are decided, removed mechanisms are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...model.language.domains import NOBODY, Choice, MaybeMember, Sort
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.tracing import Trace
from ..simplify import is_false
from .contents import NotExported, asked_possibles, documented, domains_of, header
from .environment import Environment
from .folding import Folder
from .murphi_rules import Rules
from .murphi_terms import Expressions, comment, remark
from .murphi_words import is_reserved
from .naming import Names, ascii_text, identifier
from .starts import MOST_LISTED, StartTables, Table, by_value, start_tables

MOST_TRIED = 1 << 22


def murphi_model(scope: Scope, name: str, invariants: Sequence[Predicate]) -> dict[str, str]:
    """The text of ``NAME.m``, which asks these invariants.

    Raises NotExported for a scope without an initial state, or with too many to be tried one by one.
    """
    file = identifier(name)
    return {f"{file}.m": _Murphi(scope, tuple(invariants)).text(file)}


def options(scope: Scope) -> tuple[str, ...]:
    """The options with which rumur counts the same states and takes the same states for deadlocks."""
    deadlock = "off" if scope.model.of_kind("final") else "stuck"
    return ("--symmetry-reduction", "off", "--deadlock-detection", deadlock, "--value-type", "int32_t")


class _Murphi:
    def __init__(self, scope: Scope, invariants: tuple[Predicate, ...]) -> None:
        self.scope = scope
        self.invariants = invariants
        self.domains = domains_of(scope)
        self.names = Names(is_reserved)
        self._allot()
        self.folder = Folder(scope)
        self.expressions = Expressions(scope, self.names, self.folder)

    def _allot(self) -> None:
        model, names = self.scope.model, self.names
        for quantity in (*model.fields.values(), *model.statics.values()):
            names.allot("quantity", quantity.name, quantity.name)
        for sort, members in self.scope.sorts.items():
            names.allot("sort", sort, sort.__name__)
            for member in members:
                names.allot("value", member, member.name)
        for domain in self.domains:
            if isinstance(domain, MaybeMember):
                names.allot("maybe", domain.of, f"{domain.of.__name__}_or_nobody")
            if isinstance(domain, Choice):
                names.allot("enum", domain.of, domain.of.__name__)
                for value in domain.of:
                    names.allot("value", value, f"{domain.of.__name__}_{value.name}")
        names.allot("value", NOBODY, "NOBODY")
        for budget in self.scope.all_budgets:
            names.allot("budget", budget, f"{budget}_left")
        for predicate in model.of_kind("derived"):
            names.allot("derived", predicate.name, predicate.name)

    def text(self, name: str) -> str:
        """The whole model."""
        said = [*self._starts(), *self._rules(), *self._properties()]
        lines = [*self._head(name), *self._constants(), *self._types(), *self._variables()]
        statics = [self.expressions.static(static) for static in self.scope.model.statics.values()]
        return "\n".join([*lines, *statics, *self.expressions.functions, *said])

    def _head(self, name: str) -> list[str]:
        commands = [
            f"rumur {name}.m --output {name}.c {' '.join(options(self.scope))}",
            f"gcc -std=c11 -O3 -march=native {name}.c -o {name} -lpthread && ./{name}",
        ]
        return [*comment("\n".join([*header(self.scope), *commands])), ""]

    # declarations

    def _constants(self) -> list[str]:
        lines = ["const"]
        for members in self.scope.sorts.values():
            told = (f"{self.names.of('value', member)}: {i};" for i, member in enumerate(members))
            lines.append(f"  {' '.join(told)}")
        return [*lines, f"  {self.names.of('value', NOBODY)}: -1;", ""]

    def _types(self) -> list[str]:
        lines = ["type"]
        for sort, members in self.scope.sorts.items():
            lines += [
                *comment(documented(sort), 2),
                f"  {self.names.of('sort', sort)}: 0..{len(members) - 1};",
            ]
        for domain in self.domains:
            if isinstance(domain, MaybeMember):
                lines.append(f"  {self._maybe(domain.of)}")
            if isinstance(domain, Choice):
                values = ", ".join(self.names.of("value", value) for value in domain.of)
                lines += comment(documented(domain.of), 2)
                lines.append(f"  {self.names.of('enum', domain.of)}: enum {{{values}}};")
        return [*lines, ""]

    def _maybe(self, sort: type[Sort]) -> str:
        return f"{self.names.of('maybe', sort)}: -1..{len(self.scope.sorts[sort]) - 1};"

    def _variables(self) -> list[str]:
        lines = ["var"]
        for budget, limit in self.scope.all_budgets.items():
            lines.append(f"  {self.names.of('budget', budget)}: 0..{limit};")
        for field in self.scope.model.fields.values():
            kind = self.expressions.arrays(field.index, self.expressions.kind(field.value))
            about = f"  {remark(field.doc)}" if field.doc else ""
            lines.append(f"  {self.names.of('quantity', field.name)}: {kind};{about}")
        return [*lines, ""]

    # initial states

    def _starts(self) -> list[str]:
        starts = start_tables(self.scope)
        common = [f"  {self.names.of('budget', b)} := {n};" for b, n in self.scope.all_budgets.items()]
        common += [line for name, table in starts.common.items() for line in self._assigned(name, table)]
        if not starts.complete:
            return self._tried(starts, common)
        if len(starts.alternatives) == 1:
            return ['startstate "start" begin', *common, "end;", ""]
        return self._chosen(starts, common)

    def _chosen(self, starts: StartTables, common: list[str]) -> list[str]:
        """One start state for each number, which says what the fields that differ are."""
        number = self.names.local("number", ())
        lines = [f"ruleset {number}: 1..{len(starts.alternatives)} do", 'startstate "start" begin', *common]
        lines.append(f"  switch {number}")
        for case, alternative in enumerate(starts.alternatives, 1):
            own = [line for name, table in alternative.items() for line in self._assigned(name, table)]
            lines += [f"  case {case}:", *(f"  {line}" for line in own)]
        return [*lines, "  end;", "end; end;", ""]

    def _assigned(self, name: str, table: Table) -> list[str]:
        """The assignments of one field: the commonest value everywhere, then the exceptions."""
        target = self.names.of("quantity", name)
        commonest, others = by_value(table)
        env, text = Environment(self.names), f"{target}"
        heads: list[str] = []
        for domain in self.scope.model.fields[name].index:
            index, env = env.fresh(str(domain)[0].lower())
            heads.append(f"for {index}: {self.expressions.kind(domain)} do")
            text += f"[{index}]"
        ends = ["end;"] * len(heads)
        lines = [" ".join([*heads, f"{text} := {self.expressions.value(commonest)};", *ends])]
        for value, places in others:
            for place in places:
                cell = target + "".join(f"[{self.expressions.value(part)}]" for part in place)
                lines.append(f"{cell} := {self.expressions.value(value)};")
        return [f"  {line}" for line in lines]

    def _tried(self, starts: StartTables, common: list[str]) -> list[str]:
        """Every value of the cells that differ, of which the initial statements keep some."""
        open_cells = [
            cell
            for cell in self.scope.cells
            if cell.field in self.scope.model.fields and cell.field not in starts.common
        ]
        tries = math.prod(len(cell.values) for cell in open_cells)
        if tries > MOST_TRIED:
            raise NotExported(
                f"more than {MOST_LISTED:,} initial states, out of {tries:,} that would have to be tried: "
                "choose a smaller scope, or say in an @initial statement where a run begins"
            )
        bound, assigned, env = [], [], Environment(self.names)
        for cell in open_cells:
            name, env = env.fresh("x")
            kind = self.expressions.kind(self.scope.model.fields[cell.field].value)
            bound.append(f"{name}: {kind}")
            target = self.names.of("quantity", cell.field)
            places = "".join(f"[{self.expressions.value(part)}]" for part in cell.places)
            assigned.append(f"  {target}{places} := {name};")
        kept = [f"  assume {self._closed(predicate)};" for predicate in self.scope.initial_predicates()]
        head = f"ruleset {'; '.join(bound)} do"
        return [head, 'startstate "start" begin', *common, *assigned, *kept, "end; end;", ""]

    # behaviour and properties

    def _rules(self) -> list[str]:
        """The rules of the actions that budgets and settings leave a chance."""
        rules = Rules(self.scope, self.expressions)
        traces = self.scope.traces.values()
        never = [trace.action.name for trace in traces if self._is_out(trace)]
        about = comment(f"Left out, by the scope's budgets and settings: {', '.join(never)}") if never else []
        told = [line for t in traces if t.action.name not in never for line in rules.define(t)]
        return [*about, *told]

    def _is_out(self, trace: Trace) -> bool:
        """Whether the scope has no budget for the action, or a guard says no whatever the state."""
        budget = trace.action.budget
        on = (guard for guard in trace.guards if self.scope.on(guard.mechanism))
        spent = budget is not None and self.scope.all_budgets[budget] == 0
        return spent or any(is_false(guard.condition) for guard in on)

    def _properties(self) -> list[str]:
        lines: list[str] = []
        for predicate in (*self.invariants, *asked_possibles(self.scope)):
            kind = "cover" if predicate.kind == "possible" else "invariant"
            about = comment(predicate.text or predicate.sentence)
            lines += [*about, f'{kind} "{ascii_text(predicate.name)}"', f"  {self._closed(predicate)};", ""]
        for predicate in self.scope.model.of_kind("progress"):
            lines += comment(f"not asked here: the progress property {predicate.name}")
        return lines

    def _closed(self, predicate: Predicate) -> str:
        return self.expressions.folded(self.scope.statement(predicate).closed(), Environment(self.names))
