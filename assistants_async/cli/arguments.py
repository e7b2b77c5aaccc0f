"""Types of command arguments: each reads a text, and raises one sentence for a text that it cannot read."""

from __future__ import annotations

import argparse
import math
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from .._typing import override


def folder(text: str) -> tuple[Path]:
    """Read the path of an existing folder."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    # In a tuple: `--files` without a folder gives `(None,)`, which differs from no `--files` at all.
    return (path,)


def port(text: str) -> int:
    """Read a port."""
    # `int` alone would take "+80", " 80 " and "8_0" too.
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 0 to 65535")
    return int(text)


def key(text: str) -> str:
    """Read a key; no error shows the text itself."""
    words = text.split()
    # An unset shell variable gives "", and a server with an empty key would let everyone in.
    if len(words) != 1 or not words[0].isprintable():
        raise argparse.ArgumentTypeError("a key is one word, and not empty")
    return words[0]


def seed(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def seconds(text: str) -> float:
    """Read a number of seconds from 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # `float` reads "nan" and "inf" as well; no timer can wait for either.
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def moment(text: str) -> int:
    """Read a time as seconds since 1970; one without a zone is UTC."""
    if text.isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: give 2026-05-01 or 2026-05-01T12:00Z") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def positive_seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    value = seconds(text)
    if not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def model_map(text: str) -> dict[str, str]:
    """Read pairs such as `gpt-4o=qwen3,*=llama3`: the model of a run, then the backend's name of it."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    wrong = next((name + sign for name, sign, model in pairs if not (name.strip() and model.strip())), None)
    if wrong is not None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of pairs such as gpt-4o=qwen3,*=llama3")
    return {name.strip(): model.strip() for name, _, model in pairs}


def script(text: str) -> str:
    """Read the script in a file."""
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: {_reason(error)}") from None


def add_key_file(command: argparse.ArgumentParser, name: str, variable: str, *, help: str, also: str = "") -> None:
    """Add the option of a file with a key, and refuse the key itself in its place, without repeating it.

    `also` is one more name under which the key is refused.
    """
    command.add_argument(name, metavar="FILE", type=Path, help=help)
    # Without it argparse takes the option for a short form of the file's, and shows the key in an error.
    refused = (name.removesuffix("-file"), *([also] if also else []))
    command.add_argument(*refused, action=_RefuseKey, help=argparse.SUPPRESS, const=f"give {name}, or set {variable}")


class _RefuseKey(argparse.Action):
    """Refuse a key on the command line."""

    @override
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: object,  # noqa: ARG002  # argparse's own parameters
        values: object,  # noqa: ARG002
        option_string: str | None = None,
    ) -> None:
        parser.error(f"argument {option_string}: other users of this machine could see the key: {self.const}")


def key_from(given: str | None, path: Path | None, variable: str) -> str | None:
    """Return a key from its option, its file or the environment, in this order; raises `ArgumentTypeError`."""
    if given is not None:
        return given
    if path is not None:
        try:
            # Elsewhere the bits say nothing about other users of the machine.
            if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise argparse.ArgumentTypeError(f"{str(path)!r} can be read by others: run chmod 600 {path}")
            return key(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise argparse.ArgumentTypeError(f"cannot read {str(path)!r}: {_reason(error)}") from None
    text = os.environ.get(variable)
    return None if text is None else key(text)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "the file is not UTF-8 text"
