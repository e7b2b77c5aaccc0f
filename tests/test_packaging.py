"""The shipped package: dependencies, version, files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from importlib.metadata import entry_points, metadata, requires
from pathlib import Path

import pytest

import assistants_async
from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_are_three_dependencies() -> None:
    """aiohttp, msgspec, anyio, and nothing else without an extra."""
    names = [re.split(r"[<>=\[;]", name)[0] for name in requires("assistants-async") or [] if "extra ==" not in name]
    assert sorted(names) == ["aiohttp", "anyio", "msgspec"]


def test_the_version_is_in_one_place() -> None:
    """The package's own is the one that is published."""
    assert metadata("assistants-async")["Version"] == assistants_async.__version__
    assert "version" in PROJECT["project"]["dynamic"]


def test_the_commands_and_the_plugin_are_registered() -> None:
    """The console script, and the pytest plugin by its module."""
    (script,) = entry_points(group="console_scripts", name="assistants-async")
    (plugin,) = entry_points(group="pytest11", name="assistants_async")
    assert callable(script.load())
    assert plugin.value == "assistants_async.testing.plugin"


def test_types_are_shipped() -> None:
    """The marker of PEP 561 is in the package."""
    assert Path(assistants_async.__file__).with_name("py.typed").is_file()


def test_the_guides_are_in_the_sdist_and_not_in_the_wheel() -> None:
    """Pages are read in the repository; an installed package has code alone."""
    targets = PROJECT["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["exclude"] == ["*.md", "*.png"]
    assert "assistants_async" in targets["sdist"]["include"]
    assert "exclude" not in targets["sdist"]


def test_the_page_is_in_the_wheel() -> None:
    """Its files are in the package, tracked, and of no kind that is left out."""
    page = "assistants_async/server/page"
    names = {path.name for path in (ROOT / page).iterdir()}
    assert {"index.html", "page.css", "app.js", "icon.svg"} <= names
    left_out = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    assert [name for name in names if any(fnmatch(name, pattern) for pattern in left_out)] == []
    assert {path.rpartition("/")[2] for path in _tracked() if path.startswith(f"{page}/")} == names


def _tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        pytest.skip("not in a git checkout")
    return listing.stdout.splitlines()


def test_the_top_level_has_its_own_files_only() -> None:
    """The project's files, three folders, and names that begin with a dot."""
    allowed = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "assistants_async", "tests", "benchmarks"}
    assert {name for path in _tracked() if not (name := path.split("/")[0]).startswith(".")} <= allowed


def test_no_file_names_the_machine_it_was_made_on() -> None:
    """No path of a home, work or job folder is in the repository, and no place to install from."""
    machine = re.compile(
        r"(?<![\w.])/(?:root|home/\w+|work/\w+|tmp/bash_jobs|opt/\w+)\b"
        r"|pypi\.org|pythonhosted\.org|--(?:extra-)?index-url|--find-links"
    )
    found = [path for path in _tracked() if (ROOT / path).is_file() and machine.search(_text(ROOT / path))]
    assert found == []


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.name != "test_packaging.py" else ""
