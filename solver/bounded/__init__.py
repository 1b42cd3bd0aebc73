"""A scope as clauses for a SAT solver: runs of so many steps, and induction over some.

circuit     gates over literals, and their clauses
numbers     values as cases or bits
layout      the cells of a state and the parameters of a step as rows of literals
encoding    terms in such a state, with open parameters
masks       what a circuit says for each member that a parameter can stand for
moves       an action with open parameters
reach       which values each cell can have at all
step        one step: exactly one action, and what it leaves
footprint   what a move reads and writes; which moves matter to one member only
order       steps that do not disturb each other come in one order only
blueprint   all this for a scope, and what bears on a question
template    the clauses of one depth
unrolling   the clauses of all depths, in a solver
induction   k steps that begin anywhere
overruns    moves that may write a number that leaves its range
"""
