"""The master's list of hosts: what it makes of each, from the heartbeats that it finds.

Paper, section 2: heartbeats over the management network, and over datastores. vSphere HA deepdive:

    network heartbeat  datastore heartbeat  isolation flag
    yes                                                     running
    no                 yes                  yes             isolated
    no                 yes                  no              partitioned
    no                 no                                   failed
"""

from __future__ import annotations

from typing import Any

from ...language import action, derived, mechanism, no, require
from ..network import connected, has_agent, is_master
from ..state import Cluster, Datastore, Host, Role, Seen


@derived
def network_heartbeat(s: Cluster, master: Host, host: Host) -> Any:
    """Heartbeats go between the host's agent and the master, over a connection on the management network."""
    return has_agent(s, host) & connected(s, master, host)


@derived
def datastore_heartbeat(s: Cluster, master: Host, host: Host) -> Any:
    """The host renews its heartbeat on a datastore that the master reaches."""
    common = s.exists(Datastore, lambda d: s.storage[master, d] & s.storage[host, d])
    return has_agent(s, host) & common


def require_watched(s: Cluster, master: Host, host: Host, news: Seen) -> None:
    """The master watches the host, and this would be news to it."""
    require(is_master(s, master), "the host is no master")
    require((master != host) & (s.role[host] != Role.NONE), "the master does not watch this host")
    require(s.seen[master, host] != news, "the master knows")


@action(agent="master", fairness="weak", source="vSphere HA deepdive, host states: running")
def hear_host(s: Cluster, master: Host, host: Host) -> None:
    """Heartbeats of a host arrive again."""
    require_watched(s, master, host, Seen.RUNNING)
    require(network_heartbeat(s, master, host), "no heartbeat comes over the network")
    s.seen[master, host] = Seen.RUNNING


@action(agent="master", fairness="weak", source="vSphere HA deepdive, host states: partitioned")
def find_partitioned(s: Cluster, master: Host, host: Host) -> None:
    """A host is not heard, but renews its heartbeat on a datastore."""
    require_watched(s, master, host, Seen.PARTITIONED)
    require(no(network_heartbeat(s, master, host)), "heartbeats come over the network")
    require(datastore_heartbeat(s, master, host), "no heartbeat is found on a common datastore")
    require(no(s.isolated[host]), "the host has declared itself isolated")
    s.seen[master, host] = Seen.PARTITIONED


@action(agent="master", fairness="weak", source="vSphere HA deepdive, host states: isolated")
def find_isolated(s: Cluster, master: Host, host: Host) -> None:
    """A host is not heard, and its poweron file on a datastore says that it is isolated."""
    require_watched(s, master, host, Seen.ISOLATED)
    require(no(network_heartbeat(s, master, host)), "heartbeats come over the network")
    require(datastore_heartbeat(s, master, host), "no heartbeat is found on a common datastore")
    require(s.isolated[host], "the host has not declared itself isolated")
    s.seen[master, host] = Seen.ISOLATED


@action(
    agent="master", fairness="weak", source="paper, section 2; vSphere HA deepdive: dead after 15 or 18 s"
)
def declare_dead(s: Cluster, master: Host, host: Host) -> None:
    """The master gives up a host of which no heartbeat comes, on the network or on a datastore."""
    require_watched(s, master, host, Seen.FAILED)
    silent = no(network_heartbeat(s, master, host))
    require(silent, "heartbeats come over the network", mechanism="host heartbeat")
    absent = no(datastore_heartbeat(s, master, host))
    require(absent, "a heartbeat is found on a common datastore", mechanism="datastore heartbeat")
    s.seen[master, host] = Seen.FAILED


@action(agent="environment", kind="fault", budget="false_suspicion", source="slow heartbeats")
def suspect_falsely(s: Cluster, master: Host, host: Host) -> None:
    """The heartbeats of a host that works come too late, on the network and on the datastores."""
    require_watched(s, master, host, Seen.FAILED)
    require(s.up[host], "the host is down")
    s.seen[master, host] = Seen.FAILED


@action(
    agent="environment",
    kind="fault",
    budget="forged_heartbeat",
    source="paper, section 2: a secure SSL channel",
)
def forge_heartbeat(s: Cluster, master: Host, host: Host) -> None:
    """Somebody sends a heartbeat in the name of a host; the master finds no valid certificate."""
    require_watched(s, master, host, Seen.RUNNING)
    require(no(network_heartbeat(s, master, host)), "the host sends heartbeats itself")
    believed = s.seen[master, host]
    s.seen[master, host] = Seen.RUNNING
    with mechanism("heartbeat authentication"):
        s.seen[master, host] = believed
