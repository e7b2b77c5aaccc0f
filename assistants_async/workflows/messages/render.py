"""A message's text with readable citations: the names of the files, each requested from the server."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...calls.context import CallContext
from ...core.citations import check_style, file_annotations, names_in_text, rendered, texts_of
from ...endpoints import RETRIEVE_FILE
from ...errors import StatusError, ValidationError
from ...models.files import File
from ...models.messages import CitationStyle, Message
from ..concurrency import in_parallel

AT_ONCE = 4
"""The number of files of a message that are requested at a time."""

_NAME = "messages.render"
_NO_SUCH_FILE = (403, 404, 405)  # gone, of another project, or a server that has no such route


async def render(context: CallContext, message: Message, style: CitationStyle) -> str:
    """Replace the marks in a message's text; see `client.messages.render`."""
    check_message(_NAME, message)
    check_style(_NAME, style)
    cited = (file_id for text in texts_of(message) for file_id, _ in file_annotations(text))
    return rendered(message, await names_of(context, message, cited), style)


def check_message(operation: str, message: object) -> None:
    """Refuse anything but a `Message`: an id does not have its content."""
    if not isinstance(message, Message):
        raise TypeError(f"{operation}(): message must be a Message, not {type(message).__name__}")


async def names_of(context: CallContext, message: Message, file_ids: Iterable[str]) -> dict[str, str]:
    """Find the names of a message's files by their ids: in its text, else by one request for each file.

    A file that the server does not have any more, or cannot describe, is named by its id: the text, or the content of
    the file, is worth more than its name.
    """
    names = names_in_text(message)

    async def find(file_id: str) -> None:
        names[file_id] = await _retrieved_name(context, file_id)

    await in_parallel([partial(find, file_id) for file_id in dict.fromkeys(file_ids) if file_id not in names], AT_ONCE)
    return names


async def _retrieved_name(context: CallContext, file_id: str) -> str:
    try:
        request = context.bind(RETRIEVE_FILE, (file_id,), {})
    except ValidationError:  # the server's id is none
        return file_id
    try:
        file = (await context.send(request, File)).value
    except StatusError as error:
        if error.status not in _NO_SUCH_FILE:
            raise
        return file_id
    return file.filename or file_id
