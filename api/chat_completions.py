"""OpenAI's chat completions, for chat front ends and clients that take a base URL: the conversation asks the engine."""

import json
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from api import chat_schemas, errors, logs, schemas
from api.streaming import UNCACHED, Answering, Ask, Send, pieces
from index.errors import FootnoteError
from index.passages import Splitter
from rag.conversation import Turn
from rag.engine import Listener
from rag.query import Query

MODEL = "footnote"

_CHAT, _MODELS = "/v1/chat/completions", "/v1/models"
# OpenAI's names of these errors, by status; all others are of `invalid_request_error`.
_TYPES = {429: "requests", 500: "server_error", 503: "server_error"}
_CODES = {
    "key_needed": "invalid_api_key",
    "too_many_questions": "rate_limit_exceeded",
    "too_many_requests": "rate_limit_exceeded",
}
_PARAMS = {"model_not_found": "model", "invalid_query": "messages"}
_DESCRIBED: dict[int | str, str] = {
    400: "A value cannot be used, or asks for what there is not; `param` names it.",
    404: "There is no such model.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many answers wait for the language model; Retry-After says when to ask again.",
    503: "The stored data cannot serve just now.",
    "default": "Any other error.",
}


def add_chat(app: FastAPI, answering: Answering, tokenizer_json: str, public_url: str | None) -> None:
    """Add OpenAI's routes; links begin with `public_url`, or as the request's own address does."""
    count, created = _token_counter(tokenizer_json), int(time.time())

    @app.get(_MODELS, tags=["openai"], responses=_refusals("default"))
    async def models() -> chat_schemas.ModelList:
        """List the one model, which is this service."""
        return chat_schemas.ModelList(data=[chat_schemas.Model(id=MODEL, created=created)])

    @app.get(_MODELS + "/{model:path}", tags=["openai"], responses=_refusals(404, "default"))
    async def model(model: str) -> chat_schemas.Model:
        """Describe the one model."""
        _check_model(model)
        return chat_schemas.Model(id=MODEL, created=created)

    @app.post(
        _CHAT,
        tags=["openai"],
        response_model=chat_schemas.Completion,
        responses=_refusals(400, 404, 413, 415, 429, 503, "default")
        | {200: {"content": {"text/event-stream": {}}, "description": "The answer, or its events when streaming."}},
    )
    async def chat_completions(
        request: chat_schemas.ChatRequest, http: Request
    ) -> chat_schemas.Completion | StreamingResponse:
        """Answer the last user message of a conversation, each citation an annotation with a link to its source."""
        _check_model(request.model)
        question, history = request.conversation()
        answering.check_room()
        with_usage = bool(request.stream_options and request.stream_options.include_usage)
        completing = _Completing(public_url or str(http.base_url), count, question, history, with_usage)
        if request.stream:
            events = answering.events(question, history, http.is_disconnected, completing.tell)
            return StreamingResponse(events, media_type="text/event-stream", headers=UNCACHED)
        answered = await answering.whole(question, history, http.is_disconnected)
        return await anyio.to_thread.run_sync(completing.whole, answered)


def speaks_openai(path: str) -> bool:
    """Return whether whoever asks for a path expects OpenAI's errors."""
    return path in (_CHAT, _MODELS) or path.startswith(f"{_MODELS}/")


