"""`client.beta.threads.messages`."""

from __future__ import annotations

from typing import Unpack

from . import params
from .models import Deleted, Message
from .pages import AsyncPaginator
from .pending import Pending
from .resource import Resource


class AsyncMessages(Resource):
    """Messages on a thread."""

    noun = "beta.threads.messages"
    answers = ("create", "retrieve", "update", "delete", "list")

    def create(self, thread_id: str, **keywords: Unpack[params.CreateMessage]) -> Pending[Message]:
        """Add a message to a thread."""
        client, members = self._part("create", params.CreateMessage, keywords)
        return Pending(client.messages.create(thread_id, **members))

    def retrieve(self, message_id: str, **keywords: Unpack[params.OnThread]) -> Pending[Message]:
        """Get a message."""
        client, ids = self._part("retrieve", params.OnThread, keywords, body=False)
        return Pending(client.messages.retrieve(ids["thread_id"], message_id))

    def update(self, message_id: str, **keywords: Unpack[params.UpdateMessage]) -> Pending[Message]:
        """Change a message's metadata."""
        client, members = self._part("update", params.UpdateMessage, keywords)
        return Pending(client.messages.modify(members.pop("thread_id"), message_id, **members))

    def delete(self, message_id: str, **keywords: Unpack[params.OnThread]) -> Pending[Deleted]:
        """Delete a message."""
        client, ids = self._part("delete", params.OnThread, keywords, body=False)
        return Pending(client.messages.delete(ids["thread_id"], message_id))

    def list(self, thread_id: str, **keywords: Unpack[params.ListMessages]) -> AsyncPaginator[Message]:
        """List a thread's messages, newest first."""
        client, members = self._part("list", params.ListMessages, keywords, body=False)
        return AsyncPaginator(client.messages.list(thread_id, **members))
