"""Refusals of the server as data; the body is the vendor's error object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INVALID = "invalid_request_error"

# The words for `No … found with id …`; files have their own sentence.
_WORDS = {
    "batch": "file batch",
    "step": "run step",
    "store_file": "vector store file",
    "vector_store": "vector store",
}
_FILES = frozenset({"assistant_file", "file", "message_file"})


class APIError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = _INVALID,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # A header or a path may have bytes that are not UTF-8; JSON has no form for them.
        message = message.encode("utf-8", "backslashreplace").decode()
        super().__init__(message)
        self.status = status
        """Status code of the answer."""
        self.message = message
        """The sentence for the caller."""
        self.type = type
        """The vendor's class of error."""
        self.param = param
        """The request field at fault."""
        self.code = code
        """The vendor's code."""
        self.headers = dict(headers or {})
        """Headers of the answer besides the usual ones."""

    def body(self) -> dict[str, Any]:
        """The JSON document of the answer."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def invalid(message: str, param: str | None = None, code: str | None = None) -> APIError:
    """A 400: the request breaks a rule."""
    return APIError(400, message, param=param, code=code)


def missing(kind: str, id: str) -> APIError:
    """A 404: nothing of this kind has this id."""
    if kind in _FILES:
        return APIError(404, f"No such File object: {id}", param="id")
    return APIError(404, f"No {words_of(kind)} found with id '{id}'.")


def words_of(kind: str) -> str:
    """Return the words for a kind of object."""
    return "file" if kind in _FILES else _WORDS.get(kind, kind)


def unauthorized(given: bool) -> APIError:
    """A 401; the message does not repeat the key."""
    if given:
        return APIError(401, "Incorrect API key provided.", code="invalid_api_key")
    return APIError(
        401, "You didn't provide an API key. Send it as `Authorization: Bearer YOUR_KEY`, or in the header `api-key`."
    )


def foreign(reason: str, setting: str) -> APIError:
    """A 403: a web page may have sent this request, and a server without a key trusts none."""
    message = f"This server has no key and answers programs on its own machine: {reason}. Allow it by {setting}."
    return APIError(403, message, code="foreign_request")


def wrong_type(given: str, wanted: str) -> APIError:
    """A 415: the server does not read bodies of this type or coding."""
    return APIError(415, f"The body of your request is {given}: send {wanted}.", code="unsupported_media_type")


def too_large(limit: int) -> APIError:
    """A 413: the body has more bytes than the cap."""
    return APIError(413, f"Maximum content size limit ({limit} bytes) exceeded.", code="content_too_large")


def full(limit: int) -> APIError:
    """A 507: the server has no memory left for the object of the request."""
    message = (
        f"This server keeps everything in memory, and its {limit} bytes (max_store_bytes) are used up: delete objects "
        "that you no longer need, or start it with a higher cap."
    )
    # No retry helps: only a delete frees memory.
    return APIError(507, message, type="server_error", code="insufficient_storage", headers={"x-should-retry": "false"})


def unavailable(*, is_full: bool) -> APIError:
    """A 507 where the disk of the store is full, else a 503: the store cannot be used just now."""
    if is_full:
        message = "The disk on which this server keeps its objects is full: nothing was kept of this request."
        headers = {"x-should-retry": "false"}
        return APIError(507, message, type="server_error", code="insufficient_storage", headers=headers)
    return APIError(
        503, "The store of this server cannot be used just now: send the request again.", type="server_error"
    )


def busy() -> APIError:
    """A 409: other requests changed the same objects at each try, and nothing was done."""
    message = "The objects of this request were changed by others while it was served: send it again."
    return APIError(409, message, code="conflict")


def reused() -> APIError:
    """A 409: the `Idempotency-Key` is that of an earlier request to the same path, which asked for something else."""
    message = (
        "The Idempotency-Key of this request was used within a day by another request to this path, whose body, query "
        "or protocol version was not the same: give each request a key of its own."
    )
    return APIError(409, message, code="idempotency_key_reused", headers={"x-should-retry": "false"})


def broken() -> APIError:
    """A 500: the server itself failed."""
    return APIError(500, "The server had an error while processing your request.", type="server_error")
