"""Settings of a model behind a chat-completions endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """The part of the settings that decides over requests; all have a default."""

    model: str | None = None
    """Model of every run; where None, `model_map` decides."""
    model_map: Mapping[str, str] = field(default_factory=dict[str, str])
    """Model of the backend by the name that a run has; `"*"` is for every other name."""
    context: int | None = None
    """Tokens that the model can read and write at once; None where it is not known."""
    file_search: Literal["auto", "tool", "inject"] = "auto"
    """`"tool"`: the model calls it; `"inject"`: one search before the first answer; `"auto"`: as `tools` allows."""
    tools: Literal["native", "schema"] = "native"
    """`"schema"`: calls are held by a JSON schema, for backends that have no tools or do not enforce `tool_choice`."""
    code_interpreter: Literal["refuse", "ignore"] = "refuse"
    """Treatment of runs with `code_interpreter`, since nothing is ever run on the server."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """Name that the backend has for the limit of an answer."""

    def resolve(self, model: str) -> str | None:
        """Return the backend's name for a run's model; None where a map without `"*"` does not have it."""
        if self.model is not None:
            return self.model
        return self.model_map.get(model) or self.model_map.get("*") or (None if self.model_map else model)

    @property
    def searches_by_tool(self) -> bool:
        """Tell whether the model itself calls `file_search`."""
        return self.file_search == "tool" or (self.file_search == "auto" and self.tools == "native")
