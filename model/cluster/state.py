"""The state of a cluster on one page: hosts, copies of VMs, leases, views, jobs, logs, and the fixed data.

A VM is not "on a host": every host may have a copy of it, in some state, with some parts of it current.
So the model can express two running copies, a lost original, a stale copy that wakes up; that these do
not happen is for the mechanisms to achieve and for the properties to say.
"""

from __future__ import annotations

from enum import Enum

from ..language import Field, Range, Setting, Sort, State, Static
from .mechanisms import (
    AvailabilityMechanisms,
    MigrationMechanisms,
    SchedulingMechanisms,
    ToleranceMechanisms,
)

MOST_ATTEMPTS = 5  # vSphere HA deepdive: five tries to restart a VM
MOST_RESETS = 3  # vSphere HA deepdive: three resets in a window
LOG_BUFFER = 2  # entries; a full buffer stalls the primary (Scales et al. 2010, section 2.4)


class Host(Sort):
    """A hypervisor (ESXi server)."""


class VM(Sort):
    """A virtual machine."""


class Datastore(Sort):
    """A volume of storage, shared by the hosts that are attached to it."""


class Segment(Sort):
    """A part of the management network whose hosts hear each other; one of them is the whole network."""


class Copy(Enum):
    """What a host has of a VM."""

    NONE = "none"
    RECEIVING = "receiving"
    COMPLETE = "complete"
    RUNNING = "running"
    STOPPED = "stopped"  # for the last moment of a migration
    OFF = "powered off"
    STALE = "stale"  # left behind by a failure: the memory is gone, the disk is as it was


class Secondary(Enum):
    """What a host has of a VM's FT secondary; apart from ``Copy``, so that one host may have both."""

    NONE = "none"
    STARTING = "starting"
    LOCKSTEP = "in lockstep"


class Part(Enum):
    """What a host holds of a VM (paper, section 1); datastores have the disk, the network the address."""

    CPU = "CPU registers"
    DEVICES = "device state"
    RAM = "RAM"


class Disk(Enum):
    """What a datastore has of a VM's disk."""

    NONE = "none"
    COPYING = "being copied"
    MIRRORED = "mirrored"
    LIVE = "live"
    OLD = "old"


class Lease(Enum):
    """How a lock on storage stands: whoever does not renew it may lose it."""

    NONE = "none"
    FRESH = "renewed"
    LAPSED = "not renewed"


class Phase(Enum):
    """How far the migration of a VM's state has come."""

    IDLE = "idle"
    PRECOPY = "pre-copy"
    SWITCHOVER = "switchover"
    COMMITTED = "committed"
    ACTIVATED = "activated"
    COLD = "cold copy"


class Role(Enum):
    """What a host's HA agent is (paper, section 2)."""

    NONE = "no agent"
    SLAVE = "slave"
    ELECTION = "in election"
    MASTER = "master"


class Seen(Enum):
    """What a master makes of a host (vSphere HA deepdive, the table of heartbeats)."""

    RUNNING = "running"
    PARTITIONED = "partitioned"
    ISOLATED = "isolated"
    FAILED = "failed"


class Service(Enum):
    """Whether a host is there for VMs."""

    NORMAL = "in service"
    ENTERING = "entering maintenance mode"
    MAINTENANCE = "in maintenance mode"


class Origin(Enum):
    """The machine that a VM is converted from, a physical server or another product's VM."""

    NONE = "none"
    SERVING = "serving"
    OFF = "powered off"


class Conversion(Enum):
    """How far the conversion of a machine has come."""

    NONE = "none"
    COPYING = "being copied"
    COPIED = "copied"
    VERIFIED = "verified"
    STARTED = "started"
    ACCEPTED = "accepted"


class Automation(Enum):
    """A VM's own DRS automation level."""

    CLUSTER = "as the cluster"
    MANUAL = "manual"
    PARTIAL = "partially automated"
    FULL = "fully automated"


class Policies(State):
    """The settings of a cluster: the same for a whole run."""

    start = Setting("as placed", "any legal placement", doc="where a run begins")
    ha = Setting(True, False, doc="the hosts are an HA cluster")
    ft = Setting(True, False, doc="Fault Tolerance may be used")
    drs = Setting("fully automated", "partially automated", "manual", "off")
    migration_threshold = Setting(3, 1, 2, 4, 5, doc="the least urgent priority that DRS carries out itself")
    vmotion = Setting("on", "DRS only", "off", doc="who begins live migrations")
    storage_vmotion = Setting(True, False, doc="disks may be moved")
    election = Setting("datastores", "cluster lock", doc="what decides who becomes master")
    isolation_response = Setting("leave powered on", "power off", doc="what an isolated host does to its VMs")
    self_fence = Setting("off", "on", doc="hosts stop VMs whose lock they cannot renew")


