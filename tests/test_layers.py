"""The layers of the package: which module may import which, read from the source."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import assistants_async

ROOT = Path(assistants_async.__file__).parent

# From the lowest up; a module may import from layers below its own, and from its own.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("_typing", "_version"),
    ("response",),
    ("errors",),
    ("models",),
    ("core",),
    ("endpoints",),
    ("transport",),
    ("telemetry",),
    ("session",),
    ("calls",),
    ("tools", "workflows"),
    ("resources",),
    ("client",),
    ("",),  # the package itself
    ("compat",),
    ("server",),
    ("moving",),
    ("testing",),
    ("cli", "__main__"),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

INNER: dict[str, tuple[tuple[str, ...], ...]] = {
    "core": (
        ("checks", "filenames", "keyword_help", "usage"),
        ("citations", "requests"),
        ("responses", "runs"),
        ("streams",),
    ),
    "workflows": (("concurrency",), ("runs",), ("files", "messages", "threads")),
    "server": (
        ("errors", "request_log"),
        ("storage",),
        ("engine",),
        ("backend",),
        ("requests",),
        ("handlers", "health", "page_files"),
        ("app", "inspector", "server"),
    ),
}
"""The same inside the large packages."""

PURE = ("response", "errors", "models", "core", "endpoints")
"""Modules that decide and never wait: no I/O, no clock, no randomness."""
IMPURE = frozenset(
    (
        "aiohttp",
        "anyio",
        "asyncio",
        "logging",
        "os",
        "random",
        "secrets",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "time",
    )
)

LAZY = {("client", "server")}
"""Imports upward, inside a function only: `AssistantsClient.local` starts a server."""

EXEMPT = frozenset({("server", "")})


def modules() -> Iterator[tuple[str, Path]]:
    """Every module by its dotted name below the package."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The imports of a module as absolute dotted names, each with True at its top; type checkers' imports left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ("assistants_async", *path.relative_to(ROOT).parent.parts)
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        top = id(node) not in inner
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            name = ".".join(part for part in (base, node.module) if part)
            if node.module is None:  # from . import endpoints
                yield from ((f"{name}.{alias.name}", top) for alias in node.names)
            else:
                yield name, top


def targets(name: str, path: Path) -> Iterator[str]:
    """The modules of the package that a module imports, for type checkers too and inside functions."""
    package = ("assistants_async", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            stem = ".".join((*base, *filter(None, [node.module]))).removeprefix("assistants_async").strip(".")
            for alias in node.names:
                inner = f"{stem}.{alias.name}".strip(".")
                found = inner if inner in MODULES else stem
                if found and found in MODULES and found != name:
                    yield found


def layer(name: str) -> str:
    """The layer that a dotted name of the package belongs to."""
    return name.removeprefix("assistants_async").strip(".").partition(".")[0]


MODULES = dict(modules())


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_layer(name: str) -> None:
    """A new module must be given its place in the table above."""
    assert layer(name) in HEIGHT


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    """A module imports from its own layer and those below; the one look up is made inside a function."""
    own = layer(name)
    for target, top in imports(MODULES[name]):
        if target.partition(".")[0] != "assistants_async":
            continue
        other = layer(target)
        if (own, other) in LAZY:
            assert not top, f"{name} imports {target} at its top"
        elif (own, other) not in EXEMPT:
            assert HEIGHT[other] <= HEIGHT[own], f"{name} imports {target}, which is above it"


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) in INNER and "." in name])
def test_imports_point_down_inside_a_package(name: str) -> None:
    """A module of a large package imports from its own room and those below."""
    package, room = name.split(".")[:2]
    heights = {inner: height for height, names in enumerate(INNER[package]) for inner in names}
    assert room in heights, f"{name} has no place in the table"
    for target, _ in imports(MODULES[name]):
        parts = target.split(".")[1:]
        if len(parts) > 1 and parts[0] == package:
            assert heights[parts[1]] <= heights[room], f"{name} imports {target}, which is above it"


def test_no_modules_go_in_a_circle() -> None:
    """No module imports itself through others, type checkers' imports and those in functions counted."""
    order = graphlib.TopologicalSorter({name: set(targets(name, path)) for name, path in MODULES.items()})
    order.prepare()  # raises CycleError with the modules of the circle


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) in PURE])
def test_pure_modules_do_not_act(name: str) -> None:
    """Clock, randomness, environment and the event loop come in as arguments."""
    assert not {target.partition(".")[0] for target, _ in imports(MODULES[name])} & IMPURE


ON_USE = {
    "calls.fan_out",
    "calls.prefetch",
    "calls.push",
    "resources.workflows",
    "telemetry.metrics",
    "telemetry.tracing",
    "transport.aiohttp_transport",
    "transport.failures",
    "transport.pool",
    "workflows.concurrency",
    "workflows.files.ingest",
    "workflows.files.upload_in_parts",
    "workflows.messages.render",
    "workflows.messages.save_files",
}
"""Modules that import aiohttp, anyio or OpenTelemetry at their top, by themselves or through another of these: they are
imported inside functions alone."""

CLIENT = [
    name
    for name in MODULES
    if layer(name) not in ("server", "moving", "testing", "cli", "__main__") and name not in ON_USE
]


@pytest.mark.parametrize("name", CLIENT)
def test_aiohttp_is_imported_on_first_use(name: str) -> None:
    """By modules that are imported on first use, since it is most of the import time; anyio inside functions, too."""
    heavy = {(target.partition(".")[0], top) for target, top in imports(MODULES[name])} & {
        (library, top) for library in ("aiohttp", "yarl", "anyio", "opentelemetry") for top in (True, False)
    }
    assert not any(top for _, top in heavy)
    assert not {library for library, _ in heavy} & {"aiohttp", "yarl"}
    assert not {target for target, top in imports(MODULES[name]) if top} & {
        f"assistants_async.{each}" for each in ON_USE
    }


MOST_MODULES = 117
"""Modules of the package that an import of it may load; each takes 280 000 instructions before its first line."""


def test_importing_the_package_is_cheap() -> None:
    """No library that is not needed at once comes with it, nor the server, nor what calls and reads streams."""
    code = "import sys, assistants_async; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    unwanted = {
        "aiohttp",
        "anyio",
        "httptools",
        "yarl",
        "opentelemetry",
        "pydantic",
        "pytest",
        "rich",
        "aioresponses",
    } | {
        f"assistants_async.{name}"
        for name in (
            "compat",
            "core.streams.body_decoders",
            "core.streams.sse",
            "models.rules",
            "models.specs",
            "resources",
            "server",
            "session.azure",
            "session.manager",
            "session.settings",
            "transport.aiohttp_transport",
            "transport.failures",
            "transport.lean",
            "transport.pool",
            "transport.proxies",
            "workflows.runs.loop",
        )
    }
    loaded = set(done.stdout.split())
    assert unwanted & loaded == set()
    assert len([name for name in loaded if name.partition(".")[0] == "assistants_async"]) <= MOST_MODULES


def test_a_client_can_be_made_without_aiohttp() -> None:
    """It comes with the first call."""
    code = (
        "import sys; from assistants_async import AssistantsClient; AssistantsClient(); print('aiohttp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert done.stdout.strip() == "False"
