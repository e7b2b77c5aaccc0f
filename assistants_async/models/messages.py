"""Messages: their parts, the annotations in their text, and what is attached to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .base import ABSENT, EMPTY, Model, Object, Tag, Tagged, Timestamp
from .notebook import parts_html
from .threads import DataSource
from .tools import Tool
from .unions import Unknown

if TYPE_CHECKING:
    from pathlib import Path

    class MessageResource(Protocol):
        """The part of `client.messages` that messages use."""

        async def render(self, message: Message, /, *, style: CitationStyle) -> str:
            """Write a message's text for people."""
            ...

        async def save_files(self, message: Message, folder: Path, /, *, overwrite: bool = False) -> tuple[Path, ...]:
            """Download what a message shows."""
            ...

    class HasMessages(Protocol):
        """A client, or a view of one."""

        @property
        def messages(self) -> MessageResource:
            """Its namespace."""
            ...


MessageRole = Literal["user", "assistant"] | str
"""The author of a message."""
MessageStatus = Literal["in_progress", "incomplete", "completed"] | str
"""The state of a message."""
MessageIncompleteReason = Literal["content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"] | str
"""Why a message is incomplete."""
ImageDetail = Literal["auto", "low", "high"] | str
"""The resolution at which the model reads an image."""


class FileCitation(Model, frozen=True, kw_only=True):
    """The file that a citation points to (`MessageContentTextAnnotationsFileCitationObject.file_citation`)."""

    promised = ("file_id",)

    file_id: str | None = None
    """The file."""
    quote: str | None = None
    """The words cited; protocol v1 and stream deltas only."""


class FileCitationAnnotation(Tagged[Tag["file_citation"]], frozen=True, kw_only=True, tag="file_citation"):
    """A place in the text that cites a file (`MessageContentTextAnnotationsFileCitationObject`)."""

    promised = ("text", "file_citation", "start_index", "end_index")

    text: str | None = None
    """The mark in the text, to be replaced by a reference."""
    file_citation: FileCitation | None = None
    """The source."""
    start_index: int | None = None
    """The start of the mark, in characters of the text."""
    end_index: int | None = None
    """The end of the mark."""


class FilePath(Model, frozen=True, kw_only=True):
    """The file that was made (`MessageContentTextAnnotationsFilePathObject.file_path`)."""

    promised = ("file_id",)

    file_id: str | None = None
    """The file."""


class FilePathAnnotation(Tagged[Tag["file_path"]], frozen=True, kw_only=True, tag="file_path"):
    """A path in the text to a file that code made (`MessageContentTextAnnotationsFilePathObject`)."""

    promised = ("text", "file_path", "start_index", "end_index")

    text: str | None = None
    """The path in the text, to be replaced by a link."""
    file_path: FilePath | None = None
    """The file."""
    start_index: int | None = None
    """The start of the path, in characters of the text."""
    end_index: int | None = None
    """The end of the path."""


class URLCitation(Model, frozen=True, kw_only=True):
    """The web page that a citation points to (`url_citation` of Foundry's annotations)."""

    url: str | None = None
    """The page's address."""
    title: str | None = None
    """The page's title."""


class URLCitationAnnotation(Tagged[Tag["url_citation"]], frozen=True, kw_only=True, tag="url_citation"):
    """A place in the text that cites a web page, as Foundry's searches write it; in no document."""

    text: str | None = None
    """The mark in the text, to be replaced by a reference."""
    url_citation: URLCitation | None = None
    """The source."""
    start_index: int | None = None
    """The start of the mark, in characters of the text."""
    end_index: int | None = None
    """The end of the mark."""


Annotation = FileCitationAnnotation | FilePathAnnotation | URLCitationAnnotation | Unknown
"""A marked place in a text, distinguished by `type`."""
FileAnnotation = FileCitationAnnotation | FilePathAnnotation
"""A marked place in a text that leads to a file."""
SourceAnnotation = FileAnnotation | URLCitationAnnotation
"""A marked place in a text that leads to a file or a web page."""
CitationStyle = Literal["footnotes", "markdown"] | Callable[[SourceAnnotation, int, str], str]
"""The text in place of the marks: numbers with a list of the sources at the end, the same in Markdown, or the result of
a function of the annotation, the source's number and its name (a page's title)."""


class Text(Model, frozen=True, kw_only=True):
    """A text and the places marked in it (`MessageContentTextObject.text`)."""

    promised = ("value",)

    value: str | None = None
    """The text."""
    annotations: tuple[Annotation, ...] = EMPTY
    """Citations and paths in it."""


class TextContent(Tagged[Tag["text"]], frozen=True, kw_only=True, tag="text"):
    """A part that is text (`MessageContentTextObject`)."""

    promised = ("text",)

    text: Text | None = None
    """The text with its annotations."""


class ImageFile(Model, frozen=True, kw_only=True):
    """An uploaded or made image (`MessageContentImageFileObject.image_file`)."""

    promised = ("file_id",)

    file_id: str | None = None
    """The image's file."""
    detail: ImageDetail | None = None
    """The resolution at which the model reads it; absent means `"auto"`."""


