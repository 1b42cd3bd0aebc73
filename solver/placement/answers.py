"""What the optimizer answers: frozen data, read by renderers and by the independent checker."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from .problem import NOWHERE, Problem


class Verdict(Enum):
    """How a placement question was answered; the value is the word that is printed.

    OPTIMAL: no answer is better, and the bound says why. FOUND: the best answer found, with bound and gap.
    IMPOSSIBLE: there is no answer, with an explanation. PROVED / REFUTED: of ``survive``, for all failures.
    UNDETERMINED: time, conflicts or Ctrl-C came first.
    """

    OPTIMAL = "OPTIMAL"
    FOUND = "FOUND"
    PROVED = "PROVED"
    REFUTED = "REFUTED"
    IMPOSSIBLE = "IMPOSSIBLE"
    UNDETERMINED = "UNDETERMINED"

    @property
    def exit(self) -> int:
        """The exit status of a command that ends with this verdict."""
        return {Verdict.REFUTED: 1, Verdict.IMPOSSIBLE: 1, Verdict.UNDETERMINED: 3}.get(self, 0)


@dataclass(frozen=True)
class Floor:
    """At least ``moves`` of the VMs on a host must leave it, whatever else happens.

    ``weights``: one number a resource. Weighted so, fewer VMs cannot carry the excess away; where that
    alone does not show it, the checker tries all choices.
    """

    host: int
    moves: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Stage:
    """While the highest utilisation is in [low, high] (basis points), these floors hold."""

    low: int
    high: int
    floors: tuple[Floor, ...]
    splits: int = 0

    @property
    def moves(self) -> int:
        """The least number of migrations."""
        return self.splits + sum(floor.moves for floor in self.floors)


@dataclass(frozen=True)
class Bound:
    """No answer has a smaller objective than ``value``; ``how`` says how that was established.

    ``stages`` are the certificate; empty where only a solver's word stands behind it.
    """

    value: int
    how: str
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class Goal:
    """What is made small: the ``measure`` as far as it is above ``aim`` (in basis points), plus ``price`` a
    migration. "migrations" measures nothing else, "highest" the highest utilisation, "deviation" the
    standard deviation of the normalised load."""

    measure: Literal["migrations", "highest", "deviation"] = "migrations"
    price: int = 1
    aim: int = 0

    def __str__(self) -> str:
        """The objective in words."""
        migrations = f"{self.price} × migrations" if self.price > 1 else "migrations"
        if self.measure == "migrations":
            return migrations
        names = {"highest": "highest utilisation", "deviation": "standard deviation"}
        above = f" above {self.aim:,}" if self.aim else ""
        return f"{names[self.measure]}{above} in basis points + {migrations}"


@dataclass(frozen=True)
class Move:
    """A VM changes its host (``source`` None: it is placed anew). ``priority`` is DRS's, 1 (mandatory) to 5.

    ``automatic``: DRS would do it without asking; else it is a proposal. ``cost`` is what is carried, in MiB
    of memory (or the last resource); ``benefit`` by how many basis points the measure of the goal would be
    worse without this move, where it measures the balance.
    """

    vm: str
    source: str | None
    target: str
    priority: int
    automatic: bool
    why: str
    size: str
    cost: int = 0
    benefit: int | None = None


@dataclass(frozen=True)
class Tick:
    """How far a search has come: the best objective, its bound, and seconds since the start."""

    seconds: float
    best: int | None
    bound: int | None

    def __str__(self) -> str:
        best = "-" if self.best is None else f"{self.best:,}"
        bound = "-" if self.bound is None else f"{self.bound:,}"
        gap = f", gap {gap_of(self.best, self.bound):.1%}" if self.best is not None and self.bound else ""
        return f"best {best}, bound {bound}{gap}, {self.seconds:.1f} s"


def gap_of(best: int, bound: int) -> float:
    """How far the best is from its bound, as a part of the bound."""
    return (best - bound) / max(bound, 1)


@dataclass(frozen=True)
class Core:
    """Named rules and capacities that no placement satisfies together, even if nothing else is asked.

    ``minimal``: any one left out, a placement satisfies the others (what is not named may still forbid it).
    """

    elements: tuple[str, ...]
    minimal: bool


@dataclass(frozen=True)
class Cure:
    """A change after which there is an answer; ``cost`` orders them."""

    text: str
    cost: float


@dataclass(frozen=True)
class Explanation:
    """Why not: for some VMs a table host × reasons, then the core, then the cheapest cures."""

    summary: str
    table: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    core: Core | None = None
    cures: tuple[Cure, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedMove:
    """One migration of a plan; ``stop``: a temporary stop, after which the VM moves on."""

    vm: int
    source: int
    target: int
    stop: bool = False


@dataclass(frozen=True)
class Plan:
    """The order of the migrations: the moves of a step run in parallel, steps one after the other.

    ``checked``: the number of moves that the cluster model was seen to allow; None where there is no model.
    ``not_replayed`` names the others, each with the reason.
    """

    verdict: Verdict
    steps: tuple[tuple[PlannedMove, ...], ...]
    reason: str = ""
    checked: int | None = None
    not_replayed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contention:
    """A VM that gets less of a resource than it counts, because its host has not enough: shares decide how
    much. ``after``: in the answer's placement; else now."""

    host: str
    resource: str
    vm: str
    wanted: int
    entitled: int
    unit: str
    after: bool


@dataclass(frozen=True)
class Answer:
    """The answer to a placement query. ``placement`` has a host (or NOWHERE) for every VM of ``problem``.

    ``target`` is in basis points; ``objective`` is the value of the ``goal``; ``checked`` names what the
    independent checker has verified, ``unchecked`` what it could not, with the reason; ``off`` are VMs that
    have no host, those ``refused`` among them; ``given_up`` are should-rules that are not kept.
    """

    query: str
    verdict: Verdict
    problem: Problem
    target: int
    goal: Goal = Goal()
    placement: tuple[int, ...] = ()
    objective: int | None = None
    bound: Bound | None = None
    moves: tuple[Move, ...] = ()
    off: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    explanation: Explanation | None = None
    plan: Plan | None = None
    history: tuple[Tick, ...] = ()
    seconds: float = 0.0
    seed: int = 0
    notes: tuple[str, ...] = ()
    contention: tuple[Contention, ...] = ()
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def exit(self) -> int:
        """The command's exit status, by the verdict contract."""
        return self.verdict.exit

    @property
    def counts(self) -> str:
        """What the objective counts, in words."""
        return str(self.goal)

    @property
    def gap(self) -> float | None:
        """How far the objective is from its bound, as a part of the bound."""
        if self.objective is None or self.bound is None:
            return None
        return gap_of(self.objective, self.bound.value)


@dataclass(frozen=True)
class Policy:
    """What an HA admission control policy says about the same question."""

    name: str
    says: bool
    why: str


@dataclass(frozen=True)
class Survival:
    """The answer to ``survive``: after any ``failures`` host failures every protected VM can restart.

    ``broken`` names the hosts whose failure breaks it, ``left`` the VMs left over then; ``witnesses`` were
    found, and checked one by one, for so many of ``of`` failure sets.
    """

    verdict: Verdict
    problem: Problem
    failures: int
    of: int
    witnesses: int
    broken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    explanation: Explanation | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def exit(self) -> int:
        """The command's exit status, by the verdict contract."""
        return self.verdict.exit


def host_name(problem: Problem, host: int) -> str:
    """The name of a host; "nowhere" for NOWHERE."""
    return problem.hosts[host].name if host != NOWHERE else "nowhere"
