"""The connections to a PostgreSQL database, which is brought to the schema of this version."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from ...core.requests.base_url import refuse_torn_password
from .interface import ConflictError, StoreError, StoreFullError, StoreRefusalError

SCHEMA_VERSION = 1
"""The version of the schema; there is a migration for each."""

_SCHEMA = "assistants_async"
# The number of the lock that lets one process at a time change the schema.
_LOCK = 0x61737374
# Seconds for a new connection, and for one answer.
_CONNECT, _ANSWER = 10.0, 30.0
# Seconds for an answer to a probe, and for connections to close.
_PROBE, _CLOSE = 2.0, 5.0
# Two transactions were in each other's way, or put the same thing: nothing was committed, and it may be tried again.
_CONFLICTS = frozenset({"40001", "40P01", "23505"})
_DISK_FULL = "53100"
# Classes of errors that may be over in a moment: the connection, transactions, a server that only reads after a switch,
# resources, locks, an operator, the system below. What has no SQLSTATE is of the connection too.
_PASSING = ("", "08", "25", "40", "53", "55", "57", "58")


class Connection(Protocol):
    """The part of asyncpg's connections that is used here."""

    async def execute(self, statement: str, *values: object) -> str:
        """Execute statements; those with values are one."""
        ...

    async def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute a statement for each row of values."""
        ...

    async def fetch(self, statement: str, *values: object) -> list[Sequence[Any]]:
        """Return the rows of an answer."""
        ...

    async def fetchrow(self, statement: str, *values: object) -> Sequence[Any] | None:
        """Return the first row."""
        ...

    async def fetchval(self, statement: str, *values: object) -> Any:
        """Return the first value of the first row; None where there is none."""
        ...


class PostgresLink:
    """A pool of connections, whose errors are those of stores."""

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("a store in PostgreSQL has a URL that begins with postgresql://")
        refuse_torn_password(parts, "the URL of a store")
        self._url = url
        self._connections = connections
        self._pool: Any = None
        place = parts.netloc.rpartition("@")[2]
        self.name = f"postgresql://{place}{parts.path}"
        """The URL without user, password and settings."""
        credentials = parts.netloc.rpartition("@")[0].partition(":")[2]
        given = [credentials, unquote(credentials), *parse_qs(parts.query).get("password", ())]
        self._secrets = [secret for secret in given if secret]

    async def open(self) -> None:
        """Connect, and bring the schema up to date; raises `ValueError` in one sentence."""
        try:
            driver = import_module("asyncpg")
        except ImportError:
            raise ValueError(f"the store {self.name} needs asyncpg: pip install 'assistants-async[postgres]'") from None
        try:
            self._pool = await driver.create_pool(
                min_size=0, max_size=self._connections, reset=_keep_session, **self._settings()
            )
            async with self.transaction() as connection:
                await _migrate(connection)
        except Exception as error:  # noqa: BLE001  whatever it is, the store cannot be used
            await self.close()
            # The error itself is left out: it may have the URL.
            # A store's own error begins with its name, which this sentence has already.
            reason = (error.__cause__ if isinstance(error, StoreError) else None) or error
            raise ValueError(f"the store {self.name} cannot be opened: {self._words(reason)}") from None

    async def close(self) -> None:
        """Close all connections; may be called again."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # It cuts what does not close in time, or cannot close.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE):
                    await pool.close()

    async def check(self) -> None:
        """Raise `StoreError` where the database does not answer soon."""
        with self._translated():
            async with asyncio.timeout(_PROBE):
                async with self.connection() as connection:
                    await connection.fetchval("SELECT 1")

    @asynccontextmanager
    async def own_connection(self) -> AsyncGenerator[Any]:
        """Enter for a connection outside the pool."""
        with self._translated():
            connection = await import_module("asyncpg").connect(**self._settings())
            try:
                yield connection
            finally:
                connection.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Enter for a connection whose statements are each committed at once; raises `StoreError`."""
        if self._pool is None:
            raise StoreError(f"{self.name} is not open")
        with self._translated():
            async with self._pool.acquire(timeout=_ANSWER) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """Enter for changes that are made as a whole; raises `ConflictError` where others were in the way."""
        async with self.connection() as connection:
            # On the disk before it is answered, an answer's words too: a worker outlives a crash of the database, and
            # would go on behind words that nobody has.
            await connection.execute("BEGIN")
            try:
                yield connection
                await connection.execute("COMMIT")
            except BaseException as error:
                # On a connection that is lost there is nothing to undo.
                with contextlib.suppress(Exception):
                    await connection.execute("ROLLBACK")
                if getattr(error, "sqlstate", None) in _CONFLICTS:
                    raise ConflictError("another transaction was in the way") from error
                raise

    def _settings(self) -> dict[str, Any]:
        # A schema of its own: the database may serve other programs too.
        settings = {"search_path": _SCHEMA, "application_name": _SCHEMA}
        return {"dsn": self._url, "timeout": _CONNECT, "command_timeout": _ANSWER, "server_settings": settings}

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            if getattr(error, "sqlstate", None) == _DISK_FULL:
                raise StoreFullError(f"{self.name}: {self._words(error)}") from error
            if _is_of_the_database(error):
                kind = StoreError if (getattr(error, "sqlstate", None) or "")[:2] in _PASSING else StoreRefusalError
                raise kind(f"{self.name}: {self._words(error)}") from error
            raise

    def _words(self, error: BaseException) -> str:
        words = str(error) or type(error).__name__
        for secret in self._secrets:
            words = words.replace(secret, "…")
        return words


def _is_of_the_database(error: Exception) -> bool:
    """Return True for an error of the database or of the way to it, and not for our own, such as a wrong value."""
    state: str | None = getattr(error, "sqlstate", None)
    is_mistake = isinstance(error, ValueError) or (state or "").startswith("22")
    return isinstance(error, OSError) or (type(error).__module__.startswith("asyncpg") and not is_mistake)


async def _keep_session(_connection: object) -> None:
    """Leave a connection as it is when it goes back into the pool: nothing here changes its session.

    Resetting each would be a second answer to wait for.
    """


async def _migrate(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    version = 0
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{_SCHEMA}.meta"):
        version = await connection.fetchval("SELECT schema_version FROM meta")
    elif not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", _SCHEMA):
        await connection.execute(f"CREATE SCHEMA {_SCHEMA}")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"it has schema version {version}, and this version of the package reads up to {SCHEMA_VERSION}: "
            "it was written by a newer one"
        )
    for number in range(version + 1, SCHEMA_VERSION + 1):
        script = (
            files(str(__package__)).joinpath("migrations", f"postgres_{number:04d}.sql").read_text(encoding="utf-8")
        )
        await connection.execute(script)
        await connection.execute("UPDATE meta SET schema_version = $1", number)
