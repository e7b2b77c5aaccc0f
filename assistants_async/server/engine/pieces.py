"""The small actions done to a run: text, calls and counts as a model gives them, and the end of its answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from ..._typing import is_array, is_object
from ..storage.search import Found
from .actions import CallPiece, Ended, Piece, RefusalPiece, Used
from .active_run import ActiveRun

SmallAction = Piece | RefusalPiece | CallPiece | Used
"""Actions that leave the run as it is but for one piece."""

Search = Callable[[str], Awaitable[Sequence[Found]]]
"""Finds chunks for one query."""

Outcome = Literal["open", "again", "waiting", "completed", "length", "content_filter"]
"""State of a turn after an action: going on; to be asked once more, the server's own calls being answered; waiting
for the client's outputs; or at the run's end."""

_MOST_QUERIES = 5


def take(life: ActiveRun, action: SmallAction) -> None:
    """Do one small action."""
    match action:
        case Piece(text=text):
            _open_message(life)
            life.write(text)
        case RefusalPiece(text=text):
            _open_message(life)
            life.refuse(text)
        case CallPiece():
            _take_call(life, action)
        case Used():
            life.count(action)


def _open_message(life: ActiveRun) -> None:
    if life.draft is None:
        life.open_message()


def _take_call(life: ActiveRun, piece: CallPiece) -> None:
    if life.draft is not None:
        # The step of the calls has the usage of the whole answer: the text before them counts for nothing here.
        life.close_message(Used(0, 0))
    if life.step is None:
        life.open_calls()
    assert life.step is not None
    if piece.index >= len(life.step.calls):
        life.begin_call(piece.id, piece.name)
    if piece.arguments:
        life.append_arguments(piece.arguments, piece.index)


async def end_answer(life: ActiveRun, ended: Ended, search: Search) -> Outcome:
    """End an answer: its own searches are answered, and its calls or its message closed."""
    if life.step is not None and life.step.is_calling:
        for call, arguments in life.step.searches:
            life.answer_search(call, await found_for(arguments, search))
        if life.step.waiting:
            life.require_action()
            return "waiting"
        life.close_calls()
        return "again"
    _open_message(life)  # clients take the run's first message: an answer without a word has one too
    assert life.draft is not None
    if not life.draft.tokens:
        life.write("")
    if ended.reason in ("stop", "tool_calls"):
        life.close_message()
        return "completed"
    return "length" if ended.reason == "length" else "content_filter"


async def found_for(arguments: str, search: Search) -> list[Found]:
    """Find what the arguments of a search ask for: the best of all its queries, each chunk once."""
    best: dict[tuple[str, str], Found] = {}
    for query in _queries(arguments):
        for found in await search(query):
            key = (found.source.file_id, found.chunk.text)
            if key not in best or best[key].score < found.score:
                best[key] = found
    return sorted(best.values(), key=lambda found: -found.score)


def _queries(arguments: str) -> list[str]:
    """Read the queries; a model that writes them in another form is taken at its words."""
    try:
        value: object = json.loads(arguments)
    except (ValueError, RecursionError):
        value = arguments
    if is_object(value):
        value = value.get("queries") or value.get("query") or next(iter(value.values()), "")
    given = value if is_array(value) else [value]
    return [text for text in given if isinstance(text, str) and text.strip()][:_MOST_QUERIES]
