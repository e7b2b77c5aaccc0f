"""The content of a file: as bytes, or straight to disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.requests.options import raising
from ..core.requests.request import ids_of
from ..errors import AssistantsError
from ..errors.old_names import Listed, old_names
from .call import Call

if TYPE_CHECKING:
    from .multipart_body import Progress


@old_names
class Download(Call[bytes, bytes], Listed):
    """A file's content: `await` it for the bytes, or `save` it to disk piece by piece."""

    __slots__ = ()

    async def save(
        self,
        folder: Path,
        filename: str | None = None,
        *,
        overwrite: bool | None = None,
        on_progress: Progress | None = None,
    ) -> Path:
        """Write the content into a folder piece by piece, and return the path of the whole file.

        The name is `filename`, else the server's, else the file's id; in any case one plain name within the folder.
        A file of that name stays as it is: ` (2)` and so on goes before the extension. It is replaced where you gave
        the name, or with `overwrite=True`; `overwrite=False` keeps it in any case. The file appears only when it is
        whole, and where the download fails nothing is left. Raises `NotADirectoryError`, `IsADirectoryError`,
        `TypeError` and `ValueError` before anything is sent.
        """
        from .save_to_disk import check_save, suggested_name, write_file  # on use: most programs save no file

        self._use()
        replace = check_save(folder, filename, overwrite, on_progress)
        reader = await self._session.open(self._request, raising(self._options))
        try:
            name = filename or suggested_name(reader.http.headers, ids_of(self._request)[-1])
            return await write_file(reader, Path(folder, name), on_progress, replace=replace)
        except AssistantsError as error:
            if reader.watch is not None:
                reader.watch.failed(error)
            await self._session.errors.report(error, self._request, self._options)
            raise
        finally:
            reader.close()
