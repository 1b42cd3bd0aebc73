"""The state of a cluster on one page: hosts, copies of VMs, locks, roles, jobs, and the fixed data.

A VM is not "on a host": every host may have a copy of it, in some state, with some parts of it current.
So the model can express two running copies, a lost original, a stale copy that wakes up; that these do
not happen is for the mechanisms to achieve and for the properties to say.
"""

from __future__ import annotations

from enum import Enum

from ..language import Field, Mechanism, Setting, Sort, State, Static


class Host(Sort):
    """A hypervisor (ESXi server)."""


class VM(Sort):
    """A virtual machine."""


class Datastore(Sort):
    """A volume of shared storage."""


class Copy(Enum):
    """What a host has of a VM."""

    NONE = "none"
    RECEIVING = "receiving"
    COMPLETE = "complete"
    RUNNING = "running"
    STOPPED = "stopped"
    STALE = "stale"  # left behind by a crash: the memory is gone, the disk is as it was


class Secondary(Enum):
    """What a host has of a VM's FT secondary; apart from ``Copy``, so that one host may have both."""

    NONE = "none"
    STARTING = "starting"
    LOCKSTEP = "in lockstep"


class Part(Enum):
    """What a migration has to carry (paper, section 1); the fifth part is the network address."""

    CPU = "CPU registers"
    DEVICES = "device state"
    RAM = "RAM"
    DISK = "disk"


class Phase(Enum):
    """How far the migration of a VM has come."""

    IDLE = "idle"
    PRECOPY = "pre-copy"
    SWITCHOVER = "switchover"
    COMMITTED = "committed"
    ACTIVATED = "activated"


class Role(Enum):
    """What a host's HA agent is (paper, section 2)."""

    NONE = "no agent"
    SLAVE = "slave"
    ELECTION = "in election"
    MASTER = "master"


class Cluster(State):
    """Everything that changes, everything that does not, the policies, and the mechanisms."""

    # hosts
    up = Field(Host, value=bool, doc="the host works")
    maintenance = Field(Host, value=bool, doc="the host is in maintenance mode")
    storage = Field(Host, Datastore, value=bool, doc="the host reaches the datastore")
    role = Field(Host, value=Role, doc="what the host's HA agent is, or last was")
    heartbeat = Field(Host, value=bool, doc="the others hear the host's heartbeats")
    declared_dead = Field(Host, value=bool, doc="the master has given the host up")

    # copies of VMs
    copy = Field(VM, Host, value=Copy)
    current = Field(VM, Host, Part, value=bool, doc="this part of the copy is as the live copy's")
    lock = Field(VM, Host, value=bool, at_most_one=Host, doc="the host holds the lock of the VM's disk")
    address = Field(VM, Host, value=bool, doc="the network sends the VM's traffic to this host")
    secondary = Field(VM, Host, value=Secondary, doc="the host's share in Fault Tolerance")
    reserved = Field(VM, Host, value=bool, doc="the VM's reservation counts on this host")

    # migration
    phase = Field(VM, value=Phase)
    source = Field(VM, Host, value=bool)
    destination = Field(VM, Host, value=bool)

    # fixed data
    cpu = Static(Host, value=int, default=1, doc="MHz for VMs")
    memory = Static(Host, value=int, default=1, doc="MiB for VMs")
    cpu_reservation = Static(VM, value=int, default=0, doc="MHz")
    memory_reservation = Static(VM, value=int, default=0, doc="MiB")
    attached = Static(Host, Datastore, value=bool, default=True, doc="the host is connected to the datastore")
    stored_on = Static(VM, Datastore, value=bool, default=True, doc="the VM's disk is on the datastore")
    ranks_above = Static(Host, Host, value=bool, doc="its Managed Object ID is the higher, as a string")
    ha_priority = Static(VM, value=int, default=2, doc="3 high, 2 medium, 1 low, 0 restart disabled")
    fault_tolerant = Static(VM, value=bool, default=False)
    apart = Static(VM, VM, value=bool, default=False, doc="a rule keeps the two VMs on different hosts")
    permitted = Static(VM, Host, value=bool, default=True, doc="no must rule keeps the VM off the host")
    in_maintenance = Static(Host, value=bool, default=False, doc="the host begins in maintenance mode")
    placed = Static(VM, Host, value=bool, default=False, doc="the VM begins on this host")
    placed_secondary = Static(VM, Host, value=bool, default=False, doc="its secondary begins on this host")

    # policies
    start = Setting("as placed", "any legal placement", doc="where a run begins")
    ha = Setting(True, False, doc="the hosts are an HA cluster")
    ft = Setting(True, False, doc="Fault Tolerance may be used")
    drs = Setting("fully automated", "partially automated", "manual", "off")
    election = Setting("datastores", "cluster lock", doc="what decides who becomes master")

    # mechanisms
    disk_lock = Mechanism(
        "vm disk lock",
        "One host at a time holds the lock of a VM's disk; a host without it does not run the VM.",
        removed="a host runs a VM without asking who holds its disk",
        source="VMFS on-disk locks; vSphere HA deepdive",
    )
    acknowledgement = Mechanism(
        "commit acknowledgement",
        "The destination acknowledges a migration only when it has every part as the source has it.",
        removed="the destination acknowledges whatever has arrived",
        source="Clark et al. 2005, section 3.2; paper, section 1",
    )
    original_kept = Mechanism(
        "original kept until activation",
        "The source destroys its copy only when the destination runs the VM.",
        removed="the source may destroy its copy as soon as the migration has begun",
        source="paper, section 1 and summary",
    )
    one_job = Mechanism(
        "one job per VM",
        "A VM has at most one migration at a time, and nobody restarts it meanwhile.",
        removed="a second migration of a VM may begin while the first is under way",
        source="libvirt job lock; vCenter task queue",
    )
    placement_check = Mechanism(
        "placement check",
        "A host takes a VM only when its reservations fit beside those it has, and no must rule is broken.",
        removed="a host takes any VM",
        source="vSphere HA and DRS placement; paper, sections 2 and 4",
    )
    election_rule = Mechanism(
        "election",
        "A host becomes master only where no master is heard, and when it beats every other host: most"
        " datastores, then the higher Managed Object ID.",
        removed="any host may become master at any time",
        source="paper, section 2; vSphere HA deepdive, election",
    )
    cluster_lock = Mechanism(
        "cluster lock",
        "With election by cluster lock a host becomes master only by taking the one lock.",
        removed="any host may become master at any time",
        source="Proxmox VE HA manager lock",
    )
    host_heartbeat = Mechanism(
        "host heartbeat",
        "The master declares a host dead only when no heartbeat comes from it.",
        removed="the master may declare any host dead",
        source="paper, section 2",
    )
    other_host = Mechanism(
        "secondary on another host",
        "The secondary of a VM is placed on a host that does not run the primary.",
        removed="primary and secondary may share a host",
        source="paper, section 3",
    )
    ft_heartbeat = Mechanism(
        "FT heartbeat",
        "A secondary takes over only when the primary's heartbeat is missing.",
        removed="a secondary may take over at any time",
        source="paper, section 3",
    )
    log_drained = Mechanism(
        "log drained before go-live",
        "A secondary replays everything it has received before it goes live.",
        removed="a secondary goes live in whatever state it is",
        source="Scales et al. 2010, section 2.2",
    )
