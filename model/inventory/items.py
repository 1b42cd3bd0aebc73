"""What an inventory describes, as plain frozen data: hosts, datastores, VMs, rules, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Priority = Literal["high", "normal", "low"]
Shares = Priority | int
HAPriority = Literal["high", "medium", "low", "disabled"]
Automation = Literal["manual", "partially automated", "fully automated"]
DRS = Literal["off", "manual", "partially automated", "fully automated"]
VMotion = Literal["on", "DRS only", "off"]
Power = Literal["on", "off"]
Conversion = Literal["P2V", "V2V"]
Election = Literal["datastores", "cluster lock"]
IsolationResponse = Literal["leave powered on", "power off", "shut down"]
RuleKind = Literal[
    "keep together", "keep apart", "must run on", "must not run on", "should run on", "should not run on"
]
VerdictWord = Literal["PROVED", "HOLDS", "SAMPLED", "REFUTED", "UNDETERMINED"]

FAULTS = (
    "host_crash",
    "host_return",
    "guest_failure",
    "partition",
    "isolation",
    "link_loss",
    "heal",
    "storage_loss",
    "storage_return",
    "vcenter_loss",
    "false_suspicion",
    "forged_heartbeat",
    "failed_restart",
    "migration_cut",
    "ack_loss",
    "copy_error",
    "ft_link_loss",
)
REQUESTS = ("migration_timeout", "user_stop", "maintenance", "load_growth", "ft_enable")
BUDGETS = FAULTS + REQUESTS
RULE_KINDS: tuple[str, ...] = get_args(RuleKind)


@dataclass(frozen=True)
class HostItem:
    """A hypervisor: ``cpu`` in MHz, ``memory`` in MiB, ``moid`` its Managed Object ID.

    An election goes to the most ``datastores``, then to the higher ``moid`` as strings (paper, section 2).
    Under ``quarantine`` placement sends it no further VM.
    Only placement reads ``network`` (Mb/s for the traffic of VMs; None: not counted) and CPU ``cores``.
    Shared-nothing migration needs one management ``domain`` and a ``link`` of 1,000 Mb/s (section 1).
    """

    name: str
    cpu: int
    memory: int
    datastores: tuple[str, ...]
    moid: str
    maintenance: bool = False
    quarantine: bool = False
    domain: str = ""
    link: int = 1000
    network: int | None = None
    cores: int | None = None


@dataclass(frozen=True)
class DatastoreItem:
    """A volume of shared storage: ``capacity`` in GiB, or None where it does not matter."""

    name: str
    capacity: int | None = None


@dataclass(frozen=True)
class VMItem:
    """A virtual machine: ``cpu`` (MHz) and ``memory`` (MiB) that it demands, and what is reserved of them.

    Conservative: a VM whose file says nothing about a reservation is promised all it asks for, up to its
    limit. A limit caps what it counts and is given. ``priority`` is the level of its shares, where
    ``cpu_shares`` or ``memory_shares`` (a level, or a number) do not say otherwise. ``network`` is in Mb/s.
    ``ha_priority`` is its place in the order of restarts, ``secondary`` the host of the copy that runs in
    lockstep (``ft``), ``automation`` its own DRS mode where it differs.
    A VM with ``convert`` begins outside the cluster: a physical server (P2V) or another product's VM (V2V).
    """

    name: str
    host: str
    cpu: int
    memory: int
    datastore: str
    cpu_reservation: int
    memory_reservation: int
    priority: Priority = "normal"
    ha_priority: HAPriority = "medium"
    ft: bool = False
    secondary: str | None = None
    automation: Automation | None = None
    power: Power = "on"
    convert: Conversion | None = None
    network: int = 0
    vcpus: int = 1
    cpu_limit: int | None = None
    memory_limit: int | None = None
    cpu_shares: Shares | None = None
    memory_shares: Shares | None = None


@dataclass(frozen=True)
class Rule:
    """A DRS rule; ``hosts`` is empty for the rules between VMs."""

    name: str
    kind: RuleKind
    vms: tuple[str, ...]
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """The policies of the cluster; Fault Tolerance needs High Availability (paper, section 3).

    ``vcpus_per_core`` and ``vms_per_host`` are limits of every host for DRS (vSphere's advanced options
    MaxVCPUsPerCore and LimitVMsPerESXHost); None: no limit.
    """

    ha: bool = True
    ft: bool = True
    drs: DRS = "fully automated"
    migration_threshold: int = 3
    vmotion: VMotion = "on"
    storage_vmotion: bool = True
    election: Election = "datastores"
    isolation_response: IsolationResponse = "leave powered on"
    self_fence: bool = False
    admission_control: bool = True
    vcpus_per_core: int | None = None
    vms_per_host: int | None = None


@dataclass(frozen=True)
class Story:
    """The hosts that fail, one after the other, when the cluster's story is told."""

    fails: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """A cluster as a file describes it. ``budgets``: fault → how often; ``expect``: property → verdict.

    ``states``: how many states a complete search must find.
    """

    hosts: tuple[HostItem, ...]
    datastores: tuple[DatastoreItem, ...]
    vms: tuple[VMItem, ...]
    rules: tuple[Rule, ...] = ()
    settings: Settings = Settings()
    budgets: Mapping[str, int] = field(default_factory=dict)
    story: Story | None = None
    expect: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None
