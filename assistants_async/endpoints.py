"""The table: every operation, one row. Client, server and tests read it; nothing lists the operations again.

To add an operation: a row here, its keywords in `models/params.py`, one method in its namespace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from .core.requests.endpoint import Endpoint, ProtocolVersion
from .models import params, params_files, params_vector_stores
from .models.assistants import Assistant, AssistantFile
from .models.base import Object
from .models.events import StreamEvent
from .models.files import File
from .models.hosted_calls import MCPToolCall
from .models.messages import Message, MessageFile
from .models.pages import Deleted, Page
from .models.runs import MCPCall, Run, ToolCall
from .models.steps import FunctionToolCall, RunStep
from .models.threads import Thread
from .models.uploads import Upload, UploadPart
from .models.vector_stores import (
    FileContent,
    FileContentPage,
    SearchPage,
    SearchResult,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)

M = TypeVar("M", bound=Object)

_ASSISTANT = "/assistants/{assistant_id}"
_THREAD = "/threads/{thread_id}"
_MESSAGE = _THREAD + "/messages/{message_id}"
_RUN = _THREAD + "/runs/{run_id}"
_FILE = "/files/{file_id}"
_STORE = "/vector_stores/{vector_store_id}"
_BATCH = _STORE + "/file_batches/{batch_id}"
_UPLOAD = "/uploads/{upload_id}"

_V1: tuple[ProtocolVersion, ...] = ("v1",)
_V2: tuple[ProtocolVersion, ...] = ("v2",)


def _row(
    method: Literal["GET", "POST", "DELETE"], path: str, operation: str, name: str, result: type[M], **more: Any
) -> Endpoint[M, M]:
    return Endpoint(method=method, path=path, operation=operation, name=name, result=result, item=result, **more)


def _list(
    path: str, operation: str, name: str, item: type[M], keywords: type = params.ListParams, **more: Any
) -> Endpoint[Page[M], M]:
    page: Any = Page
    return Endpoint(
        method="GET", path=path, operation=operation, name=name, result=page[item], item=item, params=keywords, **more
    )


def _create(path: str, operation: str, name: str, result: type[M], keywords: type, **more: Any) -> Endpoint[M, M]:
    return _row("POST", path, operation, name, result, params=keywords, idempotent=False, **more)


def _get(path: str, operation: str, name: str, result: type[M], **more: Any) -> Endpoint[M, M]:
    return _row("GET", path, operation, name, result, **more)


def _modify(
    path: str, operation: str, name: str, result: type[M], keywords: type | None, **more: Any
) -> Endpoint[M, M]:
    return _row("POST", path, operation, name, result, params=keywords, **more)


def _run(path: str, operation: str, name: str, keywords: type, *, idempotent: bool) -> Endpoint[Run, StreamEvent]:
    event: Any = StreamEvent
    return Endpoint(
        method="POST",
        path=path,
        operation=operation,
        name=name,
        result=Run,
        item=event,
        params=keywords,
        idempotent=idempotent,
        streams=True,
    )


def _delete(path: str, operation: str, name: str, **more: Any) -> Endpoint[Deleted, Deleted]:
    return _row("DELETE", path, operation, name, Deleted, **more)


LIST_ASSISTANTS = _list("/assistants", "listAssistants", "assistants.list", Assistant)
CREATE_ASSISTANT = _create(
    "/assistants", "createAssistant", "assistants.create", Assistant, params.CreateAssistantParams
)
GET_ASSISTANT = _get(_ASSISTANT, "getAssistant", "assistants.retrieve", Assistant)
MODIFY_ASSISTANT = _modify(_ASSISTANT, "modifyAssistant", "assistants.modify", Assistant, params.ModifyAssistantParams)
DELETE_ASSISTANT = _delete(_ASSISTANT, "deleteAssistant", "assistants.delete")

LIST_ASSISTANT_FILES = _list(
    _ASSISTANT + "/files", "listAssistantFiles", "assistants.files.list", AssistantFile, protocols=_V1
)
CREATE_ASSISTANT_FILE = _create(
    _ASSISTANT + "/files",
    "createAssistantFile",
    "assistants.files.create",
    AssistantFile,
    params.CreateAssistantFileParams,
    protocols=_V1,
)
GET_ASSISTANT_FILE = _get(
    _ASSISTANT + _FILE, "getAssistantFile", "assistants.files.retrieve", AssistantFile, protocols=_V1
)
DELETE_ASSISTANT_FILE = _delete(_ASSISTANT + _FILE, "deleteAssistantFile", "assistants.files.delete", protocols=_V1)

CREATE_THREAD = _create("/threads", "createThread", "threads.create", Thread, params.CreateThreadParams)
CREATE_THREAD_AND_RUN = _run(
    "/threads/runs", "createThreadAndRun", "threads.create_and_run", params.CreateThreadAndRunParams, idempotent=False
)
GET_THREAD = _get(_THREAD, "getThread", "threads.retrieve", Thread)
MODIFY_THREAD = _modify(_THREAD, "modifyThread", "threads.modify", Thread, params.ModifyThreadParams)
DELETE_THREAD = _delete(_THREAD, "deleteThread", "threads.delete")

LIST_MESSAGES = _list(_THREAD + "/messages", "listMessages", "messages.list", Message, params.ListMessagesParams)
CREATE_MESSAGE = _create(_THREAD + "/messages", "createMessage", "messages.create", Message, params.CreateMessageParams)
GET_MESSAGE = _get(_MESSAGE, "getMessage", "messages.retrieve", Message)
MODIFY_MESSAGE = _modify(_MESSAGE, "modifyMessage", "messages.modify", Message, params.ModifyMessageParams)
DELETE_MESSAGE = _delete(_MESSAGE, "deleteMessage", "messages.delete", protocols=_V2)

LIST_MESSAGE_FILES = _list(_MESSAGE + "/files", "listMessageFiles", "messages.files.list", MessageFile, protocols=_V1)
GET_MESSAGE_FILE = _get(_MESSAGE + _FILE, "getMessageFile", "messages.files.retrieve", MessageFile, protocols=_V1)

LIST_RUNS = _list(_THREAD + "/runs", "listRuns", "runs.list", Run)
CREATE_RUN = _run(_THREAD + "/runs", "createRun", "runs.create", params.CreateRunParams, idempotent=False)
GET_RUN = _get(_RUN, "getRun", "runs.retrieve", Run)
MODIFY_RUN = _modify(_RUN, "modifyRun", "runs.modify", Run, params.ModifyRunParams)
CANCEL_RUN = _modify(_RUN + "/cancel", "cancelRun", "runs.cancel", Run, None)
# The documents misspell this one in every version. A second submission is refused, so sending it twice is safe.
SUBMIT_TOOL_OUTPUTS = _run(
    _RUN + "/submit_tool_outputs",
    "submitToolOuputsToRun",
    "runs.submit_tool_outputs",
    params.SubmitToolOutputsParams,
    idempotent=True,
)

LIST_RUN_STEPS = _list(_RUN + "/steps", "listRunSteps", "steps.list", RunStep, params.ListStepsParams)
GET_RUN_STEP = _get(
    _RUN + "/steps/{step_id}", "getRunStep", "steps.retrieve", RunStep, params=params.RetrieveStepParams
)

LIST_FILES = _list("/files", "listFiles", "files.list", File, params_files.ListFilesParams)
CREATE_FILE = _create("/files", "createFile", "files.create", File, params_files.CreateFileParams, form="file")
RETRIEVE_FILE = _get(_FILE, "retrieveFile", "files.retrieve", File)
DELETE_FILE = _delete(_FILE, "deleteFile", "files.delete")
# The documents call the answer a JSON string; every server sends the bytes.
DOWNLOAD_FILE: Endpoint[bytes, bytes] = Endpoint(
    method="GET", path=_FILE + "/content", operation="downloadFile", name="files.content", result=bytes, item=bytes
)

LIST_VECTOR_STORES = _list("/vector_stores", "listVectorStores", "vector_stores.list", VectorStore, protocols=_V2)
CREATE_VECTOR_STORE = _create(
    "/vector_stores",
    "createVectorStore",
    "vector_stores.create",
    VectorStore,
    params_vector_stores.CreateVectorStoreParams,
    protocols=_V2,
)
GET_VECTOR_STORE = _get(_STORE, "getVectorStore", "vector_stores.retrieve", VectorStore, protocols=_V2)
MODIFY_VECTOR_STORE = _modify(
    _STORE,
    "modifyVectorStore",
    "vector_stores.modify",
    VectorStore,
    params_vector_stores.ModifyVectorStoreParams,
    protocols=_V2,
)
DELETE_VECTOR_STORE = _delete(_STORE, "deleteVectorStore", "vector_stores.delete", protocols=_V2)
# No document says how `next_page` goes back; it does as in the vendor's other lists that page by token.
SEARCH_VECTOR_STORE: Endpoint[SearchPage, SearchResult] = Endpoint(
    method="POST",
    path=_STORE + "/search",
    operation="searchVectorStore",
    name="vector_stores.search",
    result=SearchPage,
    item=SearchResult,
    params=params_vector_stores.SearchVectorStoreParams,
    protocols=_V2,
    page_parameter="page",
)

LIST_VECTOR_STORE_FILES = _list(
    _STORE + "/files",
    "listVectorStoreFiles",
    "vector_stores.files.list",
    VectorStoreFile,
    params_vector_stores.ListVectorStoreFilesParams,
    protocols=_V2,
)
CREATE_VECTOR_STORE_FILE = _create(
    _STORE + "/files",
    "createVectorStoreFile",
    "vector_stores.files.create",
    VectorStoreFile,
    params_vector_stores.CreateVectorStoreFileParams,
    protocols=_V2,
)
GET_VECTOR_STORE_FILE = _get(
    _STORE + _FILE, "getVectorStoreFile", "vector_stores.files.retrieve", VectorStoreFile, protocols=_V2
)
MODIFY_VECTOR_STORE_FILE = _modify(
    _STORE + _FILE,
    "updateVectorStoreFileAttributes",
    "vector_stores.files.modify",
    VectorStoreFile,
    params_vector_stores.ModifyVectorStoreFileParams,
    protocols=_V2,
)
DELETE_VECTOR_STORE_FILE = _delete(_STORE + _FILE, "deleteVectorStoreFile", "vector_stores.files.delete", protocols=_V2)
GET_VECTOR_STORE_FILE_CONTENT: Endpoint[FileContentPage, FileContent] = Endpoint(
    method="GET",
    path=_STORE + _FILE + "/content",
    operation="retrieveVectorStoreFileContent",
    name="vector_stores.files.content",
    result=FileContentPage,
    item=FileContent,
    protocols=_V2,
    page_parameter="page",
)

CREATE_FILE_BATCH = _create(
    _STORE + "/file_batches",
    "createVectorStoreFileBatch",
    "vector_stores.file_batches.create",
    VectorStoreFileBatch,
    params_vector_stores.CreateVectorStoreFileBatchParams,
    protocols=_V2,
)
GET_FILE_BATCH = _get(
    _BATCH, "getVectorStoreFileBatch", "vector_stores.file_batches.retrieve", VectorStoreFileBatch, protocols=_V2
)
CANCEL_FILE_BATCH = _modify(
    _BATCH + "/cancel",
    "cancelVectorStoreFileBatch",
    "vector_stores.file_batches.cancel",
    VectorStoreFileBatch,
    None,
    protocols=_V2,
)
LIST_BATCH_FILES = _list(
    _BATCH + "/files",
    "listFilesInVectorStoreBatch",
    "vector_stores.file_batches.list_files",
    VectorStoreFile,
    params_vector_stores.ListVectorStoreFilesParams,
    protocols=_V2,
)

CREATE_UPLOAD = _create(
    "/uploads", "createUpload", "uploads.create", Upload, params_vector_stores.CreateUploadParams, protocols=_V2
)
CANCEL_UPLOAD = _modify(_UPLOAD + "/cancel", "cancelUpload", "uploads.cancel", Upload, None, protocols=_V2)
# A second completion is refused, so sending it twice is safe.
COMPLETE_UPLOAD = _modify(
    _UPLOAD + "/complete",
    "completeUpload",
    "uploads.complete",
    Upload,
    params_vector_stores.CompleteUploadParams,
    protocols=_V2,
)
ADD_UPLOAD_PART = _create(
    _UPLOAD + "/parts",
    "addUploadPart",
    "uploads.parts.create",
    UploadPart,
    params_vector_stores.AddUploadPartParams,
    protocols=_V2,
    form="data",
)

# In no document: Foundry lists threads, and so does the embedded server.
LIST_THREADS = _list("/threads", "listThreads", "threads.list", Thread)

_rows: list[Endpoint[Any, Any]] = [row for row in tuple(globals().values()) if isinstance(row, Endpoint)]
TABLE: Mapping[str, Endpoint[Any, Any]] = {row.operation: row for row in _rows}
"""Every row by its operationId."""

KINDS: Mapping[str, tuple[type[Object], ...]] = {
    "assistant_id": (Assistant,),
    "thread_id": (Thread,),
    "message_id": (Message,),
    "run_id": (Run,),
    "step_id": (RunStep,),
    "file_id": (File, AssistantFile, MessageFile, VectorStoreFile),
    "vector_store_id": (VectorStore,),
    "batch_id": (VectorStoreFileBatch,),
    "upload_id": (Upload,),
    "part_id": (UploadPart,),
    "tool_call_id": (ToolCall, MCPCall, FunctionToolCall, MCPToolCall),
}
"""The models that may be passed for each id, in a path or a body."""


def find(operation: str) -> Endpoint[Any, Any]:
    """The row of an operationId, as the documents spell it, rightly, or in snake case; raises `ValueError`."""
    camel = re.sub(r"_([a-z])", lambda match: match[1].upper(), operation)
    row = TABLE.get(camel.replace("ToolOutputs", "ToolOuputs"))
    if row is None:
        raise ValueError(f"no operation {operation!r}; there are {', '.join(TABLE)}")
    return row
