"""Calls in run steps of tools that Foundry hosts; in no document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from .._typing import Generic
from .base import EMPTY, Model, Object, Tag, Tag_co, Tagged


class MCPToolCall(Object, Tagged[Tag["mcp"]], frozen=True, kw_only=True, tag="mcp"):
    """A call of an MCP server's tool."""

    server_label: str | None = None
    """The server, by the label of the assistant's tool."""
    name: str | None = None
    """Name of the server's tool."""
    arguments: str | None = None
    """Its arguments as JSON text."""
    output: str | None = None
    """The server's answer; None until then, and where the call was refused."""


class HostedToolCall(Object, Tagged[Tag_co], Generic[Tag_co], frozen=True, kw_only=True):
    """A call of a tool that the server runs itself: one class below for each tool."""

    @property
    def details(self) -> Mapping[str, Any]:
        """The arguments and results of the call: the member that has the name of its type."""
        return getattr(self, self.type, None) or {}


class AISearchCall(HostedToolCall[Tag["azure_ai_search"]], frozen=True, kw_only=True, tag="azure_ai_search"):
    """A search in an index of Azure AI Search."""

    azure_ai_search: dict[str, Any] | None = None
    """Arguments and results of the call."""


class AzureFunctionCall(HostedToolCall[Tag["azure_function"]], frozen=True, kw_only=True, tag="azure_function"):
    """A call of an Azure Function, which the server makes."""

    azure_function: dict[str, Any] | None = None
    """Arguments and results of the call."""


class BingCustomSearchCall(
    HostedToolCall[Tag["bing_custom_search"]], frozen=True, kw_only=True, tag="bing_custom_search"
):
    """A search in chosen sites by Bing."""

    bing_custom_search: dict[str, Any] | None = None
    """Arguments and results of the call."""


class BingGroundingCall(HostedToolCall[Tag["bing_grounding"]], frozen=True, kw_only=True, tag="bing_grounding"):
    """A search of the web by Bing."""

    bing_grounding: dict[str, Any] | None = None
    """Arguments and results of the call."""


class BrowserAutomationCall(
    HostedToolCall[Tag["browser_automation"]], frozen=True, kw_only=True, tag="browser_automation"
):
    """A task done in a browser."""

    browser_automation: dict[str, Any] | None = None
    """Arguments and results of the call."""


class ComputerUseCall(
    HostedToolCall[Tag["computer_use_preview"]], frozen=True, kw_only=True, tag="computer_use_preview"
):
    """An action on a screen."""

    computer_use_preview: dict[str, Any] | None = None
    """Arguments and results of the call."""


class ConnectedAgentCall(HostedToolCall[Tag["connected_agent"]], frozen=True, kw_only=True, tag="connected_agent"):
    """A question to another agent, with `name`, `arguments` and `output`."""

    connected_agent: dict[str, Any] | None = None
    """Arguments and results of the call."""


class DeepResearchCall(HostedToolCall[Tag["deep_research"]], frozen=True, kw_only=True, tag="deep_research"):
    """A research, with `input` and `output`."""

    deep_research: dict[str, Any] | None = None
    """Arguments and results of the call."""


class FabricCall(HostedToolCall[Tag["fabric_dataagent"]], frozen=True, kw_only=True, tag="fabric_dataagent"):
    """A question to a data agent of Microsoft Fabric."""

    fabric_dataagent: dict[str, Any] | None = None
    """Arguments and results of the call."""


class OpenAPICall(HostedToolCall[Tag["openapi"]], frozen=True, kw_only=True, tag="openapi"):
    """A call of a web API that an OpenAPI document describes."""

    openapi: dict[str, Any] | None = None
    """Arguments and results of the call."""


class SharePointCall(
    HostedToolCall[Tag["sharepoint_grounding"]], frozen=True, kw_only=True, tag="sharepoint_grounding"
):
    """A search in SharePoint."""

    sharepoint_grounding: dict[str, Any] | None = None
    """Arguments and results of the call."""


HostedCall = (
    MCPToolCall
    | AISearchCall
    | AzureFunctionCall
    | BingCustomSearchCall
    | BingGroundingCall
    | BrowserAutomationCall
    | ComputerUseCall
    | ConnectedAgentCall
    | DeepResearchCall
    | FabricCall
    | OpenAPICall
    | SharePointCall
)
"""A call of a tool that Foundry hosts, distinguished by `type`."""


class Activity(Model, frozen=True, kw_only=True):
    """Something that a run did besides messages and calls, such as listing the tools of an MCP server."""

    type: Literal["mcp_list_tools"] | str | None = None
    """The work that it did."""
    id: str | None = None
    """Its id."""
    server_label: str | None = None
    """The MCP server."""
    tools: dict[str, Any] | None = None
    """The server's tools by their names, each with `description` and `parameters`."""


class ActivityDetails(Tagged[Tag["activities"]], frozen=True, kw_only=True, tag="activities"):
    """A step of activities."""

    activities: tuple[Activity, ...] = EMPTY
    """The activities, in order."""
