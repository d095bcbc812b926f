"""Traces of requests and of their stages, sent where `OTEL_EXPORTER_OTLP_ENDPOINT` says. All that exports any.

FastAPI makes the span of a request, and tells nothing of its body; the stages are its children.
"""

import logging
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# How long the last spans may take on their way; where nobody takes them they are given up.
_FLUSH_S = 3.0
_logger = logging.getLogger("footnote.traces")


class Traces:
    """Sends spans by a provider."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("footnote", version("footnote"))

    def stage(self, stage: str, seconds: float) -> None:
        """Send a stage that has just ended, as a child of the request that this thread works for."""
        ended = time.time_ns()
        span = self._tracer.start_span(stage, start_time=ended - int(seconds * 1e9))
        span.end(ended)

    def close(self) -> None:
        """Send what has not been sent, if that is soon done."""
        if shutdown := getattr(self.provider, "shutdown", None):
            closing = threading.Thread(target=shutdown, daemon=True)
            closing.start()
            closing.join(_FLUSH_S)


def open_traces(environment: Mapping[str, str]) -> Traces | None:
    """Return what sends traces where the environment names an endpoint, None where it names none.

    Where the packages for it are missing it says so and returns None: an endpoint may be set for a whole machine.
    """
    endpoint = next((environment[name] for name in _ENDPOINTS if environment.get(name)), None)
    if endpoint is None or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        _logger.warning(
            "Traces are not sent to %r: the packages for it are missing; `pip install 'footnote[traces]'`.", endpoint
        )
        return None
    return Traces(sdk_provider(OTLPSpanExporter(), environment.get("OTEL_SERVICE_NAME", "footnote")))


def sdk_provider(exporter: "SpanExporter", service: str) -> trace.TracerProvider:
    """Return a provider that hands spans to an exporter, in batches and in a thread of its own."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "service.version": version("footnote")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
