"""Where should the VMs run, how do they get there, and what if not: the placement optimizer."""

from .answers import Answer, Bound, Explanation, Move, Plan, PlannedMove, Survival, Verdict
from .checking import check_answer, check_placement
from .checking_bounds import check_bound
from .checking_plans import check_plan
from .effort import Effort
from .problem import NOWHERE, VM, Host, Problem, Resource, Rule

__all__ = [
    "NOWHERE",
    "VM",
    "Answer",
    "Bound",
    "Effort",
    "Explanation",
    "Host",
    "Move",
    "Plan",
    "PlannedMove",
    "Problem",
    "Resource",
    "Rule",
    "Survival",
    "Verdict",
    "check_answer",
    "check_bound",
    "check_placement",
    "check_plan",
]
