"""What the store takes in and gives out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.document import Metadata, Passage, Span
from index.embedder import Vectors

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Identity:
    """What stored vectors depend on; data of one identity cannot serve another."""

    model: str
    fingerprint: str
    dimension: int
    splitter: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The file a document was read from: its absolute path and the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search looks at; None lets all through.

    `published_after` and `published_before` are inclusive and stored dates (see `checked_published_at`). A document
    without a date passes neither.
    """

    doc_ids: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    published_after: str | None = None
    published_before: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPassage:
    """A passage with its vector, shape `(dimension,)`, and its sentences' vectors, shape `(n_sentences, dimension)`."""

    passage: Passage
    vector: Vectors
    sentence_vectors: Vectors


@dataclass(frozen=True, slots=True, eq=False)
class StoredPassage:
    """A passage as it is kept: where it stands, its own text, its vector and those of its sentences, in float32."""

    passage_no: int
    doc_id: str
    metadata: Metadata
    span: Span
    heading: str
    text: str
    vector: Vectors
    sentences: tuple[Span, ...]
    sentence_vectors: Vectors

    def slice(self, span: Span) -> str:
        """Return the text of a span of the document that lies inside this passage."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


@dataclass(frozen=True, slots=True, eq=False)
class PassageVectors:
    """What n passages are ranked by: `keys` are their numbers, documents and spans, in the order of their numbers.

    `vectors` has shape `(n, dimension)`; `sentence_vectors` has all their sentences' one after another, those of
    passage i from row `starts[i]` up to `starts[i + 1]`. Both are float32.
    """

    keys: list[tuple[int, str, Span]]
    vectors: Vectors
    sentence_vectors: Vectors
    starts: Numbers


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A line of the list of documents: all but the text, with the number of passages and of code points."""

    doc_id: str
    metadata: Metadata
    media_type: str
    sha256: str
    passages: int
    chars: int


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What happened after a sequence number: passages added, shapes `(n,)`, `(n,)`, `(n, dimension)`, and removed."""

    seq: int
    passage_nos: Numbers
    doc_nos: Numbers
    vectors: Vectors
    removed: Numbers


@dataclass(frozen=True, slots=True)
class PassageWords:
    """What word search reads of a passage: its text and its headings without inline furniture, and its title."""

    passage_no: int
    doc_no: int
    title: str
    heading: str
    body: str
