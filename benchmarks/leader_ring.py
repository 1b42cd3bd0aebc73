"""Leader election in a ring: one of the small protocols with which other provers show what they do.

Every node sends its number to its right neighbour; a node passes on what is greater than its own number, and
leads when its own comes back (Chang and Roberts, CACM 1979).
"""

from __future__ import annotations

from vmproof import Field, Scope, Sort, State, Static, action, axiom, initial, invariant, lemma, no, require


class Node(Sort):
    """A place in the ring, with a number of its own."""


class Ring(State):
    """Numbers under way, named by the nodes whose they are; and who leads."""

    at_most = Static(Node, Node, value=bool)
    between = Static(Node, Node, Node, value=bool)
    arrived = Field(Node, Node, value=bool)
    leads = Field(Node, value=bool)


@axiom
def numbers_are_ordered(s: Ring, a: Node, b: Node, c: Node):
    """The numbers have a total order, and no two nodes have the same."""
    transitive = no(s.at_most[a, b] & s.at_most[b, c]) | s.at_most[a, c]
    antisymmetric = no(s.at_most[a, b] & s.at_most[b, a]) | (a == b)
    return transitive & antisymmetric & (s.at_most[a, b] | s.at_most[b, a])


@axiom
def nodes_stand_in_a_ring(s: Ring, a: Node, b: Node, c: Node):
    """Going right from a node, b comes before c, or c before b."""
    turned = no(s.between[a, b, c]) | s.between[b, c, a]
    one_way = no(s.between[a, b, c] & s.between[a, c, b])
    different = (a != b) & (b != c) & (a != c)
    return turned & one_way & (no(different) | s.between[a, b, c] | s.between[a, c, b])


@axiom
def a_ring_has_no_short_cut(s: Ring, a: Node, b: Node, c: Node, d: Node):
    """What comes before something comes before all that comes after it."""
    return no(s.between[a, b, c] & s.between[a, c, d]) | s.between[a, b, d]


@initial
def nothing_happened(s: Ring, n: Node):
    """No number is under way, nobody leads."""
    return no(s.leads[n]) & no(s.exists(Node, lambda m: s.arrived[n, m]))


def require_neighbour(s: Ring, n: Node, right: Node) -> None:
    """The second node is the next one to the right."""
    next_one = s.forall(Node, lambda z: (z == n) | (z == right) | s.between[n, right, z])
    require((n != right) & next_one, "it is not the right neighbour")


@action()
def send(s: Ring, n: Node, right: Node):
    """A node sends its number."""
    require_neighbour(s, n, right)
    s.arrived[n, right] = True


@action()
def pass_on(s: Ring, n: Node, right: Node, number: Node):
    """A node passes on a number that is greater than its own."""
    require_neighbour(s, n, right)
    require(s.arrived[number, n] & (number != n), "that number has not arrived")
    require(s.at_most[n, number], "the number is smaller")
    s.arrived[number, n] = False
    s.arrived[number, right] = True


@action()
def lead(s: Ring, n: Node):
    """A node whose number comes back leads."""
    require(s.arrived[n, n], "its number has not come back")
    s.arrived[n, n] = False
    s.leads[n] = True


@invariant
def one_leader(s: Ring):
    """At most one node leads."""
    return s.count(Node, lambda n: s.leads[n]) <= 1


@lemma
def a_leader_has_the_greatest_number(s: Ring, leader: Node, n: Node):
    """A leader, or a number that has come back, with a greater number somewhere."""
    return no(s.leads[leader] | s.arrived[leader, leader]) | s.at_most[n, leader]


@lemma
def a_number_has_passed_only_smaller_ones(s: Ring, number: Node, here: Node, n: Node):
    """A number that has passed a node with a greater one."""
    return no(s.arrived[number, here] & s.between[number, n, here]) | s.at_most[n, number]


def scope(nodes: int) -> Scope:
    """So many nodes, numbered as they stand."""
    names, places = [f"n{i}" for i in range(nodes)], range(nodes)
    order = {(names[a], names[b]): a <= b for a in places for b in places}
    ring = {
        (names[a], names[b], names[c]): 0 < (b - a) % nodes < (c - a) % nodes
        for a in places
        for b in places
        for c in places
    }
    return Scope(Ring, {Node: names}, statics={"at_most": order, "between": ring})
