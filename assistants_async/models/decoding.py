"""Decoding that unknown union members and sloppy servers cannot break, at the price of a plain decode.

Goals: data as the documents describe it costs one strict msgspec decode and nothing more; a union member
of an unknown `type` is kept as it came; harmless mistakes of real servers (null for a list,
a float for a time, an object wrapped in a list, one text for a list of texts) is read as meant; anything else
is one clear error.

Plan: decode strictly first. Only where that fails, decode without types, walk the value once beside a plan
made from the type (`msgspec.inspect`) which wraps unknown members and mends the known slips, then convert.
Both steps are linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from .._typing import Generic, is_array, is_object
from .dates import TIMES, to_datetime

T = TypeVar("T")
_Mend = Callable[[Any], Any]

UNKNOWN = "\x7funknown"
"""Tag of the class that keeps unknown union members; in encoded JSON it shows that there is one."""
EXTRA = "\x7fextra"
"""Name, in encoded JSON, of the member that keeps what a class does not name."""
_MARKS = tuple(mark.encode() for mark in (UNKNOWN, EXTRA))
_RARE = _MARKS[0][0]  # in hardly any text, and one byte is found in a tenth of the time that a word takes


class Decoder(Generic[T]):
    """Bytes to a value of one type; made once per type by `decoder_for`."""

    __slots__ = ("_mends", "_strict", "decode_strict", "has_kind", "type")

    def __init__(self, type: type[T]) -> None:
        self.type = type
        """The type that it decodes to."""
        self._strict = msgspec.json.Decoder(type)
        self.decode_strict: Callable[[bytes], T] = self._strict.decode
        """Decode by the letter: unknown union members and mistyped nulls are errors."""
        paged = hasattr(getattr(type, "__origin__", None), "kinds")
        # Looked up once: `check_kind` would else ask every answer of a model that has no kind.
        self.has_kind = bool(getattr(type.__args__[0] if paged else type, "kinds", ()))  # type: ignore[attr-defined]  # a page of something
        """The values, or the items of a page, name their kind in `object`, for `check_kind`."""
        self._mends: dict[tuple[bool, bool], _Mend] = {}

    def decode(self, data: bytes) -> T:
        """Decode leniently; raises `msgspec.DecodeError` with the path, `UnicodeDecodeError` or `RecursionError`."""
        try:
            return self._strict.decode(data)
        except msgspec.ValidationError:
            # Parsed a second time, which the few answers that need mending pay for, and no other.
            return self.convert(msgspec.json.decode(data))

    def convert(self, value: Any) -> T:
        """The same from a document that is already parsed."""
        return self._convert(value, lenient=True)

    def decode_keeping(self, data: bytes) -> T:
        """Decode leniently, members that the classes do not name kept in `extra`; some 7 times the work of `decode`."""
        return self._convert(msgspec.json.decode(data), lenient=True, keep=True)

    def decode_request(self, data: bytes) -> T:
        """Decode what is about to be sent: union members of an unknown `type` pass, and nothing is mended.

        Raises `msgspec.ValidationError` with the path, also for a member of a known `type` in a wrong shape.
        """
        try:
            return self._strict.decode(data)
        except msgspec.ValidationError:
            return self._convert(msgspec.json.decode(data), lenient=False)

    def fits(self, value: Any) -> bool:
        """Check plain values as they are; where they do not fit, `decode_request` knows why, or that they pass."""
        try:
            msgspec.convert(value, self.type)
        except msgspec.ValidationError:
            return False
        return True

    def _convert(self, value: Any, *, lenient: bool, keep: bool = False) -> T:
        # Plans are made on first use: most types are never mended.
        mend = self._mends.get((lenient, keep))
        if mend is None:
            plan = _Plan({}, lenient, keep)
            mend = self._mends[lenient, keep] = plan.of(inspect.type_info(self.type))
        return msgspec.convert(mend(value), self.type)


_decoders: dict[Any, Decoder[Any]] = {}


def decoder_for(type: type[T]) -> Decoder[T]:
    """The one decoder of a type, made on first use."""
    # Made once: building a decoder costs far more than a decode.
    decoder = _decoders.get(type)
    if decoder is None:
        decoder = _decoders[type] = Decoder(type)
    return decoder


def rule_and_path(error: Exception) -> tuple[str, str]:
    """Part an error of msgspec's into the rule that was broken and the path to the value, `"$"` for the whole."""
    # By the last separator, not by a pattern: the rule quotes the value, and that may repeat the separator for 1 MiB.
    rule, found, path = str(error).rpartition(" - at `")
    if not found or not path.endswith("`"):
        rule, path = str(error), "$`"
    # msgspec begins its rules with a capital; `JSON …` stays as it is.
    lower = rule if rule[:2].isupper() else rule[:1].lower() + rule[1:]
    return lower, path.removeprefix("key` in `")[:-1]


