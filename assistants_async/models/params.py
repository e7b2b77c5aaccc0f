"""Keywords of the operations: one TypedDict each, with the limits and protocol versions of the documents.

A member in the documents of one version only is marked `V1` or `V2`, where v1 means both of its documents; where
the two differ, limits are those of the last. Other marks, all in `Meta.extra`: `v1` is a narrower type that the
value must also fit in v1; `query` says that it travels in the query, and under which name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Required

from msgspec import Meta

from .._typing import TypedDict
from .base import Metadata
from .inputs import (
    AssistantID,
    AttachmentInput,
    ContentPartInput,
    FileID,
    NewToolResourcesInput,
    ResponseFormatInput,
    RunID,
    ToolCallID,
    ToolChoiceInput,
    ToolResourcesInput,
    ToolsInput,
    TruncationStrategyInput,
)

if TYPE_CHECKING:
    from .messages import Message

V1 = Meta(extra={"protocol": "v1"})
"""Marks a member that only protocol v1 has."""
V2 = Meta(extra={"protocol": "v2"})
"""Marks a member that only protocol v2 has."""

Order = Literal["asc", "desc"]
"""By time of creation: oldest or newest first."""
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str
"""The effort of a reasoning model; servers may have degrees of their own."""
Include = Literal["step_details.tool_calls[*].file_search.results[*].content"] | str
"""Optional parts of an answer."""

Temperature = Annotated[float, Meta(ge=0, le=2)]
"""Higher is more random; servers take 1 where absent."""
TopP = Annotated[float, Meta(ge=0, le=1)]
"""0.1 samples from the likeliest tenth only; servers take 1 where absent."""
TokenCap = Annotated[int, Meta(ge=256)]
"""A number of tokens; a run that reaches its cap ends `incomplete`."""


class NoParams(TypedDict):
    """No keywords; any is refused, one of openai-python's with what to write for it."""


class ListParams(TypedDict, total=False):
    """Query of the lists that page both ways (`listAssistants`, `listRuns` and their kin)."""

    limit: Annotated[int, Meta(ge=1, le=100)]
    """Most items on a page; servers take 20 where absent."""
    order: Order
    """Newest first where absent."""
    after: str
    """Id of the item that the page starts behind."""
    before: str
    """Id of the item that the page ends before."""


class _AssistantParams(TypedDict, total=False):
    """Keywords shared by creating and modifying an assistant."""

    name: Annotated[str, Meta(max_length=256)] | None
    """Its name."""
    description: Annotated[str, Meta(max_length=512)] | None
    """Its purpose."""
    instructions: Annotated[str, Meta(max_length=256_000)] | None
    """Its system prompt."""
    reasoning_effort: Annotated[ReasoningEffort | None, V2]
    """The effort of a reasoning model."""
    tools: Annotated[ToolsInput, Meta(max_length=128)]
    """The tools that it may use."""
    file_ids: Annotated[Sequence[FileID], Meta(max_length=20, extra={"protocol": "v1"})]
    """Files for its tools."""
    metadata: Metadata | None
    """The caller's own pairs, in place of those before."""
    temperature: Temperature | None
    """Sampling temperature."""
    top_p: TopP | None
    """Share of the probability mass to sample from."""
    response_format: ResponseFormatInput | None
    """The format of its answers."""


class CreateAssistantParams(_AssistantParams, total=False):
    """Body of `createAssistant` (`CreateAssistantRequest`)."""

    model: Required[str]
    """The model of its runs."""
    tool_resources: Annotated[NewToolResourcesInput | None, V2]
    """Files and stores for its tools; `file_search` names a store or makes one, not both."""


class ModifyAssistantParams(_AssistantParams, total=False):
    """Body of `modifyAssistant` (`ModifyAssistantRequest`)."""

    model: str
    """The model of its runs."""
    tool_resources: Annotated[ToolResourcesInput | None, V2]
    """Files and stores for its tools."""


