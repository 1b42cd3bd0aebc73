"""What must happen in the end, once the faults stop: L1 to L8.

An engine that decides progress takes the fairness of the actions as they declare it.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.availability.restart import can_use, is_protected, waits_for_restart
from ..model.cluster.leases import lock_is_free
from ..model.cluster.network import connected, cut_off, has_agent, is_master
from ..model.cluster.placement import accepts, reaches_disk, runs
from ..model.cluster.scheduling.load import contended
from ..model.cluster.scheduling.recommendations import is_automatic, moves_by_itself
from ..model.cluster.state import (
    MOST_ATTEMPTS,
    MOST_RESETS,
    VM,
    Cluster,
    Copy,
    Host,
    Lease,
    Phase,
    Role,
    Secondary,
    Seen,
    Service,
)
from ..model.cluster.tolerance.pair import can_place_secondary
from ..model.language import leads_to, no, progress


@progress(source="L1; paper, section 2: restart on hosts that have a reserve")
def a_failed_vm_runs_again(s: Cluster, vm: VM, host: Host) -> Any:
    """A protected VM that failed runs again where a master knows of it and a host has a place for it."""
    known = s.exists(Host, lambda m: is_master(s, m) & waits_for_restart(s, m, vm) & can_use(s, m, host))
    place = accepts(s, vm, host) & lock_is_free(s, vm, host)
    restarted = s.exists(Host, lambda h: runs(s, vm, h))
    given_up = (s.attempts[vm] == MOST_ATTEMPTS) | no(accepts(s, vm, host)) | s.stopping[vm]
    nobody = no(s.exists(Host, lambda m: is_master(s, m) & is_protected(s, m, vm) & can_use(s, m, host)))
    return leads_to(known & place, restarted | given_up | nobody)


@progress(source="L1; paper, section 2: a server that is not available is noticed")
def a_failure_is_noticed(s: Cluster, master: Host, host: Host) -> Any:
    """A master comes to see that a host has failed."""
    watches = is_master(s, master) & (master != host) & (s.role[host] != Role.NONE)
    noticed = s.seen[master, host] == Seen.FAILED
    return leads_to(watches & no(s.up[host]), noticed | s.up[host] | no(is_master(s, master)))


@progress(source="L2; paper, section 2: election; vSphere HA: all but one abdicate")
def every_component_has_one_master(s: Cluster, host: Host) -> Any:
    """Where links work in both directions, a host that hears others comes to have exactly one master."""
    near = s.count(Host, lambda h: is_master(s, h) & (connected(s, host, h) | (h == host)))
    both_ways = s.forall(Host, lambda h: s.sends[h] == s.receives[h])
    gone = no(has_agent(s, host)) | cut_off(s, host) | no(both_ways)
    if s.election == "cluster lock":
        anywhere = s.exists(Host, lambda h: is_master(s, h))
        return leads_to(has_agent(s, host) & both_ways, anywhere | gone)
    return leads_to(has_agent(s, host) & both_ways, (near == 1) | gone)


@progress(source="L3; Clark et al. 2005; paper, summary: a migration that cannot be finished")
def a_migration_ends(s: Cluster, vm: VM) -> Any:
    """Every migration ends, done or given up."""
    return leads_to(s.phase[vm] != Phase.IDLE, s.phase[vm] == Phase.IDLE)


@progress(source="L4; paper, section 3: a new secondary on a chosen server")
def redundancy_returns(s: Cluster, vm: VM, primary: Host, target: Host) -> Any:
    """A fault-tolerant VM without a secondary gets one where a host has a place for it."""
    free = (primary != target) & (s.copy[vm, target] == Copy.NONE) & connected(s, primary, target)
    healthy = runs(s, vm, primary) & (s.lock[vm, primary] == Lease.FRESH) & reaches_disk(s, vm, primary)
    alone = s.ft_enabled[vm] & healthy & no(s.paired[vm]) & (s.phase[vm] == Phase.IDLE)
    pair = s.exists(Host, lambda h: s.secondary[vm, h] == Secondary.LOCKSTEP)
    over = no(healthy) | no(accepts(s, vm, target)) | s.stopping[vm] | no(connected(s, primary, target))
    over = over | no(can_place_secondary(s, vm, primary, target))
    return leads_to(alone & free & accepts(s, vm, target), pair | over)


@progress(source="L5; paper, section 2: restarted on the same server")
def a_dead_guest_is_reset(s: Cluster, vm: VM, host: Host) -> Any:
    """A guest that failed works again, unless it was reset three times."""
    failed = runs(s, vm, host) & no(s.guest_works[vm]) & has_agent(s, host)
    over = (s.resets[vm] >= MOST_RESETS) | no(runs(s, vm, host)) | no(has_agent(s, host))
    return leads_to(failed, s.guest_works[vm] | over)


@progress(source="L6; paper, section 4: maintenance mode")
def maintenance_ends(s: Cluster, host: Host) -> Any:
    """A host that is to enter maintenance mode does so when everything on it can move by itself."""
    movable = s.forall(
        VM,
        lambda v: (
            no(runs(s, v, host))
            | (is_automatic(s, v) & s.exists(Host, lambda h: accepts(s, v, h) & connected(s, host, h)))
        ),
    )
    possible = s.drs != "off" and s.vmotion != "off"
    waits = (s.service[host] == Service.ENTERING) & s.up[host] & s.vcenter & movable & possible
    over = no(movable) | no(s.up[host]) | no(s.vcenter)
    return leads_to(waits, (s.service[host] != Service.ENTERING) | over)


@progress(mechanism="moves under way counted", source="L7; Proxmox VE bug 6801: ping-pong")
def drs_settles(s: Cluster) -> Any:
    """DRS comes to rest: no recommendation is left, and nothing is moved."""
    calm = s.forall(
        VM, lambda v: no(s.exists(Host, lambda h: moves_by_itself(s, v, h))) & (s.phase[v] == Phase.IDLE)
    )
    return leads_to(s.exists(Host, lambda h: contended(s, h)) & s.vcenter, calm | no(s.vcenter))


@progress(mechanism="lost lock detection", source="L8; vSphere HA deepdive: lost lock detection")
def one_copy_is_left(s: Cluster, vm: VM, host: Host) -> Any:
    """A copy that lost its lock is powered off when its host reaches the disk again."""
    orphan = runs(s, vm, host) & (s.lock[vm, host] == Lease.NONE) & reaches_disk(s, vm, host)
    return leads_to(orphan, no(runs(s, vm, host)) | no(reaches_disk(s, vm, host)))
