"""A framing of the caller's own: anything with `feed` and `finish`."""

from __future__ import annotations

import pytest

from assistants_async import AssistantsClient, ItemDecodeError, StreamTruncatedError
from tests.support.byte_server import Body
from tests.support.http_server import Wire


class Bars:
    """Items between bars, as no content type names them."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *items, self.rest = (self.rest + data).split(b"|")
        return items

    def finish(self) -> list[bytes]:
        if self.rest:
            raise StreamTruncatedError("no closing bar", partial=self.rest)
        return []


async def test_items_are_the_values_it_finds(wire: Wire, client: AssistantsClient) -> None:
    """One at a time, decoded as the operation's element, in pieces of any size; each stream has its own."""
    for pieces in ((b'{"id":"a"}|{"id":"b"}|',), (b'{"id":', b'"a"}|{"id":"b"', b"}|")):
        wire.answer(Body(*pieces))
        async with client.threads.list().with_options(framing=Bars).stream() as channel:
            assert [thread.id async for thread in channel] == ["a", "b"]
        assert channel.outcome == "completed"


async def test_its_errors_come_after_its_items(wire: Wire, client: AssistantsClient) -> None:
    """With the number of the items before them, as those of every framing."""
    wire.answer(Body(b'{"id":"a"}|{"id":'))
    async with client.threads.list().with_options(framing=Bars).stream() as channel:
        assert (await anext(channel)).id == "a"
        with pytest.raises(StreamTruncatedError, match="no closing bar") as caught:
            await anext(channel)
    assert (caught.value.items, caught.value.partial) == (1, b'{"id":')
    wire.answer(Body(b'{"id":"a"}|nonsense|'))
    async with client.threads.list().with_options(framing=Bars).stream() as channel:
        assert (await anext(channel)).id == "a"
        with pytest.raises(ItemDecodeError):
            await anext(channel)
