"""High Availability: agents elect a master; the master declares hosts dead and restarts their VMs.

Paper, section 2; vSphere HA deepdive (election, heartbeats, restart). The lease of a failed host's disk
locks runs out by itself; what it had reserved is freed VM by VM.
"""

from __future__ import annotations

from typing import Any

from ..language import action, derived, no, require
from .migration import nobody_locks
from .placement import accepts, alive, require_place
from .state import VM, Cluster, Copy, Datastore, Host, Phase, Role, Secondary


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
def is_master(s: Cluster, host: Host) -> Any:
    """The host works and its agent is master."""
    return s.up[host] & (s.role[host] == Role.MASTER)


def has_agent(s: Cluster, host: Host) -> Any:
    """The host works and takes part in High Availability."""
    return s.up[host] & (s.role[host] != Role.NONE)


def a_master_works(s: Cluster) -> Any:
    """Some host is master and can act."""
    return s.exists(Host, lambda h: is_master(s, h))


def a_master_is_heard(s: Cluster) -> Any:
    """The heartbeats of a master arrive."""
    return s.exists(Host, lambda h: (s.role[h] == Role.MASTER) & s.heartbeat[h])


@action(agent="host", fairness="weak", source="deepdive: host time-out 10 s, datastore heartbeats 15 s")
def miss_heartbeats(s: Cluster, host: Host) -> None:
    """The heartbeats of a host stay away, on the network and on the datastores."""
    require(no(s.up[host]), "the host sends heartbeats")
    require(s.heartbeat[host], "its heartbeats are missed already")
    s.heartbeat[host] = False


