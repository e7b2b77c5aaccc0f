"""Settings and options of a wrong type or form: refused by name, before anything is sent."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient, Timeout
from assistants_async.core.requests.query import Styled
from tests.support.http_server import KEY, Memory, answer


async def waits(*_: object) -> None:
    """Wait, where only a plain function will do."""
    await asyncio.sleep(0)


WRONG: dict[str, tuple[str, Any, str]] = {
    "key of bytes": ("api_key", b"sk-secret", "api_key must be a str or a function that returns one, not bytes"),
    "key of a number": ("api_key", 5, "api_key must be a str or a function"),
    "key of a list": ("api_key", ["sk-secret"], "api_key must be a str or a function"),
    "key of False": ("api_key", False, "api_key must be a str or a function"),
    "key of a function of one": ("api_key", lambda _: "sk-secret", "api_key must be a function of no arguments"),
    "address": ("base_url", b"http://127.0.0.1", "base_url must be a str or None, not bytes"),
    "way of the key": ("auth", "basic", "auth must be 'bearer' or 'api-key', not 'basic'"),
    "way of the key, a list": ("auth", ["bearer"], "auth must be 'bearer' or 'api-key'"),
    "protocol": ("protocol", 2, "protocol must be 'v1' or 'v2', not 2"),
    "organization": ("organization", 5, "organization must be a str or None, not int"),
    "project": ("project", ["p"], "project must be a str or None, not list"),
    "connections": ("max_connections", True, "max_connections must be a whole number of at least 1, not True"),
    "connections, a float": ("max_connections", 2.0, "max_connections must be a whole number"),
    "header bytes": ("max_header_bytes", "9", "max_header_bytes must be a whole number"),
    "proxy": ("proxy", 3128, "proxy must be a str or None, not int"),
    "trust in the environment": ("trust_env", "yes", "trust_env must be True or False, not 'yes'"),
    "TLS switched off": ("ssl", False, "ssl must be an ssl.SSLContext or None, not False"),
    "TLS switched on": ("ssl", True, "ssl must be an ssl.SSLContext or None, not True"),
    "TLS by a path": ("ssl", "ca.pem", "ssl must be an ssl.SSLContext or None, not 'ca.pem'"),
    "TLS by a fingerprint": ("ssl", aiohttp.Fingerprint(b"0" * 32), "ssl must be an ssl.SSLContext or None"),
    "session": ("session", "s", "session must be an aiohttp.ClientSession or None, not str"),
    "session, the class": ("session", aiohttp.ClientSession, "session must be an aiohttp.ClientSession or None"),
    "transport": ("transport", 5, "transport must be 'lean', a Transport or None, not int"),
    "transport without such a name": ("transport", "thin", "transport must be 'lean', a Transport or None, not 'thin'"),
    "validation": ("validate", 1, "validate must be True or False, not 1"),
}

WRONG_OPTIONS: dict[str, tuple[str, Any, str]] = {
    "time-out": ("timeout", "5", "timeout must be a Timeout, a number or None, not str"),
    "time-out of True": ("timeout", True, "timeout must be a Timeout, a number or None, not bool"),
    "a limit of text": ("timeout", Timeout(idle="5"), "timeout: idle must be a positive number of seconds"),  # type: ignore[arg-type]  # on purpose
    "retry": ("retry", "2", "retry must be a RetryPolicy, a number of retries or None, not str"),
    "retry of True": ("retry", True, "retry must be a RetryPolicy"),
    "headers": ("headers", "x-a: 1", "headers must be a mapping, not str"),
    "headers of None": ("headers", None, "headers must be a mapping, not NoneType"),
    "headers in pairs": ("headers", [("x-a", "1")], "headers must be a mapping, not list"),
    "a header of a number": ("headers", {"x-a": 1}, "headers['x-a'] must be a str or None, not int"),
    "a header of bytes": ("headers", {"x-a": b"1"}, "headers['x-a'] must be a str or None, not bytes"),
    "a name of bytes": ("headers", {b"x-a": "1"}, "headers must have str names, not bytes"),
    "query": ("query", "a=1", "query must be a mapping, not str"),
    "query of None": ("query", None, "query must be a mapping, not NoneType"),
    "a name of a number": ("query", {1: 2}, "query must have str names, not int"),
    "a parameter of an object": ("query", {"a": object()}, "query parameter 'a' cannot be object"),
    "a parameter of bytes": ("query", {"a": b"1"}, "query parameter 'a' cannot be bytes"),
    "a nested parameter": ("query", {"a": {"b": [1, {2}]}}, "query parameter 'a[b]' cannot be set"),
    "a parameter in a style": ("query", {"a": Styled([object()], "comma")}, "query parameter 'a' cannot be object"),
    "a parameter of no text": ("query", {"a": "\ud800"}, "query parameter 'a' has half of a surrogate pair"),
    "a name of no text": ("query", {"\ud800": "a"}, "query parameter '\\ud800' has half of a surrogate pair"),
    "statuses": ("raise_for_status", None, "raise_for_status must be True or False, not None"),
    "strictness": ("strict", "no", "strict must be True or False, not 'no'"),
    "accept": ("accept", 5, "accept must be a str or None, not int"),
    "content type": ("content_type", b"application/json", "content_type must be a str or None, not bytes"),
    "framing": ("framing", "xml", "framing must be one of 'auto', 'json',"),
    "framing of a number": ("framing", 5, "framing must be one of 'auto', 'json',"),
    "framing by what needs more": ("framing", lambda _: None, "framing must be a function of no arguments"),
    "bytes of an item": ("max_item_bytes", 0, "max_item_bytes must be a whole number of at least 1, not 0"),
    "type by an async function": ("resolve_type", waits, "resolve_type must be a plain function, not an async one"),
    "type by what takes less": ("resolve_type", lambda _: None, "resolve_type must be a function of 2 arguments"),
    "trace": ("trace", 5, "trace must be a function or None, not int"),
    "trace that waits": ("trace", waits, "trace must be a plain function, not an async one"),
    "trace of one": ("trace", lambda _: None, "trace must be a function of 2 arguments"),
    "bad items": ("on_bad_item", waits, "on_bad_item must be a plain function, not an async one"),
}
for _hook in ("on_request", "on_send", "on_response", "on_retry", "on_error"):
    WRONG_OPTIONS |= {
        f"{_hook}, text": (_hook, "print", f"{_hook} must be a function or None, not str"),
        f"{_hook} of nothing": (_hook, lambda: None, f"{_hook} must be a function of 1 argument"),
        f"{_hook} of two": (_hook, lambda a, b: (a, b), f"{_hook} must be a function of 1 argument"),
    }


@pytest.mark.parametrize(
    ("name", "value", "words"), [*WRONG.values(), *WRONG_OPTIONS.values()], ids=[*WRONG, *WRONG_OPTIONS]
)
def test_a_setting_of_a_wrong_type_is_refused_by_name(name: str, value: Any, words: str) -> None:
    """Refused where the client is made, the key first of all; no key is shown."""
    with pytest.raises((TypeError, ValueError)) as caught:
        AssistantsClient(**{"base_url": "http://127.0.0.1/v1", name: value})
    assert str(caught.value).startswith(words)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(("name", "value", "words"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
async def test_an_option_of_a_wrong_type_is_refused_by_name(name: str, value: Any, words: str) -> None:
    """Of a view and of a call as well, before anything is sent."""
    transport = Memory(answer({"id": "thread_1"}))
    async with AssistantsClient(base_url="http://127.0.0.1/v1", transport=transport) as client:
        change: dict[str, Any] = {name: value}
        with pytest.raises((TypeError, ValueError)) as caught:
            client.with_options(**change)
        assert str(caught.value).startswith(words)
        call = client.threads.create()
        with pytest.raises((TypeError, ValueError)) as caught:
            call.with_options(**change)  # type: ignore[unused-awaitable]  # it raises
        assert str(caught.value).startswith(words)
        await call
    assert len(transport.sent) == 1


class Hooks:
    """Functions of every form that works."""

    def method(self, _: object) -> None:
        """Be called with one."""

    def __call__(self, *_: object) -> None:
        """Be called with any."""


FORMS: dict[str, Callable[..., Any]] = {
    "function": lambda _: None,
    "async function": waits,
    "method": Hooks().method,
    "object": Hooks(),
    "partial": functools.partial(lambda _, __: None, 1),
    "more by default": lambda _, __=None: None,
    "builtin": [].append,
}


@pytest.mark.parametrize("hook", FORMS.values(), ids=FORMS)
async def test_every_form_of_a_function_works(hook: Callable[..., Any]) -> None:
    """A hook may be anything that can be called with one value."""
    transport = Memory(answer({"id": "thread_1"}))
    hooks: dict[str, Any] = dict.fromkeys(("on_request", "on_send", "on_response"), hook)
    async with AssistantsClient(base_url="http://127.0.0.1/v1", transport=transport, **hooks) as client:
        assert (await client.threads.create()).id == "thread_1"


async def test_settings_of_connections_go_with_connections_of_ones_own() -> None:
    """Beside a session or transport that is lent they would do nothing, so they are refused."""
    async with aiohttp.ClientSession() as session:
        settings: list[dict[str, Any]] = [
            {"ssl": ssl.create_default_context()},
            {"trust_env": True},
            {"max_connections": 9},
        ]
        for beside in settings:
            for lent in ({"session": session}, {"transport": Memory(b"HTTP/1.1 200 OK\r\n\r\n")}):
                both: Any = {**beside, **lent}
                with pytest.raises(TypeError, match=f"{next(iter(beside))} cannot be given beside {next(iter(lent))}"):
                    AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, **both)
