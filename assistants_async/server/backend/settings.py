"""Settings of the responder over a chat-completions endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """The settings that shape requests; all have a default."""

    model: str | None = None
    """Model of every run; where None, `model_map` decides."""
    model_map: Mapping[str, str] = field(default_factory=dict[str, str])
    """The backend's model for each model name of a run; `"*"` is for every other name."""
    context: int | None = None
    """Tokens that the model can read and write at once; None where the number is unknown."""
    file_search: Literal["auto", "tool", "inject"] = "auto"
    """`"tool"`: the model calls it; `"inject"`: one search before the answer; `"auto"`: as `tools` is."""
    tools: Literal["native", "schema"] = "native"
    """`"schema"`: calls by a JSON schema, for backends that have no tools or ignore `tool_choice`."""
    code_interpreter: Literal["refuse", "ignore"] = "refuse"
    """Treatment of runs with `code_interpreter`: the server itself never runs code."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The backend's name for the token limit of an answer."""

    def resolve(self, model: str) -> str | None:
        """Return the backend's model for a run's; None where a map without `"*"` lacks it."""
        if self.model is not None:
            return self.model
        return self.model_map.get(model) or self.model_map.get("*") or (None if self.model_map else model)

    @property
    def searches_by_tool(self) -> bool:
        """True where the model itself calls `file_search`."""
        return self.file_search == "tool" or (self.file_search == "auto" and self.tools == "native")
