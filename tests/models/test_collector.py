"""The garbage collector has nothing to do with models that are kept."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import msgspec
import pytest

from assistants_async import Message, Run, RunStep
from assistants_async.models.base import ABSENT, Model
from assistants_async.models.decoding import decoder_for
from assistants_async.models.events import EVENTS, MessageEvent
from benchmarks.bodies import message
from tests.support.http_server import RUN


def reached(value: object) -> list[object]:
    """All that a value refers to, at any depth, that is no class."""
    found: list[object] = []
    waiting = [value]
    while waiting:
        found.append(waiting.pop())
        inner = found[-1]
        waiting += (
            [getattr(inner, name) for name in inner.__struct_fields__]
            if isinstance(inner, msgspec.Struct)
            else [item for item in gc.get_referents(inner) if not isinstance(item, type)]
        )
    return found


def _is_shared_or_a_dict(item: object) -> bool:
    return item is ABSENT or isinstance(item, dict)


@pytest.mark.parametrize(
    ("kind", "document"),
    [(Message, message(1)), (Run, RUN), (RunStep, {"id": "step_1", "usage": {"total_tokens": 3}})],
    ids=["message", "run", "step"],
)
def test_what_was_read_is_not_tracked(kind: type[Any], document: object) -> None:
    """Neither the model nor anything in it, but for objects of the caller's own, such as metadata with members."""
    model = decoder_for(kind).decode(msgspec.json.encode(document))
    gc.collect()
    assert [item for item in reached(model) if gc.is_tracked(item) and not _is_shared_or_a_dict(item)] == []


def test_events_are_not_tracked() -> None:
    """Of every kind."""
    event = MessageEvent("thread.message.completed", Message(id="msg_1"))
    assert not gc.is_tracked(event)
    assert not any(kind.__struct_config__.gc for kind in EVENTS.values())


class Node(Model, frozen=True, kw_only=True, gc=True):
    """A model of a program's own, with a member that can lead back to it."""

    links: list[Any]


class Target:
    """A thing that can be watched."""


def test_a_subclass_can_be_collected() -> None:
    """With `gc=True`, one that leads back to itself is freed."""
    target = Target()
    node = Node(links=[target])
    node.links.append(node)
    seen = weakref.ref(target)
    del node, target
    gc.collect()
    assert seen() is None
