"""The file of a SQLite store: opened by one process, and brought to the schema of this version."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from .interface import StoreError, StoreFullError, StoreRefusalError

SCHEMA_VERSION = 1
"""The version of the schema; there is a migration for each."""

# Errors that may be over in a moment: another program reads the file, or its disk is away.
_PASSING = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL),
    }
)


class SqliteFile:
    """A connection to the database, and the lock that keeps other processes out."""

    def __init__(self, path: Path) -> None:
        self._lock = _locked(path)
        try:
            self.connection = _connected(path)
            """The connection that writes; used by one thread at a time, the store's while it has a job."""
        except BaseException:
            self._lock.close()
            raise
        self.reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        """A connection that only reads, which a commit that is being made does not keep waiting."""

    def close(self) -> None:
        """Close the database, and let other processes in."""
        # First: its reads would keep the log from being emptied.
        self.reader.close()
        # What was left in the write-ahead log goes into the file, so that one file is all there is to copy.
        with contextlib.suppress(sqlite3.OperationalError):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
        self._lock.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """Enter for changes that are made as a whole, or not at all where something is raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def error_kind(error: sqlite3.Error) -> type[StoreError]:
    """Return the class of a store's errors for one of SQLite's."""
    # Behind the lowest byte are its finer kinds.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError
    return StoreError if code in _PASSING else StoreRefusalError


def _locked(path: Path) -> sqlite3.Connection:
    """Take the lock of a database, which is a database of its own: it ends with the process."""
    try:
        lock = sqlite3.connect(f"{path}-lock", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except BaseException:
            lock.close()
            raise
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ValueError(
                f"{path} is used by another process: SQLite stores serve one, PostgreSQL serves several "
                "(--store postgresql://…)"
            ) from None
        raise ValueError(f"the store {path} cannot be opened: {error}") from None
    return lock


def _connected(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    except sqlite3.OperationalError as error:
        raise ValueError(f"the store {path} cannot be opened: {error}") from None
    try:
        _migrate(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        # 16 MB of log in place of 4: the same few pages are written by every commit, and copied once for all.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        with transaction(connection):
            connection.execute("UPDATE meta SET opens = opens + 1")
            # No claim outlives its process, and this is the only one.
            connection.execute("UPDATE runs SET lease = 0")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"{path} is no store of this package: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _version_of(connection, path)
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"{path} has schema version {version}, and this version of the package reads up to {SCHEMA_VERSION}: "
            "it was written by a newer one"
        )
    for number in range(version + 1, SCHEMA_VERSION + 1):
        folder = files(__package__ or __name__).joinpath("migrations")
        script = folder.joinpath(f"sqlite_{number:04d}.sql").read_text(encoding="utf-8")
        # As a whole: a process that ends half-way has changed nothing.
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nUPDATE meta SET schema_version = {number};\nCOMMIT;")


def _version_of(connection: sqlite3.Connection, path: Path) -> int:
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "meta" not in tables or "objects" not in tables:
        raise ValueError(f"{path} is a database of something else: its tables are {', '.join(sorted(tables)[:5])}")
    ((version,),) = connection.execute("SELECT schema_version FROM meta")
    return int(version)
