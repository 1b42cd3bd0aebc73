"""Results for people at a terminal: rich where there is one, plain text when piped."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO, runtime_checkable

from ..properties.results import ClusterView, Finding, Result, Step, Verdict
from .sentences import called, changes_of, counted, counts_of, details_of, reserves, value_text

if TYPE_CHECKING:
    from rich.console import Console

    from ..properties.proofs import Proof

_COLOUR = {
    Verdict.PROVED: "bold green",
    Verdict.HOLDS: "green",
    Verdict.SAMPLED: "cyan",
    Verdict.REFUTED: "bold red",
    Verdict.UNDETERMINED: "yellow",
}


class Tick(Protocol):
    """What an engine says of its progress."""

    @property
    def states(self) -> int: ...
    @property
    def transitions(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def seconds(self) -> float: ...


@runtime_checkable
class Growth(Protocol):
    """What an engine says that moves whole sets of states."""

    @property
    def states(self) -> int: ...
    @property
    def nodes(self) -> int: ...
    @property
    def passes(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class Progress:
    """One line on standard error that follows a long run; nothing when it is no terminal."""

    def __init__(self, stream: TextIO | None = None, every: float = 0.2) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.every = every
        self.shown = 0.0
        self.open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.open:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def __call__(self, tick: Tick | Growth) -> None:
        """Show how far an engine has come, at most five times a second."""
        self.say(lambda: progress_line(tick))

    def say(self, line: Callable[[], str]) -> None:
        """Show a line of text, at most five times a second."""
        now = time.monotonic()
        if not self.stream.isatty() or now - self.shown < self.every:
            return
        self.shown, self.open = now, True
        self.stream.write("\r\x1b[K" + line())
        self.stream.flush()


def progress_line(tick: Tick | Growth) -> str:
    """States, steps or nodes, level or pass, rate, memory and time of a run."""
    if isinstance(tick, Growth):
        rate = tick.states / tick.seconds if tick.seconds else 0.0
        return (
            f"{counted(tick.states, 'state')}, {counted(tick.nodes, 'node')}, pass {tick.passes},"
            f" {rate:,.0f} states/s, {_memory_mib():,.0f} MiB, {tick.seconds:.1f} s"
        )
    rate = tick.transitions / tick.seconds if tick.seconds else 0.0
    return (
        f"{counted(tick.states, 'state')}, {counted(tick.transitions, 'step')}, level {tick.depth},"
        f" {rate:,.0f} steps/s, {_memory_mib():,.0f} MiB, {tick.seconds:.1f} s"
    )


def _memory_mib() -> float:
    """The peak memory of this process; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def render(result: Result, console: Console, *, verbose: bool = False) -> None:
    """Verdicts, counterexamples, what was covered, and one closing line."""
    _say(console, _headline(result), "bold")
    _say(console, _pairs("settings", result.settings), "dim")
    console.print()
    _verdicts(console, result.findings)
    for finding in result.findings:
        if finding.trace is not None and (verbose or finding.verdict is Verdict.REFUTED):
            _trace(console, finding)
    if result.proof is not None:
        _proof(console, result.proof, verbose)
    _coverage(console, result, verbose)
    _closing(console, result)


def _proof(console: Console, proof: Proof, verbose: bool) -> None:
    """What a proof used, the inductions that failed, and (verbose) every obligation."""
    from .proof_text import induction_lines, obligation_lines, suggestion_lines, summary_lines

    for failed in proof.inductions:
        console.print()
        first, *lines = induction_lines(failed)
        _say(console, first, "bold")
        for line in lines:
            _say(console, f"  {line}")
    console.print()
    for line in suggestion_lines(proof):
        _say(console, line)
    if proof.suggestions:
        console.print()
    for line in (obligation_lines(proof) if verbose else []) + summary_lines(proof):
        _say(console, line, "dim")


