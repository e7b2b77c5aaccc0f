"""The clients: openai-python's settings in, its namespaces out, over a native client."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, Unpack, cast

from .._typing import TypedDict, override
from ..client import AssistantsClient
from ..core.keyword_help import show_keywords
from ..core.requests.base_url import azure_base_url
from ..errors import did_you_mean
from .assistants import AsyncAssistants
from .errors import OpenAIError
from .files import AsyncFiles
from .options import DEFAULT_TIMEOUT, NOT_GIVEN, TimeoutInput, is_given, native_timeout
from .raw_responses import RawResponses
from .resource import Resource, responses_of
from .threads import AsyncThreads
from .uploads import AsyncUploads
from .vector_stores import AsyncVectorStores


class ClientOptions(TypedDict, total=False):
    """Keywords of `with_options`."""

    timeout: TimeoutInput
    """Limits of each request: 600 s, and 5 s to connect, unless given."""
    max_retries: int
    """The number of times that a request is sent again, 2 unless given."""
    default_headers: Mapping[str, Any] | None
    """Headers of every request; `omit` takes one away."""
    default_query: Mapping[str, object] | None
    """Query parameters of every request."""


class ClientSettings(ClientOptions, total=False):
    """Keywords of `AsyncOpenAI`."""

    api_key: str | Callable[[], Awaitable[str]] | None
    """A key, or a function that returns one before each request; else `OPENAI_API_KEY`."""
    organization: str | None
    """Else `OPENAI_ORG_ID`."""
    project: str | None
    """Else `OPENAI_PROJECT_ID`."""
    base_url: str | None
    """The URL that paths are put behind; else `OPENAI_BASE_URL`."""
    http_client: Any
    """An `aiohttp.ClientSession` to borrow; a client of httpx cannot be used."""


class AzureSettings(ClientSettings, total=False):
    """Keywords of `AsyncAzureOpenAI`."""

    azure_endpoint: str | None
    """The resource's endpoint; else `AZURE_OPENAI_ENDPOINT`."""
    azure_deployment: str | None
    """Taken, and not used: assistants name their model."""
    api_version: str | None
    """The API's version, in every query; else `OPENAI_API_VERSION`."""
    azure_ad_token: str | None
    """A bearer token; else `AZURE_OPENAI_AD_TOKEN`."""
    azure_ad_token_provider: Callable[[], str | Awaitable[str]] | None
    """A function that returns a bearer token before each request, sync or async."""


class AsyncBeta(Resource):
    """The namespaces that openai-python calls beta."""

    noun = "beta"

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(client)
        self.assistants = AsyncAssistants(client)
        """A model with instructions and tools."""
        self.threads = AsyncThreads(client)
        """Conversations, their messages and runs."""
        self.vector_stores = AsyncVectorStores(client)
        """Vector stores, in their older place."""


@show_keywords
class AsyncOpenAI:
    """A client with openai-python's names for assistants, threads, files and vector stores.

    What it sends is sent by a native client, `client.native`, which new code can use beside it. Keywords:
    `ClientSettings`. Raises `OpenAIError` where there is no key.
    """

    def __init__(self, **settings: Unpack[ClientSettings]) -> None:
        self._set(_opened(settings, _openai_settings), owner=True)

    def _set(self, native: AssistantsClient, *, owner: bool) -> None:
        self.native = native
        """The native client that sends everything: new code can use it beside the old."""
        self._owner = owner
        self._closed = False
        self.beta = AsyncBeta(native)
        """Assistants and threads."""
        self.files = AsyncFiles(native)
        """Files for assistants and messages."""
        self.vector_stores = AsyncVectorStores(native)
        """Files made searchable."""
        self.uploads = AsyncUploads(native)
        """Large files, sent in parts."""

    @classmethod
    def over(cls, native: AssistantsClient) -> Self:
        """Make a client over a native one, on its connections; closing it closes nothing."""
        made = object.__new__(cls)
        # Unchecked, as in openai-python: the server decides about values.
        made._set(native.with_options(validate=False), owner=False)
        return made

    def with_options(self, **changes: Unpack[ClientOptions]) -> Self:
        """Make a client with other options on the same connections; closing it closes nothing."""
        known = ClientOptions.__annotations__
        for name in changes:
            if name not in known:
                made = f"{type(self).__name__}({name}=…)"
                hint = f": make a client for it, {made}" if name in _SETTINGS else did_you_mean(name, known)
                raise TypeError(f"with_options() got an unexpected keyword argument {name!r}{hint}")
        # Not by `__init__`, which would ask for a key and make connections of its own.
        view = object.__new__(type(self))
        view._set(self.native.with_options(**cast("Any", _native_options(changes))), owner=False)
        return view

    # openai-python has it under both names.
    copy = with_options

    @property
    def with_raw_response(self) -> RawResponses:
        """The same namespaces, whose methods are awaited for whole answers."""
        return responses_of(self, "raw", "with_raw_response")

    @property
    def with_streaming_response(self) -> RawResponses:
        """The same namespaces, whose methods are entered for answers at their heads."""
        return responses_of(self, "streamed", "with_streaming_response")

    @property
    def base_url(self) -> str:
        """The URL that paths are put behind."""
        return self.native._context.session.base_url  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  old code reads it

    async def close(self) -> None:
        """Close the connections, unless they are another client's."""
        self._closed = True
        if self._owner:
            await self.native.close()

    def is_closed(self) -> bool:
        """Check whether the client was closed."""
        return self._closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @override
    def __repr__(self) -> str:
        # A traceback may show one whose settings were refused.
        return f"<{type(self).__name__} over {self.native!r}>" if hasattr(self, "native") else "<not made>"


