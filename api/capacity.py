"""How much is worked on at once, and how much may wait: what is beyond that is refused at once, before it costs time.

Reading and writing have threads and queues of their own, so that a document that takes a minute to embed keeps no
question waiting.
"""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
from fastapi import Response
from pydantic import BaseModel

from api import errors
from index.limits import Limits

T = TypeVar("T")
P = ParamSpec("P")

# More writers at once would only wait for one another: the database has one, and each embeds on every core.
_WRITERS = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the service takes at most; `documents` is what a single document may be."""

    queue: int = 32
    write_queue: int = 8
    queue_deadline_s: float = 15.0
    body_deadline_s: float = 60.0
    upload_files: int = 100
    documents: Limits = field(default_factory=Limits)


class Line:
    """The threads of one kind of work, and the bounded queue before them.

    `name` is what the work is called where it is refused.
    """

    def __init__(self, name: str, threads: int, queue: int, deadline_s: float) -> None:
        self._name = name
        self._threads = threads
        self._queue = queue
        self._deadline_s = deadline_s
        self._free = anyio.Semaphore(threads)
        self._limiter = anyio.CapacityLimiter(threads)
        self._inside = 0

    @property
    def active(self) -> int:
        """How much is worked on."""
        return min(self._inside, self._threads)

    @property
    def waiting(self) -> int:
        """How much waits for a thread."""
        return max(0, self._inside - self._threads)

    def check_room(self) -> None:
        """Raise Overloaded where one more would exceed the queue."""
        if self._inside >= self._threads + self._queue:
            raise self._overloaded(f"{self._queue} {self._name} wait already")

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done in a thread; raise Overloaded where it cannot begin soon enough."""
        self.check_room()
        self._inside += 1
        try:
            await self._admitted()
            try:
                return await anyio.to_thread.run_sync(work, limiter=self._limiter)
            finally:
                self._free.release()
        finally:
            self._inside -= 1

    def runs(self, endpoint: Callable[P, T]) -> Callable[P, Awaitable[T | Response]]:
        """Return an endpoint that does the work of one that would block; a model leaves as the JSON it is sent as."""

        @wraps(endpoint)
        async def admitted(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            return await self.run(partial(_answered, partial(endpoint, *args, **kwargs)))

        return admitted

    async def _admitted(self) -> None:
        # Most find a thread free, and a deadline takes time of its own.
        with suppress(anyio.WouldBlock):
            self._free.acquire_nowait()
            return
        try:
            with anyio.fail_after(self._deadline_s):
                await self._free.acquire()
        except TimeoutError:
            raise self._overloaded(f"No thread was free for {self._deadline_s:g} seconds") from None

    def _overloaded(self, why: str) -> errors.Overloaded:
        return errors.Overloaded(f"{why}; ask again in {errors.RETRY_AFTER_S} seconds.")


class Capacity:
    """The line of what only reads and the line of what writes; `threads` read at once, 0 for one on each core."""

    def __init__(self, bounds: Bounds | None = None, threads: int = 0) -> None:
        bounds = bounds or Bounds()
        readers = threads or os.cpu_count() or 1
        self.reading = Line("requests", readers, bounds.queue, bounds.queue_deadline_s)
        self.writing = Line("changes", _WRITERS, bounds.write_queue, bounds.queue_deadline_s)


def json_response(body: BaseModel, status: int = 200) -> Response:
    """Return a model as it is sent."""
    return Response(body.model_dump_json(), status, media_type="application/json")


def _answered(endpoint: Callable[[], T]) -> T | Response:
    # Here and not in the event loop, which a large document would hold up for everyone.
    result = endpoint()
    return json_response(result) if isinstance(result, BaseModel) else result
