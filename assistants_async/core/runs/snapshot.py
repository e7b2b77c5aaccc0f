"""Deltas folded into snapshots: pieces are kept as they come, and joined when somebody looks.

Goals: time linear in the text; streams as servers really send them, with deltas of messages that were never
announced, gaps in the indexes, objects completed twice or never.

Plan: a message or step is the last whole object that came, and the parts that deltas added to it since, by index in
a dict. A part keeps its pieces in lists. A whole object with content takes the place of all parts before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...models import deltas, messages
from ...models.events import MessageDeltaEvent, MessageEvent, RunEvent, RunStepDeltaEvent, RunStepEvent, ThreadEvent
from ...models.messages import Message
from ...models.runs import Run
from ...models.steps import RunStep
from ...models.threads import Thread
from ...models.unions import Unknown
from .step_snapshot import StepFold, index_of

_NOWHERE: tuple[str | None, int, list[str]] = (None, -1, [])


class Snapshot:
    """What a run's stream has told so far: its thread, run, messages and steps."""

    __slots__ = ("_messages", "_open", "_steps", "run", "thread")

    def __init__(self) -> None:
        self.thread: Thread | None = None
        """The thread that was made with the run."""
        self.run: Run | None = None
        """The run as its last event showed it."""
        self._messages: dict[str, MessageFold] = {}
        self._steps: dict[str, StepFold] = {}
        self._open = _NOWHERE
        # Where the last text went: message, part and its pieces. Nearly every event of a stream goes on there.

    @property
    def messages(self) -> tuple[Message, ...]:
        """The run's messages as far as they have come, in the order they began."""
        return tuple(fold.whole() for fold in self._messages.values())

    @property
    def steps(self) -> tuple[RunStep, ...]:
        """The run's steps as far as they have come, in the order they began."""
        return tuple(fold.whole() for fold in self._steps.values())

    def message(self, id: str) -> MessageFold:
        """The fold of one message, empty if nothing of it has come."""
        fold = self._messages.get(id)
        if fold is None:
            fold = self._messages[id] = MessageFold(id)
        return fold

    def step(self, id: str) -> StepFold:
        """The fold of one step, empty if nothing of it has come."""
        fold = self._steps.get(id)
        if fold is None:
            fold = self._steps[id] = StepFold(id)
        return fold

    def add(self, event: object) -> None:
        """Take the next event into account; what is none of a run's changes nothing."""
        if type(event) is MessageDeltaEvent:
            delta = event.data
            message, index, pieces = self._open
            changes = delta.delta
            if delta.id == message and changes is not None and changes.role is None and len(changes.content) == 1:
                part = changes.content[0]
                if type(part) is deltas.MessageDeltaText and part.index == index:
                    text = part.text
                    if text is not None and text.value and not text.annotations:
                        pieces.append(text.value)
                        return
            fold = self.message(delta.id)
            fold.add(delta)
            self._open = (delta.id, *fold.open_part(delta))
        else:
            self._add_other(event)

    def _add_other(self, event: object) -> None:
        if type(event) is RunStepDeltaEvent:
            self.step(event.data.id).add(event.data)
        elif type(event) is RunEvent:
            self.run = event.data
        elif type(event) is MessageEvent:
            self._open = _NOWHERE
            self.message(event.data.id).replace(event.data)
        elif type(event) is RunStepEvent:
            self.step(event.data.id).replace(event.data)
        elif type(event) is ThreadEvent:
            self.thread = event.data


