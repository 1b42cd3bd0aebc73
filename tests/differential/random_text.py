"""Random expressions and actions in the words of the language, as Python text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

DECLARATIONS = '''
class Host(Sort):
    """A place."""

class VM(Sort):
    """A thing."""

class Colour(Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"

class Zoo(State):
    """A field of every kind."""
    flag = Field(Host, value=bool)
    link = Field(VM, Host, value=bool)
    load = Field(Host, value=Range(-1, 2))
    level = Field(value=Range(0, 3))
    colour = Field(VM, value=Colour)
    shade = Field(Colour, value=bool)
    owner = Field(VM, value=Host)
    lock = Field(VM, value=Maybe(Host))
    master = Field(value=Maybe(Host))
    limit = Static(Host, value=int)
    home = Static(VM, value=Host)
    strict = Setting(False, True)
    first = Mechanism("first", "One of two.")
    second = Mechanism("second", "The other.")
'''


@dataclass(frozen=True)
class Names:
    """The variables that an expression may speak of, and how deep it may still go."""

    hosts: tuple[str, ...] = ("h", "g")
    vms: tuple[str, ...] = ("v",)
    depth: int = 4

    def deeper(self, host: str = "", vm: str = "") -> Names:
        """One level down, with a bound variable more; it may hide one of the same name."""
        hosts = (*(name for name in self.hosts if name != host), *([host] if host else []))
        vms = (*(name for name in self.vms if name != vm), *([vm] if vm else []))
        return Names(hosts, vms, self.depth - 1)


BEGIN = """
@initial
def begin(s: Zoo, h: Host, v: VM, g: Host, c: Colour):
    links = (s.link[v, h] == False) & (s.flag[h] == False) & (s.load[h] == 0)
    rest = (s.level == 0) & (s.master == NOBODY) & (s.lock[v] == NOBODY) & (s.shade[c] == False)
    return links & rest & (s.colour[v] == Colour.RED) & ({})
