"""Answers as openai-python's code reads them: the native models with pydantic's ways to write them out.

An answer is decoded to native models, then built anew from subclasses of them that have `model_dump` and its kin: it
is of the native class as well, and no schema is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast

import msgspec

from .. import models
from .._typing import is_mapping, is_object, is_sequence, override
from ..models.base import ABSENT, Model
from ..models.dates import TIMES
from ..response import HTTPResponse

T = TypeVar("T")

_ALL = "__all__"


class Dumps:
    """The methods by which pydantic's models are written out and copied.

    The server's null and what it left out are the same here: `exclude_unset` and `exclude_none` leave out both.
    """

    __slots__ = ()

    _request_id: ClassVar[str | None] = None
    """The server's own name of the request that the model answered; None on what is below an answer."""

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """Build the model from plain values, such as `to_dict` gave, or return one."""
        return value if isinstance(value, cls) else cls.model_validate_json(msgspec.json.encode(value))

    @classmethod
    def model_validate_json(cls, data: str | bytes) -> Self:
        """Build the model from JSON text, such as `to_json` gave."""
        built: Self = dressed(native_class(cls).from_json(data))
        return built

    def model_dump(  # pydantic's own
        self,
        *,
        include: Any = None,
        exclude: Any = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **_unused: Any,
    ) -> dict[str, Any]:
        """Write the model as dicts, lists and scalars; `mode=` changes nothing, since all values are JSON's.

        `include` and `exclude` are sets of names, or mappings of names to sets for what is below; a list is below
        by its places or `"__all__"`.
        """
        bare = exclude_unset or exclude_defaults or exclude_none
        written: dict[str, Any] = _written(self, include, exclude, bare=bare)
        return written

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """Write the model as JSON text; `options` are those of `model_dump`."""
        data = msgspec.json.encode(self.model_dump(**options))
        return (data if indent is None else msgspec.json.format(data, indent=indent)).decode()

    def to_dict(self, *, exclude_unset: bool = True, **options: Any) -> dict[str, Any]:
        """Write what the server sent as dicts, lists and scalars."""
        return self.model_dump(exclude_unset=exclude_unset, **options)

    def to_json(self, *, indent: int | None = 2, exclude_unset: bool = True, **options: Any) -> str:
        """Write what the server sent as JSON text, two spaces a level."""
        return self.model_dump_json(indent=indent, exclude_unset=exclude_unset, **options)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002  # values cannot be changed, so every copy is deep
        """Copy the model, with some members replaced."""
        copied: Self = msgspec.structs.replace(cast("Any", self), **(update or {}))
        return copied

    @override
    def __reduce__(self) -> Any:
        return _restored, (native_class(type(self)), _fields(self))


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _restored(kind: type, fields: dict[str, Any]) -> Any:
    """Build a model again of what pickle kept of it."""
    return dressed_class(kind)(**fields)


def _written(value: Any, include: Any, exclude: Any, *, bare: bool) -> Any:
    """Write a value of a model, its members picked by `include` and `exclude`; `bare` leaves out those of None."""
    # What this version does not know is shown as it came.
    if isinstance(value, models.Unknown):
        value = value.raw
    if isinstance(value, msgspec.Struct):
        members = _members(value)
    elif is_object(value):
        members = value
    elif is_sequence(value):
        places = dict(enumerate(value))
        return list(_picked(places, include, exclude, bare=bare).values())
    else:
        return value
    picked = _picked(members, include, exclude, bare=bare)
    if isinstance(value, dict):
        return picked
    return {name: member for name, member in picked.items() if member is not None or not bare}


def _members(value: msgspec.Struct) -> dict[str, Any]:
    """Return the members of a model under their names on the wire, its tag first and unknown ones last."""
    config = type(value).__struct_config__
    members: dict[str, Any] = {} if config.tag is None else {str(config.tag_field): config.tag}
    for name, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        member = getattr(value, name)
        # Members that no document names, on the level where the server sent them.
        if name == "_extra":
            kept: dict[str, Any] = {} if member is msgspec.UNSET else member
            members.update({each: kept[each] for each in kept if each != TIMES})
        else:
            members[wire] = None if member is ABSENT or member is msgspec.UNSET else member
    return members


