"""Everything the client raises, as data; `__str__` writes the sentence.

    AssistantsError
    ├── TransportError              nothing usable came back
    │   ├── ConnectFailedError      no connection could be made: nothing was sent
    │   ├── TimedOutError           a limit passed: `phase` says which
    │   ├── ConnectionLostError     cut or broken after the request was sent
    │   └── ClientClosedError       the client was closed
    ├── StatusError                 the server answered with an error
    │   ├── RedirectError           3xx
    │   ├── BadRequestError         400
    │   │   └── ThreadBusyError     the thread has an active run
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403
    │   ├── NotFoundError           404
    │   │   └── EndpointRetiredError    404 of what the vendor has retired
    │   ├── ConflictError           409
    │   ├── UnprocessableError      422
    │   ├── RateLimitedError        429
    │   └── ServerError             5xx
    ├── DecodeError                 a 2xx body that is not what the operation promises
    ├── BodyTooLargeError           a body past the client's cap
    ├── StreamError
    │   ├── StreamInterruptedError  a run's stream ended before its terminal event
    │   ├── StreamTruncatedError    the body ended inside an item
    │   ├── ItemDecodeError         an item that cannot be decoded
    │   ├── ItemTooLargeError       an item past the limit
    │   └── StreamEventError        an `error` event
    ├── PaginationError             a server that repeats a cursor
    ├── AnswerDecodeError           an answer that does not fit its `output_type`
    ├── ToolError                   raised in a tool, for the model to read
    │   └── ToolCallError           a call that reached no function, or no result
    ├── ToolFailedError             a tool failed, and that is to end the run
    ├── RunError                    a run that was waited for did not complete
    │   ├── RunFailedError          `code` and `message` say why
    │   ├── RunExpiredError
    │   ├── RunCancelledError
    │   ├── RunIncompleteError      `reason` says which limit it ran into
    │   ├── RunActionError          the run waits for an approval, or for an action that is not known
    │   └── RunDeadlineError        the wait's own deadline passed
    └── FilesError                  files that did not get where they were meant to
        ├── StoreFileError          a file that a store could not take: `code` and `message` say why
        ├── FileBatchError          a batch that failed, or some of its files: `files` has each one's reason
        ├── FilesDeadlineError      the wait's own deadline passed
        ├── IngestError             an ingestion that left files out: `report` has every one
        └── UploadError             an upload in parts that did not end: `state` is what it goes on from

Misuse is not among them: it is `TypeError`, `ValueError` (`ValidationError`, `WrongProtocolError`)
or `RuntimeError`, raised before anything is sent.
Every error can be pickled. Each keeps one note that names the operation.
"""

from __future__ import annotations

from .answers import AnswerDecodeError
from .base import AssistantsError, did_you_mean, escaped, printable, short_repr
from .files import FileBatchError, FilesDeadlineError, FilesError, IngestError, StoreFileError, UploadError
from .misuse import ValidationError, WrongProtocolError
from .runs import (
    RunActionError,
    RunCancelledError,
    RunDeadlineError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
)
from .status import (
    AuthenticationError,
    BadRequestError,
    BodyTooLargeError,
    ConflictError,
    DecodeError,
    EndpointRetiredError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    ServerError,
    StatusError,
    ThreadBusyError,
    UnprocessableError,
)
from .streams import (
    ItemDecodeError,
    ItemTooLargeError,
    PaginationError,
    StreamError,
    StreamEventError,
    StreamInterruptedError,
    StreamTruncatedError,
)
from .tools import ToolCallError, ToolError, ToolFailedError, ToolFault
from .transport import (
    ClientClosedError,
    ConnectFailedError,
    ConnectionLostError,
    Phase,
    TimedOutError,
    TransportError,
    is_interrupted,
    is_long_poll_timeout,
)

__all__ = [
    "AnswerDecodeError",
    "AssistantsError",
    "AuthenticationError",
    "BadRequestError",
    "BodyTooLargeError",
    "ClientClosedError",
    "ConflictError",
    "ConnectFailedError",
    "ConnectionLostError",
    "DecodeError",
    "EndpointRetiredError",
    "FileBatchError",
    "FilesDeadlineError",
    "FilesError",
    "IngestError",
    "ItemDecodeError",
    "ItemTooLargeError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "Phase",
    "RateLimitedError",
    "RedirectError",
    "RunActionError",
    "RunCancelledError",
    "RunDeadlineError",
    "RunError",
    "RunExpiredError",
    "RunFailedError",
    "RunIncompleteError",
    "ServerError",
    "StatusError",
    "StoreFileError",
    "StreamError",
    "StreamEventError",
    "StreamInterruptedError",
    "StreamTruncatedError",
    "ThreadBusyError",
    "TimedOutError",
    "ToolCallError",
    "ToolError",
    "ToolFailedError",
    "ToolFault",
    "TransportError",
    "UnprocessableError",
    "UploadError",
    "ValidationError",
    "WrongProtocolError",
    "did_you_mean",
    "escaped",
    "is_interrupted",
    "is_long_poll_timeout",
    "printable",
    "short_repr",
]
