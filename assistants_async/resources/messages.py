"""`client.messages`."""

from __future__ import annotations

from typing import Unpack

from .. import endpoints
from ..call import Call
from ..models import params
from ..models.files import File
from ..models.messages import Message, MessageFile
from ..models.pages import Deleted
from ..models.threads import Thread
from ..paging import ListCall
from ..workflows.busy import IfActive
from .base import Context, Resource


class MessageFiles(Resource):
    """The files of a message, as protocol v1 keeps them (v2 has `attachments` instead)."""

    __slots__ = ()

    def retrieve(
        self, thread: Thread | str, message: Message | str, file: MessageFile | File | str, /
    ) -> Call[MessageFile, MessageFile]:
        """Get one attachment (`getMessageFile`, v1)."""
        return self._call(endpoints.GET_MESSAGE_FILE, thread, message, file)

    def list(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.ListParams]
    ) -> ListCall[MessageFile]:
        """List the attachments, newest first (`listMessageFiles`, v1)."""
        return self._list(endpoints.LIST_MESSAGE_FILES, thread, message, **keywords)


class Messages(Resource):
    """What was said on a thread, by the user or by an assistant."""

    __slots__ = ("files",)

    def __init__(self, context: Context) -> None:
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
        return self._call(endpoints.CREATE_MESSAGE, thread, if_active=if_active, **keywords)

    def retrieve(self, thread: Thread | str, message: Message | str, /) -> Call[Message, Message]:
        """Get one message (`getMessage`)."""
        return self._call(endpoints.GET_MESSAGE, thread, message)

    def modify(
        self, thread: Thread | str, message: Message | str, /, **keywords: Unpack[params.ModifyMessageParams]
    ) -> Call[Message, Message]:
        """Change a message's metadata; what it says cannot be changed (`modifyMessage`)."""
        return self._call(endpoints.MODIFY_MESSAGE, thread, message, **keywords)

    def delete(self, thread: Thread | str, message: Message | str, /) -> Call[Deleted, Deleted]:
        """Delete one message (`deleteMessage`, v2)."""
        return self._call(endpoints.DELETE_MESSAGE, thread, message)

    def list(self, thread: Thread | str, /, **keywords: Unpack[params.ListMessagesParams]) -> ListCall[Message]:
        """List a thread's messages, newest first, or those of one run (`listMessages`)."""
        return self._list(endpoints.LIST_MESSAGES, thread, **keywords)
