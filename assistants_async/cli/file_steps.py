"""What `demo --files` does with a folder: each function is run, and its own source is what the demo prints."""

from __future__ import annotations

from types import SimpleNamespace as Notes

from ..client import AssistantsClient
from ..models.messages import FileCitationAnnotation, TextContent

SAMPLES = {
    "weather.md": "# Weather\n\nIt often rains in Bergen.\nOslo is dry in May.\n",
    "trains.csv": "from,to,leaves\nOslo,Bergen,08:25\nBergen,Oslo,16:00\n",
    "hotel.html": "<h1>Hotel</h1><p>Breakfast is from 7 to 10.</p>",
}
"""The folder where none is given."""
QUESTION = "Does it rain in Bergen?"


async def ingest(client: AssistantsClient, notes: Notes) -> None:
    """The files of a folder into a vector store: uploaded, taken in and waited for."""
    notes.store = await client.vector_stores.create(name="demo")
    report = await client.vector_stores.ingest(notes.store, notes.files, deadline=60)
    print(len(report.file_ids), "files in", notes.store.id)


async def search(client: AssistantsClient, notes: Notes) -> None:
    """What it has on a question, the best first."""
    async for result in client.vector_stores.search(notes.store, query=QUESTION).take(3):
        print(f"{result.score:.2f}", result.filename, repr(result.text[:60]))


async def ask(client: AssistantsClient, notes: Notes) -> None:
    """A run that searches the store, its answer as it comes."""
    resources = {"file_search": {"vector_store_ids": [notes.store.id]}}
    assistant = await client.assistants.create(model="demo", tools=[{"type": "file_search"}], tool_resources=resources)
    notes.thread = await client.threads.create(messages=[{"role": "user", "content": QUESTION}])
    async with client.runs.create(notes.thread, assistant_id=assistant).stream() as channel:
        async for text in channel.text():
            print(text, end="", flush=True)
    print()


async def cite(client: AssistantsClient, notes: Notes) -> None:
    """The files that the answer cites."""
    async for message in client.messages.list(notes.thread).take(1):
        for part in message.content:
            for annotation in part.text.annotations if isinstance(part, TextContent) and part.text else ():
                if isinstance(annotation, FileCitationAnnotation) and annotation.file_citation:
                    file = await client.files.retrieve(annotation.file_citation.file_id or "")
                    print(annotation.text, "is", file.filename)


STEPS = (ingest, search, ask, cite)
"""The steps, in order."""
