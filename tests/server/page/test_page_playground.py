"""The page in a browser: assistants tried in the playground, tool calls answered by hand, the code for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistants_async import AssistantsClient, Message
from assistants_async.server import Action, AskApproval, CallTools, Fail, Incomplete, Say, ScriptedResponder, Stall
from assistants_async.testing.faults import Rule, named
from tests.support.browser import Browser
from tests.support.page_host import PIXEL, WEATHER, Host, hosting, operations

ANSWER = ".message:not(.user)"

# The page reads the answer to a cancel only where the test lets it; `arrived` is set when it has.
LATE_ANSWER = """
    const fetched = window.fetch, allowed = new Promise((resolve) => (window.allow = resolve));
    window.fetch = async (url, ...rest) => {
        const answer = await fetched(url, ...rest);
        if (!String(url.url ?? url).endsWith("/cancel")) return answer;
        const text = await answer.text();
        await allowed;
        setTimeout(() => (window.arrived = true), 100);
        return new Response(text, answer);
    };
"""


def latest(host: Host) -> tuple[str, list[Message]]:
    """Return the id of the newest thread, and its messages, the oldest first."""

    async def read(client: AssistantsClient) -> tuple[str, list[Message]]:
        thread = await client.threads.list().first()
        assert thread is not None
        return thread.id, await client.messages.list(thread, order="asc").collect()

    return host.do(read)


def shown_code(browser: Browser) -> str:
    """Read the code that the page shows for what was done."""
    browser.press("Copy as Python")
    browser.until("asyncio.run(main())", "dialog")
    code = str(browser.run("return document.querySelector('dialog pre').textContent"))
    browser.press("Close")
    return code


def ran(browser: Browser) -> subprocess.CompletedProcess[str]:
    """Run the code that the page shows for what was done."""
    code = shown_code(browser)
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)


def test_an_assistant_is_made_and_answers(browser: Browser) -> None:
    """The first words are there before the last; the code for it runs, and gives the same answer."""
    with hosting(speed=0.05) as host:
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "hello", enter=True)
        browser.until("No model\nWrite the name of one.")
        browser.write("title", "Poet")
        browser.write("model", "gpt-4o")
        browser.write("instructions", 'Say "it" in verse.\n')
        browser.write("message", "Tell me, in a line that is long enough, about Bergen 🌧", enter=True)
        browser.until("Echo:", f"{ANSWER}.writing")
        assert "Bergen" not in browser.text(ANSWER)
        browser.until("in progress", ".side .status")
        browser.until("about Bergen 🌧", ANSWER)
        browser.until("completed", ".side .status")
        assert browser.all(".writing") == []
        assert browser.text(f"{ANSWER} .who") == "Poet"
        times = browser.text(".timeline ol").split("\n")
        assert [re.sub(r" (< )?[\d.]+ s$", "", one) for one in times] == ["queued", "in progress", "completed"]
        browser.write("message", "Again", enter=True)
        browser.until("Echo: Again")
        browser.until("completed", ".side .status")
        done = ran(browser)
        assert done.stderr == ""
        assert done.stdout == "Echo: Tell me, in a line that is long enough, about Bergen 🌧\nEcho: Again\n"
        assistants = host.do(lambda client: client.assistants.list().collect())
        assert [one.instructions for one in assistants] == ['Say "it" in verse.\n'] * 2


def test_a_tool_call_is_answered_by_hand(browser: Browser) -> None:
    """In a form made of the schema; both rounds are seen, and the code for it gives the same outputs."""
    rounds: list[Action] = [
        CallTools({"get_weather": {"city": "Oslo", "more": [1]}}),
        CallTools([("get_weather", "{no")]),
        Say("Wet."),
    ]
    with hosting(responder=ScriptedResponder(rounds * 2), record_bodies=True) as host:
        host.assistant(tools=[WEATHER])
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "Weather?", enter=True)
        browser.until("The run waits for tools", ".answering")
        form = browser.text(".answering")
        assert "Tell the weather of a city." in form
        for name, value in (("city", "Oslo"), ("unit", "not given"), ("more", "[\n1\n]")):
            assert f"\n{name}" in form
            assert value in form
        assert browser.run("return document.activeElement.tagName") == "TEXTAREA"
        browser.until("requires action", ".side .status")
        browser.all(".answering textarea")[0].send_keys("rain")
        browser.press("Send the answers")
        browser.until("The arguments are no object of JSON:\n{no", ".answering")
        browser.all(".answering textarea")[0].send_keys('{"degrees": 7}')
        browser.press("Send the answers")
        browser.until("Wet.", ANSWER)
        browser.until("completed", ".side .status")
        assert browser.all(".answering") == []
        browser.run("document.querySelectorAll('.side details').forEach((one) => (one.open = true))")
        assert "rain" in browser.text(".steps")
        done = ran(browser)
        assert (done.stdout.strip(), done.stderr) == ("Wet.", "")
        bodies = [one.body for one in host.server.requests if one.body and "tool_outputs" in one.body]
        assert [body["tool_outputs"][0]["output"] for body in bodies] == ["rain", '{"degrees": 7}'] * 2


def test_approvals_are_decided_by_hand(browser: Browser) -> None:
    """In Foundry's form of the protocol, whose address has a project and a version."""
    asked: list[Action] = [AskApproval([("docs", "search", {"query": "rain"})]), Say("Done.")]
    with hosting(responder=ScriptedResponder(asked), dialect="foundry", record_bodies=True) as host:
        host.assistant(tools=[{"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example"}])
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "Search", enter=True)
        browser.until("search", ".answering")
        browser.all(".answering option")[1].click()
        browser.press("Send the answers")
        browser.until("Done.", ANSWER)
        (decided,) = [one.body for one in host.server.requests if one.body and "tool_approvals" in one.body]
        assert decided["tool_approvals"][0]["approve"] is False


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("sse_clean_end_mid_event", "The stream broke off: the rest was read by asking."),
        ("sse_reset_mid_event", "the rest was read by asking."),
        ("sse_error_event", "The stream ended with an error: the rest was read by asking."),
    ],
)
def test_a_cut_stream_goes_on_by_polling(browser: Browser, fault: str, said: str) -> None:
    """The whole answer is there in the end, and the page says how it came."""
    rule = Rule(named(fault, events=8), operation="createRun")
    with hosting(rule, speed=0.005) as host:
        host.assistant()
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "a b c d e f", enter=True)
        browser.until(said)
        browser.until("completed", ".side .status")
        assert browser.text(f"{ANSWER} .text") == "Echo: a b c d e f"
        assert len(browser.all(".message")) == 2
        assert rule.played == 1
        assert operations(host).count("createRun") == 1


