"""The log between primary and secondary, as distances: sent, received, replayed, acknowledged.

Scales et al. 2010, sections 2.1 and 2.2. The buffer bounds them: when it is full the primary stalls. An
output waits until the secondary has acknowledged every entry before it.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, mechanism, require, where
from ..placement import runs
from ..state import LOG_BUFFER, VM, Cluster, Host, Lease, Secondary


@derived
def is_primary(s: Cluster, vm: VM, host: Host) -> Any:
    """The VM runs here as one of a pair."""
    return runs(s, vm, host) & s.paired[vm] & (s.lock[vm, host] != Lease.NONE)


@derived
def secondary_listens(s: Cluster, vm: VM, host: Host) -> Any:
    """The secondary runs here and the logging network reaches it."""
    return s.up[host] & (s.secondary[vm, host] == Secondary.LOCKSTEP) & s.log_link[vm]


@action(agent="guest", kind="guest", observable=False, source="Scales et al. 2010, section 2.1")
def log_event(s: Cluster, vm: VM, host: Host) -> None:
    """Something happens to the guest that it cannot compute itself; the primary logs it."""
    require(is_primary(s, vm, host), "the VM does not run here as one of a pair")
    require(s.unacknowledged[vm] < LOG_BUFFER, "the log buffer is full: the primary stalls")
    s.unacknowledged[vm] = s.unacknowledged[vm] + 1
    s.in_flight[vm] = s.in_flight[vm] + 1


@action(agent="guest", kind="guest", observable=False, source="Scales et al. 2010, section 2.2")
def produce_output(s: Cluster, vm: VM, host: Host) -> None:
    """The guest sends or writes; the output waits for all entries so far."""
    require(is_primary(s, vm, host), "the VM does not run here as one of a pair")
    require(s.output[vm] == 0, "an output waits already")
    s.output[vm] = s.unacknowledged[vm] + 1


@action(agent="primary's host", fairness="weak", source="Scales et al. 2010, section 2.2: the output rule")
def release_output(s: Cluster, vm: VM, host: Host) -> None:
    """The output leaves."""
    require(is_primary(s, vm, host), "the VM does not run here as one of a pair")
    require(s.output[vm] > 0, "no output waits")
    require(s.output[vm] == 1, "the secondary has not acknowledged", mechanism="FT output rule")
    arrived = s.unacknowledged[vm] - s.in_flight[vm]
    missing = s.output[vm] - 1 - arrived
    s.output[vm] = 0
    s.owed[vm] = where(missing > 0, missing, 0)


@action(agent="network", fairness="weak", source="Scales et al. 2010, section 2.1")
def deliver_entry(s: Cluster, vm: VM, host: Host) -> None:
    """The secondary receives a log entry; its own buffer bounds how far it may lag."""
    require(secondary_listens(s, vm, host), "no secondary listens here")
    require(s.in_flight[vm] > 0, "nothing is on its way")
    require(s.unreplayed[vm] < LOG_BUFFER, "the secondary lags too far behind")
    s.in_flight[vm] = s.in_flight[vm] - 1
    s.unreplayed[vm] = s.unreplayed[vm] + 1
    s.owed[vm] = where(s.owed[vm] > 0, s.owed[vm] - 1, 0)


@action(agent="network", fairness="weak", source="Scales et al. 2010, section 2.2")
def acknowledge_entry(s: Cluster, vm: VM, host: Host) -> None:
    """The primary learns that the secondary has received an entry."""
    require(is_primary(s, vm, host), "the VM does not run here as one of a pair")
    require(s.exists(Host, lambda h: secondary_listens(s, vm, h)), "no secondary listens")
    require(s.unacknowledged[vm] > s.in_flight[vm], "no entry was received that is not acknowledged")
    s.unacknowledged[vm] = s.unacknowledged[vm] - 1
    s.output[vm] = where(s.output[vm] > 1, s.output[vm] - 1, s.output[vm])


@action(agent="secondary's host", fairness="weak", source="Scales et al. 2010, section 2.1; paper, section 3")
def replay_entry(s: Cluster, vm: VM, host: Host) -> None:
    """The secondary replays an entry; what it would send is dropped by its hypervisor."""
    require(s.up[host], "the secondary's host is down")
    require(s.secondary[vm, host] == Secondary.LOCKSTEP, "no secondary runs here")
    require(s.unreplayed[vm] > 0, "everything is replayed")
    heard = s.address[vm, host]
    s.unreplayed[vm] = s.unreplayed[vm] - 1
    s.address[vm, host] = True
    with mechanism("secondary output suppressed"):
        s.address[vm, host] = heard


def empty_log(s: Cluster, vm: VM) -> None:
    """Effects: the pair is no more, and its log with it."""
    s.paired[vm] = False
    s.unacknowledged[vm] = 0
    s.in_flight[vm] = 0
    s.unreplayed[vm] = 0
    s.output[vm] = 0
    s.owed[vm] = 0
