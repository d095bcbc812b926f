"""The HTTP service: routes that parse, call the engine and convert; and one way for errors to leave."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any

import anyio.to_thread
from fastapi import FastAPI, File, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api import document_schemas, errors, schemas
from api.body_limit import MAX_BODY_BYTES, BodyLimit
from api.chat_completions import add_chat, error_response, speaks_openai
from api.mcp_server import McpEndpoint
from api.pages import HEADERS, STATIC, PageFiles, fault_page, source_page
from api.streaming import UNCACHED, Answering, tell_events
from index.corpus import Corpus, Outcome
from index.document import Document, checked_doc_id, checked_span
from index.errors import DocumentError, DuplicateDocumentId, FootnoteError, InvalidSpan, UnreadableDocument
from index.listing import list_documents
from index.reading import doc_id_of, read_bytes, read_text
from rag import citation
from rag.engine import Engine

MAX_PAGE = 1000

_SUMMARY = "Answers questions over your articles, each answer cited to the exact characters of its source."
_DESCRIBED = {
    400: "The body is not JSON.",
    404: "There is no such document.",
    409: "Two files ask for one document id.",
    413: "The document or the body is too large.",
    415: "The body or the document is of a kind that is not taken.",
    422: "A value cannot be used; the message has the value and the remedy.",
    429: "Too many answers wait for the language model; Retry-After says when to ask again.",
    503: "The stored data cannot serve just now.",
}


def create_app(
    engine: Engine, threads: int = 0, max_body_bytes: int = MAX_BODY_BYTES, public_url: str | None = None
) -> FastAPI:
    """Return the service over an engine; `threads` requests are worked on at once, 0 for one on each core.

    A body over `max_body_bytes` is refused, announced or not. Links for other programs begin with `public_url`, or as
    the request's own address does.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # More threads than cores would only fight over them.
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads or os.cpu_count() or 1
        async with mcp.running():
            yield
        await anyio.to_thread.run_sync(engine.corpus.close)

    app = FastAPIOffline(
        title="Footnote",
        version=version("footnote"),
        summary=_SUMMARY,
        lifespan=lifespan,
        # Nothing about a question leaves this machine.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.add_middleware(BodyLimit, max_body_bytes=max_body_bytes)
    app.add_exception_handler(FootnoteError, _on_footnote_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    answering = Answering(engine)
    mcp = McpEndpoint(engine, answering, public_url)
    _add_questions(app, engine, answering)
    add_chat(app, answering, engine.corpus.embedder.tokenizer_json, public_url)
    _add_documents(app, engine.corpus)
    _add_checks(app, engine.corpus)
    _add_pages(app, engine.corpus)
    for path in ("/mcp", "/mcp/"):
        app.router.routes.append(Route(path, mcp, methods=["POST"], include_in_schema=False))
    return app


def _add_questions(app: FastAPI, engine: Engine, answering: Answering) -> None:
    @app.post("/v1/search", tags=["questions"], responses=_errors(400, 413, 415, 422, 503))
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


def _add_documents(app: FastAPI, corpus: Corpus) -> None:
    @app.get("/v1/documents", tags=["documents"], responses=_errors(422, 503))
    def documents(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100, cursor: str | None = None
    ) -> document_schemas.DocumentList:
        """List the documents in the order of their ids, a page at a time."""
        page, next_cursor = list_documents(corpus, limit, cursor)
        return document_schemas.DocumentList(
            documents=[document_schemas.document_line(line) for line in page], next_cursor=next_cursor
        )

    @app.get("/v1/documents/{doc_id:path}", tags=["documents"], responses=_errors(404, 422, 503))
    def document(doc_id: str) -> document_schemas.StoredDocument:
        """Return a document with the text that every offset refers to."""
        stored, spans = corpus.document_with_passages(checked_doc_id(doc_id))
        return document_schemas.stored_document(stored, spans)

    @app.put("/v1/documents/{doc_id:path}", tags=["documents"], responses=_errors(400, 413, 415, 422, 503))
    def put(doc_id: str, body: document_schemas.DocumentBody, response: Response) -> document_schemas.PutResponse:
        """Store a document in place of any of this id; 201 where it is new."""
        stored = _put(corpus, read_text(doc_id, body.text, body.media_type, body.metadata()))
        response.status_code = 201 if stored.outcome is Outcome.ADDED else 200
        return stored

    @app.post("/v1/documents", tags=["documents"], responses=_errors(400, 409, 413, 415, 422, 503))
    def upload(files: Annotated[list[UploadFile], File()]) -> document_schemas.UploadResponse:
        """Store uploaded files: text, Markdown, HTML, PDF. A file that cannot be taken fails alone."""
        return _upload(corpus, files)

    @app.delete("/v1/documents/{doc_id:path}", tags=["documents"], status_code=204, responses=_errors(404, 422, 503))
    def delete(doc_id: str) -> None:
        """Remove a document; the next search does not find it."""
        corpus.delete(checked_doc_id(doc_id))


def _add_checks(app: FastAPI, corpus: Corpus) -> None:
    @app.post("/v1/verify", tags=["citations"], responses=_errors(400, 413, 415, 422, 503))
    def verify(request: schemas.VerifyRequest) -> schemas.VerifyResponse:
        """Say of each citation whether its document holds exactly its text at its offsets."""
        faults = [citation.fault(corpus, claim.claim()) for claim in request.citations]
        return schemas.VerifyResponse(results=[schemas.Verdict(valid=not fault, reason=fault) for fault in faults])

    @app.get("/healthz", tags=["operation"])
    async def healthz() -> schemas.Health:
        """Say that the service is alive."""
        return schemas.Health()

    @app.get("/readyz", tags=["operation"], responses=_errors(503))
    def readyz() -> schemas.Readiness:
        """Say that the index is open, and what it holds."""
        with corpus.read() as view:
            documents, passages = view.reading.count()
        return schemas.Readiness(documents=documents, passages=passages)


def _add_pages(app: FastAPI, corpus: Corpus) -> None:
    app.mount("/static", PageFiles(directory=STATIC), name="static")

    @app.get("/", tags=["pages"], response_class=HTMLResponse)
    def chat() -> FileResponse:
        """Show the chat page."""
        return FileResponse(STATIC / "chat.html", headers=HEADERS)

    @app.get(
        "/source/{doc_id:path}",
        tags=["pages"],
        response_model=None,
        responses=_errors(404, 422, 503) | {200: {"content": {"text/html": {}}, "description": "The page."}},
    )
    def source(doc_id: str, start: int | None = None, end: int | None = None) -> HTMLResponse:
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


def _upload(corpus: Corpus, files: list[UploadFile]) -> document_schemas.UploadResponse:
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
            stored.append(_put(corpus, read_bytes(name, file.file.read())))
        except DocumentError as error:
            first = first or error
            failed.append(document_schemas.FailedUpload(file=name, code=errors.code(error), message=str(error)))
    if first and not stored:
        raise first
    return document_schemas.UploadResponse(documents=stored, failed=failed)


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.ErrorResponse, "description": _DESCRIBED[status]} for status in statuses}


