"""Which moves may write a number that leaves the range of its field, in some state or other."""

from __future__ import annotations

from pysat.solvers import Solver

from .blueprint import Plan
from .circuit import FALSE, TRUE, Literal
from .layout import one_of_row
from .step import Choice
from .unrolling import SOLVER


def risky(plan: Plan) -> list[Choice]:
    """The moves of a plan whose guards leave it open that a number does not fit."""
    return [choice for choice in plan.step.choices if _possible(plan, choice)]


def _possible(plan: Plan, choice: Choice) -> bool:
    outside = plan.step.outside(choice)
    literals = [literal for literal in (*choice.move.guards, outside) if literal != TRUE]
    return FALSE not in literals and _satisfiable(plan, literals)


def _satisfiable(plan: Plan, literals: list[Literal]) -> bool:
    """Whether some state and some choice of parameters make all the literals true."""
    circuit = plan.circuit
    rows = [*plan.step.slots.rows.values(), *(plan.layout.cells[i] for i in plan.cells_below(literals))]
    with Solver(SOLVER) as solver:
        for row in rows:
            solver.append_formula(list(one_of_row(circuit, row)))
        solver.append_formula(list(circuit.clauses(circuit.below(literals))))
        return bool(solver.solve(assumptions=literals))
