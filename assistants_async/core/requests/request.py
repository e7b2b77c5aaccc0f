"""A call before it is sent: bound and checked when the method is called, written out when it is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from ..._typing import override
from ...errors import WrongProtocolError
from ...errors.old_names import MISSING
from ...models.base import Object
from .endpoint import Endpoint, ProtocolVersion, split_path
from .path_ids import all_plain, segment
from .plain_values import check_finite
from .query import encode_query
from .validation import check, encoded, normalise, split

SECRET_HEADERS = frozenset(
    ("authorization", "api-key", "cookie", "openai-organization", "openai-project", "idempotency-key")
)
"""Headers whose values are shown nowhere, in lower case; and any other whose name has one of `_SECRET_WORDS`."""

# Servers name these in their errors, and they open nothing.
_NAMED = frozenset(("openai-organization", "openai-project", "idempotency-key"))
_SHORTEST_SECRET = 8
_SECRET_WORDS = ("key", "token", "secret", "password", "auth", "cookie", "credential", "signature")


def is_secret(name: str) -> bool:
    """Return True for a header whose value is never shown, such as a gateway's own `x-api-key`."""
    name = name.lower()
    return name in SECRET_HEADERS or any(word in name for word in _SECRET_WORDS)


def shows_secret(name: str) -> bool:
    """Return True for a header that a proxy must not see: every secret one but the idempotency key."""
    return name.lower() != "idempotency-key" and is_secret(name)


def secrets_of(headers: Mapping[str, str | None]) -> Iterator[str]:
    """Yield the secrets of request headers: values of secret names, without `Bearer` and the like before them."""
    for name, value in headers.items():
        if value is not None and name.lower() not in _NAMED and is_secret(name):
            yield from (part for part in re.split(r"[\s;,]+", value) if len(part) >= _SHORTEST_SECRET)


class StreamingBody(Protocol):
    """A `multipart/form-data` body that can be read more than once, or says that it cannot."""

    content_type: str
    length: int | None
    """Bytes in all; None when that is known only at the end."""
    failure: Exception | None
    """The error of making the body; None where only sending it failed."""

    @property
    def replayable(self) -> bool:
        """True where `chunks` can be called once more."""
        ...

    def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body piece by piece."""
        ...


class SentHeaders(dict[str, Any]):
    """Request headers whose repr masks credentials, since tracebacks show locals."""

    @override
    def __repr__(self) -> str:
        return repr({name: "[masked]" if is_secret(name) else self[name] for name in self})


class Request(msgspec.Struct, eq=False):
    """One call of an operation, checked and not yet sent; `on_request` hooks may change it."""

    endpoint: Endpoint[Any, Any]
    """The row of the table."""
    path: str
    """Path below the base URL, ids percent-encoded."""
    query: dict[str, Any] = {}
    """Query parameters by their wire names."""
    body: dict[str, Any] | None = None
    """Members of the JSON body; None for no body."""
    form: StreamingBody | None = None
    """The multipart body, for uploads."""
    headers: dict[str, str | None] = {}
    """Headers of this call alone, in lower case."""
    idempotency_key: str | None = None
    """Key by which a server knows another attempt of the same call; made for each POST when it is sent."""
    encoded_body: tuple[dict[str, Any], bytes] | None = None
    """A body and its JSON as it was checked: what is sent as long as `body` is that one."""

    def add_member(self, name: str, value: object) -> None:
        """Put one member more into the body, and into its JSON as it was checked, which may be large."""
        # A member is written into the JSON as text: a long conversation is not encoded twice.
        before, known = self.body or {}, self.encoded_body
        self.body = {**before, name: value}
        if known is not None and known[0] is before and name not in before:
            more = encoded(self.endpoint.name, {name: value})
            self.encoded_body = (self.body, b"".join((known[1][:-1], b",", more[1:])))

    def add_extra(self, members: Mapping[str, object]) -> None:
        """Put members that no document has into the body, over those that are there.

        Raises `TypeError` and `ValidationError` for a request without a body, and for a value that is no JSON.
        """
        name = self.endpoint.name
        if self.endpoint.method != "POST":
            method = self.endpoint.method
            raise TypeError(f"{name}: a {method} has no body for extra_body: use client.with_options(query=…)")
        if "stream" in members:
            raise TypeError(f"{name}: extra_body takes no 'stream': use {name}(…).stream()")
        # Unchecked by the documents, but it must be JSON: an error now names the call.
        check_finite(name, members)
        encoded(name, members)
        if self.form is not None or not members.keys().isdisjoint(self.body or ()):
            self.body = {**(self.body or {}), **members}
        for member, value in members.items():
            if member not in (self.body or ()):
                self.add_member(member, value)

    @property
    def is_replayable(self) -> bool:
        """True where its body can be sent once more."""
        return self.form is None or self.form.replayable

    @property
    def is_plain(self) -> bool:
        """True for a request with no headers but those of the client, of its JSON and of its attempts."""
        return not self.headers and self.form is None and self.endpoint.result is not bytes

    @override
    def __repr__(self) -> str:
        return f"<Request {self.endpoint}>"


class PreparedRequest(msgspec.Struct, eq=False):
    """One attempt as it goes over the wire; `on_send` hooks may change it."""

    operation: str
    """The method that is called, such as `"runs.create"`."""
    method: str
    url: str
    """Whole URL, percent-encoded already."""
    headers: SentHeaders
    """Headers, credentials included."""
    body: bytes | StreamingBody | None
    """The bytes of the body, or the multipart form."""
    attempt: int = 1
    """1 for the first try."""
    new_connection: bool = False
    """True where it must go over a new connection."""
    added_headers: SentHeaders | None = None
    """Those of `headers` that are not the client's own, key included, which a transport may have prepared; None where
    not all of the client's are among them."""

    @override
    def __repr__(self) -> str:
        return f"<PreparedRequest {self.operation}: {self.method} attempt {self.attempt}>"


