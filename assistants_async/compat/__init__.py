"""openai-python's names for code that was written with it: change the import, and port it step by step.

`AsyncOpenAI` has the methods of assistants, threads, runs, files, vector stores and uploads, thin over the native
client: the same wire, errors that both libraries' names catch, models with `model_dump`.
"""

from .client import AsyncAzureOpenAI, AsyncOpenAI
from .content import BinaryContent
from .errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from .event_handler import AsyncAssistantEventHandler, AsyncAssistantStreamManager
from .models import (
    Assistant,
    Deleted,
    FileObject,
    Message,
    Run,
    RunStep,
    Thread,
    Upload,
    UploadPart,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)
from .options import NOT_GIVEN, NotGiven, Omit, Timeout, not_given, omit
from .pages import AsyncCursorPage, AsyncPaginator
from .raw_responses import APIResponse
from .stream import AsyncStream

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIError",
    "APIResponse",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "Assistant",
    "AsyncAssistantEventHandler",
    "AsyncAssistantStreamManager",
    "AsyncAzureOpenAI",
    "AsyncCursorPage",
    "AsyncOpenAI",
    "AsyncPaginator",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "BinaryContent",
    "ConflictError",
    "Deleted",
    "FileObject",
    "InternalServerError",
    "Message",
    "NotFoundError",
    "NotGiven",
    "Omit",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "Run",
    "RunStep",
    "Thread",
    "Timeout",
    "UnprocessableEntityError",
    "Upload",
    "UploadPart",
    "VectorStore",
    "VectorStoreFile",
    "VectorStoreFileBatch",
    "not_given",
    "omit",
]
