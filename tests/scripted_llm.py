"""A server that speaks OpenAI's streaming chat completions and does to its client what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TRICKLE_S = 0.05


class Reply:
    """What a script answers one request with: `body` is the request's, `closing` is set when the test is over."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], closing: threading.Event) -> None:
        self._handler = handler
        self.body = body
        self.closing = closing

    def fail(self, status: int, text: str = "{}") -> None:
        data = text.encode()
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Content-Length", str(len(data)))
        self._handler.end_headers()
        self._handler.wfile.write(data)

    def start(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def send(self, text: str) -> None:
        data = text.encode()
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self._handler.wfile.flush()

    def say(self, text: str) -> None:
        self._choice({"content": text}, None)

    def end(self, reason: str | None = "stop") -> None:
        if reason:
            self._choice({}, reason)
        self.send("data: [DONE]\n\n")
        self._handler.wfile.write(b"0\r\n\r\n")

    def drip(self, first: bytes, then: bytes) -> None:
        """Write bytes outside all framing, the second ones again and again."""
        self._handler.wfile.write(first)
        while not self.closing.wait(TRICKLE_S):
            self._handler.wfile.write(then)
            self._handler.wfile.flush()

    def _choice(self, delta: dict[str, str], reason: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        self.send(f"data: {json.dumps(chunk)}\n\n")


Script = Callable[[Reply], None]


class ScriptedLLM:
    """The server's address, the requests it got, and `gone`, set once a client has left a reply unfinished."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.gone = threading.Event()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        llm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                llm.requests.append({"path": self.path, "authorization": self.headers["Authorization"], **body})
                self.close_connection = True
                try:
                    llm.script(Reply(self, body, llm.closing))
                except OSError:
                    llm.gone.set()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@contextmanager
def scripted_llm(script: Script) -> Iterator[ScriptedLLM]:
    llm = ScriptedLLM(script)
    try:
        yield llm
    finally:
        llm.close()


def saying(*deltas: str, reason: str | None = "stop") -> Script:
    """A model that says this and ends."""

    def script(reply: Reply) -> None:
        reply.start()
        for delta in deltas:
            reply.say(delta)
        reply.end(reason)

    return script


def breaking_off(*deltas: str) -> Script:
    """A model whose connection is lost after this."""

    def script(reply: Reply) -> None:
        reply.start()
        for delta in deltas:
            reply.say(delta)

    return script


def going_on_forever(delta: str) -> Script:
    """A model that says the same every 50 ms, and has no end."""

    def script(reply: Reply) -> None:
        reply.start()
        while not reply.closing.wait(TRICKLE_S):
            reply.say(delta)

    return script


def silent(reply: Reply) -> None:
    """Take the request and never answer it."""
    reply.closing.wait()


def silent_after(*deltas: str) -> Script:
    """A model that says this and then nothing, with the connection held."""

    def script(reply: Reply) -> None:
        reply.start()
        for delta in deltas:
            reply.say(delta)
        reply.closing.wait()

    return script


def keeping_alive(reply: Reply) -> None:
    """Send comments, which a client hands on as nothing, every 50 ms."""
    reply.start()
    while not reply.closing.wait(TRICKLE_S):
        reply.send(": wait\n\n")


def dripping_headers(reply: Reply) -> None:
    """Send a header without end."""
    reply.drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a")


def refusing(status: int, text: str = "{}") -> Script:
    """Answer with an error."""
    return lambda reply: reply.fail(status, text)


def streaming(*events: str) -> Script:
    """Send these data, whatever they are, as events."""

    def script(reply: Reply) -> None:
        reply.start()
        for event in events:
            reply.send(f"data: {event}\n\n")
        reply.end(None)

    return script
