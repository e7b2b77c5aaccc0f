"""The choice of the decoder of an answer, by its content type or by the caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from ...models.decoding import decoder_for
from ...models.pages import is_page, item_type, like
from ...response import HTTPResponse, media_type
from ..requests.endpoint import Endpoint
from ..requests.options import Framing, Options, OwnFraming
from .framer import JSONFramer, OwnFramer
from .item_decoders import ItemBodyDecoder, RawBodyDecoder
from .run_decoders import RunBodyDecoder, RunEventBodyDecoder
from .sse import SSEDecoder

# Content types that do not mean JSON documents.
_FRAMINGS: dict[str, Framing] = {
    "application/json-seq": "json-seq",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "application/x-jsonlines": "lines",
    "application/jsonlines": "lines",
    "application/json-lines": "lines",
    "text/event-stream": "sse",
}


@lru_cache(maxsize=64)
def _known_framing(content_type: str) -> Framing | None:
    """The framing that a content type names; None without one. Remembered: a server sends a handful."""
    kind = media_type(content_type)
    return _FRAMINGS.get(kind, "json") if kind else None


def framing_of(http: HTTPResponse, options: Options, default: Framing) -> Framing | Callable[[], OwnFraming]:
    """The framing that the caller chose, else the content type's, else that of the operation."""
    if options.framing != "auto":
        return options.framing
    sent = http.headers.get("content-type", "")
    return _known_framing(sent) or default


def _framer(framing: Framing | Callable[[], OwnFraming], limit: int, *, elements: bool) -> JSONFramer | SSEDecoder:
    if callable(framing):
        return OwnFramer(framing(), limit)
    if framing == "sse":
        return SSEDecoder(limit)
    # Imported on use: most clients stream runs alone, and the patterns of JSON take a while to be made.
    from .json_framers import ConcatenatedJSON, JSONLines, JSONSequence, ListElements

    match framing:
        case "lines":
            return JSONLines(limit)
        case "json-seq":
            return JSONSequence(limit)
        case _:
            return ListElements(limit) if elements else ConcatenatedJSON(limit)


def _of_page(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Refuse what is no page: every member has a default, so an error object, too, would read as an empty one."""

    def decode_page(raw: bytes) -> Any:
        page = decode(raw)
        if not page.data and "data" not in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]):
            raise msgspec.ValidationError("Object missing required field `data`")
        return page

    return decode_page


def item_decoder(
    endpoint: Endpoint[Any, Any], http: HTTPResponse, options: Options, result: Any, *, pages: bool = False
) -> ItemBodyDecoder[Any] | RawBodyDecoder:
    """Choose the decoder of a plain call: of a list's elements, one object, or the bytes of a file."""
    framing = framing_of(http, options, "json")
    if framing == "bytes" or (endpoint.result is bytes and options.framing == "auto"):
        return RawBodyDecoder()
    if options.resolve_type is not None:
        result = like(endpoint.result, options.resolve_type(endpoint.operation, http) or result)
    listed = is_page(result)
    elements = listed and not pages
    own = result is not endpoint.result
    decoder = decoder_for((item_type(result) if own else endpoint.item) if elements else result)
    lenient = decoder.decode_keeping if options.keep_unknown else decoder.decode
    decode = decoder.decode_strict if options.strict else lenient
    if listed and pages:
        decode = _of_page(decode)
    # An empty body is no page and no object; only some servers answer a delete with none.
    needed = framing == "json" and http.method != "DELETE"
    framer = _framer(framing, options.max_item_bytes, elements=elements)
    return ItemBodyDecoder(framer, decode, options.on_bad_item, needed=needed, has_kind=decoder.has_kind)


def run_decoder(http: HTTPResponse, options: Options) -> RunEventBodyDecoder | RunBodyDecoder:
    """Choose the decoder of a streamed run: of events, or of the run alone that a server without streams answers."""
    framing = framing_of(http, options, "sse")
    if framing == "sse":
        return RunEventBodyDecoder(options)
    framer = _framer(framing, options.max_item_bytes, elements=False)
    return RunBodyDecoder(framer, options.on_bad_item, keep_unknown=options.keep_unknown)
