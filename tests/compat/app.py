"""A help desk as it is written with openai-python: only its import is another.

It keeps an assistant and a knowledge base, talks on threads with tools, streamed and polled, and deletes all it made.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistants_async.compat import (
    NOT_GIVEN,
    APIConnectionError,
    APIStatusError,
    AsyncAssistantEventHandler,
    AsyncOpenAI,
    NotFoundError,
    RateLimitError,
)

log = logging.getLogger("desk")

NAME = "Help desk"
INSTRUCTIONS = "You answer questions about orders. Look them up, and cite the manual where it helps."
MODEL = "gpt-4o"

TOOLS: list[Any] = [
    {"type": "file_search"},
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "description": "Look an order up by its number.",
            "parameters": {
                "type": "object",
                "properties": {"number": {"type": "integer"}},
                "required": ["number"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "cancel_order",
            "description": "Cancel an order that was not sent yet.",
            "parameters": {
                "type": "object",
                "properties": {"number": {"type": "integer"}, "reason": {"type": "string"}},
                "required": ["number"],
            },
        },
    },
]

ORDERS: dict[int, dict[str, Any]] = {
    17: {"number": 17, "item": "kettle", "state": "packed"},
    23: {"number": 23, "item": "toaster", "state": "sent"},
}


def lookup_order(number: int) -> dict[str, Any]:
    """Look an order up."""
    return ORDERS.get(number, {"error": f"no order {number}"})


def cancel_order(number: int, reason: str | None = None) -> dict[str, Any]:
    """Cancel an order that was not sent yet."""
    order = ORDERS.get(number)
    if order is None or order["state"] == "sent":
        return {"error": f"order {number} cannot be cancelled"}
    return {**order, "state": "cancelled", "reason": reason}


FUNCTIONS = {"lookup_order": lookup_order, "cancel_order": cancel_order}


def answer_calls(run: Any) -> list[Any]:
    """Call the functions that a run asks for."""
    outputs: list[Any] = []
    for call in run.required_action.submit_tool_outputs.tool_calls:
        function = FUNCTIONS.get(call.function.name)
        try:
            arguments = json.loads(call.function.arguments or "{}")
            result = {"error": "no such function"} if function is None else function(**arguments)
        except (TypeError, ValueError) as error:
            result = {"error": str(error)}
        outputs.append({"tool_call_id": call.id, "output": json.dumps(result)})
    return outputs


class DeskHandler(AsyncAssistantEventHandler):
    """Prints an answer while it is written, and answers tool calls on the way."""

    def __init__(self, client: AsyncOpenAI, screen: list[str]) -> None:
        super().__init__()
        self.client = client
        self.screen = screen

    async def on_text_created(self, text: Any) -> None:
        """Begin a line."""
        self.screen.append("")

    async def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        """Go on with it."""
        self.screen[-1] += delta.value or ""

    async def on_text_done(self, text: Any) -> None:
        """Check what was printed."""
        if text.value != self.screen[-1]:
            log.warning("the screen differs from the answer")

    async def on_tool_call_created(self, tool_call: Any) -> None:
        """Say which tool is called."""
        if tool_call.type == "function":
            self.screen.append(f"[{tool_call.function.name}]")

    async def on_event(self, event: Any) -> None:
        """Answer tool calls, and print what follows by a handler of its own."""
        if event.event == "thread.run.requires_action":
            run = event.data
            async with self.client.beta.threads.runs.submit_tool_outputs_stream(
                thread_id=run.thread_id,
                run_id=run.id,
                tool_outputs=answer_calls(run),
                event_handler=DeskHandler(self.client, self.screen),
            ) as stream:
                await stream.until_done()

    async def on_exception(self, exception: Exception) -> None:
        """Leave a mark on the screen."""
        self.screen.append(f"[{type(exception).__name__}]")


@dataclass
class Desk:
    """All that a desk keeps."""

    client: AsyncOpenAI
    assistant_id: str = ""
    store_id: str = ""
    file_ids: list[str] = field(default_factory=list)
    screen: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    # The assistant and what it knows

    async def open(self, manuals: list[Path]) -> None:
        """Find or make the assistant, and give it the manuals."""
        await self.learn(manuals)
        resources: Any = {"file_search": {"vector_store_ids": [self.store_id]}}
        found = await self.find()
        if found is None:
            assistant = await self.client.beta.assistants.create(
                name=NAME,
                model=MODEL,
                instructions=INSTRUCTIONS,
                tools=TOOLS,
                tool_resources=resources,
                temperature=0.2,
                description=NOT_GIVEN,
                metadata={"owner": "desk"},
            )
        else:
            assistant = await self.client.beta.assistants.update(found, tools=TOOLS, tool_resources=resources)
        self.assistant_id = assistant.id

    async def find(self) -> str | None:
        """Look the assistant up by its name, over all pages."""
        async for assistant in self.client.beta.assistants.list(order="desc", limit=20):
            if assistant.name == NAME:
                return assistant.id
        return None

    async def learn(self, manuals: list[Path]) -> None:
        """Put the manuals into a store; one that cannot be read by the server is reported."""
        store = await self.client.vector_stores.create(
            name="manuals", expires_after={"anchor": "last_active_at", "days": 2}
        )
        self.store_id = store.id
        batch = await self.client.vector_stores.file_batches.upload_and_poll(
            vector_store_id=store.id, files=manuals, poll_interval_ms=20
        )
        assert batch.file_counts is not None
        if batch.file_counts.failed:
            log.warning("%d manuals failed", batch.file_counts.failed)
        files = await self.client.vector_stores.files.list(vector_store_id=store.id, limit=100)
        self.file_ids = sorted(file.id for file in files.data)
        note = await self.client.files.create(file=("note.txt", b"We are closed on Sundays."), purpose="assistants")
        done = await self.client.vector_stores.files.create_and_poll(
            vector_store_id=store.id, file_id=note.id, attributes={"kind": "note"}, poll_interval_ms=20
        )
        assert done.status == "completed"
        self.file_ids.append(note.id)

    async def search(self, query: str) -> list[str]:
        """Search the manuals."""
        results = await self.client.vector_stores.search(self.store_id, query=query, max_num_results=3)
        return [result.filename or "" for result in results.data]

    # Talk

    async def start(self, text: str, attachment: str | None = None) -> str:
        """Start a thread with a first question."""
        message: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": text}]}
        if attachment is not None:
            message["attachments"] = [{"file_id": attachment, "tools": [{"type": "file_search"}]}]
        thread = await self.client.beta.threads.create(messages=[message], metadata={"channel": "web"})
        return thread.id

    async def say(self, thread_id: str, text: str) -> None:
        """Add a message, and remember the request by which support can find it."""
        response = await self.client.beta.threads.messages.with_raw_response.create(
            thread_id=thread_id, role="user", content=text, extra_headers={"X-Desk": "1"}
        )
        message = response.parse()
        self.request_ids.append(response.headers.get("x-request-id") or "")
        log.info("message %s: %d", message.id, response.status_code)

    async def answer(self, thread_id: str) -> Any:
        """Run the assistant to its end, as many rounds of tools as it takes."""
        run = await self.client.beta.threads.runs.create_and_poll(
            thread_id=thread_id,
            assistant_id=self.assistant_id,
            additional_instructions="Be brief.",
            poll_interval_ms=20,
            timeout=30,
        )
        while run.status == "requires_action":
            run = await self.client.beta.threads.runs.submit_tool_outputs_and_poll(
                thread_id=thread_id, run_id=run.id, tool_outputs=answer_calls(run), poll_interval_ms=20
            )
        if run.status != "completed":
            problem: Any = run.last_error or run.incomplete_details
            raise RuntimeError(f"the run {run.status}: {problem.model_dump(exclude_none=True) if problem else ''}")
        return run

    async def stream(self, thread_id: str) -> str:
        """Run the assistant, printing its answer while it is written."""
        handler = DeskHandler(self.client, self.screen)
        async with self.client.beta.threads.runs.stream(
            thread_id=thread_id, assistant_id=self.assistant_id, event_handler=handler
        ) as stream:
            await stream.until_done()
        run = await stream.get_final_run()
        return run.id

    async def events(self, thread_id: str) -> list[str]:
        """Run the assistant, and forward its events as server-sent ones."""
        forwarded: list[str] = []
        stream = await self.client.beta.threads.runs.create(
            thread_id=thread_id, assistant_id=self.assistant_id, stream=True
        )
        async for event in stream:
            if event.event == "thread.message.delta":
                data: Any = event.data
                forwarded.append(data.delta.content[0].text.value)
            elif event.event == "thread.run.completed":
                forwarded.append("[DONE]")
        return forwarded

    async def last(self, thread_id: str) -> str:
        """Return the text of the newest message, its citations as numbers."""
        messages = await self.client.beta.threads.messages.list(thread_id=thread_id, order="desc", limit=1)
        content: Any = messages.data[0].content[0]
        text: str = content.text.value
        for place, annotation in enumerate(content.text.annotations):
            text = text.replace(annotation.text, f"[{place}]")
        return text

    async def transcript(self, thread_id: str) -> list[dict[str, Any]]:
        """Write the whole thread out."""
        return [
            message.model_dump(include={"role", "content", "metadata"}, exclude_none=True)
            async for message in self.client.beta.threads.messages.list(thread_id, order="asc", limit=2)
        ]

    async def cost(self, thread_id: str) -> int:
        """Add up the tokens of a thread's runs, by their steps."""
        total = 0
        runs = await self.client.beta.threads.runs.list(thread_id)
        for run in runs.data:
            steps = await self.client.beta.threads.runs.steps.list(run_id=run.id, thread_id=thread_id)
            total += sum(step.usage.total_tokens or 0 for step in steps.data if step.usage)
        return total

    # Trouble

    async def patiently(self, thread_id: str, attempts: int = 3) -> Any:
        """Get a thread, waiting where the server is busy; None where there is none."""
        for attempt in range(attempts):
            try:
                return await self.client.with_options(max_retries=0, timeout=5.0).beta.threads.retrieve(thread_id)
            except NotFoundError as error:
                log.info("gone: %s %s", error.status_code, error.response.headers.get("x-request-id"))
                return None
            except RateLimitError:
                await asyncio.sleep(0.01 * attempt)
            except APIConnectionError as error:
                log.warning("no connection: %s", error.__cause__)
                raise
            except APIStatusError as error:
                log.warning("%s: %s", error.status_code, error.body)
                raise
        raise TimeoutError(thread_id)

    async def close(self, *thread_ids: str) -> list[bool]:
        """Delete all that was made."""
        deleted = [(await self.client.beta.threads.delete(thread_id)).deleted for thread_id in thread_ids]
        deleted.append((await self.client.beta.assistants.delete(self.assistant_id)).deleted)
        deleted.append((await self.client.vector_stores.delete(self.store_id)).deleted)
        gone = await asyncio.gather(*(self.client.files.delete(file_id) for file_id in self.file_ids))
        return [*map(bool, deleted), *(bool(each.deleted) for each in gone)]
