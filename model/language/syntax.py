"""The text of a model: what a frame is executing, and the syntax around it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import lru_cache
from types import FrameType
from typing import Any

Span = tuple[int, int, int, int]
"""First line, last line, first column, last column, as Python counts them."""


def expression_of(frame: FrameType) -> str:
    """The text that a frame is executing: a condition, a call, or a whole assignment."""
    file, span = frame.f_code.co_filename, _span_of(frame)
    nodes = enclosing_nodes(frame)
    if nodes:
        span = span_of(_told(nodes)) or span
    return _text(file, span) or linecache.getline(file, frame.f_lineno).strip()


def enclosing_nodes(frame: FrameType) -> list[ast.AST]:
    """The syntax node that a frame is executing and its ancestors, innermost first; may be empty."""
    span = _span_of(frame)
    return _chains(_source(frame.f_code.co_filename)).get(span, []) if span else []


def definition_node(function: Callable[..., Any]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The syntax of a function, where its file can be read."""
    code = function.__code__
    return _definitions(_source(code.co_filename)).get((code.co_name, code.co_firstlineno))


def text_of_node(file: str, node: ast.AST) -> str:
    """A node as the author wrote it, on one line."""
    return _text(file, span_of(node))


def span_of(node: ast.AST) -> Span | None:
    """Where a node stands in its file."""
    if not isinstance(node, ast.expr | ast.stmt) or node.end_lineno is None or node.end_col_offset is None:
        return None
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _told(nodes: list[ast.AST]) -> ast.AST:
    """What a reader should see of a node: of a block its head, of an assigned place the assignment."""
    match nodes[0]:
        case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return test
        case ast.For(iter=box):
            return box
        case ast.With(items=items):
            return items[0].context_expr
        case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()) | ast.Tuple(ctx=ast.Store()):
            return next(node for node in nodes if isinstance(node, ast.stmt))
    return nodes[0]


def _span_of(frame: FrameType) -> Span | None:
    positions = list(frame.f_code.co_positions())
    found = positions[frame.f_lasti // 2] if frame.f_lasti >= 0 else (None,) * 4
    line, end_line, column, end_column = found
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return line, end_line, column, end_column


def _text(file: str, span: Span | None) -> str:
    lines = linecache.getlines(file)
    if span is None or span[1] > len(lines):
        return ""
    line, end_line, column, end_column = span
    if line == end_line:
        return lines[line - 1].encode()[column:end_column].decode()
    first = lines[line - 1].encode()[column:].decode()
    last = lines[end_line - 1].encode()[:end_column].decode()
    return " ".join(part.strip() for part in (first, *lines[line : end_line - 1], last))


def _source(file: str) -> str:
    linecache.checkcache(file)
    return "".join(linecache.getlines(file))


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


@lru_cache(maxsize=32)
def _chains(source: str) -> dict[Span, list[ast.AST]]:
    """For every span of an expression or statement: the innermost node there and its ancestors."""
    chains: dict[Span, list[ast.AST]] = {}

    def visit(node: ast.AST, ancestors: list[ast.AST]) -> None:
        chain = [node, *ancestors]
        span = span_of(node)
        if span is not None:
            chains[span] = chain
        for child in ast.iter_child_nodes(node):
            visit(child, chain)

    visit(_tree(source), [])
    return chains


@lru_cache(maxsize=32)
def _definitions(source: str) -> dict[tuple[str, int], ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a file by name and first line (of the first decorator, as Python counts)."""
    found = {}
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name, first] = node
    return found
