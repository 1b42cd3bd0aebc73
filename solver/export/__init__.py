"""A scope as text for other checkers, which must count the same states: TLA+ for TLC, Murphi for rumur."""

from .contents import NotExported, asked_possibles
from .murphi import murphi_model, options
from .tla import tla_module

__all__ = ["NotExported", "asked_possibles", "murphi_model", "options", "tla_module"]
