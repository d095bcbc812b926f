import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app import create_app
from api.traces import Traces, open_traces
from index.corpus import Corpus
from rag.engine import Engine
from tests.command_line import ROOT

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_the_stages_of_a_question_are_spans_of_its_request(corpus: Corpus) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with TestClient(create_app(Engine(corpus), traces=Traces(provider))) as client:
        client.put("/v1/documents/copper", json={"text": "Copper prices fell."})
        exporter.clear()
        client.post(
            "/v1/ask", json={"question": "copper prices", "stream": True}, headers={"traceparent": PARENT}
        ).raise_for_status()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    request = spans.pop("POST /v1/ask")
    assert list(spans) == ["open", "embed", "vectors", "words", "candidates", "read", "fuse", "fetch", "answer"]
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" in PARENT
    ends = [request.start_time or 0]
    for span in spans.values():
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert span.context.trace_id == request.context.trace_id
        assert span.start_time is not None
        assert span.end_time is not None
        # Clocks are read one after the other, so stages may overlap by next to nothing.
        assert ends[-1] - 1_000_000 <= span.start_time <= span.end_time <= (request.end_time or 0)
        ends.append(span.end_time)
    assert "copper" not in "".join(span.to_json() for span in [request, *spans.values()])


@contextmanager
def receiver() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Give the address of a receiver of OTLP over HTTP, and what it has received."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.slow
def test_they_are_sent_to_the_endpoint(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as (address, received):
        monkeypatch.setenv(ENDPOINT, address)
        traces = open_traces(os.environ)
        assert traces is not None
        with TestClient(create_app(Engine(corpus), traces=traces)) as client:
            client.post("/v1/search", json={"query": "copper"})
        traces.close()
    resources = [group for sent in received for group in sent.resource_spans]
    names = [span.name for group in resources for scope in group.scope_spans for span in scope.spans]
    assert {"POST /v1/search", "embed", "read"} <= set(names)
    attributes = {one.key: one.value.string_value for one in resources[0].resource.attributes}
    assert attributes["service.name"] == "footnote"


def test_without_an_endpoint_there_are_none() -> None:
    assert open_traces({}) is None
    assert open_traces({ENDPOINT: ""}) is None
    assert open_traces({ENDPOINT: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}) is None


def test_without_the_packages_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING):
        assert open_traces({ENDPOINT: "http://127.0.0.1:1"}) is None
    assert [record.getMessage() for record in caplog.records] == [
        "Traces are not sent to 'http://127.0.0.1:1': the packages for it are missing; "
        "`pip install 'footnote[traces]'`."
    ]


@pytest.mark.slow
def test_nothing_of_it_is_loaded_where_it_is_not_asked_for() -> None:
    code = "import sys, api.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = [name for name in done.stdout.split() if name.startswith("opentelemetry.")]
    assert not [name for name in loaded if name.split(".")[1] in ("exporter", "proto", "sdk")]
