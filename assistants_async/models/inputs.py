"""Values inside requests: for type checkers the values that a caller may pass, at run time the rules for their JSON.

Requests are checked after encoding, when models, mappings and tuples all are plain JSON. So each alias below has
two meanings: the values that a caller may pass, and the rule that their JSON must fit, by its name in `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ForwardRef, Literal, Protocol

if TYPE_CHECKING:
    from types import ModuleType

    from .assistants import Assistant
    from .files import File
    from .hosted_calls import MCPToolCall
    from .messages import Attachment, ImageFileContent, ImageURLContent, RefusalContent, TextContent
    from .runs import MCPCall, Run, ToolCall, TruncationStrategy
    from .steps import FunctionToolCall
    from .threads import ToolResources
    from .tools import NamedToolChoice, ResponseFormat, Tool
    from .unions import Unknown
    from .vector_stores import VectorStoreFile


def rules() -> ModuleType:
    """Import the rules, for the first request that is checked: they would be a tenth of the package's import."""
    from . import rules as module

    return module


def rule(name: str) -> ForwardRef:
    """Name a rule in the annotations of keywords."""
    return ForwardRef(f"rules().{name}", module=__name__)


if TYPE_CHECKING:

    class _HasDefinitions(Protocol):
        """A `Toolbox`, whose class is in a layer above this module."""

        @property
        def definitions(self) -> Sequence[Mapping[str, object]]: ...

    class _HasFormat(Protocol):
        """An `AnswerFormat`, the same."""

        response_format: dict[str, Any]

    AssistantID = Assistant | str
    """An assistant or its id."""
    FileID = File | VectorStoreFile | str
    """A file, as such or as a store has it, or its id."""
    RunID = Run | str
    """A run or its id."""
    ToolCallID = ToolCall | MCPCall | FunctionToolCall | MCPToolCall | str
    """A call of a tool, as a run or a step has it, or its id."""
    ToolInput = Tool | Mapping[str, object] | Callable[..., object]
    """A tool, as it came from the server or as a mapping, or a function; an unknown `type` is sent as given."""
    ToolsInput = Sequence[ToolInput] | _HasDefinitions
    """A list of tools, or a toolbox."""
    ToolResourcesInput = ToolResources | Mapping[str, object]
    """Files and stores for tools."""
    NewToolResourcesInput = ToolResources | Mapping[str, object]
    """The same where `file_search` may make a vector store: exactly one of `vector_store_ids`, `vector_stores`."""
    ToolChoiceInput = Literal["none", "auto", "required"] | str | NamedToolChoice | Mapping[str, object]
    """The tool that a run must call, or a rule for the choice."""
    ResponseFormatInput = ResponseFormat | Mapping[str, object] | type[object] | _HasFormat
    """A format of answers, or the type that they must have, as `answer_format` takes it."""
    TruncationStrategyInput = TruncationStrategy | Mapping[str, object]
    """The rule by which a thread is shortened before a run."""
    ContentPartInput = (
        TextContent | RefusalContent | ImageFileContent | ImageURLContent | Unknown | Mapping[str, object]
    )
    """A part of a message to be made, as it was read or as a mapping; its text may be a plain string."""
    AttachmentInput = Attachment | Mapping[str, object]
    """A file given along with a message, and the tools that see it."""
else:
    AssistantID = FileID = RunID = ToolCallID = str
    ToolInput = rule("ToolRule")
    ToolsInput = rule("ToolsRule")
    ToolResourcesInput = rule("ToolResourcesRule")
    NewToolResourcesInput = rule("NewToolResourcesRule")
    ToolChoiceInput = rule("ToolChoiceRule")
    ResponseFormatInput = rule("ResponseFormatRule")
    TruncationStrategyInput = rule("TruncationStrategyRule")
    ContentPartInput = rule("ContentPartRule")
    AttachmentInput = rule("AttachmentRule")
