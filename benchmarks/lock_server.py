"""A lock server: one of the small protocols with which other provers show what they do.

Clients ask for a lock by message, the server grants it, the holder gives it back. After the description of
the lock service of Verdi (Wilcox et al., PLDI 2015).
"""

from __future__ import annotations

from vmproof import Field, Scope, Sort, State, action, initial, invariant, lemma, no, require


class Client(Sort):
    """Who may want the lock."""


class Service(State):
    """Messages under way, and who has the lock."""

    wanted = Field(Client, value=bool)
    granted = Field(Client, value=bool)
    returned = Field(Client, value=bool)
    holds = Field(Client, value=bool)
    free = Field(value=bool)


@initial
def nothing_happened(s: Service, c: Client):
    """The server has the lock; no message is under way."""
    return s.free & no(s.wanted[c]) & no(s.granted[c]) & no(s.returned[c]) & no(s.holds[c])


@action()
def ask(s: Service, c: Client):
    """A client asks for the lock."""
    s.wanted[c] = True


@action()
def grant(s: Service, c: Client):
    """The server grants it."""
    require(s.wanted[c], "the client has not asked")
    require(s.free, "the lock is not free")
    s.free = False
    s.wanted[c] = False
    s.granted[c] = True


@action()
def take(s: Service, c: Client):
    """The client learns that it has the lock."""
    require(s.granted[c], "nothing was granted")
    s.granted[c] = False
    s.holds[c] = True


@action()
def give_back(s: Service, c: Client):
    """The client returns the lock."""
    require(s.holds[c], "the client does not hold it")
    s.holds[c] = False
    s.returned[c] = True


@action()
def receive(s: Service, c: Client):
    """The server has it again."""
    require(s.returned[c], "nothing was returned")
    s.returned[c] = False
    s.free = True


@invariant
def one_holder(s: Service):
    """At most one client holds the lock."""
    return s.count(Client, lambda c: s.holds[c]) <= 1


@lemma
def the_lock_is_in_one_place(s: Service, a: Client, b: Client):
    """A lock that is with two clients, or on its way to or from them."""
    same = a == b
    at_a, at_b = s.granted[a] | s.returned[a] | s.holds[a], s.granted[b] | s.returned[b] | s.holds[b]
    return no(at_a & at_b) | same


@lemma
def the_lock_has_one_form(s: Service, c: Client):
    """A lock that is free and taken at once, or that its holder has twice."""
    free = s.free & (s.granted[c] | s.returned[c] | s.holds[c])
    twice = (s.granted[c] & (s.returned[c] | s.holds[c])) | (s.returned[c] & s.holds[c])
    return no(free | twice)


def scope(clients: int) -> Scope:
    """So many clients."""
    return Scope(Service, {Client: [f"c{i}" for i in range(clients)]})
