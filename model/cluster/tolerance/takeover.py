"""When one of a pair is not heard: an atomic test-and-set on shared storage decides who goes live.

Paper, section 3: heartbeats of both; Scales et al. 2010, section 2.3. The winner runs on alone and asks for a
new secondary, the loser halts; who does not reach the storage waits.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require, where
from ..placement import alive, reaches_disk, runs
from ..state import VM, Cluster, Copy, Host, Lease, Phase, Secondary
from .log import empty_log, secondary_listens


@derived
def primary_is_heard(s: Cluster, vm: VM) -> Any:
    """The primary answers its secondary's heartbeats."""
    return s.log_link[vm] & s.exists(Host, lambda h: s.up[h] & alive(s, vm, h))


def require_test_and_set(s: Cluster, vm: VM, host: Host) -> None:
    """The host wins the test-and-set: it reaches the storage, and the other has not been there."""
    require(reaches_disk(s, vm, host), "the shared storage is out of reach: it waits")
    require(no(s.taken[vm, host]), "the other has won the test-and-set", mechanism="FT test-and-set")


@action(agent="secondary's host", fairness="weak", source="paper, section 3; Scales et al. 2010, section 2.3")
def fail_over(s: Cluster, vm: VM, host: Host) -> None:
    """The secondary wins, takes the disk over, goes live and announces the VM's network address."""
    require(s.up[host], "the secondary's host is down")
    require(s.secondary[vm, host] == Secondary.LOCKSTEP, "no secondary runs here")
    require(no(primary_is_heard(s, vm)), "the primary's heartbeat arrives", mechanism="FT heartbeat")
    handed_over = (s.phase[vm] == Phase.SWITCHOVER) | (s.phase[vm] == Phase.COMMITTED)
    require(no(handed_over), "a migration is handing the VM and its disk lock over: it waits")
    drained = s.unreplayed[vm] == 0
    require(drained, "the log is not replayed to its end", mechanism="log drained before go-live")
    require_test_and_set(s, vm, host)
    whole = drained & (s.owed[vm] == 0)
    s.taken[vm, :] = lambda h: (h != host) & (s.taken[vm, h] | runs(s, vm, h))
    s.secondary[vm, host] = Secondary.NONE
    s.copy[vm, host] = Copy.RUNNING
    s.lock[vm, :] = lambda h: where(h == host, Lease.FRESH, Lease.NONE)
    s.address[vm, :] = lambda h: h == host
    s.current[vm, :, :] = lambda h, part: (h == host) & whole
    empty_log(s, vm)


@action(agent="primary's host", fairness="weak", source="Scales et al. 2010, section 2.3")
def go_on_alone(s: Cluster, vm: VM, host: Host) -> None:
    """The primary no longer hears its secondary, wins, and goes on without one."""
    require(runs(s, vm, host) & s.paired[vm], "the VM does not run here as one of a pair")
    listening = s.exists(Host, lambda h: secondary_listens(s, vm, h))
    require(no(listening), "the secondary's heartbeat arrives", mechanism="FT heartbeat")
    held = s.lock[vm, host] != Lease.NONE
    require(held, "the copy has lost its lock: it is no longer the VM", mechanism="FT test-and-set")
    require_test_and_set(s, vm, host)
    s.taken[vm, :] = lambda h: (h != host) & (s.taken[vm, h] | (s.secondary[vm, h] != Secondary.NONE))
    s.lock[vm, host] = Lease.FRESH
    s.address[vm, host] = True
    empty_log(s, vm)


@action(agent="primary's host", fairness="weak", source="Scales et al. 2010, section 2.3: the loser halts")
def halt_primary(s: Cluster, vm: VM, host: Host) -> None:
    """A primary that has lost the test-and-set halts."""
    require(runs(s, vm, host), "the VM does not run here")
    require(reaches_disk(s, vm, host), "the shared storage is out of reach: it waits")
    require(s.taken[vm, host], "the other has not won")
    s.taken[vm, host] = False
    s.copy[vm, host] = Copy.NONE
    s.current[vm, host, :] = False
    s.reserved[vm, host] = False
    s.address[vm, host] = False


@action(agent="secondary's host", fairness="weak", source="Scales et al. 2010, section 2.3: the loser halts")
def halt_secondary(s: Cluster, vm: VM, host: Host) -> None:
    """A secondary without a pair halts: the primary has won, or the VM was restarted or stopped."""
    require(s.up[host] & (s.secondary[vm, host] == Secondary.LOCKSTEP), "no secondary runs here")
    require(s.taken[vm, host] | no(s.paired[vm]), "the pair exists")
    s.taken[vm, host] = False
    s.secondary[vm, host] = Secondary.NONE
    s.reserved[vm, host] = False
