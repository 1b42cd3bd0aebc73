"""What to write instead, when a term is used as a Python truth value or number."""

from __future__ import annotations

import ast

from .misuse import complain, model_frame
from .syntax import enclosing_nodes

_LOOPS = {
    "any": "s.exists(Host, lambda h: …)",
    "all": "s.forall(Host, lambda h: …)",
    "sum": "s.total(VM, lambda vm: …)",
    "min": "where(a < b, a, b)",
    "max": "where(a < b, b, a)",
    "sorted": "a static relation such as s.ranks_above[h1, h2]",
    "bool": "the condition itself",
}


def complain_about_truth() -> None:
    """Report a term that stands where Python decides: the cure follows from the syntax around it."""
    frame = model_frame()
    nodes = enclosing_nodes(frame)
    message, cure = _advice(nodes)
    decides = nodes[0] if nodes else None
    test = decides.test if isinstance(decides, ast.If | ast.While | ast.Assert) else None
    complain(message, cure, frame=frame, expression=None if test is None else ast.unparse(test))


def complain_about_number() -> None:
    """Report a term that stands where Python needs a number (range, index of a list, int)."""
    complain(
        "a value of the state is used as a Python number (range, list index, int)",
        "s.count(…), s.total(…), or a Static or Field indexed by it: s.limit[vm]",
    )


def _advice(nodes: list[ast.AST]) -> tuple[str, str]:
    for node in nodes:
        found = _advice_for(node)
        if found:
            return found
        if isinstance(node, ast.stmt):
            break
    return (
        "a condition of the state is used as a Python truth value",
        "where(condition, a, b) for a value, require(condition, …) for a guard, & | no(x) to combine",
    )


def _advice_for(node: ast.AST) -> tuple[str, str] | None:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return "`not` cannot be applied to the state", f"no({ast.unparse(operand)})"
        case ast.BoolOp(op=ast.And(), values=values):
            return "`and` cannot be applied to the state", " & ".join(f"({ast.unparse(v)})" for v in values)
        case ast.BoolOp(values=values):
            return "`or` cannot be applied to the state", " | ".join(f"({ast.unparse(v)})" for v in values)
        case ast.Compare():
            return _comparison_advice(node)
        case ast.Call(func=ast.Name(id=name)) if name in _LOOPS:
            return f"`{name}` cannot be applied to the state", _LOOPS[name]
        case ast.Assert(test=test):
            return (
                "`assert` cannot be applied to the state",
                f'require({ast.unparse(test)}, "why it is needed")',
            )
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            return _branch_advice(test)
    return None


def _branch_advice(test: ast.expr) -> tuple[str, str]:
    text = ast.unparse(test)
    return (
        "the program cannot branch on the state",
        f"where({text}, a, b) for a value, or two actions, one with require({text}, …)",
    )


def _comparison_advice(node: ast.Compare) -> tuple[str, str] | None:
    if isinstance(node.ops[0], ast.In | ast.NotIn):
        left = ast.unparse(node.left)
        box = node.comparators[0]
        items = box.elts if isinstance(box, ast.List | ast.Tuple | ast.Set) else []
        cure = " | ".join(f"({left} == {ast.unparse(item)})" for item in items) or "(x == a) | (x == b)"
        return "`in` cannot be applied to the state", cure if isinstance(
            node.ops[0], ast.In
        ) else f"no({cure})"
    if len(node.ops) > 1:
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        parts = [ast.Compare(left=a, ops=[op], comparators=[b]) for a, op, b in pairs]
        return "a chained comparison loses one half", " & ".join(f"({ast.unparse(p)})" for p in parts)
    return None
