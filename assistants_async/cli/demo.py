"""`demo`: the client against an embedded server over real HTTP, each step printed with its code."""

from __future__ import annotations

import asyncio
import inspect
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

from ..client import AssistantsClient
from ..core.requests.endpoint import ProtocolVersion
from ..response import HTTPResponse
from . import file_steps
from .show import show_code
from .steps import STEPS

Step = Callable[[AssistantsClient, SimpleNamespace], Awaitable[None]]


def run_demo(protocol: ProtocolVersion) -> int:
    """Show every step of a protocol version; return 0."""
    asyncio.run(_demo(protocol, STEPS[protocol], SimpleNamespace()))
    return 0


def run_file_demo(folder: Path | None) -> int:
    """Show the steps about files, on a folder or on samples in a temporary one; return 0."""
    with tempfile.TemporaryDirectory() as made:
        if folder is None:
            folder = Path(made) / "travel"
            folder.mkdir()
            for name, text in file_steps.SAMPLES.items():
                (folder / name).write_text(text, encoding="utf-8")
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
        asyncio.run(_demo("v2", file_steps.STEPS, SimpleNamespace(files=files)))
    return 0


async def _demo(protocol: ProtocolVersion, steps: Sequence[Step], notes: SimpleNamespace) -> None:
    started = time.perf_counter()
    requests: list[HTTPResponse] = []
    async with AssistantsClient.local(protocol=protocol, on_response=requests.append) as client:
        print(f"An embedded server speaks {protocol} on this machine; the client talks to it over HTTP.")
        for number, step in enumerate(steps, 1):
            before = len(requests)
            print(f"\n{number}. {inspect.getdoc(step)}\n")
            show_code(_body(step))
            print()
            await step(client, notes)
            print(f"   [{_count(len(requests) - before)}]")
    seconds = time.perf_counter() - started
    print(f"\n{_count(len(requests))} in {seconds:.1f} s. The server has stopped; nothing is left behind.")


def _body(step: object) -> str:
    """Return the source of a step below its docstring: the lines that a user would write."""
    # Read from the function that runs, so that the demo cannot show other code than it runs.
    lines = inspect.getsource(step).splitlines()  # type: ignore[arg-type]  # a function
    return textwrap.dedent("\n".join(lines[2:])).strip("\n")


def _count(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"