def _error(
    request: Request, status: int, body: schemas.ErrorBody, headers: dict[str, str] | None = None
) -> JSONResponse:
    if speaks_openai(request.url.path):
        return error_response(status, body, headers)
    return JSONResponse(schemas.ErrorResponse(error=body).model_dump(), status, headers)


async def _on_footnote_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, FootnoteError)
    status = errors.http_status(error)
    if request.url.path.startswith("/source/") and "text/html" in request.headers.get("accept", ""):
        # A link to an article that has been deleted since is followed by a person.
        return HTMLResponse(fault_page(str(error)), status, HEADERS)
    headers = {"Retry-After": str(errors.RETRY_AFTER_S)} if status == 429 else None
    return _error(request, status, schemas.ErrorBody(code=errors.code(error), message=str(error)), headers)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(fault["type"] == "json_invalid" for fault in faults):
        said = schemas.ErrorBody(code="invalid_json", message="The body is not JSON; check its quotes.")
        return _error(request, 400, said)
    if request.method in {"POST", "PUT"} and sent not in {"application/json", "multipart/form-data"}:
        message = f"The body's content-type is {sent or 'missing'!r}; send JSON with content-type: application/json."
        return _error(request, 415, schemas.ErrorBody(code="unsupported_media_type", message=message))
    details = [{"field": _field(fault), "problem": _clean(fault["msg"])} for fault in faults]
    first = faults[0]
    value = "" if first["type"] == "missing" else f" (not {_clean(repr(first['input']))[:80]})"
    message = f"{_field(first)}: {_clean(first['msg'])}{value}; see /docs for what it takes."
    return _error(request, 422, schemas.ErrorBody(code="invalid_request", message=message, details=details))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    code = codes.get(error.status_code, "bad_request")
    message = f"{error.detail}; /docs lists what there is."
    return _error(request, error.status_code, schemas.ErrorBody(code=code, message=message), dict(error.headers or {}))


def _field(fault: dict[str, Any]) -> str:
    return ".".join(str(part) for part in fault["loc"][1:]) or "body"


def _clean(text: str) -> str:
    """Return a message that can be sent: what a caller put into it may hold lone surrogates."""
    return text.encode("utf-8", "replace").decode()