@action(agent="slave", fairness="weak", source="paper, section 2: slaves watch the master")
def start_election(s: Cluster, host: Host) -> None:
    """A slave no longer hears a master and takes part in an election."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] == Role.SLAVE, "the host is no slave")
    require(no(a_master_is_heard(s)), "a master is heard")
    s.role[host] = Role.ELECTION


@action(agent="candidate", fairness="weak", source="paper, section 2: datastores, then Managed Object ID")
def become_master(s: Cluster, host: Host) -> None:
    """A candidate wins the election and becomes master."""
    require(has_agent(s, host), "the host has no working agent")
    if s.election == "datastores":
        require(s.role[host] == Role.ELECTION, "the host is not in an election", mechanism="election")
        require(no(a_master_is_heard(s)), "a master is heard", mechanism="election")
        rivals = s.exists(Host, lambda h: (h != host) & has_agent(s, h) & no(beats(s, host, h)))
        require(
            no(rivals),
            "another host has more datastores or the higher Managed Object ID",
            mechanism="election",
        )
    else:
        require(no(a_master_works(s)), "another host holds the cluster lock", mechanism="cluster lock")
    s.role[host] = Role.MASTER
    s.heartbeat[host] = True  # the others hear who has won
    s.declared_dead[host] = False


@action(agent="candidate", fairness="weak")
def follow_master(s: Cluster, host: Host) -> None:
    """A candidate hears the master and becomes its slave."""
    require(has_agent(s, host), "the host has no working agent")
    require(s.role[host] == Role.ELECTION, "the host is not in an election")
    require(a_master_is_heard(s), "no master is heard")
    s.role[host] = Role.SLAVE


@action(
    agent="master", fairness="weak", source="paper, section 2; deepdive: no network or datastore heartbeat"
)
def declare_dead(s: Cluster, host: Host) -> None:
    """The master gives up a host from which no heartbeat comes."""
    require(a_master_works(s), "there is no master")
    require(no(is_master(s, host)), "the host is the master")
    require(no(s.declared_dead[host]), "the host is declared dead already")
    require(no(s.heartbeat[host]), "heartbeats come from the host", mechanism="host heartbeat")
    s.declared_dead[host] = True


@action(agent="master", fairness="weak")
def hear_again(s: Cluster, host: Host) -> None:
    """A host that was not heard for a while is heard again."""
    require(s.up[host], "no heartbeat comes from the host")
    require(no(s.heartbeat[host]) | s.declared_dead[host], "the host is heard")
    s.heartbeat[host] = True
    s.declared_dead[host] = False


@action(agent="storage", fairness="weak", source="VMFS: a lock that is not renewed expires")
def expire_lock(s: Cluster, vm: VM, host: Host) -> None:
    """The disk lock runs out of a host that failed, or that came back without the VM."""
    require(s.lock[vm, host], "the host does not hold the lock")
    require(no(s.up[host] & alive(s, vm, host)), "the host renews its lock")
    s.lock[vm, host] = False


@action(agent="host", fairness="weak")
def free_reservation(s: Cluster, vm: VM, host: Host) -> None:
    """What a VM had reserved on a host that lost it is freed."""
    require(s.reserved[vm, host], "nothing is reserved")
    lost = (s.copy[vm, host] == Copy.NONE) | (s.copy[vm, host] == Copy.STALE)
    require(lost & (s.secondary[vm, host] == Secondary.NONE), "the host has the VM")
    s.reserved[vm, host] = False


@action(agent="host", fairness="weak")
def discard_stale(s: Cluster, vm: VM, host: Host) -> None:
    """A host that came back deletes its old copy of a VM that runs elsewhere."""
    require(s.up[host], "the host is down")
    require(s.copy[vm, host] == Copy.STALE, "the copy is no leftover")
    elsewhere = s.exists(Host, lambda h: (s.copy[vm, h] == Copy.RUNNING) & (h != host))
    require(elsewhere, "the VM does not run elsewhere")
    s.copy[vm, host] = Copy.NONE
    s.current[vm, host, :] = False


def has_copy(s: Cluster, vm: VM, host: Host) -> Any:
    """The host has something of the VM."""
    return s.copy[vm, host] != Copy.NONE


@derived
def waits_for_restart(s: Cluster, vm: VM) -> Any:
    """As far as the master knows, the VM runs nowhere, and HA is to restart it."""
    gone = s.forall(
        Host, lambda h: no(has_copy(s, vm, h)) | s.declared_dead[h] | (s.up[h] & no(alive(s, vm, h)))
    )
    covered = s.exists(Host, lambda h: s.up[h] & (s.secondary[vm, h] == Secondary.LOCKSTEP))
    return gone & no(covered) & (s.ha_priority[vm] > 0)


def higher_waits(s: Cluster, vm: VM) -> Any:
    """A VM of higher restart priority waits, and some host could take it."""
    return s.exists(
        VM,
        lambda other: (
            (s.ha_priority[other] > s.ha_priority[vm])
            & waits_for_restart(s, other)
            & s.exists(Host, lambda h: accepts(s, other, h) & no(s.declared_dead[h]))
        ),
    )


@action(agent="master", fairness="weak", source="paper, section 2: restart on hosts that have a reserve")
def restart(s: Cluster, vm: VM, host: Host) -> None:
    """The master has a VM of a failed host powered on again."""
    require(s.ha, "High Availability is off")
    require(a_master_works(s), "there is no master")
    require(waits_for_restart(s, vm), "the VM does not wait for a restart")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved", mechanism="one job per VM")
    free = (s.copy[vm, host] == Copy.NONE) | (s.copy[vm, host] == Copy.STALE)
    require(free, "the host has a copy of the VM")
    require(no(s.declared_dead[host]), "the host is declared dead")
    require_place(s, vm, host)
    require(no(higher_waits(s, vm)), "a VM of higher restart priority waits")
    require(nobody_locks(s, vm), "a host holds the disk lock", mechanism="vm disk lock")
    s.copy[vm, host] = Copy.RUNNING
    s.lock[vm, host] = True
    s.reserved[vm, host] = True
    s.current[vm, :, :] = lambda h, part: h == host
    s.address[vm, :] = lambda h: h == host
