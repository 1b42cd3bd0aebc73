"""What must never happen: the optimizer contradicts its checker, or the model."""

from __future__ import annotations


class OptimizerBug(Exception):
    """A bug of vmproof itself (exit 5)."""


class Disagreement(OptimizerBug):
    """The search and the independent checker disagree."""


class NotAllowed(OptimizerBug):
    """The cluster model refuses a migration of a plan."""
