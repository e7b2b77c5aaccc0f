"""Clients of other servers, made of a command's options."""

from __future__ import annotations

import argparse
import sys
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any, NamedTuple

from ..client import AssistantsClient
from ..core.requests.base_url import foundry_base_url
from ..core.requests.retry import Retry, RetryPolicy
from ..errors import printable

AZURE_VERSION = "2024-05-01-preview"
"""The version of Azure OpenAI's API, where none is given."""
FOUNDRY_VERSION = "v1"
"""The version of Foundry's API, where none is given."""

# A move has hours, and its host's limits are by the minute: waiting is better than an end.
_PATIENT = RetryPolicy(max_retries=8, max_delay=30.0, max_retry_after=600.0)


class UserToken(NamedTuple):
    """A token of the user's, as a credential."""

    token: str
    expires_on: float = float("inf")

    def get_token(self, *_scopes: str) -> Any:
        """Return the token for any scope."""
        return self


async def azure_identity(stack: AsyncExitStack, option: str) -> Any:
    """Make azure-identity's credential, which is closed at the end; `option` is another way to give a token."""
    try:
        identity = import_module("azure.identity.aio")
    except ImportError:
        raise ValueError(f"--foundry needs the extra azure, or a token by {option}") from None
    return await stack.enter_async_context(identity.DefaultAzureCredential())


async def patient_client(url: str, options: argparse.Namespace, key: str | None, stack: AsyncExitStack) -> Any:
    """Enter a client that waits long where the server wants it to; raises `ValueError` for a wrong URL."""
    settings: dict[str, Any] = {"retry": _PATIENT, "on_retry": _print_wait, "protocol": options.protocol}
    if options.foundry:
        version = options.api_version or FOUNDRY_VERSION
        foundry_base_url(url, version)  # first: signing in takes long
        credential = UserToken(key) if key is not None else await azure_identity(stack, "$AZURE_AI_TOKEN")
        client = AssistantsClient.foundry(url, credential, api_version=version, **settings)
        return await stack.enter_async_context(client)
    if key is not None:
        settings["api_key"] = key
    if options.azure:
        client = AssistantsClient.azure(url, api_version=options.api_version or AZURE_VERSION, **settings)
    else:
        query = {} if options.api_version is None else {"api-version": options.api_version}
        client = AssistantsClient(base_url=url, query=query, **settings)
    return await stack.enter_async_context(client)


def _print_wait(retry: Retry) -> None:
    """Print the reason and the length of a wait: without it a wrong address is a minute of silence."""
    print(f"{printable(str(retry.cause), 400)}; next attempt in {retry.delay:.0f} s", file=sys.stderr)
