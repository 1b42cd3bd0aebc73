"""Where a run begins: a healthy cluster with its best host as master, and a legal placement."""

from __future__ import annotations

from typing import Any

from ..language import final, initial, no, where
from .availability import beats
from .migration import identical
from .placement import accepts, holds_place, keeps_apart, reaches_disk, runs
from .state import VM, Cluster, Copy, Datastore, Host, Part, Phase, Role, Secondary


def has_room(s: Cluster, host: Host) -> Any:
    """The reservations of the copies that the host has fit into it."""
    cpu = s.total(VM, lambda v: where(holds_place(s, v, host), s.cpu_reservation[v], 0))
    memory = s.total(VM, lambda v: where(holds_place(s, v, host), s.memory_reservation[v], 0))
    return (cpu <= s.cpu[host]) & (memory <= s.memory[host])


@initial
def hosts_begin(s: Cluster, host: Host) -> Any:
    """Every host works; all but those in maintenance have an agent; the best of them is master."""
    connected = s.forall(Datastore, lambda d: s.storage[host, d] == s.attached[host, d])
    rivals = s.exists(Host, lambda h: (h != host) & no(s.in_maintenance[h]) & no(beats(s, host, h)))
    role = where(s.in_maintenance[host], Role.NONE, where(rivals, Role.SLAVE, Role.MASTER))
    healthy = (
        s.up[host]
        & s.heartbeat[host]
        & no(s.declared_dead[host])
        & (s.maintenance[host] == s.in_maintenance[host])
    )
    return healthy & connected & (s.role[host] == role)


def _placed(s: Cluster, vm: VM, host: Host) -> Any:
    """The copies are where the data say, or in any legal place."""
    running = s.copy[vm, host] == Copy.RUNNING
    guest = s.secondary[vm, host] == Secondary.LOCKSTEP
    if s.start == "as placed":
        return (running == s.placed[vm, host]) & (guest == s.placed_secondary[vm, host])
    primaries = s.count(Host, lambda h: s.copy[vm, h] == Copy.RUNNING)
    secondaries = s.count(Host, lambda h: s.secondary[vm, h] == Secondary.LOCKSTEP)
    wanted = where(s.fault_tolerant[vm], 1, 0) if s.ha and s.ft else 0
    legal = s.permitted[vm, host] & reaches_disk(s, vm, host) & keeps_apart(s, vm, host)
    legal = legal & no(s.in_maintenance[host]) & no(running & guest) & has_room(s, host)
    return (primaries == 1) & (secondaries == wanted) & (legal | no(running | guest))


@initial
def vms_begin(s: Cluster, vm: VM, host: Host) -> Any:
    """No VM is being moved; its host has the lock and the address, and every copy is current."""
    running = s.copy[vm, host] == Copy.RUNNING
    guest = s.secondary[vm, host] == Secondary.LOCKSTEP
    copies = (running | (s.copy[vm, host] == Copy.NONE)) & (guest | (s.secondary[vm, host] == Secondary.NONE))
    rights = (s.lock[vm, host] == running) & (s.address[vm, host] == running)
    idle = (s.phase[vm] == Phase.IDLE) & no(s.source[vm, host]) & no(s.destination[vm, host])
    parts = [s.current[vm, host, part] == (running | guest) for part in Part]
    content = parts[0] & parts[1] & parts[2] & parts[3]
    return (
        copies & rights & idle & content & (s.reserved[vm, host] == (running | guest)) & _placed(s, vm, host)
    )


@final
def all_that_can_be_served_is(s: Cluster, vm: VM) -> Any:
    """Every VM runs with all its parts, or HA is not to restart it, or no host would take it."""
    served = s.exists(Host, lambda h: runs(s, vm, h) & identical(s, vm, h)) & (s.phase[vm] == Phase.IDLE)
    nowhere = no(s.exists(Host, lambda h: accepts(s, vm, h)))
    return served | nowhere | (s.ha_priority[vm] == 0) if s.ha else True
