"""One request given to its handler: again where others have changed its objects, and only once under its key."""

from __future__ import annotations

import msgspec
from aiohttp import web

from ..errors import APIError, busy
from ..requests.context import Context
from ..requests.idempotency import KeyedRequest, whole
from ..storage.batch import Batch
from ..storage.interface import ConflictError, Document
from .replays import json_answer, replay
from .table import HANDLERS

# Tries of a request whose objects other requests change at the same time.
_TRIES = 10


async def respond(context: Context) -> web.StreamResponse:
    """Serve a request that passed all common checks."""
    key = context.key
    if key is None:
        for _ in range(_TRIES):
            try:
                return await _served(context)
            except ConflictError:
                context = _again(context)
        raise busy()
    answers = context.state.answers
    await answers.sweep(context.state.now)
    await answers.enter(key)
    try:
        return await _respond_once(context, key)
    finally:
        answers.leave(key)


async def _respond_once(context: Context, key: KeyedRequest) -> web.StreamResponse:
    """Serve a request with a key, or answer as an earlier one was answered.

    The earlier answer is looked for where the request fails: a commit never passes one, and few requests are repeated.
    """
    for _ in range(_TRIES):
        refusal: APIError | None = None
        try:
            return await _served(context)
        except ConflictError:
            context = _again(context)
        except APIError as error:
            # What the earlier request did may be the reason, such as the run that it has started.
            refusal = error
        kept = await context.state.answers.find(key, context.state.now)
        if kept is not None:
            context.state.answers.leave(key)
            return await replay(context, kept)
        if refusal is not None:
            raise refusal
    raise busy()


async def _served(context: Context) -> web.StreamResponse:
    answer: Document | web.StreamResponse = await HANDLERS[context.endpoint.operation](context)
    if not isinstance(answer, dict):
        await context.batch.commit()
        return answer
    body = msgspec.json.encode(answer)
    if context.batch.has_changes:
        if context.key is not None:
            context.keep(whole(body, context.headers))
        await context.batch.commit()
    return json_answer(body, context.headers)


def _again(context: Context) -> Context:
    return msgspec.structs.replace(context, batch=Batch(context.state.store), headers={})
