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
from .places import Places, index_of
from .step_snapshot import StepFold

_NOWHERE: tuple[str | None, int | None, list[str]] = (None, None, [])


class Snapshot:
    """The state of a run as its events describe it so far: its thread, run, messages and steps."""

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
        # By exact type: most events of a stream are these, and `isinstance` costs more.
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

    __slots__ = ("_counted", "_next", "_size", "annotations", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.annotations: dict[int, messages.Annotation] = {}
        self._counted = self._size = self._next = 0

    @property
    def size(self) -> int:
        """Characters of its text."""
        # Each piece is counted once: a server may send the whole object between any two pieces.
        self._size += sum(map(len, self.pieces[self._counted :]))
        self._counted = len(self.pieces)
        return self._size

    def go_on_from(self, text: messages.Text) -> None:
        """Take over what a whole object had."""
        self.pieces.append(text.value or "")
        self.annotations.update(enumerate(text.annotations))
        self._next = len(text.annotations)

    def annotate(self, annotations: Iterable[deltas.MessageDeltaAnnotation]) -> None:
        """Add annotations at their indexes; one whose index another has goes behind them all."""
        # Servers number annotations by message or by delta: one index may come twice and mean two marks.
        for delta in annotations:
            index, annotation = index_of(delta), _annotation(delta)
            if not _is_again(annotation, self.annotations.get(index, annotation)):
                index = self._next
            self.annotations[index] = annotation
            self._next = max(self._next, index + 1)

    def whole(self) -> messages.TextContent:
        annotations = tuple(self.annotations[index] for index in sorted(self.annotations))
        return messages.TextContent(text=messages.Text(value="".join(self.pieces), annotations=annotations))


def _annotation(delta: deltas.MessageDeltaAnnotation) -> messages.Annotation:
    if isinstance(delta, Unknown):
        return delta
    members = {name: getattr(delta, name) for name in (*delta.fields(), "_extra") if name != "index"}
    if isinstance(delta, deltas.MessageDeltaFileCitation):
        return messages.FileCitationAnnotation(**members)
    if isinstance(delta, deltas.MessageDeltaURLCitation):
        return messages.URLCitationAnnotation(**members)
    return messages.FilePathAnnotation(**members)


def _is_again(annotation: messages.Annotation, before: messages.Annotation) -> bool:
    """Compare two annotations but for their text, which a server may correct."""
    if isinstance(annotation, Unknown) or type(annotation) is not type(before):
        return annotation == before
    return msgspec.structs.replace(annotation, text=None) == msgspec.structs.replace(before, text=None)


class _RefusalPart:
    """A refusal part: pieces of its text."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def whole(self) -> messages.RefusalContent:
        return messages.RefusalContent(refusal="".join(self.pieces))


_Part = _TextPart | _RefusalPart | messages.MessageContent


def _whole(part: _Part) -> messages.MessageContent:
    return part.whole() if isinstance(part, (_TextPart, _RefusalPart)) else part


def _size_of(part: _Part) -> int:
    return len(part.text.value or "") if isinstance(part, messages.TextContent) and part.text is not None else 0


class MessageFold:
    """One message as far as it has come."""

    __slots__ = ("_base", "_id", "_parts", "text_length_before")

    def __init__(self, id: str) -> None:
        self._id = id
        self._base: Message | None = None
        self._parts: Places[_Part] = Places()
        self.text_length_before = 0
        """Characters of text that had arrived before the last whole object."""

    def replace(self, message: Message) -> None:
        """Take a whole object; one without content, such as the first, leaves what deltas have brought."""
        # A server may send a whole object after its deltas: views of the text must not yield those twice.
        if self._parts or self._base is not None:
            self.text_length_before = self._size()
        self._base = message
        # The first object of a message is empty, and may arrive after its first deltas.
        if message.content:
            self._parts.clear()

    def _size(self) -> int:
        """Characters of its text as far as it has come: the whole may be large, and is not put together for that."""
        size = 0
        for part in self._parts.values() if self._parts.earlier is None else self._parts.ordered():
            size += part.size if type(part) is _TextPart else _size_of(part)
        for index, content in enumerate(self._base.content if self._base is not None else ()):
            if index not in self._parts:
                size += _size_of(content)
        return size

    def add(self, delta: deltas.MessageDelta) -> None:
        """Put a delta behind what there is."""
        if delta.delta is None:
            return
        for content in delta.delta.content:
            if type(content) is deltas.MessageDeltaText:
                # An index below 0 has no place: its text goes to the first part.
                index = max(0, content.index)
                part = self._parts.get(index)
                if type(part) is not _TextPart:
                    part = self._begin_text(index)
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

    def open_part(self, delta: deltas.MessageDelta) -> tuple[int | None, list[str]]:
        """Index and pieces of the text part that a delta has just added to; no index where there is none."""
        content = delta.delta.content if delta.delta is not None else ()
        last = content[-1] if content else None
        if type(last) is not deltas.MessageDeltaText:
            return None, []
        index = max(0, last.index)
        part = self._parts.get(index)
        return (index, part.pieces) if type(part) is _TextPart else (None, [])

    def _begin_text(self, index: int) -> _TextPart:
        """Make a text part that goes on behind what the last whole object, or another kind of part, had there."""
        part = _TextPart()
        before = self._before(index)
        if before is None and index not in self._parts:
            self._parts[index] = part
            return part
        if isinstance(before, messages.TextContent) and index not in self._parts:
            if before.text is not None:
                part.go_on_from(before.text)
            before = None
        self._parts.put(index, part, before)
        return part

    def _begin_refusal(self, index: int) -> _RefusalPart:
        part = _RefusalPart()
        before = self._before(index)
        if isinstance(before, messages.RefusalContent) and index not in self._parts:
            part.pieces.append(before.refusal or "")
            before = None
        self._parts.put(index, part, before)
        return part

    def _before(self, index: int) -> messages.MessageContent | None:
        content = self._base.content if self._base is not None else ()
        return content[index] if index < len(content) else None

    def _add_other(self, content: deltas.MessageDeltaContent) -> None:
        index = index_of(content)
        now = self._parts.get(index)
        if isinstance(content, deltas.MessageDeltaRefusal):
            part = now if isinstance(now, _RefusalPart) else self._begin_refusal(index)
            part.pieces.append(content.refusal or "")
        elif isinstance(content, deltas.MessageDeltaImageFile):
            self._put(index, messages.ImageFileContent(image_file=content.image_file))
        elif isinstance(content, deltas.MessageDeltaImageURL):
            self._put(index, messages.ImageURLContent(image_url=content.image_url))
        else:
            assert isinstance(content, Unknown)  # texts are added apart
            if isinstance(now, Unknown) and now.type == content.type and "index" in content.raw:
                self._parts[index] = content  # what there is of it now, as nobody knows how to add it up
            else:
                self._put(index, content)

    def _put(self, index: int, part: messages.MessageContent) -> None:
        """Put a whole part at its index, unless it is there; another one that is there stays in front of it."""
        now = self._parts.get(index) or self._before(index)
        if now != part:
            self._parts.put(index, part, self._before(index))

    def whole(self) -> Message:
        """The message as far as it has come; parts in the order of their indexes, gaps closed."""
        base = self._base or Message(id=self._id, object="thread.message", role="assistant")
        if not self._parts:
            return base
        content: dict[int, list[_Part]] = {index: [part] for index, part in enumerate(base.content)}
        content.update((index, self._parts.all_of(index)) for index in self._parts)
        parts = (part for index in sorted(content) for part in content[index])
        return msgspec.structs.replace(base, content=tuple(map(_whole, parts)))
