"""The public names: listed once, sorted, documented, and all that a user can meet."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import assistants_async
from assistants_async import errors, models, moving, server
from assistants_async.client import AssistantsClient

ROOT = Path(assistants_async.__file__).parent
PACKAGES: tuple[ModuleType, ...] = (assistants_async, models, moving, server)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_names_are_listed_sorted_and_there(package: ModuleType) -> None:
    """`__all__` has each name once, in the order of the linter, and nothing that is missing."""
    names: list[str] = list(package.__all__)
    assert len(names) == len(set(names))
    assert names == sorted(names, key=_natural)
    assert all(hasattr(package, name) for name in names)


def _natural(name: str) -> tuple[int, str]:
    # As ruff's RUF022: constants, then classes, then the rest.
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def test_star_gives_the_listed_names() -> None:
    """And nothing else."""
    names: dict[str, object] = {}
    exec("from assistants_async import *", names)
    assert names.keys() - {"__builtins__"} == set(assistants_async.__all__)


def test_every_error_is_public() -> None:
    """Every error that can be raised can be caught by a public name."""
    kinds = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
    assert kinds <= set(assistants_async.__all__)


def test_every_import_at_the_top_is_listed() -> None:
    """A name that the package imports for its users is in `__all__`."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert imported == set(assistants_async.__all__)


def test_the_version_is_one() -> None:
    """That of the module of its own."""
    assert assistants_async.__version__ == importlib.import_module("assistants_async._version").__version__


def decorated(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """True where a definition has a decorator of this plain name."""
    return any(isinstance(each, ast.Name) and each.id == name for each in node.decorator_list)


def documented(path: Path) -> Iterator[tuple[str, bool]]:
    """Each public definition of a module, and whether it says what it is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield "the module", ast.get_docstring(tree) is not None
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            yield node.name, decorated(node, "overload") or ast.get_docstring(node) is not None
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) and not member.name.startswith("_"):
                    explained = decorated(member, "overload") or decorated(member, "override")
                    yield f"{node.name}.{member.name}", explained or ast.get_docstring(member) is not None


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(ROOT.rglob("*.py")) if path.read_text(encoding="utf-8").strip()],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_public_name_is_documented(path: Path) -> None:
    """Modules, classes, functions and methods each have a docstring."""
    assert [name for name, has in documented(path) if not has] == []


NAMESPACES = ("assistants", "threads", "messages", "runs", "steps", "files", "vector_stores", "uploads")


def test_a_namespace_is_made_once_when_it_is_used() -> None:
    """A client and its views have none before that, and list all."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1")
    view = client.with_options(timeout=1)
    for each in (client, view):
        assert set(NAMESPACES) <= set(dir(each))
        assert not set(NAMESPACES) & vars(each).keys()
        assert each.runs is each.runs
    assert client.runs is not view.runs
    assert inspect.isclass(AssistantsClient.runs) is False  # the descriptor, as `help` looks it up


def test_every_name_of_the_client_is_documented() -> None:
    """As `help()` shows it: namespaces and their methods."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1")
    undocumented = [
        f"{space}.{name}"
        for space in NAMESPACES
        for name in dir(getattr(client, space))
        if not name.startswith("_") and not inspect.getdoc(getattr(getattr(client, space), name))
    ]
    assert undocumented == []
