"""Small actions of a responder: the documents and events that pieces, calls, counts and ends give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistants_async import AssistantsClient, BadRequestError, Run, Thread
from assistants_async.server import (
    Action,
    AssistantsServer,
    CallPiece,
    Ended,
    Piece,
    RefusalPiece,
    ToolRound,
    Turn,
    Used,
)
from assistants_async.server.engine.responder import Backend
from assistants_async.server.engine.turn import TurnItem

FUNCTION: Any = {"type": "function", "function": {"name": "f"}}
SEARCH: Any = {"type": "file_search"}


class Pieces(Backend):
    """Gives the actions of one list a turn, and keeps the turns."""

    calls_search = True

    def __init__(self, *turns: Sequence[Action]) -> None:
        self.turns: list[Turn] = []
        self.items: list[Sequence[TurnItem]] = []
        self.closed = False
        self._left = list(turns)

    async def __call__(self, turn: Turn) -> AsyncIterator[Action]:
        self.turns.append(turn)
        self.items.append(turn.items)
        for action in self._left.pop(0):
            yield action

    def accepts(self, model: str) -> bool:
        return model == "m"

    async def models(self) -> dict[str, int | None]:
        return {"m": None}

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def running(responder: Pieces, *tools: Any, **thread: Any) -> AsyncIterator[tuple[AssistantsClient, Thread, Run]]:
    """A run that has ended, or waits for the client."""
    async with (
        AssistantsServer(responder=responder) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        assistant = await client.assistants.create(model="m", tools=list(tools))
        made = await client.threads.create(messages=[{"role": "user", "content": "Hello"}], **thread)
        run = await client.runs.create(made, assistant_id=assistant).poll(raise_on=())
        yield client, made, run


async def last(client: AssistantsClient, thread: Thread) -> Any:
    """The newest message."""
    return await client.messages.list(thread).first()


async def test_pieces_are_one_message() -> None:
    """Text in pieces is one message, with the tokens that the model counted."""
    async with running(Pieces([Piece("Hel"), Piece("lo"), Used(70, 20, 5), Ended()])) as (client, thread, run):
        assert (run.status, run.usage and run.usage.prompt_tokens) == ("completed", 70)
        message = await last(client, thread)
        assert (message.text, message.status) == ("Hello", "completed")
        steps = await client.steps.list(thread, run).collect()
        assert [step.usage and step.usage.completion_tokens for step in steps] == [20]


async def test_pieces_without_an_end() -> None:
    """A responder that stops giving has ended its answer."""
    async with running(Pieces([Piece("Hello")])) as (client, thread, run):
        assert run.status == "completed"
        assert (await last(client, thread)).status == "completed"


async def test_an_answer_without_a_word_is_an_empty_message() -> None:
    """Clients take the first message of a run: there is one, and its text is empty."""
    async with running(Pieces([Ended()])) as (client, thread, run):
        assert run.status == "completed"
        message = await last(client, thread)
        assert (message.role, message.text) == ("assistant", "")


async def test_a_refusal_is_a_part_of_its_own() -> None:
    """A refusal is alone in the message, or follows the text; the run is completed."""
    async with running(Pieces([RefusalPiece("I "), RefusalPiece("won't."), Ended()])) as (client, thread, run):
        assert run.status == "completed"
        assert [part.to_dict() for part in (await last(client, thread)).content] == [
            {"type": "refusal", "refusal": "I won't."}
        ]
    async with running(Pieces([Piece("Well."), RefusalPiece("No."), Ended()])) as (client, thread, run):
        assert [part.type for part in (await last(client, thread)).content] == ["text", "refusal"]


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        pytest.param("length", ("incomplete", "max_completion_tokens", "max_tokens"), id="length"),
        pytest.param("content_filter", ("incomplete", "content_filter", "content_filter"), id="content filter"),
    ],
)
async def test_an_answer_that_is_cut_is_incomplete(reason: Any, wanted: tuple[str, str, str]) -> None:
    """Run and message are both incomplete, each with its reason, and the step is completed."""
    async with running(Pieces([Piece("Hel"), Used(7, 3), Ended(reason)])) as (client, thread, run):
        message = await last(client, thread)
        assert run.incomplete_details is not None
        assert (run.status, run.incomplete_details.reason, message.incomplete_details.reason) == wanted
        assert (message.status, message.text) == ("incomplete", "Hel")
        assert [step.status for step in await client.steps.list(thread, run).collect()] == ["completed"]


async def test_calls_in_pieces_wait_for_the_client() -> None:
    """Calls keep their ids and order; a call without an id gets one here."""
    calls: list[Action] = [
        CallPiece(0, "call_a", "f", '{"x"'),
        CallPiece(1, "", "f"),
        CallPiece(0, arguments=":1}"),
        CallPiece(1, arguments="{}"),
        Ended("tool_calls"),
    ]
    responder = Pieces(calls, [Piece("Done."), Ended()])
    async with running(responder, FUNCTION) as (client, thread, run):
        assert run.status == "requires_action"
        required = run.tool_calls
        assert [call.function and (call.function.name, call.function.arguments) for call in required] == [
            ("f", '{"x":1}'),
            ("f", "{}"),
        ]
        assert required[0].id == "call_a"
        assert required[1].id.startswith("call_")
        outputs: Any = [{"tool_call_id": call.id, "output": f"out {call.id}"} for call in required]
        ended = await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll()
        assert ended.status == "completed"
    (item,) = [item for item in responder.items[1] if isinstance(item, ToolRound)]
    assert [(call.call_id, call.output) for call in item.calls] == [(call.id, f"out {call.id}") for call in required]
    assert (responder.turns[1].rounds, responder.turns[1].call_ids) == (1, {call.id for call in required})


async def test_text_and_calls_of_one_answer() -> None:
    """The message is completed first; the step of the calls has the usage, and remembers the message."""
    turns: list[list[Action]] = [
        [Piece("Wait."), CallPiece(0, "a", "f", "{}"), Used(9, 4), Ended("tool_calls")],
        [Ended()],
    ]
    responder = Pieces(*turns)
    async with running(responder, FUNCTION) as (client, thread, run):
        message = await last(client, thread)
        assert (message.text, message.status) == ("Wait.", "completed")
        await client.runs.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": "a", "output": "1"}]).poll()
        steps = await client.steps.list(thread, run, order="asc").collect()
        assert [step.usage and step.usage.total_tokens for step in steps][:2] == [0, 13]
    (item,) = [item for item in responder.items[1] if isinstance(item, ToolRound)]
    assert item.message_id == message.id


async def test_the_servers_own_calls_are_answered_at_once() -> None:
    """A search is answered in its step, then the responder gets another turn; marks become citations, garbled too."""
    search: Action = CallPiece(0, "s", "file_search", '{"queries": ["Oslo weather"]}')
    responder = Pieces([search, Ended("tool_calls")], [Piece("Rain [1:0†w]."), Piece("【1:0】 【7:7†x】"), Ended()])
    async with (
        AssistantsServer(responder=responder) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        file = await client.files.create(file=b"Rain in Oslo.", filename="w.txt", purpose="assistants")
        store = await client.vector_stores.create()
        await client.vector_stores.files.create(store, file_id=file).poll()
        assistant = await client.assistants.create(
            model="m", tools=[SEARCH], tool_resources={"file_search": {"vector_store_ids": [store.id]}}
        )
        thread = await client.threads.create(messages=[{"role": "user", "content": "Weather in Oslo?"}])
        run = await client.runs.create(thread, assistant_id=assistant).poll()
        message = await last(client, thread)
        steps = await client.steps.list(thread, run, order="asc").collect()
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]
    assert [part.text.annotations[0].text for part in message.content] == ["[1:0†w]"]
    assert [one.text for one in message.content[0].text.annotations] == ["[1:0†w]", "【1:0】"]
    assert {one.file_citation.file_id for one in message.content[0].text.annotations} == {file.id}
    (item,) = [item for item in responder.items[1] if isinstance(item, ToolRound)]
    assert item.calls[0].output == "【1:0†w.txt】\nRain in Oslo."
    assert item.calls[0].arguments == '{"queries": ["Oslo weather"]}'


async def test_a_search_beside_a_function() -> None:
    """One step has both; the client answers its own call alone."""
    both: list[Action] = [
        CallPiece(0, "s", "file_search", '{"queries":["x"]}'),
        CallPiece(1, "a", "f", "{}"),
        Ended("tool_calls"),
    ]
    responder = Pieces(both, [Piece("Done."), Ended()])
    async with running(responder, SEARCH, FUNCTION) as (client, thread, run):
        assert [call.id for call in run.tool_calls] == ["a"]
        await client.runs.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": "a", "output": "1"}]).poll()
    (item,) = [item for item in responder.items[1] if isinstance(item, ToolRound)]
    assert [(call.name, call.output) for call in item.calls] == [("file_search", "Nothing was found."), ("f", "1")]


async def test_items_have_the_order_of_the_thread() -> None:
    """Rounds are between the messages of their time, also those of earlier runs."""
    responder = Pieces([CallPiece(0, "a", "f", "{}"), Ended()], [Piece("One."), Ended()], [Piece("Two."), Ended()])
    async with running(responder, FUNCTION) as (client, thread, run):
        await client.runs.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": "a", "output": "1"}]).poll()
        await client.messages.create(thread, role="user", content="Again")
        await client.runs.create(thread, assistant_id=run.assistant_id or "").poll()
    kinds = [
        "round" if isinstance(item, ToolRound) else item["content"][0]["text"]["value"] for item in responder.items[2]
    ]
    assert kinds == ["Hello", "round", "One.", "Again"]


async def test_a_model_that_is_not_there_is_refused_at_the_run() -> None:
    """Assistants load as they were; nothing of the refused run is kept, and the backend is closed with the server."""
    responder = Pieces()
    async with (
        AssistantsServer(responder=responder) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        assistant = await client.assistants.create(model="other")
        thread = await client.threads.create()
        with pytest.raises(BadRequestError, match="The model 'other' does not exist") as caught:
            await client.runs.create(
                thread, assistant_id=assistant, additional_messages=[{"role": "user", "content": "Hello"}]
            )
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
        with pytest.raises(BadRequestError, match="The model 'other' does not exist"):
            await client.threads.create_and_run(assistant_id=assistant)
        assert await client.messages.list(thread).collect() == []
    assert responder.closed