def bind(
    endpoint: Endpoint[Any, Any],
    ids: tuple[object, ...],
    keywords: Mapping[str, Any],
    *,
    protocol: ProtocolVersion,
    validate: bool = True,
    kinds: Mapping[str, tuple[type[Object], ...]] = {},
    form: StreamingBody | None = None,
) -> Request:
    """Make the request of a call, refusing bad ids, keywords and values before anything is sent.

    Raises `TypeError`, `ValidationError` and `WrongProtocolError`, each naming the argument.
    """
    if protocol not in endpoint.protocols:
        raise WrongProtocolError(endpoint.name, None, protocol, endpoint.protocols[0])
    template, names = split_path(endpoint.path)
    if not (all_plain(ids) and len(ids) == len(names)):
        if any(value is MISSING for value in ids):
            place = next(name for name, value in zip(names, ids, strict=True) if value is MISSING)
            shown = f"{endpoint.name}({', '.join(names)}{', …' if endpoint.params else ''})"
            raise TypeError(f"{endpoint.name}() is missing {place}: ids go by position, {shown}")
        ids = tuple(segment(endpoint.name, name, value, kinds) for name, value in zip(names, ids, strict=True))
    path = template % ids
    # A call without keywords, such as every `retrieve`, has nothing to check or encode.
    if not keywords and (not validate or endpoint.params is None):
        if endpoint.method == "GET":
            return Request(endpoint, path)
        return Request(endpoint, path, body={} if endpoint.takes_body and not endpoint.form else None, form=form)
    values = normalise(endpoint.name, keywords, kinds)
    data = check(endpoint, values, protocol) if validate else None
    query, body = split(endpoint, values)
    if not endpoint.takes_body:
        return Request(endpoint, path, query, form=form)
    # Kept: what was encoded to be checked is sent, and not encoded again.
    written = (body, data) if data is not None and not query else None
    return Request(endpoint, path, query, body, form, encoded_body=written)


def ids_of(request: Request) -> tuple[str, ...]:
    """Return the ids in a request's path, as they were given."""
    parts = zip(request.endpoint.path.split("/"), request.path.split("/"), strict=True)
    return tuple(unquote(part) for name, part in parts if name.startswith("{"))


def write(request: Request, base_url: str, headers: SentHeaders, query: Mapping[str, object]) -> PreparedRequest:
    """Write a request out: one URL, one set of headers, one body."""
    text = encode_query({**query, **request.query} if query else request.query) if query or request.query else ""
    url = f"{base_url}{request.path}?{text}" if text else base_url + request.path
    body: bytes | StreamingBody | None = request.form
    if request.form is not None:
        headers["content-type"] = request.form.content_type
        if request.form.length is not None:
            headers["content-length"] = str(request.form.length)
    elif request.body is not None:
        known = request.encoded_body
        body = known[1] if known and known[0] is request.body else encoded(request.endpoint.name, request.body)
        # Only where no option sets another media type.
        headers.setdefault("content-type", "application/json")
    return PreparedRequest(request.endpoint.name, request.endpoint.method, url, headers, body)
