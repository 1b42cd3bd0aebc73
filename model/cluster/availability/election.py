"""Who is master: election where none is heard, and abdication where there are two.

Paper, section 2; vSphere HA deepdive, election. Every partition elects its own master; when it heals,
there are two for a moment, and one abdicates.
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, no, require
from ..network import (
    connected,
    cut_off,
    has_a_master,
    has_agent,
    hears,
    hears_a_master,
    is_master,
)
from ..state import Cluster, Datastore, Host, Lease, Role, Seen


@derived
def datastores(s: Cluster, host: Host) -> Any:
    """To how many datastores the host is connected."""
    return s.count(Datastore, lambda d: s.storage[host, d])


@derived
def beats(s: Cluster, host: Host, other: Host) -> Any:
    """The host comes before the other in an election: more datastores, then the higher Managed Object ID."""
    mine, theirs = datastores(s, host), datastores(s, other)
    return (mine > theirs) | ((mine == theirs) & s.ranks_above[host, other])


@derived
def competes(s: Cluster, host: Host, other: Host) -> Any:
    """The host hears another one that may become master: one that is not isolated."""
    return (host != other) & has_agent(s, other) & hears(s, host, other) & no(s.isolated[other])


@action(agent="slave", fairness="weak", source="paper, section 2: slaves watch the master; time-out 10 s")
def start_election(s: Cluster, host: Host) -> None:
    """A slave no longer hears a master and takes part in an election."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] == Role.SLAVE, "the host is no slave")
    require(no(has_a_master(s, host)), "a master is heard")
    s.role[host] = Role.ELECTION


@action(agent="candidate", fairness="weak", source="paper, section 2: datastores, then Managed Object ID")
def become_master(s: Cluster, host: Host) -> None:
    """A candidate wins the election and becomes master; it knows of no failed restarts."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] != Role.MASTER, "the host is master")
    if s.election == "datastores":
        require(s.role[host] == Role.ELECTION, "the host is not in an election", mechanism="election")
        require(no(cut_off(s, host)), "the host is isolated", mechanism="election")
        require(no(hears_a_master(s, host)), "a master is heard", mechanism="election")
        require(
            no(s.exists(Host, lambda h: competes(s, host, h) & no(beats(s, host, h)))),
            "another host has more datastores or the higher Managed Object ID",
            mechanism="election",
        )
    else:
        require(no(cut_off(s, host)), "the host is isolated", mechanism="cluster lock")
        held = s.exists(Host, lambda h: is_master(s, h))
        require(no(held), "another host holds the cluster lock", mechanism="cluster lock")
    beside = s.exists(Host, lambda h: (h != host) & is_master(s, h) & connected(s, host, h))
    s.role[host] = Role.MASTER
    s.seen[host, :] = Seen.RUNNING
    s.attempts[:] = 0
    s.elected_beside[host] = beside


@action(agent="candidate", fairness="weak", source="vSphere HA deepdive: connected to the master")
def follow_master(s: Cluster, host: Host) -> None:
    """A candidate hears the master and becomes its slave."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] == Role.ELECTION, "the host is not in an election")
    require(has_a_master(s, host), "no master is heard")
    s.role[host] = Role.SLAVE


def step_down(s: Cluster, host: Host, role: Role) -> None:
    """Effects: the host is no longer master, and releases the protected lists."""
    s.role[host] = role
    s.list_lock[host, :] = Lease.NONE
    s.seen[host, :] = Seen.RUNNING
    s.elected_beside[host] = False


@action(
    agent="master",
    fairness="weak",
    source="vSphere API: all but one of the masters abdicate after a partition",
)
def abdicate(s: Cluster, host: Host, better: Host) -> None:
    """Of two masters that hear each other again, the one that would lose an election steps down."""
    require(is_master(s, host) & is_master(s, better), "these are not two masters")
    require(hears(s, host, better), "the other master is not heard")
    require(beats(s, better, host), "the other master would lose an election")
    step_down(s, host, Role.SLAVE)
