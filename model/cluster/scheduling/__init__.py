"""Distributed Resource Scheduler: load, recommendations, and maintenance mode."""

from . import load, maintenance, recommendations

__all__ = ["load", "maintenance", "recommendations"]
