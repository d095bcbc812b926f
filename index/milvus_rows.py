"""How documents lie in the rows of Milvus: each row as it is written, and what is read of it again."""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from index.document import Document, Metadata, Span
from index.milvus import PIECE_CHARS, Row, pieces
from index.milvus_words import SAMPLES, sparse_of
from index.records import EmbeddedPassage, FileRecord, Identity, PassageTokens, PassageWords

T = TypeVar("T")

# Rows written, and passages read, at once: a passage of 200 tokens has 35 KB.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Head:
    """A document's row, but for its passages. `texts` is the number of pieces that its text is kept in."""

    doc_id: str
    version: int
    metadata: Metadata
    media_type: str
    sha256: str
    chars: int
    texts: int
    file: FileRecord | None

    @classmethod
    def of(cls, document: Document, version: int, file: FileRecord | None) -> "Head":
        """Return the head of a document that is to be written as this version."""
        texts, chars = len(pieces(document.text)), len(document.text)
        return cls(
            document.doc_id, version, document.metadata, document.media_type, document.sha256, chars, texts, file
        )

    @classmethod
    def read(cls, row: Row) -> "Head":
        """Return the head in a document's row."""
        said = json.loads("".join(row["head"]))
        metadata, file = Metadata(**said.pop("metadata")), said.pop("file")
        return cls(row["doc_id"], row["version"], metadata, file=FileRecord(**file) if file else None, **said)

    def row(self, passages: Sequence[str]) -> Row:
        """Return the document's row; `passages` are the numbers and spans of its passages, in pieces."""
        said = {name: value for name, value in asdict(self).items() if name not in {"doc_id", "version"}}
        head = pieces(json.dumps(said, ensure_ascii=False))
        return {"doc_id": self.doc_id, "version": self.version, "head": head, "passages": list(passages)}

    @property
    def text_keys(self) -> list[str]:
        """The keys of the pieces of its text, in order."""
        return [f"{self.version}-{number}" for number in range(self.texts)]


@dataclass(frozen=True, slots=True)
class Version:
    """What a version of a document consists of, as the log has it."""

    doc_id: str
    version: int
    texts: list[str]
    passages: list[str]

    @property
    def passage_nos(self) -> list[int]:
        """The numbers of its passages, in order."""
        return [number for number, _ in places_of(self.passages)]


def _filtered_row(number: int, version: int, document: Document) -> Row:
    published = document.metadata.published_at or ""
    return {
        "passage_no": number,
        "doc_id": document.doc_id,
        "version": version,
        "source": filtered_source(document.metadata.source or ""),
        # A document with a date alone counts as published at the first second of that day.
        "published": f"{published}T00:00:00Z" if len(published) == 10 else published,
    }


def vector_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
    """Return the row that a passage's vector is found by."""
    return _filtered_row(number, version, document) | {"vector": made.vector.astype(np.float32).tolist()}


def word_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
    """Return the row that a passage's words are found by."""
    read = PassageWords.of(document.metadata.title, made.passage.heading, made.passage.span.of(document.text))
    # The sample is drawn by chance, so that any part of it is a fair one.
    return _filtered_row(number, version, document) | {"sample": secrets.randbelow(SAMPLES), "words": sparse_of(read)}


def content_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
    """Return the row of what is shown of a passage, and of what it is read by."""
    span = made.passage.span
    return {
        "passage_no": number,
        "version": version,
        "doc_id": document.doc_id,
        "start": span.start,
        "end": span.end,
        "head": pieces(json.dumps(asdict(document.metadata), ensure_ascii=False)),
        "heading": pieces(made.passage.heading),
        "text": pieces(span.of(document.text)),
        "bounds": _pieces_of(made.bounds.tobytes()),
        "tokens": _pieces_of(made.token_vectors.tobytes()),
    }


def tokens_of(row: Row, identity: Identity) -> PassageTokens:
    """Return what a passage is read by, from the row of its content; title and source from its head."""
    bounds = np.frombuffer(_bytes_of(row["bounds"]), dtype="<i4").reshape(-1, 4)
    vectors = np.frombuffer(_bytes_of(row["tokens"]), dtype=np.int8).reshape(-1, identity.token_dimension)
    said = metadata_of(row) if "head" in row else Metadata()
    return PassageTokens(row["doc_id"], Span(row["start"], row["end"]), bounds, vectors, said.title, said.source)


def metadata_of(row: Row) -> Metadata:
    """Return what the document of a passage says of itself, from the row of its content."""
    return Metadata(**json.loads("".join(row["head"])))


def pieces_of_places(places: Iterable[tuple[int, Span]]) -> list[str]:
    """Return number and span of each passage of a document as strings that Milvus takes."""
    numbers = [(number, span.start, span.end) for number, span in places]
    return _pieces_of(np.array(numbers, dtype="<i8").tobytes())


def places_of(passages: Sequence[str]) -> list[tuple[int, Span]]:
    """Return number and span of each passage of a document."""
    found = np.frombuffer(_bytes_of(passages), dtype="<i8").reshape(-1, 3).tolist()
    return [(number, Span(start, end)) for number, start, end in found]


def _pieces_of(content: bytes) -> list[str]:
    """Return bytes as strings that Milvus takes."""
    encoded = b64encode(content).decode()
    # Each is whole groups of four.
    width = PIECE_CHARS // 4 * 16
    return [encoded[first : first + width] for first in range(0, max(len(encoded), 1), width)]


def _bytes_of(strings: Sequence[str]) -> bytes:
    return b64decode("".join(strings))


def filtered_source(source: str) -> str:
    """Return as much of a source as filters look at."""
    return source[:PIECE_CHARS]


def in_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values, so many at once."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
