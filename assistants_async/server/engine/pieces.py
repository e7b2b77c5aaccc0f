"""The small actions done to a run: text, calls and counts as a model gives them, and the end of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from ..._typing import is_array, is_object
from ..storage.search import Found
from .actions import CallPiece, Ended, Piece, RefusalPiece, Used
from .active_run import ActiveRun

SmallAction = Piece | RefusalPiece | CallPiece | Used | Ended
"""Actions that leave the run as it is but for one piece, and the one that ends an answer."""

Outcome = Literal["open", "again", "waiting", "completed", "length", "content_filter"]
"""State of a turn after an action: going on; to be asked once more, the server's own calls being answered; waiting
for the client's outputs; or at the run's end."""

_MOST_QUERIES = 5


def take(life: ActiveRun, action: SmallAction, search: Callable[[str], Sequence[Found]]) -> Outcome:
    """Do one small action; `search` finds chunks for one query."""
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
        case Ended(reason=reason):
            return _end(life, reason, search)
    return "open"


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


def _end(life: ActiveRun, reason: str, search: Callable[[str], Sequence[Found]]) -> Outcome:
    if life.step is not None and life.step.is_calling:
        life.answer_searches(lambda arguments: found_for(arguments, search))
        if life.step.waiting:
            life.require_action()
            return "waiting"
        life.close_calls()
        return "again"
    _open_message(life)  # clients take the run's first message: an answer without a word has one too
    assert life.draft is not None
    if not life.draft.tokens:
        life.write("")
    if reason in ("stop", "tool_calls"):
        life.close_message()
        return "completed"
    return "length" if reason == "length" else "content_filter"


def found_for(arguments: str, search: Callable[[str], Sequence[Found]]) -> list[Found]:
    """Find what the arguments of a search ask for: the best of all its queries, each chunk once."""
    best: dict[tuple[str, str], Found] = {}
    for query in _queries(arguments):
        for found in search(query):
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
