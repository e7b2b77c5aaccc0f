"""The commands, run as a user runs them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assistants_async import AssistantsClient, AuthenticationError, StreamInterruptedError, __version__
from assistants_async.cli.main import main
from assistants_async.cli.show import show_code
from tests.support.commands import run_here
from tests.support.places import ROOT

COMMAND = (sys.executable, "-W", "error", "-m", "assistants_async")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}


def serve(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **variables},
    )


def first_line(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().strip()


@pytest.mark.parametrize(("protocol", "steps"), [("v2", 7), ("v1", 7)])
def test_the_demo_shows_every_step(protocol: str, steps: int) -> None:
    """Each step with its code and its requests, then the sum; no key, no error."""
    shown = run_here("demo", "--protocol", protocol)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert len(re.findall(r"^\d\. ", shown.stdout, re.MULTILINE)) == steps
    counts = [int(count) for count in re.findall(r"^   \[(\d+) request", shown.stdout, re.MULTILINE)]
    total = re.search(r"^(\d+) requests in", shown.stdout, re.MULTILINE)
    assert total is not None
    assert sum(counts) == int(total[1])
    for said in ("250 messages", "run completed", "Tool get_weather said: rain", "step tool_calls completed function"):
        assert said in shown.stdout
    assert ("message file" in shown.stdout) == (protocol == "v1")
    assert ("\nBergen 2\n" in shown.stdout) == (protocol == "v2")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert README.split("```text\n")[1].split("```")[0] in shown.stdout  # what the README shows is what is printed


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither such pipes nor such signals")
def test_the_demo_ends_quietly_when_its_reader_leaves() -> None:
    """As `demo | head -1` does: no traceback, and not a success either."""
    with subprocess.Popen([*COMMAND, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        demo.stdout.readline()
        demo.stdout.close()
        assert demo.stderr.read() == ""
        assert demo.wait(timeout=240) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has pipes of a size that can be set")
def test_ctrl_c_ends_the_demo_quietly() -> None:
    """With the exit code that shells expect, and no traceback."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")  # no modules of Windows
    environment = {**ENVIRONMENT, "PYTHONUNBUFFERED": "1"}
    # A shell's job in the background ignores the signal, and its programs would too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    reader, writer = os.pipe()
    # Room for the first step alone: the demo cannot end before the signal comes, however busy the machine is.
    room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    filled = os.write(writer, b" " * (room - 1024))
    # Without `-W error`: asyncio may leave a connection that it was just accepting to the collector.
    command = [sys.executable, "-m", "assistants_async", "demo"]
    with (
        os.fdopen(reader, encoding="utf-8") as output,
        subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment) as demo,
    ):
        signal.signal(signal.SIGINT, before)
        os.close(writer)
        while int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder) == filled:
            time.sleep(0.01)
        demo.send_signal(signal.SIGINT)
        output.read()
        assert demo.stderr is not None
        assert demo.stderr.read() == ""
        assert demo.wait(timeout=240) == 130


