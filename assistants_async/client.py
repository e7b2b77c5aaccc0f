"""The client: settings in, namespaces out."""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack, cast

from ._typing import override
from .calls.context import CallContext
from .core.keyword_help import show_keywords
from .core.requests.base_url import azure_base_url, foundry_base_url
from .core.requests.options import ViewOptions
from .endpoints import find
from .errors.old_names import Listed, old_names
from .models.threads import Thread
from .session.keywords import ClientSettings
from .tools.definitions import with_definitions
from .workflows.threads.usage import ThreadUsage, usage_of

if TYPE_CHECKING:
    from .resources.assistants import Assistants
    from .resources.files import Files
    from .resources.messages import Messages
    from .resources.operation import AnyCall
    from .resources.runs import Runs
    from .resources.steps import Steps
    from .resources.threads import Threads
    from .resources.uploads import Uploads
    from .resources.vector_stores import VectorStores
    from .server import Dialect, Responder
    from .session.azure import TokenCredential

# The version of Foundry's protocol that has approvals of MCP calls.
_FOUNDRY_PREVIEW = "2025-05-15-preview"
_FOUNDRY_SCOPE = "https://ai.azure.com/.default"
_AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"


class _Namespace:
    """A namespace of a client, imported and made when it is first used: few programs use all, and each costs memory.

    It is the class of this name in the module of `resources` that is called as the attribute.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __set_name__(self, owner: type[AssistantsClient], name: str) -> None:
        self._name = name

    def __get__(self, client: AssistantsClient | None, owner: type[AssistantsClient]) -> Any:
        if client is None:  # looked up in the class, as `help` does
            return self
        # Kept where the name is found first: this method is called once.
        made = vars(client)[self._name] = getattr(_resources(self._name), self._kind)(vars(client)["_context"])
        return made


def _namespace(kind: str) -> Any:
    """Make a namespace of this class; type checkers take it for one that is there already."""
    return _Namespace(kind)


def _resources(module: str) -> Any:
    return import_module(f".resources.{module}", __package__)


@old_names
@show_keywords
class AssistantsClient(Listed):
    """The asyncio client of the Assistants protocol, v1 and v2, for any server that speaks it.

    Connections are made on first use, so a client can be made anywhere, at module level too. It belongs to the
    event loop of its first call, and is closed by `async with` or `close()`. Methods check their arguments at once
    and return a `Call`: nothing is sent before it is awaited.

    Keywords: `ClientSettings`. Raises `TypeError` and `ValueError` for those that cannot work.
    """

    assistants: Assistants = _namespace("Assistants")
    """A model with instructions and tools."""
    threads: Threads = _namespace("Threads")
    """Conversations."""
    messages: Messages = _namespace("Messages")
    """Messages on a thread."""
    runs: Runs = _namespace("Runs")
    """An assistant at work on a thread."""
    steps: Steps = _namespace("Steps")
    """Steps of a run."""
    files: Files = _namespace("Files")
    """Files for assistants and messages."""
    vector_stores: VectorStores = _namespace("VectorStores")
    """Files made searchable (v2)."""
    uploads: Uploads = _namespace("Uploads")
    """Large files, sent in parts (v2)."""

    def __init__(self, **settings: Unpack[ClientSettings]) -> None:
        from .session.settings import open_session  # on use: an import alone sends nothing

        try:
            context = CallContext(*open_session(settings))
        except Exception as error:  # noqa: BLE001  # raised again
            _forget(settings)
            raise error.with_traceback(None)  # noqa: B904  # the same error
        self._context = context
        self._owner = True  # last: `__del__` reads it, and settings may be refused

    @classmethod
    @asynccontextmanager
    async def local(
        cls, *, responder: Responder | None = None, dialect: Dialect | None = None, **settings: Unpack[ClientSettings]
    ) -> AsyncGenerator[Self, None]:
        """Enter for a client of an embedded server of its own, on a free loopback port: no key, no network.

        `responder` writes the answers; without one the server echoes. `dialect="foundry"` makes the server one of
        Foundry's form, to which the client's queries are set. Leaving the block stops the server.
        """
        from .server import AssistantsServer

        if dialect == "foundry":
            settings["query"] = {"api-version": _FOUNDRY_PREVIEW, **settings.get("query", {})}
        protocol = settings.get("protocol", "v2")
        async with AssistantsServer(responder=responder, protocol=protocol, dialect=dialect) as server:
            settings.setdefault("api_key", "local")
            settings["base_url"] = server.base_url
            async with cls._made(settings) as client:
                yield client

    @classmethod
    def foundry(
        cls, endpoint: str, credential: TokenCredential, *, api_version: str = "v1", **settings: Unpack[ClientSettings]
    ) -> Self:
        """Make a client of a Microsoft Foundry project (classic agents, served until 2027-03-31).

        `endpoint` is the project's, `https://….services.ai.azure.com/api/projects/…`; `credential` anything with
        azure-identity's `get_token`. A token is kept until 5 minutes before its end.
        """
        settings["query"] = {"api-version": api_version, **settings.get("query", {})}
        settings["api_key"] = _key_of(credential, _FOUNDRY_SCOPE)
        settings["base_url"] = _endpoint(foundry_base_url, endpoint, api_version, settings)
        return cls._made(settings)

    @classmethod
    def azure(
        cls,
        endpoint: str,
        *,
        api_version: str,
        credential: TokenCredential | None = None,
        **settings: Unpack[ClientSettings],
    ) -> Self:
        """Make a client of an API in the shape of Azure OpenAI: `…/openai`, `api-version` in every query.

        `endpoint` is the resource's, `https://….openai.azure.com`. The key goes into the `api-key` header; with a
        `credential` a bearer token takes its place.
        """
        settings["query"] = {"api-version": api_version, **settings.get("query", {})}
        settings["base_url"] = _endpoint(azure_base_url, endpoint, api_version, settings)
        settings["auth"] = "api-key" if credential is None else "bearer"
        if credential is not None:
            settings["api_key"] = _key_of(credential, _AZURE_SCOPE)
        return cls._made(settings)

    @classmethod
    def _made(cls, settings: ClientSettings) -> Self:
        """Make a client of settings that no frame keeps."""
        made = ClientSettings(**settings)
        _forget(settings)
        try:
            return cls(**made)
        finally:
            _forget(made)

    def with_options(self, **changes: Unpack[ViewOptions]) -> Self:
        """Make a view with other options on the same connections; closing it closes nothing.

        Two tasks with two views have two time-outs, and neither touches this client's.
        """
        view = object.__new__(type(self))
        view._owner = False
        view._context = self._context.changed(changes)
        return view

    def operation(
        self,
        operation: str,
        /,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        validate: bool | None = None,
        **ids: Any,
    ) -> AnyCall:
        """Call any operation by its operationId, such as `"createRun"` or `"create_run"`.

        The call is the one that the operation's own method makes: a list can be iterated, a run polled, and so on.
        Ids go by their names in the path, `body` and `query` by the document's. For `createFile`, `body` has the
        file under `file`, for `addUploadPart` the bytes under `data`. `extra_body` and `validate` are options of
        this call, as in `with_options`. Raises `ValueError` for an operation and
        `TypeError` for ids that do not fit.
        """
        if not isinstance(operation, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"operation() must be given an operationId, not {operation!r}")
        if extra_body is not None or validate is not None:
            own = {"extra_body": extra_body, "validate": validate}
            changes: Any = {name: value for name, value in own.items() if value is not None}
            return self.with_options(**changes).operation(operation, body=body, query=query, **ids)
        row = find(operation)
        if ids.keys() != set(row.parameters):
            wanted, given = (", ".join(names) or "none" for names in (row.parameters, sorted(ids)))
            raise TypeError(f"{row.operation} takes these ids: {wanted}; given: {given}")
        for name, members in (("body", body), ("query", query)):
            if members is not None and not isinstance(members, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  the same
                raise TypeError(f"{row.operation}: {name} must be a mapping, not {type(members).__name__}")
        keywords = {**(query or {}), **(body or {})}
        if row.takes_body:
            keywords = with_definitions(keywords)
        places = tuple(ids[name] for name in row.parameters)
        if row.form:
            upload: Any = self.uploads.parts.create if places else self.files.create
            return cast("AnyCall", upload(*places, **keywords))
        request = self._context.bind(row, places, keywords)
        return cast(
            "AnyCall", _resources("operation").call_type(row)(self._context.session, request, self._context.options)
        )

    async def usage(self, thread: Thread | str, /) -> ThreadUsage:
        """Add up the tokens of all runs of a thread; a run that has not ended has none yet."""
        return await usage_of(self._context.for_workflow(), thread)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; calls under way end with `ClientClosedError`. Again, or for a view, does nothing."""
        if self._owner:
            await self._context.session.close()

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise TypeError("the client is async-only, did you mean 'async with'?")

        # Looked up before `__enter__` is called.
        __exit__ = __enter__

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a client cannot be pickled or copied: make one in each process, or use with_options()")

    @override
    def __repr__(self) -> str:
        if not hasattr(self, "_context"):  # its settings were refused, and a traceback shows locals
            return "<AssistantsClient, not made>"
        session = self._context.session
        return f"<AssistantsClient {session.base_url} {session.protocol}, key {session.credential!r}>"

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_owner", False) and self._context.session.is_open:
            _warn("a client was never closed: use 'async with', or await close()", ResourceWarning, source=self)


def _endpoint(read: Callable[[str, str], str], endpoint: str, api_version: str, settings: ClientSettings) -> str:
    """Read the endpoint of a preset; where it is refused, no frame keeps the settings, which may contain a key."""
    try:
        return read(endpoint, api_version)
    except (TypeError, ValueError):
        _forget(settings)
        raise


def _key_of(credential: TokenCredential, scope: str) -> Callable[[], Awaitable[str]]:
    from .session.azure import token_source  # on use: most clients have a key

    return token_source(credential, scope)


def _forget(settings: Any) -> None:
    """Empty the settings of a frame: tracebacks may show locals, and the key is among these."""
    settings.clear()
