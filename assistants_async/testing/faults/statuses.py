"""Faults of the status: errors in every shape, storms of them, and redirects to places that no key may reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from .exchange import Exchange, Fault, Play
from .http import Answer


def vendor(message: str, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    """Return an error document in the vendor's shape."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def made(make: Callable[[Exchange], Answer]) -> Play:
    """An answer made from the request alone; the server behind never gets the request."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(make(exchange).whole)

    return play


def fixed(answer: Answer) -> Play:
    """The same answer for every request."""
    return made(lambda _: answer)


def _status(exchange: Exchange) -> Answer:
    return Answer.json(int(exchange.number("code")), vendor(exchange.text("message")))


def _throttled(exchange: Exchange) -> Answer:
    return Answer.json(429, vendor("Slow down.", "rate_limit_exceeded"), retry_after=exchange.text("after"))


def _until(exchange: Exchange) -> Answer:
    date = formatdate(time.time() + exchange.number("s"), usegmt=True)
    return Answer.json(429, vendor("Come back at the date.", "rate_limit_exceeded"), retry_after=date)


def _unauthorized(exchange: Exchange) -> Answer:
    given = exchange.seen.headers.get("authorization") or exchange.seen.headers.get("api-key") or "none"
    return Answer.json(401, vendor(f"Incorrect API key provided: {given.split()[-1]}.", "invalid_api_key"))


def html(status: int, title: str, kind: str = "text/html") -> Answer:
    """Make an HTML page, as gateways and proxies send it."""
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer.json(status, None, content_type=kind).holding(text.encode())


def _redirect(place: str | None, code: int = 307) -> Play:
    """A redirect; in `place`, `{target}` is the request's target, `{here}` this server, `{to}` the parameter."""

    def make(exchange: Exchange) -> Answer:
        status = int(exchange.parameters.get("code", code))
        if place is None:
            return Answer.json(status, None)
        words = {"target": exchange.seen.target, "here": exchange.address, "to": exchange.parameters.get("to", "")}
        return Answer.json(status, None, location=place.format_map({**words, "port": exchange.address.split(":")[1]}))

    return made(make)


# `.invalid` never resolves (RFC 6761), so that no request can leave the machine.
_ELSEWHERE = {"to": "other.invalid"}
# A forged log line, two terminal escapes, a line separator and a key.
_LOG = "no\r\n2026-01-01 INFO all is well\x1b[2J\x9b1A\u2028sk-echoed0123456789"

STATUS_FAULTS = (
    Fault("status", made(_status), {"code": 503.0, "message": "The server is out of order."}),
    Fault("flaky_status", made(_status), {"code": 503.0, "message": "Not yet."}, times=2),
    Fault("storm_429", made(_throttled), {"after": "1e9"}),
    Fault("retry_after_date", made(_until), {"s": 2.0}, times=1),
    Fault(
        "insufficient_quota", fixed(Answer.json(429, vendor("You exceeded your current quota.", "insufficient_quota")))
    ),
    Fault("unauthorized", made(_unauthorized)),
    Fault("proxy_407", fixed(html(407, "Proxy Authentication Required").changed(proxy_authenticate='Basic realm="a"'))),
    Fault(
        "active_run_400",
        fixed(Answer.json(400, vendor("Thread thread_1 already has an active run run_1.", None))),
    ),
    # Errors in odd shapes
    Fault("error_html_502", fixed(html(502, "Bad Gateway"))),
    Fault("error_empty_500", fixed(Answer.json(500, None, content_type=None).holding(b""))),
    Fault("error_odd_shape", fixed(Answer.json(500, {"error": {"message": {"en": ["odd"]}, "code": 7, "type": []}}))),
    Fault("error_null", fixed(Answer.json(500, {"error": None}))),
    Fault("error_log_injection", fixed(Answer.json(400, vendor(_LOG, _LOG)).changed(x_request_id="req_1\x85req_2"))),
    # Redirects
    Fault("redirect_cross", _redirect("http://{to}{target}"), _ELSEWHERE),
    Fault("redirect_localhost", _redirect("http://localhost:{port}{target}")),
    Fault("redirect_scheme_relative", _redirect("//{to}{target}"), _ELSEWHERE),
    Fault("redirect_userinfo", _redirect("http://{here}@{to}{target}"), _ELSEWHERE),
    Fault("redirect_chain_back", _redirect("http://{to}/?back=http://{here}{target}"), _ELSEWHERE),
    Fault("redirect_post_301", _redirect("{target}"), {"code": 301.0}),
    Fault("redirect_file", _redirect("file:///etc/passwd")),
    Fault("redirect_ftp", _redirect("ftp://{to}/a"), _ELSEWHERE),
    Fault("redirect_no_location", _redirect(None)),
    Fault("redirect_loop", _redirect("{target}")),
    Fault("redirect_crlf_location", _redirect("http://{to}/%0d%0aset-cookie:%20a=b"), _ELSEWHERE),
    # Answers without a document
    Fault("status_204", fixed(Answer.json(204, None, content_type=None).holding(b""))),
    Fault("html_200", fixed(html(200, "Sign in"))),
    Fault("html_as_json", fixed(html(200, "Sign in", "application/json"))),
)
