"""Generated DRS clusters for the placement benchmarks: classes of hosts, flavours of VMs, rules, skew.

The rules of the generator: hosts of 83,200 MHz / 384 GB (40 %), 124,800 / 768 (40 %), 179,200 / 1536 (20 %);
VMs of 1 to 16 vCPUs with uniform demand, both columns scaled to 70 % of the cluster; about 10 % of the VMs in
keep-apart groups of 2 to 5, 3 % in pairs that are kept together, 5 % bound to half of the hosts, 2 % barred
from one; a feasible placement that fills some hosts to more than 90 %.
"""

from __future__ import annotations

import random

from vmproof.solver.placement import VM, Host, Problem, Resource, Rule

CLASSES = ((83_200, 384 * 1024), (124_800, 768 * 1024), (179_200, 1536 * 1024))
FLAVOURS = (1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 16)
MEAN, FULL = 0.70, 0.985


def cluster(hosts: int, vms: int, seed: int) -> Problem:
    """A cluster of so many hosts and VMs; the same seed gives the same cluster."""
    attempts = (_cluster(hosts, vms, seed, random.Random(1_000 * seed + attempt)) for attempt in range(1_000))
    return next(found for found in attempts if found is not None)


def _cluster(hosts: int, vms: int, seed: int, dice: random.Random) -> Problem | None:
    """One attempt; None where the VMs found no room by the rules."""
    sizes = [CLASSES[0 if h < 0.4 * hosts else 1 if h < 0.8 * hosts else 2] for h in range(hosts)]
    dice.shuffle(sizes)
    demands = _demands(dice, sizes, vms)
    groups, pairs = _groups(dice, vms)
    bound = {
        v: sorted(dice.sample(range(hosts), max(2, hosts // 2))) for v in range(vms) if dice.random() < 0.05
    }
    barred = {v: dice.randrange(hosts) for v in range(vms) if v not in bound and dice.random() < 0.02}
    places = _start(dice, sizes, demands, groups, pairs, bound, barred)
    if places is None:
        return None
    rules = [Rule(f"apart {i}", "keep apart", tuple(group)) for i, group in enumerate(groups)]
    rules += [Rule(f"together {i}", "keep together", pair) for i, pair in enumerate(pairs)]
    rules += [Rule(f"bound {v}", "must run on", (v,), tuple(there)) for v, there in bound.items()]
    rules += [Rule(f"barred {v}", "must not run on", (v,), (h,)) for v, h in barred.items()]
    return Problem(
        f"{hosts} x {vms}, seed {seed}",
        (Resource("cpu", "MHz"), Resource("memory", "MiB")),
        tuple(Host(f"h{h}", size) for h, size in enumerate(sizes)),
        tuple(VM(f"v{v}", demand, places[v]) for v, demand in enumerate(demands)),
        tuple(rules),
    )


def _demands(dice: random.Random, sizes: list[tuple[int, int]], vms: int) -> list[tuple[int, int]]:
    raw = []
    for _ in range(vms):
        cores = dice.choice(FLAVOURS)
        raw.append((cores * dice.uniform(0.2, 1.0), cores * dice.choice((2, 4, 8)) * dice.uniform(0.4, 1.0)))
    columns = [
        _scaled([row[r] for row in raw], MEAN * sum(size[r] for size in sizes), 0.45 * CLASSES[0][r])
        for r in (0, 1)
    ]
    return list(zip(*columns, strict=True))


def _scaled(column: list[float], total: float, most: float) -> list[int]:
    """The numbers scaled to a total, none above the most."""
    for _ in range(30):
        factor = total / sum(column)
        column = [min(value * factor, most) for value in column]
    return [int(value) for value in column]


def _groups(dice: random.Random, vms: int) -> tuple[list[list[int]], list[tuple[int, int]]]:
    order = list(range(vms))
    dice.shuffle(order)
    groups, taken = [], 0
    while taken < 0.10 * vms:
        size = dice.randint(2, 5)
        groups.append(order[taken : taken + size])
        taken += size
    pairs = [(order[taken + 2 * i], order[taken + 2 * i + 1]) for i in range(int(0.015 * vms))]
    return [group for group in groups if len(group) > 1], pairs


def _start(dice, sizes, demands, groups, pairs, bound, barred):  # type: ignore[no-untyped-def]
    """The VMs in random order, each on the first host of a biased order that has room by all rules."""
    left = [[FULL * size[0], FULL * size[1]] for size in sizes]
    partner = {v: pair for pair in pairs for v in pair}
    group_of = {v: group for group in groups for v in group}
    places: dict[int, int] = {}
    order = sorted(range(len(demands)), key=lambda v: (v not in partner, -max(demands[v]), dice.random()))
    for v in order:
        if v in places:
            continue
        members = partner.get(v, (v,))
        need = [sum(demands[m][r] for m in members) for r in (0, 1)]
        weights = [(dice.random() ** (1 + h % 3), h) for h in range(len(sizes))]
        for _, h in sorted(weights, reverse=True):
            lawful = all(h in bound.get(m, (h,)) and barred.get(m) != h for m in members)
            clash = any(places.get(o) == h for m in members for o in group_of.get(m, ()) if o != m)
            if lawful and not clash and all(left[h][r] >= need[r] for r in (0, 1)):
                for m in members:
                    places[m] = h
                left[h] = [left[h][r] - need[r] for r in (0, 1)]
                break
        else:
            return None
    return places
