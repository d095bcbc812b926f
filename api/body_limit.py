"""A limit on request bodies, so that no request can take the machine's memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A document of 20 MB in JSON may take up to six bytes for one; several files may come in one upload.
MAX_BODY_BYTES = 128 * 1024 * 1024


class BodyLimit:
    """ASGI middleware that answers 413 to a body over MAX_BODY_BYTES, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
            await _refusal()(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413, _MESSAGE)
            return message

        await self._app(scope, counted, send)


_MESSAGE = f"The body is over {MAX_BODY_BYTES // 2**20} MB; send fewer or smaller documents at a time"


def _refusal() -> JSONResponse:
    return JSONResponse({"error": {"code": "too_large", "message": f"{_MESSAGE}.", "details": None}}, 413)
