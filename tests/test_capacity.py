"""Beyond its capacity the service refuses at once and says when to ask again; who is slow or gone holds nothing."""

import asyncio
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import connections
from api.app import create_app
from api.capacity import Bounds, Line
from api.errors import Overloaded
from api.json_bodies import SMALL_BYTES, read_aside
from index.corpus import Corpus
from index.document import Document, Metadata
from index.embedder import Embedding
from index.limits import Limits
from rag.engine import Engine
from tests.doubles import HashingEmbedder

pytestmark = pytest.mark.slow

JSON = {"content-type": "application/json"}


class Gate:
    """What a thread waits at until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.opened = threading.Event()

    def wait(self) -> None:
        self.reached.release()
        assert self.opened.wait(20)


class GatedEmbedder(HashingEmbedder):
    """Embeds as the hashing embedder does, but a question or a document with the word `wait` waits at a gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def embed_query(self, text: str) -> Embedding:
        if "wait" in text.split():
            self._gate.wait()
        return super().embed_query(text)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


@pytest.fixture
def gated(gate: Gate, tmp_path: Path) -> Iterator[Corpus]:
    corpus = Corpus(tmp_path / "gated", GatedEmbedder(gate), create=True)
    yield corpus
    corpus.close()


def search(client: TestClient, words: str = "wait") -> httpx2.Response:
    return client.post("/v1/search", json={"query": words})


CLAIM = {"doc_id": "a", "start_char_index": 0, "end_char_index": 1, "cited_text": ""}
ASKED: list[tuple[str, str, Any]] = [
    ("POST", "/v1/search", {"query": "tin"}),
    ("POST", "/v1/ask", {"question": "tin"}),
    ("POST", "/v1/ask", {"question": "tin", "stream": True}),
    ("POST", "/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": "tin"}]}),
    (
        "POST",
        "/v1/verify",
        {"citations": [{"doc_id": "a", "start_char_index": 0, "end_char_index": 1, "cited_text": ""}]},
    ),
    ("GET", "/v1/documents", None),
    ("GET", "/source/a", None),
]


class TestShedding:
    def test_a_full_queue_is_said_at_once_with_when_to_ask_again(self, gated: Corpus, gate: Gate) -> None:
        with TestClient(create_app(Engine(gated), 1, bounds=Bounds(queue=1))) as client, ThreadPoolExecutor() as pool:
            # One is worked on, one waits, and whichever comes last is sent away.
            held = [pool.submit(search, client) for _ in range(3)]
            assert gate.reached.acquire(timeout=10)
            assert next(as_completed(held, timeout=10)).result().status_code == 503
            for method, path, body in ASKED:
                started = time.monotonic()
                response = client.request(method, path, json=body)
                assert response.status_code == 503, path
                assert int(response.headers["retry-after"]) > 0
                assert "ask again" in response.json()["error"]["message"]
                assert response.json()["error"]["code"] == "overloaded"
                assert time.monotonic() - started < 2
            assert client.get("/healthz").status_code == 200
            gate.opened.set()
            assert sorted(one.result().status_code for one in held) == [200, 200, 503]
            assert search(client, "tin").status_code == 200

    def test_a_tool_says_it_too(self, gated: Corpus, gate: Gate) -> None:
        with TestClient(create_app(Engine(gated), 1, bounds=Bounds(queue=0))) as client, ThreadPoolExecutor() as pool:
            held = pool.submit(search, client)
            assert gate.reached.acquire(timeout=10)
            call = {"name": "search", "arguments": {"query": "tin"}}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            headers = {"accept": "application/json, text/event-stream"}
            result = client.post("/mcp", json=message, headers=headers).json()["result"]
            assert result["isError"]
            assert "ask again" in result["content"][0]["text"]
            gate.opened.set()
            assert held.result().status_code == 200

    def test_who_waits_too_long_is_refused(self, gated: Corpus, gate: Gate) -> None:
        bounds = Bounds(queue_deadline_s=0.2)
        with TestClient(create_app(Engine(gated), 1, bounds=bounds)) as client, ThreadPoolExecutor() as pool:
            held = pool.submit(search, client)
            assert gate.reached.acquire(timeout=10)
            response = search(client, "tin")
            assert (response.status_code, response.json()["error"]["code"]) == (503, "overloaded")
            streamed = client.post("/v1/ask", json={"question": "tin", "stream": True})
            assert "event: error" in streamed.text
            assert "overloaded" in streamed.text
            gate.opened.set()
            assert held.result().status_code == 200

    def test_writers_keep_no_reader_waiting(self, gated: Corpus, gate: Gate) -> None:
        def put(number: int) -> int:
            return client.put(f"/v1/documents/d{number}", json={"text": "Please wait here."}).status_code

        bounds = Bounds(queue=0, write_queue=1)
        with TestClient(create_app(Engine(gated), 1, bounds=bounds)) as client, ThreadPoolExecutor() as pool:
            # One is worked on, one waits, and whichever comes last is sent away.
            held = [pool.submit(put, number) for number in range(3)]
            assert gate.reached.acquire(timeout=10)
            assert next(as_completed(held, timeout=10)).result() == 503
            assert search(client, "tin").status_code == 200
            assert client.get("/v1/documents").status_code == 200
            gate.opened.set()
            assert sorted(one.result() for one in held) == [201, 201, 503]

    def test_a_burst_never_exceeds_the_queue(self) -> None:
        line = Line("requests", 2, 3, 5)
        seen: list[int] = []
        opened = threading.Event()

        def work() -> int:
            seen.append(line.waiting)
            assert opened.wait(20)
            return 1

        async def burst() -> list[Any]:
            tasks = pending = {asyncio.ensure_future(line.run(work)) for _ in range(50)}
            # All but those that are worked on and those that may wait are refused before anything is done.
            while len(pending) > 5:
                _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            opened.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

        results = anyio.run(burst)
        assert [one for one in results if one == 1] == [1] * 5
        assert sum(isinstance(one, Overloaded) for one in results) == 45
        assert max(seen) <= 3
        assert line.waiting == 0


