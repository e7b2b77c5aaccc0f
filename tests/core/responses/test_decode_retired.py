"""The 404 of operations that the vendor has retired, and of others."""

from __future__ import annotations

from assistants_async import EndpointRetiredError, NotFoundError, PermissionDeniedError
from assistants_async.core.responses.decode import error_for
from tests.core.responses.test_decode import NOW, http


def test_404_of_the_vendor_says_where_to_go() -> None:
    """Only its assistants and threads are retired, and its own words come first."""
    vendor, said = "https://api.openai.com/v1/", {"error": {"message": "No thread found with id 'thread_1'."}}
    for path in ("assistants?limit=1", "threads/thread_1", "threads/t/runs/r/steps/s"):
        error = error_for(http(said, 404, url=vendor + path), NOW)
        assert type(error) is EndpointRetiredError
        assert "No thread found with id 'thread_1'; the vendor stopped serving" in str(error)
    elsewhere = (
        "https://api.openai.com.evil.test/v1/threads",
        "https://host.test/api.openai.com",
        "http://[::1]/threads",
    )
    for url in (*elsewhere, f"{vendor}files/threads", f"{vendor}vector_stores/vs_1", f"{vendor}uploads/u/parts"):
        assert type(error_for(http(said, 404, url=url), NOW)) is NotFoundError
    assert type(error_for(http("", 403, url=vendor + "assistants"), NOW)) is PermissionDeniedError