class ImageFileContent(Tagged[Tag["image_file"]], frozen=True, kw_only=True, tag="image_file"):
    """A part that is an image in a file (`MessageContentImageFileObject`)."""

    promised = ("image_file",)

    image_file: ImageFile | None = None
    """The image."""


class ImageURL(Model, frozen=True, kw_only=True):
    """An image somewhere else (`MessageContentImageUrlObject.image_url`)."""

    promised = ("url",)

    url: str | None = None
    """The address from which the server gets it: jpeg, png, gif or webp."""
    detail: ImageDetail | None = None
    """The resolution at which the model reads it; absent means `"auto"`."""


class ImageURLContent(Tagged[Tag["image_url"]], frozen=True, kw_only=True, tag="image_url"):
    """A part that is an image at a URL (`MessageContentImageUrlObject`)."""

    promised = ("image_url",)

    image_url: ImageURL | None = None
    """The image."""


class RefusalContent(Tagged[Tag["refusal"]], frozen=True, kw_only=True, tag="refusal"):
    """A part in which the model refuses to answer (`MessageContentRefusalObject`)."""

    promised = ("refusal",)

    refusal: str | None = None
    """The model's explanation."""


MessageContent = ImageFileContent | ImageURLContent | TextContent | RefusalContent | Unknown
"""A part of a message, distinguished by `type`."""


class Attachment(Model, frozen=True, kw_only=True):
    """A file given along with a message, and the tools that see it (`MessageObject.attachments`)."""

    file_id: str | None = None
    """The file."""
    data_source: DataSource | None = None
    """Data in place of a file; Foundry only."""
    tools: tuple[Tool, ...] = ABSENT
    """Code interpreter, file search or both."""


class MessageIncompleteDetails(Model, frozen=True, kw_only=True):
    """Why a message is incomplete (`MessageObject.incomplete_details`)."""

    promised = ("reason",)

    reason: MessageIncompleteReason | None = None
    """The reason."""


class Message(Object, frozen=True, kw_only=True):
    """One turn in a thread (`MessageObject`)."""

    promised = ("object", "created_at", "thread_id", "role")
    kinds = ("thread.message",)

    object: str | None = None
    """`"thread.message"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    thread_id: str | None = None
    """The thread that it is in."""
    status: MessageStatus | None = None
    """Its state; None from servers of the first v1, which sends finished messages only."""
    incomplete_details: MessageIncompleteDetails | None = None
    """Why it is incomplete; None where it is not."""
    completed_at: int | None = None
    """Seconds since 1970; None until then."""
    incomplete_at: int | None = None
    """Seconds since 1970 at which it was given up; None where it was not."""
    role: MessageRole | None = None
    """The author."""
    content: tuple[MessageContent, ...] = EMPTY
    """Its parts, in order."""
    assistant_id: str | None = None
    """The assistant that wrote it; None for a user's."""
    run_id: str | None = None
    """The run that wrote it; None for one made by a request."""
    file_ids: tuple[str, ...] = ABSENT
    """Ids of at most 10 files given along; protocol v1 only."""
    attachments: tuple[Attachment, ...] = ABSENT
    """Files given along; protocol v2 only."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    completed_time = Timestamp("completed_at")
    """`completed_at` as an aware datetime."""
    incomplete_time = Timestamp("incomplete_at")
    """`incomplete_at` as an aware datetime."""

    @property
    def text(self) -> str:
        """The text parts joined with nothing between them; images, refusals and unknown parts are left out."""
        texts = (part.text for part in self.content if isinstance(part, TextContent))
        return "".join(text.value for text in texts if text is not None and text.value is not None)

    def _repr_html_(self) -> str:
        """Write it as notebooks show it: its author and id, and its parts."""
        state = None if self.status in (None, "completed") else f"({self.status})"
        return parts_html((self.role, self.id, state), map(_shown, self.content))

    async def render(self, client: HasMessages, /, *, style: CitationStyle = "footnotes") -> str:
        """The text with references to what it cites in place of the marks: see `client.messages.render`."""
        return await client.messages.render(self, style=style)

    async def save_files(self, client: HasMessages, folder: Path, /, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Download its images and the files that code made: see `client.messages.save_files`."""
        return await client.messages.save_files(self, folder, overwrite=overwrite)


def _shown(part: MessageContent) -> str:
    """Write a part of a message as a text: an image by its file or address, what is not known by its type."""
    match part:
        case TextContent():
            return (part.text and part.text.value) or ""
        case RefusalContent():
            return f"refusal: {part.refusal or ''}"
        case ImageFileContent():
            return f"image {(part.image_file and part.image_file.file_id) or '?'}"
        case ImageURLContent():
            return f"image {(part.image_url and part.image_url.url) or '?'}"
        case _:
            return str(part.type)


class MessageFile(Object, frozen=True, kw_only=True):
    """A file that was given with a message; protocol v1 only (`MessageFileObject`)."""

    promised = ("object", "created_at", "message_id")
    kinds = ("thread.message.file",)

    object: str | None = None
    """`"thread.message.file"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    message_id: str | None = None
    """The message."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