def test_code_is_coloured_where_rich_and_a_terminal_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """rich gets the code where it is installed; without it, or without a terminal, it is plain."""
    shown: list[Any] = []

    class Console:
        def print(self, what: Any) -> None:
            shown.append(what)

    for name, part, value in (
        ("console", "Console", Console),
        ("syntax", "Syntax", lambda code, language, **_: (code, language)),
        ("padding", "Padding", lambda inner, _: inner),
    ):
        module = ModuleType(f"rich.{name}")
        setattr(module, part, value)
        monkeypatch.setitem(sys.modules, f"rich.{name}", module)
    show_code("a = 1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_code("b = 2")
    monkeypatch.setitem(sys.modules, "rich.console", None)
    show_code("c = 3")
    assert shown == [("b = 2", "python")]
    assert capsys.readouterr().out == "    a = 1\n    c = 3\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_prints_its_url_and_stops_at_a_signal(number: signal.Signals) -> None:
    """The first line is a base URL that a client can use; a signal ends the command with 0."""
    with serve("--api-key", "secret") as server:
        base_url = first_line(server)
        async with AssistantsClient(base_url=base_url, api_key="secret") as client:
            assert (await client.assistants.create(model="m")).id.startswith("asst_")
        server.send_signal(number)
        assert server.wait(timeout=240) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""


async def test_a_seed_makes_ids_repeat() -> None:
    """Two servers of one seed give the same ids."""
    ids: list[str] = []
    for _ in range(2):
        with serve("--seed", "7", "--protocol", "v1") as server:
            async with AssistantsClient(base_url=first_line(server), api_key="k") as client:
                ids.append((await client.threads.create()).id)
            server.terminate()
    assert ids[0] == ids[1]


def test_an_address_for_others_needs_a_key() -> None:
    """Refused before it listens, with the option that helps."""
    refused = run_here("serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "--api-key" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_in_use_is_one_sentence() -> None:
    """The address, and that it cannot be had."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run_here("serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    said = r"assistants-async serve: cannot listen on 127\.0\.0\.1:\d+: [^:\n]*\n"
    assert re.fullmatch(said, refused.stderr)


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nbreak"])
def test_a_key_that_would_let_everyone_in_is_refused(key: str) -> None:
    """`--api-key "$UNSET"` must not open the server to all; the key is not repeated."""
    refused = run_here("serve", "--host", "0.0.0.0", "--port", "0", "--api-key", key)
    assert refused.returncode == 2
    assert refused.stderr.endswith("argument --api-key: a key is one word, and not empty\n")


def test_a_host_that_does_not_exist_is_one_sentence() -> None:
    """The resolver's words, and exit code 1."""
    refused = run_here("serve", "--host", "host.invalid", "--port", "0", "--api-key", "k")
    assert refused.returncode == 1
    assert refused.stderr.startswith("assistants-async serve: cannot listen on host.invalid:0: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x"], "x"),
        (["serve", "--api-key", "k", "--api-key-file", "f"], "not allowed with argument --api-key"),
        (["demo", "--protocol", "v3"], "v3"),
        (["serve", "--port", "70000"], "'70000' is not a port: give 0 to 65535"),
        (["serve", "--port", "-1"], "'-1' is not a port: give 0 to 65535"),
        (["serve", "--port", "http"], "'http' is not a port: give 0 to 65535"),
        (["serve", "--seed", "x"], "'x' is not a whole number"),
    ],
)
def test_bad_arguments_are_named(arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """argparse's exit code 2, and the argument in the message."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_serve_brings_a_page_along() -> None:
    """Its address is the second line; `--no-page` leaves page and line out."""
    with serve() as server:
        base_url = first_line(server)
        page = base_url.removesuffix("v1")
        assert first_line(server) == f"the page is at {page}"
        with urllib.request.urlopen(page) as answer:
            assert b"<title>Assistants</title>" in answer.read()
        server.terminate()
    with serve("--no-page") as server:
        page = first_line(server).removesuffix("v1")
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(page)
        refused.value.close()
        server.terminate()
        assert first_line(server) == ""


def test_no_command_prints_the_help() -> None:
    """All commands, and success."""
    shown = run_here()
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: assistants-async")
    assert "demo" in shown.stdout
    assert "serve" in shown.stdout


async def test_the_key_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """The file wins, and a line end is no part of a key."""
    path = tmp_path / "key"
    path.write_text("from-the-file\n", encoding="utf-8")
    path.chmod(0o600)
    for arguments, key in (((), "from-the-environment"), (("--api-key-file", str(path)), "from-the-file")):
        with serve(*arguments, ASSISTANTS_API_KEY="from-the-environment") as server:
            base_url = first_line(server)
            async with AssistantsClient(base_url=base_url, api_key=key) as client:
                assert (await client.assistants.create(model="m")).id.startswith("asst_")
            async with AssistantsClient(base_url=base_url, api_key="another") as client:
                with pytest.raises(AuthenticationError):
                    await client.assistants.create(model="m")
            server.terminate()


def test_a_key_that_cannot_be_had_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, an empty one, and an empty variable: exit code 2, and the server does not start."""
    (tmp_path / "empty").touch(mode=0o600)
    (tmp_path / "open").write_text("key")
    (tmp_path / "open").chmod(0o644)
    for name, said in (
        ("none", "cannot read"),
        ("empty", "a key is one word, and not empty"),
        ("open", "can be read by others: run chmod 600"),
    ):
        refused = run_here("serve", "--port", "0", "--api-key-file", str(tmp_path / name))
        assert (refused.returncode, said in refused.stderr) == (2, True)
    monkeypatch.setenv("ASSISTANTS_API_KEY", "")
    refused = run_here("serve", "--port", "0")
    assert (refused.returncode, "a key is one word" in refused.stderr) == (2, True)


@pytest.mark.parametrize("option", [("--allow-host", "http://box"), ("--cors", "*")], ids=["host", "origin"])
def test_hosts_and_origins_are_checked(option: tuple[str, str]) -> None:
    """A value that is neither is refused with an example, before the server listens."""
    refused = run_here("serve", "--port", "0", *option)
    assert (refused.returncode, "such as" in refused.stderr) == (2, True)
    assert "Traceback" not in refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
async def test_ctrl_c_cuts_open_streams() -> None:
    """A stream that is cut is an error for its reader, not an end."""
    with serve("--api-key", "k") as server:
        async with AssistantsClient(base_url=first_line(server), api_key="k") as client:
            assistant = await client.assistants.create(model="m")
            thread = await client.threads.create(messages=[{"role": "user", "content": "/stall half"}])
            async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
                async for event in channel:
                    if event.event == "thread.message.delta":
                        break
                server.send_signal(signal.SIGINT)
                with pytest.raises(StreamInterruptedError):
                    async for _ in channel:
                        pass
        assert server.wait(timeout=240) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Name and version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"assistants-async {__version__}\n"


def test_the_demo_of_files_cites_one(tmp_path: Path) -> None:
    """Its own folder, or one of the caller's."""
    shown = run_here("demo", "--files")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "3 files in vs_" in shown.stdout
    assert "It often rains in Bergen. 【1:0†weather.md】" in shown.stdout
    assert "[1] weather.md" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    (tmp_path / "notes.txt").write_text("Does it rain in Bergen? It does.", encoding="utf-8")
    (tmp_path / "inner").mkdir()
    assert "[1] notes.txt" in run_here("demo", "--files", str(tmp_path)).stdout
    refused = run_here("demo", "--files", str(tmp_path / "none"))
    assert (refused.returncode, "is not a folder" in refused.stderr) == (2, True)
