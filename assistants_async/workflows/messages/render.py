"""A message's text with its citations as people read them: the names of the files are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...calls.context import CallContext
from ...core.citations import check_style, file_annotations, names_in_text, rendered, texts_of
from ...endpoints import RETRIEVE_FILE
from ...errors import NotFoundError, ValidationError
from ...models.files import File
from ...models.messages import CitationStyle, Message
from ..concurrency import in_parallel

AT_ONCE = 4
"""How many files of a message are asked for at a time."""

_NAME = "messages.render"


async def render(context: CallContext, message: Message, style: CitationStyle) -> str:
    """Replace the marks in a message's text; see `client.messages.render`."""
    check_message(_NAME, message)
    check_style(_NAME, style)
    cited = (file_id for text in texts_of(message) for file_id, _ in file_annotations(text))
    return rendered(message, await names_of(context, message, cited), style)


def check_message(operation: str, message: object) -> None:
    """Refuse an id: it does not say what is in the message."""
    if not isinstance(message, Message):
        raise TypeError(f"{operation}(): message must be a Message, not {type(message).__name__}")


async def names_of(context: CallContext, message: Message, file_ids: Iterable[str]) -> dict[str, str]:
    """The names of files that a message shows, by their ids; the server is asked once for each that has no path in it.

    A file that the server does not have any more is named by its id.
    """
    names = names_in_text(message)

    async def ask(file_id: str) -> None:
        names[file_id] = await _asked(context, file_id)

    await in_parallel([partial(ask, file_id) for file_id in dict.fromkeys(file_ids) if file_id not in names], AT_ONCE)
    return names


async def _asked(context: CallContext, file_id: str) -> str:
    try:
        request = context.bind(RETRIEVE_FILE, (file_id,), {})
    except ValidationError:  # the server's id is none
        return file_id
    try:
        file = (await context.send(request, File)).value
    except NotFoundError:
        return file_id
    return file.filename or file_id
