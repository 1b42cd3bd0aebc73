"""The cluster of the paper: its state, its systems, and what goes wrong."""

from . import availability, faults, migration, placement, start, tolerance
from .state import VM, Cluster, Copy, Datastore, Host, Part, Phase, Role, Secondary

__all__ = [
    "VM",
    "Cluster",
    "Copy",
    "Datastore",
    "Host",
    "Part",
    "Phase",
    "Role",
    "Secondary",
    "availability",
    "faults",
    "migration",
    "placement",
    "start",
    "tolerance",
]
