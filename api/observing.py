"""Each request has an id, a line in the log and its place in the metrics."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import logs
from api.metrics import Metrics
from api.traces import Traces
from rag.engine import Observer

_logger = logging.getLogger("footnote.request")
_question_logger = logging.getLogger("footnote.question")


class Observing:
    """ASGI middleware around all others, so that what any of them refuses is seen too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        notes = logs.RequestNotes(logs.request_id(Headers(scope=scope).get("x-request-id")))
        # Never reset: the server logs what nobody caught after this has ended, in the same task.
        logs.NOTES.set(notes)
        # An error that nobody catches is answered outside of this, and always with this status.
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = notes.request_id
            await send(message)

        self._metrics.begin_request()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, status, time.perf_counter() - started, notes)

    def _note(self, scope: Scope, status: int, seconds: float, notes: logs.RequestNotes) -> None:
        route, method, code = _route(scope), scope["method"], notes.error_code
        if status >= 400 and code is None:
            code = "internal_error" if status == 500 else f"http_{status}"
        self._metrics.end_request(route, method, status, seconds, code)
        level = logging.INFO if status < 500 else logging.ERROR if status == 500 else logging.WARNING
        if _logger.isEnabledFor(level):
            fields = {
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "client": (scope.get("client") or ("",))[0],
            }
            if notes.key_name is not None:
                fields["key"] = notes.key_name
            if code is not None:
                fields["code"] = code
            _logger.log(level, "answered", extra={"fields": fields})


def _route(scope: Scope) -> str:
    """Return the template of the route that took a request, `none` where none did."""
    route, endpoint = scope.get("route"), scope.get("endpoint")
    if route is None and endpoint is not None:
        # FastAPI does not name the routes that are not its own: the pages' files, MCP.
        route = next(
            one for one in scope["app"].routes if endpoint in (vars(one).get("endpoint"), vars(one).get("app"))
        )
    return getattr(route, "path", "none")


def observer(metrics: Metrics, traces: Traces | None, log_questions: bool) -> Observer:
    """Return what takes the engine's questions into metrics, into traces where there are any, and into the log."""

    def traced(stage: str, seconds: float) -> None:
        assert traces is not None
        metrics.stage(stage, seconds)
        traces.stage(stage, seconds)

    def logged(question: str) -> None:
        _question_logger.info("asked", extra={"fields": {"question": question}})

    on_stage = traced if traces else metrics.stage
    if log_questions:
        return Observer(on_question=logged, on_stage=on_stage, on_answer=metrics.answer)
    return Observer(on_stage=on_stage, on_answer=metrics.answer)
