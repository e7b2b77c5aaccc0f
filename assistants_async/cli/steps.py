"""What the demo does: each function below is run, and its own source is what the demo prints."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace as Notes

from ..client import AssistantsClient


async def create(client: AssistantsClient, notes: Notes) -> None:
    """An assistant with a function tool, and a thread."""
    weather = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    notes.assistant = await client.assistants.create(model="demo", instructions="Be brief.", tools=[weather])
    notes.thread = await client.threads.create(metadata={"topic": "demo"})
    print(notes.assistant.id, "on", notes.thread.id)


async def talk(client: AssistantsClient, notes: Notes) -> None:
    """250 messages, written by 10 tasks at a time."""
    slots = asyncio.Semaphore(10)

    async def say(number: int) -> None:
        async with slots:
            await client.messages.create(notes.thread, role="user", content=f"message {number}")

    async with asyncio.TaskGroup() as tasks:
        for number in range(250):
            tasks.create_task(say(number))


async def page(client: AssistantsClient, notes: Notes) -> None:
    """All of them back, over as many pages as it takes."""
    count = 0
    async for message in client.messages.list(notes.thread, limit=100):
        count += message.role == "user"
    latest = await client.messages.list(notes.thread).first()
    print(count, "messages; the latest says", repr(latest.text if latest else None))


async def run(client: AssistantsClient, notes: Notes) -> None:
    """A run that calls the tool, gets its output, and is waited for."""
    await client.messages.create(notes.thread, role="user", content='/call get_weather {"city": "Oslo"}')
    run = await client.runs.create(notes.thread, assistant_id=notes.assistant)
    while not run.is_terminal:
        if run.needs_action:
            outputs = [{"tool_call_id": call.id, "output": "rain, 7 degrees"} for call in run.tool_calls]
            run = await client.runs.submit_tool_outputs(notes.thread, run, tool_outputs=outputs)
        await asyncio.sleep(0.02)
        run = await client.runs.retrieve(notes.thread, run)
    notes.run = run
    print("run", run.status, "with", run.usage.total_tokens if run.usage else 0, "tokens")


async def answer(client: AssistantsClient, notes: Notes) -> None:
    """What it said, and the steps that led there."""
    async for message in client.messages.list(notes.thread, order="desc").take(1):
        print(message.role, "says", repr(message.text))
    async for step in client.steps.list(notes.thread, notes.run, order="asc"):
        print("step", step.type, step.status, *(call.type for call in step.tool_calls))


async def stream(client: AssistantsClient, notes: Notes) -> None:
    """Another run, its text as it comes."""
    await client.messages.create(notes.thread, role="user", content="Tell me as you think.")
    async with client.runs.create(notes.thread, assistant_id=notes.assistant).stream() as channel:
        async for text in channel.text():
            print(text, end="|", flush=True)
    print("", channel.run.status if channel.run else "")


async def attach(client: AssistantsClient, notes: Notes) -> None:
    """Files of an assistant and of a message, as protocol v1 keeps them."""
    file = await client.files.create(file=b"city,weather\nOslo,rain\n", filename="weather.csv", purpose="assistants")
    await client.assistants.files.create(notes.assistant, file_id=file)
    message = await client.messages.create(notes.thread, role="user", content="See the file.", file_ids=[file])
    async for attached in client.assistants.files.list(notes.assistant):
        print("assistant file", attached.id)
    async for attached_to in client.messages.files.list(notes.thread, message):
        print("message file", attached_to.id, "holds", await client.files.content(attached_to.id))


STEPS = {"v1": (create, talk, page, run, answer, stream, attach), "v2": (create, talk, page, run, answer, stream)}
"""The steps of each protocol version, in order."""
