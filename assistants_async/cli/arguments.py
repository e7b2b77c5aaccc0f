"""Types of the arguments of commands: text in, value out, one sentence for what cannot be one."""

from __future__ import annotations

import argparse
import math
import os
import stat
from pathlib import Path


def folder(text: str) -> tuple[Path]:
    """Read a folder that is there."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return (path,)


def port(text: str) -> int:
    """Read a port."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def key(text: str) -> str:
    """Read a key. An unset shell variable gives "", which would let everyone in; the text itself is never shown."""
    words = text.split()
    if len(words) != 1 or not words[0].isprintable():
        raise argparse.ArgumentTypeError("a key is one word, and not empty")
    return words[0]


def seed(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def seconds(text: str) -> float:
    """Read a number of seconds from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def model_map(text: str) -> dict[str, str]:
    """Read pairs such as `gpt-4o=qwen3,*=llama3`: the model of a run, and the backend's name for it."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    wrong = next((name + sign for name, sign, model in pairs if not (name.strip() and model.strip())), None)
    if wrong is not None:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of pairs such as gpt-4o=qwen3,*=llama3")
    return {name.strip(): model.strip() for name, _, model in pairs}


def script(text: str) -> str:
    """Read a file, which holds a script."""
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: {_reason(error)}") from None


def key_from(given: str | None, path: Path | None, variable: str) -> str | None:
    """Return a key by its option, by its file, or from the environment; raises `ArgumentTypeError`."""
    if given is not None:
        return given
    if path is not None:
        try:
            if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise argparse.ArgumentTypeError(f"{str(path)!r} can be read by others: chmod 600 {path}")
            return key(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise argparse.ArgumentTypeError(f"cannot read {str(path)!r}: {_reason(error)}") from None
    text = os.environ.get(variable)
    return None if text is None else key(text)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is no text"
