"""Fault Tolerance: the pair, its log, and who goes live."""

from . import log, pair, takeover

__all__ = ["log", "pair", "takeover"]
