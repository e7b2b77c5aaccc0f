"""Vector stores, and searching them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests.context import Context, Handler
from ..requests.pages import envelope, page_of, token_page
from ..storage.documents import deleted, given
from ..storage.interface import Document
from ..storage.search import Found
from .attachments import require

_RESULTS = 10


async def create(context: Context) -> Document:
    """Serve `createVectorStore`."""
    await require(context, context.values.get("file_ids") or ())
    return await _shown(context, await context.state.library.make(context.batch, context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getVectorStore`."""
    return await _shown(context, await _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyVectorStore`."""
    store = await _find(context)
    changes = given(context.values, ("name", "expires_after", "metadata"))
    return await _shown(context, context.batch.save("vector_store", {**store, **changes}))


async def delete(context: Context) -> Document:
    """Serve `deleteVectorStore`; its files stay."""
    store_id = context.ids["vector_store_id"]
    await context.state.library.forget(context.batch, store_id)
    return deleted("vector_store.deleted", store_id)


async def index(context: Context) -> Document:
    """Serve `listVectorStores`."""
    found = await page_of(context, "vector_store")
    return envelope([await _shown(context, row.document) for row in found.rows], more=found.more)


async def search(context: Context) -> Document:
    """Serve `searchVectorStore`: BM25 over the chunks of its files; several queries count together."""
    library = context.state.library
    store = await library.use(context.batch, context.ids["vector_store_id"])
    values = context.values
    query = values["query"]
    queries: list[str] = [query] if isinstance(query, str) else list(query)
    ranking: Mapping[str, Any] = values.get("ranking_options") or {}
    found = await library.search(
        context.batch.store,
        [store["id"]],
        # Joined, since the scores of separate searches could not be compared.
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
        # The last digits depend on the order in which scores were added up.
        "score": round(found.score, 6),
        "attributes": found.source.attributes,
        "content": [{"type": "text", "text": found.chunk.text}],
    }


async def _shown(context: Context, store: Document) -> Document:
    return context.render("vector_store", await context.state.library.shown(context.batch, store))


async def _find(context: Context) -> Document:
    return await context.batch.get("vector_store", context.ids["vector_store_id"])


HANDLERS: Mapping[str, Handler] = {
    "listVectorStores": index,
    "createVectorStore": create,
    "getVectorStore": retrieve,
    "modifyVectorStore": modify,
    "deleteVectorStore": delete,
    "searchVectorStore": search,
}
"""By operationId."""
