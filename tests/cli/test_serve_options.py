"""Options of `serve` that need another one, and numbers out of their range: each is refused in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistants_async.cli.main import main

ALONE: dict[str, Sequence[str]] = {
    "a model": ["--model", "qwen3"],
    "a map": ["--model-map", "a=b"],
    "a context": ["--context", "4096"],
    "a search": ["--file-search", "inject"],
    "tools": ["--tools", "schema"],
    "tools as they are by default": ["--tools", "native"],
    "an interpreter": ["--code-interpreter", "ignore"],
    "the name of a limit": ["--limit-name", "max_completion_tokens"],
    "a time-out": ["--backend-timeout", "5"],
    "a key": ["--backend-key-file", "key"],
}


@pytest.mark.parametrize("arguments", ALONE.values(), ids=ALONE)
def test_an_option_of_the_backend_needs_one(
    arguments: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--backend` it would be ignored, so the command ends with the option's name, and nothing starts."""
    monkeypatch.chdir(tmp_path)
    Path("key").touch(0o600)
    Path("key").write_text("backend-key")
    assert main(["serve", "--port", "0", *arguments]) == 2
    assert capsys.readouterr() == ("", f"assistants-async serve: {arguments[0]} needs --backend\n")


@pytest.mark.parametrize("option", ["--run-expiry", "--backend-timeout"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
def test_a_time_is_more_than_nothing(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No run ends in 0 seconds, and no backend answers in as many."""
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--backend", "http://127.0.0.1:1/v1", option, value])
    out, err = capsys.readouterr()
    assert (out, f"{option}: {value!r} is not a number of seconds" in err) == ("", True), err
