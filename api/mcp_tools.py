"""The tools that language models call over the Model Context Protocol: what they take, what they give, and their work.

`search` and `fetch` have the shape that ChatGPT's connectors and deep research ask for: results with `id`, `title` and
`url`, the same JSON as structured content and as the one piece of text.
"""

import json
import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from api import schemas
from api.schemas import Wire
from index.document import Document, Span, checked_doc_id, checked_span, passage_id
from index.errors import InvalidSpan
from index.records import Filters
from rag import engine
from rag.citation import Citation, quoted
from rag.conversation import Turn
from rag.filtering import why_nothing
from rag.query import MAX_TOP_K, Query, parse_filters

# About 25,000 tokens: more of a document at once would crowd everything else out of a model's context.
MAX_FETCHED_CHARS = 100_000

_SLICE_ID = re.compile(r"(?P<doc_id>[^#]+)#(?P<start>\d{1,12})-(?P<end>\d{1,12})")


def _unpacked(value: object) -> object:
    """Return the list that a text holds as JSON: some clients send lists so."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


_Strings = Annotated[Annotated[list[str], Field(max_length=10_000)] | None, BeforeValidator(_unpacked)]
DocIds = Annotated[_Strings, Field(description="Only these documents, by their ids.")]
Sources = Annotated[_Strings, Field(description="Only documents of these sources, each as results name it.")]
After = Annotated[
    str | None,
    Field(
        description="ISO 8601 date such as 2025-05-01: only documents published then or later; undated ones drop out."
    ),
]
Before = Annotated[
    str | None,
    Field(description="ISO 8601 date such as 2025-05-31: only documents published then or earlier, undated ones not."),
]


class SearchArguments(Wire):
    """What `search` takes."""

    query: Annotated[schemas.Question, Field(description="What to look for, in plain words; 1 to 2,000 characters.")]
    # Unlike over HTTP a text will do, because that is how some models write a number.
    top_k: Annotated[int, Field(ge=1, le=MAX_TOP_K, description="How many passages to return at most.")] = 5
    doc_ids: DocIds = None
    sources: Sources = None
    published_after: After = None
    published_before: Before = None

    def parsed(self) -> Query:
        """Return the query; raise InvalidQuery where it cannot be one."""
        return Query.parse(self.query, self.top_k, _filters(self))


class AskArguments(Wire):
    """What `ask` takes."""

    question: Annotated[
        schemas.Question, Field(description="One question, in the user's own words; 1 to 2,000 characters.")
    ]
    history: Annotated[list[schemas.Turn], BeforeValidator(_unpacked)] = Field(
        default_factory=list,
        max_length=200,
        description="The conversation so far, oldest first, for a question that follows on it.",
    )
    doc_ids: DocIds = None
    sources: Sources = None
    published_after: After = None
    published_before: Before = None

    def parsed(self) -> Query:
        """Return the question; raise InvalidQuery where it cannot be one."""
        return Query.parse(self.question, filters=_filters(self))

    def turns(self) -> list[Turn]:
        """Return the conversation so far."""
        return [turn.turn() for turn in self.history]


class FetchArguments(Wire):
    """What `fetch` takes."""

    id: str = Field(
        description="The id of a result of `search`, of a citation of `ask`, or of a document.", min_length=1
    )
    start: int | None = Field(
        None, ge=0, description="Where to begin in a document that is too long for one call: the `next_start` it gave."
    )


class Found(Wire):
    """A passage that `search` found."""

    id: str = Field(description="What `fetch` takes.")
    title: str
    url: str = Field(description="Where a person can read it.")
    text: str = Field(description="The passage, word for word.")
    source: str | None
    published_at: str | None


class Findings(Wire):
    """What `search` found, best first."""

    results: list[Found]
    note: str | None = Field(description="Why nothing was found; null where something was.")


class Fetched(Wire):
    """A document, or as much of it as is given at once.

    Of `metadata`, `text_start` says where `text` begins in the document, `length` how long the document is, and
    `next_start`, where it is there, what to ask for next; all in code points. `start` and `end` are those of the id.
    """

    id: str
    title: str
    text: str = Field(description="The document's text, word for word; offsets of citations refer to it.")
    url: str = Field(description="Where a person can read it.")
    metadata: dict[str, str]


class Cited(schemas.MarkedCitation):
    """A citation with what `fetch` takes and where a person can read it."""

    id: str = Field(description="What `fetch` takes.")
    link: str = Field(description="Where a person can read it: the article's own address, or a page of this service.")


class Answered(Wire):
    """An answer; every `[n]` in it has a citation with that marker."""

    answer: str
    abstained: bool = Field(description="Whether the articles do not answer the question.")
    confidence: float | None = Field(
        description="The chance that what is cited holds the answer; where it abstains, that the best sentence would."
    )
    answerable: float | None = Field(description="The chance that the articles answer it at all.")
    reason: str | None = Field(
        description="Why it abstains, what of the question it does not answer, or what of a language model's answer "
        "was not used; null where nothing is to say."
    )
    mode: Literal["extractive", "generated"]
    standalone_question: str = Field(description="The question that was answered, on its own without the history.")
    citations: list[Cited]
    disagreements: list[schemas.Disagreement] = Field(description="Values that the articles do not agree on.")
    nearest: list[Found] = Field(description="Where it abstains, the passages that came nearest.")


class Links(NamedTuple):
    """Where a person can read what is cited: the article's own address, else the page under `base` that shows it."""

    base: str

    def to(self, url: str | None, location: str) -> str:
        """Return the link to an article at `url`, whose page here is at the path `location`."""
        return url or self.base.rstrip("/") + location


