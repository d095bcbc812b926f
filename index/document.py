"""Documents and the spans of their text."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from index.errors import InvalidDocumentId, InvalidMetadata, InvalidSpan

MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
_DOC_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
# Zero-width space, joiners and no-break space, the soft hyphen, and marks, embeddings, overrides and isolates.
_HIDDEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open code-point offsets `[start, end)` into a document's text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the slice of `text` that the span marks."""
        return text[self.start : self.end]

    def holds(self, other: "Span") -> bool:
        """Tell whether another span lies inside this one."""
        return self.start <= other.start and other.end <= self.end

    def shared(self, other: "Span") -> int:
        """Return how many code points both spans have."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document says of itself; None where it says nothing.

    `published_at` is ISO 8601: a date (`2025-05-01`) or an instant in UTC (`2025-05-01T10:00:00Z`).
    """

    title: str | None = None
    source: str | None = None
    url: str | None = None
    published_at: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    r"""One article: its id, its canonical text and what it says of itself.

    `text` has `\n` line ends and no byte-order mark; every offset in the system counts its code points.
    """

    doc_id: str
    text: str
    media_type: str
    metadata: Metadata

    @property
    def sha256(self) -> str:
        """SHA-256 of `text` in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Passage:
    """A contiguous slice of one document, the unit of retrieval.

    `heading` is the path of headings above it joined with " › ", empty where there is none. `sentences` lie inside
    `span`, in order, and do not overlap.
    """

    span: Span
    heading: str
    sentences: tuple[Span, ...]


def passage_id(doc_id: str, span: Span) -> str:
    """Return the public id of the passage at `span` of document `doc_id`."""
    return f"{doc_id}#{span.start}-{span.end}"


def checked_doc_id(doc_id: str) -> str:
    """Return `doc_id` if it may name a document; raise InvalidDocumentId otherwise."""
    if not _DOC_ID.fullmatch(doc_id) or doc_id in {".", ".."}:
        raise InvalidDocumentId(
            f"{doc_id[:80]!r} cannot be a document id; use 1 to 200 letters, digits, '.', '_' or '-', not '.' or '..'."
        )
    return doc_id


def checked_span(start: int, end: int, text: str, doc_id: str) -> Span:
    """Return the span if it lies inside `text` and is not empty; raise InvalidSpan otherwise."""
    if not 0 <= start < end <= len(text):
        raise InvalidSpan(
            f"Offsets {start} to {end} do not lie inside {doc_id!r}; "
            f"give 0 <= start < end <= {len(text)}, its length in code points."
        )
    return Span(start, end)


def checked_published_at(value: str) -> str:
    """Return an ISO 8601 date or instant in its stored form; raise InvalidMetadata for anything else."""
    value = value.strip()
    # What gives no time of day is a date, of which `datetime` would make midnight.
    with suppress(ValueError):
        return date.fromisoformat(value).isoformat()
    try:
        instant = datetime.fromisoformat(value)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidMetadata(
            f"{value[:80]!r} is not a date of publication; use ISO 8601 such as '2025-05-01' or '2025-05-01T10:00:00Z'."
        ) from error
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def without_hidden(text: str) -> str:
    """Return `text` as a reader sees it, without zero-width characters, soft hyphens and what turns its direction."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def canonical_text(text: str) -> str:
    r"""Return `text` without a byte-order mark and with `\n` line ends, nothing else changed."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
