"""The arguments of a handler: the server's state, and one request that passed all common checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from ...core.requests.endpoint import Endpoint, ProtocolVersion
from ..engine.engine import Engine
from ..engine.responder import Responder
from ..engine.turn import Dialect
from ..storage.batch import Batch
from ..storage.blob_writer import BlobWriter
from ..storage.documents import render
from ..storage.ids import IdFactory
from ..storage.interface import Document, Store, StoreError
from ..storage.memory import MemoryStore
from ..storage.quota import Quota
from ..storage.vector_index import VectorIndex, expire_files
from .access import check_hosts, check_origins
from .idempotency import KeptAnswers, KeyedRequest
from .rendered import RenderedDocuments

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a server."""

    responder: Responder
    protocol: ProtocolVersion = "v2"
    api_key: str | None = None
    seed: int | str | None = None
    pace: float = 0.005
    clock: Callable[[], float] = time.time
    chunk: int | None = None
    speed: float = 0.0
    # Seconds between signs of life: proxies cut streams that are silent for 30 or 60.
    keepalive: float = 15.0
    # The vendor's limit of one file.
    max_file_bytes: int = 512 * 2**20
    max_store_bytes: int = 2**30
    record_bodies: bool = False
    allow_hosts: Sequence[str] = ()
    cors: Sequence[str] = ()
    # Seconds: a client that sends its head byte by byte would keep its connection for ever.
    head_timeout: float = 10.0
    # Seconds, as at the vendor's servers.
    run_expiry: float = 600.0
    concurrency: int | None = None
    grace: float = 0.0
    dialect: Dialect | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.protocol not in {"v1", "v2"}:
            raise ValueError(f"protocol must be 'v1' or 'v2', not {self.protocol!r}")
        if self.dialect not in {None, "foundry"}:
            raise ValueError(f"dialect must be None or 'foundry', not {self.dialect!r}")
        # Foundry has no version 1.
        if self.dialect == "foundry" and self.protocol != "v2":
            raise ValueError("dialect 'foundry' needs protocol 'v2'")
        if min(self.pace, self.speed, self.keepalive) < 0 or (self.chunk is not None and self.chunk < 1):
            raise ValueError("pace, speed and keepalive must be 0 or more, chunk must be 1 or more")
        if min(self.head_timeout, self.run_expiry) <= 0 or self.max_store_bytes < 1:
            raise ValueError("head_timeout, run_expiry and max_store_bytes must be more than 0")
        if (self.concurrency is not None and self.concurrency < 1) or self.grace < 0:
            raise ValueError("concurrency must be 1 or more, grace must be 0 or more")
        # No header carries a key with white space: every request would be refused.
        if not isinstance(self.api_key, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            raise TypeError(f"api_key must be a str or None, not {type(self.api_key).__name__}")
        if self.api_key is not None and (self.api_key.split() != [self.api_key] or not self.api_key.isprintable()):
            raise ValueError("api_key must be one word of printable characters, and not empty")
        check_hosts(self.allow_hosts)
        check_origins(self.cors)


class State:
    """The changing state of a server: its ids, objects and runs."""

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self.settings = settings
        """The settings of the server."""
        self.store: Store = MemoryStore() if store is None else store
        """The objects that the server has stored."""
        self._begin()

    def reset(self) -> None:
        """Forget everything; with a seed, ids start from the first again."""
        store = self.store
        # Objects on disk are somebody's data, which the reset of a test must not delete.
        if not isinstance(store, MemoryStore):
            raise TypeError(f"only a server that keeps everything in memory can be reset, not one with {store.name}")
        self.engine.reset()
        store.reset()
        self._begin()

    def _begin(self) -> None:
        settings = self.settings
        self.names = IdFactory(settings.seed)
        """Makes ids."""
        self.quota = Quota(self.store, settings.max_store_bytes)
        """The memory that it may take."""
        self.answers = KeptAnswers(self.store, settings.max_store_bytes)
        """The answers to requests with an `Idempotency-Key`."""
        self.rendered: Mapping[ProtocolVersion, RenderedDocuments] = {
            "v1": RenderedDocuments("v1"),
            "v2": RenderedDocuments("v2"),
        }
        """The JSON of documents that were on pages, by version."""
        self.library = VectorIndex(self.quota, self.names, clock=settings.clock, pace=settings.pace)
        """The index of its vector stores."""
        self.engine = Engine(
            self.store,
            self.names,
            settings.responder,
            file_search=self.library.file_search,
            clock=settings.clock,
            pace=settings.pace,
            speed=settings.speed,
            dialect=settings.dialect,
            concurrency=settings.concurrency,
        )
        """Drives runs."""

    @property
    def now(self) -> int:
        """Whole seconds by the server's clock."""
        return int(self.settings.clock())

    async def open(self) -> None:
        """Open the store and take up the runs that are in it; raises `ValueError` where the store cannot be used."""
        await self.store.open()
        self.engine.open()

    async def shut_down(self) -> None:
        """Let runs end for as long as the settings say, drop the rest, and cut all streams."""
        # Before the streams are cut: runs that end in time still send their last events.
        await self.engine.close(self.settings.grace)
        self.store.cut()

    def has_due(self) -> bool:
        """Check for due work; this runs before each request, so it reads only memory."""
        first = self.store.next_due
        return first("store_file") is not None or first("run") is not None or first("file") is not None

    async def expire(self) -> None:
        """End runs and remove objects that are due by the server's clock, and index new files of vector stores.

        All of it waits where the store cannot be written: the request may be one that only reads.
        """
        try:
            await self.library.settle(self.store)
            await self.engine.expire()
            await expire_files(self.store, self.settings.clock())
        except StoreError as error:
            _log.warning("what is due cannot be done just now: %s", error)


@dataclass(frozen=True, slots=True)
class Upload:
    """The file of a form."""

    filename: str
    blob: BlobWriter


class Context(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One request on its way through a handler."""

    state: State
    batch: Batch
    """The reads and changes of the request, which are committed before its answer goes out."""
    endpoint: Endpoint[Any, Any]
    protocol: ProtocolVersion
    ids: Mapping[str, str]
    """Ids in the path, by name."""
    values: Mapping[str, Any]
    """Keywords from query, body or form, checked."""
    stream: bool
    """True where the answer is to be server-sent events."""
    http: web.Request
    upload: Upload | None = None
    key: KeyedRequest | None = None
    """Its `Idempotency-Key`, where it has one and changes something."""
    headers: dict[str, str] = {}
    """Headers to put on the answer."""

    def render(self, kind: str, document: Document) -> Document:
        """Return a document in the form of the request's protocol version."""
        return render(kind, document, self.protocol)

    def keep(self, answer: Document) -> None:
        """Add the answer to the changes of the request, where it has a key: a repeated request gets it again."""
        if self.key is not None:
            self.state.answers.keep(self.key, self.batch, self.state.now, answer)


Handler = Callable[[Context], Awaitable[Document | web.StreamResponse]]
"""The function that serves an operation; it returns the JSON document of a 200, or a whole response."""
