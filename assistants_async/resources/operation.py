"""Calls of operations that are named by text: which class each has, and the one type that checkers see for all."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._typing import override
from ..calls.call import Call
from ..calls.download import Download
from ..calls.lists import ListCall, PagedCall
from ..core.requests.endpoint import Endpoint
from ..models.pages import is_page
from ..models.vector_stores import VectorStoreFile, VectorStoreFileBatch
from ..workflows.files.processing import FileBatchCall, StoreFileCall
from ..workflows.runs.call import RunCall

if TYPE_CHECKING:
    from ..calls.channel import Channel
    from ..calls.items import Items
    from ..calls.pages import PageWalk
    from ..calls.prefetch import Prefetch
    from ..workflows.runs.drive import Drive

    class AnyCall(Call[Any, Any], Items[Any]):
        """The call of an operation whose name is text: the forms of every kind of call, for type checkers.

        At run time it is a `Call`, `ListCall`, `RunCall` and so on, as the operation's own method returns it, and has
        the forms of that kind alone.
        """

        @override
        def stream(self, **options: Any) -> Channel[Any]:
            """Enter for the items of the answer: `pages=` of a list, `recover=` of a run."""
            ...

        def pages(self) -> PageWalk[Any]:
            """Iterate a list page by page."""
            ...

        def prefetch(self) -> Prefetch[Any]:
            """Enter for the items of a list, read one page ahead."""
            ...

        def poll(self, **options: Any) -> Coroutine[Any, Any, Any]:
            """Wait for the end of a run, or of a file or batch of a vector store."""
            ...

        def drive(self, toolbox: Any = None, /, **options: Any) -> Drive[Any]:
            """Take a run to its end, with tools."""
            ...

        def save(self, folder: Path, filename: str | None = None, **options: Any) -> Coroutine[Any, Any, Path]:
            """Write the content of a file into a folder."""
            ...


_BY_RESULT: dict[type, type[Call[Any, Any]]] = {
    bytes: Download,
    VectorStoreFile: StoreFileCall,
    VectorStoreFileBatch: FileBatchCall,
}


def call_type(row: Endpoint[Any, Any]) -> type[Call[Any, Any]]:
    """Return the class of an operation's calls, the one that its method has."""
    if row.streams:
        return RunCall
    if is_page(row.result):
        return ListCall if row.page_parameter is None else PagedCall
    return _BY_RESULT.get(row.result, Call)
