"""Server-sent events: an answer as it comes about."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

import anyio.to_thread

from api import errors, schemas
from index.errors import FootnoteError
from rag.engine import Engine, Hit, Listener
from rag.followup import Turn
from rag.query import Query

# How often it is asked whether the client is still there.
_POLL_S = 0.2


async def events(
    engine: Engine, question: Query, history: Sequence[Turn], is_disconnected: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    """Yield what was found, the text piece by piece, what it cites, what articles disagree on, and the whole.

    When the client goes away the work is told to stop.
    """
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[str | None]()
    gone = threading.Event()

    def send(event: str | None) -> None:
        loop.call_soon_threadsafe(waiting.put_nowait, event)

    def work() -> None:
        try:
            _answer(engine, question, history, send, gone)
        finally:
            send(None)

    working = asyncio.ensure_future(anyio.to_thread.run_sync(work))
    try:
        while not await is_disconnected():
            with suppress(TimeoutError):
                event = await asyncio.wait_for(waiting.get(), _POLL_S)
                if event is None:
                    await working
                    return
                yield event
    finally:
        gone.set()


def _answer(
    engine: Engine, question: Query, history: Sequence[Turn], send: Callable[[str], None], gone: threading.Event
) -> None:
    """Answer a question, sending each event as soon as it is known."""

    def on_hits(hits: tuple[Hit, ...]) -> None:
        send(_event("results", "[" + ",".join(one.model_dump_json() for one in schemas.results_of(hits)) + "]"))

    def on_text(text: str) -> None:
        for piece in re.findall(r"\S+\s*|\s+", text):
            send(_event("delta", schemas.Delta(text=piece).model_dump_json()))

    try:
        body = schemas.ask_response(engine.ask(question, history, Listener(on_hits, on_text, gone.is_set)))
    except FootnoteError as error:
        said = schemas.ErrorBody(code=errors.code(error), message=str(error))
        send(_event("error", schemas.ErrorResponse(error=said).model_dump_json()))
        return
    for cited in body.citations:
        send(_event("citation", cited.model_dump_json()))
    for found in body.disagreements:
        send(_event("disagreement", found.model_dump_json()))
    send(_event("done", body.model_dump_json()))


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
