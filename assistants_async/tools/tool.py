"""A function that the model may call."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

import msgspec
import msgspec.inspect

from .._typing import Generic, override
from ..core.checks import positive_seconds
from ..errors import ToolCallError, printable
from ..session.tasks import in_thread
from .outputs import plain
from .schema import Schema, fault, loose_place, mixed_type, plain_schema, strict_schema, text_reader
from .signatures import Signature, signature_of

P = ParamSpec("P")
R = TypeVar("R")

MAX_DESCRIPTION = 1024
"""Characters of a description that the vendor's servers took; the documents name no limit."""
_NAME = r"[A-Za-z0-9_-]{1,64}\Z"


class Tool(Generic[P, R]):
    """A function that the model may call, and that can be called as before; made by `tool`."""

    __name__: str

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
        approve: bool | None = None,
    ) -> None:
        for option, value in (("strict", strict), ("approve", approve)):
            if value not in (None, True, False):
                raise TypeError(f"{option} must be True, False or None, not {value!r}")
        checked = _checked_name(function, name)
        signature = signature_of(function, checked)
        functools.update_wrapper(self, function)  # before the rest, since it copies the function's own attributes
        self._signature = signature
        # Made once, as are the schemas: a call only decodes.
        self._read = text_reader(signature.arguments)
        self.name = checked
        """Name for the model."""
        self.description = _checked_description(self.name, signature.text if description is None else description)
        """Description for the model: the docstring's text, unless given."""
        self._parameters, self.strict = _parameters(self.name, signature, strict)
        if timeout is not None:
            positive_seconds(f"tool {self.name!r}: timeout", timeout)
        self.timeout = timeout
        """Seconds that a call of it may take; None for the Toolbox's own limit."""
        self.approve = approve
        """True for a tool whose calls need approval, False for none; None: if the Toolbox has `approve`."""
        self._function = function
        self._is_async = inspect.iscoroutinefunction(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, as if it were no tool."""
        return self._function(*args, **kwargs)

    @override
    def __repr__(self) -> str:
        return f"Tool({self.name})"

    @property
    def definition(self) -> dict[str, Any]:
        """Tool as an assistant or a run takes it: a dict of the caller's own."""
        function: dict[str, Any] = {"name": self.name, "parameters": copy.deepcopy(self._parameters)}
        if self.description:
            function["description"] = self.description
        if self.strict:
            function["strict"] = True
        return {"type": "function", "function": function}

    @property
    def wants(self) -> tuple[str, ...]:
        """Parameters that must be given the Toolbox's context."""
        return tuple(name for name, required in self._signature.injected.items() if required)

    def injected(self, context: object) -> dict[str, object]:
        """Return the context by parameter; nothing for a context of None, so that defaults apply."""
        return {} if context is None else dict.fromkeys(self._signature.injected, context)

    def read(self, text: str | None, limit: int) -> dict[str, Any]:
        """Decode and check the model's arguments, of at most `limit` bytes; raises `ToolCallError`.

        No text and `null` mean no arguments, which some servers send instead of `{}`.
        """
        text = (text or "").strip() or "{}"
        # Characters first: a text far past the limit is not encoded only to be refused.
        if len(text) > limit or (4 * len(text) > limit and len(text.encode(errors="replace")) > limit):
            rule, path = f"longer than {limit} bytes", "$"
        else:
            try:
                value = self._read("{}" if text == "null" else text)
            except (ValueError, RecursionError) as error:
                rule, path = fault(error)
            else:
                return {name: part for name, part in msgspec.structs.asdict(value).items() if part is not msgspec.UNSET}
        message = f"arguments of {self.name}: {printable(path)}: {printable(rule)}"
        raise ToolCallError(message, kind="arguments", name=self.name, path=path)

    async def run(self, arguments: Mapping[str, Any]) -> object:
        """Call the function: a sync one in a worker thread, which sees the caller's context variables.

        Being cancelled leaves the thread behind: it goes on to the function's end.
        """
        function: Callable[..., Any] = self._function
        if self._is_async:
            return await function(**arguments)
        # Outside of anyio's limit of threads: the Toolbox says how many functions run at a time.
        made: object = await in_thread(functools.partial(function, **arguments), abandoned=True)
        # A sync function may return a coroutine, as a `functools.wraps` around an async one does.
        return await made if inspect.isawaitable(made) else made


@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
    approve: bool | None = None,
) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
    approve: bool | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
    approve: bool | None = None,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a tool of a function, sync or async, also as a decorator: `@tool` or `@tool(timeout=5)`.

    Its schema comes from the annotations, its descriptions from the docstring (Google, NumPy or Sphinx) and from
    `Annotated[…, Meta(description=…)]`. `strict` is as strict as the types allow unless given; `timeout` is in
    seconds; `approve=True` makes every call of it ask the Toolbox's hook, `approve=False` none.

    Raises `TypeError` for what cannot be a tool, `ValueError` for a name, a description or a strictness that
    servers refuse.
    """
    make = functools.partial(
        Tool[P, R], name=name, description=description, strict=strict, timeout=timeout, approve=approve
    )
    return make if function is None else make(function)


def _checked_name(function: object, name: str | None) -> str:
    if isinstance(function, Tool):
        raise TypeError(f"{function.name!r} is a tool already")
    own = getattr(function, "__name__", None) or type(function).__name__
    chosen = own if name is None else name
    # A lambda has a name that none may have: what is wrong with it is said further on.
    if not isinstance(chosen, str) or not (re.match(_NAME, chosen) or chosen == "<lambda>"):
        raise ValueError(f"a tool's name must be 1 to 64 of a-z A-Z 0-9 _ -, not {chosen!r}: pass name=")
    return chosen


def _checked_description(name: str, description: str) -> str:
    if len(description) > MAX_DESCRIPTION:
        raise ValueError(
            f"tool {name!r}: its description has {len(description)} characters of at most {MAX_DESCRIPTION}: "
            "pass a shorter description="
        )
    return description


def _parameters(name: str, signature: Signature, strict: bool | None) -> tuple[Schema, bool]:
    """Make the schema of the parameters; the second value is True for a strict one."""
    schema = _open_schema(name, signature)
    for field in msgspec.structs.fields(signature.arguments):
        part = schema["properties"][field.name]
        if field.name in signature.descriptions:
            part.setdefault("description", signature.descriptions[field.name])
        time = _time_format(msgspec.inspect.type_info(field.type)) if mixed_type(field.type) is None else None
        if time is not None:
            part.setdefault("format", time)
        default = _json_of(signature.defaults.get(field.name))
        if default is not None:
            part["default"] = default
    loose = loose_place(schema)
    if loose is not None and strict:
        raise ValueError(
            f"tool {name!r}, parameter {loose.path.removeprefix('$.')!r}: {loose.rule}, "
            "which strict mode cannot express: use strict=False"
        )
    if loose is not None or strict is False:
        return schema, False
    return strict_schema(schema), True


def _open_schema(name: str, signature: Signature) -> Schema:
    """Make the schema of all parameters; raises `TypeError` naming the parameter whose type has none."""
    for field in msgspec.structs.fields(signature.arguments):
        try:
            # Each by itself: the error for the whole would name no parameter.
            plain_schema(field.type)
        except TypeError as error:
            raise TypeError(f"tool {name!r}, parameter {field.name!r}: {error}") from None
    return plain_schema(signature.arguments)


def _time_format(info: msgspec.inspect.Type) -> str | None:
    """Return the format of a time, which msgspec's schemas name only where the zone is settled."""
    match info:
        case msgspec.inspect.Metadata(type=inner):
            return _time_format(inner)
        case msgspec.inspect.UnionType(types=types):
            return next(filter(None, map(_time_format, types)), None)
        case msgspec.inspect.DateTimeType():
            return "date-time"
        case msgspec.inspect.TimeType():
            return "time"
        case _:
            return None


def _json_of(default: object) -> object:
    try:
        return msgspec.json.decode(msgspec.json.encode(default, enc_hook=plain))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None  # a default without a JSON form remains the function's own
