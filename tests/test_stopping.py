"""The server process is told to stop, and whether the service is ready."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.access import Access
from api.app import create_app
from api.errors import CannotListen
from api.server import serve_app, take_port
from index.corpus import Corpus
from index.embedder import Embedding
from index.errors import ModelUnusable
from rag.engine import Engine
from rag.settings import Settings
from tests.command_line import ROOT, CommandLine
from tests.doubles import HashingEmbedder
from tests.scripted_llm import Reply, Script, keeping_alive, scripted_llm

ASKED = {"question": "what happened after Geneva?", "stream": True}
SENTENCE = "The Geneva accord was widely seen as a step toward stabilizing trade tensions [1]."


class Cold(HashingEmbedder):
    """An embedder that cannot embed until it is `warm`."""

    warm = False

    def embed_query(self, text: str) -> Embedding:
        if not self.warm:
            raise ModelUnusable("The model is cold; warm it.")
        return super().embed_query(text)


class TestReadiness:
    def test_it_is_not_ready_before_a_first_question_could_be_answered(self, tmp_path: Path) -> None:
        embedder = Cold()
        corpus = Corpus(tmp_path / "data", embedder, create=True)
        with TestClient(create_app(Engine(corpus))) as client:
            refused = client.get("/readyz")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_unusable")
            assert client.get("/healthz").status_code == 200
            embedder.warm = True
            assert client.get("/readyz").json() == {"status": "ready", "documents": 0, "passages": 0}

    def test_nor_while_it_stops(self, corpus: Corpus) -> None:
        app = create_app(Engine(corpus))
        with TestClient(app) as client:
            assert client.get("/readyz").status_code == 200
            app.state.readiness.stop()
            refused = client.get("/readyz")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
            assert client.post("/v1/search", json={"query": "copper"}).status_code == 200

    def test_nobody_is_kept_waiting_while_the_model_loads(self, corpus: Corpus) -> None:
        with take_port("127.0.0.1", 0) as held:
            port = held.getsockname()[1]
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            # Somebody else may take a port that nobody listens on yet; then that is said.
            with socket.create_server(("127.0.0.1", port)), pytest.raises(CannotListen, match=str(port)):
                serve_app(Engine(corpus), held, Settings.read(), Access())

    @pytest.mark.slow
    def test_what_few_ask_for_is_not_loaded_at_the_start(self) -> None:
        loaded = "import sys, api.server; print(*{'mcp', 'openai', 'torch', 'prompt_toolkit'} & sys.modules.keys())"
        done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "\n"

    def test_starting_again_makes_it_ready_again(self, corpus: Corpus) -> None:
        app = create_app(Engine(corpus))
        for _ in range(2):
            with TestClient(app) as client:
                assert client.get("/readyz").status_code == 200


def in_halves(asked: threading.Event, told: threading.Event) -> Script:
    """A model that is asked, says half a sentence, and ends it once that is told."""

    def script(reply: Reply) -> None:
        reply.start()
        reply.say(SENTENCE[:20])
        asked.set()
        assert told.wait(20)
        reply.say(SENTENCE[20:])
        reply.end()

    return script


def is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.slow
class TestStopping:
    def test_a_stream_that_has_begun_is_finished(self, rag: CommandLine) -> None:
        asked, told = threading.Event(), threading.Event()
        with (
            scripted_llm(in_halves(asked, told)) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m") as (client, process),
        ):
            with client.stream("POST", "/v1/ask", json=ASKED) as response:
                lines = response.iter_lines()
                assert next(lines) == "event: results"
                assert asked.wait(10)
                assert is_ready(str(client.base_url))
                process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                while is_ready(str(client.base_url)):
                    assert time.monotonic() - began < 5
                told.set()
                events = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
            assert events[-1] == "done"
            assert process.wait(5) == 0

    def test_one_that_has_no_end_is_given_up_at_the_deadline(self, rag: CommandLine) -> None:
        status, seconds = self.stop_while_asking(rag, signal.SIGTERM)
        assert status == 0
        assert 0.9 < seconds < 4

    def test_a_second_signal_stops_at_once(self, rag: CommandLine) -> None:
        status, seconds = self.stop_while_asking(rag, signal.SIGTERM, signal.SIGTERM, RAG_GRACE_S="30")
        assert status == -signal.SIGTERM
        assert seconds < 2

    def test_a_signal_that_is_sent_twice_over_is_one(self, rag: CommandLine) -> None:
        with rag.serving(RAG_LOG_FORMAT="json") as (client, process):
            client.get("/healthz")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert process.stderr is not None
            lines = [json.loads(line) for line in process.stderr]
        assert [line["route"] for line in lines if line["logger"] == "footnote.request"] == ["/healthz"]
        assert {line["logger"] for line in lines} == {"footnote.request", "uvicorn.error"}

    def stop_while_asking(self, rag: CommandLine, *signals: signal.Signals, **environment: str) -> tuple[int, float]:
        """Return the exit status and the seconds after the first signal, sent while a model has no end."""
        asked = threading.Event()

        def script(reply: Reply) -> None:
            asked.set()
            keeping_alive(reply)

        settings = {"RAG_LLM_MODEL": "m", "RAG_LLM_DEADLINE_S": "60", "RAG_GRACE_S": "1"} | environment
        with (
            scripted_llm(script) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, **settings) as (client, process),
            client.stream("POST", "/v1/ask", json=ASKED) as response,
        ):
            lines = response.iter_lines()
            assert next(lines) == "event: results"
            assert asked.wait(10)
            started = time.monotonic()
            for number, one in enumerate(signals):
                if number:
                    # Sooner, a second one would be taken for an echo of the first.
                    with pytest.raises(subprocess.TimeoutExpired):
                        process.wait(0.7)
                process.send_signal(one)
            return process.wait(20), time.monotonic() - started
