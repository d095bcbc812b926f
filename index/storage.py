"""What a store gives to those who read and write, whichever one holds the documents.

There are two: `index/embedded_store.py` in a folder of this machine, `index/milvus_store.py` in a Milvus that several
machines share.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from index.derived import Reached
from index.document import Document, Span
from index.embedder import Vectors
from index.errors import DataMismatch
from index.records import (
    DocumentSummary,
    EmbeddedPassage,
    FileRecord,
    Filters,
    Identity,
    Numbers,
    PassageTokens,
    StoredPassage,
)
from index.vectors import Near

# How a store names the documents that pass filters: numbers in the embedded one, an expression in Milvus.
Passing = TypeVar("Passing")
Passed = TypeVar("Passed", covariant=True)
Sought = TypeVar("Sought", contravariant=True)


# What is said where data was made with another model.
UPGRADE = "run `rag upgrade` to embed its articles anew"
INDEX_ELSEWHERE = "index its articles anew under another RAG_MILVUS_COLLECTION"


@dataclass(frozen=True, slots=True)
class Milvus:
    """Where a Milvus is, a file of Milvus Lite or an address, and how the names of its collections begin.

    `token` is `user:password` or an API key; `timeout_s` is how long one request to it may take.
    """

    uri: str
    collection: str = "footnote"
    token: str = ""
    timeout_s: float = 10.0

    @property
    def where(self) -> str:
        """The place, as messages name it."""
        return f"{self.collection!r} of '{self.uri}'"


class Reading(Protocol[Passed]):
    """Documents and passages of one instant.

    Two readings have the same `database_id` and `seq` only where nothing was written, or restored, between them.
    """

    @property
    def database_id(self) -> str:
        """Which database it is of; a restored one is another."""

    @property
    def seq(self) -> int:
        """The number of the last change that it shows."""

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""

    def doc_nos(self, filters: Filters) -> Passed | None:
        """Return which documents pass, as searches of the same view take it; None where every document does."""

    def passages(self, passage_nos: Sequence[int]) -> list[StoredPassage]:
        """Return the passages of these numbers, in the order of the numbers."""

    def passage_tokens(self, passage_nos: Sequence[int]) -> list[PassageTokens]:
        """Return what the passages of these numbers are read by, in the order of the numbers."""

    def overlaps(self, idfs: Mapping[str, float], passage_nos: Sequence[int]) -> dict[int, float]:
        """Return how much of a query's words each passage has, by number; `index/overlap.py` says what that is."""

    def passage_nos(self, doc_id: str) -> list[int]:
        """Return the numbers of a document's passages, in order."""

    def passage_spans(self, doc_id: str) -> list[Span]:
        """Return the spans of a document's passages, in order."""

    def embedded_passages(self, doc_id: str) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors, in order, to be put into another store."""

    def document(self, doc_id: str) -> Document | None:
        """Return a document, None where there is none of this id."""

    def documents(self, limit: int, after: str = "") -> list[DocumentSummary]:
        """Return at most `limit` documents whose ids come after `after`, in the order of their ids."""

    def file(self, doc_id: str) -> FileRecord | None:
        """Return the file a document was read from, None where it came another way or there is none."""

    def files(self) -> list[tuple[str, str]]:
        """Return doc_id and path of every document that was read from a file."""


class NearestVectors(Protocol[Sought]):
    """Vector search. Cosines are in [-1, 1]."""

    def nearest(self, vector: Vectors, k: int, doc_nos: Sought | None = None) -> list[Near]:
        """Return at most `k` passages, nearest first, ties by number."""

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        """Return, for each of these passages that a search can find, how near it is."""

    def searched(self, doc_nos: Sought | None = None) -> int:
        """Return how many passages a search looks at."""

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""


class MatchingWords(Protocol[Sought]):
    """Word search; `index/words.py` says what each of these is."""

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""

    def matching(self, text: str, k: int, doc_nos: Sought | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their BM25 scores, best first, ties by number."""

    def resembling(self, word: str, k: int, doc_nos: Sought | None = None) -> list[int]:
        """Return at most `k` passages that have a word one letter away from this one; none where any has this word."""

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""


class StoreView(Protocol[Passing]):
    """One instant of the corpus: the store's contents, and the vectors and the words that belong to them."""

    @property
    def reading(self) -> Reading[Passing]:
        """The contents."""

    @property
    def vectors(self) -> NearestVectors[Passing]:
        """The vectors of all passages."""

    @property
    def words(self) -> MatchingWords[Passing]:
        """The words of all passages."""


class Storage(Protocol):
    """A store, opened with the identity of what its vectors were made with.

    Any number of threads may read while others put and delete. What was put is on disk once `put` has returned, and
    found by the next view, which may first have to make it searchable.
    """

    @property
    def identity(self) -> Identity:
        """What the stored vectors depend on."""

    def read(self) -> AbstractContextManager[Reading[Any]]:
        """Give a reading of one instant, without bringing searches up to date."""

    def view(self) -> AbstractContextManager[StoreView[Any]]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages as a whole, in place of any of the same id."""

    def put_file(self, document: Document, file: FileRecord) -> bool:
        """Record in which file a stored document now stands; tell whether it still has this text."""

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""

    def published(self) -> AbstractContextManager[None]:
        """Have what is changed inside be found by the next view once this is left; nobody who asks meanwhile waits."""

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""

    def disk_bytes(self) -> Mapping[str, int]:
        """Return the bytes that each part takes of this machine's disk."""

    def save(self) -> None:
        """Bring up to date what is derived, at the end of many changes."""

    def close(self) -> None:
        """Let go of what is held open."""


def check_identity(where: str, stored: Identity, ours: Identity, remedy: str) -> None:
    """Raise DataMismatch where stored vectors were not made as ours are."""
    for what in Identity.__slots__:
        has, asked = getattr(stored, what), getattr(ours, what)
        if has != asked:
            raise DataMismatch(
                f"The data in {where} was made with {what} {has!r}, not {asked!r}; "
                f"use the model and the version that made it, or {remedy}."
            )
