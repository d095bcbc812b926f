"""The wire of questions and citations: their JSON, and the only conversion between it and the engine's values."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from index.records import Filters
from rag import citation, conversation, engine
from rag.query import MAX_QUERY_CHARS, MAX_TOP_K, Query, parse_filters

# No object of a request has nearly as many.
_MOST_FIELDS = 100

Marker = Annotated[int, Field(ge=1, description="The n of `[n]` in the answer's text.")]
Start = Annotated[int, Field(ge=0, description="Where the slice begins, in code points of the document's text.")]
End = Annotated[int, Field(ge=0, description="Where the slice ends: the first code point after it.")]


def _stripped(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty; give 1 to 2,000 characters")
    return value.strip()


def _whole(value: object) -> object:
    if isinstance(value, str | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


Question = Annotated[
    str,
    AfterValidator(_stripped),
    Field(
        description="1 to 2,000 characters.",
        max_length=MAX_QUERY_CHARS + 1000,
        # Before it is stripped it may be longer; one character at least is a letter, mark, number, sign or symbol.
        json_schema_extra={"minLength": 1, "maxLength": MAX_QUERY_CHARS, "pattern": r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"},
    ),
]
# An integer as JSON has it, 5 or 5.0; a text or a truth value is none.
AS_JSON = BeforeValidator(_whole)
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K, description="How many passages to return at most."), AS_JSON]
When = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]


class Wire(BaseModel):
    """A JSON object. A field that is not known is refused: it is a slip that would otherwise be passed over."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_size(cls, sent: object) -> object:
        # Each field that is not known would be an error of its own, which takes seconds where there are very many.
        if isinstance(sent, dict) and len(sent) > _MOST_FIELDS:
            raise ValueError(f"an object here has {_MOST_FIELDS} fields at most, this one {len(sent)}")
        return sent


class FilterBody(Wire):
    """Which documents to look at; all conditions that are given must hold."""

    doc_ids: list[str] | None = Field(None, max_length=10_000)
    sources: list[str] | None = Field(None, max_length=10_000)
    published_after: When | None = Field(None, description="ISO 8601 date or instant, inclusive.")
    published_before: When | None = Field(None, description="ISO 8601 date or instant, inclusive.")

    def filters(self) -> Filters:
        """Return the engine's filters; raise InvalidQuery for a date that is none."""
        return parse_filters(self.doc_ids, self.sources, self.published_after, self.published_before)


class SearchRequest(Wire):
    """A search."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "what is China's processing share?", "top_k": 5}]}
    )
    query: Question
    top_k: TopK = 5
    filters: FilterBody | None = None
    rerank: StrictBool | None = Field(
        None,
        description="Whether a reranker reads the candidates; null leaves it to the service; true needs one.",
    )

    def parsed(self) -> Query:
        """Return the query; raise InvalidQuery where it cannot be one."""
        return Query.parse(self.query, self.top_k, self.filters.filters() if self.filters else None, self.rerank)


class Turn(Wire):
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=100_000)

    def turn(self) -> conversation.Turn:
        """Return the engine's turn."""
        return conversation.Turn(self.role, self.content)


class AskRequest(Wire):
    """A question."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "what happened after Geneva?"}]})
    question: Question
    top_k: TopK = 5
    filters: FilterBody | None = None
    history: list[Turn] = Field(default_factory=list, max_length=200, description="The conversation so far.")
    stream: StrictBool = Field(False, description="Answer by server-sent events.")

    def parsed(self) -> Query:
        """Return the query; raise InvalidQuery where it cannot be one."""
        return Query.parse(self.question, self.top_k, self.filters.filters() if self.filters else None)


class Quote(Wire):
    """A slice of the document a result belongs to."""

    start_char_index: Start
    end_char_index: End
    cited_text: str


class Citation(Wire):
    """A slice of a document with the document's identity; what the document does not say of itself is null."""

    doc_id: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    start_char_index: Start
    end_char_index: End
    cited_text: str
    location: str = Field(description="The path of the page that shows the slice in its article.")


class MarkedCitation(Citation):
    """A citation with its marker in the answer."""

    marker: Marker


class Result(Wire):
    """A passage in the ranking."""

    rank: int
    score: float = Field(description="Higher is better; comparable within one response only.")
    passage_id: str
    text: str
    citation: Citation
    highlights: list[Quote] = Field(description="The sentences that bear on the query, best first.")


class SearchResponse(Wire):
    """The ranking for a query."""

    query: str
    took_ms: float
    reranked: int = Field(description="How many candidates a reranker read; 0 where none ran.")
    results: list[Result]