class Cluster(
    Policies, MigrationMechanisms, AvailabilityMechanisms, ToleranceMechanisms, SchedulingMechanisms
):
    """Everything that changes, and everything that does not."""

    # hosts and their links
    up = Field(Host, value=bool, doc="the host works")
    service = Field(Host, value=Service)
    component = Field(Host, value=Segment, doc="the part of the management network that the host is in")
    sends = Field(Host, value=bool, doc="what the host sends leaves it")
    receives = Field(Host, value=bool, doc="what is sent to the host arrives")
    storage = Field(Host, Datastore, value=bool, doc="the host reaches the datastore")
    vcenter = Field(value=bool, doc="vCenter Server works")

    # copies of VMs
    copy = Field(VM, Host, value=Copy)
    current = Field(VM, Host, Part, value=bool, doc="this part of the copy is as the live copy's")
    disk = Field(VM, Datastore, value=Disk)
    disk_current = Field(VM, Datastore, value=bool, doc="this copy of the disk is as the live one")
    lock = Field(VM, Host, value=Lease, doc="the host's lease on the VM's disk")
    address = Field(VM, Host, value=bool, doc="the network sends the VM's traffic to this host")
    reserved = Field(VM, Host, value=bool, doc="the VM's reservation counts on this host")
    guest_works = Field(VM, value=bool, doc="the guest operating system responds")
    resets = Field(VM, value=Range(0, MOST_RESETS + 1), doc="how often VM monitoring has reset the guest")

    # migration and conversion
    phase = Field(VM, value=Phase)
    source = Field(VM, Host, value=bool)
    destination = Field(VM, Host, value=bool)
    acknowledged = Field(VM, value=bool, doc="the destination's acknowledgement is on its way")
    origin = Field(VM, value=Origin)
    conversion = Field(VM, value=Conversion)
    resized = Field(VM, value=bool, doc="the conversion has changed the size of the disk")

    # High Availability
    role = Field(Host, value=Role, doc="what the host's HA agent is, or last was")
    seen = Field(Host, Host, value=Seen, doc="what the first host, as master, makes of the second")
    isolated = Field(Host, value=bool, doc="the host has declared itself isolated in its poweron file")
    list_lock = Field(Host, Datastore, value=Lease, doc="the host's lease on the datastore's protected list")
    listed = Field(VM, value=bool, doc="the VM is on the protected list of its datastore")
    reported = Field(VM, value=bool, doc="vCenter shows the VM as protected")
    powered_off = Field(VM, value=bool, doc="HA has powered the VM off and left the power-off file")
    attempts = Field(VM, value=Range(0, MOST_ATTEMPTS), doc="failed restarts that the master has counted")
    stopping = Field(VM, value=bool, doc="the user has asked for the VM to be stopped")
    stopped = Field(VM, value=bool, doc="the user has been told that the VM is off")

    # Fault Tolerance
    secondary = Field(VM, Host, value=Secondary, doc="the host's share in Fault Tolerance")
    ft_enabled = Field(VM, value=bool, doc="the VM is to have a secondary")
    paired = Field(VM, value=bool, doc="the primary runs as one of a pair")
    log_link = Field(VM, value=bool, doc="the logging network connects the pair")
    unacknowledged = Field(VM, value=Range(0, LOG_BUFFER), doc="log entries sent and not acknowledged")
    in_flight = Field(VM, value=Range(0, LOG_BUFFER), doc="log entries sent and not received")
    unreplayed = Field(VM, value=Range(0, LOG_BUFFER), doc="log entries received and not replayed")
    output = Field(VM, value=Range(0, LOG_BUFFER + 1), doc="0: no output waits; k+1: it waits for k entries")
    taken = Field(VM, Host, value=bool, doc="the other of its pair has won the test-and-set")

    # Distributed Resource Scheduler
    grown = Field(VM, value=bool, doc="the VM's load has grown")
    recommended = Field(
        VM, Host, value=Range(0, 5), doc="priority of the proposal to move the VM there; 0: none"
    )

    # what the world has seen, for properties about the past
    owed = Field(VM, value=Range(0, LOG_BUFFER), doc="entries not received that an output sent depends on")
    elected_beside = Field(Host, value=bool, doc="it was elected although it and a master heard each other")
    abandoned = Field(
        VM, value=bool, doc="HA powered it off with its disk in reach, and no master could restart it"
    )

    # fixed data
    cpu = Static(Host, value=int, default=1, doc="MHz for VMs")
    memory = Static(Host, value=int, default=1, doc="MiB for VMs")
    cpu_reservation = Static(VM, value=int, default=0, doc="MHz")
    memory_reservation = Static(VM, value=int, default=0, doc="MiB")
    demand = Static(VM, value=int, default=0, doc="MHz that the VM uses")
    peak_demand = Static(VM, value=int, default=0, doc="MHz that the VM uses when its load has grown")
    attached = Static(Host, Datastore, value=bool, default=True, doc="the host is connected to the datastore")
    stored_on = Static(VM, Datastore, value=bool, default=True, doc="the VM's disk begins on the datastore")
    whole_network = Static(
        Segment, value=bool, doc="the segment where all hosts begin and to which they heal"
    )
    near = Static(Host, Host, value=bool, default=True, doc="one management domain, and a link of 1 Gb/s")
    ranks_above = Static(Host, Host, value=bool, doc="its Managed Object ID is the higher, as a string")
    ha_priority = Static(VM, value=int, default=2, doc="3 high, 2 medium, 1 low, 0 restart disabled")
    drs_priority = Static(VM, value=int, default=2, doc="shares: 3 high, 2 normal, 1 low")
    automation = Static(VM, value=Automation, default=Automation.CLUSTER)
    fault_tolerant = Static(VM, value=bool, default=False)
    apart = Static(VM, VM, value=bool, default=False, doc="a rule keeps the two VMs on different hosts")
    permitted = Static(VM, Host, value=bool, default=True, doc="no must rule keeps the VM off the host")
    preferred = Static(VM, Host, value=bool, default=True, doc="no should rule speaks against the host")
    in_maintenance = Static(Host, value=bool, default=False, doc="the host begins in maintenance mode")
    placed = Static(VM, Host, value=bool, default=False, doc="the VM begins on this host")
    placed_secondary = Static(VM, Host, value=bool, default=False, doc="its secondary begins on this host")
    placed_off = Static(VM, value=bool, default=False, doc="the VM begins powered off")
    to_convert = Static(VM, value=bool, default=False, doc="the VM begins as a machine outside the cluster")
    virtual_origin = Static(
        VM, value=bool, default=False, doc="that machine is a VM of another product (V2V)"
    )
