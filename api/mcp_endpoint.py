"""The route of the Model Context Protocol, whose library is loaded when it is first asked for.

It takes as long to load, and a fifth of the memory, as all else that a service needs to answer.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.types import Receive, Scope, Send

from api.errors import NotReady
from api.streaming import Answering
from rag.engine import Engine

if TYPE_CHECKING:
    from api.mcp_server import McpEndpoint


_logger = logging.getLogger("footnote.mcp")


class LateMcp:
    """ASGI application that loads the endpoint at the first request while it is `running`, and hands requests on."""

    def __init__(self, engine: Engine, answering: Answering, public_url: str | None) -> None:
        self._engine = engine
        self._answering = answering
        self._public_url = public_url
        self._asked: anyio.Event | None = None
        self._loaded = anyio.Event()
        self._endpoint: McpEndpoint | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take requests until the context ends; it may be entered again then."""
        self._asked, self._loaded, self._endpoint = anyio.Event(), anyio.Event(), None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run_when_asked)
            try:
                yield
            finally:
                self._asked = None
                tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._asked is None:
            raise NotReady("The service is starting or stopping; ask again in a few seconds.")
        loaded = self._loaded
        self._asked.set()
        await loaded.wait()
        if self._endpoint is None:
            raise NotReady(
                "The Model Context Protocol could not be loaded, the log says why; ask again in a few seconds."
            )
        await self._endpoint(scope, receive, send)

    async def _run_when_asked(self) -> None:
        while self._asked is not None:
            await self._asked.wait()
            try:
                self._endpoint = await anyio.to_thread.run_sync(self._load)
            except (OSError, ImportError):
                _logger.exception("The Model Context Protocol could not be loaded.")
                failed, self._asked, self._loaded = self._loaded, anyio.Event(), anyio.Event()
                failed.set()
            else:
                async with self._endpoint.running():
                    self._loaded.set()
                    await anyio.sleep_forever()

    def _load(self) -> "McpEndpoint":
        from api.mcp_server import McpEndpoint

        return McpEndpoint(self._engine, self._answering, self._public_url)
