"""What the store takes in and gives out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.document import Metadata, Passage, Span
from index.embedder import Vectors
from index.furniture import without_inline

Numbers = npt.NDArray[np.int64]
# Token vectors are kept as integers: with 128 dimensions a cosine is off by less than 0.005.
TOKEN_SCALE = 127


@dataclass(frozen=True, slots=True)
class Identity:
    """What stored vectors depend on; data of one identity cannot serve another."""

    model: str
    fingerprint: str
    dimension: int
    token_dimension: int
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
    without_doc_ids: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    published_after: str | None = None
    published_before: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPassage:
    """A passage with its vector, shape `(dimension,)`, and those of its tokens, shape `(n_tokens, token_dimension)`.

    `token_vectors` are int8, each TOKEN_SCALE times a vector of unit length. `sentence_tokens` are, for each sentence,
    the positions of its tokens; the first tokens are of title and headings.
    """

    passage: Passage
    vector: Vectors
    token_vectors: npt.NDArray[np.int8]
    sentence_tokens: tuple[Span, ...]

    @property
    def bounds(self) -> npt.NDArray[np.int32]:
        """The sentences and their tokens as PassageTokens has them."""
        pairs = zip(self.passage.sentences, self.sentence_tokens, strict=True)
        rows = [(sentence.start, sentence.end, tokens.start, tokens.end) for sentence, tokens in pairs]
        return np.array(rows, dtype="<i4").reshape(-1, 4)


@dataclass(frozen=True, slots=True, eq=False)
class StoredPassage:
    """A passage as it is shown: where it stands, its own text and its sentences."""

    doc_id: str
    metadata: Metadata
    span: Span
    heading: str
    text: str
    sentences: tuple[Span, ...]

    def slice(self, span: Span) -> str:
        """Return the text of a span of the document that lies inside this passage."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


@dataclass(frozen=True, slots=True, eq=False)
class PassageTokens:
    """What a passage is read by: the vectors of its tokens, and which of them are of which sentence.

    `bounds` has shape `(n_sentences, 4)`: where each sentence begins and ends, and the positions of its first token and
    of the one after its last. `vectors` has shape `(n_tokens, token_dimension)`, int8, each TOKEN_SCALE times a vector
    of unit length. `title` and `source` are the document's.
    """

    doc_id: str
    span: Span
    bounds: npt.NDArray[np.int32]
    vectors: npt.NDArray[np.int8]
    title: str | None = None
    source: str | None = None

    @property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences of the passage, in order."""
        return tuple(Span(start, end) for start, end in self.bounds[:, :2].tolist())

    @property
    def sentence_tokens(self) -> tuple[Span, ...]:
        """The positions of each sentence's tokens."""
        return tuple(Span(start, end) for start, end in self.bounds[:, 2:].tolist())

    def embedded(self, heading: str, vector: Vectors) -> EmbeddedPassage:
        """Return the passage as it was embedded."""
        return EmbeddedPassage(Passage(self.span, heading, self.sentences), vector, self.vectors, self.sentence_tokens)


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

    title: str
    heading: str
    body: str

    @classmethod
    def of(cls, title: str | None, heading: str, text: str) -> "PassageWords":
        """Return what is read of a passage of this text."""
        return cls(title or "", heading, without_inline(text, Span(0, len(text))))