_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """Encode as JSON, each unknown member as it was received."""
    data = _encoder.encode(value)
    return data if _RARE not in data else as_received(data)


def as_received(data: bytes) -> bytes:
    """Return JSON that an encoder has written of models, with each unknown member as it was received."""
    if _RARE not in data or not any(mark in data for mark in _MARKS):
        return data
    return _encoder.encode(_unwrap(msgspec.json.decode(data)))


def encode_checked(value: Any) -> tuple[bytes, bytes]:
    """Encode as `encode` does, and once more without what classes do not name, which is all that can be checked."""
    data = _encoder.encode(value)
    if _RARE not in data or not any(mark in data for mark in _MARKS):
        return data, data
    document = msgspec.json.decode(data)
    return _encoder.encode(_unwrap(document)), _encoder.encode(_unwrap(document, keep=False))


def _unwrap(value: Any, *, keep: bool = True) -> Any:
    if is_array(value):
        return [_unwrap(item, keep=keep) for item in value]
    if not is_object(value):
        return value
    # A member of the caller's own could have this `type` too: only one with `raw` is wrapped.
    if value.get("type") == UNKNOWN and "raw" in value:
        return value["raw"]
    extra: dict[str, Any] = value.pop(EXTRA, {}) if keep else {}
    extra.pop(TIMES, None)  # the members themselves have whole seconds, as the documents promise
    return {**{key: _unwrap(item, keep=keep) for key, item in value.items() if key != EXTRA}, **extra}


def _same(value: Any) -> Any:
    return value


class _Plan(msgspec.Struct, frozen=True):
    """The plan by which values of a type are mended; recursive types meet themselves in `structs`."""

    structs: dict[Any, _Struct]
    lenient: bool
    """Slips are mended; if not, unknown union members are wrapped and all else is left to the conversion."""
    keep: bool
    """Members that a model does not name go into its `extra`."""

    def of(self, info: inspect.Type) -> _Mend:
        match info:
            case inspect.Metadata(type=inner):
                return self.of(inner)
            case inspect.StructType() | inspect.TypedDictType():
                if info.cls not in self.structs:
                    # Entered before it is filled, since its members may be of its own type.
                    self.structs[info.cls] = _Struct(self.lenient)
                    self.structs[info.cls].fill(info, self)
                return self.structs[info.cls]
            case inspect.UnionType(types=types):
                return self._union(types)
            # One text for a list of texts, as some servers send `file_ids`.
            case inspect.VarTupleType(item_type=inspect.StrType()) if self.lenient:
                return _listed
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                return _each(self.of(item))
            case inspect.DictType(value_type=inner) if self.lenient:
                return _values(self.of(inner))
            case inspect.IntType() if self.lenient:
                return _integer
            case _:
                return _same

    def _union(self, types: tuple[inspect.Type, ...]) -> _Mend:
        members = {info.tag: info for info in types if isinstance(info, inspect.StructType) and info.tag is not None}
        if UNKNOWN in members:
            unknown = members.pop(UNKNOWN).cls
            known = {tag: (info.cls, self.of(info)) for tag, info in members.items()}
            return _tagged(known, unknown) if self.lenient else _wrapping(known, unknown)
        mends = [mend for mend in (self.of(info) for info in types) if mend is not _same]
        # A union has at most one kind of object, list or number; the others leave its values alone.
        return mends[0] if len(mends) == 1 else _same


