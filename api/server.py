"""The server process: one socket, one application."""

import ctypes
import gc
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from types import FrameType

import uvicorn

from api import terminal
from api.access import Access
from api.app import create_app
from api.capacity import Bounds
from api.connections import PunctualConnection
from api.errors import CannotListen
from api.keys import read_keys
from api.readiness import Readiness
from api.traces import open_traces
from rag.engine import Engine
from rag.errors import InvalidSetting
from rag.settings import Settings

# A signal may be sent twice, to the process and to its group, and is still one.
_ECHO_S = 0.5
# From glibc's malloc.h.
_M_ARENA_MAX = -8
# Connections that may wait to be taken up.
_BACKLOG = 512
# How long closing may take once requests have ended or have been given up.
_CLOSING_S = 5

_logger = logging.getLogger("footnote.server")


def read_access(settings: Settings) -> Access:
    """Return who is let in; raise InvalidSetting for a key that cannot be one."""
    keys = read_keys(settings.api_keys.get_secret_value() if settings.api_keys else None, settings.api_keys_file)
    origins = filter(None, re.split(r"[\s,]+", settings.cors_origins or ""))
    return Access(keys, settings.rate_limit, tuple(origins))


def keep_memory_together() -> None:
    """Have glibc's malloc share two arenas among all threads; elsewhere nothing is changed.

    Each write has threads of its own for a moment. With eight arenas to a core, what they leave free is scattered, and
    resident memory grows by a quarter within some hundred writes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)


@contextmanager
def take_port(host: str, port: int, *, to_others: bool = False) -> Iterator[socket.socket]:
    """Give a socket that has the port and does not listen yet: until the service can answer, connections are refused.

    Other machines reach it only where that is meant: `to_others`. Raises CannotListen where the port is in use or the
    address is not this machine's, InvalidSetting where others would reach it and must not.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    with listener:
        # The connections of a service that has just stopped do not keep the port from this one.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        if not to_others and not ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback:
            raise InvalidSetting(
                f"On {host} other machines reach the service, and without keys they could change everything; "
                "set RAG_API_KEYS (`rag key NAME` makes a key), listen on 127.0.0.1, or set RAG_OPEN_TO_ALL=true."
            )
        # Connections take this over; asyncio sets it only on sockets that name their protocol. Without it an answer's
        # body waits until the client has acknowledged its head, which clients put off for 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def serve_app(engine: Engine, listener: socket.socket, settings: Settings, access: Access) -> None:
    """Serve until the process is told to stop; requests that have begun are finished."""
    host, port = listener.getsockname()[:2]
    traces = open_traces(os.environ)
    app = create_app(
        engine,
        settings.threads,
        int(settings.max_body_mb * 2**20),
        settings.public_url,
        traces=traces,
        log_questions=settings.log_questions,
        bounds=Bounds(
            settings.queue,
            settings.write_queue,
            settings.queue_deadline_s,
            settings.body_deadline_s,
            settings.max_upload_files,
            settings.document_limits,
        ),
        access=access,
    )
    config = uvicorn.Config(
        app,
        backlog=_BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.grace_s,
        # Where it is installed uvicorn would take uvloop, which does not say that another listens on the port.
        loop="asyncio",
        http=PunctualConnection,
        limit_concurrency=settings.max_connections,
    )
    shown = f"[{host}]" if ":" in host else host
    said = f"Footnote answers on http://{shown}:{port} (documentation at /docs); Ctrl+C stops it."
    with engine.corpus.read() as view:
        if not view.reading.count()[0]:
            said += " There are no documents yet; add some on the page, or by `rag index FOLDER` with the same data."
    announce = _logger.info if settings.log_format == "json" else terminal.say
    _Server(config, app.state.readiness, lambda: announce(said)).run(sockets=[listener])
    if traces:
        traces.close()


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    reason = error.strerror or str(error)
    return CannotListen(f"Port {port} of {host} cannot be listened on ({reason}); choose another with --port.")


class _Server(uvicorn.Server):
    """Stops at a first signal, with status 0, when what runs has ended; at a second one at once.

    Uvicorn's own would die of the first signal once it has stopped, and heed no second one but Ctrl+C. `announce` is
    called once connections are taken.
    """

    def __init__(self, config: uvicorn.Config, readiness: Readiness, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._announce = announce
        self._told_at = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer a first question, then listen; raise CannotListen where another service was quicker to."""
        assert sockets is not None
        try:
            await super().startup(sockets)
        except OSError as error:
            await self.lifespan.shutdown()
            host, port = sockets[0].getsockname()[:2]
            raise _cannot_listen(host, port, error) from error
        if self.started:
            # What is there by now stays: no collection of garbage need look through it, which would hold up a question.
            gc.collect()
            gc.freeze()
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, or end the process where that has begun: what was acknowledged is on the disk."""
        if self.should_exit and time.monotonic() - self._told_at < _ECHO_S:
            return
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._readiness.stop()
        self.should_exit, self._told_at = True, time.monotonic()
        # A request that cannot be given up, such as a file that is being read, holds nobody beyond the deadline.
        deadline = threading.Timer((self.config.timeout_graceful_shutdown or 0) + _CLOSING_S, os._exit, [1])
        deadline.daemon = True
        deadline.start()
