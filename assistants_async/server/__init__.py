"""The embedded server: the whole Assistants protocol, v1 and v2, over real HTTP, with answers of your choosing.

Enter an `AssistantsServer` and give its `base_url` to any client. What answers runs is a responder: `EchoResponder`
by default, `ScriptedResponder` for tests, or any async function of a `Turn` that gives actions, such as `Say("hello")`.
"""

from .engine.responder import (
    Action,
    Answer,
    CallTools,
    EchoResponder,
    Fail,
    FoundText,
    Incomplete,
    Responder,
    Say,
    ScriptedResponder,
    Stall,
    ToolOutput,
    Turn,
    TurnMessage,
)
from .request_log import RequestRecord
from .server import AssistantsServer

__all__ = [
    "Action",
    "Answer",
    "AssistantsServer",
    "CallTools",
    "EchoResponder",
    "Fail",
    "FoundText",
    "Incomplete",
    "RequestRecord",
    "Responder",
    "Say",
    "ScriptedResponder",
    "Stall",
    "ToolOutput",
    "Turn",
    "TurnMessage",
]
