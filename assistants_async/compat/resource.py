"""The base of every namespace."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, cast

from .._typing import override
from ..client import AssistantsClient
from ..core.keyword_help import show_keywords
from ..errors import did_you_mean
from .options import RequestOptions, is_given, native_options
from .raw_responses import RawResponses

_OPTIONS = RequestOptions.__annotations__.keys()
_PLACES = frozenset(("thread_id", "run_id", "vector_store_id"))
# Ids of the path that go by name; others by name are members of the body, which the server checks.


def without_version(client: AssistantsClient) -> AssistantsClient:
    """Make a view for what openai-python sends without a version of the protocol: files and uploads."""
    return client.with_options(headers={"openai-beta": None})


class Resource:
    """A namespace of methods that turn openai-python's arguments into calls of the native client."""

    noun: ClassVar[str]
    """Its place in the client, for messages."""
    answers: ClassVar[tuple[str, ...]] = ()
    """The methods that `with_raw_response` has."""

    @override
    def __init_subclass__(cls) -> None:
        show_keywords(cls)
        for name, method in list(vars(cls).items()):
            if isinstance(method, types.FunctionType) and not name.startswith("_"):
                setattr(cls, name, _counted(method, f"{cls.noun}.{name}"))

    def __init__(self, client: AssistantsClient) -> None:
        self._client = client

    def _part(
        self, method: str, params: type, keywords: Mapping[str, Any], *, body: bool = True
    ) -> tuple[AssistantsClient, dict[str, Any]]:
        """Check the names of keywords, and part them: options make a view of the client, the rest is sent."""
        known, wanted = cast("Any", params).__annotations__, cast("Any", params).__required_keys__
        for name in keywords:
            if name not in known:
                hint = did_you_mean(name, known)
                raise TypeError(f"{self.noun}.{method}() got an unexpected keyword argument {name!r}{hint}")
        # `NOT_GIVEN` and `omit` mean left out; of an option they mean the client's own.
        given = {name: value for name, value in keywords.items() if name in _OPTIONS or is_given(value)}
        if missing := sorted(wanted - given.keys()):
            raise TypeError(f"{self.noun}.{method}() needs {', '.join(f'{name}=' for name in missing)}")
        changes = native_options(given, body=body)
        client = self._client.with_options(**cast("Any", changes)) if changes else self._client
        return client, {name: value for name, value in given.items() if name not in _OPTIONS}

    @property
    def with_raw_response(self) -> RawResponses:
        """The same methods, awaited for the whole answer: `parse()` gives the value."""
        return responses_of(self, "raw", "with_raw_response")

    @property
    def with_streaming_response(self) -> RawResponses:
        """The same methods, entered for the answer at its head, whose body is read on demand."""
        return responses_of(self, "streamed", "with_streaming_response")


def _counted(method: types.FunctionType, name: str) -> Callable[..., Any]:
    """Refuse empty ids, and arguments by position beyond those that openai-python takes so, by their names."""
    # Read once, when the class is made, and not at each call.
    code = method.__code__
    ids = code.co_varnames[1 : code.co_argcount]
    places = _PLACES.union(ids)

    @wraps(method)
    def checked(self: Any, *args: Any, **keywords: Any) -> Any:
        if len(args) > len(ids):
            taken = f"takes only {', '.join(ids)} by position" if ids else "takes nothing by position"
            raise TypeError(f"{name}() {taken}, and was given {len(args)} arguments: write the rest as name=value")
        for place, value in (*zip(ids, args, strict=False), *keywords.items()):
            # An empty id would make the path of another operation, such as the list of all.
            if place in places and (value is None or value == ""):
                raise ValueError(f"Expected a non-empty value for `{place}` but received {value!r}, in {name}()")
        return method(self, *args, **keywords)

    return checked


def responses_of(namespace: object, form: str, view: str) -> RawResponses:
    """Make the namespace whose methods give an answer in another form than its value."""

    def answering(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any, **keywords: Any) -> Any:
            return getattr(method(*args, **keywords), form)()

        return call

    made = {name: answering(getattr(namespace, name)) for name in getattr(namespace, "answers", ())}
    inner = {name: value for name, value in vars(namespace).items() if isinstance(value, Resource)}
    return RawResponses(made | {name: getattr(value, view) for name, value in inner.items()})
