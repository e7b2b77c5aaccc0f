"""Rules for the JSON of values inside requests: a union of specs for each alias of `inputs` and its kin."""

from __future__ import annotations

from collections.abc import Sequence

from .specs import (
    AttachmentSpec,
    AutoChunkingSpec,
    CodeInterpreterToolSpec,
    FileSearchToolSpec,
    FunctionToolSpec,
    ImageFilePartSpec,
    ImageURLPartSpec,
    JSONObjectFormatSpec,
    JSONSchemaFormatSpec,
    NamedToolChoiceSpec,
    NewToolResourcesSpec,
    RetrievalToolSpec,
    StaticChunkingStrategySpec,
    TextFormatSpec,
    TextPartSpec,
    ToolResourcesSpec,
    TruncationStrategySpec,
)
from .specs_filters import AnyFilter
from .unions import Unknown

ToolRule = CodeInterpreterToolSpec | FileSearchToolSpec | RetrievalToolSpec | FunctionToolSpec | Unknown
ToolsRule = Sequence[ToolRule]
ToolResourcesRule = ToolResourcesSpec
NewToolResourcesRule = NewToolResourcesSpec
ToolChoiceRule = str | NamedToolChoiceSpec
ResponseFormatRule = str | TextFormatSpec | JSONObjectFormatSpec | JSONSchemaFormatSpec | Unknown
TruncationStrategyRule = TruncationStrategySpec
ContentPartRule = TextPartSpec | ImageFilePartSpec | ImageURLPartSpec | Unknown
AttachmentRule = AttachmentSpec
ChunkingStrategyRule = AutoChunkingSpec | StaticChunkingStrategySpec | Unknown
FilterRule = AnyFilter
