"""The steps of `demo --files`; the demo runs each function and prints its source."""

from __future__ import annotations

from types import SimpleNamespace as Notes

from ..client import AssistantsClient

SAMPLES = {
    "weather.md": "# Weather\n\nIt often rains in Bergen.\nOslo is dry in May.\n",
    "trains.csv": "from,to,leaves\nOslo,Bergen,08:25\nBergen,Oslo,16:00\n",
    "hotel.html": "<h1>Hotel</h1><p>Breakfast is from 7 to 10.</p>",
}
"""Sample files, by name, for a demo without a folder."""
QUESTION = "Does it rain in Bergen?"


async def ingest(client: AssistantsClient, notes: Notes) -> None:
    """Put the files of a folder into a vector store, and wait for the server."""
    store = notes.store = await client.vector_stores.create(name="demo")
    ingest = client.vector_stores.ingest
    report = await ingest(store, notes.files, deadline=60)
    print(len(report.file_ids), "files in", store.id)


async def search(client: AssistantsClient, notes: Notes) -> None:
    """Find the parts of the files that fit a question, the best first."""
    found = client.vector_stores.search(notes.store, query=QUESTION)
    async for result in found.take(3):
        print(f"{result.score:.2f}", result.filename, repr(result.text[:40]))


async def ask(client: AssistantsClient, notes: Notes) -> None:
    """Stream the answer of a run that searches the store."""
    assistant = await client.assistants.create(
        model="demo",
        tools=[{"type": "file_search"}],
        tool_resources={"file_search": {"vector_store_ids": [notes.store.id]}},
    )
    messages = [{"role": "user", "content": QUESTION}]
    thread = notes.thread = await client.threads.create(messages=messages)
    call = client.runs.create(thread, assistant_id=assistant)
    async with call.stream() as channel:
        async for text in channel.text():
            print(text, end="", flush=True)
    print()


async def cite(client: AssistantsClient, notes: Notes) -> None:
    """Print the answer with the names of the files that it cites."""
    message = await client.messages.list(notes.thread).first()
    if message is not None:
        print(await message.render(client))


STEPS = (ingest, search, ask, cite)
"""The steps, in their order."""
