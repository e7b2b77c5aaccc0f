"""Keywords of the methods: those of the operations, with the ids and options that openai-python takes by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Required

from ..calls.file_input import FileInput
from ..models.params import (
    CreateAssistantParams,
    CreateMessageParams,
    CreateRunParams,
    CreateThreadAndRunParams,
    CreateThreadParams,
    ListMessagesParams,
    ListParams,
    ListStepsParams,
    ModifyAssistantParams,
    ModifyMessageParams,
    ModifyRunParams,
    ModifyThreadParams,
    RetrieveStepParams,
    ToolOutputInput,
)
from ..models.params_files import CreateFileParams, ListFilesParams
from ..models.params_vector_stores import (
    Attributes,
    ChunkingStrategyInput,
    CompleteUploadParams,
    CreateUploadParams,
    CreateVectorStoreFileBatchParams,
    CreateVectorStoreFileParams,
    CreateVectorStoreParams,
    ListVectorStoreFilesParams,
    ModifyVectorStoreFileParams,
    ModifyVectorStoreParams,
    SearchVectorStoreParams,
)
from .options import RequestOptions

# Parts that several have


class OnThread(RequestOptions, total=False):
    """Keywords of methods whose thread is named."""

    thread_id: Required[str]
    """The thread."""


class OnRun(OnThread, total=False):
    """Keywords of methods whose run is named too."""

    run_id: Required[str]
    """The run."""


class OnStore(RequestOptions, total=False):
    """Keywords of methods whose vector store is named."""

    vector_store_id: Required[str]
    """The vector store."""


class Polling(RequestOptions, total=False):
    """Keywords of methods that poll."""

    poll_interval_ms: int
    """Milliseconds between polls; else the server's hint, else 200 growing to 5000."""


class PollingFile(Polling, total=False):
    """Keywords of methods that poll a file of a store."""

    max_wait_seconds: float
    """Seconds to wait; a file that takes longer is a `TimeoutError`."""


class ToolOutputs(OnThread, total=False):
    """Keywords of `runs.submit_tool_outputs`."""

    tool_outputs: Required[Iterable[ToolOutputInput]]
    """Answers to all the calls that the run waits for."""


# Assistants, threads and messages


class CreateAssistant(CreateAssistantParams, RequestOptions, total=False):
    """Keywords of `assistants.create`."""


class UpdateAssistant(ModifyAssistantParams, RequestOptions, total=False):
    """Keywords of `assistants.update`."""


class List(ListParams, RequestOptions, total=False):
    """Keywords of lists."""


class CreateThread(CreateThreadParams, RequestOptions, total=False):
    """Keywords of `threads.create`."""


class UpdateThread(ModifyThreadParams, RequestOptions, total=False):
    """Keywords of `threads.update`."""


class CreateThreadAndRun(CreateThreadAndRunParams, RequestOptions, total=False):
    """Keywords of `threads.create_and_run`."""


class CreateThreadAndRunPoll(CreateThreadAndRunParams, Polling, total=False):
    """Keywords of `threads.create_and_run_poll`."""


class CreateMessage(CreateMessageParams, RequestOptions, total=False):
    """Keywords of `messages.create`."""


class UpdateMessage(ModifyMessageParams, OnThread, total=False):
    """Keywords of `messages.update`."""


class ListMessages(ListMessagesParams, RequestOptions, total=False):
    """Keywords of `messages.list`."""


# Runs and steps


class CreateRun(CreateRunParams, RequestOptions, total=False):
    """Keywords of `runs.create`."""


class CreateRunPoll(CreateRunParams, OnThread, Polling, total=False):
    """Keywords of `runs.create_and_poll`."""


class CreateRunStream(CreateRunParams, OnThread, total=False):
    """Keywords of `runs.stream`."""


class UpdateRun(ModifyRunParams, OnThread, total=False):
    """Keywords of `runs.update`."""


