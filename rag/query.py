"""A query: a question that has been checked once, so that nothing below checks it again."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from index.document import checked_published_at, without_hidden
from index.errors import InvalidMetadata
from index.records import Filters
from rag.errors import InvalidQuery

MAX_QUERY_CHARS = 2000
MAX_TOP_K = 100


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded: whether it holds no half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Query:
    """A question in Unicode NFC, stripped, of 1 to 2,000 characters, with its cutoff and its filters.

    `rerank` says whether a reranker is to read the candidates; None leaves it to the engine.
    """

    text: str
    top_k: int
    filters: Filters = field(default_factory=Filters)
    rerank: bool | None = None

    @classmethod
    def parse(cls, question: str, top_k: int = 5, filters: Filters | None = None, rerank: bool | None = None) -> Self:
        """Return the query of a question; raise InvalidQuery where it is empty, too long or not Unicode."""
        text = unicodedata.normalize("NFC", without_hidden(question).strip())
        if not any(character.isprintable() and not character.isspace() for character in text):
            raise InvalidQuery("The question is empty; give 1 to 2,000 characters.")
        if len(text) > MAX_QUERY_CHARS:
            raise InvalidQuery(f"The question has {len(text):,} characters; give at most {MAX_QUERY_CHARS:,}.")
        if not is_unicode(text):
            raise InvalidQuery("The question holds a lone surrogate; send it as clean Unicode text.")
        if not 1 <= top_k <= MAX_TOP_K:
            raise InvalidQuery(f"top_k is {top_k}; give 1 to {MAX_TOP_K}.")
        return cls(text, top_k, filters or Filters(), rerank)


def parse_filters(
    doc_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    published_after: str | None = None,
    published_before: str | None = None,
) -> Filters:
    """Return the filters with their dates in stored form; raise InvalidQuery for a date that is none.

    It is raised for a period that ends before it begins, too.
    """
    after, before = _date("published_after", published_after), _date("published_before", published_before)
    # A day as the end is all of that day.
    if after is not None and before is not None and after[: len(before)] > before:
        raise InvalidQuery(f"published_after is {after!r} and published_before is earlier, {before!r}; exchange them.")
    return Filters(
        doc_ids=None if doc_ids is None else tuple(doc_ids),
        sources=None if sources is None else tuple(sources),
        published_after=after,
        published_before=before,
    )


def _date(name: str, value: str | None) -> str | None:
    try:
        return None if value is None else checked_published_at(value)
    except InvalidMetadata:
        raise InvalidQuery(
            f"{name} is {str(value)[:80]!r}; give an ISO 8601 date such as '2025-05-01' or '2025-05-01T10:00:00Z'."
        ) from None
