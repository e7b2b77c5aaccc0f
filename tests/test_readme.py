"""README and guides against the code: every block runs, every table is complete, every link leads somewhere."""

from __future__ import annotations

import ast
import inspect
import operator
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Self, get_args, get_origin

import msgspec
import pytest

import assistants_async
from assistants_async import AssistantsClient, AssistantsError, Call, RetryPolicy, Timeout, compat
from assistants_async.cli import steps
from assistants_async.core.requests.options import ViewOptions
from assistants_async.endpoints import TABLE
from assistants_async.server import AssistantsServer
from assistants_async.session.keywords import ClientSettings
from assistants_async.testing.faults import FAULTS
from assistants_async.workflows.runs.event_channel import EventChannel
from assistants_async.workflows.runs.options import DriveOptions, PollOptions
from assistants_async.workflows.threads.busy_thread import IfActive
from tests.support.pages import GUIDES, PAGES, anchors, blocks, guide, links
from tests.support.places import ROOT
from tests.support.projects import run_pytest

README = PAGES["README.md"]
BLOCKS = [
    (f"{Path(path).stem}-{number}", block) for path, text in PAGES.items() for number, block in enumerate(blocks(text))
]
TESTS = {name: block for name, block in BLOCKS if re.search(r"^async def test_", block, re.MULTILINE)}
"""Blocks that are test modules: pytest runs those, as a user's project would."""
SCRIPTS = {name: block for name, block in BLOCKS if name not in TESTS}
MAP = "assistants_async/README.md"
LINKED = [*PAGES, MAP, "benchmarks/README.md", "CHANGELOG.md"]
"""Pages whose links are followed."""


class Credential:
    """A stand-in for azure-identity's credential."""

    async def get_token(self, *scopes: str) -> Any:
        raise AssertionError("no block connects to Azure")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


