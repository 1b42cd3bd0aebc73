"""A model with five mistakes, each of another kind; the tests run `vmproof check` on it."""

from vmproof import Field, Maybe, Range, Sort, State, action, initial, no, require


class Host(Sort):
    """A hypervisor."""


class VM(Sort):
    """A virtual machine."""


class Wrong(State):
    """What the mistakes are about."""

    up = Field(Host, value=bool)
    on = Field(VM, value=bool)
    lock = Field(VM, value=Maybe(Host))
    restarts = Field(VM, value=Range(0, 3))


@initial
def fresh(s: Wrong, vm: VM, h: Host):
    """Everything is up, nothing has been restarted."""
    return s.up[h] & s.on[vm] & (s.restarts[vm] == 0)


@action(kind="fault")
def crash(s: Wrong, h: Host):
    """A host fails."""
    require(~s.up[h], "the host is up")
    s.up[h] = False


@action(agent="master")
def power_on(s: Wrong, vm: VM):
    """A VM is started."""
    if s.on[vm]:
        s.on[vm] = False


@action(agent="master")
def renew(s: Wrong, vm: VM):
    """The lock's owner renews it."""
    require(s.up[s.lock[vm]], "the owner is down")
    s.on[vm] = True


@action(agent="master")
def count_restart(s: Wrong, vm: VM):
    """A restart is counted."""
    require(s.on[vm], "the VM is off")
    s.restarts[vm] = s.restarts[vm] + 1


@action(agent="operator", kind="operator")
def retire(s: Wrong, h: Host):
    """A host is taken out of service."""
    require(no(s.retierd[h]), "the host is retired")
    s.up[h] = False