def error_response(status: int, error: schemas.ErrorBody, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error in OpenAI's form and with its statuses, by which its clients choose what to raise."""
    status = 400 if status == 422 else status
    body = chat_schemas.OpenAIErrorResponse(error=_openai_error(status, error))
    return JSONResponse(body.model_dump(), status, headers)


def _openai_error(status: int, error: schemas.ErrorBody) -> chat_schemas.OpenAIErrorBody:
    code = _CODES.get(error.code, error.code)
    field = error.details[0]["field"] if error.details else None
    return chat_schemas.OpenAIErrorBody(
        message=error.message,
        type=_TYPES.get(status, "invalid_request_error"),
        param=re.sub(r"\.(\d+)", r"[\1]", field) if field else _PARAMS.get(code),
        code=code,
    )


@dataclass(frozen=True, slots=True)
class _Completing:
    """One answer on its way into OpenAI's form, whole or as a stream."""

    base_url: str
    count: Callable[[str], int]
    question: Query
    history: Sequence[Turn]
    with_usage: bool

    def whole(self, answered: schemas.AskResponse) -> chat_schemas.Completion:
        """Return the completion."""
        content = _content(answered.answer)
        message = chat_schemas.AssistantMessage(content=content, annotations=self._annotations(content, answered))
        return chat_schemas.Completion(
            id=_new_id(),
            created=int(time.time()),
            model=MODEL,
            choices=[chat_schemas.Choice(message=message)],
            usage=self._usage(content),
            footnote=_footnote(answered),
        )

    def tell(self, ask: Ask, send: Send) -> None:
        """Send the completion piece by piece: its text, its citations, its end, and its usage where it is asked for."""
        stream = _Stream(send, self.with_usage)
        stream.delta({"role": "assistant", "content": ""})
        try:
            answered = ask(Listener(on_text=stream.text))
        except FootnoteError as error:
            said = schemas.ErrorBody(code=errors.code(error), message=str(error))
            logs.note_error(said.code)
            stream.event({"error": _openai_error(errors.http_status(error), said).model_dump()})
            return
        content = _content(answered.answer)
        stream.text(content.removeprefix(answered.answer.text))
        annotations = self._annotations(content, answered)
        for cited, annotation in zip(answered.citations, annotations, strict=True):
            stream.delta({}, event=_source_event(annotation.url_citation, cited))
        if annotations:
            # All in one delta: OpenAI's own client cannot add up lists of annotations from several.
            stream.delta({"annotations": [annotation.model_dump() for annotation in annotations]})
        stream.delta({}, "stop", footnote=_footnote(answered).model_dump())
        if self.with_usage:
            stream.send(choices=[], usage=self._usage(content).model_dump())
        send("data: [DONE]\n\n")

    def _annotations(self, content: str, answered: schemas.AskResponse) -> list[chat_schemas.Annotation]:
        """Return a citation for each marker, at its first place, in their order."""
        return [self._annotation(content.index(f"[{cited.marker}]"), cited) for cited in answered.citations]

    def _annotation(self, start: int, cited: schemas.MarkedCitation) -> chat_schemas.Annotation:
        citation = chat_schemas.UrlCitation(
            start_index=start,
            end_index=start + len(f"[{cited.marker}]"),
            url=self.base_url.rstrip("/") + cited.location,
            title=cited.title or cited.doc_id,
        )
        return chat_schemas.Annotation(url_citation=citation)

    def _usage(self, content: str) -> chat_schemas.Usage:
        prompt = self.count(self.question.text) + sum(self.count(turn.content) for turn in self.history)
        completion = self.count(content)
        return chat_schemas.Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


class _Stream:
    """The server-sent events of one completion, sent as they are made."""

    def __init__(self, send: Send, with_usage: bool) -> None:
        self._send = send
        self._head: dict[str, Any] = {
            "id": _new_id(),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": MODEL,
        }
        if with_usage:
            self._head["usage"] = None

    def text(self, text: str) -> None:
        """Send a text in pieces."""
        for piece in pieces(text):
            self.delta({"content": piece})

    def delta(self, delta: dict[str, Any], finish_reason: str | None = None, **beside: object) -> None:
        """Send what is new in the one choice; `beside` stands beside the choices."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        self.send(choices=[choice], **beside)

    def send(self, **fields: object) -> None:
        """Send an event with these fields."""
        self.event(self._head | fields)

    def event(self, body: dict[str, Any]) -> None:
        """Send an event. It is ASCII, because some clients take U+2028 for the end of a line."""
        self._send(f"data: {json.dumps(body)}\n\n")


def _source_event(citation: chat_schemas.UrlCitation, cited: schemas.MarkedCitation) -> dict[str, Any]:
    """Return what Open WebUI reads from an event beside its choices and shows as a source, with the quote.

    Open WebUI (0.12) makes a source of an annotation too, but one that shows its address for a name and no quote. It
    takes sources with the same `metadata.source` for one, and `[n]` for the nth of them, so these go before the
    annotations, in the same order; `external` keeps the title as the name.
    """
    metadata = {"source": citation.url, "name": citation.title, "external": True}
    source = {"id": citation.url, "name": citation.title, "url": citation.url}
    return {"type": "source", "data": {"source": source, "document": [cited.cited_text], "metadata": [metadata]}}


def _content(answer: schemas.Answer) -> str:
    """Return the text of an answer; one that abstains says why, for there is no other place to read it."""
    return f"{answer.text} {answer.reason}" if answer.abstained and answer.reason else answer.text


def _footnote(answered: schemas.AskResponse) -> chat_schemas.Footnote:
    return chat_schemas.Footnote(
        standalone_question=answered.standalone_question,
        abstained=answered.answer.abstained,
        confidence=answered.answer.confidence,
        answerable=answered.answer.answerable,
        reason=answered.answer.reason,
        citations=answered.citations,
        disagreements=answered.disagreements,
    )


def _check_model(model: str) -> None:
    if model != MODEL:
        raise errors.ModelNotFound(f"The model {model[:80]!r} does not exist; ask for {MODEL!r}.")


def _token_counter(tokenizer_json: str) -> Callable[[str], int]:
    # Made with the first answer: to read a tokenizer takes 20 ms, and not all who serve speak OpenAI's language.
    splitter = cache(partial(Splitter, tokenizer_json))
    return lambda text: splitter().count(text)


def _new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"


def _refusals(*statuses: int | str) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": chat_schemas.OpenAIErrorResponse, "description": _DESCRIBED[status]} for status in statuses
    }
