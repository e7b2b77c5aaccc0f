"""The steps of the demo; the demo runs each function and prints its source."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace as Notes
from typing import Literal

from ..client import AssistantsClient
from ..tools import Toolbox


async def create(client: AssistantsClient, notes: Notes) -> None:
    """Create an assistant and a thread."""
    notes.assistant = await client.assistants.create(model="demo")
    notes.thread = await client.threads.create(metadata={"topic": "demo"})
    print(notes.assistant.id, "on", notes.thread.id)


async def talk(client: AssistantsClient, notes: Notes) -> None:
    """Write 250 messages, 10 at a time."""
    slots, create = asyncio.Semaphore(10), client.messages.create

    async def say(text: str) -> None:
        async with slots:
            await create(notes.thread, role="user", content=text)

    async with asyncio.TaskGroup() as tasks:
        for number in range(250):
            tasks.create_task(say(f"message {number}"))


async def page(client: AssistantsClient, notes: Notes) -> None:
    """Read them all back, page after page."""
    count = 0
    async for message in client.messages.list(notes.thread, limit=100):
        count += message.role == "user"
    latest = await client.messages.list(notes.thread).first()
    print(count, "messages; the latest:", latest.text if latest else "")


async def run(client: AssistantsClient, notes: Notes) -> None:
    """Drive a run that calls a Python function to its end."""

    def get_weather(city: str) -> str:
        return f"rain, 7 degrees in {city}"

    tools, thread = Toolbox([get_weather]), notes.thread
    question = '/call get_weather {"city": "Oslo"}'
    await client.messages.create(thread, role="user", content=question)
    call = client.runs.create(
        thread,
        assistant_id=notes.assistant,
        tools=tools.definitions,
    )
    result = await call.drive(tools, deadline=60)
    notes.run = result.run
    print("run", result.run.status, "after", result.rounds, "round:")
    print(result.text)


async def answer(client: AssistantsClient, notes: Notes) -> None:
    """Print the last message, and the steps of its run."""
    message = await client.messages.list(notes.thread).first()
    print(message.role if message else "nobody", "wrote the last message")
    async for step in client.steps.list(notes.thread, notes.run, order="asc"):
        kinds = [call.type for call in step.tool_calls]
        print("step", step.type, step.status, *kinds)


async def stream(client: AssistantsClient, notes: Notes) -> None:
    """Stream the text of another run."""
    thread, text = notes.thread, "Answer word by word."
    await client.messages.create(thread, role="user", content=text)
    call = client.runs.create(thread, assistant_id=notes.assistant)
    async with call.stream() as channel:
        async for piece in channel.text():
            print(piece, end="|", flush=True)
    print("", channel.run.status if channel.run else "")


async def structure(client: AssistantsClient, notes: Notes) -> None:
    """Get the answer of a run as a dataclass."""

    @dataclass
    class Weather:
        city: Literal["Oslo", "Bergen"]
        degrees: int

    thread, text = notes.thread, "Give the weather in Bergen as data."
    await client.messages.create(thread, role="user", content=text)
    call = client.runs.create(thread, assistant_id=notes.assistant)
    weather = (await call.drive(output_type=Weather)).parsed
    print(weather.city, weather.degrees + 1)


async def attach(client: AssistantsClient, notes: Notes) -> None:
    """Attach files to an assistant and to a message, as protocol v1 does."""
    thread, assistant = notes.thread, notes.assistant
    data = b"city,weather\nOslo,rain\n"
    file = await client.files.create(
        file=data,
        filename="weather.csv",
        purpose="assistants",
    )
    await client.assistants.files.create(assistant, file_id=file)
    message = await client.messages.create(
        thread,
        role="user",
        content="See the file.",
        file_ids=[file],
    )
    async for attached in client.assistants.files.list(assistant):
        print("assistant file", attached.id)
    async for given in client.messages.files.list(thread, message):
        print("message file", given.id)
        print(await client.files.content(given.id))


# Each is shown with its code, which newcomers read.
_COMMON = (create, talk, page, run, answer, stream)
STEPS = {"v1": (*_COMMON, attach), "v2": (*_COMMON, structure)}
"""The steps of each protocol version, in their order."""
