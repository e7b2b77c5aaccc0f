"""Deltas: the pieces that messages and steps arrive in while a run is streamed."""

from __future__ import annotations

from typing import Any

from .base import ABSENT, FIRST, Model, Object, Tag, Tagged
from .messages import FileCitation, FilePath, ImageFile, ImageURL, MessageRole, URLCitation
from .steps import FileSearch, MessageCreation, OutputImage, StepFunction
from .unions import Unknown


class MessageDeltaFileCitation(Tagged[Tag["file_citation"]], frozen=True, kw_only=True, tag="file_citation"):
    """A citation, whole (`MessageDeltaContentTextAnnotationsFileCitationObject`)."""

    index: int = FIRST
    """Its place among the text's annotations."""
    text: str | None = None
    """The mark in the text."""
    file_citation: FileCitation | None = None
    """The source."""
    start_index: int | None = None
    """The start of the mark, in characters of the whole text."""
    end_index: int | None = None
    """The end of the mark."""


class MessageDeltaFilePath(Tagged[Tag["file_path"]], frozen=True, kw_only=True, tag="file_path"):
    """A path to a file, whole (`MessageDeltaContentTextAnnotationsFilePathObject`)."""

    index: int = FIRST
    """Its place among the text's annotations."""
    text: str | None = None
    """The path in the text."""
    file_path: FilePath | None = None
    """The file."""
    start_index: int | None = None
    """The start of the path, in characters of the whole text."""
    end_index: int | None = None
    """The end of the path."""


class MessageDeltaURLCitation(Tagged[Tag["url_citation"]], frozen=True, kw_only=True, tag="url_citation"):
    """A citation of a web page, whole; in no document."""

    index: int = FIRST
    """Its place among the text's annotations."""
    text: str | None = None
    """The mark in the text."""
    url_citation: URLCitation | None = None
    """The source."""
    start_index: int | None = None
    """The start of the mark, in characters of the whole text."""
    end_index: int | None = None
    """The end of the mark."""


MessageDeltaAnnotation = MessageDeltaFileCitation | MessageDeltaFilePath | MessageDeltaURLCitation | Unknown
"""An annotation that is new, distinguished by `type`."""


class MessageDeltaTextValue(Model, frozen=True, kw_only=True):
    """More of a text (`MessageDeltaContentTextObject.text`)."""

    value: str | None = None
    """To be put behind the text so far."""
    annotations: tuple[MessageDeltaAnnotation, ...] = ABSENT
    """Annotations that are new."""


class MessageDeltaText(Tagged[Tag["text"]], frozen=True, kw_only=True, tag="text"):
    """More of a text part (`MessageDeltaContentTextObject`)."""

    index: int = FIRST
    """The part's place in the message."""
    text: MessageDeltaTextValue | None = None
    """The new part."""


class MessageDeltaImageFile(Tagged[Tag["image_file"]], frozen=True, kw_only=True, tag="image_file"):
    """An image part (`MessageDeltaContentImageFileObject`)."""

    index: int = FIRST
    """The part's place in the message."""
    image_file: ImageFile | None = None
    """The image."""


class MessageDeltaImageURL(Tagged[Tag["image_url"]], frozen=True, kw_only=True, tag="image_url"):
    """An image part (`MessageDeltaContentImageUrlObject`)."""

    index: int = FIRST
    """The part's place in the message."""
    image_url: ImageURL | None = None
    """The image."""


class MessageDeltaRefusal(Tagged[Tag["refusal"]], frozen=True, kw_only=True, tag="refusal"):
    """More of a refusal (`MessageDeltaContentRefusalObject`)."""

    index: int = FIRST
    """The part's place in the message."""
    refusal: str | None = None
    """To be put behind the refusal so far."""


MessageDeltaContent = MessageDeltaImageFile | MessageDeltaText | MessageDeltaRefusal | MessageDeltaImageURL | Unknown
"""More of a part of a message, distinguished by `type`; an `Unknown` has its `index` in `raw`."""


class MessageDeltaChanges(Model, frozen=True, kw_only=True):
    """The new part of a message (`MessageDeltaObject.delta`)."""

    role: MessageRole | None = None
    """The author, in the first delta."""
    content: tuple[MessageDeltaContent, ...] = ABSENT
    """More of its parts."""
    file_ids: tuple[str, ...] = ABSENT
    """Files given along; protocol v1 only."""


class MessageDelta(Object, frozen=True, kw_only=True):
    """More of the message that has this id (`MessageDeltaObject`)."""

    promised = ("object", "delta")
    kinds = ("thread.message.delta",)

    object: str | None = None
    """`"thread.message.delta"`."""
    delta: MessageDeltaChanges | None = None
    """The new part."""


