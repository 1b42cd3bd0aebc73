"""The whole problem as one integer program for SciPy's HiGHS: a bound, and sometimes a better answer.

Only up to MOST_BOOLEANS. A limit of nodes ends it, so that it can be repeated; what it says stands on the
solver's word, and the certificate says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .problem import NOWHERE, Integers
from .units import Units

NODES = 400


@dataclass(frozen=True)
class Relaxed:
    """``bound``: no placement has fewer migrations; ``at``: a placement, if one was found; ``impossible``."""

    bound: int
    at: Integers | None
    impossible: bool = False


def solve_whole(units: Units, nodes: int = NODES, seconds: float = 60.0) -> Relaxed:
    """Minimise migrations over all placements, as far as so many nodes of branch and bound go."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    who, where = np.nonzero(units.allowed)
    rows, least, most = _rows(units, who, where)
    found = milp(
        units.cost[who, where].astype(float),
        constraints=LinearConstraint(rows, least, most),
        integrality=np.ones(len(who)),
        bounds=Bounds(0, 1),
        options={"node_limit": nodes, "time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return Relaxed(0, None, True)
    dual = found.get("mip_dual_bound")
    bound = 0 if dual is None or not np.isfinite(dual) else max(0, int(np.ceil(dual - 1e-6)))
    if found.x is None:
        return Relaxed(bound, None)
    at = np.full(len(units.members), NOWHERE, dtype=np.int64)
    chosen = found.x > 0.5
    at[who[chosen]] = where[chosen]
    return Relaxed(bound, at if units.sound(at) else None)


def _rows(units: Units, who: Integers, where: Integers):  # type: ignore[no-untyped-def]
    """One host a unit; every limit, scaled to 1; at most one of a keep-apart rule on a host."""
    from scipy.sparse import coo_array, vstack

    columns, hosts = np.arange(len(who)), len(units.limits)
    blocks = [coo_array((np.ones(len(who)), (who, columns)), shape=(len(units.members), len(who)))]
    least, most = [np.ones(len(units.members))], [np.ones(len(units.members))]
    for r in range(units.limits.shape[1]):
        scale = np.maximum(units.limits[:, r], 1)
        share = units.demand[who, r] / scale[where]
        blocks.append(coo_array((share, (where, columns)), shape=(hosts, len(who))))
        least.append(np.full(hosts, -np.inf))
        most.append(units.limits[:, r] / scale)
    for rule in units.apart:
        inside = np.isin(who, rule)
        ones = np.ones(int(inside.sum()))
        blocks.append(coo_array((ones, (where[inside], columns[inside])), shape=(hosts, len(who))))
        least.append(np.full(hosts, -np.inf))
        most.append(np.ones(hosts))
    return vstack(blocks).tocsc(), np.concatenate(least), np.concatenate(most)
