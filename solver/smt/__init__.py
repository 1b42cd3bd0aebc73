"""Terms → Z3: the room that imports z3, when it is first needed.

universe     sorts of any size, or of a scope's members; the connectives, folded where they can be
encoding     a term in a state, as a Z3 expression
states       the state before a step as functions, and the state after it built from these
sums         totals and counts for any size: functions, and what is true of every finite sum
obligations  what an inductive proof has to show, one Z3 question each
solving      one question to Z3, and which hypotheses its answer needed
small        a failed induction as a small cluster
answers      limits and answers, without z3
sorts        whether fields lead from a sort back to itself, without z3
"""
