"""The objects of a folder that can be used: a server may have given some that no client could read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ..errors import printable
from ..models import Assistant, File, Message, Run, RunStep, Thread, VectorStore, VectorStoreFile
from ..models.decoding import decoder_for
from .folder import Line

_MODELS: Mapping[str, type[Any]] = {
    "assistant": Assistant,
    "file": File,
    "message": Message,
    "run": Run,
    "step": RunStep,
    "thread": Thread,
    "vector_store": VectorStore,
    "vector_store_file": VectorStoreFile,
}


def usable(lines: Iterable[Line], miss: Callable[[str, str, str], None]) -> Iterator[Line]:
    """Yield the lines whose objects are of their kinds; each other one is named."""
    for line in lines:
        model = _MODELS.get(line.kind)
        try:
            if model is not None:
                decoder_for(model).decode(msgspec.json.encode(line.object))
        except msgspec.ValidationError as error:
            miss(line.kind, line.object["id"], f"it cannot be used: {printable(str(error))}")
        else:
            yield line
