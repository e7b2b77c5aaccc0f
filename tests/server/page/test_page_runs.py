"""The page in a browser: runs as they are read and watched, files, and vector stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run
from tests.support.browser import Browser
from tests.support.page_host import WEATHER, hosting


def test_a_run_is_read_in_full(browser: Browser) -> None:
    """Its time, its steps with calls, arguments, outputs and scores, what it used; folds stay as they were put."""
    with hosting() as host:
        store, _ = host.store()
        clerk = host.assistant(
            tools=[{"type": "file_search"}, WEATHER], tool_resources={"file_search": {"vector_store_ids": [store]}}
        )
        thread = host.thread('/call get_weather {"city":"Bergen"}')
        run = host.run(thread, clerk, "requires_action")
        browser.open(host.base_url, f"#/threads/{thread.id}")
        browser.until(run.id, ".side .rows")
        browser.all(".side .rows a")[0].click()
        browser.until("requires action", ".side .status")
        browser.until("waits for tools", ".timeline")
        assert "file search\nbergen.md" in browser.text(".steps")
        assert browser.all(".steps meter") != []
        browser.run("document.querySelectorAll('.steps details').forEach((one) => (one.open = true))")
        assert "It often rains in Bergen" in browser.text(".steps")
        assert '{\n"city": "Bergen"\n}' in browser.text(".steps")
        assert "no output yet" in browser.text(".steps")

        async def answer(client: AssistantsClient) -> Run:
            outputs: Any = [{"tool_call_id": run.tool_calls[0].id, "output": '{"sky":"rain"}'}]
            return await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll()

        host.do(answer)
        browser.press("← All runs")
        browser.until("completed", ".side .rows")
        browser.all(".side .rows a")[0].click()
        browser.until("Wrote a message", ".steps")
        assert "waits for tools" in browser.text(".timeline")
        browser.run("document.querySelectorAll('.side details').forEach((one) => (one.open = true))")
        assert '{\n"sky": "rain"\n}' in browser.text(".steps")
        assert '"object": "thread.run"' in browser.text(".side")
        assert " read, " in browser.text(".side dl")
        assert "Cancel" not in browser.text(".side")


def test_a_run_is_watched_while_it_is_active(browser: Browser) -> None:
    """Opened while it is at work, it is asked for until its end; its answer is there then without a reload."""
    with hosting(speed=0.1) as host:
        clerk = host.assistant()
        thread = host.thread("a b c d e f g h")
        run = host.run(thread, clerk, "in_progress")
        browser.open(host.base_url, f"#/threads/{thread.id}/runs/{run.id}")
        browser.until("in progress", ".side .status")
        browser.until("completed", ".side .status")
        browser.until("Echo: a b c d e f g h", ".talk")


def test_a_run_is_cancelled(browser: Browser) -> None:
    """By a button that is there while it is active, and gone afterwards."""
    with hosting() as host:
        clerk = host.assistant()
        thread = host.thread("/stall half an answer")
        run = host.run(thread, clerk, "in_progress")
        browser.open(host.base_url, f"#/threads/{thread.id}/runs/{run.id}")
        browser.press("Cancel")
        browser.until("cancelled", ".side .status")
        assert not browser.has("Cancel")


def test_files_are_uploaded_and_opened(browser: Browser, tmp_path: Path) -> None:
    """A text, a picture and bytes, each opened as what it is; a file that the server refuses is said to be."""
    (tmp_path / "bytes.bin").write_bytes(b"\x00" * 3000)
    (tmp_path / "large.txt").write_bytes(b"x" * 20_000)
    with hosting(max_file_bytes=10_000) as host:
        browser.open(host.base_url, "#/files")
        browser.until("No files yet")
        picker = browser.all("input[type=file]")[0]
        picker.send_keys(str(tmp_path / "bytes.bin"))
        browser.until("3.0 KB")
        assert "assistants" in browser.text("table")
        browser.press("bytes.bin")
        browser.until("This file is no text.", "dialog")
        browser.press("Close")
        picker.send_keys(str(tmp_path / "large.txt"))
        browser.until("The request was refused", ".uploads")
        browser.press("Leave out large.txt")
        assert browser.text(".uploads") == ""


def test_a_store_is_filled_and_searched(browser: Browser, tmp_path: Path) -> None:
    """Made, given files, searched: the best first, with scores, and a way to the file."""
    (tmp_path / "bergen.md").write_text("It often rains in Bergen.", encoding="utf-8")
    (tmp_path / "oslo.md").write_text("Oslo is dry in May, and it rains in June.", encoding="utf-8")
    with hosting() as host:
        browser.open(host.base_url, "#/stores")
        browser.until("No vector stores yet")
        browser.write("find", "Travel", enter=True)
        browser.until("No files in it")
        assert browser.text("h1") == "Travel"
        browser.all("input[type=file]")[0].send_keys(f"{tmp_path / 'bergen.md'}\n{tmp_path / 'oslo.md'}")
        browser.until("2 of 2 ready")
        browser.until("bergen.md", "table")
        browser.write("find", "rains in Bergen", enter=True)
        browser.until("oslo.md", ".results")
        names = [one.text for one in browser.all(".results .link")]
        scores = [float(one.text) for one in browser.all(".results b")]
        assert names == ["bergen.md", "oslo.md"]
        assert scores == sorted(scores, reverse=True)
        browser.all(".results .link")[0].click()
        browser.until("It often rains in Bergen.", "dialog pre")
        browser.press("Close")
        browser.write("find", "nothing of this kind", enter=True)
        browser.until("Nothing was found.")
        browser.press("Vector stores")
        browser.until("2 of 2 ready", "table")


@pytest.mark.parametrize("width", [1440, 480], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_can_be_read(browser: Browser, dark: bool, width: int) -> None:
    """No view is wider than its window, each text stands out from what is behind it, each control has a name."""
    with hosting() as host:
        store, _ = host.store("Travel guides")
        clerk = host.assistant(
            name="Travel clerk",
            instructions="Answer briefly, and cite the guide.",
            tools=[{"type": "file_search"}, WEATHER],
            tool_resources={"file_search": {"vector_store_ids": [store]}},
        )
        for name, text in (("ole", "When does the train to Oslo leave?"), ("eva", "Is breakfast included?")):
            host.thread(text, metadata={"customer": name})
        thread = host.thread("Does it often rain in Bergen?", metadata={"customer": "ada", "channel": "web"})
        run = host.run(thread, clerk, "completed")
        browser.style(dark=dark, width=width, height=900)
        views = {
            "threads": ("#/threads", "Is breakfast included?"),
            "thread": (f"#/threads/{thread.id}/runs/{run.id}", "Wrote a message"),
            "playground": ("#/playground", "Nothing said so far"),
            "files": ("#/files", "bergen.md"),
            "store": (f"#/stores/{store}", "1 of 1 ready"),
            "missing": ("#/threads/thread_none", "There is no such thing here"),
        }
        for name, (path, said) in views.items():
            browser.open(host.base_url, path)
            browser.until(said)
            if name == "playground":
                browser.write("message", '/call get_weather {"city": "Bergen"}', enter=True)
                browser.until("The run waits for tools")
                browser.until("requires action", ".side .status")
            browser.picture(f"{name}-{'dark' if dark else 'light'}-{width}")
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), name
            assert browser.run(_PALE) == [], name
            assert browser.run(_NAMELESS) == [], name


_NAMELESS = """
const named = (one) => one.ariaLabel || one.labels?.[0]?.innerText.trim() || one.innerText?.trim();
return [...document.querySelectorAll('button, a, input, select, textarea, meter, progress')]
  .filter((one) => one.checkVisibility() && !named(one))
  .map((one) => one.outerHTML.slice(0, 80));
"""
"""Finds controls that a screen reader has no name for."""

_PALE = """
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = numbers(colour)
    .map((one) => one / 255)
    .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (numbers(colour)[3] !== 0) return colour;
  }
  return 'rgb(255, 255, 255)';
};
return [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility() && !one.matches(':disabled'))
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .filter((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  })
  .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`);
"""
"""Finds texts whose contrast is below 4.5, the least that WCAG asks for."""
