"""Signatures and help of methods whose keywords are those of a TypedDict.

Type checkers read `**keywords: Unpack[CreateRunParams]`; `help`, notebooks and `inspect.signature` would show
`**keywords` alone. Here they get every keyword with its type and sentence, both read from the source of the
TypedDict when somebody looks. A method is marked at import for a microsecond, and called as before.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Self, SupportsIndex, TypeVar

from msgspec import UNSET, Struct

from .._typing import override
from ..errors.old_names import MISSING

C = TypeVar("C", bound=type)


def show_keywords(cls: C) -> C:
    """Mark the methods of a class that take the keywords of a TypedDict; also as a decorator."""
    for value in vars(cls).values():
        function: Any = getattr(value, "__func__", value)  # of a class method
        annotations = getattr(function, "__annotations__", {})
        keywords = next((each for each in annotations.values() if str(each).startswith("Unpack[")), None)
        if isinstance(function, types.FunctionType) and keywords is not None:
            made: Any = function
            made.__signature__ = KeywordSignature(function)
            function.__doc__ = _Doc(function)
    return cls


class Keyword(Struct, frozen=True):
    """A keyword of a TypedDict."""

    annotation: str
    """Its type, as the source has it, without marks."""
    required: bool
    sentence: str
    """The sentence of its docstring."""


class KeywordSignature(inspect.Signature):
    """The signature of a method, its keywords one by one; made when it is looked at."""

    __slots__ = ("_function", "_made")

    def __init__(self, function: types.FunctionType) -> None:
        self._function = function
        self._made: inspect.Signature | None = None

    def _whole(self) -> inspect.Signature:
        if self._made is None:
            self._made = _signature(self._function)
        return self._made

    @property
    @override
    def parameters(self) -> types.MappingProxyType[str, inspect.Parameter]:
        """Parameters by name."""
        return self._whole().parameters

    @property
    @override
    def return_annotation(self) -> Any:
        """The type that is returned."""
        return self._whole().return_annotation

    @override
    def replace(self, **changes: Any) -> inspect.Signature:  # type: ignore[override]
        """Make another signature, a plain one."""
        return self._whole().replace(**changes)

    @override
    def __reduce__(self) -> Any:
        return self._whole().__reduce__()


class _Doc(str):
    """The docstring of a method, with its keywords as soon as `inspect.getdoc`, which `help` uses, reads it."""

    __slots__ = ("method",)

    method: Any

    def __new__(cls, function: types.FunctionType) -> Self:
        made = super().__new__(cls, function.__doc__ or "")
        made.method = function
        return made

    @override
    def expandtabs(self, tabsize: SupportsIndex = 8) -> str:
        """Write the text out: the first thing that `inspect.cleandoc` does."""
        indent = "\n        "
        lines = [f"{name}: {each.sentence}" for name, each in keywords_of(self.method).items()]
        own = str.expandtabs(self, tabsize).rstrip()
        return f"{own}\n{indent}Keywords:{indent}    " + f"{indent}    ".join(lines) if lines else own


def _signature(function: types.FunctionType) -> inspect.Signature:
    # A copy without `__signature__`, which `inspect.signature` would return as it is.
    plain = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    plain.__kwdefaults__, plain.__annotations__ = function.__kwdefaults__, function.__annotations__
    signature = inspect.signature(plain)
    kept = [
        each.replace(default=each.empty) if each.default is MISSING else each
        for each in signature.parameters.values()
        if each.kind is not each.VAR_KEYWORD
    ]
    shown = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=each.annotation,
            default=inspect.Parameter.empty if each.required else UNSET,
        )
        for name, each in keywords_of(function).items()
    ]
    return signature.replace(parameters=[*kept, *shown])


def keywords_of(function: types.FunctionType) -> Mapping[str, Keyword]:
    """Read the keywords that a method takes by a TypedDict, those of its bases first."""
    # By its text: annotations are not evaluated in the modules of the methods.
    marked = next(each for each in function.__annotations__.values() if str(each).startswith("Unpack["))
    value: Any = sys.modules[function.__module__]
    for step in str(marked).removeprefix("Unpack[").removesuffix("]").split("."):
        value = getattr(value, step)
    return _typed_dict(value)


@cache
def _typed_dict(cls: type) -> Mapping[str, Keyword]:
    try:
        source = inspect.getsource(cls)
    except OSError:  # installed without sources
        return {name: Keyword(str(hint), False, "") for name, hint in cls.__annotations__.items()}
    (node,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, Keyword] = {}
    for base in node.bases:  # a TypedDict forgets them
        name = ast.unparse(base)
        if name != "TypedDict":
            found.update(_typed_dict(vars(sys.modules[cls.__module__])[name]))
    for place, each in enumerate(node.body):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            after = node.body[place + 1] if place + 1 < len(node.body) else None
            text = ast.unparse(after.value) if isinstance(after, ast.Expr) else "''"
            sentence = " ".join(str(ast.literal_eval(text)).split())
            annotation, required = _bare(each.annotation)
            found[each.target.id] = Keyword(annotation, required, sentence)
    return found


def _bare(node: ast.expr) -> tuple[str, bool]:
    """Write an annotation without `Required` and `Annotated`, and say whether it was required."""
    required = False
    while isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Required", "Annotated"):
        required = required or ast.unparse(node.value) == "Required"
        node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
    text = ast.unparse(node)
    return text.strip("'\""), required
