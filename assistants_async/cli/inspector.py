"""`inspect`: the page of `serve` in front of another server, whose key stays in this process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from contextlib import AsyncExitStack
from typing import Any

from ..client import AssistantsClient
from ..core.requests.base_url import foundry_base_url
from ..server.inspector import Inspector
from ..server.page_files import PageSettings
from .connect import AZURE_VERSION, FOUNDRY_VERSION, UserToken, azure_identity
from .environment import BASE_URL
from .serve import reason_of, stop_signal

_IMPORT = "from azure.identity.aio import DefaultAzureCredential\n"


def run_inspector(options: argparse.Namespace, api_key: str | None) -> int:
    """Serve until SIGINT or SIGTERM, after a first line on standard output: the address of the page."""
    code = 0
    with contextlib.suppress(KeyboardInterrupt):  # on Windows, where the loop handles no signals
        code = asyncio.run(_inspect(options, api_key))
    return code


async def _inspect(options: argparse.Namespace, api_key: str | None) -> int:
    async with AsyncExitStack() as stack:
        try:
            client, page = await _client(options, api_key, stack)
        except (TypeError, ValueError) as error:
            print(f"assistants-async inspect: {error}", file=sys.stderr)
            return 2
        inspector = Inspector(await stack.enter_async_context(client), page)
        try:
            address = await inspector.start(options.port)
        except OSError as error:
            where = f"127.0.0.1:{options.port}"
            print(f"assistants-async inspect: cannot listen on {where}: {reason_of(error)}", file=sys.stderr)
            return 1
        stack.push_async_callback(inspector.close)
        stop = stop_signal()
        print(address, flush=True)
        await stop.wait()
    return 0


async def _client(
    options: argparse.Namespace, api_key: str | None, stack: AsyncExitStack
) -> tuple[AssistantsClient, PageSettings]:
    """Make the client of the options, and the code of one for the page; raises `ValueError` for a wrong URL."""
    url = options.base_url or os.environ[BASE_URL]
    shown, version = json.dumps(url), options.api_version
    settings: dict[str, Any] = {} if api_key is None else {"api_key": api_key}
    if options.foundry:
        foundry_base_url(url, version or FOUNDRY_VERSION)  # first: signing in takes long
        credential = UserToken(api_key) if api_key is not None else await azure_identity(stack, "--api-key-file")
        client = AssistantsClient.foundry(url, credential, api_version=version or FOUNDRY_VERSION)
        more = "" if version is None else f", api_version={json.dumps(version)}"
        code = f"DefaultAzureCredential() as credential, AssistantsClient.foundry({shown}, credential{more})"
        return client, PageSettings(api="", client=code, imports=_IMPORT)
    if options.azure:
        version = version or AZURE_VERSION
        client = AssistantsClient.azure(url, api_version=version, **settings)
        code = f"AssistantsClient.azure({shown}, api_version={json.dumps(version)})"
        return client, PageSettings(api="", client=code)
    query = {} if version is None else {"api-version": version}
    client = AssistantsClient(base_url=url, query=query, **settings)
    more = "" if version is None else f", query={json.dumps(query)}"
    return client, PageSettings(api="", client=f"AssistantsClient(base_url={shown}{more})")
