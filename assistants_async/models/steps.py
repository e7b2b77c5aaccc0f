"""Run steps: what a run did, message by message and tool call by tool call."""

from __future__ import annotations

from typing import Any, Literal

from .base import ABSENT, EMPTY, Model, Object, Tag, Tagged, Timestamp
from .hosted_calls import ActivityDetails, HostedCall
from .runs import LastError, Usage
from .tools import Ranker
from .unions import Unknown

RunStepType = Literal["message_creation", "tool_calls"] | str
"""The kinds of step."""
RunStepStatus = Literal["in_progress", "cancelled", "failed", "completed", "expired"] | str
"""The states of a step."""


class MessageCreation(Model, frozen=True, kw_only=True):
    """The message that a step wrote (`RunStepDetailsMessageCreationObject.message_creation`)."""

    promised = ("message_id",)

    message_id: str | None = None
    """The message; some servers name one that does not exist."""


class MessageCreationDetails(Tagged[Tag["message_creation"]], frozen=True, kw_only=True, tag="message_creation"):
    """A step that writes a message (`RunStepDetailsMessageCreationObject`)."""

    promised = ("message_creation",)

    message_creation: MessageCreation | None = None
    """The message."""


class LogsOutput(Tagged[Tag["logs"]], frozen=True, kw_only=True, tag="logs"):
    """Text that code printed (`RunStepDetailsToolCallsCodeOutputLogsObject`)."""

    promised = ("logs",)

    logs: str | None = None
    """The text."""


class OutputImage(Model, frozen=True, kw_only=True):
    """The file of an image that code made (`RunStepDetailsToolCallsCodeOutputImageObject.image`)."""

    promised = ("file_id",)

    file_id: str | None = None
    """The image's file."""


class ImageOutput(Tagged[Tag["image"]], frozen=True, kw_only=True, tag="image"):
    """An image that code made (`RunStepDetailsToolCallsCodeOutputImageObject`)."""

    promised = ("image",)

    image: OutputImage | None = None
    """The image."""


CodeOutput = LogsOutput | ImageOutput | Unknown
"""The output of code, by its `type`."""


class CodeInterpreter(Model, frozen=True, kw_only=True):
    """Code that was run (`RunStepDetailsToolCallsCodeObject.code_interpreter`)."""

    promised = ("input",)

    input: str | None = None
    """The code."""
    outputs: tuple[CodeOutput, ...] = EMPTY
    """Its output."""


class CodeInterpreterCall(Object, Tagged[Tag["code_interpreter"]], frozen=True, kw_only=True, tag="code_interpreter"):
    """A run of the code interpreter (`RunStepDetailsToolCallsCodeObject`)."""

    promised = ("code_interpreter",)

    code_interpreter: CodeInterpreter | None = None
    """The code and its output."""


class FileSearchRanking(Model, frozen=True, kw_only=True):
    """The ranking of results (`RunStepDetailsToolCallsFileSearchRankingOptionsObject`)."""

    promised = ("ranker", "score_threshold")

    ranker: Ranker | None = None
    """The ranker used."""
    score_threshold: float | None = None
    """Least score of a result, 0 to 1."""


class FileSearchResultContent(Model, frozen=True, kw_only=True):
    """A piece of a file that was found (`RunStepDetailsToolCallsFileSearchResultObject.content`)."""

    type: Literal["text"] | str | None = None
    """Kind of the piece, of which the document knows one."""
    text: str | None = None
    """The text found."""


class FileSearchResult(Model, frozen=True, kw_only=True):
    """A file that was found (`RunStepDetailsToolCallsFileSearchResultObject`)."""

    promised = ("file_id", "file_name", "score")

    file_id: str | None = None
    """The file."""
    file_name: str | None = None
    """Its name."""
    score: float | None = None
    """The score of the match, 0 to 1."""
    content: tuple[FileSearchResultContent, ...] = ABSENT
    """The pieces found; empty unless the request's `include` named them."""


