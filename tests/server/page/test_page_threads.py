"""The page in a browser: threads as they are listed, found and read."""

from __future__ import annotations

import asyncio
from typing import Any

from assistants_async import AssistantsClient
from assistants_async.testing.faults import Rule
from tests.support.browser import Browser
from tests.support.page_host import PIXEL, hosting, operations


def test_threads_are_listed_newest_first(browser: Browser) -> None:
    """A row has the newest message, the id and the metadata; older ones come when they are asked for."""
    with hosting() as host:
        for number in range(30):
            host.thread(f"early {number}", f"question {number}", metadata={"customer": f"c-{number}"})
        browser.open(host.base_url)
        browser.until("question 5")
        rows = [row.text for row in browser.all(".rows li")]
        assert len(rows) == 25
        assert rows[0].startswith("question 29\nthread_")
        assert rows[0].endswith("customer c-29")
        browser.press("Older threads")
        browser.until("question 0")
        assert len(browser.all(".rows li")) == 30
        assert not browser.has("Older threads")


def test_a_server_without_threads_says_so(browser: Browser) -> None:
    """Empty is not broken: the page says what to do."""
    with hosting() as host:
        browser.open(host.base_url, "")
        browser.until("No threads yet")
        browser.press("To the playground")
        browser.until("Nothing said so far")
        browser.press("Files")
        browser.until("No files yet")
        browser.press("Vector stores")
        browser.until("No vector stores yet")


def test_threads_are_found(browser: Browser) -> None:
    """By the id, by metadata, by words of the newest messages; what is not there is said."""
    with hosting() as host:
        thread = host.thread("Where is the fish market?", "Thank you", metadata={"customer": "ada"})
        for number in range(5):
            host.thread(f"question {number}")
        browser.open(host.base_url)
        browser.until("question 4")
        for wanted in ("ADA", "fish MARKET"):
            browser.write("find", wanted, enter=True)
            browser.until("1 found: looked at 6 threads")
            assert thread.id in browser.text(".rows")
            assert len(browser.all(".rows li")) == 1
        browser.write("find", "no such words", enter=True)
        browser.until("0 found: looked at 6 threads, and into the messages of 6.")
        browser.write("find", "", enter=True)
        browser.until("question 4")
        browser.write("find", thread.id, enter=True)
        browser.until("Thank you", ".talk")
        assert browser.driver.current_url.endswith(f"#/threads/{thread.id}")


def test_ten_thousand_threads_stay_quick(browser: Browser) -> None:
    """The first page costs as many requests as it has rows; a search by metadata walks all of them."""

    async def fill(client: AssistantsClient) -> None:
        async def make(start: int) -> None:
            for number in range(start, 9_999, 20):
                await client.threads.create(metadata={"number": f"n{number}"})

        await client.threads.create(metadata={"wanted": "needle"})
        await asyncio.gather(*(make(start) for start in range(20)))

    with hosting() as host:
        host.do(fill)
        before = len(host.server.requests)
        browser.open(host.base_url)
        browser.until("(no messages)")
        asked = operations(host)[before:] if before < 1000 else operations(host)[-60:]
        assert asked.count("listThreads") == 1
        assert asked.count("listMessages") <= 25
        browser.write("find", "needle", enter=True)
        browser.until("0 found: looked at 5000 threads, and into the messages of 200.")
        browser.press("Look further")
        browser.until("1 found: looked at 10000 threads, and into the messages of 400.")


