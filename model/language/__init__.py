"""The words that models are written in; `docs/language.md` introduces them one by one."""

from .actions import Action, Parameter, action
from .domains import NOBODY, Maybe, Range, Sort
from .misuse import ModelError, Problem, Source, collecting
from .plain import NotPossible, Packed, Refusal
from .predicates import (
    Predicate,
    axiom,
    derived,
    final,
    initial,
    invariant,
    lemma,
    observe,
    possible,
    progress,
)
from .scope import CellInfo, Instance, Scope
from .state import Field, Mechanism, Model, Setting, State, Static
from .words import LeadsTo, at, leads_to, mechanism, no, require, where

__all__ = [
    "NOBODY",
    "Action",
    "CellInfo",
    "Field",
    "Instance",
    "LeadsTo",
    "Maybe",
    "Mechanism",
    "Model",
    "ModelError",
    "NotPossible",
    "Packed",
    "Parameter",
    "Predicate",
    "Problem",
    "Range",
    "Refusal",
    "Scope",
    "Setting",
    "Sort",
    "Source",
    "State",
    "Static",
    "action",
    "at",
    "axiom",
    "collecting",
    "derived",
    "final",
    "initial",
    "invariant",
    "lemma",
    "leads_to",
    "mechanism",
    "no",
    "observe",
    "possible",
    "progress",
    "require",
    "where",
]