"""
"""Where a random model begins: with everything at rest, and a condition to be filled in."""

BOUND = ("h", "g", "x", "y")


class Writer:
    """Writes expressions by drawing one choice after the other. Every kind has leaves and compound forms."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def pick(self, *options: str) -> str:
        """One of the texts."""
        return self.draw(st.sampled_from(options))

    def one(self, names: Names, leaves: list[Form], compound: list[Form]) -> str:
        """One of the forms; only leaves where no depth is left."""
        forms = leaves if names.depth <= 0 else [*compound, *leaves]
        return forms[self.draw(st.integers(0, len(forms) - 1))](names.deeper())

    def bound(self, names: Names, form: str, body: Form) -> str:
        """A form that binds a host variable ``{x}`` in its ``{body}``."""
        x = self.pick(*BOUND)
        return form.replace("{x}", x).replace("{body}", body(names.deeper(host=x)))

    def two(self, names: Names, body: Form) -> str:
        """Two variables at once and a body."""
        return f"VM, Host, lambda w, x: {body(names.deeper('x', 'w'))}"

    def choice(self, names: Names, kind: Form) -> str:
        """One value or the other."""
        return f"where({self.condition(names)}, {kind(names)}, {kind(names)})"

    def unwrapped(self, names: Names, kind: Form) -> str:
        """Something of the host that an optional value holds."""
        form = f"at({self.optional(names)}, lambda {{x}}: {{body}}, absent={kind(names)})"
        return self.bound(names, form, kind)

    def condition(self, names: Names) -> str:
        """A truth value."""
        leaves: list[Form] = [
            lambda n: self.pick("True", "False", "s.strict"),
            lambda n: f"s.flag[{self.host(n)}]",
            lambda n: f"s.link[{self.vm(n)}, {self.host(n)}]",
            lambda n: f"s.shade[{self.pick('Colour.RED', 'Colour.BLUE')}]",
            lambda n: f"(s.lock[{self.vm(n)}] == NOBODY)",
        ]
        compound: list[Form] = [
            lambda n: f"no({self.condition(n)})",
            lambda n: f"({self.condition(n)} {self.pick('&', '|', '==', '!=')} {self.condition(n)})",
            lambda n: self.choice(n, self.condition),
            lambda n: f"({self.number(n)} {self.pick('<', '<=', '>', '>=', '==', '!=')} {self.number(n)})",
            lambda n: f"({self.colour(n)} {self.pick('==', '!=')} {self.colour(n)})",
            lambda n: f"({self.optional(n)} {self.pick('==', '!=')} {self.optional(n)})",
            lambda n: f"({self.host(n)} {self.pick('==', '!=')} {self.optional(n)})",
            lambda n: f"({self.host(n)} == {self.host(n)})",
            lambda n: self.bound(n, "s.forall(Host, lambda {x}: {body})", self.condition),
            lambda n: self.bound(n, "s.exists(Host, lambda {x}: {body})", self.condition),
            lambda n: f"s.forall({self.two(n, self.condition)})",
            lambda n: f"s.exists({self.two(n, self.condition)})",
            lambda n: self.unwrapped(n, self.condition),
        ]
        return self.one(names, leaves, compound)

    def number(self, names: Names) -> str:
        """A whole number."""
        leaves: list[Form] = [
            lambda n: self.pick("0", "1", "2", "(-1)", "s.level"),
            lambda n: f"s.load[{self.host(n)}]",
            lambda n: f"s.limit[{self.host(n)}]",
        ]
        compound: list[Form] = [
            lambda n: f"({self.number(n)} {self.pick('+', '-', '*')} {self.number(n)})",
            lambda n: self.choice(n, self.number),
            lambda n: self.bound(n, "s.count(Host, lambda {x}: {body})", self.condition),
            lambda n: self.bound(n, "s.total(Host, lambda {x}: {body})", self.number),
            lambda n: f"s.count({self.two(n, self.condition)})",
            lambda n: f"s.total({self.two(n, self.number)})",
            lambda n: self.unwrapped(n, self.number),
        ]
        return self.one(names, leaves, compound)

    def host(self, names: Names) -> str:
        """A member of a sort."""
        leaves: list[Form] = [
            lambda n: self.pick(*names.hosts),
            lambda n: self.pick(*names.hosts),
            lambda n: f"{self.pick('s.owner', 's.home')}[{self.vm(n)}]",
        ]
        compound: list[Form] = [
            lambda n: self.pick(*names.hosts),
            lambda n: self.choice(n, self.host),
            lambda n: self.unwrapped(n, self.host),
        ]
        return self.one(names, leaves, compound)

    def optional(self, names: Names) -> str:
        """A member of a sort, or NOBODY."""
        leaves: list[Form] = [lambda n: "s.master", lambda n: f"s.lock[{self.vm(n)}]"]
        compound: list[Form] = [
            lambda n: f"where({self.condition(n)}, {self.optional(n)}, NOBODY)",
            lambda n: f"where({self.condition(n)}, NOBODY, {self.optional(n)})",
            lambda n: f"where({self.condition(n)}, {self.host(n)}, {self.optional(n)})",
            lambda n: self.unwrapped(n, self.optional),
        ]
        return self.one(names, leaves, compound)

    def colour(self, names: Names) -> str:
        """A member of an enumeration."""
        leaves: list[Form] = [
            lambda n: self.pick("Colour.RED", "Colour.GREEN"),
            lambda n: f"s.colour[{self.vm(n)}]",
        ]
        return self.one(names, leaves, [lambda n: self.choice(n, self.colour)])

    def vm(self, names: Names) -> str:
        """A variable of the other sort."""
        return self.pick(*names.vms)

    def place_and_value(self, names: Names) -> tuple[str, str, str]:
        """What is assigned: the field with ``{h}`` for its place, the place (or nothing), the value."""
        targets: dict[str, Form] = {
            "s.flag[{h}]": self.condition,
            "s.link[v, {h}]": self.condition,
            "s.load[{h}]": self.number,
            "s.level": self.number,
            "s.colour[v]": self.colour,
            "s.owner[v]": self.host,
            "s.lock[v]": self.optional,
            "s.master": self.optional,
        }
        target = self.pick(*targets)
        return target, self.host(names) if "{h}" in target else "", targets[target](names)

    def row(self, names: Names) -> str:
        """An assignment to a whole row, or to several."""
        rows: dict[str, tuple[Names, Form]] = {
            "s.flag[:] = lambda x: ": (names.deeper("x"), self.condition),
            "s.link[v, :] = lambda x: ": (names.deeper("x"), self.condition),
            "s.link[:, :] = lambda w, x: ": (names.deeper("x", "w"), self.condition),
            "s.load[:] = lambda x: ": (names.deeper("x"), self.number),
            "s.lock[:] = lambda w: ": (names.deeper("", "w"), self.optional),
        }
        start = self.pick(*rows)
        bound, kind = rows[start]
        return start + kind(bound)

    def action(self, names: Names) -> list[str]:
        """Guards, then what is read, then a row perhaps, then assignments."""
        some = st.integers(0, 3)
        lines = [self.guard(names, number) for number in range(self.draw(some))]
        assigned = [self.place_and_value(names) for _ in range(self.draw(some))]
        for number, (_, place, value) in enumerate(assigned):
            lines += [f"value{number} = {value}", f"place{number} = {place or 'h'}"]
        lines += [self.row(names)] if self.draw(st.booleans()) else []
        for number, (target, _, _) in enumerate(assigned):
            write = f"{target.format(h=f'place{number}')} = value{number}"
            lines.append(self.pick("", *(f"with mechanism({name}): " for name in MECHANISMS)) + write)
        return lines

    def guard(self, names: Names, number: int) -> str:
        """A guard, perhaps of a mechanism."""
        mechanism = self.pick("", *(f", mechanism={name}" for name in MECHANISMS))
        return f'require({self.condition(names)}, "guard {number}"{mechanism})'


MECHANISMS = ('"first"', '"second"')
Form = Callable[[Names], str]


@st.composite
def expressions(draw: st.DrawFn, kind: str) -> str:
    """An expression of a kind: "condition", "number", "host", "optional" or "colour"."""
    text: str = getattr(Writer(draw), kind)(Names())
    return text


@st.composite
def actions(draw: st.DrawFn) -> str:
    """A whole action as text."""
    head = ['@action(budget="tries")', "def act(s: Zoo, h: Host, g: Host, v: VM):", '    """Anything."""']
    return "\n".join([*head, *(f"    {line}" for line in Writer(draw).action(Names(depth=3)))])