def search(asked: engine.Engine, arguments: SearchArguments, links: Links) -> Findings:
    """Return the passages that answer a query best."""
    query = arguments.parsed()
    found = [_found(result, links) for result in schemas.results_of(asked.search(query).hits)]
    if found:
        return Findings(results=found, note=None)
    with asked.corpus.read() as view:
        return Findings(results=[], note=why_nothing(view, query.filters))


def fetch(asked: engine.Engine, arguments: FetchArguments, links: Links) -> Fetched:
    """Return a document by its id or that of a slice of it; raise DocumentNotFound or InvalidSpan where there is none.

    Of a document over MAX_FETCHED_CHARS it returns so many from `start` on; where that is not given, from the beginning
    if the slice is within them, else from the slice.
    """
    named = _SLICE_ID.fullmatch(arguments.id)
    document = asked.corpus.document(checked_doc_id(named["doc_id"] if named else arguments.id))
    span = checked_span(int(named["start"]), int(named["end"]), document.text, document.doc_id) if named else None
    start = arguments.start
    if start is None:
        start = span.start if span and span.end > MAX_FETCHED_CHARS else 0
    if start >= len(document.text):
        raise InvalidSpan(f"start is {start}; {document.doc_id!r} ends at {len(document.text)}, give less.")
    return Fetched(
        id=arguments.id,
        title=document.metadata.title or document.doc_id,
        text=document.text[start : start + MAX_FETCHED_CHARS],
        url=links.to(document.metadata.url, _location(document, span)),
        metadata=_metadata(document, span, start),
    )


def answered(body: schemas.AskResponse, links: Links) -> Answered:
    """Return an answer as it is given to a model."""
    return Answered(
        answer=body.answer.text,
        abstained=body.answer.abstained,
        confidence=body.answer.confidence,
        answerable=body.answer.answerable,
        reason=body.answer.reason,
        mode=body.answer.mode,
        standalone_question=body.standalone_question,
        citations=[
            Cited(
                **cited.model_dump(),
                id=passage_id(cited.doc_id, Span(cited.start_char_index, cited.end_char_index)),
                link=links.to(cited.url, cited.location),
            )
            for cited in body.citations
        ],
        disagreements=body.disagreements,
        nearest=[_found(result, links) for result in body.results] if body.answer.abstained else [],
    )


def in_words(answer: Answered) -> str:
    """Return an answer as a model reads it: its text, then each source with its title, date, link and quote."""
    if answer.abstained:
        near = [f"- {_line(found.title, found.source, found.published_at)}, id {found.id}" for found in answer.nearest]
        said = " ".join(filter(None, [answer.answer, answer.reason]))
        return "\n".join([said, *(["", "The nearest passages, which `fetch` gives:", *near] if near else [])])
    sources = [
        f"[{cited.marker}] {_line(cited.title or cited.doc_id, cited.source, cited.published_at)}\n"
        f"    {cited.link}\n"
        f"    id {cited.id}\n"
        f"    {quoted(cited.cited_text)}"
        for cited in answer.citations
    ]
    holds = "The chance that what is cited holds the answer"
    chance = "" if answer.confidence is None else f"\n\n{holds}: {answer.confidence:.0%}"
    return "\n".join([answer.answer, "", "Sources:", *sources]) + chance


def _filters(arguments: SearchArguments | AskArguments) -> Filters:
    # A model that has nothing to filter by may say so with an empty value.
    return parse_filters(
        arguments.doc_ids or None,
        arguments.sources or None,
        arguments.published_after or None,
        arguments.published_before or None,
    )


def _found(result: schemas.Result, links: Links) -> Found:
    cited = result.citation
    return Found(
        id=result.passage_id,
        title=cited.title or cited.doc_id,
        url=links.to(cited.url, cited.location),
        text=result.text,
        source=cited.source,
        published_at=cited.published_at,
    )


def _location(document: Document, span: Span | None) -> str:
    if span is None:
        return f"/source/{document.doc_id}"
    return Citation(document.doc_id, document.metadata, span, span.of(document.text)).location


def _metadata(document: Document, span: Span | None, start: int) -> dict[str, str]:
    end = start + MAX_FETCHED_CHARS
    said = {
        "doc_id": document.doc_id,
        "source": document.metadata.source,
        "published_at": document.metadata.published_at,
        "start": span and str(span.start),
        "end": span and str(span.end),
        "text_start": str(start),
        "length": str(len(document.text)),
        "next_start": str(end) if end < len(document.text) else None,
    }
    return {name: value for name, value in said.items() if value}


def _line(title: str, source: str | None, published_at: str | None) -> str:
    known = ", ".join(filter(None, [source, published_at]))
    return f"{title} ({known})" if known else title
