"""The embedded server: the whole Assistants protocol, v1 and v2, over real HTTP, with answers of your choosing.

Enter an `AssistantsServer` and give its `base_url` to any client. A responder answers the runs: `EchoResponder` by
default, `ScriptedResponder` for tests, or any async function of a `Turn` that gives actions, such as `Say("hello")`.
"""

from .backend.chat import ChatCompletions
from .engine.actions import (
    Action,
    AskApproval,
    CallPiece,
    CallTools,
    Ended,
    Fail,
    Incomplete,
    Piece,
    RefusalPiece,
    Say,
    Stall,
    Used,
)
from .engine.echo import EchoResponder
from .engine.responder import Answer, Responder
from .engine.script import ScriptedResponder
from .engine.turn import Approval, Dialect, FoundText, ToolOutput, ToolRound, Turn, TurnFile, TurnMessage
from .request_log import RequestRecord
from .server import AssistantsServer
from .storage.interface import Store
from .storage.memory import MemoryStore
from .storage.postgres import PostgresStore
from .storage.sqlite import SqliteStore

__all__ = [
    "Action",
    "Answer",
    "Approval",
    "AskApproval",
    "AssistantsServer",
    "CallPiece",
    "CallTools",
    "ChatCompletions",
    "Dialect",
    "EchoResponder",
    "Ended",
    "Fail",
    "FoundText",
    "Incomplete",
    "MemoryStore",
    "Piece",
    "PostgresStore",
    "RefusalPiece",
    "RequestRecord",
    "Responder",
    "Say",
    "ScriptedResponder",
    "SqliteStore",
    "Stall",
    "Store",
    "ToolOutput",
    "ToolRound",
    "Turn",
    "TurnFile",
    "TurnMessage",
    "Used",
]