class ToolOutputsPoll(ToolOutputs, OnRun, Polling, total=False):
    """Keywords of `runs.submit_tool_outputs_and_poll`."""


class ToolOutputsStream(ToolOutputs, OnRun, total=False):
    """Keywords of `runs.submit_tool_outputs_stream`."""


class ListSteps(ListStepsParams, OnThread, total=False):
    """Keywords of `runs.steps.list`."""


class RetrieveStep(RetrieveStepParams, OnRun, total=False):
    """Keywords of `runs.steps.retrieve`."""


# Files, stores and uploads


class CreateFile(CreateFileParams, RequestOptions, total=False):
    """Keywords of `files.create`."""

    file: Required[FileInput]
    """The file: a path, its bytes, an open binary file, or a tuple of name, content and media type."""


class ListFiles(ListFilesParams, RequestOptions, total=False):
    """Keywords of `files.list`."""


class CreateStore(CreateVectorStoreParams, RequestOptions, total=False):
    """Keywords of `vector_stores.create`."""


class UpdateStore(ModifyVectorStoreParams, RequestOptions, total=False):
    """Keywords of `vector_stores.update`."""


class SearchStore(SearchVectorStoreParams, RequestOptions, total=False):
    """Keywords of `vector_stores.search`."""


class CreateStoreFile(CreateVectorStoreFileParams, RequestOptions, total=False):
    """Keywords of `vector_stores.files.create`."""


class CreateStoreFilePoll(OnStore, PollingFile, total=False):
    """Keywords of `vector_stores.files.create_and_poll`."""

    attributes: Attributes | None
    """Attributes that a search can filter by."""
    chunking_strategy: ChunkingStrategyInput
    """The way to cut it into pieces."""


class UpdateStoreFile(ModifyVectorStoreFileParams, OnStore, total=False):
    """Keywords of `vector_stores.files.update`."""


class PollStoreFile(OnStore, PollingFile, total=False):
    """Keywords of `vector_stores.files.poll`."""


class ListStoreFiles(ListVectorStoreFilesParams, RequestOptions, total=False):
    """Keywords of `vector_stores.files.list`."""


class ListBatchFiles(ListVectorStoreFilesParams, OnStore, total=False):
    """Keywords of `vector_stores.file_batches.list_files`."""


class CreateBatch(CreateVectorStoreFileBatchParams, RequestOptions, total=False):
    """Keywords of `vector_stores.file_batches.create`."""


class CreateBatchPoll(CreateVectorStoreFileBatchParams, Polling, total=False):
    """Keywords of `vector_stores.file_batches.create_and_poll`."""


class PollBatch(OnStore, Polling, total=False):
    """Keywords of `vector_stores.file_batches.poll`."""


class CreateUpload(CreateUploadParams, RequestOptions, total=False):
    """Keywords of `uploads.create`."""


class CompleteUpload(CompleteUploadParams, RequestOptions, total=False):
    """Keywords of `uploads.complete`."""


class CreatePart(RequestOptions, total=False):
    """Keywords of `uploads.parts.create`."""

    data: Required[FileInput]
    """The bytes of the part."""


class UploadStoreFile(OnStore, total=False):
    """Keywords of `vector_stores.files.upload`."""

    file: Required[FileInput]
    """The file, as for `files.create`."""
    chunking_strategy: ChunkingStrategyInput
    """The way to cut it into pieces."""


class UploadStoreFilePoll(CreateStoreFilePoll, total=False):
    """Keywords of `vector_stores.files.upload_and_poll`."""

    file: Required[FileInput]
    """The file, as for `files.create`."""


class UploadBatch(Polling, total=False):
    """Keywords of `vector_stores.file_batches.upload_and_poll`."""

    files: Required[Iterable[FileInput]]
    """The files, as for `files.create`."""
    file_ids: Sequence[str]
    """Files that were uploaded before."""
    max_concurrency: int
    """Uploads at once, 5 unless given."""
    chunking_strategy: ChunkingStrategyInput
    """The way to cut the files into pieces."""
