"""VM monitoring: a guest that fails is reset in place, on the same host, a few times at most.

Paper, section 2: a failure of the guest operating system; vSphere HA deepdive, VM and application monitoring.
"""

from __future__ import annotations

from ...language import action, no, require, where
from ..network import has_agent
from ..placement import runs
from ..state import MOST_RESETS, VM, Cluster, Host, Lease, Part


@action(agent="host", fairness="weak", source="paper, section 2: restarted on the same server")
def reset_guest(s: Cluster, vm: VM, host: Host) -> None:
    """The host's agent resets a guest whose heartbeat and I/O have stopped."""
    require(s.ha, "High Availability is off")
    require(has_agent(s, host) & runs(s, vm, host), "the VM does not run here, or nobody watches it")
    require(s.lock[vm, host] != Lease.NONE, "the copy has lost its lock: it is no longer the VM")
    require(no(s.guest_works[vm]), "the guest responds")
    require(s.resets[vm] < MOST_RESETS, "the guest was reset three times", mechanism="reset bound")
    s.guest_works[vm] = True
    s.resets[vm] = where(s.resets[vm] > MOST_RESETS, s.resets[vm], s.resets[vm] + 1)
    s.current[vm, :, Part.RAM] = lambda h: h == host