class RunStepDeltaMessageCreation(Tagged[Tag["message_creation"]], frozen=True, kw_only=True, tag="message_creation"):
    """The message that a step writes (`RunStepDeltaStepDetailsMessageCreationObject`)."""

    message_creation: MessageCreation | None = None
    """The message."""


class RunStepDeltaLogs(Tagged[Tag["logs"]], frozen=True, kw_only=True, tag="logs"):
    """More of what code printed (`RunStepDeltaStepDetailsToolCallsCodeOutputLogsObject`)."""

    index: int = FIRST
    """The output's place in the call."""
    logs: str | None = None
    """To be put behind the text so far."""


class RunStepDeltaImage(Tagged[Tag["image"]], frozen=True, kw_only=True, tag="image"):
    """An image that code made (`RunStepDeltaStepDetailsToolCallsCodeOutputImageObject`)."""

    index: int = FIRST
    """The output's place in the call."""
    image: OutputImage | None = None
    """The image."""


RunStepDeltaOutput = RunStepDeltaLogs | RunStepDeltaImage | Unknown
"""More of what code put out, distinguished by `type`."""


class RunStepDeltaCode(Model, frozen=True, kw_only=True):
    """More of the code and its outputs (`RunStepDeltaStepDetailsToolCallsCodeObject.code_interpreter`)."""

    input: str | None = None
    """To be put behind the code so far."""
    outputs: tuple[RunStepDeltaOutput, ...] = ABSENT
    """More of what it put out."""


class RunStepDeltaCodeInterpreter(Tagged[Tag["code_interpreter"]], frozen=True, kw_only=True, tag="code_interpreter"):
    """More of a run of the code interpreter (`RunStepDeltaStepDetailsToolCallsCodeObject`)."""

    index: int = FIRST
    """The call's place in the step."""
    id: str | None = None
    """The call's id, in its first delta."""
    code_interpreter: RunStepDeltaCode | None = None
    """The new part."""


class RunStepDeltaFileSearch(Tagged[Tag["file_search"]], frozen=True, kw_only=True, tag="file_search"):
    """A search over vector stores (`RunStepDeltaStepDetailsToolCallsFileSearchObject`)."""

    index: int = FIRST
    """The call's place in the step."""
    id: str | None = None
    """The call's id, in its first delta."""
    file_search: FileSearch | None = None
    """The search, empty says the document."""


class RunStepDeltaRetrieval(Tagged[Tag["retrieval"]], frozen=True, kw_only=True, tag="retrieval"):
    """Protocol v1's search over files (`RunStepDeltaStepDetailsToolCallsRetrievalObject`)."""

    index: int = FIRST
    """The call's place in the step."""
    id: str | None = None
    """The call's id, in its first delta."""
    retrieval: dict[str, Any] | None = None
    """Always empty, says the document."""


class RunStepDeltaFunction(Tagged[Tag["function"]], frozen=True, kw_only=True, tag="function"):
    """More of a call of the caller's function (`RunStepDeltaStepDetailsToolCallsFunctionObject`)."""

    index: int = FIRST
    """The call's place in the step."""
    id: str | None = None
    """The call's id, in its first delta."""
    function: StepFunction | None = None
    """The new part; `arguments` are to be put behind those so far, `name` and `output` arrive whole."""


RunStepDeltaToolCall = (
    RunStepDeltaCodeInterpreter | RunStepDeltaFileSearch | RunStepDeltaRetrieval | RunStepDeltaFunction | Unknown
)
"""More of a tool call, distinguished by `type`; an `Unknown` has its `index` in `raw`."""


class RunStepDeltaToolCalls(Tagged[Tag["tool_calls"]], frozen=True, kw_only=True, tag="tool_calls"):
    """More of a step's tool calls (`RunStepDeltaStepDetailsToolCallsObject`)."""

    tool_calls: tuple[RunStepDeltaToolCall, ...] = ABSENT
    """The new part of each call, by its `index`."""


RunStepDeltaDetails = RunStepDeltaMessageCreation | RunStepDeltaToolCalls | Unknown
"""The new part of a step, by its `type`."""


class RunStepDeltaChanges(Model, frozen=True, kw_only=True):
    """The new part of a step (`RunStepDeltaObject.delta`)."""

    step_details: RunStepDeltaDetails | None = None
    """More of what it does."""


class RunStepDelta(Object, frozen=True, kw_only=True):
    """More of the step that has this id (`RunStepDeltaObject`)."""

    promised = ("object", "delta")
    kinds = ("thread.run.step.delta",)

    object: str | None = None
    """`"thread.run.step.delta"`."""
    delta: RunStepDeltaChanges | None = None
    """The new part."""
