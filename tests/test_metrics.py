import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from index.backup import back_up, restore
from index.corpus import Corpus
from index.database import DATABASE
from index.doctor import facts
from index.document import Document, Metadata
from index.embedder import Embedding
from rag.engine import Engine, Observer
from rag.stages import STAGES
from tests.command_line import ROOT
from tests.doubles import HashingEmbedder

pytestmark = pytest.mark.slow

DASHBOARD = ROOT / "operation" / "grafana.json"
METALS = {
    "copper": "Copper prices fell sharply. Copper exports reached 40% of the total.",
    "tin": "Tin is soft. Copper exports reached 55% of the total.",
}


@pytest.fixture
def client(corpus: Corpus) -> Iterator[TestClient]:
    with TestClient(create_app(Engine(corpus))) as opened:
        yield opened


class Broken(HashingEmbedder):
    """An embedder with a bug."""

    def embed_query(self, text: str) -> Embedding:
        if text == "copper":
            raise RuntimeError("a bug")
        return super().embed_query(text)


def measured(client: TestClient) -> dict[str, float]:
    """Return each series with its value, as `name{labels}`."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = [line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in lines}


def put_metals(client: TestClient) -> None:
    for doc_id, text in METALS.items():
        assert client.put(f"/v1/documents/{doc_id}", json={"text": text}).status_code == 201


def call_tool(client: TestClient, name: str, arguments: dict[str, str]) -> None:
    call = {"name": name, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    client.post("/mcp", json=message, headers={"accept": "application/json, text/event-stream"})


class TestRequests:
    def test_they_are_counted_by_route_method_and_status(self, client: TestClient) -> None:
        put_metals(client)
        client.get("/v1/documents/copper")
        client.get("/v1/documents/lead")
        client.get("/static/chat.js")
        series = measured(client)
        route = "/v1/documents/{doc_id:path}"
        assert series[f'footnote_requests_total{{method="PUT",route="{route}",status="201"}}'] == 2
        assert series[f'footnote_requests_total{{method="GET",route="{route}",status="404"}}'] == 1
        assert series[f'footnote_request_seconds_count{{route="{route}"}}'] == 4
        assert series['footnote_requests_total{method="GET",route="/static",status="200"}'] == 1
        # The request that asks is itself active.
        assert series["footnote_requests_active"] == 1

    def test_no_label_is_of_a_caller_s_making(self, client: TestClient) -> None:
        for number in range(3):
            client.get(f"/nowhere/quagga{number}")
            client.get(f"/v1/documents/quagga{number}")
            client.get(f"/static/quagga{number}")
            client.get(f"/v1/models/quagga{number}")
            client.request(f"QUAGGA{number}", "/v1/search")
            client.post("/v1/search", json={"query": f"quagga{number}"})
        text = client.get("/metrics").text
        assert "quagga" not in text.lower()
        assert len(text.splitlines()) < 400

    def test_errors_are_counted_by_code(self, client: TestClient) -> None:
        client.get("/v1/documents/lead")
        client.get("/nowhere")
        client.post("/v1/search", content=b"{", headers={"content-type": "application/json"})
        client.post("/v1/chat/completions", json={"model": "x", "messages": [{"role": "user", "content": "a"}]})
        series = measured(client)
        for code in ("document_not_found", "not_found", "invalid_json", "model_not_found"):
            assert series[f'footnote_errors_total{{code="{code}"}}'] == 1

    def test_an_error_in_a_stream_is_counted_too(self, corpus: Corpus, tmp_path: Path) -> None:
        database = tmp_path / "data" / DATABASE
        with TestClient(create_app(Engine(corpus))) as client:
            corpus.store.close()
            sound = database.read_bytes()
            database.write_bytes(b"no database" * 1000)
            assert "event: error" in client.post("/v1/ask", json={"question": "copper", "stream": True}).text
            series = measured(client)
            assert series['footnote_errors_total{code="data_corrupt"}'] == 1
            # What can still be measured still is.
            assert series["footnote_data_up"] == 0
            assert "footnote_documents" not in series
            database.write_bytes(sound)

    def test_an_error_of_a_tool_is_counted_though_it_is_answered(self, corpus: Corpus) -> None:
        with TestClient(create_app(Engine(corpus))) as client:
            for name, arguments in (
                ("fetch", {"id": "lead"}),
                ("fetch", {"id": "a/b"}),
                ("search", {"query": "  "}),
                ("search", {"query": "copper"}),
                ("delete", {"id": "lead"}),
            ):
                call_tool(client, name, arguments)
            series = measured(client)
        for code in ("document_not_found", "invalid_document_id", "invalid_query", "unknown_tool"):
            assert series[f'footnote_errors_total{{code="{code}"}}'] == 1, code
        assert sum(count for name, count in series.items() if name.startswith("footnote_errors_total")) == 4

    def test_a_bug_of_a_tool_is_counted_too(self, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path / "broken", Broken(), create=True)
        with TestClient(create_app(Engine(corpus)), raise_server_exceptions=False) as client:
            call_tool(client, "search", {"query": "copper"})
            assert measured(client)['footnote_errors_total{code="internal_error"}'] == 1

    @pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
    def test_a_bug_ends_a_stream_with_an_error_and_is_counted(self, tmp_path: Path, path: str) -> None:
        corpus = Corpus(tmp_path / "broken", Broken(), create=True)
        messages = [{"role": "user", "content": "copper"}]
        asked = {"question": "copper"} if path == "/v1/ask" else {"model": "footnote", "messages": messages}
        with TestClient(create_app(Engine(corpus)), raise_server_exceptions=False) as client:
            said = client.post(path, json=asked | {"stream": True}).text
            assert "internal_error" in said
            assert "a bug" not in said
            assert measured(client)['footnote_errors_total{code="internal_error"}'] >= 1

    def test_each_application_counts_for_itself(self, corpus: Corpus, tmp_path: Path) -> None:
        other = Corpus(tmp_path / "other", HashingEmbedder(), create=True)
        with TestClient(create_app(Engine(corpus))) as one, TestClient(create_app(Engine(other))) as two:
            one.get("/v1/models")
            assert not any('route="/v1/models"' in series for series in measured(two))


class TestQuestions:
    def test_each_stage_is_timed_once_a_question(self, client: TestClient) -> None:
        put_metals(client)
        client.post("/v1/search", json={"query": "copper prices"})
        client.post("/v1/ask", json={"question": "copper prices"})
        series = measured(client)
        counts = {stage: series[f'footnote_stage_seconds_count{{stage="{stage}"}}'] for stage in STAGES}
        asked = {"rerank": 0, "answer": 1, "generate": 0}
        assert counts == {stage: asked.get(stage, 2) for stage in STAGES}

    def test_the_stages_of_a_question_add_up_to_its_time(self, corpus: Corpus) -> None:
        seen: list[tuple[str, float]] = []
        corpus.put(Document("copper", METALS["copper"], "text/plain", Metadata(None, None, None, None)))
        engine = Engine(corpus).observed(Observer(on_stage=lambda *stage: seen.append(stage)))
        response = engine.ask("copper prices")
        assert [stage for stage, _ in seen] == [stage for stage in STAGES if stage not in ("rerank", "generate")]
        assert sum(seconds for _, seconds in seen) * 1000 == pytest.approx(response.took_ms, abs=2)

    def test_answers_abstentions_and_disagreements(self, seeds_engine: Engine) -> None:
        app = create_app(seeds_engine)
        # Without its lifespan: the engine is for all tests, and a lifespan closes it.
        client = TestClient(app)
        client.post("/v1/ask", json={"question": "What is China's processing share?"})
        client.post("/v1/ask", json={"question": "How do I bake sourdough bread?", "stream": True})
        series = measured(client)
        assert series['footnote_answers_total{outcome="extractive"}'] == 1
        assert series['footnote_answers_total{outcome="abstained"}'] == 1
        assert series['footnote_answers_total{outcome="generated"}'] == 0
        assert series["footnote_disagreements_total"] == 1


class TestData:
    def test_what_there_is_and_what_it_takes(self, client: TestClient) -> None:
        put_metals(client)
        series = measured(client)
        assert (series["footnote_documents"], series["footnote_passages"]) == (2, 2)
        assert {series[f'footnote_seq{{part="{part}"}}'] for part in ("database", "vectors", "words")} == {2}
        assert series['footnote_index_bytes{part="database"}'] > 4096
        assert series['footnote_index_bytes{part="words"}'] > 0
        assert time.time() - 60 < series["footnote_snapshot_timestamp_seconds"] <= time.time()
        assert series['footnote_info{fingerprint="hashing-64",model="hashing",version="0.1.0"}'] == 1
        assert series["process_resident_memory_bytes"] > 1e7
        client.delete("/v1/documents/tin")
        assert measured(client)["footnote_documents"] == 1

    def test_a_restored_database_is_counted_anew(self, tmp_path: Path, client: TestClient) -> None:
        client.put("/v1/documents/tin", json={"text": "Tin is soft."})
        backup, _ = back_up(tmp_path / "data", tmp_path / "one.db")
        client.put("/v1/documents/lead", json={"text": "Lead is heavy."})
        assert measured(client)["footnote_documents"] == 2
        restore(tmp_path / "data", backup, "hashing", lambda _: None, force=True)
        client.put("/v1/documents/tin", json={"text": "Tin is very soft."})
        assert measured(client)["footnote_documents"] == 1

    def test_searches_that_are_behind_are_seen_to_be(self, tmp_path: Path, client: TestClient) -> None:
        put_metals(client)
        other = Corpus(tmp_path / "data", HashingEmbedder())
        other.put(Document("lead", "Lead is heavy.", "text/plain", Metadata(None, None, None, None)))
        other.close()
        behind = measured(client)
        assert (behind['footnote_seq{part="database"}'], behind['footnote_seq{part="vectors"}']) == (3, 2)
        client.post("/v1/search", json={"query": "lead"})
        assert measured(client)['footnote_seq{part="vectors"}'] == 3


def test_a_doctor_says_what_an_operator_asks(corpus: Corpus, tmp_path: Path) -> None:
    corpus.put(Document("copper", METALS["copper"], "text/plain", Metadata(None, None, None, None)))
    said = dict(facts(tmp_path / "data"))
    assert said["version"].startswith("0.1.0, Python 3.")
    assert said["model"].startswith("hashing (hashing-64")
    assert (said["documents"], said["passages"]) == ("1", "1")
    assert said["change"].startswith("1 ")
    assert re.fullmatch(r"database [\d.]+ MB, vectors [\d.]+ MB, words [\d.]+ MB", said["on disk"])
    assert said["free disk"].endswith(" MB")


class Held(HashingEmbedder):
    """An embedder that, once `holding`, waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.holding = False
        self.go = threading.Event()

    def embed_query(self, text: str) -> Embedding:
        if self.holding:
            assert self.go.wait(30)
        return super().embed_query(text)


