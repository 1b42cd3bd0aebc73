"""Two-phase commit: the smallest model worth reading, and a public oracle.

A transaction manager and its resource managers agree to commit or to abort. With three resource
managers the protocol has 288 reachable states. (J. Gray and L. Lamport, "Consensus on transaction
commit", ACM TODS 31, 2006.)
"""

from enum import Enum

from vmproof import (
    Field,
    Mechanism,
    Scope,
    Sort,
    State,
    action,
    final,
    initial,
    invariant,
    lemma,
    no,
    possible,
    require,
)


class RM(Sort):
    """A resource manager."""


class Vote(Enum):
    """What a resource manager has decided."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Decision(Enum):
    """What the transaction manager has decided."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Transaction(State):
    """Votes, the decision, and the messages that were ever sent (a sent message stays readable)."""

    vote = Field(RM, value=Vote)
    decision = Field(value=Decision)
    noted = Field(RM, value=bool, doc="the manager has read the vote")
    sent_prepared = Field(RM, value=bool)
    sent_commit = Field(value=bool)
    sent_abort = Field(value=bool)

    unanimity = Mechanism(
        "unanimity",
        "The manager commits only when it has read everybody's vote.",
        removed="one resource manager may abort while another commits",
    )


@initial
def everybody_works(s: Transaction):
    """Nobody has voted and nothing was sent."""
    fresh = s.forall(RM, lambda rm: (s.vote[rm] == Vote.WORKING) & no(s.noted[rm]) & no(s.sent_prepared[rm]))
    return fresh & (s.decision == Decision.OPEN) & no(s.sent_commit) & no(s.sent_abort)


@action(agent="transaction manager")
def note_vote(s: Transaction, rm: RM):
    """The manager reads that a resource manager is prepared."""
    require(s.decision == Decision.OPEN, "it is decided already")
    require(s.sent_prepared[rm], "no vote has come")
    s.noted[rm] = True


@action(agent="transaction manager")
def commit(s: Transaction):
    """The manager decides to commit and tells everybody."""
    require(s.decision == Decision.OPEN, "it is decided already")
    require(s.forall(RM, lambda rm: s.noted[rm]), "a vote is missing", mechanism="unanimity")
    s.decision = Decision.COMMITTED
    s.sent_commit = True


@action(agent="transaction manager")
def give_up(s: Transaction):
    """The manager decides to abort and tells everybody."""
    require(s.decision == Decision.OPEN, "it is decided already")
    s.decision = Decision.ABORTED
    s.sent_abort = True


@action(agent="resource manager")
def prepare(s: Transaction, rm: RM):
    """A resource manager votes for the commit."""
    require(s.vote[rm] == Vote.WORKING, "it has voted")
    s.vote[rm] = Vote.PREPARED
    s.sent_prepared[rm] = True


@action(agent="resource manager")
def refuse(s: Transaction, rm: RM):
    """A resource manager aborts on its own, before it has voted."""
    require(s.vote[rm] == Vote.WORKING, "it has voted")
    s.vote[rm] = Vote.ABORTED


@action(agent="resource manager")
def hear_commit(s: Transaction, rm: RM):
    """A resource manager does what the manager decided: commit."""
    require(s.sent_commit, "there is no decision to commit")
    s.vote[rm] = Vote.COMMITTED


@action(agent="resource manager")
def hear_abort(s: Transaction, rm: RM):
    """A resource manager does what the manager decided: abort."""
    require(s.sent_abort, "there is no decision to abort")
    s.vote[rm] = Vote.ABORTED


@invariant(mechanism="unanimity")
def consistent(s: Transaction, one: RM, other: RM):
    """No resource manager aborts while another commits."""
    return no((s.vote[one] == Vote.ABORTED) & (s.vote[other] == Vote.COMMITTED))


@lemma
def decided_is_sent(s: Transaction):
    """A message that does not say what was decided."""
    committed, aborted = s.decision == Decision.COMMITTED, s.decision == Decision.ABORTED
    return (s.sent_commit == committed) & (s.sent_abort == aborted)


@lemma
def who_commits_was_told(s: Transaction, rm: RM):
    """A resource manager that commits before it is decided, or one of which nobody has read the vote."""
    told = no(s.vote[rm] == Vote.COMMITTED) | s.sent_commit
    return told & (no(s.sent_commit) | s.noted[rm])


@lemma
def who_is_noted_has_voted(s: Transaction, rm: RM):
    """A vote that was read and never sent, or taken back without a decision."""
    kept = (s.vote[rm] == Vote.PREPARED) | (s.vote[rm] == Vote.COMMITTED) | s.sent_abort
    return (no(s.noted[rm]) | s.sent_prepared[rm]) & (no(s.sent_prepared[rm]) | kept)


@possible
def all_commit(s: Transaction):
    """The transaction can succeed."""
    return s.forall(RM, lambda rm: s.vote[rm] == Vote.COMMITTED)


@final
def all_done(s: Transaction):
    """Everybody has committed or aborted."""
    return s.forall(RM, lambda rm: (s.vote[rm] == Vote.COMMITTED) | (s.vote[rm] == Vote.ABORTED))


def scope(rms: int = 3) -> Scope:
    """The scope with so many resource managers."""
    return Scope(Transaction, {RM: [f"rm{i + 1}" for i in range(rms)]}, name=f"{rms} resource managers")
