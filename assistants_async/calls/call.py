"""A call: the request that a method returns, not sent until it is awaited."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from .._typing import Generic, override
from ..core.keyword_help import show_keywords
from ..core.requests.options import OptionChanges, Options, merge, refuse_view_options
from ..core.requests.request import Request
from ..core.responses.decode import error_for
from ..errors import TransportError
from ..models.decoding import decoder_for
from ..response import HTTPResponse, Response
from ..session.answer_value import value_of_error
from .channel import BodyDecoder, Channel, Opener
from .lazy_coroutine import LazyCoroutine
from .pipe import Sender

if TYPE_CHECKING:
    from ..session.manager import SessionManager
    from ..session.open_response import OpenResponse

T_co = TypeVar("T_co", covariant=True)
S_co = TypeVar("S_co", covariant=True)
U = TypeVar("U")


class KnownItems:
    """Items that were read before the stream was entered, or the error in their place: of an error status."""

    end_marker_seen = False
    finished = False

    def __init__(self, items: list[Any], error: Exception | None = None) -> None:
        self._items = items
        self.error = error

    def feed(self, data: bytes) -> list[Any]:  # noqa: ARG002  # as the others have it
        """Return nothing: the body has been read."""
        return []

    def finish(self) -> list[Any]:
        """Return the items."""
        return self._items

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Return the connection's own error."""
        return cause

    def decode(self, frame: Any) -> Any:
        """Return the item itself."""
        return frame


_Chooser = Callable[..., BodyDecoder[Any]]


@cache
def _decoders() -> tuple[_Chooser, _Chooser]:
    """Load the decoders of streams on use, since not every program streams; once, since an import costs 2 µs."""
    from ..core.streams.body_decoders import item_decoder, run_decoder

    return item_decoder, run_decoder


@show_keywords
class Call(LazyCoroutine[T_co], Generic[T_co, S_co]):
    """One request, checked and not yet sent: `await` it for the value, or use another form.

    `T_co` is what awaiting gives, `S_co` what its stream yields. A call can be used once; one that never is warns with
    its name, like a coroutine. It is a `Coroutine`, so `create_task`, `gather` and `start_soon` take it.
    """

    __slots__ = ("_options", "_request", "_result", "_session")

    def __init__(
        self, session: SessionManager, request: Request, options: Options, result: type[T_co] | None = None
    ) -> None:
        self._session = session
        self._request = request
        self._options = options
        self._result: type[Any] = request.endpoint.result if result is None else result
        # As `LazyCoroutine` begins: its call would be a fifth of what making a call takes (2026-11).
        self._coroutine = None
        self._used = False

    def response(self) -> Coroutine[Any, Any, Response[T_co]]:
        """Await for the value together with the answer it came in: status, headers, bytes, request id, time."""
        self._use()
        return self._session.send(self._request, self._options, self._result)

    def stream(self) -> Channel[S_co]:
        """Enter for the items of the answer, one by one as its bytes arrive.

        One object is one item; a list gives each element as its closing brace comes. See `Channel`.
        """
        return Channel(
            self._request.endpoint.name,
            self._opener(self._decoder),
            partial(self._session.errors.notify, self._options),
        )

    async def into(self, sender: Sender[S_co], *, close: bool = True) -> HTTPResponse | None:
        """Push the items of the answer into a channel of the caller's, waiting while it is full; return the head.

        `sender` is the sending end of `open_pipe`, or of an anyio memory stream. It is closed at the end unless
        `close=False`, so that several calls can feed one. A pipe's reader gets an error that ends the stream as well,
        and ends the call as soon as it closes its end: the call then returns, with None where the head had not come.
        An anyio stream can do neither: its reader sees an error as an ordinary end, and one that has gone is noticed
        before the request is sent and at the next item.
        """
        return await self._push(self.stream(), sender, close=close)

    def _push(
        self, channel: Channel[Any], sender: Sender[Any], *, close: bool
    ) -> Coroutine[Any, Any, HTTPResponse | None]:
        from .push import push  # on use: it imports anyio

        return push(channel, sender, close=close)

    def _opener(self, choose: Callable[[HTTPResponse], BodyDecoder[Any]], *, events: bool = False) -> Opener:
        """Use the call up, and make the function that sends the request when the stream is entered.

        An error status that the options take gives the value that awaiting gives; with `events`, which it is none of,
        its error.
        """
        self._use()

        async def open_stream() -> tuple[OpenResponse, BodyDecoder[Any]]:
            reader = await self._session.open(self._request, self._options)
            if 200 <= reader.status < 300:
                return reader, choose(reader.http)
            if events:
                return reader, KnownItems([], error_for(reader.http, time.time()))
            value: Any = value_of_error(self._request, self._options, self._result, reader)
            return reader, KnownItems([value])

        return open_stream

    def _decoder(self, http: HTTPResponse, *, pages: bool = False, events: bool = False) -> BodyDecoder[Any]:
        """Choose the decoder of the answer: of its items, of `pages` as wholes, or of a run's `events`."""
        of_items, of_run = _decoders()
        if events:
            return of_run(http, self._options)
        return of_items(self._request.endpoint, http, self._options, self._result, pages=pages)

    def with_options(self, **changes: Unpack[OptionChanges]) -> Self:
        """Set options of this call alone, and return it; raises `RuntimeError` once it has been used."""
        if self._used:
            raise RuntimeError(f"{self._request.endpoint.name}: options must be set before the call is used")
        try:
            refuse_view_options(self._name, changes)
            self._options = merge(self._options, changes)
        except (TypeError, ValueError):
            self._drop_warning()
            raise
        return self

    def as_type(self, type: type[U]) -> Call[U, U]:
        """Return the same call, decoded as another type: a model of your own, or `dict` for plain values."""
        self._check_type(type)
        self._use()
        return Call(self._session, self._request, self._options, type)

    def _check_type(self, kind: Any) -> None:
        """Refuse a value that is no type, or a type that JSON cannot be decoded as."""
        try:
            decoder_for(kind)
        except TypeError as error:
            self._drop_warning()
            raise TypeError(f"as_type() must be given a type that can be decoded, not {kind!r}: {error}") from None

    @property
    @override
    def _name(self) -> str:
        return self._request.endpoint.name

    @override
    def _value(self) -> Coroutine[Any, Any, T_co]:
        return self._session.value(self._request, self._options, self._result)

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._request.endpoint}, {'used' if self._used else 'not sent'}>"
