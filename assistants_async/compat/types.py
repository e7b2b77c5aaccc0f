"""Classes under the names that openai-python has for them in `openai.types`, `.beta` and below.

For annotations and `isinstance` of old code: `from assistants_async.compat.types import TextDelta`. The events of a run
share a class for each kind of payload, so `event.event` tells `thread.run.completed` from its siblings.
"""

from .. import models
from .models import (
    Assistant,
    Deleted,
    FileObject,
    Message,
    Run,
    RunStep,
    Thread,
    Upload,
    UploadPart,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)

# Assistants and threads
AssistantDeleted = ThreadDeleted = MessageDeleted = Deleted
AssistantTool = models.Tool
CodeInterpreterTool = models.CodeInterpreterTool
FileSearchTool = models.FileSearchTool
FunctionTool = models.FunctionTool

# Messages
Annotation = models.Annotation
FileCitationAnnotation = models.FileCitationAnnotation
FilePathAnnotation = models.FilePathAnnotation
ImageFile = models.ImageFile
ImageFileContentBlock = models.ImageFileContent
ImageURL = models.ImageURL
ImageURLContentBlock = models.ImageURLContent
MessageContent = models.MessageContent
RefusalContentBlock = models.RefusalContent
Text = models.Text
TextContentBlock = models.TextContent

# Runs and steps
CodeInterpreterToolCall = models.CodeInterpreterCall
FileSearchToolCall = models.FileSearchCall
FunctionToolCall = models.FunctionToolCall
MessageCreationStepDetails = models.MessageCreationDetails
RequiredActionFunctionToolCall = models.ToolCall
RunStatus = models.RunStatus
ToolCall = models.StepToolCall
ToolCallsStepDetails = models.ToolCallsDetails

# Events, their data, and the changes in it
AssistantStreamEvent = models.StreamEvent
MessageDelta = models.MessageDeltaChanges
MessageDeltaEvent = models.MessageDelta
RunStepDelta = models.RunStepDeltaChanges
RunStepDeltaEvent = models.RunStepDelta
TextDelta = models.MessageDeltaTextValue
TextDeltaBlock = models.MessageDeltaText
ThreadCreated = models.ThreadEvent
ThreadMessageDelta = models.MessageDeltaEvent
ThreadRunStepDelta = models.RunStepDeltaEvent
ToolCallDelta = models.RunStepDeltaToolCall

# Files and stores
FileDeleted = VectorStoreDeleted = VectorStoreFileDeleted = Deleted

__all__ = [
    "Annotation",
    "Assistant",
    "AssistantDeleted",
    "AssistantStreamEvent",
    "AssistantTool",
    "CodeInterpreterTool",
    "CodeInterpreterToolCall",
    "FileCitationAnnotation",
    "FileDeleted",
    "FileObject",
    "FilePathAnnotation",
    "FileSearchTool",
    "FileSearchToolCall",
    "FunctionTool",
    "FunctionToolCall",
    "ImageFile",
    "ImageFileContentBlock",
    "ImageURL",
    "ImageURLContentBlock",
    "Message",
    "MessageContent",
    "MessageCreationStepDetails",
    "MessageDeleted",
    "MessageDelta",
    "MessageDeltaEvent",
    "RefusalContentBlock",
    "RequiredActionFunctionToolCall",
    "Run",
    "RunStatus",
    "RunStep",
    "RunStepDelta",
    "RunStepDeltaEvent",
    "Text",
    "TextContentBlock",
    "TextDelta",
    "TextDeltaBlock",
    "Thread",
    "ThreadCreated",
    "ThreadDeleted",
    "ThreadMessageDelta",
    "ThreadRunStepDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallsStepDetails",
    "Upload",
    "UploadPart",
    "VectorStore",
    "VectorStoreDeleted",
    "VectorStoreFile",
    "VectorStoreFileBatch",
    "VectorStoreFileDeleted",
]
