"""The house of the tests: each module's tests are in the folder of the module, under its name."""

from __future__ import annotations

from pathlib import Path

import pytest

import assistants_async
from tests.support.places import TESTS

PACKAGE = Path(assistants_async.__file__).parent

ELSEWHERE = {
    "__main__": "cli/test_cli.py",
    "_typing": "test_typing.py",
    "_version": "test_packaging.py",
    "calls/chunk_stream": "workflows/runs/test_channel_from_sse.py",
    "calls/items": "calls/test_lists.py",
    "calls/pages": "calls/test_lists.py",
    "calls/save_to_disk": "calls/test_download.py",
    "cli": "cli/test_cli.py",
    "client": "client/test_life.py",
    "compat/assistants": "compat/test_resource.py",
    "compat/content": "compat/test_raw_responses.py",
    "compat/file_batches": "compat/test_vector_stores.py",
    "compat/files": "compat/test_resource.py",
    "compat/messages": "compat/test_resource.py",
    "compat/options": "compat/test_client.py",
    "compat/params": "compat/test_resource.py",
    "compat/pending": "compat/test_client.py",
    "compat/processing": "compat/test_vector_stores.py",
    "compat/steps": "compat/test_resource.py",
    "compat/stream": "compat/test_event_handler.py",
    "compat/threads": "compat/test_resource.py",
    "compat/uploads": "compat/test_resource.py",
    "compat/web": "compat/test_errors.py",
    "core/requests/endpoint": "test_endpoints.py",
    "core/requests/option_checks": "session/test_settings_types.py",
    "core/streams/item_decoders": "core/streams/test_body_decoders.py",
    "core/streams/json_scanner": "core/streams/test_json_framers.py",
    "core/streams/run_decoders": "core/streams/test_body_decoders.py",
    "errors": "client/test_errors.py",
    "models": "contract/test_models.py",
    "models/params": "contract/test_keywords.py",
    "models/params_vector_stores": "contract/test_keywords.py",
    "resources": "test_endpoints.py",
    "moving": "moving/test_exporter.py",
    "session/keywords": "session/test_settings_types.py",
    "server/app": "server/test_server.py",
    "server/backend": "server/backend/test_chat.py",
    "server/engine": "server/engine/test_active_run.py",
    "server/handlers": "server/test_shapes.py",
    "server/handlers/attempts": "server/requests/test_idempotency.py",
    "server/health": "cli/test_backend.py",
    "server/request_log": "server/test_bounds.py",
    "server/requests": "server/requests/test_bodies.py",
    "server/storage": "server/storage/test_stores.py",
    "server/storage/due_times": "server/test_bounds.py",
    "server/storage/memory_events": "server/storage/test_stores_events.py",
    "server/storage/postgres_reads": "server/storage/test_stores.py",
    "server/storage/postgres_runs": "server/storage/test_postgres.py",
    "server/storage/postgres_writes": "server/storage/test_stores_runs.py",
    "server/storage/quota": "server/test_bounds.py",
    "server/storage/run_rows": "server/storage/test_stores_runs.py",
    "session": "session/test_retries.py",
    "session/azure": "session/test_settings.py",
    "testing/chat_backend": "server/backend/test_chat.py",
    "testing/faults": "testing/faults/test_rules.py",
    "tools/class_members": "tools/test_mixed_types.py",
    "tools/events": "tools/test_toolbox_limits.py",
    "tools/nulls": "tools/test_schema.py",
    "tools/pydantic_adapter": "tools/test_mixed_types.py",
    "tools/pydantic_types": "tools/test_mixed_types.py",
    "tools/signatures": "tools/test_schema.py",
    "transport": "testing/faults/test_connections.py",
    "transport/decompressed": "testing/faults/test_bodies.py",
    "workflows/concurrency": "workflows/files/test_ingest.py",
    "workflows/files/ingest_sources": "workflows/files/test_ingest.py",
    "workflows/files/part_limits": "workflows/files/test_upload_in_parts.py",
    "workflows/runs": "workflows/runs/test_drive.py",
}
"""The tests of modules, and of what is left of folders, that none of their own name has: they show a part of something
larger, and are tested through it."""

MODULES = [
    path.relative_to(PACKAGE).with_suffix("").as_posix()
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py"
]


def own(module: str) -> bool:
    """Look for test modules of this name: `test_sse.py`, or several that begin with it."""
    folder, _, name = module.rpartition("/")
    return any(
        path.stem == f"test_{name}" or path.stem.startswith(f"test_{name}_")
        for path in TESTS.joinpath(folder).glob("*.py")
    )


def entry(module: str) -> str | None:
    """Find the entry of a module without tests of its own: its own one, or that of the nearest folder."""
    places = [module, *map(str, Path(module).parents)]
    return next((place for place in places if place in ELSEWHERE), None)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_tests(module: str) -> None:
    """Under its name, or where the list says."""
    assert own(module) or entry(module)


def test_the_list_has_no_useless_entry() -> None:
    """Each of its test modules exists, and each entry is of use."""
    assert [path for path in ELSEWHERE.values() if not (TESTS / path).is_file()] == []
    assert {entry(module) for module in MODULES if not own(module)} == ELSEWHERE.keys()


def test_no_module_of_tests_is_long() -> None:
    """A subject that takes more than 400 lines has parts."""
    long = {
        path.relative_to(TESTS).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in TESTS.rglob("*.py")
    }
    assert {path: lines for path, lines in long.items() if lines > 400} == {}