def test_files_and_pictures_go_along(browser: Browser, tmp_path: Path) -> None:
    """A picture is a part of the message, anything else an attachment; what is taken out again is not sent."""
    (tmp_path / "dot.png").write_bytes(PIXEL)
    (tmp_path / "notes.txt").write_text("It rains.", encoding="utf-8")
    (tmp_path / "other.txt").write_text("It does not.", encoding="utf-8")
    with hosting() as host:
        host.assistant(tools=[{"type": "file_search"}])
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        picker = browser.all("input[type=file]")[0]
        picker.send_keys("\n".join(str(tmp_path / name) for name in ("dot.png", "notes.txt", "other.txt")))
        browser.press("Leave out other.txt")
        browser.write("message", "What is this?", enter=True)
        browser.until("attached: notes.txt", ".user")
        browser.until("Echo: What is this?")
        _, (question, answer) = latest(host)
        assert [part.type for part in question.content] == ["text", "image_file"]
        assert len(question.attachments) == 1
        assert answer.role == "assistant"


def test_an_assistant_is_chosen_and_changed_for_a_run(browser: Browser) -> None:
    """What is changed in the form goes with the run alone; the assistant at the server stays as it is."""
    with hosting(record_bodies=True) as host:
        store, _ = host.store()
        clerk = host.assistant(name="Clerk", instructions="Be brief.")
        host.assistant(name="Other", metadata={"a": "b"})
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.choose("assistant", "Clerk")
        browser.write("message", "as it is", enter=True)
        browser.until("Echo: as it is")
        browser.write("model", "gpt-4.1")
        browser.choose("store", "Guides")
        browser.choose("format", "json schema")
        browser.write("schema", "{")
        browser.write("message", "changed", enter=True)
        browser.until("Schema: this is no JSON")
        browser.write("schema", '{"name": "n", "schema": {"type": "object", "properties": {}}}')
        browser.write("tools", '{"type": "x"}')
        browser.press("Send")
        browser.until("Tools: this is something else\nWrite a list of tools, each with a type.")
        browser.write("tools", "[]")
        browser.press("Send")
        browser.until(lambda: len(browser.all(ANSWER)) == 2)
        browser.until("completed", ".side .status")
        bodies = [dict(one.body or {}) for one in host.server.requests if one.operation == "createRun"]
        assert bodies[0] == {"assistant_id": clerk.id, "stream": True}
        assert bodies[1].pop("response_format")["json_schema"]["name"] == "n"
        assert bodies[1] == {**bodies[0], "model": "gpt-4.1", "tools": [{"type": "file_search"}]}
        assert host.do(lambda client: client.assistants.retrieve(clerk)).model == "gpt-4o"
        assert store


