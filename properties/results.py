"""What an engine found: verdicts, findings and traces, as plain frozen data.

Engines build these objects, renderers read them, nobody changes them. The verdict
contract (names, meanings, exit codes) stands in `docs/architecture.md`.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .proofs import Proof


class Verdict(Enum):
    """How a question was answered; the value is the word that is printed."""

    PROVED = "PROVED"
    HOLDS = "HOLDS"
    SAMPLED = "SAMPLED"
    REFUTED = "REFUTED"
    UNDETERMINED = "UNDETERMINED"

    @property
    def exit(self) -> int:
        """The exit status of a command that ends with this verdict."""
        return {Verdict.REFUTED: 1, Verdict.UNDETERMINED: 3}.get(self, 0)


SCHEMA = "vmproof.result/1"
EXIT_USAGE = 2
EXIT_MODEL_ERROR = 4
EXIT_OUR_BUG = 5
_EXIT_ORDER = (EXIT_OUR_BUG, EXIT_MODEL_ERROR, 1, 3, 0)


def worst_exit(statuses: list[int]) -> int:
    """The exit status of several results: the first that occurs of 5, 4, 1, 3, 0."""
    return next((status for status in _EXIT_ORDER if status in statuses), 0)


@dataclass(frozen=True)
class Change:
    """One cell that a step wrote: ``field[place]`` went from *before* to *after*."""

    field: str
    place: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Step:
    """One action instance that was taken: what, with which arguments, and what changed.

    ``sentence`` is the first line of the action's docstring; ``agent`` who takes it;
    ``kind`` one of "protocol", "guest", "operator", "fault".
    """

    action: str
    arguments: tuple[tuple[str, str], ...]
    sentence: str
    agent: str
    kind: str
    changes: tuple[Change, ...]
    because: str = ""


@dataclass(frozen=True)
class Finding:
    """The answer to one question: a property (or "no deadlock", …) and its verdict.

    ``asks`` is "invariant", "possible", "progress" or "deadlock". ``expected`` is the verdict word
    that the file's [expect] section wants, or None. ``trace`` leads from an initial state to the
    violation (REFUTED) or to the witness of a ``possible`` (HOLDS); its last ``round`` steps go round for
    ever (a progress property that is REFUTED). ``more`` has further counterexamples, ending in other actions.
    """

    property: str
    asks: str
    sentence: str
    verdict: Verdict
    engine: str
    reason: str
    mechanism: tuple[str, ...] = ()
    source: str = ""
    trace: tuple[Step, ...] | None = None
    program: str = ""
    expected: str | None = None
    round: int = 0
    more: tuple[tuple[Step, ...], ...] = ()

    @builtins.property
    def exit(self) -> int:
        """Exit status of this finding alone: a met expectation is 0, a missed one 1."""
        if self.expected is None:
            return self.verdict.exit
        return 0 if self.expected == self.verdict.value else 1


@dataclass(frozen=True)
class GuardCoverage:
    """How often a guard was seen true or false, and how often it alone said no."""

    action: str
    reason: str
    held: int
    failed: int
    decisive: int


@dataclass(frozen=True)
class Coverage:
    """What a run exercised: firings of every action (zero included) and its guards."""

    fired: dict[str, int] = field(default_factory=dict)
    guards: tuple[GuardCoverage, ...] = ()

    @property
    def never_fired(self) -> tuple[str, ...]:
        """Names of the actions that were never taken, in the model's order."""
        return tuple(name for name, times in self.fired.items() if times == 0)


@dataclass(frozen=True)
class CopyView:
    """One copy of a VM on a host, for pictures. ``state`` is e.g. "running", "secondary"."""

    vm: str
    state: str
    cpu: int
    memory: int


@dataclass(frozen=True)
class HostView:
    """One host for pictures: capacity in MHz and MiB, and the copies it has."""

    name: str
    up: bool
    role: str
    cpu: int
    memory: int
    copies: tuple[CopyView, ...]


@dataclass(frozen=True)
class ClusterView:
    """A cluster at one moment, for pictures; ``title`` says which moment."""

    title: str
    hosts: tuple[HostView, ...]


@dataclass(frozen=True)
class StateGraph:
    """The reachable states of a small scope as a graph.

    ``labels[i]`` describes state i in a few words, ``depth[i]`` is its distance from an initial
    state, ``bad`` the states that violate a property; ``edges`` are (from, to, action name).
    """

    labels: tuple[str, ...]
    depth: tuple[int, ...]
    bad: frozenset[int]
    edges: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Result:
    """Everything one command found. ``states``/``transitions`` are exact counts for a search,
    distinct states seen / steps taken for a walk; ``depth`` is None unless it was measured.

    ``details`` is what the engine adds, ``story`` a told run (the demo); ``before`` and ``after`` its first
    and last moment.
    """

    command: str
    model: str
    scope: dict[str, object]
    settings: dict[str, object]
    findings: tuple[Finding, ...]
    states: int | None = None
    transitions: int | None = None
    depth: int | None = None
    seconds: float = 0.0
    seed: int | None = None
    coverage: Coverage = Coverage()
    notes: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    story: tuple[Step, ...] = ()
    before: ClusterView | None = None
    after: ClusterView | None = None
    graph: StateGraph | None = None
    proof: Proof | None = None

    @property
    def exit(self) -> int:
        """The command's exit status, by the verdict contract."""
        return worst_exit([finding.exit for finding in self.findings])

    @property
    def verdict(self) -> Verdict:
        """The verdict that decided the exit status of the whole: REFUTED before UNDETERMINED,
        then the weakest of SAMPLED, HOLDS, PROVED."""
        order = (Verdict.REFUTED, Verdict.UNDETERMINED, Verdict.SAMPLED, Verdict.HOLDS, Verdict.PROVED)
        found = {finding.verdict for finding in self.findings if finding.exit == self.exit}
        return next((verdict for verdict in order if verdict in found), Verdict.UNDETERMINED)
