"""The pictures of the guide on the page: `python -m tests.support.page_pictures` makes them anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from assistants_async import AssistantsClient, Run
from assistants_async.server import Action, CallTools, Say, Turn
from tests.support.browser import Browser, browsing
from tests.support.page_host import WEATHER, Host, hosting
from tests.support.pages import GUIDES

_GUIDE = b"# Bergen\n\nIt rains on more than 200 days of the year, most of all from October to January.\n"
_WIDTH, _HEIGHT = 1280, 760


async def _respond(turn: Turn) -> AsyncIterator[Action]:
    text = turn.last_user_text
    if turn.outputs:
        await asyncio.sleep(1.4)
        yield Say("It is 7 degrees and raining just now, with sun from two o'clock on: go to the fish market first.")
    elif "today" in text:
        await asyncio.sleep(1.1)
        yield CallTools({"get_weather": {"city": "Bergen", "unit": "celsius"}})
    elif turn.found:
        yield Say(
            "Yes. It rains on more than 200 days of the year, most of all from October to January "
            f"{turn.found[0].marker}. May and June are the driest months."
        )
    else:
        yield Say("You are welcome. Have a good trip!")


def _fill(host: Host) -> tuple[str, str]:
    """Make threads and runs, and return the ids of the ones to be seen."""

    async def store(client: AssistantsClient) -> str:
        file = await client.files.create(file=_GUIDE, filename="bergen.md", purpose="assistants")
        made = await client.vector_stores.create(name="Travel guides", file_ids=[file])
        while (await client.vector_stores.retrieve(made)).status != "completed":
            await asyncio.sleep(0.01)
        return made.id

    clerk = host.assistant(
        name="Travel clerk",
        instructions="Answer briefly, and cite the guide.",
        tools=[{"type": "file_search"}, WEATHER],
        tool_resources={"file_search": {"vector_store_ids": [host.do(store)]}},
    )
    thread = host.thread("Does it often rain in Bergen?", metadata={"customer": "ada"})
    host.run(thread, clerk, "completed")

    async def ask(client: AssistantsClient) -> None:
        await client.messages.create(thread, role="user", content="And today? I have the morning for a walk.")

    async def answer(client: AssistantsClient) -> Run:
        outputs: Any = [{"tool_call_id": run.tool_calls[0].id, "output": '{"sky": "rain", "degrees": 7}'}]
        await asyncio.sleep(2)
        return await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll()

    host.do(ask)
    run = host.run(thread, clerk, "requires_action")
    host.do(answer)
    return thread.id, run.id


def _take(browser: Browser, name: str) -> None:
    browser.driver.save_screenshot(str(GUIDES / name))


def main() -> None:
    """Take both."""
    with hosting(responder=_respond) as host, browsing() as browser:
        thread, run = _fill(host)
        browser.style(width=_WIDTH, height=_HEIGHT)
        browser.open(host.base_url, f"#/threads/{thread}/runs/{run}")
        browser.until("fish market")
        browser.until("bergen.md", ".notes")
        browser.until("Wrote a message", ".side")
        browser.run("document.querySelectorAll('.steps details')[1].open = true")
        _take(browser, "inspector-thread.png")
        browser.style(dark=True, width=_WIDTH, height=_HEIGHT)
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "What is the weather today?", enter=True)
        browser.until("The run waits for tools")
        browser.until("requires action", ".side .status")
        browser.all(".answering textarea")[0].send_keys('{"sky": "sun", "degrees": 18}')
        browser.run("arguments[0].blur()", browser.all(".answering textarea")[0])
        _take(browser, "inspector-playground.png")


if __name__ == "__main__":
    main()