def _say(console: Console, text: str, style: str = "") -> None:
    """One line of text as it is: no mark-up, no wrapping when piped."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _headline(result: Result) -> str:
    sizes = ", ".join(f"{key} {value_text(value)}" for key, value in result.scope.items() if key != "name")
    name = result.scope.get("name")
    return f"{result.command} {result.model}" + (f", scope {name}" if name else "") + f": {sizes}"


def _pairs(title: str, pairs: dict[str, object]) -> str:
    return f"{title}: " + (", ".join(f"{k} = {value_text(v)}" for k, v in pairs.items()) or "none")


def _verdicts(console: Console, findings: Sequence[Finding]) -> None:
    """The table; a reason that several findings share is said once, below it."""
    from rich.text import Text

    width = max((len(finding.property) for finding in findings), default=0)
    shared = Counter((finding.verdict, finding.reason) for finding in findings)
    for finding in findings:
        line = Text("  ")
        line.append(f"{finding.verdict.value:13}", _COLOUR[finding.verdict])
        line.append(f"{finding.property:{width}}  ", "bold")
        line.append(_expectation(finding) + finding.sentence)
        alone = shared[finding.verdict, finding.reason] == 1
        line.append(f" [{finding.reason}]" if alone else "", "dim")
        console.print(line, soft_wrap=True)
    several = [(verdict, reason, times) for (verdict, reason), times in shared.items() if times > 1]
    for verdict, reason, times in several:
        _say(console, f"  {times} of them {verdict.value}: {reason}", "dim")


def _expectation(finding: Finding) -> str:
    if finding.expected is None:
        return "(vacuous) " if finding.reason.startswith("vacuous") else ""
    met = finding.expected == finding.verdict.value
    return "(as expected) " if met else f"(EXPECTED {finding.expected}) "


def _trace(console: Console, finding: Finding) -> None:
    refuted = finding.verdict is Verdict.REFUTED
    title = "Counterexample to" if refuted else "Witness of"
    console.print()
    steps = finding.trace or ()
    length = counted(len(steps), "step")
    _say(console, f"{title} {finding.property}, {length}: {finding.sentence}", "bold")
    for number, step in enumerate(steps, start=1):
        if finding.round and number == len(steps) - finding.round + 1:
            _say(console, "  From here it goes round for ever:", "bold")
        _step(console, number, step)
    if finding.program:
        _others(console, finding)
        _say(console, "  As a program:", "dim")
        for line in finding.program.splitlines():
            _say(console, f"    {line}", "dim")


def _others(console: Console, finding: Finding) -> None:
    for trace in finding.more:
        _say(console, f"  Another, {counted(len(trace), 'step')}, ending in {trace[-1].action}:", "bold")
        for number, step in enumerate(trace, start=1):
            _step(console, number, step)


def _step(console: Console, number: int, step: Step) -> None:
    who = f"  [{step.agent}]" if step.agent else ""
    style = "red" if step.kind == "fault" else ""
    _say(console, f"  {number:2}. {called(step)}{who}", f"bold {style}".strip())
    _say(console, f"      {step.sentence}")
    if step.because:
        _say(console, f"      because: {step.because}", "green")
    for line in changes_of(step):
        _say(console, f"        {line}", "dim")


MOST_NAMED = 12


def _never(never: Sequence[str], of: int, verbose: bool) -> str:
    """The actions that never fired; of many only the number, unless they are asked for."""
    if verbose or len(never) <= MOST_NAMED:
        return f"Actions that never fired: {', '.join(never)}"
    return f"{len(never)} of {of} actions never fired in this scope (--verbose names them)"


def _coverage(console: Console, result: Result, verbose: bool) -> None:
    console.print()
    never = result.coverage.never_fired
    if never:
        _say(console, _never(never, len(result.coverage.fired), verbose), "yellow")
    idle = [g for g in result.coverage.guards if g.decisive == 0]
    if verbose and idle:
        _say(console, "Guards that never were the only one to say no:", "yellow")
        for guard in idle:
            _say(console, f"  {guard.action}: {guard.reason}")
    for note in (*result.notes, *details_of(result)):
        _say(console, f"Note: {note}")


def _closing(console: Console, result: Result) -> None:
    met = ", as the file expects" if result.verdict.exit and not result.exit else ""
    text = f"{result.verdict.value}{met}: {counts_of(result)}; exit {result.exit}"
    _say(console, text, _COLOUR[result.verdict])


def tell(result: Result, console: Console) -> None:
    """A told run: every step in words, the cluster before and after, and the properties."""
    _say(console, _headline(result), "bold")
    _say(console, _pairs("settings", result.settings), "dim")
    for view in (result.before,):
        _cluster(console, view)
    console.print()
    for number, step in enumerate(result.story, start=1):
        _step(console, number, step)
    _cluster(console, result.after)
    console.print()
    _verdicts(console, result.findings)
    for note in result.notes:
        _say(console, f"Note: {note}")
    _closing(console, result)


def _cluster(console: Console, view: ClusterView | None) -> None:
    if view is None:
        return
    console.print()
    _say(console, view.title.capitalize() + ":", "bold")
    for host in view.hosts:
        copies = ", ".join(
            f"{copy.vm}" + ("" if copy.state == "running" else f" ({copy.state})") for copy in host.copies
        )
        used = sum(copy.memory for copy in host.copies if reserves(copy))
        room = (
            f"{used / 1024:.0f} of {host.memory / 1024:.0f} GiB"
            if host.memory >= 1024
            else f"{used} of {host.memory}"
        )
        style = "" if host.up else "red"
        _say(console, f"  {host.name:4} {host.role:15} {room:16} {copies}", style)
