"""Arguments of commands: text in, value out."""

from __future__ import annotations

import argparse

import pytest

from assistants_async.cli.arguments import count, model_map, positive_seconds, seconds
from assistants_async.cli.main import main


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-1"], ids=["empty", "word", "nan", "inf", "negative"])
def test_bad_times_are_refused(text: str) -> None:
    """A number of seconds is finite and not negative."""
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number of seconds"):
        seconds(text)


def test_values_are_read() -> None:
    """Numbers, and pairs with spaces around."""
    assert (seconds("0.5"), count("7")) == (0.5, 7)
    assert model_map("gpt-4o = qwen3, * = llama3") == {"gpt-4o": "qwen3", "*": "llama3"}


def test_a_time_out_is_more_than_0() -> None:
    """Refuse 0 seconds where nothing could happen in that time."""
    assert positive_seconds("0.5") == 0.5
    with pytest.raises(argparse.ArgumentTypeError, match=r"'0' is not a number of seconds above 0$"):
        positive_seconds("0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "t", "r", "--api-key", "secret-1"], "give --api-key-file, or set OPENAI_API_KEY"),
        (["inspect", "--api-key=secret-1"], "give --api-key-file, or set OPENAI_API_KEY"),
        (["export", "--from", "u", "--to", "f", "--key", "secret-1"], "give --key-file, or set OPENAI_API_KEY"),
        (["export", "--from", "u", "--to", "f", "--api-key", "secret-1"], "give --key-file, or set OPENAI_API_KEY"),
        (["check", "--backend", "u", "--backend-key", "secret-1"], "give --backend-key-file, or set ASSISTANTS_BACKEN"),
        (["serve", "--backend-key", "secret-1"], "give --backend-key-file, or set ASSISTANTS_BACKEND_KEY"),
    ],
    ids=["show", "inspect", "export", "export, as elsewhere", "check", "serve"],
)
def test_a_key_in_place_of_its_file_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says where the key belongs, and does not repeat it."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    shown = "".join(capsys.readouterr())
    assert said in shown
    assert "secret-1" not in shown
