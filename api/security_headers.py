"""What every response tells a browser not to do with it."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A response that is no page is never to be shown as one, framed, or guessed to be something else. Other pages may not
# take it in, but by a CORS request that they are let in for.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Swagger UI sets styles in its elements, and FastAPI starts it by a script in the page, which is the same for everyone.
_DOCUMENTATION = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


# As they are sent, so that they are not encoded for each response.
_GIVEN = _encoded(SECURITY_HEADERS)
_GIVEN_TO_DOCUMENTATION = _encoded(SECURITY_HEADERS | {"Content-Security-Policy": _DOCUMENTATION})


class SecurityHeaders:
    """ASGI middleware that gives each response these headers where it has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [*message.get("headers", ())]
                named = {name.lower() for name, _ in own}
                given = _GIVEN_TO_DOCUMENTATION if scope["path"] == "/docs" else _GIVEN
                message["headers"] = own + [pair for pair in given if pair[0] not in named]
            await send(message)

        await self._app(scope, receive, guarded)
