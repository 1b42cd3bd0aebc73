"""What a proof attempt found, as plain frozen data: obligations, what they needed, failed inductions."""

from __future__ import annotations

from dataclasses import dataclass

from .results import Step

START, FOLLOWS = "at the start", "from the lemmas"
PROVED, FAILED, UNKNOWN = "proved", "failed", "unknown"


@dataclass(frozen=True)
class Obligation:
    """One question of a proof: does ``action`` keep ``goal``?

    ``action`` is also START (it holds where a run begins) or FOLLOWS (the lemmas imply it in any state).
    ``goal`` is an invariant, a lemma, or ``range FIELD``. ``needs``: the hypotheses that the answer used.
    """

    action: str
    goal: str
    answer: str
    seconds: float = 0.0
    needs: tuple[str, ...] = ()
    cached: bool = False
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.goal}, {self.action}"


@dataclass(frozen=True)
class FailedInduction:
    """An obligation that fails, as a small cluster: a state with all invariants, and a step that breaks one.

    ``state`` has the cells that are not the first value of their domain; ``held`` the reasons that the guards
    would have given, had they failed; ``reached`` says what a search for such a state found, and ``run`` is
    the way to it, where there is one.
    """

    obligation: Obligation
    scope: str
    state: tuple[tuple[str, str], ...]
    step: Step | None
    held: tuple[str, ...]
    reached: str
    run: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """A lemma that was found: what it excludes, its code, and the invariants whose proof needs it."""

    name: str
    sentence: str
    code: str
    closes: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """All obligations of a proof attempt; ``untouched`` actions write nothing that the invariant reads.

    ``uses``: for each invariant the mechanisms without which its obligations fail; ``leans_on``: the lemmas.
    ``starts``: a small cluster has a state to start from; ``idle``: actions for which none has a state that
    has all invariants and lets them happen. Without a start everything would be proved.
    ``suggestions``: lemmas that were found by ``--suggest``.
    """

    obligations: tuple[Obligation, ...]
    untouched: int
    uses: dict[str, tuple[str, ...]]
    leans_on: dict[str, tuple[str, ...]]
    inductions: tuple[FailedInduction, ...] = ()
    starts: bool = True
    idle: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def cached(self) -> int:
        """How many answers came from the cache."""
        return sum(obligation.cached for obligation in self.obligations)
