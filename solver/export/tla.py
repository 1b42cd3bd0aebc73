"""A scope as a TLA+ module and its configuration, for TLC.

Sorts and budgets are constants that the configuration gives; members and enumerations are strings, NOBODY
is a model value. Static data are functions, settings are decided, removed mechanisms are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...model.language.actions import Action, Parameter
from ...model.language.domains import Choice, MaybeMember
from ...model.language.predicates import Predicate
from ...model.language.scope import Scope
from ...model.language.terms import Term, Total, walk
from .contents import all_terms, asked_possibles, documented, domains_of, header, strings_of
from .environment import environment_for
from .folding import Folder
from .naming import Names, identifier
from .starts import Table, start_tables
from .tla_actions import STEP, Actions, comment, remark, wrapped
from .tla_terms import IN, Expressions
from .tla_words import is_reserved

SUM = """\\* The sum of a function over a set.
RECURSIVE {0}(_, _)
{0}({1}, {2}) ==
    IF {2} = {{}} THEN 0 ELSE LET {3} == CHOOSE {4} \\in {2} : TRUE IN {1}[{3}] + {0}({1}, {2} \\ {{{3}}})
"""
OWN = ("vars", "Init", "Next", "Spec", "FairSpec", "TypeOK")


def tla_module(scope: Scope, name: str, invariants: Sequence[Predicate]) -> dict[str, str]:
    """The texts of ``NAME.tla`` and ``NAME.cfg``; the module asks these invariants.

    Raises NotExported for a scope without an initial state.
    """
    return _Module(scope, identifier(name), tuple(invariants)).files()


class _Module:
    def __init__(self, scope: Scope, name: str, invariants: tuple[Predicate, ...]) -> None:
        self.scope = scope
        self.name = name
        self.invariants = invariants
        self.possibles = asked_possibles(scope)
        self.progress = tuple(scope.model.of_kind("progress"))
        self.finals = tuple(scope.model.of_kind("final"))
        self.axioms = tuple(scope.model.of_kind("axiom"))
        self.names = Names(is_reserved, taken=(*OWN, name))
        self.domains = domains_of(scope)
        self._allot()
        self.folder = Folder(scope)
        self.expressions = Expressions(self.names, strings_of(scope, self.domains))

    def _allot(self) -> None:
        """Names for everything in the module: what the reader knows from the model keeps its own."""
        model, names = self.scope.model, self.names
        for quantity in (*model.fields.values(), *model.statics.values()):
            names.allot("quantity", quantity.name, quantity.name)
        for sort in self.scope.members:
            names.allot("sort", sort, sort.__name__)
        for domain in self.domains:
            if isinstance(domain, Choice):
                names.allot("enum", domain.of, domain.of.__name__)
        names.allot("value", "NOBODY", "NOBODY")
        for action in self.scope.traces:
            names.allot("action", action, action)
        for budget in self.scope.all_budgets:
            names.allot("budget", budget, f"{budget}_left")
            names.allot("most", budget, f"most_{budget}")
        self._allot_statements()
        names.allot("helper", "sum", "Sum")
        names.allot("helper", "budgets", "budgets")
        names.allot("helper", "no_deadlock", "no_deadlock")

    def _allot_statements(self) -> None:
        model = self.scope.model
        for kind in ("invariant", "possible", "progress", "final", "axiom", "initial", "derived"):
            for predicate in model.of_kind(kind):
                self.names.allot(kind, predicate.name, predicate.name)
        for predicate in (*self.invariants, *self.scope.initial):
            self.names.allot(predicate.kind, predicate.name, predicate.name)
        for predicate in self.possibles:
            self.names.allot("never", predicate.name, f"never_{predicate.name}")

    @property
    def _budgets(self) -> tuple[str, ...]:
        return tuple(self.names.of("budget", budget) for budget in self.scope.all_budgets)

    @property
    def _fields(self) -> tuple[str, ...]:
        return tuple(self.names.of("quantity", name) for name in self.scope.model.fields)

    def files(self) -> dict[str, str]:
        """The module and its configuration, by file name."""
        return {f"{self.name}.tla": self._module(), f"{self.name}.cfg": self._configuration()}

    def _module(self) -> str:
        title = f" MODULE {self.name} "
        said = [*self._init(), *self._actions(), *self._next(), *self._properties(), *self._liveness()]
        derived = self._derived()  # after all that may call them
        lines = [
            title.center(78, "-"),
            *comment("\n".join(header(self.scope))),
            "EXTENDS Integers, FiniteSets",
            "",
            *self._declarations(),
            *self._sum(),
            *derived,
            *said,
            "=" * 78,
        ]
        return "\n".join(lines) + "\n"

    # declarations

    def _declarations(self) -> list[str]:
        return [*self._constants(), *self._enumerations(), *self._statics(), *self._variables()]

    def _constants(self) -> list[str]:
        rows = [(self.names.of("sort", sort), documented(sort)) for sort in self.scope.members]
        if any(isinstance(domain, MaybeMember) for domain in self.domains):
            rows.append((self.names.of("value", "NOBODY"), "The absent value."))
        rows += [
            (self.names.of("most", budget), f"How often the actions of the budget {budget} may happen.")
            for budget in self.scope.all_budgets
        ]
        return _declared("CONSTANTS", rows)

    def _enumerations(self) -> list[str]:
        lines = []
        for domain in self.domains:
            if isinstance(domain, Choice):
                head = f"{self.names.of('enum', domain.of)} == {{"
                values = wrapped(head, map(self.expressions.value, domain.of), "}")
                lines += [*comment(documented(domain.of)), *values, ""]
        return lines

    def _statics(self) -> list[str]:
        lines = []
        for static in self.scope.model.statics.values():
            table = self.expressions.table(static.index, self.scope.static_data[static.name])
            lines += [*comment(static.doc), f"{self.names.of('quantity', static.name)} == {table}", ""]
        return lines

    def _variables(self) -> list[str]:
        rows = [
            (self.names.of("budget", budget), f"What is left of the budget {budget}.")
            for budget in self.scope.all_budgets
        ]
        rows += [(self.names.of("quantity", f.name), f.doc) for f in self.scope.model.fields.values()]
        lines = [*_declared("VARIABLES", rows), *_tuple("vars", (*self._budgets, *self._fields))]
        if len(self._budgets) > 1:
            lines += _tuple(self.names.of("helper", "budgets"), self._budgets)
        return [*lines, *self._types()]

    def _types(self) -> list[str]:
        budgets = [
            f"{self.names.of('budget', budget)} {IN} 0..{self.names.of('most', budget)}"
            for budget in self.scope.all_budgets
        ]
        fields = [
            f"{self.names.of('quantity', f.name)} {IN} {self.expressions.functions(f.index, f.value)}"
            for f in self.scope.model.fields.values()
        ]
        return ["TypeOK ==", *(f"    /\\ {text}" for text in (*budgets, *fields)), ""]

    def _sum(self) -> list[str]:
        """The helper of totals, where there are any."""
        sum_name = self.names.of("helper", "sum")
        inner: list[str] = []
        for wish in ("f", "S", "x", "y"):
            inner.append(self.names.local(wish, inner))
        needed = any(isinstance(node, Total) for term in all_terms(self.scope) for node in walk(term))
        return [SUM.format(sum_name, *inner)] if needed else []

    # statements

    def _statement(self, head: str, body: Term, about: Iterable[str] = ()) -> list[str]:
        """A definition without parameters."""
        folded = self.folder.fold(body)
        _, env = environment_for(self.names, (), [folded])
        text = self.expressions.block(folded, env, STEP)
        return [*about, f"{head} ==", f"{' ' * STEP}{text}", ""]

    def _closed(self, predicate: Predicate) -> list[str]:
        statement = self.scope.statement(predicate)
        by = f"\n(protected by: {', '.join(predicate.mechanism)})" if predicate.mechanism else ""
        about = comment((predicate.text or predicate.sentence) + by)
        return self._statement(self.names.of(predicate.kind, predicate.name), statement.closed(), about)

    def _derived(self) -> list[str]:
        lines: list[str] = []
        for derived in self.folder.used.values():
            predicate = derived.predicate
            names, env = environment_for(self.names, derived.parameters, [derived.body])
            head = f"{self.names.of('derived', predicate.name)}({', '.join(names)})"
            head = head if names else head[:-2]
            text = self.expressions.block(derived.body, env, STEP)
            lines += [*comment(predicate.text or predicate.sentence), f"{head} ==", f"{' ' * STEP}{text}", ""]
        return lines

    # behaviour

    def _init(self) -> list[str]:
        predicates = self.scope.initial_predicates()
        lines = [line for predicate in predicates for line in self._closed(predicate)]
        starts = start_tables(self.scope)
        rows = [f"{self.names.of('budget', b)} = {self.names.of('most', b)}" for b in self.scope.all_budgets]
        rows += [self._begins(name, table) for name, table in starts.common.items()]
        if starts.complete:
            rows += self._alternatives(starts.alternatives)
        else:
            rows += [self._open(name) for name in self.scope.model.fields if name not in starts.common]
        rows += [self.names.of("initial", predicate.name) for predicate in predicates]
        about = comment("Where a run begins: the states in which the statements above hold, spelled out.")
        return [*lines, *about, "Init ==", *(f"    /\\ {row}" for row in rows), ""]

    def _begins(self, name: str, table: Table) -> str:
        index = self.scope.model.fields[name].index
        return f"{self.names.of('quantity', name)} = {self.expressions.table(index, table)}"

    def _open(self, name: str) -> str:
        field = self.scope.model.fields[name]
        all_values = self.expressions.functions(field.index, field.value)
        return f"{self.names.of('quantity', name)} {IN} {all_values}"

    def _alternatives(self, alternatives: Sequence[Mapping[str, Table]]) -> list[str]:
        """The fields that differ between initial states, one state a disjunct."""
        if not alternatives[0]:
            return []
        gap = "\n" + " " * 10
        states = [gap.join(f"/\\ {self._begins(*pair)}" for pair in each.items()) for each in alternatives]
        return [f"\n{' ' * 7}".join(f"\\/ {state}" for state in states)]

    def _actions(self) -> list[str]:
        actions = Actions(self.scope, self.folder, self.expressions, self._budgets, self._fields)
        return [line for trace in self.scope.traces.values() for line in actions.define(trace)]

    def _next(self) -> list[str]:
        steps = [f"    \\/ {self._some(trace.action)}" for trace in self.scope.traces.values()]
        return ["Next ==", *(steps or ["    FALSE"]), "", "Spec == Init /\\ [][Next]_vars", ""]

    def _some(self, action: Action) -> str:
        """The action for some of its arguments."""
        bound, call = self._bound("\\E ", action.parameters), self._call(action)
        return f"{bound}{call}"

    def _call(self, action: Action) -> str:
        names = self._parameter_names(action.parameters)
        return self.names.of("action", action.name) + (f"({', '.join(names)})" if names else "")

    def _parameter_names(self, parameters: Sequence[Parameter]) -> list[str]:
        found: list[str] = []
        for parameter in parameters:
            found.append(self.names.local(parameter.name, found))
        return found

    def _bound(self, sign: str, parameters: Sequence[Parameter]) -> str:
        if not parameters:
            return ""
        domains = [parameter.domain for parameter in parameters]
        return f"{sign}{self.expressions.bound(self._parameter_names(parameters), domains)} : "

    # what must hold

    def _properties(self) -> list[str]:
        asked = (*self.axioms, *self.invariants, *self.possibles, *self.finals)
        lines = [line for predicate in asked for line in self._closed(predicate)]
        lines += [f"ASSUME {self.names.of('axiom', p.name)}" for p in self.axioms] + [""] * bool(self.axioms)
        for predicate in self.possibles:
            name = self.names.of("possible", predicate.name)
            lines += [f"{self.names.of('never', predicate.name)} == ~{name}", ""]
        return [*lines, *self._deadlock()]

    def _deadlock(self) -> list[str]:
        if not self.finals:
            return []
        accepted = " \\/ ".join(self.names.of("final", predicate.name) for predicate in self.finals)
        about = comment("Something can happen in every state, or stopping there is accepted.")
        return [*about, f"{self.names.of('helper', 'no_deadlock')} == (ENABLED Next) \\/ {accepted}", ""]

    def _liveness(self) -> list[str]:
        lines = [line for predicate in self.progress for line in self._leads_to(predicate)]
        fair = [self._fair(trace.action) for trace in self.scope.traces.values() if trace.action.fairness]
        if not fair and not lines:
            return []
        about = comment("The same steps, and what is owed to fair actions.")
        return [*lines, *about, "FairSpec ==", "    /\\ Spec", *(f"    /\\ {text}" for text in fair), ""]

    def _fair(self, action: Action) -> str:
        kind = "WF" if action.fairness == "weak" else "SF"
        bound = self._bound("\\A ", action.parameters)
        return f"{bound}{kind}_vars({self._call(action)})"

    def _leads_to(self, predicate: Predicate) -> list[str]:
        statement = self.scope.statement(predicate)
        premise, conclusion = map(self.folder.fold, statement.bodies)
        names, env = environment_for(self.names, statement.parameters, [premise, conclusion])
        domains = [parameter.domain for parameter in statement.parameters]
        bound = f"\\A {self.expressions.bound(names, domains)} :" if names else ""
        indent = " " * STEP * 2
        waits = f"{indent}({self.expressions.block(premise, env, len(indent) + 1)})"
        ends = f"{indent}~> ({self.expressions.block(conclusion, env, len(indent) + 4)})"
        head = f"{self.names.of('progress', predicate.name)} =="
        return [*comment(predicate.text or predicate.sentence), head, f"    {bound}", waits, ends, ""]

    # the configuration

    def _configuration(self) -> str:
        checked = ["TypeOK", *(self.names.of("invariant", p.name) for p in self.invariants)]
        checked += [self.names.of("helper", "no_deadlock")] if self.finals else []
        lines = [
            *comment(f"Checks {self.name}.tla: java -cp tla2tools.jar tlc2.TLC {self.name}"),
            "SPECIFICATION Spec",
            "CONSTANTS",
            *(f"    {name} = {value}" for name, value in self._given().items()),
            "INVARIANTS",
            *(f"    {name}" for name in checked),
            f"CHECK_DEADLOCK {'FALSE' if self.finals else 'TRUE'}",
            *self._further(),
        ]
        return "\n".join(lines) + "\n"

    def _given(self) -> dict[str, str]:
        """The values of the constants."""
        given = {}
        for sort, members in self.scope.sorts.items():
            given[self.names.of("sort", sort)] = f"{{{', '.join(map(self.expressions.value, members))}}}"
        nobody = self.names.of("value", "NOBODY")
        if any(isinstance(domain, MaybeMember) for domain in self.domains):
            given[nobody] = nobody
        for budget, limit in self.scope.all_budgets.items():
            given[self.names.of("most", budget)] = str(limit)
        return given

    def _further(self) -> list[str]:
        """What else can be asked, as comments: witnesses are violations, liveness takes long."""
        lines = []
        if self.possibles:
            lines += comment("What must be possible: TLC's counterexample to one of these is the witness.")
            lines += comment("INVARIANTS " + " ".join(self.names.of("never", p.name) for p in self.possibles))
        if self.progress:
            lines += comment("What must come about, given fairness:")
            lines += comment("SPECIFICATION FairSpec")
            names = " ".join(self.names.of("progress", p.name) for p in self.progress)
            lines += comment(f"PROPERTIES {names}")
        return lines


def _declared(keyword: str, rows: list[tuple[str, str]]) -> list[str]:
    """A declaration of several names, each with what it means."""
    names = [f"{name}," for name, _ in rows[:-1]] + [name for name, _ in rows[-1:]]
    width = max(map(len, names), default=0)
    lines = [
        f"    {name:{width}}  {remark(says)}" if says else f"    {name}"
        for name, (_, says) in zip(names, rows, strict=True)
    ]
    return [keyword, *lines, ""] if rows else []


def _tuple(name: str, parts: tuple[str, ...]) -> list[str]:
    return [*wrapped(f"{name} == <<", parts, ">>"), ""]
