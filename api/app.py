"""The HTTP service: routes that parse, call the engine and convert; and one way for errors to leave."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any

import anyio.to_thread
from fastapi import FastAPI, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from api import document_schemas, errors, schemas
from api.access import Access, Gate
from api.body_limit import MAX_BODY_BYTES, BodyLimit
from api.capacity import Bounds, Capacity, json_response
from api.chat_completions import add_chat
from api.description import describe_access
from api.error_responses import add_error_responses, on_footnote_error
from api.json_bodies import JsonRoute
from api.mcp_endpoint import LateMcp
from api.metrics import Metrics
from api.observing import Observing, observer
from api.operation import add_operation
from api.pages import HEADERS, STATIC, PageFiles, source_page
from api.readiness import Readiness
from api.security_headers import SecurityHeaders
from api.streaming import UNCACHED, Answering, tell_events
from api.traces import Traces
from index.corpus import Corpus, Outcome
from index.document import Document, checked_doc_id, checked_span
from index.errors import DocumentError, DuplicateDocumentId, InvalidSpan, UnreadableDocument
from index.listing import list_documents
from index.reading import doc_id_of, read_bytes, read_text
from rag import citation
from rag.engine import Engine

MAX_PAGE = 1000

# Described as they are checked where documents are read.
DocId = Annotated[str, Path(json_schema_extra={"maxLength": 200, "pattern": r"^(?!\.{1,2}$)[A-Za-z0-9._-]+$"})]
Offset = Annotated[int | None, Query(json_schema_extra={"minimum": 0})]

_SUMMARY = "Answers questions over your articles, each answer cited to the exact characters of its source."
_DESCRIBED = {
    400: "The body is not JSON.",
    404: "There is no such document.",
    409: "Two files ask for one document id.",
    413: "The document or the body is too large.",
    415: "The body or the document is of a kind that is not taken.",
    422: "A value cannot be used; the message has the value and the remedy.",
    429: "Too many answers wait for the language model; Retry-After says when to ask again.",
    503: "The stored data cannot serve just now, or too many requests wait; Retry-After then says when to ask again.",
}
_CORS: dict[str, Any] = {
    "allow_methods": ("GET", "POST", "PUT", "DELETE"),
    "allow_headers": ("Authorization", "Mcp-Method", "Mcp-Name", "Mcp-Protocol-Version", "X-Request-ID"),
    "expose_headers": ("Retry-After", "WWW-Authenticate", "X-Request-ID"),
}


def create_app(
    engine: Engine,
    threads: int = 0,
    max_body_bytes: int = MAX_BODY_BYTES,
    public_url: str | None = None,
    traces: Traces | None = None,
    log_questions: bool = False,
    access: Access | None = None,
    bounds: Bounds | None = None,
) -> FastAPI:
    """Return the service over an engine; `threads` requests are worked on at once, 0 for one on each core.

    A body over `max_body_bytes` is refused, announced or not. Links for other programs begin with `public_url`, or as
    the request's own address does. `traces` are told of requests and stages, the log of questions with
    `log_questions`. Without an `access` of its own whoever reaches the service may do everything.
    """
    bounds = bounds or Bounds()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # More threads than cores would only fight over them.
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads or os.cpu_count() or 1
        async with mcp.running():
            await anyio.to_thread.run_sync(readiness.start)
            yield
            readiness.stop()
        await anyio.to_thread.run_sync(engine.corpus.close)

    app = _documented_app(lifespan, traces)
    app.router.route_class = JsonRoute
    app.add_middleware(BodyLimit, max_body_bytes=max_body_bytes, deadline_s=bounds.body_deadline_s)
    add_error_responses(app)
    app.state.readiness = readiness = Readiness(engine)
    measured = Metrics(engine.corpus)
    engine = engine.observed(observer(measured, traces, log_questions))
    capacity = Capacity(bounds, threads)
    answering = Answering(engine, capacity.reading)
    mcp = LateMcp(engine, answering, public_url)
    _add_questions(app, engine, answering)
    add_chat(app, answering, engine.corpus.embedder.tokenizer_json, public_url)
    _add_documents(app, engine.corpus, capacity, bounds)
    _add_checks(app, engine.corpus, capacity)
    add_operation(app, engine.corpus, readiness, measured, capacity, answering, _errors(503))
    _add_pages(app, engine.corpus, capacity)
    for path in ("/mcp", "/mcp/"):
        app.router.routes.append(Route(path, mcp, methods=["POST"], include_in_schema=False))
    _guard(app, access or Access(), public_url)
    # Added last, it is around all others.
    app.add_middleware(Observing, metrics=measured)
    return app


def _documented_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], traces: Traces | None) -> FastAPI:
    """Return an app without routes but those of its documentation, which works offline."""
    return FastAPIOffline(
        title="Footnote",
        version=version("footnote"),
        summary=_SUMMARY,
        # One page of documentation is enough to keep safe.
        redoc_url=None,
        lifespan=lifespan,
        # Nothing about a request leaves this machine but where traces are asked for, and its body never does.
        telemetry={
            "tracing": traces is not None,
            "tracer_provider": traces.provider if traces else None,
            "operation_spans": False,
            "metrics": False,
            "logs": False,
            "auto_configure": False,
        },
    )


def _guard(app: FastAPI, access: Access, public_url: str | None) -> None:
    """Have every request pass the gate, and every response say what a browser must not do."""
    app.add_middleware(Gate, access=access, public_url=public_url, refuse=on_footnote_error)
    if access.cors_origins:
        # A browser asks without the key whether it may send it, so this is around the gate.
        app.add_middleware(CORSMiddleware, allow_origins=access.cors_origins, **_CORS)
    app.add_middleware(SecurityHeaders)
    describe_access(app, with_keys=bool(access.keys))


def _add_questions(app: FastAPI, engine: Engine, answering: Answering) -> None:
    @app.post("/v1/search", tags=["questions"], responses=_errors(400, 413, 415, 422, 503))
    @answering.line.runs
    def search(request: schemas.SearchRequest) -> schemas.SearchResponse:
        """Rank the passages that answer a query, each with its exact place in its article."""
        return schemas.search_response(engine.search(request.parsed()))

    @app.post(
        "/v1/ask",
        tags=["questions"],
        response_model=schemas.AskResponse,
        responses=_errors(400, 413, 415, 422, 429, 503)
        | {200: {"content": {"text/event-stream": {}}, "description": "The answer, or its events when streaming."}},
    )
    async def ask(request: schemas.AskRequest, http: Request) -> schemas.AskResponse | StreamingResponse:
        """Answer a question in quoted sentences, each cited; or say that the articles do not answer it."""
        question, history = request.parsed(), [turn.turn() for turn in request.history]
        answering.check_room()
        if request.stream:
            events = answering.events(question, history, http.is_disconnected, tell_events)
            return StreamingResponse(events, media_type="text/event-stream", headers=UNCACHED)
        return await answering.whole(question, history, http.is_disconnected)


def _add_documents(app: FastAPI, corpus: Corpus, capacity: Capacity, bounds: Bounds) -> None:
    @app.get("/v1/documents", tags=["documents"], responses=_errors(422, 503))
    @capacity.reading.runs
    def documents(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100, cursor: str | None = None
    ) -> document_schemas.DocumentList:
        """List the documents in the order of their ids, a page at a time."""
        page, next_cursor = list_documents(corpus, limit, cursor)
        return document_schemas.DocumentList(
            documents=[document_schemas.document_line(line) for line in page], next_cursor=next_cursor
        )

    @app.get("/v1/documents/{doc_id:path}", tags=["documents"], responses=_errors(404, 422, 503))
    @capacity.reading.runs
    def document(doc_id: DocId) -> document_schemas.StoredDocument:
        """Return a document with the text that every offset refers to."""
        stored, spans = corpus.document_with_passages(checked_doc_id(doc_id))
        return document_schemas.stored_document(stored, spans)

    @app.put(
        "/v1/documents/{doc_id:path}",
        tags=["documents"],
        response_model=document_schemas.PutResponse,
        responses=_errors(400, 404, 413, 415, 422, 503)
        | {201: {"model": document_schemas.PutResponse, "description": "The document is new."}},
    )
    @capacity.writing.runs
    def put(doc_id: DocId, body: document_schemas.DocumentBody) -> Response:
        """Store a document in place of any of this id; 201 where it is new."""
        stored = _put(corpus, read_text(doc_id, body.text, body.media_type, body.metadata(), bounds.documents))
        return json_response(stored, 201 if stored.outcome is Outcome.ADDED else 200)

    @app.post("/v1/documents", tags=["documents"], responses=_errors(400, 409, 413, 415, 422, 503))
    @capacity.writing.runs
    def upload(files: Annotated[list[UploadFile], File(min_length=1)]) -> document_schemas.UploadResponse:
        """Store uploaded files: text, Markdown, HTML, PDF. A file that cannot be taken fails alone."""
        return _upload(corpus, files, bounds)

    @app.delete("/v1/documents/{doc_id:path}", tags=["documents"], status_code=204, responses=_errors(404, 422, 503))
    @capacity.writing.runs
    def delete(doc_id: DocId) -> None:
        """Remove a document; the next search does not find it."""
        corpus.delete(checked_doc_id(doc_id))


def _add_checks(app: FastAPI, corpus: Corpus, capacity: Capacity) -> None:
    @app.post("/v1/verify", tags=["citations"], responses=_errors(400, 413, 415, 422, 503))
    @capacity.reading.runs
    def verify(request: schemas.VerifyRequest) -> schemas.VerifyResponse:
        """Say of each citation whether its document holds exactly its text at its offsets."""
        faults = [citation.fault(corpus, claim.claim()) for claim in request.citations]
        return schemas.VerifyResponse(results=[schemas.Verdict(valid=not fault, reason=fault) for fault in faults])


def _add_pages(app: FastAPI, corpus: Corpus, capacity: Capacity) -> None:
    app.mount("/static", PageFiles(directory=STATIC), name="static")

    @app.head("/", include_in_schema=False)
    @app.get("/", tags=["pages"], response_class=HTMLResponse)
    def chat() -> FileResponse:
        """Show the chat page."""
        return FileResponse(STATIC / "chat.html", headers=HEADERS)

    @app.head("/source/{doc_id:path}", include_in_schema=False)
    @app.get(
        "/source/{doc_id:path}",
        tags=["pages"],
        response_model=None,
        responses=_errors(404, 422, 503) | {200: {"content": {"text/html": {}}, "description": "The page."}},
    )
    @capacity.reading.runs
    def source(doc_id: DocId, start: Offset = None, end: Offset = None) -> HTMLResponse:
        """Show an article with the slice from `start` to `end` marked."""
        document = corpus.document(checked_doc_id(doc_id))
        if (start is None) != (end is None):
            raise InvalidSpan("Only one of start and end is given; give both, or neither for the whole article.")
        span = None if start is None or end is None else checked_span(start, end, document.text, doc_id)
        return HTMLResponse(source_page(document, span), headers=HEADERS)


def _put(corpus: Corpus, document: Document) -> document_schemas.PutResponse:
    outcome = corpus.put(document)
    passages = len(corpus.passage_spans(document.doc_id))
    return document_schemas.PutResponse(
        doc_id=document.doc_id, outcome=outcome, sha256=document.sha256, passages=passages
    )


def _upload(corpus: Corpus, files: list[UploadFile], bounds: Bounds) -> document_schemas.UploadResponse:
    if len(files) > bounds.upload_files:
        raise errors.TooManyFiles(f"{len(files):,} files came at once; send at most {bounds.upload_files:,} at a time.")
    stored: list[document_schemas.PutResponse] = []
    failed: list[document_schemas.FailedUpload] = []
    first: DocumentError | None = None
    for file in files:
        name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
        try:
            if not name:
                raise UnreadableDocument("An uploaded file has no name; send one such as 'article.txt'.")
            if doc_id_of(name) in {document.doc_id for document in stored}:
                raise DuplicateDocumentId(f"{name!r} and a file before it give one document id; rename one of them.")
            stored.append(_put(corpus, read_bytes(name, file.file.read(), bounds.documents)))
        except DocumentError as error:
            first = first or error
            failed.append(document_schemas.FailedUpload(file=name, code=errors.code(error), message=str(error)))
    if first and not stored:
        details = [failure.model_dump() for failure in failed]
        raise errors.NoFileTaken(str(first), type(first), details)
    return document_schemas.UploadResponse(documents=stored, failed=failed)


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.ErrorResponse, "description": _DESCRIBED[status]} for status in statuses}
