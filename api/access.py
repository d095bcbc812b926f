"""Who may do what: every request passes here before its body is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from api import logs
from api.errors import Forbidden, KeyNeeded
from api.keys import Keyring, Scope
from api.origins import Origins
from api.rate_limits import RateLimits, caller_at
from index.errors import FootnoteError

# What shows nothing of the articles but how many there are: the pages' own files, the documentation, the probes.
_OPEN = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})
_OPEN_FILES = ("/static/", "/static-offline-docs/")
# A POST that changes nothing.
_ASKING = frozenset({"/v1/search", "/v1/ask", "/v1/verify", "/v1/chat/completions", "/mcp", "/mcp/"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in: the keys, how often a caller may ask, and the origins of other pages that may ask.

    `rate_limit` is as in `600/minute`. Without keys, whoever reaches the service may do everything.
    """

    keys: Keyring = field(default_factory=Keyring)
    rate_limit: str | None = None
    cors_origins: tuple[str, ...] = ()


def needed_scope(method: str, path: str) -> Scope | None:
    """Return what a key must open for a request, None where no key is needed.

    What is not named here needs a key, and where it is not plainly a question the greater one.
    """
    if method in _READING:
        return None if path in _OPEN or path.startswith(_OPEN_FILES) else Scope.READ
    return Scope.READ if path in _ASKING else Scope.WRITE


class Gate:
    """ASGI middleware that lets through what its sender may do; `refuse` makes the response to anything else."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        public_url: str | None,
        refuse: Callable[[Request, FootnoteError], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._keys = access.keys
        self._limits = RateLimits(access.rate_limit)
        self._origins = Origins(public_url, access.cors_origins)
        self._refuse = refuse

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except FootnoteError as error:
                response = await self._refuse(Request(scope), error)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, connection: Connection) -> None:
        method, needed = connection["method"], needed_scope(connection["method"], connection["path"])
        if needed is None:
            return
        headers = Headers(scope=connection)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._keys:
            # A page that passes for this service has no key, so that with keys any name is as good as another.
            self._origins.check_host(host)
        if origin is not None and method not in _READING:
            self._origins.check_origin(origin, host, changes=needed is Scope.WRITE)
        address = caller_at((connection.get("client") or ("unknown",))[0])
        if not self._keys:
            self._limits.count(f"address {address}")
            return
        self._check_key(headers.get("authorization", ""), address, needed)

    def _check_key(self, authorization: str, address: str, needed: Scope) -> None:
        kind, _, presented = authorization.strip().partition(" ")
        presented = presented.strip()
        if kind.lower() != "bearer" or not presented:
            self._limits.count(f"address {address}")
            raise KeyNeeded("A key is needed; send it as 'Authorization: Bearer KEY'.")
        self._limits.check_guesses(address)
        key = self._keys.find(presented)
        if key is None:
            self._limits.count_guess(address, presented)
            self._limits.count(f"address {address}")
            raise KeyNeeded("The key is none of this service's; ask whoever runs it for one.")
        logs.note_key(key.name)
        self._limits.count(f"key {key.name}")
        if not key.opens(needed):
            raise Forbidden(f"The key {key.name!r} may only read; this takes one of scope 'write'.")