class _TextPart:
    """A text part: pieces of its value, annotations by their index."""

    __slots__ = ("_counted", "_size", "annotations", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.annotations: dict[int, messages.Annotation] = {}
        self._counted = self._size = 0

    @property
    def size(self) -> int:
        """Characters of its text."""
        # Each piece is counted once: a server may send the whole object between any two pieces.
        self._size += sum(map(len, self.pieces[self._counted :]))
        self._counted = len(self.pieces)
        return self._size

    def annotate(self, annotations: Iterable[deltas.MessageDeltaAnnotation]) -> None:
        for annotation in annotations:
            self.annotations[index_of(annotation)] = _annotation(annotation)

    def whole(self) -> messages.TextContent:
        annotations = tuple(self.annotations[index] for index in sorted(self.annotations))
        return messages.TextContent(text=messages.Text(value="".join(self.pieces), annotations=annotations))


def _annotation(delta: deltas.MessageDeltaAnnotation) -> messages.Annotation:
    if isinstance(delta, Unknown):
        return delta
    members = {name: getattr(delta, name) for name in delta.fields() if name != "index"}
    if isinstance(delta, deltas.MessageDeltaFileCitation):
        return messages.FileCitationAnnotation(**members)
    return messages.FilePathAnnotation(**members)


class _RefusalPart:
    """A refusal part: pieces of its text."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def whole(self) -> messages.RefusalContent:
        return messages.RefusalContent(refusal="".join(self.pieces))


class MessageFold:
    """One message as far as it has come."""

    __slots__ = ("_base", "_id", "_parts", "text_length_before")

    def __init__(self, id: str) -> None:
        self._id = id
        self._base: Message | None = None
        self._parts: dict[int, _TextPart | _RefusalPart | messages.MessageContent] = {}
        self.text_length_before = 0
        """How many characters of text had come before the last whole object."""

    def replace(self, message: Message) -> None:
        """Take a whole object; one without content, such as the first, leaves what deltas have brought."""
        self.text_length_before = self._size()
        self._base = message
        if message.content:
            self._parts.clear()

    def _size(self) -> int:
        """Characters of its text as far as it has come: the whole may be large, and is not put together for that."""
        size = 0
        for part in self._parts.values():
            if type(part) is _TextPart:
                size += part.size
        for index, content in enumerate(self._base.content if self._base is not None else ()):
            if index not in self._parts and isinstance(content, messages.TextContent) and content.text is not None:
                size += len(content.text.value or "")
        return size

    def add(self, delta: deltas.MessageDelta) -> None:
        """Put a delta behind what there is."""
        if delta.delta is None:
            return
        for content in delta.delta.content:
            if type(content) is deltas.MessageDeltaText:
                part = self._parts.get(content.index)
                if type(part) is not _TextPart:
                    part = self._parts[content.index] = self._seeded(content.index)
                text = content.text
                if text is not None:
                    if text.value:
                        part.pieces.append(text.value)
                    if text.annotations:
                        part.annotate(text.annotations)
            else:
                self._add_other(content)
        if self._base is None and delta.delta.role is not None:
            self._base = Message(id=self._id, object="thread.message", role=delta.delta.role)

    def open_part(self, delta: deltas.MessageDelta) -> tuple[int, list[str]]:
        """Index and pieces of the text part that a delta has just added to; -1 where there is none."""
        content = delta.delta.content if delta.delta is not None else ()
        index = index_of(content[-1]) if content else -1
        part = self._parts.get(index)
        return (index, part.pieces) if type(part) is _TextPart else (-1, [])

    def _seeded(self, index: int) -> _TextPart:
        """A text part that goes on behind what the last whole object had in its place."""
        part = _TextPart()
        before = self._before(index)
        if isinstance(before, messages.TextContent) and before.text is not None:
            part.pieces.append(before.text.value or "")
            part.annotations.update(enumerate(before.text.annotations))
        return part

    def _before(self, index: int) -> messages.MessageContent | None:
        content = self._base.content if self._base is not None else ()
        return content[index] if index < len(content) else None

    def _add_other(self, content: deltas.MessageDeltaContent) -> None:
        index = index_of(content)
        if isinstance(content, deltas.MessageDeltaRefusal):
            part = self._parts.get(index)
            if not isinstance(part, _RefusalPart):
                part = self._parts[index] = _RefusalPart()
                before = self._before(index)
                part.pieces.append(before.refusal or "" if isinstance(before, messages.RefusalContent) else "")
            part.pieces.append(content.refusal or "")
        elif isinstance(content, deltas.MessageDeltaImageFile):
            self._parts[index] = messages.ImageFileContent(image_file=content.image_file)
        elif isinstance(content, deltas.MessageDeltaImageURL):
            self._parts[index] = messages.ImageURLContent(image_url=content.image_url)
        elif isinstance(content, Unknown):
            self._parts[index] = content

    def whole(self) -> Message:
        """The message as far as it has come; parts in the order of their indexes, gaps closed."""
        base = self._base or Message(id=self._id, object="thread.message", role="assistant")
        if not self._parts:
            return base
        content: dict[int, messages.MessageContent] = dict(enumerate(base.content))
        for index, part in self._parts.items():
            content[index] = part.whole() if isinstance(part, (_TextPart, _RefusalPart)) else part
        return msgspec.structs.replace(base, content=tuple(content[index] for index in sorted(content)))
