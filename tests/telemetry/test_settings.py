"""The setting `telemetry`: its values, its needs, and its cost when it is off."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from assistants_async import AssistantsClient, Telemetry
from tests.support.http_server import KEY, RUN, Memory, answer

BAD: dict[str, tuple[Any, str]] = {
    "text": ("yes", "telemetry must be True, False, None or a Telemetry, not str"),
    "class": (Telemetry, "telemetry must be True, False, None or a Telemetry, not StructMeta"),
    "provider": (TracerProvider(), "telemetry must be True, False, None or a Telemetry, not TracerProvider"),
}


@pytest.mark.parametrize(("value", "message"), BAD.values(), ids=BAD)
def test_other_values_are_refused(value: Any, message: str) -> None:
    """Refused where the client is made."""
    with pytest.raises(TypeError) as caught:
        AssistantsClient(api_key=KEY, telemetry=value)
    assert str(caught.value) == message


def test_a_view_has_the_client_s() -> None:
    """It is no option of a view or a call."""
    client = AssistantsClient(api_key=KEY)
    with pytest.raises(TypeError, match="telemetry"):
        client.with_options(telemetry=True)  # type: ignore[call-arg]


def test_providers_are_checked() -> None:
    """By the one method that is needed of each."""
    with pytest.raises(TypeError, match=r"tracer_provider must have get_tracer\(\), not 'x'"):
        Telemetry(tracer_provider="x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"meter_provider must have get_meter\(\)"):
        Telemetry(meter_provider=TracerProvider())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"tracer_provider must have get_tracer\(\)"):
        Telemetry(tracer_provider=TracerProvider)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="content must be True or False, not 1"):
        Telemetry(content=1)  # type: ignore[arg-type]


def test_a_missing_library_is_named() -> None:
    """Without OpenTelemetry: one sentence, with the extra."""
    code = """
import sys
sys.modules["opentelemetry"] = None
from assistants_async import AssistantsClient, Telemetry
AssistantsClient(api_key="k", telemetry=False)
try:
    AssistantsClient(api_key="k", telemetry=Telemetry())
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "telemetry needs opentelemetry-api: pip install 'assistants-async[otel]'\n"


async def test_true_takes_the_process_s_own_providers() -> None:
    """They write nothing until the process sets others."""
    async with AssistantsClient(api_key=KEY, transport=Memory(answer(RUN)), telemetry=True) as client:
        assert (await client.runs.retrieve("thread_1", "run_1")).id == "run_1"