@pytest.fixture
def azure_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one name of azure-identity that blocks import, which is an extra."""
    module = ModuleType("azure.identity.aio")
    module.DefaultAzureCredential = Credential  # type: ignore[attr-defined]
    for name in ("azure", "azure.identity", "azure.identity.aio"):
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("azure_identity")
@pytest.mark.parametrize("block", SCRIPTS.values(), ids=SCRIPTS)
async def test_every_python_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block runs unchanged, given a client, an assistant and a thread with a message and a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "report.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    async with AssistantsServer(seed=1) as server, AssistantsClient(base_url=server.base_url, api_key="k") as client:
        assistant = await client.assistants.create(model="gpt-4o")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            run = await channel.final_run()
        names: dict[str, Any] = {"client": client, "assistant": assistant, "thread": thread, "run": run}
        names |= {"AssistantsClient": AssistantsClient, "credential": Credential(), "__name__": "page"}
        code = compile(block, "page.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, names)  # the page's own code
        if inspect.iscoroutine(result):
            await result


def test_every_test_in_a_block_passes(tmp_path: Path) -> None:
    """In a project of its own, with the plugin that the installed package brings."""
    for name, block in TESTS.items():
        (tmp_path / f"test_{name}.py").write_text(block, encoding="utf-8")
    scope = ("-o", "asyncio_default_fixture_loop_scope=function")
    ran = run_pytest(tmp_path, "-W", "error", "--asyncio-mode=auto", *scope)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{sum(block.count('async def test_') for block in TESTS.values())} passed" in ran.stdout


def test_the_operations_table_is_the_table() -> None:
    """Each row of the guide is a row of the table with its versions and result, and none is missing."""
    pattern = r"^\| `(\w+)`(\S*) \| `([\w.]+)` \| (\w+) `(\S+)` \| `(\S+)` \|$"
    rows = re.findall(pattern, guide("operations"), re.MULTILINE)
    snake = {re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", row.operation): row for row in TABLE.values()}
    assert [row[0] for row in rows] == list(snake)
    for name, mark, *shown in rows:
        row = snake[name]
        assert shown == [row.name, row.method, row.path, _named(row.result)]
        if name != "list_threads":  # marked as undocumented instead
            assert row.protocols == {"†": ("v1",), "‡": ("v2",), "": ("v1", "v2")}[mark]
    of_the_document = [
        name for name, row in snake.items() if "v1" in row.protocols and not row.path.startswith("/files")
    ]
    assert len(of_the_document) - ("list_threads" in of_the_document) == 28


async def test_the_names_for_openai_python_are_names_here() -> None:
    """Each method in the left column of the table is one of `compat`, each in the right one of the native client."""
    table = guide("porting").split("| openai-python, and `compat` |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE)
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key="k") as client:
        for column, thing in enumerate((compat.AsyncOpenAI.over(client), client)):
            methods = {name for row in rows for name in re.findall(r"client\.([\w.]+)\(", row[column])}
            assert len(methods) > 15
            for name in methods:
                assert callable(operator.attrgetter(name)(thing)), name


def test_the_errors_for_openai_python_are_native_ones() -> None:
    """Each error of `compat` is in the table, beside the class that it is a subclass of."""
    table = guide("porting").split("| `compat` | native |")[1].split("\n\n")[0]
    shown = {
        theirs: native
        for names, native in re.findall(r"^\| (.*) \| `(\w+)` \|$", table, re.MULTILINE)
        for theirs in re.findall(r"\w+", names)
    }
    for theirs, native in shown.items():
        assert issubclass(getattr(compat, theirs), getattr(assistants_async, native)), theirs
    assert shown.keys() == {name for name in compat.__all__ if name.endswith("Error")}


def _named(result: Any) -> str:
    items = ", ".join(item.__name__ for item in get_args(result))
    return f"{get_origin(result).__name__}[{items}]" if items else result.__name__


def test_the_time_outs_are_the_defaults() -> None:
    """Every limit with its default, None as `none`."""
    table = guide("errors-and-retries").split("| `Timeout` |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+|none) \| ", table, re.MULTILINE))
    defaults = msgspec.structs.asdict(Timeout())
    assert rows == {name: "none" if value is None else f"{value:g}" for name, value in defaults.items()}


def test_the_retry_policy_is_the_default() -> None:
    """Every field with its default."""
    table = guide("errors-and-retries").split("| `RetryPolicy` |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (`.*?`) \| (.*?) \| ", table, re.MULTILINE)
    shown = {
        name: value
        for names, values in rows
        for name, value in zip(
            re.findall(r"\w+", names), values.removesuffix(" s").replace(" s,", ",").split(", "), strict=True
        )
    }
    defaults = msgspec.structs.asdict(RetryPolicy())
    assert shown == {name: "off" if value is False else f"{value:g}" for name, value in defaults.items()}


def test_every_setting_and_option_is_named() -> None:
    """The guide on settings leaves none out."""
    names = ClientSettings.__annotations__ | ViewOptions.__annotations__
    assert {name for name in names if f"`{name}`" not in guide("settings")} == set()


def test_every_fault_is_named() -> None:
    """The table of faults leaves none out."""
    assert {name for name in FAULTS if f"`{name}`" not in guide("faults")} == set()


def test_every_argument_of_the_server_is_named() -> None:
    """The table of the guide has its arguments in order."""
    table = guide("embedded-server").split("| `AssistantsServer` |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(inspect.signature(AssistantsServer).parameters)


def test_the_keywords_of_a_wait_are_in_the_table() -> None:
    """Those of `poll` and `drive`, but for the two that the table of ways explains."""
    table = guide("runs").split("| keyword | default | |")[1].split("\n\n")[0]
    known = {*PollOptions.__annotations__, *DriveOptions.__annotations__} - {"stream", "stop_at_action"}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == known


def test_the_ways_with_a_busy_thread_are_in_the_table() -> None:
    """Each of them, the default first."""
    table = guide("runs").split("| `if_active` |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `\"(\w+)\"`", table, re.MULTILINE) == list(get_args(IfActive))


def test_the_views_in_the_table_are_views() -> None:
    """Each name is a method of the channel, and no view is left out; `handle` has a section of its own."""
    table = guide("streams").split("| view | gives |")[1].split("\n\n")[0]
    named = set(re.findall(r"(\w+)\(", table))
    views = {name for name, method in vars(EventChannel).items() if not name.startswith("_") and callable(method)}
    assert named == views - {"handle", "received"}


def test_the_forms_of_a_call_are_in_the_table() -> None:
    """Each public method of a call."""
    table = guide("calls-and-lists").split("| form | gives |")[1].split("\n\n")[0]
    methods = {name for name, method in vars(Call).items() if not name.startswith("_") and callable(method)}
    assert set(re.findall(r"call\.(\w+)\(", table)) == methods


def test_every_error_is_named() -> None:
    """The table of errors leaves none out."""
    errors = {
        name
        for name in assistants_async.__all__
        if isinstance(kind := getattr(assistants_async, name), type) and issubclass(kind, AssistantsError)
    }
    assert {name for name in errors if f"`{name}" not in guide("errors-and-retries")} == set()


def test_the_demo_shown_is_the_demo() -> None:
    """The code in the README's excerpt is the source of that step."""
    excerpt = README.split("```text\n")[1].split("```")[0]
    source = inspect.getsource(steps.page)
    for line in source.splitlines()[2:]:
        assert line in excerpt


