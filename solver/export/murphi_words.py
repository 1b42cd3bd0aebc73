"""The identifiers that Murphi keeps for itself, in upper or lower case."""

from __future__ import annotations

import re

_KEYWORDS = frozenset(
    """
    alias array assert assume begin boolean by case clear const cover do else elsif end endalias endexists
    endfor endforall endfunction endif endprocedure endrecord endrule endruleset endstartstate endswitch
    endwhile enum error exists false for forall function if in interleaved invariant ismember isundefined
    liveness log map multiset multisetadd multisetcount multisetremove multisetremovepred of procedure
    process program property put real record return rule ruleset scalarset startstate string switch then to
    traceuntil true type undefine union var while
    """.split()  # noqa: SIM905
)
_OWN = re.compile(r"(count|total)_\d+")


def is_reserved(name: str) -> bool:
    """Whether a text may not declare this name: a word of the language, or one of our helpers."""
    return name.lower() in _KEYWORDS or _OWN.fullmatch(name) is not None
