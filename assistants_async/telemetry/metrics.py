"""The metrics of a client: calls, retries, open connections, tokens and durations."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from opentelemetry import metrics
from opentelemetry.metrics import MeterProvider, Observation

from .._version import __version__
from ..models.runs import Usage

# The buckets that the conventions advise.
_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_TOKENS = [4.0**power for power in range(14)]
_SHARED = ("gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model", "error.type")


class Connections(Protocol):
    """A client whose open connections are counted."""

    def connections(self) -> Mapping[str, int]:
        """Count the open connections by state; empty where nobody knows."""
        ...


class Metrics:
    """The instruments of one client; those of all clients of a provider add up."""

    def __init__(self, provider: MeterProvider | None, server: Mapping[str, Any]) -> None:
        provider = metrics.get_meter_provider() if provider is None else provider
        meter = provider.get_meter("assistants_async", __version__)
        self._server = server
        self._provider = provider
        self._calls = meter.create_counter("assistants_async.calls", "{call}", "Calls that have ended")
        self._retries = meter.create_counter("assistants_async.retries", "{request}", "Requests that were sent again")
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "Duration of calls, runs and tools",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens read and written by runs",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def observe(self, client: Connections) -> None:
        """Count the connections of a client, as long as it is there."""
        server, provider = self._server, self._provider
        if provider not in _clients:
            # One instrument for all clients: another of the same name would not be called.
            clients = _clients[provider] = weakref.WeakKeyDictionary()
            provider.get_meter("assistants_async", __version__).create_observable_up_down_counter(
                "http.client.open_connections", [lambda _: _observed(clients)], "{connection}", "Open connections"
            )
        _clients[provider][client] = server

    def call(self, attributes: Mapping[str, Any], seconds: float) -> None:
        """Count a call that has ended."""
        self._calls.add(1, self._shared(attributes))
        self.duration(attributes, seconds)

    def retry(self, attributes: Mapping[str, Any]) -> None:
        """Count a request that was sent again."""
        self._retries.add(1, self._shared(attributes))

    def duration(self, attributes: Mapping[str, Any], seconds: float) -> None:
        """Note how long a call, a run or a tool took."""
        self._duration.record(seconds, self._shared(attributes))

    def tokens(self, attributes: Mapping[str, Any], usage: Usage) -> None:
        """Note the tokens of a run that has these attributes."""
        shared = {**self._shared(attributes), "gen_ai.operation.name": "invoke_agent"}
        for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            # Servers without a count send null: 0 would lower an average.
            if count is not None:
                self._tokens.record(count, {**shared, "gen_ai.token.type": kind})

    def _shared(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the attributes with few values: an id would make a series of its own for each run."""
        return {**self._server, **{name: attributes[name] for name in _SHARED if name in attributes}}


_Clients = weakref.WeakKeyDictionary[Connections, Mapping[str, Any]]

_clients: weakref.WeakKeyDictionary[MeterProvider, _Clients] = weakref.WeakKeyDictionary()


def _observed(clients: _Clients) -> Iterator[Observation]:
    counts: dict[tuple[tuple[str, Any], ...], int] = {}
    for client, server in tuple(clients.items()):
        for state, count in client.connections().items():
            series = (*server.items(), ("http.connection.state", state))
            counts[series] = counts.get(series, 0) + count
    return (Observation(count, dict(series)) for series, count in counts.items())
