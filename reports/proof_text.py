"""Proof attempts in words, the same on the terminal and on the page."""

from __future__ import annotations

from ..properties.proofs import FAILED, PROVED, UNKNOWN, FailedInduction, Obligation, Proof
from .sentences import called, changes_of, counted

_MARK = {PROVED: "✓", FAILED: "✗", UNKNOWN: "?"}


def induction_lines(failed: FailedInduction) -> list[str]:
    """A failed induction: the state before, the step with its guards, the changes, whether it is reached."""
    lines = [f"Induction fails: {failed.obligation} ({failed.scope}); {failed.reached}"]
    lines.append(
        "before: " + ("; ".join(f"{cell}: {value}" for cell, value in failed.state) or "all at rest")
    )
    if failed.step is not None:
        lines.append(f"step: {called(failed.step)}")
        if failed.held:
            lines.append("it would be refused if one of these were the case, and none is:")
        lines += [f"  {reason}" for reason in failed.held]
        lines += ["after:", *(f"  {change}" for change in changes_of(failed.step))]
    if failed.run:
        lines += ["the run:", *(f"  {n}. {called(step)}" for n, step in enumerate(failed.run, 1))]
    return lines


def suggestion_lines(proof: Proof) -> list[str]:
    """The lemmas that were found, as code to be pasted, each after what it closes."""
    lines = ["Lemmas that close a proof, to be pasted into the model (from vmproof import lemma, no):"]
    for found in proof.suggestions:
        lines += ["", f"# for {', '.join(found.closes)}", *found.code.splitlines()]
    return lines if proof.suggestions else []


def obligation_lines(proof: Proof) -> list[str]:
    """One line an obligation."""
    return [_line(obligation) for obligation in proof.obligations]


def _line(obligation: Obligation) -> str:
    how = "cache" if obligation.cached else f"{obligation.seconds:.3f} s"
    why = f"  {obligation.reason}" if obligation.reason else ""
    return f"  {_MARK[obligation.answer]} {obligation.action:30} {obligation.goal:45} {how}{why}"


def summary_lines(proof: Proof) -> list[str]:
    """What the proofs used, how many obligations there were, and the slowest."""
    lines = [f"  {name} uses {text}" for name, text in used_by(proof) if text]
    slowest = max(proof.obligations, key=lambda o: o.seconds, default=None)
    obligations, idle = counted(len(proof.obligations), "obligation"), counted(proof.untouched, "time")
    counts = f"{obligations}, {proof.cached} of them from the cache; {idle}"
    lines.append(counts + " an action writes nothing that the invariant reads")
    if slowest is not None and slowest.seconds:
        lines.append(f"the slowest: {slowest}, {slowest.seconds:.2f} s")
    return lines


def used_by(proof: Proof) -> list[tuple[str, str]]:
    """For each proof the mechanisms without which it fails, and how many lemmas it leans on."""
    found = []
    for name, mechanisms in proof.uses.items():
        lemmas = proof.leans_on[name]
        parts = [", ".join(mechanisms), counted(len(lemmas), "lemma") if lemmas else ""]
        found.append((name, "; ".join(filter(None, parts))))
    return found


def table_of(proof: Proof) -> tuple[list[str], list[list[str]]]:
    """Actions by invariants: a mark where there is an obligation, nothing where nothing is touched."""
    goals = list(dict.fromkeys(obligation.goal for obligation in proof.obligations))
    actions = list(dict.fromkeys(obligation.action for obligation in proof.obligations))
    marks = {(o.action, o.goal): _MARK[o.answer] for o in proof.obligations}
    rows = [[action, *(marks.get((action, goal), "") for goal in goals)] for action in actions]
    return ["", *goals], rows
