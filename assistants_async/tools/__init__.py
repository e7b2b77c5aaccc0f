"""Functions as tools that the model may call, and answers as values of a type."""

from __future__ import annotations

from .events import ToolEvent, ToolFailed, ToolFinished, ToolResult, ToolStarted
from .schema import AnswerFormat, answer_format, schema_of
from .signatures import Context
from .tool import Tool, tool
from .toolbox import Toolbox

__all__ = [
    "AnswerFormat",
    "Context",
    "Tool",
    "ToolEvent",
    "ToolFailed",
    "ToolFinished",
    "ToolResult",
    "ToolStarted",
    "Toolbox",
    "answer_format",
    "schema_of",
    "tool",
]
