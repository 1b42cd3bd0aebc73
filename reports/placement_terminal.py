"""Answers of the placement optimizer for people at a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..solver.placement.answers import Answer, Explanation, Plan, Survival, Tick, Verdict, host_name
from .placement_json import is_right
from .sentences import counted
from .terminal import Progress, _say

if TYPE_CHECKING:
    from rich.console import Console

COLOUR = {
    Verdict.OPTIMAL: "bold green",
    Verdict.PROVED: "bold green",
    Verdict.FOUND: "green",
    Verdict.IMPOSSIBLE: "bold red",
    Verdict.REFUTED: "bold red",
    Verdict.UNDETERMINED: "yellow",
}
MOST_LINES = 12


class PlacementProgress(Progress):
    """One line on standard error with the best answer, its bound and the gap."""

    def __call__(self, tick: Tick) -> None:  # type: ignore[override]
        """Show how far the search has come, at most five times a second."""
        now = time.monotonic()
        if not self.stream.isatty() or now - self.shown < self.every:
            return
        self.shown, self.open = now, True
        self.stream.write(f"\r\x1b[K{tick}")
        self.stream.flush()


def render(found: Answer | Survival, console: Console, verbose: bool = False) -> None:
    """The whole answer."""
    problem = found.problem
    query = "survive" if isinstance(found, Survival) else found.query
    sizes = ((problem.hosts, "host"), (problem.vms, "VM"), (problem.rules, "rule"))
    size = ", ".join(counted(len(members), noun) for members, noun in sizes)
    _say(console, f"place {query}: {problem.name}, {size}", "bold")
    if isinstance(found, Survival):
        _survival(found, console, verbose)
    else:
        _answer(found, console, verbose)
    for note in found.notes:
        _say(console, f"Note: {note}", "dim")
    if isinstance(found, Answer) and found.checked:
        _say(console, checked_by(found), "dim")
    _say(
        console,
        f"{found.verdict.value}: {headline(found)}; {found.seconds:.2f} s; exit {found.exit}",
        COLOUR[found.verdict],
    )


def headline(found: Answer | Survival) -> str:
    """The answer in one sentence."""
    if isinstance(found, Survival):
        return _survived(found)
    if not found.problem.vms:
        return "nothing to do: there are no VMs"
    if not found.placement:
        return found.explanation.summary if found.explanation else "no placement was found"
    if found.query == "plan" and found.plan is not None:
        steps = found.plan.steps
        return f"{counted(len(steps), 'step')}, {found.plan.reason}" if steps else found.plan.reason
    if found.refused and found.explanation:
        return found.explanation.summary
    if not found.moves:
        return "nothing to do" + _bound(found)
    return f"{found.objective:,} ({found.counts}), {counted(len(found.moves), 'move')}" + _bound(found)


def _bound(found: Answer) -> str:
    """The bound and the gap, in words."""
    bound = found.bound
    if bound is None:
        return ""
    if found.verdict is Verdict.OPTIMAL:
        return f": {bound.how}" if found.moves else ""
    gap = f", gap {found.gap:.1%}" if found.gap is not None else ""
    return f"; no answer is below {bound.value:,} ({bound.how}){gap}"


def checked_by(found: Answer) -> str:
    """What the independent checker has verified, and what it has not."""
    doubts = f"; not checked: {'; '.join(found.unchecked)}" if found.unchecked else ""
    return f"Checked independently: {', '.join(found.checked)}{doubts}"


def _survived(found: Survival) -> str:
    if found.verdict is Verdict.REFUTED:
        return f"if {' and '.join(found.broken)} fail, there is no place for {', '.join(found.left) or 'all'}"
    kind = "any host failure" if found.failures == 1 else f"any {found.failures} host failures"
    if found.verdict is Verdict.PROVED:
        sets = f"{counted(found.of, 'set')}, each with a placement that was checked"
        return f"after {kind} every protected VM restarts ({sets})"
    sets = f"{found.witnesses:,} of {counted(found.of, 'set')} of failures"
    return f"{sets} are survived, the others are not decided"


def _answer(found: Answer, console: Console, verbose: bool) -> None:
    if found.placement and found.query != "plan":
        _say(console, before_and_after(found), "dim")
    most = len(found.moves) if verbose else MOST_LINES
    for move in found.moves[:most]:
        who = "" if move.automatic else " (proposal)"
        worth = f", worth {move.benefit / 100:.2f} points" if move.benefit is not None else ""
        text = f"{move.vm}: {move.source or 'new'} -> {move.target}  [{move.size}]  {move.why}{worth}{who}"
        _say(console, f"  {move.priority}  {text}")
    if len(found.moves) > most:
        _say(console, f"  … and {len(found.moves) - most:,} more (--verbose shows them)", "dim")
    for line in contended(found)[: None if verbose else MOST_LINES]:
        _say(console, f"  {line}", "yellow")
    for rule in found.given_up:
        _say(console, f"  not kept: {rule} (a preference)", "yellow")
    if found.plan is not None:
        _plan(found, found.plan, console, verbose)
    if found.explanation is not None:
        explain(found.explanation, console, verbose)


def contended(found: Answer) -> list[str]:
    """Who gets less than he wants, now and after."""
    return [
        f"contention {'after' if c.after else 'now'}: {c.vm} gets {c.entitled:,} of {c.wanted:,} {c.unit} "
        f"{c.resource} on {c.host}, by reservation and shares"
        for c in found.contention
    ]


def before_and_after(found: Answer) -> str:
    """Highest utilisation and imbalance, before and after."""
    import numpy as np

    problem, after = found.problem, np.array(found.placement)
    one, other = problem.highest(problem.current) / 100, problem.highest(after) / 100
    was, now = problem.imbalance(problem.current), problem.imbalance(after)
    return f"highest utilisation {one:.2f} % -> {other:.2f} %, standard deviation {was:.4f} -> {now:.4f}"


def _plan(found: Answer, plan: Plan, console: Console, verbose: bool) -> None:
    steps = f"{counted(len(plan.steps), 'step')}; " if plan.steps else ""
    _say(console, f"Plan: {steps}{plan.reason}{replayed(plan)}", "bold")
    for line in plan.not_replayed[: None if verbose else MOST_LINES]:
        _say(console, f"  not replayed in the model: {line}", "yellow")
    most = len(plan.steps) if verbose else MOST_LINES
    for number, step in enumerate(plan.steps[:most], 1):
        moves = [
            f"{found.problem.vms[m.vm].name} {host_name(found.problem, m.source)} -> "
            f"{host_name(found.problem, m.target)}{' (temporary stop)' if m.stop else ''}"
            for m in step
        ]
        shown = moves if verbose else moves[:6]
        more = f" … {len(moves) - len(shown)} more" if len(moves) > len(shown) else ""
        _say(console, f"  {number:2}. {'; '.join(shown)}{more}")
    if len(plan.steps) > most:
        _say(console, f"  … and {counted(len(plan.steps) - most, 'more step')} (--verbose shows them)", "dim")


def replayed(plan: Plan) -> str:
    """What the cluster model was seen to take."""
    if plan.checked is None:
        return ""
    moves = counted(sum(map(len, plan.steps)), "move")
    return f"; the cluster model takes {plan.checked} of the {moves}, each an enabled action"


def explain(why: Explanation, console: Console, verbose: bool = False) -> None:
    """Table, conflicts, core, cures."""
    for conflict in why.conflicts:
        _say(console, f"Contradiction: {conflict}", "red")
    for vm, row in why.table[: None if verbose else 5]:
        _say(console, f"{vm}:", "bold")
        for host, reasons in row if verbose else row[:MOST_LINES]:
            _say(console, f"  {host:16} {'; '.join(reasons) or 'possible'}", "" if reasons else "green")
        if len(row) > MOST_LINES and not verbose:
            _say(console, f"  … {counted(len(row) - MOST_LINES, 'more host')} (--verbose shows them)", "dim")
    if why.core is not None:
        small = "any one left out, the others can" if why.core.minimal else "perhaps not the fewest"
        _say(console, f"These cannot all hold ({small}):", "bold")
        most = len(why.core.elements) if verbose else MOST_LINES
        for element in why.core.elements[:most]:
            _say(console, f"  - {element}")
        if len(why.core.elements) > most:
            _say(console, f"  … and {len(why.core.elements) - most} more (--verbose shows them)", "dim")
    if why.cures:
        _say(console, "Any one of these helps, the cheapest first:", "bold")
        for cure in why.cures:
            _say(console, f"  - {cure.text}")


def _survival(found: Survival, console: Console, verbose: bool) -> None:
    for policy in found.policies:
        wrong = is_right(policy, found) is False
        said = "enough" if policy.says else "not enough"
        _say(
            console,
            f"  {policy.name}: {said} ({policy.why}){' - WRONG here' if wrong else ''}",
            "yellow" if wrong else "",
        )
    for names in found.undecided[:MOST_LINES]:
        _say(console, f"  not decided: {names}", "yellow")
    if found.explanation is not None:
        explain(found.explanation, console, verbose)
