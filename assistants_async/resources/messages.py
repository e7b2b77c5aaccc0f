"""`client.messages`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.context import CallContext
from ..calls.lists import ListCall
from ..models import params
from ..models.files import File
from ..models.messages import CitationStyle, Message, MessageFile
from ..models.pages import Deleted
from ..models.threads import Thread
from ..workflows.threads.busy_thread import IfActive
from .base import Resource


class MessageFiles(Resource):
    """The files of a message, as protocol v1 keeps them (v2 has `attachments` instead)."""

    __slots__ = ()

    def retrieve(
        self,
        thread: Thread | str,
        message: Message | str,
        file: MessageFile | File | str,
        /,
        **keywords: Unpack[params.NoParams],
    ) -> Call[MessageFile, MessageFile]:
        """Get one attachment (`getMessageFile`, v1)."""
        return self._call(endpoints.GET_MESSAGE_FILE, thread, message, file, **keywords)

    def list(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.ListParams]
    ) -> ListCall[MessageFile]:
        """List the attachments, newest first (`listMessageFiles`, v1)."""
        return self._list(endpoints.LIST_MESSAGE_FILES, thread, message, **keywords)


class Messages(Resource):
    """Messages on a thread, by the user or by an assistant."""

    __slots__ = ("files",)

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self.files = MessageFiles(context)
        """Files of a message (v1)."""

    def create(
        self,
        thread: Thread | str,
        /,
        *,
        if_active: IfActive = "raise",
        **keywords: Unpack[params.CreateMessageParams],
    ) -> Call[Message, Message]:
        """Add a message to a thread; while a run is active on it `if_active` says what then (`createMessage`)."""
        return Call(*self._busy(endpoints.CREATE_MESSAGE, thread, if_active=if_active, **keywords))

    def retrieve(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[Message, Message]:
        """Get one message (`getMessage`)."""
        return self._call(endpoints.GET_MESSAGE, thread, message, **keywords)

    def modify(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.ModifyMessageParams]
    ) -> Call[Message, Message]:
        """Change a message's metadata; what it says cannot be changed (`modifyMessage`)."""
        return self._call(endpoints.MODIFY_MESSAGE, thread, message, **keywords)

    def delete(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[Deleted, Deleted]:
        """Delete one message (`deleteMessage`, v2)."""
        return self._call(endpoints.DELETE_MESSAGE, thread, message, **keywords)

    async def render(self, message: Message, /, *, style: CitationStyle = "footnotes") -> str:
        """Write the message's text with references to what it cites in place of the marks.

        `"footnotes"` puts `[1]` for a mark and a list behind the text, of the names of files, and of the titles and
        addresses of web pages. `"markdown"` writes the footnotes of Markdown, a page as a link, and for a file that
        code made a link to the name that `save_files` keeps it under. A function gets the annotation, with the words
        that a v1 server quotes, the number and the name or title, and returns the text for the mark. A file or page has
        one number, however often it is cited. A file's name is requested once; one that was deleted shows its id. Text
        that is no mark stays as it is. Raises `TypeError` and `ValueError` before anything is sent.
        """
        return await self._workflows().render(message, style)

    async def save_files(self, message: Message, folder: Path, /, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Download the images in a message and the files that code made for it, and return their paths in its order.

        What was attached to the message is left out; a file that it shows twice is kept once. The name is the last
        part of the path in the text, else the server's, else the id; where there is a file of that name, here or from
        before, ` (2)` and so on goes before the extension; with `overwrite=True` those from before are replaced.

        Four at a time, and all of them or none: where one fails, or the task is cancelled, nothing is left. Raises
        `NotADirectoryError` before anything is sent.
        """
        return await self._workflows().save_files(message, folder, overwrite=overwrite)

    def list(self, thread: Thread | str, /, **keywords: Unpack[params.ListMessagesParams]) -> ListCall[Message]:
        """List a thread's messages, newest first, or those of one run (`listMessages`)."""
        return self._list(endpoints.LIST_MESSAGES, thread, **keywords)
