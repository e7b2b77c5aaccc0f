"""Classes of keywords: at run time no more than what reads them needs, and no less than a TypedDict gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NotRequired, Required, get_type_hints

import msgspec
import pytest

from assistants_async._typing import TypedDict
from assistants_async.models import CreateMessageParams
from assistants_async.models.params_files import ListFilesParams


class Base(TypedDict, total=False):
    """Some keywords."""

    name: Required[Annotated[str, msgspec.Meta(max_length=3)]]
    numbers: Sequence[int]


class Whole(Base):
    """More, all of which must be given but one."""

    key: str
    other: NotRequired[str]


class Elsewhere(ListFilesParams, total=False):
    """Keywords of another module, whose annotations have names that are not here."""

    extra: int


def test_keys() -> None:
    """Keys of the bases come first; those that must be given are known, whichever class they are from."""
    kind = msgspec.inspect.type_info(Whole)
    assert isinstance(kind, msgspec.inspect.TypedDictType)
    assert {field.name: field.required for field in kind.fields} == {
        "name": True,
        "numbers": False,
        "key": True,
        "other": False,
    }
    assert list(Whole.__annotations__) == ["name", "numbers", "key", "other"]
    assert Whole.__required_keys__ == {"name", "key"}
    assert get_type_hints(Whole) == {"name": str, "numbers": Sequence[int], "key": str, "other": str}


def test_checks() -> None:
    """A value is checked by the class, its limits included."""
    assert msgspec.json.decode(b'{"name":"abc","key":"k"}', type=Whole) == {"name": "abc", "key": "k"}
    with pytest.raises(msgspec.ValidationError, match="length <= 3"):
        msgspec.json.decode(b'{"name":"abcd","key":"k"}', type=Whole)
    with pytest.raises(msgspec.ValidationError, match="missing required field `key`"):
        msgspec.json.decode(b'{"name":"abc"}', type=Whole)


def test_annotations_are_read_in_the_module_that_has_them() -> None:
    """A class may stand in another module than its base."""
    assert msgspec.convert({"order": "asc", "extra": 1}, Elsewhere) == {"order": "asc", "extra": 1}
    assert "order" in get_type_hints(Elsewhere)


def test_an_instance_is_a_plain_dict() -> None:
    """It is sent and compared as one."""
    made = CreateMessageParams(role="user", content="Hello")
    assert type(made) is dict
    assert made == {"role": "user", "content": "Hello"}
