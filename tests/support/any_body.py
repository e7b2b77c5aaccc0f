"""Request bodies made from the specs of the operations: such as the documents allow, and such as they do not."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import inspect

from assistants_async.models.decoding import UNKNOWN

TEXTS = ("", "x", "two words", "/call get_weather {}", "ä\u0000", "n" * 300, "notes.md", "1")
SCALARS: Mapping[type[inspect.Type], Sequence[Any]] = {
    inspect.NoneType: (None,),
    inspect.BoolType: (True, False),
    inspect.IntType: (1, 3, 20, 256, 300, 3600),
    inspect.FloatType: (0, 0.5, 1),
    inspect.AnyType: (None, "x", 1),
}
WRONG: tuple[Any, ...] = (None, True, 0, -1, 10**30, 1.5, "", "x" * 600, [], [[]], [None], {}, {"type": "text"}, [{}])
"""Values that no member, or few, may have."""


class BodyMaker:
    """Makes bodies from the type of an operation's keywords; ids are taken from those that there are."""

    def __init__(self, chance: random.Random, ids: Mapping[str, Sequence[str]]) -> None:
        self._chance = chance
        self._ids = ids

    def valid(self, info: inspect.Type, name: str = "", depth: int = 0) -> Any:
        """Make a value that the type allows."""
        match info:
            case inspect.Metadata(type=inner):
                return self.valid(inner, name, depth)
            case inspect.TypedDictType(fields=fields) | inspect.StructType(fields=fields):
                return self._object(info, fields, depth)
            case inspect.UnionType(types=types):
                return self.valid(self._chance.choice(types), name, depth)
            case inspect.ListType(item_type=item):
                size = self._chance.choice((0, 1, 1, 2)) if depth < 6 else 0
                return [self.valid(item, name, depth + 1) for _ in range(size)]
            case inspect.DictType():
                return {"k": "v"} if self._chance.random() < 0.5 else {}
            case inspect.LiteralType(values=values):
                return self._chance.choice(values)
            case inspect.StrType():
                return self._text(name)
            case _:
                return self._chance.choice(SCALARS[type(info)])

    def spoilt(self, value: Any) -> Any:
        """Make one change somewhere in a body: a wrong value, a member taken away, or one more."""
        if isinstance(value, dict) and value and self._chance.random() < 0.8:
            name = self._chance.choice(list(value))
            return {**value, name: self.spoilt(value[name])}
        if isinstance(value, list) and value and self._chance.random() < 0.7:
            return [self.spoilt(value[0]), *value[1:]]
        match self._chance.randrange(4):
            case 0 if isinstance(value, dict) and value:
                return dict(list(value.items())[1:])
            case 1 if isinstance(value, dict):
                return {**value, "nobody_knows": self._chance.choice(WRONG)}
            case _:
                return self._chance.choice(WRONG)

    def nulled(self, value: Any) -> Any:
        """Put a null in the place of some members, at every depth."""
        if isinstance(value, list):
            return [self.nulled(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: None if self._chance.random() < 0.2 else self.nulled(inner) for name, inner in value.items()}

    def _object(self, info: inspect.Type, fields: Sequence[inspect.Field], depth: int) -> dict[str, Any]:
        tag = getattr(info, "tag", None)
        if tag == UNKNOWN:
            return {"type": self._chance.choice(("mcp", "retrieval", "")), "more": [1]}
        made: dict[str, Any] = {} if tag is None else {"type": tag}
        for field in fields:
            if field.required or self._chance.random() < (0.5 if depth < 3 else 0.2):
                made[field.name] = self.valid(field.type, field.name, depth + 1)
        return made

    def _text(self, name: str) -> str:
        known = self._ids.get(name.removesuffix("s"), ())
        return self._chance.choice((*known, *known, "file-x")) if known else self._chance.choice(TEXTS)