def test_ci_runs_the_shell_lines() -> None:
    """CI takes both lines from the README, where each occurs once."""
    lines = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["demo", "pytest"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "line 'demo$'" in ci
    assert "line 'pytest$'" in ci


def test_the_readme_is_a_front_page() -> None:
    """At most 200 lines, and every guide one link away."""
    assert len(README.splitlines()) <= 200
    assert {path.name for path in GUIDES.glob("*.md")} == {
        Path(link).name for link in links(README) if "/guides/" in link
    }


@pytest.mark.parametrize("page", LINKED)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    """To a file, and where an anchor is named to a heading in it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in links(text):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = (ROOT / page).parent / path if path else ROOT / page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_every_guide_has_its_contents(page: str) -> None:
    """Each section of more than one is one link away, in order."""
    headings = re.findall(r"^## (.*)$", PAGES[page], re.MULTILINE)
    contents = re.findall(r"^- \[(.*)\]\(#.*\)$", PAGES[page].split("\n## ")[0], re.MULTILINE)
    assert contents == (headings if len(headings) > 1 else [])


def test_every_file_that_the_map_names_exists() -> None:
    """Below the package, below the folder named last before it, or below the root."""
    text = (ROOT / MAP).read_text(encoding="utf-8")
    named = re.findall(r"`([\w./]+(?:\.py|\.md|/))`", text)
    assert len(named) > 40
    package, folder = (ROOT / MAP).parent, ROOT
    for name in named:
        places = [place for place in (package, ROOT, folder) if (place / name).exists()]
        assert places, f"{name} does not exist"
        folder = (places[0] / name).parent
    layers = re.findall(r"^([a-z]+)\b/?(?:  +([a-z]+))?", blocks(text, "text")[0], re.MULTILINE)
    assert {name for pair in layers for name in pair if name} >= {
        path.name for path in package.iterdir() if path.is_dir()
    } - {"guides", "__pycache__"}


def test_the_changelog_is_one_sentence_a_line() -> None:
    """Each section once and in order, each entry a line that ends as a sentence does, and none twice."""
    unreleased = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## [Unreleased]\n")[1].split("\n## ")[0]
    assert re.findall(r"^### (\w+)$", unreleased, re.MULTILINE) == ["Added", "Changed", "Fixed"]
    entries = [line for line in unreleased.splitlines() if line and not line.startswith("### ")]
    assert [entry for entry in entries if not re.fullmatch(r"- .+\.", entry)] == []
    assert len(entries) == len(set(entries))