class _Struct:
    """An object: nulls where a default is better, and its members mended."""

    __slots__ = ("_has_extra", "_keep", "_lenient", "_members", "_tag")

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self._members: dict[str, tuple[_Mend, bool]] = {}
        self._keep = False
        self._has_extra = False
        self._tag: str | None = None

    def fill(self, info: inspect.StructType | inspect.TypedDictType, plan: _Plan) -> None:
        if isinstance(info, inspect.StructType):
            self._tag = info.tag_field
        for field in info.fields:
            self._keep = self._keep or (plan.keep and field.encode_name == EXTRA)
            if field.encode_name == EXTRA:
                self._has_extra = True
                continue
            # A null is left out where the member has a default that is better, such as the empty list.
            droppable = self._lenient and not field.required and not _takes_none(field.type)
            mend = _place if self._lenient and field.encode_name == "index" else plan.of(field.type)
            self._members[field.encode_name] = (mend, droppable)

    def __call__(self, value: Any) -> Any:
        if not is_object(value):
            return value
        mended: dict[str, Any] = {}
        if self._keep:
            extra = {name: item for name, item in value.items() if name not in self._members and name != self._tag}
            if extra:
                mended[EXTRA] = extra
                value = {name: item for name, item in value.items() if name not in extra}
        for name, item in value.items():
            mend, droppable = self._members.get(name, (_same, False))
            if self._lenient and isinstance(mend, _Struct) and is_array(item) and len(item) == 1:
                item = item[0]  # noqa: PLW2901  # an object wrapped in a list
            if item is not None:
                mended[name] = mend(item)
            elif not droppable:
                mended[name] = None
        if self._has_extra and self._lenient:
            self._keep_fractions(value, mended)
        return mended

    def _keep_fractions(self, value: dict[str, Any], mended: dict[str, Any]) -> None:
        """Keep times with a fraction beside their whole seconds, for the datetime twins of the members."""
        times = {
            name: item
            for name, item in value.items()
            if type(item) is float and name.endswith("_at") and item != mended.get(name)
        }
        if times:
            mended[EXTRA] = {**mended.get(EXTRA, {}), TIMES: times}


def _takes_none(info: inspect.Type) -> bool:
    types = info.types if isinstance(info, inspect.UnionType) else (info,)
    return any(isinstance(inner, (inspect.NoneType, inspect.AnyType)) for inner in types)


def _tagged(members: Mapping[Any, tuple[type[Any], _Mend]], unknown: type[Any]) -> _Mend:
    def mend(value: Any) -> Any:
        if not is_object(value):
            return value
        tag = value.get("type")
        known = members.get(tag) if isinstance(tag, str) else None
        if known is not None:
            try:
                return msgspec.convert(known[1](value), known[0])
            except msgspec.ValidationError:
                pass
        return unknown(raw=value)

    return mend


def _wrapping(members: Mapping[Any, tuple[type[Any], _Mend]], unknown: type[Any]) -> _Mend:
    def mend(value: Any) -> Any:
        tag = value.get("type") if is_object(value) else None
        if not isinstance(tag, str):
            return value
        return members[tag][1](value) if tag in members else unknown(raw=value)

    return mend


def _each(mend: _Mend) -> _Mend:
    def mend_each(value: Any) -> Any:
        return [mend(item) for item in value] if is_array(value) else value

    return _same if mend is _same else mend_each


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _values(mend: _Mend) -> _Mend:
    def mend_values(value: Any) -> Any:
        if value == []:  # what some languages encode an empty map as
            return {}
        return {key: mend(item) for key, item in value.items()} if is_object(value) else value

    return mend_values


def _place(value: Any) -> int:
    """Read the index of a part in a delta; 0, as for an absent one, where the value is no index: the part is kept."""
    index = _integer(value)
    return index if type(index) is int else 0


def _integer(value: Any) -> Any:
    if type(value) is float and math.isfinite(value):
        return int(value)
    if type(value) is not str:
        return value
    try:
        # Times as text, as some servers send them: digits, or ISO 8601.
        return int(value) if value.isdecimal() else int(to_datetime(value).timestamp())
    except (ValueError, OverflowError):
        return value
