"""The routes for those who run the service: whether it is alive and ready, and what it does.

They have a thread of their own, so that they answer where all others are at work.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import FastAPI, Response

from api import metrics, schemas
from api.capacity import Capacity
from api.readiness import Readiness
from api.streaming import Answering
from index.corpus import Corpus

T = TypeVar("T")


def add_operation(
    app: FastAPI,
    corpus: Corpus,
    readiness: Readiness,
    measured: metrics.Metrics,
    capacity: Capacity,
    answering: Answering,
    unready: dict[int | str, dict[str, Any]],
) -> None:
    """Add the routes; `unready` describes how `/readyz` fails."""
    own = anyio.CapacityLimiter(1)

    async def aside(work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=own)

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", tags=["operation"])
    async def healthz() -> schemas.Health:
        """Say that the service is alive."""
        return schemas.Health()

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", tags=["operation"], responses=unready)
    async def readyz() -> schemas.Readiness:
        """Say that questions are answered, and what there is to ask; 503 before that and while the service stops."""

        def ready() -> schemas.Readiness:
            readiness.check()
            with corpus.read() as view:
                documents, passages = view.reading.count()
            return schemas.Readiness(documents=documents, passages=passages)

        return await aside(ready)

    @app.get(
        "/metrics",
        tags=["operation"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "The metrics, in Prometheus' text form."}},
    )
    async def metrics_() -> Response:
        """Measure the service for Prometheus."""
        lines = {"reading": capacity.reading, "writing": capacity.writing}
        measured.work({pool: (line.active, line.waiting) for pool, line in lines.items()})
        if answering.at_model is not None:
            measured.work({"language_model": answering.at_model})
        return Response(await aside(measured.text), media_type=metrics.CONTENT_TYPE)
