"""The places of the files that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
FACTS = TESTS / "contract" / "facts.json"
"""Properties, limits and vocabularies of the documents."""
SHARED = ROOT.parent / "shared"
"""Public conformance data, found beside the repository where it is at hand."""
