"""A client that costs next to nothing: HTTP/1.1 over a socket that is kept open, and many of them at once."""

import json
import re
import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.measuring import Result, spread

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_WARM_S = 0.5


class Connection:
    """One connection to a server, on which one request after another is sent."""

    def __init__(self, address: str) -> None:
        where = urlsplit(address)
        self._socket = socket.create_connection((where.hostname, where.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request."""
        self._socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._received()
        length = _LENGTH.search(received, 0, end + 2)
        assert length is not None, received[:end]
        missing = end + 4 + int(length[1]) - len(received)
        parts = [received]
        while missing > 0:
            parts.append(self._received())
            missing -= len(parts[-1])
        return int(received[9:12]), b"".join(parts)[end + 4 :]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _received(self) -> bytes:
        part = self._socket.recv(1 << 16)
        if not part:
            raise ConnectionError("The server has closed the connection in the middle of an answer.")
        return part


def search_request(query: str, k: int) -> bytes:
    """Return the request of a search without a reranker."""
    body = json.dumps({"query": query, "top_k": k, "rerank": False}).encode()
    head = (
        f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


def load(address: str, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    """Return the answers a second that a server gives to so many connections, each asking without a pause."""
    begin = time.perf_counter() + _WARM_S
    until = begin + seconds
    answered: list[tuple[float, int]] = []

    def ask(first: int) -> None:
        connection, number = Connection(address), first
        while (started := time.perf_counter()) < until:
            status, _ = connection.send(requests[number % len(requests)])
            ended = time.perf_counter()
            if begin <= ended < until:
                answered.append(((ended - started) * 1000, status))
            number += connections
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [milliseconds for milliseconds, status in answered if status == 200]
    return {
        "a_second": round(len(good) / seconds, 1),
        "ms": spread(good) if good else None,
        "refused": len(answered) - len(good),
    }
