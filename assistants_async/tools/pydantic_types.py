"""Types of pydantic's, where it is installed: found, described and validated by pydantic itself.

Nothing here imports pydantic before a type of its own has been seen.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, get_args, get_origin

import msgspec

from .._typing import is_array, is_object

_REF = "#/$defs/{model}"


def is_pydantic(kind: Any) -> bool:
    """Find a model or dataclass of pydantic's, another type that it makes, or one with marks such as its `Field`."""
    if "pydantic" not in sys.modules:
        return False
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        return is_pydantic(inner) or (any(map(_is_mark, marks)) and not _has_struct(inner))
    hooked = hasattr(kind, "__pydantic_validator__") or hasattr(kind, "__get_pydantic_core_schema__")
    # The models of this package have pydantic's hooks too, and msgspec reads them.
    return hooked and isinstance(kind, type) and not issubclass(kind, msgspec.Struct)


def json_schema(kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make pydantic's JSON schema of a type, and apart from it the schemas that it refers to."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        schema: dict[str, Any] = _any_of(TypeAdapter(kind).json_schema(ref_template=_REF))
    except PydanticUserError as error:  # such as a type that has no JSON
        raise TypeError(error.message) from None
    marks = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    for mark in marks:  # which pydantic does not know
        if isinstance(mark, msgspec.Meta) and mark.description is not None:
            schema["description"] = mark.description
    return schema, schema.pop("$defs", {})


def validated(kind: Any, value: Any, path: str) -> Any:
    """Let pydantic read plain values, a null where a member may be left out read as leaving it out.

    Raises `msgspec.ValidationError` with the place, as msgspec itself would.
    """
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter[Any](kind)
    # As JSON, since the rules of pydantic's for Python values are others: no text is a date, no list a tuple.
    data = msgspec.json.encode(value)
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        first = error
    if _without_nulls(value := msgspec.json.decode(data), first):
        try:
            return adapter.validate_json(msgspec.json.encode(value))
        except ValidationError:
            pass  # the first error is about what was sent
    raise msgspec.ValidationError(_first_error(first, msgspec.json.decode(data), path)) from None


def _has_struct(kind: Any) -> bool:
    """Find a class of msgspec's, which pydantic cannot read."""
    return (isinstance(kind, type) and issubclass(kind, msgspec.Struct)) or any(map(_has_struct, get_args(kind)))


def _is_mark(mark: object) -> bool:
    return type(mark).__module__.partition(".")[0] in ("pydantic", "annotated_types")


def _any_of(node: Any) -> Any:
    """Write `oneOf`, which strict mode lacks, as `anyOf`: a tag keeps the branches apart as well."""
    if is_array(node):
        return [_any_of(item) for item in node]
    if not is_object(node):
        return node
    return {"anyOf" if key == "oneOf" and is_array(item) else key: _any_of(item) for key, item in node.items()}


def _place(value: Any, steps: tuple[int | str, ...]) -> tuple[Any, list[int | str]]:
    """Follow the steps of an error to the innermost value that is there, past steps that name a branch of a union."""
    followed: list[int | str] = []
    for step in steps:
        if is_object(value) and step in value:
            value = value[str(step)]
        elif is_array(value) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        followed.append(step)
    return value, followed


def _first_error(error: Any, value: Any, path: str) -> str:
    """Write the first error of a validation as msgspec would: the rule, and the path of the value that breaks it."""
    first = error.errors(include_url=False, include_context=False)[0]
    _, steps = _place(value, first["loc"])
    where = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    if first["type"] == "missing":
        rule = f"Object missing required field `{first['loc'][-1]}`"
    else:
        rule = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return f"{rule} - at `{where}`"


def _without_nulls(value: Any, error: Any) -> bool:
    """Take away the nulls that an error names from the objects that have them; True where there was one."""
    found = False
    for each in error.errors(include_url=False, include_context=False):
        _, steps = _place(value, each["loc"])
        holder, _ = _place(value, tuple(steps[:-1]))
        if steps and is_object(holder) and holder.get(str(steps[-1]), "") is None:
            del holder[str(steps[-1])]
            found = True
    return found
