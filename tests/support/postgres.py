"""A PostgreSQL server of the tests' own: in a new folder, on a Unix socket alone, without care for power cuts."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

# The programs of Debian's package postgresql are in no folder of PATH; the newest come first.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# Its server refuses to run as root; the package makes this user.
_USER = "postgres"
_LIMIT = 240
_SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "16MB",
}


def missing_postgres() -> str | None:
    """Say what is not installed of PostgreSQL and its client library."""
    modules = [] if find_spec("asyncpg") else ["asyncpg (extra postgres)"]
    programs = [] if _program("initdb") and _program("pg_ctl") else ["postgresql (initdb, pg_ctl)"]
    return f"not installed: {', '.join(programs + modules)}" if programs + modules else None


class PostgresServer:
    """A running server, which can be stopped hard and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test{next(self._numbers)}"
        _run("psql", "-q", "-h", str(self._folder), "-U", _USER, "-d", "postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgresql://{_USER}@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {**_SETTINGS, "unix_socket_directories": f"'{self._folder}'"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        log = str(self._folder / "log")
        _run("pg_ctl", "-D", str(self._folder / "data"), "-o", options, "-l", log, "-w", "-t", str(_LIMIT), "start")

    def stop(self) -> None:
        """Stop it as a crash does: connections are cut, commits stay."""
        _run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "-t", str(_LIMIT), "stop")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server in a folder of its own, which is removed behind it."""
    # The path of a socket has 107 bytes at most, and the folders of pytest are longer.
    folder = Path(tempfile.mkdtemp(prefix="assistants-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        _run("initdb", "-D", str(folder / "data"), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        server = PostgresServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@cache
def shared_server() -> PostgresServer:
    """A server for all tests of this process, which is stopped with it; skips the test where none can be started."""
    problem = missing_postgres()
    if problem is not None:
        pytest.skip(problem)
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(postgres_server())


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database and give its URL; the clock of the tests does not run ahead of the server meanwhile."""
    url = shared_server().new_database()
    with own_time():
        yield url


@contextmanager
def own_time() -> Iterator[None]:
    """Keep the clock of the tests from running ahead: a process that is no child of this one answers."""
    loop = asyncio.get_running_loop()
    reader, writer = os.pipe()
    loop.add_reader(reader, lambda: None)
    try:
        yield
    finally:
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([*map(str, _FOLDERS), os.environ.get("PATH", "")]))


def _run(name: str, *arguments: str) -> None:
    program = _program(name)
    assert program is not None, name
    done = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        # The server inherits what it is given: a pipe would stay open as long as it runs.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=_LIMIT,
        user=_USER if os.geteuid() == 0 else None,
        group=_USER if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
    )
    assert done.returncode == 0, (name, arguments, done.returncode)
