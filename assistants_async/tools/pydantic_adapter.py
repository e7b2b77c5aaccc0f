"""Types of pydantic's, described and validated by pydantic itself. Importing this module imports pydantic."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, get_args, get_origin

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from .._typing import is_array, is_object

_REF = "#/$defs/{model}"


class PydanticAdapter(NamedTuple):
    """A type of pydantic's."""

    kind: Any

    def json_schema(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make pydantic's JSON schema of a type, and apart from it the schemas that it refers to."""
        try:
            schema: dict[str, Any] = _any_of(TypeAdapter(self.kind).json_schema(ref_template=_REF))
        except PydanticUserError as error:  # such as a type that has no JSON
            raise TypeError(error.message) from None
        marks = get_args(self.kind)[1:] if get_origin(self.kind) is Annotated else ()
        for mark in marks:  # which pydantic does not know
            if isinstance(mark, msgspec.Meta) and mark.description is not None:
                schema["description"] = mark.description
        return schema, schema.pop("$defs", {})

    def validated(self, value: Any, path: str) -> Any:
        """Let pydantic read plain values, a null where a member may be left out read as leaving it out.

        Raises `msgspec.ValidationError` with the place, as msgspec itself would.
        """
        adapter = TypeAdapter[Any](self.kind)
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
