"""What people expect of the real design and it does not promise: properties that some scopes refute.

They hold where nothing cuts hosts off. A file says with ``[expect]`` where they do not.
"""

from __future__ import annotations

from typing import Any

from ..model.cluster.availability.restart import is_protected
from ..model.cluster.network import is_master
from ..model.cluster.placement import runs
from ..model.cluster.state import VM, Cluster, Host
from ..model.language import invariant


@invariant(
    mechanism=("self-fence", "FT heartbeat"), source="vSphere HA deepdive, adding resiliency: split brain"
)
def one_running_copy(s: Cluster, vm: VM) -> Any:
    """At most one copy of a VM executes (expected, not promised).

    A host that has lost network and storage runs its VMs on in memory, while they are restarted elsewhere.
    """
    return s.count(Host, lambda h: runs(s, vm, h)) <= 1


@invariant(source="vSphere HA deepdive, stretched cluster: both copies are on the network with one MAC")
def one_network_identity(s: Cluster, vm: VM) -> Any:
    """At most one copy of a VM executes on a host whose network works (expected, not promised)."""
    return s.count(Host, lambda h: runs(s, vm, h) & s.sends[h]) <= 1


@invariant(source="vSphere HA deepdive: there is no coordination between masters, only one will succeed")
def one_responsible_master(s: Cluster, vm: VM) -> Any:
    """At most one master takes itself to be responsible for a VM (expected, not promised)."""
    return s.count(Host, lambda h: is_master(s, h) & is_protected(s, h, vm)) <= 1