_SETTINGS = ClientSettings.__annotations__.keys()


@show_keywords
class AsyncAzureOpenAI(AsyncOpenAI):
    """The same client for an API in the shape of Azure OpenAI.

    Keywords: `AzureSettings`. Raises `OpenAIError` where there is no key or token, and `ValueError` without an
    endpoint or a version.
    """

    def __init__(self, **settings: Unpack[AzureSettings]) -> None:  # pyright: ignore[reportMissingSuperCall]  it checks other settings
        self._set(_opened(settings, _azure_settings), owner=True)


def _opened(settings: Any, written: Callable[[Mapping[str, Any]], dict[str, Any]]) -> AssistantsClient:
    """Make a native client; where the settings are refused, no frame of the traceback keeps them, with the key."""
    try:
        return AssistantsClient(**written(settings))
    except Exception as error:  # noqa: BLE001  # raised again
        settings.clear()
        raise error.with_traceback(None)  # noqa: B904  # the same error


def _openai_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of an `AsyncOpenAI`, and write them as the native client has them."""
    _check_names("AsyncOpenAI", ClientSettings, settings)
    if not (settings.get("api_key") or os.environ.get("OPENAI_API_KEY")):
        raise OpenAIError("there is no key: pass api_key=, or set OPENAI_API_KEY")
    return _native_settings(settings)


def _azure_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of an `AsyncAzureOpenAI`, and write them as the native client has them."""
    _check_names("AsyncAzureOpenAI", AzureSettings, settings)
    endpoint = settings.get("azure_endpoint") or os.environ.get("AZURE_OPENAI_ENDPOINT")
    version = settings.get("api_version") or os.environ.get("OPENAI_API_VERSION")
    if version is None:
        raise ValueError("there is no version: pass api_version=, or set OPENAI_API_VERSION")
    base_url = settings.get("base_url")
    if base_url is None:
        if endpoint is None:
            raise ValueError("there is no endpoint: pass azure_endpoint=, or set AZURE_OPENAI_ENDPOINT")
        base_url = azure_base_url(endpoint, version)
    # A token wins over a key, as in openai-python.
    token = settings.get("azure_ad_token_provider") or settings.get("azure_ad_token")
    key: Any = settings.get("api_key") or os.environ.get("AZURE_OPENAI_API_KEY")
    if not key:
        token = token or os.environ.get("AZURE_OPENAI_AD_TOKEN")
    if not (key or token):
        raise OpenAIError("there is no key: pass api_key=, azure_ad_token= or azure_ad_token_provider=")
    made = _native_settings({name: value for name, value in settings.items() if name in _SETTINGS})
    made |= {"base_url": base_url, "api_key": token or key, "auth": "bearer" if token else "api-key"}
    made["query"] = {"api-version": version, **made.get("query", {})}
    return made


def _check_names(name: str, known: type, settings: Mapping[str, Any]) -> None:
    names = known.__annotations__
    for each in settings:
        if each not in names:
            raise TypeError(f"{name}() got an unexpected keyword argument {each!r}{did_you_mean(each, names)}")


def _native_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write the settings of a client as the native one has them; nothing is checked but names and empty ids."""
    # openai-python's own limits, as the code was written under them; it leaves values to the server, too.
    made = _native_options({"timeout": DEFAULT_TIMEOUT, **settings}) | {"validate": False}
    for name in ("api_key", "organization", "project", "base_url"):
        if settings.get(name) is not None:
            made[name] = settings[name] if callable(settings[name]) else str(settings[name])
    if settings.get("http_client") is not None:
        # A method of aiohttp's sessions that httpx's clients lack: no need to import either.
        if not hasattr(settings["http_client"], "ws_connect"):
            kind = type(settings["http_client"]).__name__
            raise TypeError(f"http_client must be an aiohttp.ClientSession, not {kind}: nothing is sent by httpx here")
        made["session"] = settings["http_client"]
    return made


def _native_options(changes: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if is_given(limit := changes.get("timeout", NOT_GIVEN)):
        made["timeout"] = native_timeout(limit)
    if is_given(retries := changes.get("max_retries", NOT_GIVEN)):
        made["retry"] = retries
    if headers := changes.get("default_headers"):
        made["headers"] = {name: value if is_given(value) else None for name, value in headers.items()}
    if query := changes.get("default_query"):
        made["query"] = dict(query)
    return made
