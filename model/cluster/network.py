"""Who hears whom on the management network. No transitive closure: a segment is what hears each other."""

from __future__ import annotations

from typing import Any

from ..language import axiom, derived, no
from .state import Cluster, Host, Role, Segment


@derived
def carries(s: Cluster, host: Host, other: Host) -> Any:
    """The network brings what the other host sends to this one."""
    same = s.component[host] == s.component[other]
    return s.receives[host] & s.sends[other] & same


@derived
def hears(s: Cluster, host: Host, other: Host) -> Any:
    """What the other host sends over the management network arrives at this one."""
    return s.up[host] & s.up[other] & carries(s, host, other)


@derived
def connected(s: Cluster, one: Host, other: Host) -> Any:
    """The two hosts hear each other."""
    return hears(s, one, other) & hears(s, other, one)


@derived
def has_agent(s: Cluster, host: Host) -> Any:
    """The host works and takes part in High Availability."""
    return s.up[host] & (s.role[host] != Role.NONE)


@derived
def is_master(s: Cluster, host: Host) -> Any:
    """The host works and its agent is master."""
    return s.up[host] & (s.role[host] == Role.MASTER)


@derived
def hears_a_master(s: Cluster, host: Host) -> Any:
    """The heartbeats of another host that is master arrive."""
    return s.exists(Host, lambda h: (h != host) & is_master(s, h) & hears(s, host, h))


@derived
def has_a_master(s: Cluster, host: Host) -> Any:
    """Another host is master, and both hear each other: heartbeats go over a connection."""
    return s.exists(Host, lambda h: (h != host) & is_master(s, h) & connected(s, host, h))


@derived
def reaches_isolation_address(s: Cluster, host: Host) -> Any:
    """The host's ping of the isolation address, its gateway, is answered."""
    return s.up[host] & s.sends[host] & s.receives[host]


@derived
def cut_off(s: Cluster, host: Host) -> Any:
    """The host hears no other agent and gets no answer from the isolation address."""
    alone = no(s.exists(Host, lambda h: (h != host) & has_agent(s, h) & hears(s, host, h)))
    return alone & no(reaches_isolation_address(s, host))


@axiom
def one_segment_is_the_whole_network(s: Cluster, one: Segment, other: Segment) -> Any:
    """At most one segment is where the hosts begin."""
    return no(s.whole_network[one] & s.whole_network[other]) | (one == other)
