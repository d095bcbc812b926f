"""A limit on request bodies, so that no request can take the machine's memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A document of 20 MB may take several bytes of JSON for each of its own, and an upload may hold several files.
MAX_BODY_BYTES = 128 * 1024 * 1024


class BodyLimit:
    """ASGI middleware that refuses a body over `max_body_bytes` with status 413, announced or not.

    FastAPI's own limit answers an announced body in plain text; here every error has the one shape.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, its body counted as it comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        received = int(announced) if announced.isdecimal() and int(announced) > self._limit else 0

        async def counted() -> Message:
            nonlocal received
            message = {} if received > self._limit else await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(
                    413, f"The body is over {self._limit:,} bytes; send fewer or smaller documents at a time"
                )
            return message

        await self._app(scope, counted, send)