def test_runs_that_end_otherwise_look_so(browser: Browser) -> None:
    """Failed with its reason, incomplete with its, cancelled by the reader; each leaves the thread free."""
    ends: list[Action] = [
        Fail("rate_limit_exceeded", "Slow down.", "Half an"),
        Incomplete("max_prompt_tokens"),
        Stall("Wait"),
    ]
    with hosting(responder=ScriptedResponder(ends)) as host:
        host.assistant()
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.write("message", "one", enter=True)
        browser.until("rate limit exceeded\nSlow down.", ".side")
        browser.until("Cut: run failed", ANSWER)
        browser.write("message", "two", enter=True)
        browser.until("The reason: max prompt tokens.", ".side")
        browser.write("message", "three", enter=True)
        browser.until("Wait")
        browser.press("Cancel")
        browser.until("cancelled", ".side .status")
        assert not browser.has("Cancel")


def test_an_answer_that_comes_behind_the_end_changes_nothing(browser: Browser) -> None:
    """The answer to a cancel says `cancelling`, and may come after the stream has said `cancelled`."""
    with hosting(responder=ScriptedResponder([Stall("Wait")])) as host:
        host.assistant()
        browser.open(host.base_url, "#/playground")
        browser.until("Nothing said so far")
        browser.run(LATE_ANSWER)
        browser.write("message", "one", enter=True)
        browser.until("Wait")
        browser.press("Cancel")
        browser.until("cancelled", ".side .status")
        browser.run("allow()")
        browser.until(lambda: browser.run("return window.arrived"))
        assert browser.text(".side .status") == "cancelled"


def test_a_thread_is_gone_on_with(browser: Browser) -> None:
    """From its own view; the earlier messages are there, and a busy thread is refused in words."""
    with hosting() as host:
        clerk = host.assistant()
        thread = host.thread("/stall so far")
        stalled = host.run(thread, clerk, "in_progress")
        browser.open(host.base_url, f"#/threads/{thread.id}")
        browser.press("Go on in the playground")
        browser.until("/stall so far", "[role=log]")
        browser.write("message", "next", enter=True)
        browser.until(f"while a run {stalled.id} is active. (400)")
        browser.open(host.base_url, f"#/threads/{thread.id}/runs/{stalled.id}")
        browser.press("Cancel")
        browser.until("cancelled", ".side .status")
        browser.open(host.base_url, f"#/playground/{thread.id}")
        browser.until("/stall so far", "[role=log]")
        browser.write("message", "next", enter=True)
        browser.until("Echo: next")
        assert f'thread = "{thread.id}"' in shown_code(browser)
        browser.press("New thread")
        browser.until("Nothing said so far")
