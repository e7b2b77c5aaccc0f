"""Vector stores, and searching them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests.context import Context, Handler
from ..requests.pages import page, token_page
from ..storage.collection import Document
from ..storage.documents import deleted, given
from ..storage.search import Found
from .attachments import require

_RESULTS = 10


async def create(context: Context) -> Document:
    """Serve `createVectorStore`."""
    require(context, context.values.get("file_ids") or ())
    return _shown(context, context.state.library.make(context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getVectorStore`."""
    return _shown(context, _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyVectorStore`."""
    store = _find(context)
    changes = given(context.values, ("name", "expires_after", "metadata"))
    store.update(changes)
    context.store.vector_stores.measure(store)
    return _shown(context, store)


async def delete(context: Context) -> Document:
    """Serve `deleteVectorStore`; its files stay."""
    store = _find(context)
    context.state.library.forget(store["id"])
    return deleted("vector_store.deleted", store["id"])


async def index(context: Context) -> Document:
    """Serve `listVectorStores`."""
    return page(context.store.vector_stores, context.values, lambda store: _shown(context, store))


async def search(context: Context) -> Document:
    """Serve `searchVectorStore`: BM25 over the chunks of its files; several queries count together."""
    store = context.state.library.use(context.ids["vector_store_id"])
    values = context.values
    query = values["query"]
    queries: list[str] = [query] if isinstance(query, str) else list(query)
    ranking: Mapping[str, Any] = values.get("ranking_options") or {}
    found = context.state.library.search(
        [store["id"]],
        " ".join(queries),
        condition=values.get("filters"),
        least=ranking.get("score_threshold") or 0.0,
    )
    shown = token_page(context, [_result(one) for one in found], values.get("max_num_results") or _RESULTS)
    return {"object": "vector_store.search_results.page", "search_query": queries, **shown}


def _result(found: Found) -> Document:
    return {
        "file_id": found.source.file_id,
        "filename": found.source.filename,
        "score": round(found.score, 6),
        "attributes": found.source.attributes,
        "content": [{"type": "text", "text": found.chunk.text}],
    }


def _shown(context: Context, store: Document) -> Document:
    return context.render("vector_store", context.state.library.shown(store))


def _find(context: Context) -> Document:
    return context.store.vector_stores.get(context.ids["vector_store_id"])


HANDLERS: Mapping[str, Handler] = {
    "listVectorStores": index,
    "createVectorStore": create,
    "getVectorStore": retrieve,
    "modifyVectorStore": modify,
    "deleteVectorStore": delete,
    "searchVectorStore": search,
}
"""By operationId."""