class CreateAssistantFileParams(TypedDict, total=False):
    """Body of protocol v1's `createAssistantFile` (`CreateAssistantFileRequest`)."""

    file_id: Required[FileID]
    """A file uploaded for the purpose `"assistants"`."""


class CreateMessageParams(TypedDict, total=False):
    """Body of `createMessage`, and a message inside other requests (`CreateMessageRequest`)."""

    role: Required[Literal["user", "assistant"]]
    """Whose turn it is."""
    content: Required[
        Annotated[
            str | Annotated[Sequence[ContentPartInput], Meta(min_length=1)],
            Meta(extra={"v1": Annotated[str, Meta(min_length=1, max_length=256_000)]}),
        ]
    ]
    """The text, or in v2 its parts: text (a plain string, other than in answers) and images."""
    file_ids: Annotated[Sequence[FileID], Meta(min_length=1, max_length=10, extra={"protocol": "v1"})]
    """Files given along."""
    attachments: Annotated[Sequence[AttachmentInput] | None, V2]
    """Files given along, each with the tools that see it."""
    metadata: Metadata | None
    """The caller's own pairs."""


class _MessageV1Params(TypedDict, total=False):
    """Keywords of a message inside other requests, narrowed for protocol v1."""

    content: Annotated[str, Meta(min_length=1, max_length=256_000)]


class ModifyMessageParams(TypedDict, total=False):
    """Body of `modifyMessage` (`ModifyMessageRequest`)."""

    metadata: Metadata | None
    """The caller's own pairs, in place of those before."""


class ListMessagesParams(ListParams, total=False):
    """Query of `listMessages`."""

    run_id: RunID
    """Only messages that this run wrote."""


if TYPE_CHECKING:
    MessageInput = Message | CreateMessageParams | Mapping[str, object]
    """A message to be made inside another request; one that was read will do."""
else:
    MessageInput = CreateMessageParams


class CreateThreadParams(TypedDict, total=False):
    """Body of `createThread`, and the thread of `createThreadAndRun` (`CreateThreadRequest`)."""

    messages: Annotated[Sequence[MessageInput], Meta(extra={"v1": list[_MessageV1Params]})]
    """Messages to start with, oldest first."""
    tool_resources: Annotated[NewToolResourcesInput | None, V2]
    """Files and stores for this thread's runs; `file_search` names a store or makes one, not both."""
    metadata: Metadata | None
    """The caller's own pairs."""


class _ThreadV1Params(TypedDict, total=False):
    """Keywords of a thread inside other requests, narrowed for protocol v1."""

    messages: Sequence[_MessageV1Params]


class ModifyThreadParams(TypedDict, total=False):
    """Body of `modifyThread` (`ModifyThreadRequest`)."""

    tool_resources: Annotated[ToolResourcesInput | None, V2]
    """Files and stores for this thread's runs."""
    metadata: Metadata | None
    """The caller's own pairs, in place of those before."""


if TYPE_CHECKING:
    ThreadInput = CreateThreadParams | Mapping[str, object]
    """A thread to be made inside another request."""
else:
    ThreadInput = CreateThreadParams


class _RunParams(TypedDict, total=False):
    """Keywords shared by both ways to start a run."""

    assistant_id: Required[AssistantID]
    """The assistant to run."""
    model: str | None
    """A model in place of the assistant's."""
    instructions: str | None
    """A system prompt in place of the assistant's."""
    tools: Annotated[ToolsInput, Meta(max_length=20)] | None
    """Tools in place of the assistant's."""
    metadata: Metadata | None
    """The caller's own pairs."""
    temperature: Temperature | None
    """Sampling temperature."""
    top_p: TopP | None
    """Share of the probability mass to sample from."""
    max_prompt_tokens: TokenCap | None
    """Cap on tokens read over all its turns."""
    max_completion_tokens: TokenCap | None
    """Cap on tokens written over all its turns."""
    truncation_strategy: TruncationStrategyInput | None
    """The rule by which the thread is shortened before the run."""
    tool_choice: ToolChoiceInput | None
    """The tool that it must call, or `"auto"`, `"required"`, `"none"`."""
    parallel_tool_calls: Annotated[bool, V2]
    """True to allow several calls at once; servers take yes where absent."""
    response_format: ResponseFormatInput | None
    """The format of its answers."""


