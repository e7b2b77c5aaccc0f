"""The base of every model: JSON in and out, reflection, and schemas for other frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, cast

import msgspec
from msgspec import Meta

from .._typing import Generic, override
from ..errors.old_names import listed, old_names
from .dates import TIMES, Timestamp
from .decoding import EXTRA, decoder_for, encode
from .reflect import Path, find, holds, inlined_schema

if TYPE_CHECKING:
    from typing import Literal as Tag
else:

    class Tag:
        """The literal of a tag, as type checkers read it: `Literal` itself takes 80 000 instructions at import."""

        def __class_getitem__(cls, tag: str) -> str:
            return tag


Tag_co = TypeVar("Tag_co", bound=str, covariant=True)
"""The literal that a class of a union has as its `type`."""


Metadata = Annotated[
    Mapping[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
"""The caller's own pairs: at most 16, keys to 64 and values to 512 characters."""


class _Absent(tuple[Any, ...]):
    """The empty tuple in place of a list that was not sent: equal to any other empty tuple, and never written."""

    __slots__ = ()

    @override
    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""Default of a list that the document lets servers leave out: empty, and written only where a server sent it."""
EMPTY: Any = msgspec.field(default_factory=cast("Callable[[], Any]", partial(tuple)))
"""Default of a list that the document requires: empty, and always written, since others' models want it."""
FIRST: Any = msgspec.field(default_factory=partial(int))
"""Default of the index of a part in a delta: 0, and always written, since others' clients fail without it."""
# msgspec leaves out what is its default: the same object, or the empty value of `list`, `dict`, `set` or `tuple`.

_EXTRA = "_extra"


@old_names
class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True, gc=False):
    """Base of every value the protocol sends: frozen, compared by value, made from keywords.

    A member that the server left out and one that it sent as null both read as None. Members that the
    class does not name are skipped, or kept in `extra` where `keep_unknown=True` asks for that.

    The garbage collector does not look into one, since what JSON is read as leads back to nothing: a subclass with
    members of another kind says `gc=True`.
    """

    # With `gc`, each of 300 000 messages that were kept had cost 4.3 µs, and 1.9 without: as with few (2026-11).

    if not TYPE_CHECKING:  # no keyword of the constructor
        _extra: dict[str, Any] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name=EXTRA)

    promised: ClassVar[tuple[str, ...]] = ()
    """Members that the document requires, and not as null, yet that real servers leave out."""
    kinds: ClassVar[tuple[str, ...]] = ()
    """Values of `object` that name the kind; empty for a model without the member."""

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Decode one JSON document as leniently as the client does; raises `msgspec.DecodeError`."""
        model: Self = decoder_for(cls).decode(data.encode() if isinstance(data, str) else data)
        return model

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Build the model from plain values, such as `to_dict` gave; raises `msgspec.ValidationError`."""
        return cls.from_json(msgspec.json.encode(value))

    def to_json(self) -> bytes:
        """Encode as JSON: what is absent or null is left out, unknown union members and `extra` as they came.

        Lists that the documents require are written also when they are empty, others where the server sent them.
        """
        return encode(self)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dicts, lists and scalars."""
        value: dict[str, Any] = msgspec.json.decode(self.to_json())
        return value

    @property
    def extra(self) -> Mapping[str, Any]:
        """Members that the class does not name, as they came: kept under `keep_unknown=True`, else empty."""
        kept: Any = getattr(self, _EXTRA)
        return {} if kept is msgspec.UNSET else {name: value for name, value in kept.items() if name != TIMES}

    def fields(self) -> tuple[str, ...]:
        """Names of the members, in the document's order; those in `extra` are not among them."""
        return tuple(name for name in self.__struct_fields__ if name != _EXTRA)

    def has(self, path: Path) -> bool:
        """Check whether `at(path)` finds a value that is not None, as in `run.has("last_error.code")`."""
        return holds(self, path)

    def at(self, path: Path) -> Any:
        """The value at a path such as `"data[0].id"` or `("data", 0, "id")`; a name applied to a list maps over it.

        Raises `LookupError` naming the step that leads nowhere.
        """
        return find(self, path)

    def missing_required(self) -> tuple[str, ...]:
        """The promised members that the server left out."""
        return tuple(name for name in self.promised if getattr(self, name) is None)

    @override
    def __dir__(self) -> list[str]:
        return listed(self, super().__dir__())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic, and so FastAPI, take and return the model; pydantic is imported only when it asks."""
        from pydantic_core import core_schema

        def validate(value: Any) -> Any:
            return value if isinstance(value, cls) else cls.from_dict(value)

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.to_dict())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Describe the model to OpenAPI, references inlined since pydantic cannot resolve them."""
        return inlined_schema(cls)


class Tagged(Model, Generic[Tag_co], frozen=True, kw_only=True, tag_field="type"):
    """A member of a union, distinguished by `type`: `if part.type == "text"` tells a type checker the class."""

    @property
    def type(self) -> Tag_co:
        """The tag, such as `"function"`."""
        tag: Tag_co = cast("Any", self.__struct_config__.tag)
        return tag


class Object(Model, frozen=True, kw_only=True):
    """A thing that the server keeps: its id is the one member that no server may leave out."""

    id: str
    """The server's name of it; wherever an operation takes the id, it takes the object too."""


__all__ = ["ABSENT", "EMPTY", "FIRST", "Metadata", "Model", "Object", "Tag", "Tag_co", "Tagged", "Timestamp"]
