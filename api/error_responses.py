"""How an error leaves over HTTP: in one shape, in OpenAI's on its routes, as a page where a person follows a link."""

import reprlib
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api import errors, logs, schemas
from api.chat_completions import error_response, speaks_openai
from api.pages import HEADERS, fault_page, locked_page
from api.security_headers import SECURITY_HEADERS
from index.errors import FootnoteError

_HTTP_CODES = {
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    503: "overloaded",
}

# More faults than a person mends at once help nobody.
_MOST_DETAILS = 20
# Enough of a value to know it again.
_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxdict = 10
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 80


def add_error_responses(app: FastAPI) -> None:
    """Have every error of an app answered."""
    app.add_exception_handler(FootnoteError, on_footnote_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)


async def on_footnote_error(request: Request, error: Exception) -> Response:
    """Return the response for an error of our own."""
    assert isinstance(error, FootnoteError)
    status = errors.http_status(error)
    body = schemas.ErrorBody(code=errors.code(error), message=str(error), details=errors.details(error))
    return _error(request, status, body, errors.headers(error))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()[:_MOST_DETAILS]
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(fault["type"] == "json_invalid" for fault in faults):
        said = schemas.ErrorBody(code="invalid_json", message="The body is not JSON in UTF-8; check its quotes.")
        return _error(request, 400, said)
    if request.method in {"POST", "PUT"} and sent not in {"application/json", "multipart/form-data"}:
        message = f"The body's content-type is {sent or 'missing'!r}; send JSON with content-type: application/json."
        return _error(request, 415, schemas.ErrorBody(code="unsupported_media_type", message=message))
    details = [{"field": _field(fault), "problem": _problem(fault)} for fault in faults]
    first = faults[0]
    value = "" if first["type"] == "missing" else f" (not {_clean(_shortened(first['input']))[:80]})"
    message = f"{_field(first)}: {_problem(first)}{value}; see /docs for what it takes."
    return _error(request, 422, schemas.ErrorBody(code="invalid_request", message=message, details=details))


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "bad_request")
    detail = "The body is nested too deeply" if isinstance(error.__cause__, RecursionError) else error.detail
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _allowed(request)
        detail = f"{request.method[:20]} is not taken at {_clean(request.url.path)[:80]!r}; use {headers['Allow']}"
    remedy = "; /docs lists what there is" if error.status_code == 404 else ""
    message = f"{detail.rstrip('.')}{remedy}."
    return _error(request, error.status_code, schemas.ErrorBody(code=code, message=message), headers)


async def _on_bug(request: Request, error: Exception) -> Response:
    # The server logs the error itself, with its traceback and the same id.
    notes = logs.NOTES.get()
    identity = notes.request_id if notes else "none"
    said = errors.internal_error()
    return _error(
        request,
        500,
        schemas.ErrorBody(code=errors.code(said), message=str(said)),
        # This response is made around all else.
        {"X-Request-ID": identity, **SECURITY_HEADERS},
    )


def _shortened(value: object) -> str:
    """Return a value as Python writes it, of a long one its beginning alone: to write all of it would take its time."""
    return repr(value[:80]) if isinstance(value, str) else _SHORT.repr(value)


def _allowed(request: Request) -> str:
    """Return the methods of a path, all of them: a router names those of the first route alone."""
    matching = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in matching for method in getattr(route, "methods", None) or ()}))


def _field(fault: dict[str, Any]) -> str:
    return ".".join(str(part) for part in fault["loc"][1:]) or "body"


def _problem(fault: dict[str, Any]) -> str:
    return _clean(fault["msg"].removeprefix("Value error, "))


def _clean(text: str) -> str:
    """Return a message that can be sent: what a caller put into it may hold lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _error(request: Request, status: int, body: schemas.ErrorBody, headers: dict[str, str] | None = None) -> Response:
    logs.note_error(body.code)
    path = request.url.path
    is_link = path.startswith("/source/") or body.code == _HTTP_CODES[404]
    if is_link and "text/html" in request.headers.get("accept", ""):
        # A link is followed by a person: the article may have been deleted since, or may need a key.
        page = locked_page() if status == 401 else fault_page(body.message, "../" * (path.count("/") - 1) or "./")
        return HTMLResponse(page, status, HEADERS | (headers or {}))
    if speaks_openai(path):
        return error_response(status, body, headers)
    return JSONResponse(schemas.ErrorResponse(error=body).model_dump(), status, headers)
