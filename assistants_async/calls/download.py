"""The content of a file: as bytes, or straight to disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AssistantsError
from ..session.hooks import report_error
from ..session.open_response import OpenResponse
from .call import Call

if TYPE_CHECKING:
    from .multipart_body import Progress


class Download(Call[bytes, bytes]):
    """A file's content: `await` it for the bytes, or `save` it without ever holding them."""

    __slots__ = ()

    async def save(self, folder: Path, filename: str | None = None, *, on_progress: Progress | None = None) -> Path:
        """Write the content into a folder piece by piece, and return the path of the whole file.

        The name is `filename`, else the server's, else `response`; in any case one plain name within the folder.
        The file appears under it only when it is whole, in place of one that was there; where the download fails
        nothing is left. Raises `NotADirectoryError` and `ValueError` before anything is sent.
        """
        from ..core.filenames import safe_name, suggested_name  # on use

        self._use()
        folder = Path(folder)
        if not folder.is_dir():
            raise NotADirectoryError(f"files.content().save(): no folder at {str(folder)!r}")
        if filename is not None and (not filename or safe_name(filename) != filename):
            raise ValueError(f"files.content().save(): {filename!r} is not a plain file name")
        reader = await self._session.open(self._request, self._options)
        try:
            target = folder / (filename or suggested_name(reader.http.headers))
            await _write(reader, target, on_progress)
        except AssistantsError as error:
            await report_error(error, self._request, self._options)
            raise
        finally:
            reader.close()
        return target


async def _write(reader: OpenResponse, target: Path, on_progress: Progress | None) -> None:
    """Write to a name of our own beside the target, then rename over it, so that no half a file is ever seen."""
    part = target.with_name(f".{os.urandom(8).hex()}.part")
    total = _length(reader)
    done = 0
    try:
        with part.open("xb") as file:
            while piece := await reader.read():
                file.write(piece)
                done += len(piece)
                if on_progress is not None:
                    on_progress(done, total)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _length(reader: OpenResponse) -> int | None:
    text = reader.http.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None
