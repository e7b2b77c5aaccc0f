"""`client.beta.assistants`."""

from __future__ import annotations

from typing import Unpack

from . import params
from .models import Assistant, Deleted
from .options import RequestOptions
from .pages import AsyncPaginator
from .pending import Pending
from .resource import Resource


class AsyncAssistants(Resource):
    """A model with instructions and tools."""

    noun = "beta.assistants"
    answers = ("create", "retrieve", "update", "delete", "list")

    def create(self, **keywords: Unpack[params.CreateAssistant]) -> Pending[Assistant]:
        """Make an assistant."""
        client, members = self._part("create", params.CreateAssistant, keywords)
        return Pending(client.assistants.create(**members))

    def retrieve(self, assistant_id: str, **options: Unpack[RequestOptions]) -> Pending[Assistant]:
        """Get an assistant."""
        client, _ = self._part("retrieve", RequestOptions, options, body=False)
        return Pending(client.assistants.retrieve(assistant_id))

    def update(self, assistant_id: str, **keywords: Unpack[params.UpdateAssistant]) -> Pending[Assistant]:
        """Change an assistant."""
        client, members = self._part("update", params.UpdateAssistant, keywords)
        return Pending(client.assistants.modify(assistant_id, **members))

    def delete(self, assistant_id: str, **options: Unpack[RequestOptions]) -> Pending[Deleted]:
        """Delete an assistant."""
        client, _ = self._part("delete", RequestOptions, options, body=False)
        return Pending(client.assistants.delete(assistant_id))

    def list(self, **keywords: Unpack[params.List]) -> AsyncPaginator[Assistant]:
        """List the assistants, newest first."""
        client, members = self._part("list", params.List, keywords, body=False)
        return AsyncPaginator(client.assistants.list(**members))
