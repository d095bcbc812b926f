"""Answers over HTTP: whole, or as server-sent events while they come about."""

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import anyio
import anyio.to_thread

from api import errors, logs, schemas
from api.capacity import Capacity, Line
from index.errors import FootnoteError
from rag.conversation import Turn
from rag.engine import Engine, Hit, Listener
from rag.query import Query

T = TypeVar("T")
_logger = logging.getLogger("footnote.stream")

# The headers of a stream of events: no proxy keeps any of them back.
UNCACHED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Answers a question while a listener hears of it.
Ask = Callable[[Listener], schemas.AskResponse]
Send = Callable[[str], None]

# How often it is asked whether the client is still there.
_POLL_S = 0.2
# So many answers may wait for a language model at once; waiting takes no core, and so none of the other threads.
_WAITING = 16


class Answering:
    """Answers questions in threads: of those that answer everything, or of their own where a language model is asked.

    `line` has the threads that answer everything. `is_gone` is asked whether the client has gone away; then the work is
    told to stop.
    """

    def __init__(self, engine: Engine, line: Line | None = None) -> None:
        self._engine = engine
        self.line = line or Capacity().reading
        self._waiting = anyio.CapacityLimiter(_WAITING) if engine.asks_a_language_model else None

    async def whole(
        self, question: Query, history: Sequence[Turn], is_gone: Callable[[], Awaitable[bool]]
    ) -> schemas.AskResponse:
        """Return the answer."""
        gone = threading.Event()

        def work() -> schemas.AskResponse:
            return schemas.ask_response(self._engine.ask(question, history, Listener(is_gone=gone.is_set)))

        working = self._begun(work)
        try:
            while not working.done() and not await is_gone():
                await asyncio.wait({working}, timeout=_POLL_S)
        finally:
            gone.set()
        return await working

    async def events(
        self,
        question: Query,
        history: Sequence[Turn],
        is_gone: Callable[[], Awaitable[bool]],
        tell: Callable[[Ask, Send], None],
    ) -> AsyncIterator[str]:
        """Yield what `tell` sends of an answer as it comes about; it asks and sends in a thread."""
        loop, sent = asyncio.get_running_loop(), asyncio.Queue[str | None]()
        gone = threading.Event()

        def send(event: str | None) -> None:
            loop.call_soon_threadsafe(sent.put_nowait, event)

        def ask(listener: Listener) -> schemas.AskResponse:
            heard = replace(listener, is_gone=gone.is_set)
            try:
                return schemas.ask_response(self._engine.ask(question, history, heard))
            except FootnoteError:
                raise
            except Exception as bug:
                # A stream that has begun can get no other status, so what is wrong in the service is told in it.
                _logger.exception("A stream failed.")
                raise errors.internal_error() from bug

        working = asyncio.ensure_future(self._told(ask, tell, send))
        try:
            while not await is_gone():
                try:
                    event = await asyncio.wait_for(sent.get(), _POLL_S)
                except TimeoutError:
                    continue
                if event is None:
                    await working
                    return
                yield event
        finally:
            gone.set()

    @property
    def at_model(self) -> tuple[int, int] | None:
        """How many answers wait for a language model and how many for a place there, None where none is asked."""
        if self._waiting is None:
            return None
        waiting = self._waiting.statistics()
        return waiting.borrowed_tokens, waiting.tasks_waiting

    def check_room(self) -> None:
        """Raise TooManyQuestions where too many answers wait for a language model, Overloaded where for a thread."""
        if self._waiting is None:
            self.line.check_room()
        elif self._waiting.available_tokens < 1:
            raise errors.TooManyQuestions(
                f"{_WAITING} answers wait for the language model already; ask again in {errors.RETRY_AFTER_S} seconds."
            )

    def _begun(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        if self._waiting is None:
            return asyncio.ensure_future(self.line.run(work))
        return asyncio.ensure_future(anyio.to_thread.run_sync(work, limiter=self._waiting))

    async def _told(self, ask: Ask, tell: Callable[[Ask, Send], None], send: Callable[[str | None], None]) -> None:
        """Have an answer told, or that there is no thread for it in time; None is sent at the end."""
        try:
            await self._begun(lambda: tell(ask, send))
        except errors.Overloaded as error:
            tell(_failing(error), send)
        finally:
            send(None)


def _failing(error: FootnoteError) -> Ask:
    def ask(_: Listener) -> schemas.AskResponse:
        raise error

    return ask


def tell_events(ask: Ask, send: Send) -> None:
    """Send what was found, the text piece by piece, what it cites, what articles disagree on, and the whole."""

    def on_hits(hits: tuple[Hit, ...]) -> None:
        send(_event("results", "[" + ",".join(one.model_dump_json() for one in schemas.results_of(hits)) + "]"))

    def on_text(text: str) -> None:
        for piece in pieces(text):
            send(_event("delta", schemas.Delta(text=piece).model_dump_json()))

    try:
        body = ask(Listener(on_hits, on_text))
    except FootnoteError as error:
        said = schemas.ErrorBody(code=errors.code(error), message=str(error))
        logs.note_error(said.code)
        send(_event("error", schemas.ErrorResponse(error=said).model_dump_json()))
        return
    for cited in body.citations:
        send(_event("citation", cited.model_dump_json()))
    for found in body.disagreements:
        send(_event("disagreement", found.model_dump_json()))
    send(_event("done", body.model_dump_json()))


def pieces(text: str) -> list[str]:
    """Return a text in the pieces that it is sent in: its words, each with the space after it."""
    return re.findall(r"\S+\s*|\s+", text)


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
