"""Limits on request bodies, so that no request can take the machine's memory or hold anything for long."""

import time
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RETRY_AFTER_S
from api.json_bodies import SMALL_BYTES

# A document of 20 MB may take several bytes of JSON for each of its own, and an upload may hold several files.
MAX_BODY_BYTES = 128 * 1024 * 1024
# A question with a long conversation; what JSON makes of a body may take thirty times its size.
_QUESTION_BYTES = 8 * 1024 * 1024
_DOCUMENTS = "/v1/documents"
_MCP = "/mcp"


class BodyLimit:
    """ASGI middleware that refuses a body over `max_body_bytes` with status 413, announced or not.

    Other routes than those of documents take 8 MiB at most, a call of a tool 1 MiB. A body that is not there whole
    after `deadline_s`, that is compressed, or for which there is no memory beside all others is refused too: small ones
    always find room, the larger ones may hold twice the limit together.

    FastAPI's own limit answers an announced body in plain text; here every error has the one shape.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES, deadline_s: float = 60.0) -> None:
        self._app = app
        self._limit = max_body_bytes
        self._deadline_s = deadline_s
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, its body counted as it comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        body = _Body(
            min(self._limit, _most_for(scope["path"], self._limit)),
            time.monotonic() + self._deadline_s,
            headers.get("content-encoding", "identity").strip().lower(),
            int(announced) if announced.isdecimal() else 0,
        )

        async def counted() -> Message:
            if body.is_whole:
                return await receive()
            self._check(body)
            message = await self._in_time(body, receive)
            size = len(message.get("body", b""))
            body.received += size
            self._held += size
            self._check(body)
            body.is_whole = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= body.received

    def _check(self, body: "_Body") -> None:
        if body.encoding != "identity":
            raise HTTPException(415, f"The body is encoded as {body.encoding[:40]!r}; send it as it is")
        if max(body.announced, body.received) > body.limit:
            raise HTTPException(
                413, f"The body is over {body.limit:,} bytes; send fewer or smaller documents at a time"
            )
        if body.received > SMALL_BYTES and self._held > 2 * self._limit:
            raise HTTPException(
                503,
                f"Bodies of {self._held:,} bytes are held already; send this one again in {RETRY_AFTER_S} seconds",
                {"Retry-After": str(RETRY_AFTER_S)},
            )

    async def _in_time(self, body: "_Body", receive: Receive) -> Message:
        try:
            with anyio.fail_after(max(0.0, body.due - time.monotonic())):
                return await receive()
        except TimeoutError:
            message = f"The body was not there whole within {self._deadline_s:g} seconds; send it faster or in parts"
            raise HTTPException(400, message, {"Connection": "close"}) from None


def _most_for(path: str, of_documents: int) -> int:
    if path.startswith(_DOCUMENTS):
        return of_documents
    # What reads the messages of MCP is not ours, and reads them where all others wait for it.
    return SMALL_BYTES if path.startswith(_MCP) else _QUESTION_BYTES


@dataclass(slots=True)
class _Body:
    """What is known of a request's body so far."""

    limit: int
    due: float
    encoding: str
    announced: int
    received: int = 0
    is_whole: bool = False
