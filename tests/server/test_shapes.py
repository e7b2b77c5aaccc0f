"""Every answer against the documents' schemas: what they require is there, what they lack is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import pytest

from assistants_async._typing import override
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import AssistantsServer
from tests.support.places import FACTS as FACTS_FILE
from tests.support.talk import Answer, Document, Talk, outputs_for, path_of, talking

FACTS = json.loads(FACTS_FILE.read_text())


def faults(facts: Mapping[str, Any], names: list[str], value: Any, at: str) -> Iterator[str]:
    """The places where an object breaks its schema, by the best of several alternatives."""
    schemas = [facts["schemas"][name] for name in names]
    found = [list(_faults(facts, schema, value, at)) for schema in schemas]
    yield from min(found, key=len)


def _faults(facts: Mapping[str, Any], schema: Mapping[str, Any], value: Document, at: str) -> Iterator[str]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name} is missing"
    for name, item in value.items():
        if name not in properties:
            yield f"{at}.{name} is not in the document"
        else:
            yield from _faults_of_member(facts, properties[name], item, f"{at}.{name}")


def _faults_of_member(facts: Mapping[str, Any], fact: Mapping[str, Any], item: Any, at: str) -> Iterator[str]:
    if item is None:
        if not fact.get("nullable"):
            yield f"{at} is null"
    elif "objects" in fact:
        for place, part in enumerate(item if isinstance(item, list) else [item]):
            if isinstance(part, dict):
                yield from faults(facts, fact["objects"], part, f"{at}[{place}]")
    elif isinstance(item, str) and "enum" in fact and item not in fact["enum"]:
        yield f"{at} is {item!r}"


def check(protocol: str, operation: str, answer: Document) -> None:
    """Check an answer against the schema of its operation."""
    facts = FACTS[protocol]
    problems = list(faults(facts, [facts["operations"][operation]["response"]], answer, operation))
    # The published schema is not nullable, and an empty page has no ids to give.
    problems = [problem for problem in problems if not problem.endswith(("first_id is null", "last_id is null"))]
    assert problems == []


async def every_end(talk: Talk) -> None:
    """Bring a run to each of its ends."""
    called = await talk.until(await talk.run("/call get_weather {}"), "requires_action")
    await talk.make(path_of(called) + "/submit_tool_outputs", outputs_for(called, "x"))
    stalled = await talk.run("/stall half")
    await talk.make(path_of(stalled) + "/cancel")
    await talk.until(await talk.run("/fail half"), "failed")
    await talk.until(await talk.run("/incomplete half"), "incomplete", "completed")


async def walk(talk: Talk) -> None:
    """Call every operation of a version that answers with an object."""
    file = await talk.upload()
    files = {"file_ids": [file["id"]]}
    attached = files if talk.protocol == "v1" else {"attachments": [{"file_id": file["id"], "tools": []}]}
    tools = [{"type": "retrieval" if talk.protocol == "v1" else "file_search"}, {"type": "code_interpreter"}]
    own = files if talk.protocol == "v1" else {"tool_resources": {"code_interpreter": files}}
    assistant = await talk.make("/assistants", {"model": "m", "tools": tools, **own})
    path = f"/assistants/{assistant['id']}"
    await talk.make(path, {"name": None})
    await talk.get(path)
    await talk.get("/assistants")
    first = {"role": "user", "content": "hello", **attached}
    thread = await talk.make("/threads", {"messages": [first]})
    await talk.make(f"/threads/{thread['id']}", {"metadata": {}})
    await talk.get(f"/threads/{thread['id']}")
    message = await talk.make(f"/threads/{thread['id']}/messages", {"role": "assistant", "content": "hello"})
    await talk.make(f"/threads/{thread['id']}/messages/{message['id']}", {"metadata": {"k": "v"}})
    await talk.get(f"/threads/{thread['id']}/messages/{message['id']}")
    run = await talk.make(f"/threads/{thread['id']}/runs", {"assistant_id": assistant["id"]})
    await talk.make(path_of(run), {"metadata": None})
    await talk.until(run, "completed")
    [step] = (await talk.get(path_of(run) + "/steps"))["data"]
    await talk.get(f"{path_of(run)}/steps/{step['id']}")
    await talk.get(f"/threads/{thread['id']}/messages")
    await talk.get(f"/threads/{thread['id']}/runs")
    await every_end(talk)
    await talk.get("/files")
    await talk.get(f"/files/{file['id']}")
    if talk.protocol == "v1":
        await talk.make(path + "/files", {"file_id": file["id"]})
        await talk.get(path + "/files")
        await talk.get(f"{path}/files/{file['id']}")
        await talk("DELETE", f"{path}/files/{file['id']}")
        [_, _, begun] = (await talk.get(f"/threads/{thread['id']}/messages"))["data"]
        await talk.get(f"/threads/{thread['id']}/messages/{begun['id']}/files")
        await talk.get(f"/threads/{thread['id']}/messages/{begun['id']}/files/{file['id']}")
    else:
        await talk("DELETE", f"/threads/{thread['id']}/messages/{message['id']}")
    for rest in (f"/threads/{thread['id']}", path, f"/files/{file['id']}"):
        assert (await talk("DELETE", rest)).status == 200


class Checked(Talk):
    """A voice that checks every answer against its schema."""

    @override
    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        answer = await super().__call__(method, path, body, **more)
        operation = self.server.requests[-1].operation
        assert answer.status == 200, answer.content
        assert operation is not None
        assert self.protocol is not None
        check(self.protocol, operation, answer.document)
        return answer


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_every_answer_fits_its_schema(protocol: str) -> None:
    """A walk through all operations of a version, with each answer checked against the document."""
    async with talking(protocol=protocol) as talk:
        await walk(Checked(talk.session, talk.server, protocol))
        called = {record.operation for record in talk.server.requests}
        operations = FACTS[protocol]["operations"]
        known = {name for name in operations if not operations[name]["path"].startswith(("/vector_stores", "/uploads"))}
        assert known - called == {"downloadFile"}


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("text", ["hello", "/call get_weather {}", "/fail half", "/incomplete half"])
async def test_every_event_fits_its_schema(protocol: str, text: str) -> None:
    """The data of events fits the document's schemas too."""
    facts = FACTS[protocol]
    async with talking(protocol=protocol) as talk:
        events = await talk.stream(text)
    for name, data in events[:-1]:
        schema = facts["events"][name]
        assert list(faults(facts, [schema], data, name)) == []


async def test_one_store_two_versions() -> None:
    """An object of one version is shown in the shape of the other."""
    async with talking() as talk:
        assistant = await talk.assistant(tools=[{"type": "file_search"}])
        run = await talk.until(await talk.run("/incomplete"), "incomplete")
        talk.protocol = "v1"
        shown = await talk.get(f"/assistants/{assistant['id']}")
        assert (shown["tools"], shown["file_ids"]) == ([{"type": "retrieval"}], [])
        assert "tool_resources" not in shown
        shown = await talk.get(path_of(run))
        assert (shown["status"], shown["incomplete_details"]) == ("completed", {"reason": "max_completion_tokens"})
        assert "parallel_tool_calls" not in shown


async def test_default_version() -> None:
    """A request without the header speaks the server's version."""
    versions: tuple[tuple[ProtocolVersion, str], ...] = (("v1", "file_ids"), ("v2", "tool_resources"))
    for protocol, member in versions:
        server = AssistantsServer(protocol=protocol)
        async with server, aiohttp.ClientSession() as session:
            assert member in await Talk(session, server, None).assistant()
