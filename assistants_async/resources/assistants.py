"""`client.assistants`."""

from __future__ import annotations

from typing import Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.context import CallContext
from ..calls.lists import ListCall
from ..models import params
from ..models.assistants import Assistant, AssistantFile
from ..models.files import File
from ..models.pages import Deleted
from ..tools.definitions import with_definitions
from .base import Resource


class AssistantFiles(Resource):
    """The files of an assistant, as protocol v1 keeps them (v2 has `tool_resources` instead)."""

    __slots__ = ()

    def create(
        self, assistant: Assistant | str, /, **keywords: Unpack[params.CreateAssistantFileParams]
    ) -> Call[AssistantFile, AssistantFile]:
        """Attach an uploaded file to an assistant (`createAssistantFile`, v1)."""
        return self._call(endpoints.CREATE_ASSISTANT_FILE, assistant, **keywords)

    def retrieve(
        self, assistant: Assistant | str, file: AssistantFile | File | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[AssistantFile, AssistantFile]:
        """Get one attachment (`getAssistantFile`, v1)."""
        return self._call(endpoints.GET_ASSISTANT_FILE, assistant, file, **keywords)

    def delete(
        self, assistant: Assistant | str, file: AssistantFile | File | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[Deleted, Deleted]:
        """Detach a file; the file itself stays (`deleteAssistantFile`, v1)."""
        return self._call(endpoints.DELETE_ASSISTANT_FILE, assistant, file, **keywords)

    def list(self, assistant: Assistant | str, /, **keywords: Unpack[params.ListParams]) -> ListCall[AssistantFile]:
        """List the attachments, newest first (`listAssistantFiles`, v1)."""
        return self._list(endpoints.LIST_ASSISTANT_FILES, assistant, **keywords)


class Assistants(Resource):
    """A model with instructions and tools, to run on any thread."""

    __slots__ = ("files",)

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self.files = AssistantFiles(context)
        """Files of an assistant (v1)."""

    def create(self, **keywords: Unpack[params.CreateAssistantParams]) -> Call[Assistant, Assistant]:
        """Make an assistant; `model` is all it needs (`createAssistant`)."""
        return self._call(endpoints.CREATE_ASSISTANT, **with_definitions(keywords))

    def retrieve(
        self, assistant: Assistant | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[Assistant, Assistant]:
        """Get an assistant as it is now (`getAssistant`)."""
        return self._call(endpoints.GET_ASSISTANT, assistant, **keywords)

    def modify(
        self, assistant: Assistant | str, /, **keywords: Unpack[params.ModifyAssistantParams]
    ) -> Call[Assistant, Assistant]:
        """Change what is given and leave the rest (`modifyAssistant`)."""
        return self._call(endpoints.MODIFY_ASSISTANT, assistant, **with_definitions(keywords))

    def delete(self, assistant: Assistant | str, /, **keywords: Unpack[params.NoParams]) -> Call[Deleted, Deleted]:
        """Delete an assistant; its runs and their threads stay (`deleteAssistant`)."""
        return self._call(endpoints.DELETE_ASSISTANT, assistant, **keywords)

    def list(self, **keywords: Unpack[params.ListParams]) -> ListCall[Assistant]:
        """List the assistants, newest first (`listAssistants`)."""
        return self._list(endpoints.LIST_ASSISTANTS, **keywords)
