"""Hand-made mutations of the cluster: each is one slip of the pen, and the properties must notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A text in a file of the model that is replaced, and the small scope in which that must show."""

    what: str
    file: str
    old: str
    new: str
    scope: str


MUTANTS = (
    Mutant(
        "commit keeps the source's lock",
        "migration/live.py",
        "    s.acknowledged[vm] = False\n    s.lock[vm, src] = Lease.NONE\n",
        "    s.acknowledged[vm] = False\n",
        "migration",
    ),
    Mutant(
        "the destination is destroyed instead of the original",
        "migration/live.py",
        "    forget(s, vm, src)\n    close_job",
        "    forget(s, vm, dst)\n    close_job",
        "migration",
    ),
    Mutant(
        "activation announces the address at the source",
        "migration/live.py",
        "s.address[vm, :] = lambda h: h == dst",
        "s.address[vm, :] = lambda h: h == src",
        "migration",
    ),
    Mutant(
        "an abort leaves the source stopped",
        "migration/live.py",
        "    s.copy[vm, src] = where(barred, Copy.STALE, where(stopped, Copy.RUNNING, s.copy[vm, src]))\n",
        "",
        "migration",
    ),
    Mutant(
        "the new disk is deleted instead of the old one",
        "migration/storage.py",
        "    s.disk[vm, old] = Disk.NONE\n    s.disk_current[vm, old] = False",
        "    s.disk[vm, new] = Disk.NONE\n    s.disk_current[vm, new] = False",
        "storage migration",
    ),
    Mutant(
        "cold migration forgets the destination",
        "migration/cold.py",
        "    s.copy[vm, dst] = Copy.OFF\n",
        "",
        "cold migration",
    ),
    Mutant(
        "a rejected conversion stays protected",
        "migration/conversion.py",
        "    s.listed[vm] = False\n    s.reported[vm] = False\n",
        "",
        "conversion and crash",
    ),
    Mutant(
        "locks lapse although they are renewed",
        "leases.py",
        '    require(no(can_renew(s, vm, host)), "the host renews its lock")\n',
        "",
        "false suspicion",
    ),
    Mutant(
        "taking a lock leaves the lapsed one in place",
        "leases.py",
        "where(s.lock[vm, h] == Lease.LAPSED, Lease.NONE, s.lock[vm, h])",
        "s.lock[vm, h]",
        "lost storage",
    ),
    Mutant(
        "a host that is powered off by isolation runs on",
        "leases.py",
        "    s.copy[vm, host] = Copy.STALE\n",
        "",
        "isolation response",
    ),
    Mutant(
        "declaring dead confuses master and host",
        "availability/agents.py",
        'mechanism="datastore heartbeat")\n    s.seen[master, host] = Seen.FAILED',
        'mechanism="datastore heartbeat")\n    s.seen[host, master] = Seen.FAILED',
        "failure",
    ),
    Mutant(
        "an isolated host is taken for a partitioned one",
        "availability/agents.py",
        "    s.seen[master, host] = Seen.ISOLATED\n",
        "    s.seen[master, host] = Seen.PARTITIONED\n",
        "isolation response",
    ),
    Mutant(
        "candidates follow a master that they do not hear",
        "availability/election.py",
        '    require(has_a_master(s, host), "no master is heard")\n',
        "",
        "failure",
    ),
    Mutant(
        "vCenter is not told that a VM is unprotected",
        "availability/protection.py",
        "    s.listed[vm] = False\n    s.reported[vm] = False\n",
        "    s.listed[vm] = False\n",
        "user's stop",
    ),
    Mutant(
        "the dead are not counted as having lost their VMs",
        "availability/restart.py",
        "(s.seen[master, host] == Seen.FAILED)",
        "(s.seen[master, host] == Seen.PARTITIONED)",
        "failure",
    ),
    Mutant(
        "a restarted VM is not announced",
        "availability/restart.py",
        "    s.address[vm, :] = lambda h: h == host\n",
        "",
        "failure",
    ),
    Mutant(
        "a reset does not bring the guest back",
        "availability/monitoring.py",
        "    s.guest_works[vm] = True\n",
        "",
        "guest failure",
    ),
    Mutant(
        "an output waits for nothing",
        "tolerance/log.py",
        "s.output[vm] = s.unacknowledged[vm] + 1",
        "s.output[vm] = 1",
        "pair",
    ),
    Mutant(
        "entries are acknowledged before they are received",
        "tolerance/log.py",
        "    require(s.unacknowledged[vm] > s.in_flight[vm],",
        "    require(s.unacknowledged[vm] > 0,",
        "pair",
    ),
    Mutant(
        "the winner of the test-and-set leaves no mark",
        "tolerance/takeover.py",
        "    s.taken[vm, :] = lambda h: (h != host) & (s.taken[vm, h] | runs(s, vm, h))\n",
        "",
        "broken pair",
    ),
    Mutant(
        "the secondary is placed by the primary's host",
        "tolerance/pair.py",
        "    require_place(s, vm, target)\n",
        "    require_place(s, vm, primary)\n",
        "narrow pair",
    ),
    Mutant(
        "DRS moves VMs for no relief",
        "scheduling/recommendations.py",
        "    require_relief(s, vm, src, dst)\n",
        "",
        "two loads",
    ),
    Mutant(
        "a host is in maintenance as soon as that is asked for",
        "scheduling/maintenance.py",
        "    s.service[host] = Service.ENTERING\n",
        "    s.service[host] = Service.MAINTENANCE\n",
        "maintenance",
    ),
    Mutant(
        "a host's reserve is asked without the newcomer",
        "placement.py",
        "memory + s.memory_reservation[vm] <= s.memory[host]",
        "memory <= s.memory[host]",
        "no room",
    ),
)