class FileSearch(Model, frozen=True, kw_only=True):
    """A search and its results (`RunStepDetailsToolCallsFileSearchObject.file_search`)."""

    ranking_options: FileSearchRanking | None = None
    """The ranking of the results."""
    results: tuple[FileSearchResult, ...] = ABSENT
    """The results."""


class FileSearchCall(Object, Tagged[Tag["file_search"]], frozen=True, kw_only=True, tag="file_search"):
    """A search over vector stores (`RunStepDetailsToolCallsFileSearchObject`)."""

    promised = ("file_search",)

    file_search: FileSearch | None = None
    """The search."""


class RetrievalCall(Object, Tagged[Tag["retrieval"]], frozen=True, kw_only=True, tag="retrieval"):
    """Protocol v1's search over files (`RunStepDetailsToolCallsRetrievalObject`)."""

    promised = ("retrieval",)

    retrieval: dict[str, Any] | None = None
    """Always empty, says the document."""


class StepFunction(Model, frozen=True, kw_only=True):
    """A function that the model called, and its output (`RunStepDetailsToolCallsFunctionObject.function`)."""

    promised = ("name", "arguments")

    name: str | None = None
    """Name of the function."""
    arguments: str | None = None
    """Its arguments as JSON text."""
    output: str | None = None
    """The output that the caller submitted; None until then."""


class FunctionToolCall(Object, Tagged[Tag["function"]], frozen=True, kw_only=True, tag="function"):
    """A call of the caller's function (`RunStepDetailsToolCallsFunctionObject`)."""

    promised = ("function",)

    function: StepFunction | None = None
    """The function and its output."""


StepToolCall = CodeInterpreterCall | FileSearchCall | RetrievalCall | FunctionToolCall | HostedCall | Unknown
"""A tool call in a step, distinguished by `type`."""


class ToolCallsDetails(Tagged[Tag["tool_calls"]], frozen=True, kw_only=True, tag="tool_calls"):
    """A step that calls tools (`RunStepDetailsToolCallsObject`)."""

    tool_calls: tuple[StepToolCall, ...] = EMPTY
    """The calls, in order."""


StepDetails = MessageCreationDetails | ToolCallsDetails | ActivityDetails | Unknown
"""The work of a step, by its `type`."""


class RunStep(Object, frozen=True, kw_only=True):
    """One thing that a run did (`RunStepObject`)."""

    promised = ("object", "created_at", "assistant_id", "thread_id", "run_id", "type", "status", "step_details")
    kinds = ("thread.run.step",)

    object: str | None = None
    """`"thread.run.step"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    assistant_id: str | None = None
    """The assistant that ran."""
    thread_id: str | None = None
    """The thread that it ran on."""
    run_id: str | None = None
    """The run."""
    type: RunStepType | None = None
    """The kind of the step."""
    status: RunStepStatus | None = None
    """Its state."""
    step_details: StepDetails | None = None
    """The work that it did."""
    last_error: LastError | None = None
    """Why it failed; None where it did not."""
    expired_at: int | None = None
    """Seconds since 1970; None where its run did not expire."""
    cancelled_at: int | None = None
    """Seconds since 1970; None where it was not cancelled."""
    failed_at: int | None = None
    """Seconds since 1970; None where it did not fail."""
    completed_at: int | None = None
    """Seconds since 1970; None until then."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs; None where none were set."""
    usage: Usage | None = None
    """Tokens spent; None until it has ended."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    expired_time = Timestamp("expired_at")
    """`expired_at` as an aware datetime."""
    cancelled_time = Timestamp("cancelled_at")
    """`cancelled_at` as an aware datetime."""
    failed_time = Timestamp("failed_at")
    """`failed_at` as an aware datetime."""
    completed_time = Timestamp("completed_at")
    """`completed_at` as an aware datetime."""

    @property
    def tool_calls(self) -> tuple[StepToolCall, ...]:
        """The tool calls that it is made of; empty for any other step."""
        return self.step_details.tool_calls if isinstance(self.step_details, ToolCallsDetails) else ()
