"""Runs: one execution of an assistant on a thread."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from .._typing import override
from .base import ABSENT, EMPTY, Model, Object, Timestamp
from .notebook import members_html
from .threads import ToolResources
from .tools import ResponseFormat, Tool, ToolChoice

RunStatus = (
    Literal[
        "queued",
        "in_progress",
        "requires_action",
        "cancelling",
        "cancelled",
        "failed",
        "completed",
        "incomplete",
        "expired",
    ]
    | str
)
"""The states of a run; servers may have states of their own."""
RunErrorCode = Literal["server_error", "rate_limit_exceeded", "invalid_prompt"] | str
"""Why a run or step failed."""
IncompleteReason = Literal["max_completion_tokens", "max_prompt_tokens"] | str
"""The cap that ended a run early."""
TruncationType = Literal["auto", "last_messages"] | str
"""The rule by which a thread is shortened to fit the model."""

TERMINAL_STATUSES = frozenset({"cancelled", "failed", "completed", "incomplete", "expired"})
"""The states that a run does not leave."""


class FunctionCall(Model, frozen=True, kw_only=True):
    """The function that the model asks for (`RunToolCallObject.function`)."""

    promised = ("name", "arguments")

    name: str | None = None
    """Name of the function."""
    arguments: str | None = None
    """Its arguments as JSON text, which the model wrote and nobody has checked."""


class ToolCall(Object, frozen=True, kw_only=True):
    """A call that the caller must make; its id goes with the output (`RunToolCallObject`)."""

    promised = ("type", "function")

    type: Literal["function"] | str | None = None
    """Kind of the tool, of which the documents know one."""
    function: FunctionCall | None = None
    """The function to call."""


class SubmitToolOutputs(Model, frozen=True, kw_only=True):
    """The calls whose outputs a run waits for (`RunObject.required_action.submit_tool_outputs`)."""

    tool_calls: tuple[ToolCall, ...] = EMPTY
    """All of them are to be answered in one request."""


class MCPCall(Object, frozen=True, kw_only=True):
    """A call of an MCP server's tool that waits for approval; its id goes with the decision. In no document."""

    type: Literal["mcp"] | str | None = None
    """Kind of the tool."""
    server_label: str | None = None
    """The server, by the label of the assistant's tool."""
    name: str | None = None
    """Name of the server's tool."""
    arguments: str | None = None
    """Its arguments as JSON text, which the model wrote and nobody has checked."""


class SubmitToolApproval(Model, frozen=True, kw_only=True):
    """The calls whose approval a run waits for; Foundry only, in no document."""

    tool_calls: tuple[MCPCall, ...] = EMPTY
    """All of them are to be decided in one request."""


class RequiredAction(Model, frozen=True, kw_only=True):
    """The action that a run waits for (`RunObject.required_action`)."""

    promised = ("type", "submit_tool_outputs")

    type: Literal["submit_tool_outputs", "submit_tool_approval"] | str | None = None
    """Kind of the action; the documents know the first, Foundry both."""
    submit_tool_outputs: SubmitToolOutputs | None = None
    """The calls to answer."""
    submit_tool_approval: SubmitToolApproval | None = None
    """The calls to approve or to refuse."""

    @override
    def missing_required(self) -> tuple[str, ...]:
        """The promised members that the server left out; an action of another type has no outputs to submit."""
        missing = super().missing_required()
        return missing if self.type in (None, "submit_tool_outputs") else ()


class LastError(Model, frozen=True, kw_only=True):
    """Why a run or a step failed (`RunObject.last_error`, `RunStepObject.last_error`)."""

    promised = ("code", "message")

    code: RunErrorCode | None = None
    """The kind of failure."""
    message: str | None = None
    """The server's words."""


class IncompleteDetails(Model, frozen=True, kw_only=True):
    """Why a run ended early (`RunObject.incomplete_details`)."""

    reason: IncompleteReason | None = None
    """The cap that was reached."""


class PromptTokenDetails(Model, frozen=True, kw_only=True):
    """Parts of the tokens read; in no document, yet servers send it."""

    cached_tokens: int | None = None
    """Tokens that the server still had from before."""


class CompletionTokenDetails(Model, frozen=True, kw_only=True):
    """Parts of the tokens written; in no document, yet servers send it."""

    reasoning_tokens: int | None = None
    """Tokens that the model thought with, which are not in its answer."""


class Usage(Model, frozen=True, kw_only=True):
    """Tokens spent (`RunCompletionUsage`, `RunStepCompletionUsage`)."""

    promised = ("completion_tokens", "prompt_tokens", "total_tokens")

    completion_tokens: int | None = None
    """Tokens written."""
    prompt_tokens: int | None = None
    """Tokens read."""
    total_tokens: int | None = None
    """Both together."""
    prompt_token_details: PromptTokenDetails | None = None
    """Parts of the tokens read, as the vendor's servers spell it for runs."""
    completion_tokens_details: CompletionTokenDetails | None = None
    """Parts of the tokens written."""
    prompt_tokens_details: PromptTokenDetails | None = None
    """Parts of the tokens read, as servers over chat completions spell it."""


