"""The contents of files, written as bytes, or as text where the server refuses them."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from ..client import AssistantsClient
from ..errors import DecodeError, StatusError
from .folder import FILES, VECTOR_STORES, AccountFolder, read_lines, writing
from .report import Account
from .thread_export import is_about_object, reason_of


class FileContents:
    """Writes the contents of files."""

    def __init__(self, client: AssistantsClient, folder: AccountFolder, account: Account) -> None:
        self._client = client
        self._folder = folder
        self._account = account
        self._stores: dict[str, str] | None = None
        """A vector store that has a file, by the file's id; None until a content is refused."""

    async def wanted(self) -> AsyncGenerator[str, None]:
        """Yield the ids of the files."""
        for line in read_lines(self._folder.path / FILES):
            yield line.object["id"]

    async def write(self, id: str) -> None:
        """Write the content of a file, unless it is there already."""
        path = self._folder.content(id)
        if not path.exists():
            try:
                with writing(path) as file:
                    async with self._client.files.content(id).stream() as channel:
                        async for piece in channel:
                            file.write(piece)
                self._account.counts["content"] += 1
            except StatusError as error:
                if not is_about_object(error):
                    raise
                await self._write_text(id, reason_of(error))
        self._account.advance("contents")

    async def _write_text(self, id: str, refusal: str) -> None:
        """Write the text that a vector store has of a file."""
        path = self._folder.text(id)
        store = self._store_of(id)
        reason = f"its content is refused: {refusal}"
        if store is None:
            reason += "; no vector store has it"
        else:
            try:
                if not path.exists():
                    with writing(path) as file:
                        async for part in self._client.vector_stores.files.content(store, id):
                            # A server may cut a text inside a character, and UTF-8 has no halves.
                            file.write((part.text or "").encode("utf-8", "replace"))
                reason += f"; its text is in {path.name}"
            except (StatusError, DecodeError) as error:
                if isinstance(error, StatusError) and not is_about_object(error):
                    raise
                reason += f"; its text cannot be had: {reason_of(error)}"
        self._account.miss("file", id, reason)

    def _store_of(self, file_id: str) -> str | None:
        # Read when the first content is refused: many accounts never need it.
        if self._stores is None:
            lines = read_lines(self._folder.path / VECTOR_STORES)
            self._stores = {line.object["id"]: line.parent or "" for line in lines if line.kind == "vector_store_file"}
        return self._stores.get(file_id)
