"""`inspect`, run as a user runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import aiohttp
import pytest

from assistants_async.cli.main import main
from assistants_async.server import AssistantsServer

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
COMMAND = (sys.executable, "-W", "error", "-m", "assistants_async", "inspect", "--port", "0")


@asynccontextmanager
async def inspecting(*arguments: str, **variables: str) -> AsyncIterator[str]:
    """Run the command until the end of the block, and give the address that it prints."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, **variables},
    )
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    try:
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def asked(address: str, path: str) -> tuple[int, Any]:
    """Get a document from the inspector."""
    async with aiohttp.ClientSession() as session, session.get(address + path) as answer:
        return answer.status, json.loads(await answer.read())


async def test_a_server_is_shown_with_the_key_of_the_environment() -> None:
    """The first line is the address; the page asks without a key, and the server gets it."""
    async with (
        AssistantsServer(api_key="the-key") as server,
        inspecting("--base-url", server.base_url, OPENAI_API_KEY="the-key") as address,
    ):
        assert address.startswith("http://127.0.0.1:")
        assert (await asked(address, "v1/threads"))[0] == 200
        _, told = await asked(address, "page/settings.json")
        assert told["server"] == server.base_url
        assert told["client"] == f'AssistantsClient(base_url="{server.base_url}")'
        assert "the-key" not in str(told)


async def test_the_url_may_come_from_the_environment_and_the_key_from_a_file(tmp_path: Path) -> None:
    """As a client takes them."""
    key = tmp_path / "key"
    key.write_text("from-the-file\n", encoding="utf-8")
    key.chmod(0o600)
    async with (
        AssistantsServer(api_key="from-the-file") as server,
        inspecting("--api-key-file", str(key), OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="other") as address,
    ):
        assert (await asked(address, "v1/assistants"))[0] == 200


async def test_a_server_without_a_key_needs_none() -> None:
    """An embedded server, say."""
    async with AssistantsServer() as server, inspecting("--base-url", server.base_url) as address:
        assert (await asked(address, "v1/assistants"))[0] == 200


async def test_foundry_with_a_token(tmp_path: Path) -> None:
    """The version goes into every query, and the code for it signs in with azure-identity."""
    key = tmp_path / "token"
    key.write_text("a-token", encoding="utf-8")
    key.chmod(0o600)
    async with (
        AssistantsServer(dialect="foundry", api_key="a-token") as server,
        inspecting("--foundry", "--base-url", server.base_url, "--api-key-file", str(key)) as address,
    ):
        status, listed = await asked(address, "v1/threads")
        assert (status, listed["data"]) == (200, [])
        _, told = await asked(address, "page/settings.json")
        assert told["client"].endswith(f'AssistantsClient.foundry("{server.base_url}", credential)')
        assert told["imports"] == "from azure.identity.aio import DefaultAzureCredential\n"
    assert server.requests[-1].query == "api-version=v1"


async def test_azure_with_a_version() -> None:
    """The key goes into the header that Azure reads."""
    async with AssistantsServer(api_key="the-key") as server:
        url = server.base_url.removesuffix("/v1")
        arguments = ("--azure", "--base-url", url, "--api-version", "2024-07-01-preview")
        async with inspecting(*arguments, OPENAI_API_KEY="the-key") as address:
            assert (await asked(address, "v1/assistants"))[0] == 200
            _, told = await asked(address, "page/settings.json")
            assert told["client"] == f'AssistantsClient.azure("{url}", api_version="2024-07-01-preview")'
        assert "api-version=2024-07-01-preview" in server.requests[-1].query


async def test_a_version_for_any_server() -> None:
    """It goes into every query, and into the code for it."""
    async with AssistantsServer() as server:
        arguments = ("--base-url", server.base_url, "--api-version", "x")
        async with inspecting(*arguments) as address:
            assert (await asked(address, "v1/assistants"))[0] == 200
            _, told = await asked(address, "page/settings.json")
            assert told["client"].endswith(', query={"api-version": "x"})')
        assert server.requests[-1].query == "api-version=x"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "inspect needs --base-url, or OPENAI_BASE_URL"),
        (("--base-url", "nonsense"), "base_url"),
        (("--foundry", "--base-url", "https://name.openai.azure.com"), "AssistantsClient.azure"),
        (("--foundry", "--azure", "--base-url", "https://x.example"), "not allowed with argument"),
        (("--foundry", "--base-url", "https://x.example/api/projects/p"), "--foundry needs the extra azure"),
    ],
    ids=["no-url", "no-url-at-all", "a-resource", "both", "no-identity"],
)
def test_bad_arguments_are_a_sentence(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and nothing listens."""
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    try:
        code = main(["inspect", *arguments])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2
    assert said in capsys.readouterr().err


async def test_azure_identity_signs_in_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its default credential is made where no token is given; a port that is taken ends the command with 1."""
    closed: list[bool] = []

    class Credential:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *error: object) -> None:
            closed.append(True)

    module = ModuleType("azure.identity.aio")
    module.DefaultAzureCredential = Credential  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azure.identity.aio", module)
    async with AssistantsServer(dialect="foundry") as server:
        port = server.base_url.split(":")[2].split("/")[0]
        arguments = ["inspect", "--foundry", "--api-version", "v1", "--base-url", server.base_url, "--port", port]
        assert await asyncio.to_thread(main, arguments) == 1
    assert closed == [True]