def _picked(members: Mapping[Any, Any], include: Any, exclude: Any, *, bare: bool) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, member in members.items():
        wanted, unwanted = _below(include, name), _below(exclude, name)
        if (include is None or wanted is not None) and unwanted is not True:
            found[name] = _written(member, None if wanted is True else wanted, unwanted, bare=bare)
    return found


def _below(chosen: Any, name: Any) -> Any:
    """Return the choice for a member: True for all of it, a choice of its own members, or None where it has none."""
    if chosen is None:
        return None
    if not is_mapping(chosen):
        return True if name in chosen or _ALL in chosen else None
    below = chosen.get(name, chosen.get(_ALL))
    return True if below is ... else None if below is False else below


class Assistant(Dumps, models.Assistant, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]  # `to_json` is text
    """An assistant."""


class Thread(Dumps, models.Thread, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]  # the same below
    """A conversation."""


class Message(Dumps, models.Message, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A message on a thread."""


class Run(Dumps, models.Run, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A run."""


class RunStep(Dumps, models.RunStep, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A step of a run."""


class FileObject(Dumps, models.File, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A file."""


class VectorStore(Dumps, models.VectorStore, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A vector store."""


class VectorStoreFile(Dumps, models.VectorStoreFile, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A file of a vector store."""


class VectorStoreFileBatch(Dumps, models.VectorStoreFileBatch, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """Files that go into a vector store together."""


class Upload(Dumps, models.Upload, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A file that is sent in parts."""


class UploadPart(Dumps, models.UploadPart, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """A part of an upload."""


class Deleted(Dumps, models.Deleted, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]
    """The answer of a delete."""


_NAMED: dict[type, type] = {
    kind.__mro__[2]: kind
    for kind in (
        *(Assistant, Thread, Message, Run, RunStep, FileObject),
        *(VectorStore, VectorStoreFile, VectorStoreFileBatch, Upload, UploadPart, Deleted),
    )
}


@cache
def dressed_class(kind: type) -> type[Any]:
    """Return the subclass of a native model that has pydantic's methods."""
    if kind in _NAMED or issubclass(kind, Dumps):
        return _NAMED.get(kind, kind)
    metaclass: Any = type(cast("object", kind))
    members = {"__doc__": kind.__doc__, "__module__": __name__}
    made: type[Any] = metaclass(kind.__name__, (Dumps, kind), members, dict=True, gc=True)
    return made


def native_class(kind: type) -> type[Any]:
    """Return the native model behind a class with pydantic's methods."""
    return next(each for each in kind.__mro__ if each.__module__.startswith(Model.__module__.rpartition(".")[0]))


# Most members are these: looking at their class takes less than a call (9 µs a message in place of 15).
_PLAIN: frozenset[Any] = frozenset({str, int, float, bool, type(None), type(ABSENT), dict, msgspec.UnsetType})


@cache
def _parts(kind: type[msgspec.Struct]) -> tuple[type[Any], tuple[str, ...]]:
    """Return the class to build a model anew from, and the names of its members."""
    return dressed_class(kind), kind.__struct_fields__


def dressed(value: Any) -> Any:
    """Build a native value anew from classes that have pydantic's methods, at every depth."""
    if isinstance(value, msgspec.Struct):
        kind, names = _parts(type(value))
        members: dict[str, Any] = {name: getattr(value, name) for name in names}
        for name in names:
            if members[name].__class__ not in _PLAIN:
                members[name] = dressed(members[name])
        return kind(**members)
    return tuple([dressed(member) for member in value]) if value.__class__ is tuple else value


def with_request_id(value: T, http: HTTPResponse) -> T:
    """Note on the model of an answer the name that the server gave its request."""
    if isinstance(value, Dumps):
        msgspec.structs.force_setattr(cast("Any", value), "_request_id", http.request_id)
    return value