class TestLimits:
    def test_a_compressed_body_is_refused(self, corpus: Corpus) -> None:
        with TestClient(create_app(Engine(corpus))) as client:
            response = client.post("/v1/search", content=b"x", headers=JSON | {"content-encoding": "gzip"})
        assert response.status_code == 415
        assert "'gzip'" in response.json()["error"]["message"]

    def test_a_question_has_a_smaller_body(self, corpus: Corpus) -> None:
        with TestClient(create_app(Engine(corpus))) as client:
            response = client.post("/v1/search", content=b"[" + b"[]," * 3_000_000, headers=JSON)
        assert response.status_code == 413
        assert "8,388,608" in response.json()["error"]["message"]

    def test_too_many_files_are_refused_together(self, corpus: Corpus) -> None:
        files = [("files", (f"{number}.txt", b"Tin rose.")) for number in range(4)]
        with TestClient(create_app(Engine(corpus), bounds=Bounds(upload_files=3))) as client:
            response = client.post("/v1/documents", files=files)
            assert (response.status_code, response.json()["error"]["code"]) == (413, "too_many_files")
            assert "4 files" in response.json()["error"]["message"]
            assert client.get("/v1/documents").json()["documents"] == []
            many = [("files", (f"{number}.txt", b"Tin rose.")) for number in range(1001)]
            assert client.post("/v1/documents", files=many).status_code in {400, 413}

    def test_a_document_over_its_own_limit_is_refused(self, corpus: Corpus) -> None:
        bounds = Bounds(documents=Limits(document_bytes=2**20))
        with TestClient(create_app(Engine(corpus), bounds=bounds)) as client:
            for response in (
                client.put("/v1/documents/a", json={"text": "tin " * 2**19}),
                client.post("/v1/documents", files=[("files", ("a.txt", b"tin " * 2**19))]),
            ):
                assert response.status_code == 413
                assert "2.0 MB; split it into documents of at most 1 MB" in response.json()["error"]["message"]

    def test_large_bodies_together_have_a_limit(self, corpus: Corpus) -> None:
        limit = 2 * 2**20
        content = b'{"text": "' + b"tin " * (limit // 4 - 100)
        app = Watched(create_app(Engine(corpus), max_body_bytes=limit))

        def put() -> int:
            return client.put("/v1/documents/b", content=content, headers=JSON).status_code

        with serving(app) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            held = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
            for connection in held:
                connection.sendall(head("PUT /v1/documents/a", limit) + content)
            # Whichever comes last is refused, and that is to be the next one.
            app.wait_for(bodies_of=2 * len(content))
            assert put() == 503
            assert client.post("/v1/search", json={"query": "tin"}).status_code == 200
            for connection in held:
                connection.close()
            _until(lambda: put() == 400)


@contextmanager
def serving(app: ASGIApp, most: int = 50) -> Iterator[int]:
    """Give the port of a server in a thread, with this service's own connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, http=connections.PunctualConnection, limit_concurrency=most)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


class Watched:
    """ASGI middleware that tells how many bytes of bodies have come in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._bytes = 0
        self._changed = threading.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched() -> Message:
            message = await receive()
            with self._changed:
                self._bytes += len(message.get("body", b""))
                self._changed.notify_all()
            return message

        await self._app(scope, watched, send)

    def wait_for(self, bodies_of: int) -> None:
        """Wait until so many bytes have come in."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._bytes >= bodies_of, 20)


def head(request: str, length: int) -> bytes:
    """The head of a request with so long a body."""
    return (
        f"{request} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n".encode()
    )


def closed_within(connection: socket.socket, seconds: float) -> bytes:
    """Return what comes until the other side closes; fail where it does not in time."""
    connection.settimeout(seconds)
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received


def brackets(size: int) -> bytes:
    """JSON of so many bytes that takes long to read and thirty times its size."""
    return b'{"text": [' + b"[]," * (size // 3) + b"0]}"


def readers() -> list[int]:
    """The processes that read a large body for this one."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        # Threads and processes end while they are listed.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                if b"large_json" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


class TestLargeBodies:
    @pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it stops a process that it finds in /proc")
    def test_no_request_waits_while_a_large_body_is_read(self, corpus: Corpus) -> None:
        with (
            serving(create_app(Engine(corpus), 1)) as port,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
            ThreadPoolExecutor() as pool,
        ):
            put = pool.submit(client.put, "/v1/documents/a", content=brackets(20_000_000), headers=JSON)
            _until(lambda: bool(readers()))
            (reader,) = readers()
            os.kill(reader, signal.SIGSTOP)
            try:
                assert client.post("/v1/search", json={"query": "tin"}).status_code == 200
                assert client.put("/v1/documents/b", json={"text": "Tin rose."}).status_code == 201
                assert not put.done()
            finally:
                os.kill(reader, signal.SIGCONT)
            response = put.result(60)
            assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
            assert "200,000 values" in response.json()["error"]["message"]
            assert readers() == []

    def test_a_large_body_is_read_as_a_small_one_is(self, corpus: Corpus) -> None:
        def put(content: bytes) -> tuple[int, Any]:
            response = client.put("/v1/documents/a", content=content, headers=JSON)
            return response.status_code, response.json().get("error", response.json().get("sha256"))

        long, filler = "Tin “rose” \u00e9 🪙. ", b" " * (2 * SMALL_BYTES)
        with TestClient(create_app(Engine(corpus))) as client:
            assert put(b'{"text": "To begin with."}')[0] == 201
            for small in (
                json.dumps({"text": long}).encode(),
                json.dumps({"text": long, "title": 5}, ensure_ascii=False).encode(),
                b'{"text": "\\ud800"}',
                b'{"text": "a"',
                b'{"text": "\xff"}',
                b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}",
                b'{"text": NaN}',
                b"[]",
            ):
                # Blanks make a body larger and change nothing.
                assert put(small) == put(small[:1] + filler + small[1:]), small[:60]
            assert client.get("/v1/documents/a").json()["text"] == long

    def test_a_large_body_takes_no_more_memory_than_it_may(self) -> None:
        assert anyio.run(read_aside, b'{"text": "' + b"x" * 30_000_000 + b'"}') == {"text": "x" * 30_000_000}
        with pytest.raises(HTTPException, match="413"):
            anyio.run(read_aside, brackets(60_000_000))

    def test_a_call_of_a_tool_is_small(self, corpus: Corpus) -> None:
        call = {"name": "search", "arguments": {"query": "tin", "sources": ["x" * SMALL_BYTES]}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        with TestClient(create_app(Engine(corpus))) as client:
            response = client.post("/mcp", json=message, headers={"accept": "application/json, text/event-stream"})
        assert response.status_code == 413
        assert "1,048,576" in response.json()["error"]["message"]


class TestSlowClients:
    def test_a_head_that_does_not_come_is_given_up(self, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "HEAD_S", 0.3)
        with serving(create_app(Engine(corpus))) as port:
            for begun in (b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /he"):
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(begun)
                    started = time.monotonic()
                    assert begun.count(b"\n\r\n") == closed_within(connection, 5).count(b"200 OK")
                    assert 0.2 < time.monotonic() - started < 3

    def test_a_head_that_trickles_is_given_up(self, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "HEAD_S", 0.5)
        with serving(create_app(Engine(corpus))) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            started = time.monotonic()
            with pytest.raises(ConnectionError):
                _trickle(connection, b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * 100)
            assert time.monotonic() - started < 3

    def test_a_head_that_does_not_end_is_not_kept(self, corpus: Corpus) -> None:
        with serving(create_app(Engine(corpus))) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\na: " + b"b" * 64 * 1024)
            assert closed_within(connection, 5).startswith(b"HTTP/1.1 400 ")

    def test_a_body_is_never_a_request(self, corpus: Corpus) -> None:
        corpus.put(Document("a", "Tin rose.", "text/plain", Metadata()))
        smuggled = b"DELETE /v1/documents/a HTTP/1.1\r\nhost: localhost\r\n\r\n"
        with serving(create_app(Engine(corpus))) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            upgrade = b"connection: upgrade\r\nupgrade: h2c\r\n"
            connection.sendall(head("POST /v1/search", len(smuggled)).replace(b"\r\n\r\n", b"\r\n" + upgrade + b"\r\n"))
            connection.sendall(smuggled)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        assert corpus.document("a").text == "Tin rose."

    def test_a_body_that_trickles_holds_no_thread_and_is_given_up(self, corpus: Corpus) -> None:
        app = Watched(create_app(Engine(corpus), 1, bounds=Bounds(queue=0, write_queue=0, body_deadline_s=1)))
        with serving(app) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            for connection, path in zip(slow, ["POST /v1/search", "PUT /v1/documents/a"] * 4, strict=True):
                connection.sendall(head(path, 100) + b"{")
            app.wait_for(bodies_of=len(slow))
            assert client.post("/v1/search", json={"query": "tin"}).status_code == 200
            assert client.put("/v1/documents/a", json={"text": "Tin rose."}).status_code == 201
            for connection in slow:
                assert b"not there whole within 1 seconds" in closed_within(connection, 5)
                connection.close()

    def test_an_answer_that_nobody_reads_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "STALL_S", 0.5)
        ended = threading.Event()

        async def endless(scope: Scope, receive: Receive, send: Send) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while (await receive())["type"] != "http.disconnect":
                for _ in range(100):
                    await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            ended.set()

        with serving(endless) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert ended.wait(10)

    def test_a_stream_whose_client_has_gone_holds_no_thread(self, gated: Corpus, gate: Gate) -> None:
        with serving(create_app(Engine(gated), 1, bounds=Bounds(queue=0))) as port:
            body = json.dumps({"question": "wait", "stream": True})
            with socket.create_connection(("127.0.0.1", port)) as connection:
                head = (
                    f"POST /v1/ask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
                )
                connection.sendall(f"{head}\r\n\r\n{body}".encode())
                assert gate.reached.acquire(timeout=10)
            gate.opened.set()
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
                _until(lambda: client.post("/v1/search", json={"query": "tin"}).status_code == 200)

    def test_too_many_connections_are_told_so(self, corpus: Corpus) -> None:
        with serving(create_app(Engine(corpus)), most=3) as port:
            held = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            for connection in held:
                # An answer shows that the connection has been taken up.
                connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            with socket.create_connection(("127.0.0.1", port)) as refused:
                above, _, body = closed_within(refused, 5).partition(b"\r\n\r\n")
            assert above.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in above
            assert json.loads(body)["error"]["code"] == "overloaded"
            for connection in held:
                connection.close()
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
                _until(lambda: client.get("/healthz").status_code == 200)


def _trickle(connection: socket.socket, content: bytes) -> None:
    """Send a byte every 50 ms until the other side closes."""
    for byte in content:
        connection.sendall(bytes([byte]))
        if select.select([connection], [], [], 0.05)[0] and not connection.recv(65536):
            raise ConnectionAbortedError


def _until(holds: Callable[[], bool]) -> None:
    """Ask again and again; each time a request is made, or a file is read."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