class CreateRunParams(_RunParams, total=False):
    """Body of `createRun` (`CreateRunRequest`), with its query."""

    reasoning_effort: Annotated[ReasoningEffort | None, V2]
    """The effort of a reasoning model."""
    additional_instructions: str | None
    """Text to put behind the assistant's instructions."""
    additional_messages: Annotated[Sequence[MessageInput] | None, Meta(extra={"v1": list[_MessageV1Params]})]
    """Messages to add to the thread first."""
    include: Annotated[Sequence[Include], Meta(extra={"protocol": "v2", "query": "include[]"})]
    """Optional parts of the steps in the answer."""
    tool_resources: Annotated[ToolResourcesInput | None, V2]
    """Files and stores in place of the assistant's; Foundry only."""


class CreateThreadAndRunParams(_RunParams, total=False):
    """Body of `createThreadAndRun` (`CreateThreadAndRunRequest`)."""

    thread: Annotated[ThreadInput, Meta(extra={"v1": _ThreadV1Params})]
    """The thread to make; an empty one where absent."""
    tool_resources: Annotated[ToolResourcesInput | None, V2]
    """Files and stores in place of the assistant's."""


class ModifyRunParams(TypedDict, total=False):
    """Body of `modifyRun` (`ModifyRunRequest`)."""

    metadata: Metadata | None
    """The caller's own pairs, in place of those before."""


class ToolOutput(TypedDict, total=False):
    """The answer to one tool call (`SubmitToolOutputsRunRequest.tool_outputs`)."""

    tool_call_id: Required[ToolCallID]
    """Id of the call; the document requires nothing, but an output without it has no place to go."""
    output: str
    """The tool's output."""


if TYPE_CHECKING:
    ToolOutputInput = ToolOutput | Mapping[str, object]
    """An output: a mapping of any origin will do."""
else:
    ToolOutputInput = ToolOutput


class ToolApproval(TypedDict, total=False):
    """The decision about one call of an MCP server; Foundry only."""

    tool_call_id: Required[ToolCallID]
    """Id of the call."""
    approve: Required[bool]
    """True lets the server be called."""
    headers: Mapping[str, str]
    """Headers for the server, such as its credentials; shown nowhere."""


if TYPE_CHECKING:
    ToolApprovalInput = ToolApproval | Mapping[str, object]
    """A decision: a mapping of any origin will do."""
else:
    ToolApprovalInput = ToolApproval


class SubmitToolOutputsParams(TypedDict, total=False):
    """Body of `submitToolOuputsToRun` (`SubmitToolOutputsRunRequest`): outputs or approvals, not both."""

    tool_outputs: Sequence[ToolOutputInput]
    """Answers to all the calls that the run waits for, in one request."""
    tool_approvals: Annotated[Sequence[ToolApprovalInput], Meta(extra={"protocol": "v2", "instead_of": "tool_outputs"})]
    """Decisions about all the calls that wait for approval, in one request; Foundry only."""


class ListStepsParams(ListParams, total=False):
    """Query of `listRunSteps`."""

    include: Annotated[Sequence[Include], Meta(extra={"protocol": "v2", "query": "include[]"})]
    """Optional parts of the steps."""


class RetrieveStepParams(TypedDict, total=False):
    """Query of `getRunStep`."""

    include: Annotated[Sequence[Include], Meta(extra={"protocol": "v2", "query": "include[]"})]
    """Optional parts of the step."""
