"""VMC: a small migration and restart protocol that many checkers were run on.

Hosts crash and come back, a master restarts VMs, a VM is copied to another host and switched over.
The numbers of states of its scopes are known from four independent tools (see `tests/oracle`).
"""

from enum import Enum

from vmproof import (
    NOBODY,
    Field,
    Maybe,
    Mechanism,
    Scope,
    Sort,
    State,
    action,
    at,
    initial,
    invariant,
    no,
    require,
    where,
)


class Host(Sort):
    """A hypervisor."""


class VM(Sort):
    """A virtual machine."""


class Phase(Enum):
    """How far a migration has come."""

    IDLE = "idle"
    PRECOPY = "pre-copy"
    SWITCH = "switch"


class VMC(State):
    """Who is up, who is master, where each VM is and whether it is powered on or being moved."""

    up = Field(Host, value=bool)
    master = Field(value=Maybe(Host))
    location = Field(VM, value=Maybe(Host))
    powered_on = Field(VM, value=bool)
    phase = Field(VM, value=Phase)
    destination = Field(VM, value=Maybe(Host))

    destination_check = Mechanism(
        "destination check",
        "The switch-over happens only when the destination host is up.",
        removed="a VM may be switched over to a host that is down",
    )


@initial
def nothing_runs(s: VMC):
    """All hosts are up, nobody is master, every VM is off and nowhere."""
    return (
        s.forall(Host, lambda h: s.up[h])
        & (s.master == NOBODY)
        & s.forall(
            VM,
            lambda vm: (
                (s.location[vm] == NOBODY)
                & no(s.powered_on[vm])
                & (s.phase[vm] == Phase.IDLE)
                & (s.destination[vm] == NOBODY)
            ),
        )
    )


@action(kind="fault", budget="crashes")
def crash(s: VMC, h: Host):
    """A host fails; its VMs stop and their migrations end."""
    require(s.up[h], "the host is down already")
    here = s.location
    s.up[h] = False
    s.master = where(s.master == h, NOBODY, s.master)
    s.powered_on[:] = lambda vm: no(here[vm] == h) & s.powered_on[vm]
    s.phase[:] = lambda vm: where(here[vm] == h, Phase.IDLE, s.phase[vm])
    s.destination[:] = lambda vm: where(here[vm] == h, NOBODY, s.destination[vm])


@action(agent="host")
def recover(s: VMC, h: Host):
    """A failed host comes back."""
    require(no(s.up[h]), "the host is up")
    s.up[h] = True


@action(agent="host")
def elect(s: VMC, h: Host):
    """A host becomes master where there is none."""
    require(s.up[h], "the host is down")
    require(s.master == NOBODY, "there is a master")
    s.master = h


@action(agent="source host")
def start(s: VMC, vm: VM, dst: Host):
    """Start copying a VM to another host."""
    require(s.powered_on[vm], "the VM is off")
    require(s.phase[vm] == Phase.IDLE, "the VM is being moved")
    require(s.up[dst], "the destination host is down")
    require(s.location[vm] != dst, "the VM is on that host")
    s.phase[vm] = Phase.PRECOPY
    s.destination[vm] = dst


def on_live_host(s: VMC, vm: VM):
    """Whether the VM is on a host that is up."""
    return at(s.location[vm], lambda h: s.up[h], absent=False)


@action(agent="master")
def restart(s: VMC, vm: VM, dst: Host):
    """The master powers a VM on: where it was, or anywhere when that host is down."""
    require(no(s.powered_on[vm]), "the VM is on")
    require(s.master != NOBODY, "there is no master")
    require(s.up[dst], "the host is down")
    require(no(on_live_host(s, vm)) | (s.location[vm] == dst), "the VM's own host is up")
    s.powered_on[vm] = True
    s.location[vm] = dst


@action(agent="source host")
def finish_copy(s: VMC, vm: VM):
    """The whole memory has been copied."""
    require(s.phase[vm] == Phase.PRECOPY, "the VM is not being copied")
    require(at(s.destination[vm], lambda h: s.up[h], absent=False), "the destination host is down")
    s.phase[vm] = Phase.SWITCH


@action(agent="destination host")
def switch_over(s: VMC, vm: VM):
    """The VM goes on running on the destination."""
    require(s.phase[vm] == Phase.SWITCH, "the copy is not complete")
    require(
        at(s.destination[vm], lambda h: s.up[h], absent=False),
        "the destination host is down",
        mechanism="destination check",
    )
    s.location[vm] = s.destination[vm]
    s.phase[vm] = Phase.IDLE
    s.destination[vm] = NOBODY


@action(agent="source host")
def abort(s: VMC, vm: VM):
    """A migration is given up; the VM stays where it is."""
    require(s.phase[vm] != Phase.IDLE, "the VM is not being moved")
    s.phase[vm] = Phase.IDLE
    s.destination[vm] = NOBODY


@invariant(mechanism="destination check")
def runs_on_live_host(s: VMC, vm: VM):
    """A VM that is on is on a host that is up."""
    return no(s.powered_on[vm]) | on_live_host(s, vm)


@invariant
def moves_somewhere_else(s: VMC, vm: VM):
    """A VM that is being moved is on, and its destination is another host."""
    elsewhere = (s.destination[vm] != NOBODY) & (s.destination[vm] != s.location[vm])
    return (s.phase[vm] == Phase.IDLE) | (s.powered_on[vm] & elsewhere)


@invariant
def master_is_up(s: VMC):
    """The master is up."""
    return at(s.master, lambda h: s.up[h], absent=True)


@invariant
def bad(s: VMC, vm: VM):
    """No switch-over waits for a destination that is down (false: the counterexample has 5 steps)."""
    waits = s.phase[vm] == Phase.SWITCH
    return no(waits & at(s.destination[vm], lambda h: no(s.up[h]), absent=False))


def scope(hosts: int = 3, vms: int = 3, crashes: int = 2) -> Scope:
    """The scope with so many hosts, VMs and crashes; the default is scope 332."""
    return Scope(
        VMC,
        {Host: [f"h{i + 1}" for i in range(hosts)], VM: [f"v{i + 1}" for i in range(vms)]},
        budgets={"crashes": crashes},
        name=f"VMC {hosts}{vms}{crashes}",
    )
