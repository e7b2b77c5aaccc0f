"""The steps of the demo: each function is run, and its own source is what the demo prints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace as Notes

from ..client import AssistantsClient
from ..server import Action, EchoResponder, Say, Turn
from ..tools import Toolbox


async def create(client: AssistantsClient, notes: Notes) -> None:
    """An assistant, and a thread."""
    notes.assistant = await client.assistants.create(model="demo")
    notes.thread = await client.threads.create(metadata={"topic": "demo"})
    print(notes.assistant.id, "on", notes.thread.id)


async def talk(client: AssistantsClient, notes: Notes) -> None:
    """250 messages, written by 10 tasks at a time."""
    slots, create = asyncio.Semaphore(10), client.messages.create

    async def say(text: str) -> None:
        async with slots:
            await create(notes.thread, role="user", content=text)

    async with asyncio.TaskGroup() as tasks:
        for number in range(250):
            tasks.create_task(say(f"message {number}"))


async def page(client: AssistantsClient, notes: Notes) -> None:
    """All of them back, over as many pages as it takes."""
    count = 0
    async for message in client.messages.list(notes.thread, limit=100):
        count += message.role == "user"
    latest = await client.messages.list(notes.thread).first()
    print(count, "messages; the latest:", latest.text if latest else "")


async def run(client: AssistantsClient, notes: Notes) -> None:
    """A run that calls a Python function, driven to its end."""

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
    """The last message, and the steps of the run that wrote it."""
    message = await client.messages.list(notes.thread).first()
    print(message.role if message else "nobody", "wrote the last message")
    async for step in client.steps.list(notes.thread, notes.run, order="asc"):
        kinds = [call.type for call in step.tool_calls]
        print("step", step.type, step.status, *kinds)


async def stream(client: AssistantsClient, notes: Notes) -> None:
    """Another run, its text as it comes."""
    thread, text = notes.thread, "Tell me as you think."
    await client.messages.create(thread, role="user", content=text)
    call = client.runs.create(thread, assistant_id=notes.assistant)
    async with call.stream() as channel:
        async for piece in channel.text():
            print(piece, end="|", flush=True)
    print("", channel.run.status if channel.run else "")


async def structure(client: AssistantsClient, notes: Notes) -> None:
    """A run whose answer is data of a type."""

    @dataclass
    class Weather:
        city: str
        degrees: int

    thread, text = notes.thread, "Tell me the weather in Oslo as data."
    await client.messages.create(thread, role="user", content=text)
    call = client.runs.create(thread, assistant_id=notes.assistant)
    weather = (await call.drive(output_type=Weather)).parsed
    print(weather.city, weather.degrees + 1)


async def attach(client: AssistantsClient, notes: Notes) -> None:
    """Files of an assistant and of a message, as protocol v1 keeps them."""
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


async def respond(turn: Turn) -> Action:
    """Answer as the embedded server does by itself, and with data where a run asks for it."""
    if isinstance(turn.run.get("response_format"), dict):
        return Say('{"city": "Oslo", "degrees": 7}')
    return await EchoResponder()(turn)


_COMMON = (create, talk, page, run, answer, stream)
STEPS = {"v1": (*_COMMON, attach), "v2": (*_COMMON, structure)}
"""The steps of each protocol version, in order."""
