"""Unions narrowed by `type`, as type checkers see them: checked by mypy and basedpyright, never run."""

from __future__ import annotations

from typing import Any, Literal, assert_type

from assistants_async.models.assistants import Assistant
from assistants_async.models.deltas import (
    MessageDeltaAnnotation,
    MessageDeltaContent,
    MessageDeltaImageFile,
    MessageDeltaText,
    MessageDeltaURLCitation,
    RunStepDeltaDetails,
    RunStepDeltaFunction,
    RunStepDeltaLogs,
    RunStepDeltaOutput,
    RunStepDeltaToolCall,
    RunStepDeltaToolCalls,
)
from assistants_async.models.hosted_calls import ActivityDetails, MCPToolCall, OpenAPICall
from assistants_async.models.messages import (
    FileCitationAnnotation,
    FilePathAnnotation,
    ImageFileContent,
    ImageURLContent,
    Message,
    RefusalContent,
    Text,
    TextContent,
    URLCitationAnnotation,
)
from assistants_async.models.runs import Run
from assistants_async.models.steps import (
    CodeInterpreterCall,
    CodeOutput,
    FileSearchCall,
    FunctionToolCall,
    LogsOutput,
    MessageCreationDetails,
    RunStep,
    StepToolCall,
    ToolCallsDetails,
)
from assistants_async.models.tools import CodeInterpreterTool, FileSearchTool, FunctionTool, JSONSchemaFormat
from assistants_async.models.unions import Unknown
from assistants_async.models.vector_stores import StaticChunkingStrategy, VectorStoreFile


def contents(message: Message) -> None:
    """Parts of a message; an `Unknown` is the rest, or found by its class."""
    for part in message.content:
        name: str = part.type
        assert_type(len(name), int)
        if part.type == "text":
            assert_type(part, TextContent)
            assert_type(part.type, Literal["text"])
        elif part.type == "image_file":
            assert_type(part, ImageFileContent)
        elif part.type == "image_url":
            assert_type(part, ImageURLContent)
        elif part.type == "refusal":
            assert_type(part, RefusalContent)
        else:
            assert_type(part, Unknown)
        if part.type != "text":
            assert_type(part, ImageFileContent | ImageURLContent | RefusalContent | Unknown)
        if isinstance(part, Unknown):
            assert_type(part.raw, dict[str, Any])


def marks(text: Text) -> None:
    """Marked places in a text."""
    for annotation in text.annotations:
        if annotation.type == "file_citation":
            assert_type(annotation, FileCitationAnnotation)
        elif annotation.type == "file_path":
            assert_type(annotation, FilePathAnnotation)
        elif annotation.type == "url_citation":
            assert_type(annotation, URLCitationAnnotation)
        else:
            assert_type(annotation, Unknown)


def tools(assistant: Assistant, run: Run, file: VectorStoreFile) -> None:
    """Tools, formats of answers, and ways to cut files."""
    for tool in assistant.tools:
        if tool.type == "function":
            assert_type(tool, FunctionTool)
        elif tool.type == "file_search":
            assert_type(tool, FileSearchTool)
        elif tool.type == "code_interpreter":
            assert_type(tool, CodeInterpreterTool)
    form = run.response_format
    if form is not None and not isinstance(form, str) and form.type == "json_schema":
        assert_type(form, JSONSchemaFormat)
    if file.chunking_strategy is not None and file.chunking_strategy.type == "static":
        assert_type(file.chunking_strategy, StaticChunkingStrategy)


def steps(step: RunStep) -> None:
    """Details of a step."""
    details = step.step_details
    if details is None:
        return
    if details.type == "message_creation":
        assert_type(details, MessageCreationDetails)
    elif details.type == "activities":
        assert_type(details, ActivityDetails)
    elif details.type == "tool_calls":
        assert_type(details, ToolCallsDetails)


def calls(call: StepToolCall, output: CodeOutput) -> None:
    """Calls in a step, and the outputs of code."""
    if call.type == "code_interpreter":
        assert_type(call, CodeInterpreterCall)
    elif call.type == "file_search":
        assert_type(call, FileSearchCall)
    elif call.type == "function":
        assert_type(call, FunctionToolCall)
    elif call.type == "mcp":
        assert_type(call, MCPToolCall)
    elif call.type == "openapi":
        assert_type(call, OpenAPICall)
    if output.type == "logs":
        assert_type(output, LogsOutput)


def message_deltas(part: MessageDeltaContent, annotation: MessageDeltaAnnotation) -> None:
    """Pieces of messages."""
    if part.type == "text":
        assert_type(part, MessageDeltaText)
    elif part.type == "image_file":
        assert_type(part, MessageDeltaImageFile)
    if annotation.type == "url_citation":
        assert_type(annotation, MessageDeltaURLCitation)


def step_deltas(details: RunStepDeltaDetails, call: RunStepDeltaToolCall, output: RunStepDeltaOutput) -> None:
    """Pieces of steps."""
    if details.type == "tool_calls":
        assert_type(details, RunStepDeltaToolCalls)
    if call.type == "function":
        assert_type(call, RunStepDeltaFunction)
    if output.type == "logs":
        assert_type(output, RunStepDeltaLogs)