class Answer(Wire):
    """An answer; every `[n]` in its text has a citation with that marker."""

    text: str
    mode: Literal["extractive", "generated"]
    abstained: bool
    confidence: float | None = Field(
        description="The chance that what is cited answers the question, all of it; where it abstains, that the best "
        "sentence would have; null where nothing was found."
    )
    answerable: float | None = Field(
        description="The chance that the articles answer the question at all, whether the right sentence is cited or "
        "not; it abstains where that is low. Null where nothing was found."
    )
    reason: str | None = Field(
        description="Why it abstains, what of the question it does not answer, or what of a language model's answer "
        "was not used; null where nothing is to say."
    )
    span: Citation | None = Field(
        description="What the reader takes for the answer, in the sentence that answers best; null where there is none."
    )


class DisagreeingValue(Wire):
    """One of the values that articles give."""

    value: str
    as_of: str | None
    markers: list[int]


class Disagreement(Wire):
    """Values on one topic that do not agree."""

    kind: Literal["conflict", "changed_over_time"]
    topic: str
    values: list[DisagreeingValue]


class AskResponse(Wire):
    """An answer with its citations and the ranking it was made from."""

    question: str
    standalone_question: str
    answer: Answer
    citations: list[MarkedCitation]
    disagreements: list[Disagreement]
    results: list[Result]
    took_ms: float


class Delta(Wire):
    """A piece of the answer's text, sent as it comes."""

    text: str


class Claim(Wire):
    """What is said to be a citation; what else a citation of this service has may stand there and is passed over."""

    model_config = ConfigDict(extra="ignore")
    doc_id: str
    start_char_index: Annotated[int, AS_JSON]
    end_char_index: Annotated[int, AS_JSON]
    cited_text: str

    def claim(self) -> citation.Claim:
        """Return the engine's claim."""
        return citation.Claim(self.doc_id, self.start_char_index, self.end_char_index, self.cited_text)


class VerifyRequest(Wire):
    """Citations to check."""

    citations: list[Claim] = Field(min_length=1, max_length=1000)


class Verdict(Wire):
    """Whether a citation is exact, and if not why."""

    valid: bool
    reason: str | None


class VerifyResponse(Wire):
    """A verdict for each citation, in their order."""

    results: list[Verdict]


class Health(Wire):
    """A sign of life."""

    status: Literal["ok"] = "ok"


class Readiness(Wire):
    """What the service can answer from."""

    status: Literal["ready"] = "ready"
    documents: int
    passages: int


class ErrorBody(Wire):
    """What went wrong, in one sentence with the value and the remedy."""

    code: str
    message: str
    details: list[dict[str, str]] | None = None


class ErrorResponse(Wire):
    """Every answer that is not a success."""

    error: ErrorBody


def search_response(response: engine.SearchResponse) -> SearchResponse:
    """Return a ranking as it goes over the wire."""
    return SearchResponse(
        query=response.query.text,
        took_ms=response.took_ms,
        reranked=response.reranked,
        results=results_of(response.hits),
    )


def ask_response(response: engine.AskResponse) -> AskResponse:
    """Return an answer as it goes over the wire."""
    answer = response.answer
    return AskResponse(
        question=response.question.text,
        standalone_question=response.standalone.text,
        answer=Answer(
            text=answer.text,
            mode=answer.mode,
            abstained=answer.abstained,
            confidence=answer.confidence,
            answerable=answer.answerable,
            reason=answer.reason,
            span=_citation(answer.span) if answer.span else None,
        ),
        citations=[
            MarkedCitation(marker=marker, **_citation(cited).model_dump())
            for marker, cited in enumerate(answer.citations, start=1)
        ],
        disagreements=[
            Disagreement(
                kind=found.kind,
                topic=found.topic,
                values=[
                    DisagreeingValue(value=side.value, as_of=side.as_of, markers=list(side.markers))
                    for side in found.sides
                ],
            )
            for found in answer.disagreements
        ],
        results=results_of(response.hits),
        took_ms=response.took_ms,
    )


def results_of(hits: Sequence[engine.Hit]) -> list[Result]:
    """Return the passages of a ranking as they go over the wire."""
    return [_result(hit) for hit in hits]


def _result(hit: engine.Hit) -> Result:
    return Result(
        rank=hit.rank,
        score=hit.score,
        passage_id=hit.passage_id,
        text=hit.citation.cited_text,
        citation=_citation(hit.citation),
        highlights=[
            Quote(start_char_index=quote.span.start, end_char_index=quote.span.end, cited_text=quote.cited_text)
            for quote in hit.highlights
        ],
    )


def _citation(cited: citation.Citation) -> Citation:
    return Citation(
        doc_id=cited.doc_id,
        title=cited.metadata.title,
        source=cited.metadata.source,
        url=cited.metadata.url,
        published_at=cited.metadata.published_at,
        start_char_index=cited.span.start,
        end_char_index=cited.span.end,
        cited_text=cited.cited_text,
        location=cited.location,
    )
