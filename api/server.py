"""The server process: one listening socket, one application."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api import terminal
from api.app import create_app
from api.errors import CannotListen
from rag.engine import Engine

# How long requests that have begun may go on after the process is told to stop.
GRACE_S = 10


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Give a listening socket; raise CannotListen where the port is in use or the address is not this machine's."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(
            f"Port {port} of {host} cannot be listened on ({reason}); choose another with --port."
        ) from error
    with listener:
        yield listener


def serve_app(engine: Engine, listener: socket.socket, threads: int, public_url: str | None = None) -> None:
    """Serve until the process is told to stop; requests that have begun are finished."""
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        create_app(engine, threads, public_url=public_url),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    shown = f"[{host}]" if ":" in host else host
    terminal.say(f"Footnote answers on http://{shown}:{port} (documentation at /docs); Ctrl+C stops it.")
    uvicorn.Server(config).run(sockets=[listener])
