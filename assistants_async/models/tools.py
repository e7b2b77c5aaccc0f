"""The tools of an assistant, and the choice among them for a run."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from .base import Model, Tag, Tagged
from .unions import Unknown

Ranker = Literal["auto", "default_2024_08_21"] | str
"""The ranking of file search; servers may have rankers of their own."""
ToolChoiceType = Literal["function", "code_interpreter", "retrieval", "file_search"] | str
"""The `type` of a tool that a run must call."""


class CodeInterpreterTool(Tagged[Tag["code_interpreter"]], frozen=True, kw_only=True, tag="code_interpreter"):
    """Lets the assistant run Python over its files (`AssistantToolsCode`)."""


class RetrievalTool(Tagged[Tag["retrieval"]], frozen=True, kw_only=True, tag="retrieval"):
    """Protocol v1's search over the assistant's files (`AssistantToolsRetrieval`)."""


class RankingOptions(Model, frozen=True, kw_only=True):
    """The ranking and the lowest score of search results (`FileSearchRankingOptions`)."""

    promised = ("score_threshold",)

    ranker: Ranker | None = None
    """The ranker; absent means `"auto"`."""
    score_threshold: float | None = None
    """Least score of a result, 0 to 1."""


class FileSearchOptions(Model, frozen=True, kw_only=True):
    """Overrides of the search (`AssistantToolsFileSearch.file_search`)."""

    max_num_results: int | None = None
    """Most results, 1 to 50; absent leaves it to the server."""
    ranking_options: RankingOptions | None = None
    """The ranking and the lowest score of results."""


class FileSearchTool(Tagged[Tag["file_search"]], frozen=True, kw_only=True, tag="file_search"):
    """Protocol v2's search over vector stores (`AssistantToolsFileSearch`)."""

    file_search: FileSearchOptions | None = None
    """Overrides of the search; absent on an attachment's tool."""


class FunctionDefinition(Model, frozen=True, kw_only=True):
    """A function of the caller's that the model may ask for (`FunctionObject`)."""

    promised = ("name",)

    description: str | None = None
    """A description of it, for the model to choose by."""
    name: str | None = None
    """1 to 64 of `a-z A-Z 0-9 _ -`."""
    parameters: dict[str, Any] | None = None
    """JSON schema of its arguments; absent for none."""
    strict: bool | UnsetType | None = UNSET
    """True where the arguments follow the schema exactly; absent and null both mean no."""


class FunctionTool(Tagged[Tag["function"]], frozen=True, kw_only=True, tag="function"):
    """Lets the model call a function of the caller's (`AssistantToolsFunction`)."""

    promised = ("function",)

    function: FunctionDefinition | None = None
    """The function that can be called."""


Tool = CodeInterpreterTool | FileSearchTool | RetrievalTool | FunctionTool | Unknown
"""A tool of an assistant or run, distinguished by `type`."""


class FunctionName(Model, frozen=True, kw_only=True):
    """The function that a run must call (`AssistantsNamedToolChoice.function`)."""

    promised = ("name",)

    name: str | None = None
    """Name of the function."""


class NamedToolChoice(Model, frozen=True, kw_only=True):
    """Makes a run call one certain tool (`AssistantsNamedToolChoice`, `AssistantsApiNamedToolChoice`)."""

    promised = ("type",)

    type: ToolChoiceType | None = None
    """Kind of the tool."""
    function: FunctionName | None = None
    """The function, where `type` is `"function"`."""


ToolChoice = Literal["none", "auto", "required"] | str | NamedToolChoice
"""The tool that a run must call, or a rule for the choice (`AssistantsApiToolChoiceOption`)."""


class TextFormat(Tagged[Tag["text"]], frozen=True, kw_only=True, tag="text"):
    """Plain text, which is also the default (`ResponseFormatText`)."""


class JSONObjectFormat(Tagged[Tag["json_object"]], frozen=True, kw_only=True, tag="json_object"):
    """Any JSON object; the messages must ask for JSON as well (`ResponseFormatJsonObject`)."""


class JSONSchema(Model, frozen=True, kw_only=True):
    """The schema that an answer follows (`ResponseFormatJsonSchema.json_schema`)."""

    promised = ("name",)

    description: str | None = None
    """The purpose of the format, for the model to go by."""
    name: str | None = None
    """1 to 64 of `a-z A-Z 0-9 _ -`."""
    schema: dict[str, Any] | None = None
    """The JSON schema."""
    strict: bool | UnsetType | None = UNSET
    """True where the answer follows the schema exactly; absent and null both mean no."""


class JSONSchemaFormat(Tagged[Tag["json_schema"]], frozen=True, kw_only=True, tag="json_schema"):
    """JSON after a schema (`ResponseFormatJsonSchema`)."""

    promised = ("json_schema",)

    json_schema: JSONSchema | None = None
    """The schema."""


ResponseFormat = Literal["auto", "none"] | str | TextFormat | JSONObjectFormat | JSONSchemaFormat | Unknown
"""The format that the model must answer in (`AssistantsApiResponseFormatOption`)."""
