"""Settings of a client, a view or a single call, as values: a change makes a new one, so tasks share nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from ..._typing import TypedDict
from ...errors import ItemDecodeError, ThreadBusyError
from ...errors.old_names import keyword_hint
from ...response import HTTPResponse
from ..checks import positive_seconds, shown
from .option_checks import check_options
from .request import PreparedRequest, Request, SentHeaders
from .retry import Retry, RetryPolicy, as_retry


class DefaultLimit(float):
    """A limit that nobody has set."""


RUN_IDLE = 600.0
"""Seconds between bytes of a run's stream, where `idle` is not set: a model may think for minutes."""


class Timeout(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits in seconds, None for none; passing one raises `TimedOutError` with its name as `phase`."""

    connect: float | None = 5.0
    """To resolve, connect and shake hands."""
    pool: float | None = 60.0
    """To wait for a free connection where `max_connections` are busy, and to make it."""
    head: float | None = 600.0
    """From the start of an attempt to the response head: some servers do the work before they answer."""
    idle: float | None = DefaultLimit(60.0)
    """Between bytes of the body, 600 in a run's stream unless this is set; the caller's time with an item is free."""
    total: float | None = DefaultLimit(600.0)
    """For a whole call that is no stream; for one that is, for its wait for a busy thread (`if_active`)."""
    stream: float | None = None
    """For a whole stream; keep-alive comments count as signs of life, so nothing else bounds a server of them."""


NO_TIMEOUT = Timeout(connect=None, pool=None, head=None, idle=None, total=None)

Framing = Literal["auto", "json", "lines", "json-seq", "sse", "bytes"]
"""The framings that separate the items of a stream; `auto` goes by the answer's content type."""


class OwnFraming(Protocol):
    """A framing of the caller's own, for one stream."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece of the body and return the items that it completes; may raise a `StreamError`."""
        ...

    def finish(self) -> list[bytes]:
        """Return the item that only the end completes, if any; may raise a `StreamError`."""
        ...


MAX_ITEM = 64 * 1024 * 1024

# As text: at import, each of these takes longer to be made than a class.
RequestHook: TypeAlias = "Callable[[Request], Awaitable[None] | None]"
SendHook: TypeAlias = "Callable[[PreparedRequest], Awaitable[None] | None]"
ResponseHook: TypeAlias = "Callable[[HTTPResponse], Awaitable[None] | None]"
RetryHook: TypeAlias = "Callable[[Retry], Awaitable[None] | None]"
ErrorHook: TypeAlias = "Callable[[Exception], Awaitable[None] | None]"
Resolver: TypeAlias = "Callable[[str, HTTPResponse], Any]"
Trace: TypeAlias = "Callable[[str, str], None]"
BadItemHook: TypeAlias = "Callable[[ItemDecodeError], None]"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a client, a view (`client.with_options`) and a call (`call.with_options`) can set."""

    timeout: Timeout = Timeout()
    retry: RetryPolicy = RetryPolicy()
    headers: Mapping[str, str | None] = {}
    query: Mapping[str, object] = {}
    raise_for_status: bool = True
    strict: bool = False
    keep_unknown: bool = False
    accept: str | None = None
    content_type: str | None = None
    on_request: RequestHook | None = None
    on_send: SendHook | None = None
    on_response: ResponseHook | None = None
    on_retry: RetryHook | None = None
    on_error: ErrorHook | None = None
    resolve_type: Resolver | None = None
    trace: Trace | None = None
    framing: Framing | Callable[[], OwnFraming] = "auto"
    max_item_bytes: int = MAX_ITEM
    on_bad_item: BadItemHook | None = None
    busy_thread: BusyThreadPolicy | None = None
    """The policy of one call for a busy thread; None where that is an error at once."""
    wait_limit: float | None = None
    """Most seconds of a `poll` or a `drive`: the total of the `timeout` that a view or a call set, not the client's."""
    is_plain: bool = True
    """True where requests are sent as the client itself would send them; computed from the other options."""

    def __post_init__(self) -> None:
        """Work out `is_plain`, once, since each request asks."""
        changed = self.on_send or self.headers or self.query or self.accept or self.content_type or self.trace
        msgspec.structs.force_setattr(self, "is_plain", not changed)


class OptionChanges(TypedDict, total=False):
    """Keywords of `with_options`; what is left out stays as it was."""

    timeout: Timeout | float | None
    """A `Timeout`; None lifts every limit. A number is its `total`, and bounds the head and the silences of a stream,
    whose length stays open. Set for a view or a call, the total also bounds a `poll` and a `drive` as a whole, as
    `deadline=` does."""
    retry: RetryPolicy | int | None
    """A `RetryPolicy`; a number is its `max_retries`; None for no retry."""
    headers: Mapping[str, str | None]
    """Added to those there are; None as a value takes one away. Names are case-insensitive."""
    query: Mapping[str, object]
    """Query parameters added to every request; None as a value takes one away."""
    raise_for_status: bool
    """False: an error status is an answer, with None as its value, or one of the type that you name; a stream of it
    has that item or none. What takes several answers (a walk over pages, `poll`, `drive`) or a file raises anyway."""
    strict: bool
    """True: answers are decoded by the letter, and an unknown union member is a `DecodeError`."""
    keep_unknown: bool
    """True: members that the models do not name are kept in `extra`, nested ones too, written out and sent back.

    That takes some 7 times the work of decoding; unknown union members are kept in any case. `strict` goes before it.
    """
    accept: str | None
    """The Accept header in place of `application/json`."""
    content_type: str | None
    """The media type of a JSON body in place of `application/json`; it must be a JSON type."""
    on_request: RequestHook | None
    """Called once a call, before anything is encoded: it may change the request."""
    on_send: SendHook | None
    """Called before each attempt with what will go over the wire: it may change it."""
    on_response: ResponseHook | None
    """Called with each answer, errors included."""
    on_retry: RetryHook | None
    """Called with a `Retry` before the wait for the next attempt."""
    on_error: ErrorHook | None
    """Called with the error that a call is about to raise."""
    resolve_type: Resolver | None
    """Called with the operationId and the answer: the type to decode to, of a list its items, or None for the usual
    one. A stream's answer has no body yet."""
    trace: Trace | None
    """Called with (`TEXT` | `HEADER OUT` | `DATA OUT` | `HEADER IN` | `DATA IN`, text); credentials are masked."""
    framing: Framing | Callable[[], OwnFraming]
    """The framing of a stream in place of its content type's; or a function that makes an `OwnFraming`."""
    max_item_bytes: int
    """Bytes of one item of a stream, 64 MiB unless given; more is an `ItemTooLargeError`."""
    on_bad_item: BadItemHook | None
    """Called with the error of an item that cannot be decoded, which is then left out; else it ends the stream."""


class ViewOptions(OptionChanges, total=False):
    """Keywords of a client's `with_options`: those of a call, and those that its check needs."""

    validate: bool
    """False: keywords and values go to the server unchecked."""
    extra_body: Mapping[str, object] | None
    """Members put into the body of each request as they are, over those of the keywords, unchecked; None for none.
    A GET or DELETE has no body, and is refused."""


def as_timeout(value: Timeout | float | None, base: Timeout) -> Timeout:
    """Read what `timeout=` may be; raises `TypeError` and `ValueError` for what it may not."""
    if value is None:
        return NO_TIMEOUT
    if not isinstance(value, Timeout):
        if type(value) not in (int, float):
            raise TypeError(f"timeout must be a Timeout, a number or None, not {type(value).__name__}")
        positive_seconds("timeout", value)
        # The limits of connecting stay: they are about the network, and not about this call.
        head, idle = (_bounded(limit, base.total, value) for limit in (base.head, base.idle))
        return msgspec.structs.replace(base, total=float(value), head=head, idle=idle)
    for phase, seconds in msgspec.structs.asdict(value).items():
        if seconds is not None and type(seconds) is not DefaultLimit:
            positive_seconds(f"timeout: {phase}", seconds)
    return value


def _bounded(limit: float | None, total: float | None, seconds: float) -> float:
    """Bound a part of a call by the seconds that are given for the whole; one that was set narrower than that stays.

    A stream has no total, so its parts are all that a number can bound.
    """
    if limit is None or type(limit) is DefaultLimit or (total is not None and limit >= total):
        return float(seconds)
    return min(limit, float(seconds))


def refuse_view_options(operation: str, changes: Mapping[str, Any]) -> None:
    """Refuse options that a call can no longer be given, since it was checked when it was made."""
    for name in ("validate", "extra_body"):
        if name in changes:
            value = changes[name] if name == "validate" else "…"
            right = f"client.with_options({name}={value}).{operation}(…)"
            raise TypeError(f"{operation}: {name} must be set before the call is made: {right}")


def merge(options: Options, changes: OptionChanges) -> Options:
    """Apply changes: headers and query are added up, the rest is replaced; raises `TypeError` for unknown names."""
    known = OptionChanges.__annotations__.keys()
    unknown = changes.keys() - known
    if unknown:
        known = ViewOptions.__annotations__.keys()
        hint = keyword_hint(min(unknown), known)
        raise TypeError(f"with_options() got an unexpected keyword argument {min(unknown)!r}{hint}")
    if changes:
        check_options(changes)
    new: dict[str, Any] = dict(changes)
    if "timeout" in changes:
        timeout = new["timeout"] = as_timeout(changes["timeout"], options.timeout)
        # A `Timeout` whose total is not set was set for another limit.
        new["wait_limit"] = None if type(timeout.total) is DefaultLimit else timeout.total
    if "retry" in changes:
        new["retry"] = as_retry(changes["retry"], options.retry)
    if "headers" in changes:
        # In lower case, so that a view can take away what a client has set in another spelling.
        added = {name.lower(): value for name, value in checked_headers(changes["headers"]).items()}
        new["headers"] = SentHeaders({**options.headers, **added})
    if "query" in changes:
        new["query"] = {**options.query, **changes["query"]}
    # These become headers, too.
    checked_headers({name: new.get(name) for name in ("accept", "content_type")})
    if (media := changes.get("content_type")) is not None and not _is_json(media):
        raise ValueError(f"content_type must be a JSON media type, not {media!r}")
    return msgspec.structs.replace(options, **new)


def raising(options: Options) -> Options:
    """Return the options of a form that has no place for an error status, which then raises."""
    return options if options.raise_for_status else msgspec.structs.replace(options, raise_for_status=True)


def earlier(first: float | None, second: float | None) -> float | None:
    """Return the shorter of two limits in seconds, where None is none."""
    return min((limit for limit in (first, second) if limit is not None), default=None)


def _is_json(media: str) -> bool:
    essence = media.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


# RFC 9110, 5.6.2.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def checked_headers(headers: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Refuse what would break the request head (RFC 9110, 5.5); raises `ValueError` without the value."""
    for name, value in headers.items():
        if not name or not _TOKEN.issuperset(name):
            raise ValueError(f"header name {shown(name)} is not a token")
        if value is not None and not header_safe(value):
            raise ValueError(f"header {name!r} has a control character or is no latin-1 text")
    return headers


def header_safe(value: str) -> bool:
    """Return True for text that can be a header value: latin-1 without control characters (RFC 9110, 5.5)."""
    return all(char == "\t" or " " <= char <= "~" or "\xa0" <= char <= "\xff" for char in value)


class BusyThreadPolicy(Protocol):
    """The policy of a call for a thread that another run keeps busy; used after each refusal."""

    may_have_succeeded: bool
    """True where an attempt before the refused one had no answer, or an error, and may have been processed."""

    @property
    def refusal(self) -> ThreadBusyError | None:
        """The last refusal, until the thread is free: while it is set, nothing of the call runs at the server."""
        ...

    async def until_free(
        self, refusal: ThreadBusyError, options: Options, *, started: float, limit: float | None
    ) -> None:
        """Return when it is time to send again; raise the refusal where the call's time is up.

        `started` is when the call began, by the event loop's time; `limit` is the seconds it has from then on.
        """
        ...
