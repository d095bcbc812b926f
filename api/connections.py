"""Connections that are slow or lost hold nothing for long: uvicorn has a deadline only for those that are idle."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api import errors

# From the opening of a connection, or the end of the answer before, to the end of a request's head.
HEAD_S = 10.0
# How long a client may take nothing of what is sent to it.
STALL_S = 30.0

_FULL = (
    '{"error":{"code":"overloaded","message":"%d connections are open already; ask again in %d seconds.",'
    '"details":null}}'
)


class PunctualConnection(H11Protocol):
    """A connection that is closed when no request comes of it or nobody reads from it.

    Beyond uvicorn's `limit_concurrency` connections a new one is answered with 503, whatever it asks.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # Uvicorn's own answer would be plain text, and it would count requests that are in order.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse where there are too many."""
        super().connection_made(transport)
        if self._most is not None and len(self.connections) > self._most:
            transport.write(_full(self._most))
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._head = _none_of(self._head)
        self._stall = _none_of(self._stall)

    def pause_writing(self) -> None:
        """Wait for the client to read on."""
        super().pause_writing()
        self._stall = self._stall or self.loop.call_later(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        self._stall = _none_of(self._stall)

    def _watch(self) -> None:
        """Have the connection end in time unless a request is at work; its body has a deadline of its own."""
        at_work = self.cycle is not None and not self.cycle.response_complete
        if at_work or self.transport.is_closing():
            self._head = _none_of(self._head)
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_S, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if self.flow.write_paused:
            # The end of an answer still waits to be read; `_stall` sees to that.
            return
        self.transport.close()


def _full(most: int) -> bytes:
    body = (_FULL % (most, errors.RETRY_AFTER_S)).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
        f"retry-after: {errors.RETRY_AFTER_S}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _none_of(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Cancel a timer; return None to put in its place."""
    if timer is not None:
        timer.cancel()
    return None
