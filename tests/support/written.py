"""The tests that are written: tables say which of them shows what."""

from __future__ import annotations

import ast
from functools import cache

from tests.support.places import TESTS


@cache
def written() -> dict[str, str]:
    """Give the source of every test, decorators included, by its name."""
    return {
        node.name: "\n".join(map(ast.unparse, [*node.decorator_list, node]))
        for file in sorted(TESTS.rglob("test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    }