def test_work_in_hand_and_waiting_is_seen_while_all_threads_are_at_work(tmp_path: Path) -> None:
    embedder = Held()
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    with TestClient(create_app(Engine(corpus), threads=1)) as client:
        embedder.holding = True
        askers = [
            threading.Thread(target=client.post, args=("/v1/search",), kwargs={"json": {"query": "copper"}})
            for _ in range(3)
        ]
        for asker in askers:
            asker.start()
        deadline = time.monotonic() + 20
        while True:
            series = measured(client)
            busy = (series['footnote_work_active{pool="reading"}'], series['footnote_work_waiting{pool="reading"}'])
            if busy == (1, 2) or time.monotonic() > deadline:
                break
        assert client.get("/readyz").status_code == 200
        embedder.go.set()
        for asker in askers:
            asker.join()
        assert busy == (1, 2)


def test_the_dashboard_shows_what_is_measured_and_nothing_else(client: TestClient) -> None:
    text = client.get("/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    suffixes = {"histogram": ("_bucket", "_sum", "_count")}
    names = {name + suffix for name, kind in kinds.items() for suffix in suffixes.get(kind, ("",))}
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    expressions = " ".join(target["expr"] for panel in panels for target in panel.get("targets", ()))
    shown = set(re.findall(r"\b((?:footnote|process|python)_\w+)", expressions))
    assert shown <= names
    ours = {name for name in kinds if name.startswith("footnote_")}
    assert all(any(one.startswith(name) for one in shown) for name in ours)
    identifiers = [panel["id"] for panel in panels]
    assert len(identifiers) == len(set(identifiers))
