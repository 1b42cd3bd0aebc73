"""Two hosts and one disk: the model of the README, and a mistake that the search finds."""

from vmproof import Field, Mechanism, Sort, State, action, initial, invariant, lemma, no, require


class Host(Sort):
    """A hypervisor."""


class Disk(State):
    """Who has the VM's disk open, and who holds its lock."""

    writes = Field(Host, value=bool)
    lock = Field(Host, value=bool)
    disk_lock = Mechanism("disk lock", "Only the holder of the lock opens the disk.")


@initial
def nobody_writes(s: Disk, h: Host):
    """The disk is closed, the lock is free."""
    return no(s.writes[h]) & no(s.lock[h])


@action(agent="host")
def power_on(s: Disk, h: Host):
    """A host starts the VM and opens its disk."""
    require(no(s.writes[h]), "the VM runs here")
    require(no(s.exists(Host, lambda other: s.lock[other])), "a host holds the lock", mechanism="disk lock")
    s.lock[h] = True
    s.writes[h] = True


@action(agent="host")
def power_off(s: Disk, h: Host):
    """A host stops the VM and gives the lock back."""
    require(s.writes[h], "the VM does not run here")
    s.lock[h] = False
    s.writes[h] = False


@invariant(mechanism="disk lock")
def one_writer(s: Disk):
    """At most one host writes the disk."""
    return s.count(Host, lambda h: s.writes[h]) <= 1


@lemma
def who_writes_has_the_lock(s: Disk, h: Host):
    """A host that writes without the lock: with this the invariant is proved for any number of hosts."""
    return no(s.writes[h]) | s.lock[h]


@lemma
def one_lock(s: Disk):
    """Two holders of the lock."""
    return s.count(Host, lambda h: s.lock[h]) <= 1