class TruncationStrategy(Model, frozen=True, kw_only=True):
    """The rule by which the thread is shortened before a run (`TruncationObject`)."""

    promised = ("type",)

    type: TruncationType | None = None
    """`"auto"` drops messages from the middle to fit; `"last_messages"` keeps the latest."""
    last_messages: int | UnsetType | None = UNSET
    """The number of messages to keep, for `"last_messages"`."""


class Run(Object, frozen=True, kw_only=True):
    """One execution of an assistant on a thread (`RunObject`)."""

    promised = ("object", "created_at", "thread_id", "assistant_id", "status", "model", "instructions")
    kinds = ("thread.run",)

    object: str | None = None
    """`"thread.run"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    thread_id: str | None = None
    """The thread, locked while the run is active."""
    assistant_id: str | None = None
    """The assistant that runs."""
    status: RunStatus | None = None
    """Its state."""
    required_action: RequiredAction | None = None
    """The action that it waits for while `status` is `"requires_action"`; else None."""
    last_error: LastError | None = None
    """Why it failed; None where it did not."""
    expires_at: int | None = None
    """Seconds since 1970 at which it will expire; None once it has ended."""
    started_at: int | None = None
    """Seconds since 1970; None until then."""
    cancelled_at: int | None = None
    """Seconds since 1970; None where it was not cancelled."""
    failed_at: int | None = None
    """Seconds since 1970; None where it did not fail."""
    completed_at: int | None = None
    """Seconds since 1970; None until then."""
    incomplete_details: IncompleteDetails | None = None
    """Why it ended early; None where it did not."""
    model: str | None = None
    """The model that it uses."""
    instructions: str | None = None
    """The system prompt that it uses."""
    tools: tuple[Tool, ...] = EMPTY
    """At most 20 tools that it may use."""
    tool_resources: ToolResources | None = None
    """Files and stores for its tools; in the published v2 examples, not in the schema."""
    file_ids: tuple[str, ...] = ABSENT
    """Ids of the files that its tools see; protocol v1 only."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""
    usage: Usage | None = None
    """Tokens spent; None until it has ended."""
    temperature: float | None = None
    """Sampling temperature, 0 to 2; None leaves it to the server."""
    top_p: float | None = None
    """Share of the probability mass to sample from, 0 to 1; None leaves it to the server."""
    max_prompt_tokens: int | None = None
    """Cap on tokens read over all its turns; None for none."""
    max_completion_tokens: int | None = None
    """Cap on tokens written over all its turns; None for none."""
    truncation_strategy: TruncationStrategy | None = None
    """The rule by which the thread is shortened for it."""
    tool_choice: ToolChoice | None = None
    """The tool that it must call, or `"auto"`, `"required"`, `"none"`."""
    parallel_tool_calls: bool | None = None
    """True where it may ask for several calls at once; protocol v2 only."""
    response_format: ResponseFormat | None = None
    """The format of its answers."""
    reasoning_effort: str | None = None
    """The effort of a reasoning model; in no schema of an answer, yet servers send it."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    expires_time = Timestamp("expires_at")
    """`expires_at` as an aware datetime."""
    started_time = Timestamp("started_at")
    """`started_at` as an aware datetime."""
    cancelled_time = Timestamp("cancelled_at")
    """`cancelled_at` as an aware datetime."""
    failed_time = Timestamp("failed_at")
    """`failed_at` as an aware datetime."""
    completed_time = Timestamp("completed_at")
    """`completed_at` as an aware datetime."""

    @property
    def is_terminal(self) -> bool:
        """True once it has ended; a status that the documents do not know counts as not ended."""
        return self.status in TERMINAL_STATUSES

    @property
    def needs_action(self) -> bool:
        """True while it waits for outputs of `tool_calls`, for approval of `mcp_calls`, or for another action."""
        return self.status == "requires_action"

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls whose outputs it waits for; empty where it waits for none."""
        action = self.required_action
        return () if action is None or action.submit_tool_outputs is None else action.submit_tool_outputs.tool_calls

    @property
    def mcp_calls(self) -> tuple[MCPCall, ...]:
        """The calls of MCP servers that wait for approval; empty where none do."""
        action = self.required_action
        return () if action is None or action.submit_tool_approval is None else action.submit_tool_approval.tool_calls

    def _repr_html_(self) -> str:
        """Write it as notebooks show it: what is known of it, a line each."""
        error, usage = self.last_error, self.usage
        return members_html(
            {
                "run": self.id,
                "status": self.status,
                "error": error and f"{error.code or 'unknown'}: {error.message or ''}",
                "incomplete": self.incomplete_details and self.incomplete_details.reason,
                "waits for": ", ".join((call.function and call.function.name) or call.id for call in self.tool_calls),
                "thread": self.thread_id,
                "assistant": self.assistant_id,
                "model": self.model,
                "created": self.created_time and f"{self.created_time:%Y-%m-%d %H:%M:%S} UTC",
                "tokens read": usage and usage.prompt_tokens,
                "tokens written": usage and usage.completion_tokens,
                "tokens": usage and usage.total_tokens,
            }
        )
