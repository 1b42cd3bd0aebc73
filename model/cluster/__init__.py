"""The cluster of the paper: its state, its systems, and what goes wrong."""

from . import availability, faults, leases, migration, network, placement, scheduling, start, tolerance
from .state import (
    VM,
    Cluster,
    Copy,
    Datastore,
    Disk,
    Host,
    Lease,
    Part,
    Phase,
    Role,
    Secondary,
    Seen,
    Segment,
)

__all__ = [
    "VM",
    "Cluster",
    "Copy",
    "Datastore",
    "Disk",
    "Host",
    "Lease",
    "Part",
    "Phase",
    "Role",
    "Secondary",
    "Seen",
    "Segment",
    "availability",
    "faults",
    "leases",
    "migration",
    "network",
    "placement",
    "scheduling",
    "start",
    "tolerance",
]
