"""The page in a browser, in front of another server: what it shows of one that is odd, wrong or gone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.server.inspector import Inspector
from assistants_async.server.page_files import PageSettings
from assistants_async.testing.faults import Rule, named
from tests.support.browser import Browser
from tests.support.page_host import Host, hosting


@contextmanager
def inspecting(host: Host, **settings: Any) -> Iterator[str]:
    """Inspect the server of a host, and give the base URL of the inspector."""

    async def start() -> tuple[AssistantsClient, Inspector, str]:
        client = AssistantsClient(**{"base_url": host.base_url, "api_key": "any", "retry": None} | settings)
        inspector = Inspector(client, PageSettings(api="", client="AssistantsClient()", imports="import this\n"))
        return client, inspector, await inspector.start()

    async def close(client: AssistantsClient, inspector: Inspector) -> None:
        await inspector.close()
        await client.close()

    client, inspector, address = asyncio.run_coroutine_threadsafe(start(), host.loop).result(60)
    try:
        yield f"{address}v1"
    finally:
        asyncio.run_coroutine_threadsafe(close(client, inspector), host.loop).result(60)


def test_threads_and_runs_of_another_server(browser: Browser) -> None:
    """Read and tried as on the server itself; the page asks for no key, since the inspector has it."""
    with hosting(api_key="the-key") as host, inspecting(host, api_key="the-key") as address:
        host.assistant()
        thread = host.thread("from the other server")
        browser.open(address)
        browser.until("from the other server")
        assert browser.text("#server") == host.base_url
        browser.open(address, f"#/playground/{thread.id}")
        browser.until("from the other server", "[role=log]")
        browser.write("message", "hello", enter=True)
        browser.until("Echo: hello", "[role=log]")
        browser.until("completed", ".side .status")
        browser.press("Copy as Python")
        browser.until("asyncio.run(main())", "dialog")
        code = str(browser.run("return document.querySelector('dialog pre').textContent"))
        assert "\nimport this\n" in code
        assert "async with AssistantsClient() as client:" in code
        variables = {**os.environ, "OPENAI_BASE_URL": host.base_url, "OPENAI_API_KEY": "the-key"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
        assert done.stdout.endswith("\nEcho: hello\n")
        assert "the-key" not in browser.run(
            "return document.documentElement.outerHTML + JSON.stringify(sessionStorage)"
        )


def test_a_server_that_lists_no_threads(browser: Browser) -> None:
    """Its threads are opened by their ids; an id that it does not have is a sentence."""
    with hosting(Rule(named("status", code=404), operation="listThreads")) as host, inspecting(host) as address:
        thread = host.thread("found by its id")
        browser.open(address)
        browser.until("This server lists no threads\nFind one by its id.")
        browser.write("find", "thread_none", enter=True)
        browser.until("There is no such thread")
        browser.write("find", thread.id, enter=True)
        browser.until("found by its id", ".talk")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("unauthorized", "The key was refused"),
        ("html_200", "This is no answer of the protocol"),
        (
            "error_html_502",
            "The server failed\nThe answer is a page: is this a server of the Assistants protocol? (502)",
        ),
        ("json_truncated", "This is no answer of the protocol"),
        ("reset_before_headers", "The server failed\nThe server cannot be asked: "),
        ("error_empty_500", "The server failed\nIt gave no reason. (500)"),
    ],
)
def test_what_is_no_such_server_is_a_sentence(browser: Browser, fault: str, said: str) -> None:
    """A key that is refused, a page of another kind, an answer that is none: in words, with a way to try again."""
    with hosting(Rule(fault)) as host, inspecting(host) as address:
        browser.open(address)
        browser.until(said)
        assert browser.has("Try again")
