import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient

from api import logs
from api.access import Access
from api.app import create_app
from api.keys import Scope, new_key, read_keys
from index.corpus import Corpus
from index.embedder import Embedding
from rag.engine import Engine
from tests.doubles import HashingEmbedder

pytestmark = pytest.mark.slow

FORGED = "quagga\nERROR footnote: forged\r\u2028ERROR\x85\x1b[2Jforged\u202e"
# Begins the log in a format and at a level; what was there before stands again at the end of the test.
Begin = Callable[[str, str | None], None]


@pytest.fixture
def begin(capsys: pytest.CaptureFixture[str]) -> Iterator[Begin]:
    names = ["", "footnote", "uvicorn"]
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    handlers = logging.root.handlers[:]
    yield logs.begin
    logging.captureWarnings(False)
    logging.root.handlers[:] = handlers
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def client(corpus: Corpus) -> Iterator[TestClient]:
    with TestClient(create_app(Engine(corpus), log_questions=True)) as opened:
        yield opened


def json_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


class TestRequestLines:
    def test_a_request_has_one_line_that_says_what_became_of_it(
        self, begin: Begin, client: TestClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("json", None)
        client.get("/v1/documents/lead", headers={"X-Request-ID": "mine-1"})
        (line,) = json_lines(capsys)
        assert line.pop("ms") > 0
        assert line.pop("time").endswith("+00:00")
        assert line == {
            "level": "info",
            "logger": "footnote.request",
            "message": "answered",
            "request_id": "mine-1",
            "method": "GET",
            "route": "/v1/documents/{doc_id:path}",
            "status": 404,
            "client": "testclient",
            "code": "document_not_found",
        }

    def test_it_names_the_key_and_does_not_show_it(
        self, begin: Begin, corpus: Corpus, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("json", "debug")
        key, entry = new_key("anna", Scope.READ)
        with TestClient(create_app(Engine(corpus), access=Access(read_keys(entry, None)))) as client:
            for presented in (key, "a-wrong-key-of-somebody"):
                client.get("/v1/documents", headers={"authorization": f"Bearer {presented}"})
            client.put("/v1/documents/a", json={"text": "Tin."}, headers={"authorization": f"Bearer {key}"})
        said = capsys.readouterr().err
        lines = [json.loads(line) for line in said.splitlines()]
        assert [(line["status"], line.get("key")) for line in lines] == [(200, "anna"), (401, None), (403, "anna")]
        assert not [secret for secret in (key, entry, "a-wrong-key") if secret in said]

    def test_for_people_it_is_plain_and_only_on_request(
        self, begin: Begin, client: TestClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("plain", None)
        client.get("/healthz")
        assert capsys.readouterr().err == ""
        begin("plain", "info")
        client.get("/healthz", headers={"X-Request-ID": "mine-2"})
        line = capsys.readouterr().err
        assert line.startswith("INFO footnote.request: answered method=GET route=/healthz status=200 ms=")
        assert line.endswith("client=testclient request_id=mine-2\n")

    @pytest.mark.parametrize("sent", ["mine", "a" * 128, "3f2b.x_y-z"])
    def test_a_client_s_id_is_taken(self, client: TestClient, sent: str) -> None:
        assert client.get("/healthz", headers={"X-Request-ID": sent}).headers["x-request-id"] == sent

    @pytest.mark.parametrize("sent", [None, "", "a" * 129, "a b", "a\tb", 'a"b', "ä".encode()])
    def test_or_one_is_made(self, client: TestClient, sent: str | bytes | None) -> None:
        headers = {} if sent is None else {"X-Request-ID": sent}
        made = [client.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(2)]  # type: ignore[arg-type]
        assert made[0] != made[1]
        assert all(len(one) == 32 for one in made)


class TestQuestions:
    def ask_everywhere(self, client: TestClient) -> None:
        call = {"name": "search", "arguments": {"query": "quagga"}}
        for path, body in (
            ("/v1/search", {"query": "quagga"}),
            ("/v1/ask", {"question": "quagga"}),
            ("/v1/ask", {"question": "quagga", "stream": True}),
            ("/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": "quagga"}]}),
            ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
        ):
            sent = client.post(path, json=body, headers={"accept": "application/json, text/event-stream"})
            assert sent.status_code == 200, sent.text

    def test_their_words_are_logged_only_when_that_is_set(
        self, begin: Begin, corpus: Corpus, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("json", "debug")
        with TestClient(create_app(Engine(corpus))) as client:
            self.ask_everywhere(client)
        lines = capsys.readouterr().err
        assert len(lines.splitlines()) == 5
        assert "quagga" not in lines

    def test_then_each_has_a_line_with_the_id_of_its_request(
        self, begin: Begin, client: TestClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("json", None)
        self.ask_everywhere(client)
        lines = json_lines(capsys)
        asked = [line for line in lines if line["logger"] == "footnote.question"]
        assert [line["question"] for line in asked] == ["quagga"] * 5
        answered = [line["request_id"] for line in lines if line["logger"] == "footnote.request"]
        assert [line["request_id"] for line in asked] == answered

    @pytest.mark.parametrize("log_format", ["plain", "json"])
    def test_nobody_forges_a_line(
        self, begin: Begin, client: TestClient, capsys: pytest.CaptureFixture[str], log_format: str
    ) -> None:
        begin(log_format, "info")
        client.post("/v1/search", json={"query": FORGED})
        client.post("/v1/search", json={"query": "copper"}, headers={"X-Request-ID": "a forged\tid"})
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 4
        assert all(line.isprintable() for line in said.split("\n"))
        if log_format == "json":
            assert json.loads(said.split("\n")[0])["question"].startswith("quagga\nERROR footnote: forged")


class Broken(HashingEmbedder):
    """An embedder with a bug."""

    def embed_query(self, text: str) -> Embedding:
        if text == "copper":
            raise RuntimeError("broken\nERROR forged")
        return super().embed_query(text)


@contextmanager
def served(engine: Engine) -> Iterator[httpx2.Client]:
    """Give a client of a real server in a thread."""
    config = uvicorn.Config(create_app(engine), port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    server.should_exit = True
    thread.join()


class TestBugs:
    def test_a_bug_is_answered_with_an_id_under_which_the_log_has_it(
        self, begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("json", "warning")
        with served(Engine(Corpus(tmp_path / "data", Broken(), create=True))) as client:
            response = client.post("/v1/search", json={"query": "copper"})
        assert response.status_code == 500
        error, identity = response.json()["error"], response.headers["x-request-id"]
        assert error["code"] == "internal_error"
        assert identity in error["message"]
        request, bug = json_lines(capsys)
        assert (request["level"], request["status"], request["code"]) == ("error", 500, "internal_error")
        assert request["request_id"] == bug["request_id"] == identity
        assert "RuntimeError: broken" in bug["traceback"]

    def test_a_traceback_for_people_is_set_in(
        self, begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin("plain", None)
        with served(Engine(Corpus(tmp_path / "data", Broken(), create=True))) as client:
            client.post("/v1/search", json={"query": "copper"})
        said = capsys.readouterr().err.splitlines()
        assert [line[:6] for line in said if not line.startswith("    ")] == ["ERROR "] * 2
        assert "    ERROR forged" in said
