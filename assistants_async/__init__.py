"""The asyncio client SDK for the Assistants protocol, v1 and v2, with an embedded server.

    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="gpt-4o")
        ...

`assistants_async.models` has every value of the protocol, `assistants_async.server` the server,
`assistants_async.testing` the fixtures.
"""

from __future__ import annotations

from ._version import __version__
from .calls.call import Call
from .calls.channel import Channel
from .calls.download import Download
from .calls.items import Items
from .calls.lists import ListCall, PagedCall
from .calls.pipe import PipeReceiver, PipeSender, open_pipe
from .client import AssistantsClient
from .core.requests.options import Timeout
from .core.requests.query import Styled
from .core.requests.rate_limit import RateLimit
from .core.requests.request import PreparedRequest, Request
from .core.requests.retry import Retry, RetryPolicy
from .core.usage import sum_usage
from .errors import (
    AnswerDecodeError,
    AssistantsError,
    AuthenticationError,
    BadRequestError,
    BodyTooLargeError,
    ClientClosedError,
    ConflictError,
    ConnectFailedError,
    ConnectionLostError,
    DecodeError,
    EndpointRetiredError,
    FileBatchError,
    FilesDeadlineError,
    FilesError,
    IngestError,
    ItemDecodeError,
    ItemTooLargeError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    RunActionError,
    RunCancelledError,
    RunDeadlineError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    ServerError,
    StatusError,
    StoreFileError,
    StreamError,
    StreamEventError,
    StreamInterruptedError,
    StreamTruncatedError,
    ThreadBusyError,
    TimedOutError,
    ToolCallError,
    ToolError,
    ToolFailedError,
    TransportError,
    UnprocessableError,
    UploadError,
    ValidationError,
    WrongProtocolError,
    is_interrupted,
    is_long_poll_timeout,
)
from .models.assistants import Assistant
from .models.events import (
    MessageDeltaEvent,
    MessageEvent,
    RunEvent,
    RunStepDeltaEvent,
    RunStepEvent,
    StreamEvent,
    ThreadEvent,
    UnknownEvent,
)
from .models.files import File
from .models.messages import CitationStyle, Message
from .models.pages import Deleted, Page
from .models.runs import MCPCall, Run, ToolCall, Usage
from .models.steps import RunStep
from .models.threads import Thread
from .models.transfers import IngestedFile, IngestReport, UploadState
from .models.unions import Unknown
from .models.uploads import Upload, UploadPart
from .models.vector_stores import SearchResult, VectorStore, VectorStoreFile, VectorStoreFileBatch
from .response import Headers, HTTPResponse, Response
from .telemetry.settings import Telemetry
from .tools import (
    AnswerFormat,
    Context,
    Tool,
    Toolbox,
    ToolEvent,
    ToolFailed,
    ToolFinished,
    ToolResult,
    ToolStarted,
    answer_format,
    tool,
)
from .workflows.files.ingest_sources import Source, SourceInput
from .workflows.files.processing import FileBatchCall, StoreFileCall
from .workflows.runs.call import RunCall, RunChannel
from .workflows.runs.drive import Drive, DriveChannel
from .workflows.runs.event_handler import EventHandler
from .workflows.runs.options import Ledger, Rerun
from .workflows.runs.result import DriveEvent, RunResult
from .workflows.threads.busy_thread import IfActive
from .workflows.threads.lock import ThreadLock
from .workflows.threads.usage import ThreadUsage

__all__ = [
    "AnswerDecodeError",
    "AnswerFormat",
    "Assistant",
    "AssistantsClient",
    "AssistantsError",
    "AuthenticationError",
    "BadRequestError",
    "BodyTooLargeError",
    "Call",
    "Channel",
    "CitationStyle",
    "ClientClosedError",
    "ConflictError",
    "ConnectFailedError",
    "ConnectionLostError",
    "Context",
    "DecodeError",
    "Deleted",
    "Download",
    "Drive",
    "DriveChannel",
    "DriveEvent",
    "EndpointRetiredError",
    "EventHandler",
    "File",
    "FileBatchCall",
    "FileBatchError",
    "FilesDeadlineError",
    "FilesError",
    "HTTPResponse",
    "Headers",
    "IfActive",
    "IngestError",
    "IngestReport",
    "IngestedFile",
    "ItemDecodeError",
    "ItemTooLargeError",
    "Items",
    "Ledger",
    "ListCall",
    "MCPCall",
    "Message",
    "MessageDeltaEvent",
    "MessageEvent",
    "NotFoundError",
    "Page",
    "PagedCall",
    "PaginationError",
    "PermissionDeniedError",
    "PipeReceiver",
    "PipeSender",
    "PreparedRequest",
    "RateLimit",
    "RateLimitedError",
    "RedirectError",
    "Request",
    "Rerun",
    "Response",
    "Retry",
    "RetryPolicy",
    "Run",
    "RunActionError",
    "RunCall",
    "RunCancelledError",
    "RunChannel",
    "RunDeadlineError",
    "RunError",
    "RunEvent",
    "RunExpiredError",
    "RunFailedError",
    "RunIncompleteError",
    "RunResult",
    "RunStep",
    "RunStepDeltaEvent",
    "RunStepEvent",
    "SearchResult",
    "ServerError",
    "Source",
    "SourceInput",
    "StatusError",
    "StoreFileCall",
    "StoreFileError",
    "StreamError",
    "StreamEvent",
    "StreamEventError",
    "StreamInterruptedError",
    "StreamTruncatedError",
    "Styled",
    "Telemetry",
    "Thread",
    "ThreadBusyError",
    "ThreadEvent",
    "ThreadLock",
    "ThreadUsage",
    "TimedOutError",
    "Timeout",
    "Tool",
    "ToolCall",
    "ToolCallError",
    "ToolError",
    "ToolEvent",
    "ToolFailed",
    "ToolFailedError",
    "ToolFinished",
    "ToolResult",
    "ToolStarted",
    "Toolbox",
    "TransportError",
    "Unknown",
    "UnknownEvent",
    "UnprocessableError",
    "Upload",
    "UploadError",
    "UploadPart",
    "UploadState",
    "Usage",
    "ValidationError",
    "VectorStore",
    "VectorStoreFile",
    "VectorStoreFileBatch",
    "WrongProtocolError",
    "__version__",
    "answer_format",
    "is_interrupted",
    "is_long_poll_timeout",
    "open_pipe",
    "sum_usage",
    "tool",
]
