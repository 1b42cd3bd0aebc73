"""A scope as text for other checkers, which must count the same states: TLA+ for TLC, Murphi for rumur."""

from .contents import NotExported
from .tla import tla_module

__all__ = ["NotExported", "tla_module"]