def test_a_thread_reads_as_a_conversation(browser: Browser) -> None:
    """Who said it, footnotes that open the file, pictures, attachments, and the run of each answer."""
    with hosting() as host:
        store, file = host.store()
        clerk = host.assistant(
            tools=[{"type": "file_search"}], tool_resources={"file_search": {"vector_store_ids": [store]}}
        )
        thread = host.thread()

        async def write(client: AssistantsClient) -> None:
            picture = await client.files.create(file=PIXEL, filename="dot.png", purpose="vision")
            parts: Any = [
                {"type": "text", "text": "Does it often rain in Bergen 🌧?"},
                {"type": "image_file", "image_file": {"file_id": picture.id}},
                {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
            ]
            given: Any = [{"file_id": file, "tools": [{"type": "file_search"}]}]
            await client.messages.create(thread, role="user", content=parts, attachments=given)

        host.do(write)
        run = host.run(thread, clerk, "completed")
        browser.open(host.base_url, f"#/threads/{thread.id}")
        browser.until("bergen.md", ".notes")
        assert browser.text(".user .who") == "user"
        browser.until("Clerk", ".message:not(.user) .who")
        assert "【" not in browser.text(".talk")
        assert browser.text(".message:not(.user) .text").endswith("of the year. 1")
        browser.until(lambda: browser.run("return document.querySelector('.user img')?.naturalWidth === 1"))
        assert "image at https://pictures.example/a.png" in browser.text(".user")
        browser.until("attached: bergen.md", ".user")

        browser.press("Footnote 1")
        browser.until("It often rains in Bergen", "dialog pre")
        assert browser.has("Save")
        browser.press("Close")
        browser.press("run")
        browser.until("Steps", ".side")
        assert browser.driver.current_url.endswith(f"/runs/{run.id}")


def test_a_thread_is_read_from_its_end(browser: Browser) -> None:
    """Fifty messages at first, and the ones before them when they are asked for."""
    with hosting() as host:
        thread = host.thread(*(f"message {number}" for number in range(32)))

        async def more(client: AssistantsClient) -> None:
            for number in range(32, 60):
                await client.messages.create(thread, role="user", content=f"message {number}")

        host.do(more)
        browser.open(host.base_url, f"#/threads/{thread.id}")
        browser.until("message 59")
        assert [one.text for one in browser.all(".message .text")] == [f"message {number}" for number in range(10, 60)]
        browser.press("Earlier messages")
        browser.until("message 9\n")
        assert [one.text for one in browser.all(".message .text")] == [f"message {number}" for number in range(60)]


def test_what_is_not_there_is_a_sentence(browser: Browser) -> None:
    """A thread, a run and a store that the server does not have; an address that means no view leads to the threads."""
    with hosting() as host:
        thread = host.thread("hello")
        browser.open(host.base_url, "#/threads/thread_none")
        browser.until("There is no such thing here\nNo thread found with id 'thread_none'. (404)")
        browser.open(host.base_url, f"#/threads/{thread.id}/runs/run_none")
        browser.until("No run found with id 'run_none'. (404)", ".side")
        assert "hello" in browser.text(".talk")
        browser.open(host.base_url, "#/stores/vs_none")
        browser.until("(404)")
        browser.open(host.base_url, "#/%E0%A4/x")
        browser.until("hello")
        assert browser.driver.current_url.endswith("#/threads")


MARKUP = (
    '<script>window.ran=1</script><img src=x onerror="window.ran=2"><b>bold</b>'
    "\"><svg onload=window.ran=3></svg>'--></style><iframe src=javascript:window.ran=4></iframe>"
)


def test_markup_is_text_wherever_it_stands(browser: Browser) -> None:
    """Nothing of what models and users write is run or becomes an element, and no view is broken by it."""
    with hosting() as host:
        where = f"{MARKUP}\u202e{'w' * 300}"
        clerk = host.assistant(name=MARKUP[:200], instructions=where, metadata={"a": MARKUP[:200]})
        thread = host.thread(where, f"/fail {where}", metadata={MARKUP[:60]: MARKUP[:200]})
        run = host.run(thread, clerk, "failed", instructions=where)
        other = host.thread(f"/call {'x' * 60} " + '{"<b>": "' + MARKUP.replace('"', "'") + '"}')
        tool: Any = {"type": "function", "function": {"name": "x" * 60, "description": MARKUP}}
        waits = host.run(other, clerk, "requires_action", tools=[tool])

        async def fill(client: AssistantsClient) -> str:
            file = await client.files.create(
                file=MARKUP.encode(), filename=f"{MARKUP[:150]}.html", purpose="assistants"
            )
            return (await client.vector_stores.create(name=where[:200], file_ids=[file])).id

        store = host.do(fill)
        views = {
            "#/threads": "window.ran=1",
            f"#/threads/{thread.id}/runs/{run.id}": "window.ran=1",
            f"#/threads/{other.id}/runs/{waits.id}": "Called tools",
            f"#/playground/{thread.id}": "window.ran=1",
            "#/files": "window.r.html",
            "#/stores": "window.ran=1",
            f"#/stores/{store}": ".html",
        }
        for view, said in views.items():
            browser.open(host.base_url, view)
            browser.until(said)
            browser.until(lambda: "Loading…" not in browser.text())
            assert browser.all("main script, main iframe, main svg, main style") == []
            for width in (420, 1440):
                browser.style(width=width)
                assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), (view, width)
        browser.open(host.base_url, "#/files")
        browser.until(lambda: bool(browser.all("td .link")))
        browser.all("td .link")[0].click()
        browser.until("onerror", "dialog pre")
        assert browser.run("return window.ran") is None


def test_a_key_is_asked_for(browser: Browser) -> None:
    """A wrong one is refused in words, the right one is kept for the tab, and none leaves a sentence."""
    with hosting(api_key="the-right-key") as host:
        host.thread("behind the key")
        browser.open(host.base_url)
        browser.until("This server asks for a key", "dialog")
        browser.write("key", "a-wrong-one", enter=True)
        browser.until("The key was refused", "dialog")
        browser.write("key", "the-right-key", enter=True)
        browser.until("behind the key")
        browser.driver.refresh()
        browser.until("behind the key")
        assert browser.all("dialog") == []
        assert "the-right-key" not in browser.run("return document.documentElement.outerHTML")
        browser.run("sessionStorage.clear()")
        browser.open(host.base_url)
        browser.press("Without a key")
        browser.until("The key was refused\nYou didn't provide an API key.")


def test_what_is_slow_looks_so(browser: Browser) -> None:
    """A view that has no answer yet is loading, and can be left."""
    with hosting(Rule("never_answer", operation="listThreads")) as host:
        browser.open(host.base_url)
        browser.until("Loading…")
        browser.press("Files")
        browser.until("No files yet")


def test_a_server_that_is_gone_is_a_sentence(browser: Browser) -> None:
    """The view says so, and tries again when asked to."""
    with hosting() as host:
        browser.open(host.base_url)
        browser.until("No threads yet")
    browser.press("Find")
    browser.until("The server cannot be reached")
    assert browser.has("Try again")
