"""Whether the service can answer: not before it has answered itself once, and not while it stops."""

import threading
from contextlib import suppress

from api.errors import NotReady
from index.errors import FootnoteError
from rag.engine import Engine


class Readiness:
    """Ready once a first question has been answered, and until `stop`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._warm = False
        self._stopping = threading.Event()

    def start(self) -> None:
        """Ask a first question, so that no caller's is the one that everything is loaded for; it may fail."""
        self._stopping.clear()
        with suppress(FootnoteError):
            self._warm_up()

    def stop(self) -> None:
        """Be ready no more. May be called in a signal handler."""
        self._stopping.set()

    def check(self) -> None:
        """Raise NotReady while it stops, and what is wrong where a first question cannot be answered yet."""
        if self._stopping.is_set():
            raise NotReady("The service is stopping and takes no more requests; ask again when it has been started.")
        if not self._warm:
            self._warm_up()

    def _warm_up(self) -> None:
        self._engine.search("Is it ready?")
        self._warm = True
