"""Milvus as it is read and searched at one sequence number: documents, passages, vectors and words that are current."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.document import Document, Span
from index.embedder import Vectors
from index.errors import DataBusy
from index.milvus import CONTENTS, DOCUMENTS, MAX_RESULTS, STATE, TEXTS, VECTORS, WORDS, Collections, Row, quoted
from index.milvus_rows import BATCH, Head, Version, filtered_source, in_batches, metadata_of, places_of, tokens_of
from index.milvus_words import Sparse, TermStatistics, WordQuery, overlap_of, product, text_weights
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
from index.vectors import Near, nearest_first

# What the names of the log's entries begin with.
LOG = "log-"
# Documents whose current version a process remembers, until the store changes.
_REMEMBERED = 100_000


@dataclass(slots=True)
class CurrentVersions:
    """The current version of each document that was looked at, remembered until the store changes."""

    collections: Collections
    # In one value, because it is put in its place by threads of different sequence numbers.
    _remembered: tuple[int, dict[str, int]] = (-1, {})

    def of(self, seq: int, doc_ids: Iterable[str]) -> dict[str, int]:
        """Return the current version of each document that there is."""
        remembered_seq, known = self._remembered
        if remembered_seq != seq or len(known) > _REMEMBERED:
            known = {}
        wanted = set(doc_ids)
        for some in in_batches(sorted(one for one in wanted if one not in known), MAX_RESULTS):
            found = {row["doc_id"]: row["version"] for row in self.collections.get(DOCUMENTS, some, "version")}
            known |= {doc_id: found.get(doc_id, -1) for doc_id in some}
        self._remembered = seq, known
        return {doc_id: known[doc_id] for doc_id in wanted}


@dataclass(frozen=True, slots=True)
class Shared:
    """What all views of a process have in common."""

    collections: Collections
    identity: Identity
    versions: CurrentVersions
    statistics: TermStatistics


class MilvusReading:
    """Documents and passages as of a sequence number, each document as a whole; `index/storage.py` says the rest."""

    def __init__(self, shared: Shared, seq: int) -> None:
        self._shared = shared
        self._collections = shared.collections
        self.database_id = shared.collections.milvus.collection
        self.seq = seq

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        return self._collections.count(DOCUMENTS), self.passage_count()

    def passage_count(self) -> int:
        """Return the number of passages."""
        passages, _ = living(self._collections, self._shared.versions, self.seq)
        return passages

    def doc_nos(self, filters: Filters) -> str | None:
        """Return the expression that passages of documents that pass fulfil; None where every document does."""
        conditions = []
        if filters.doc_ids is not None:
            conditions.append(_among("doc_id", filters.doc_ids))
        if filters.without_doc_ids:
            conditions.append(_among("doc_id", filters.without_doc_ids, "not in"))
        if filters.sources is not None:
            # A document without one has the empty string.
            conditions.append(_among("source", [filtered_source(source) for source in filters.sources if source]))
        if filters.published_after is not None:
            conditions.append(f"published >= {quoted(filters.published_after)}")
        if filters.published_before is not None:
            # A day is over before any text that begins with it and goes on with a letter after T.
            last = filters.published_before + ("U" if len(filters.published_before) == 10 else "")
            conditions.append(f'published > "" and published <= {quoted(last)}')
        return " and ".join(conditions) or None

    def passages(self, passage_nos: Sequence[int]) -> list[StoredPassage]:
        """Return the passages of these numbers, in the order of the numbers."""
        rows = self._contents(passage_nos, "doc_id", "start", "end", "head", "heading", "text", "bounds")
        return [
            StoredPassage(
                row["doc_id"],
                metadata_of(row),
                Span(row["start"], row["end"]),
                "".join(row["heading"]),
                "".join(row["text"]),
                tokens_of(row | {"tokens": []}, self._shared.identity).sentences,
            )
            for row in rows
        ]

    def passage_tokens(self, passage_nos: Sequence[int]) -> list[PassageTokens]:
        """Return what the passages of these numbers are read by, in the order of the numbers."""
        rows = self._contents(passage_nos, "doc_id", "start", "end", "head", "bounds", "tokens")
        return [tokens_of(row, self._shared.identity) for row in rows]

    def overlaps(self, idfs: Mapping[str, float], passage_nos: Sequence[int]) -> dict[int, float]:
        """Return how much of a query's words each passage has, by number; one that has none is left out."""
        if not idfs:
            return {}
        wanted = overlap_of(idfs)
        rows = self._collections.get(WORDS, _ints(passage_nos), "words")
        scores = {row["passage_no"]: product(wanted, row["words"]) for row in rows}
        return {number: score for number, score in scores.items() if score}

    def passage_nos(self, doc_id: str) -> list[int]:
        """Return the numbers of a document's passages, in order."""
        return [number for number, _ in self._places_of(doc_id)]

    def passage_spans(self, doc_id: str) -> list[Span]:
        """Return the spans of a document's passages, in order."""
        return [span for _, span in self._places_of(doc_id)]

    def embedded_passages(self, doc_id: str) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors, in order, to be put into another store."""
        made = []
        for numbers in in_batches(self.passage_nos(doc_id), BATCH):
            contents = self._contents(numbers, "doc_id", "start", "end", "heading", "bounds", "tokens")
            found = {row["passage_no"]: row["vector"] for row in self._collections.get(VECTORS, numbers, "vector")}
            if len(found) < len(numbers):
                raise _changed(doc_id)
            for row in contents:
                vector = np.array(found[row["passage_no"]], dtype=np.float32)
                made.append(tokens_of(row, self._shared.identity).embedded("".join(row["heading"]), vector))
        return made

    def document(self, doc_id: str) -> Document | None:
        """Return a document, None where there is none of this id."""
        row = self._row(doc_id, "version", "head")
        if row is None:
            return None
        head = Head.read(row)
        found = {
            piece["piece"]: piece["text"]
            for keys in in_batches(head.text_keys, BATCH)
            for piece in self._collections.get(TEXTS, keys, "text")
        }
        if len(found) < head.texts:
            raise _changed(doc_id)
        return Document(doc_id, "".join(found[key] for key in head.text_keys), head.media_type, head.metadata)

    def documents(self, limit: int, after: str = "") -> list[DocumentSummary]:
        """Return at most `limit` documents whose ids come after `after`, in the order of their ids."""
        rows = self._collections.page(DOCUMENTS, after, limit, "version", "head", "passages")
        return [
            DocumentSummary(
                head.doc_id, head.metadata, head.media_type, head.sha256, len(places_of(row["passages"])), head.chars
            )
            for row, head in ((row, Head.read(row)) for row in rows)
        ]

    def file(self, doc_id: str) -> FileRecord | None:
        """Return the file a document was read from, None where it came another way or there is none."""
        row = self._row(doc_id, "version", "head")
        return None if row is None else Head.read(row).file

    def files(self) -> list[tuple[str, str]]:
        """Return doc_id and path of every document that was read from a file."""
        heads = map(Head.read, self._collections.each(DOCUMENTS, "version", "head"))
        return [(head.doc_id, head.file.path) for head in heads if head.file]

    def current(self, doc_ids: Iterable[str]) -> dict[str, int]:
        """Return the current version of each document; -1 where there is none of this id."""
        return self._shared.versions.of(self.seq, doc_ids)

    def _places_of(self, doc_id: str) -> list[tuple[int, Span]]:
        row = self._row(doc_id, "passages")
        return [] if row is None else places_of(row["passages"])

    def _row(self, doc_id: str, *fields: str) -> Row | None:
        return next(iter(self._collections.get(DOCUMENTS, [doc_id], *fields)), None)

    def _contents(self, passage_nos: Sequence[int], *fields: str) -> list[Row]:
        found = {
            row["passage_no"]: row
            for numbers in in_batches(_ints(passage_nos), BATCH)
            for row in self._collections.get(CONTENTS, numbers, *fields)
        }
        if len(found) < len(set(passage_nos)):
            raise _changed("one of the passages")
        return [found[number] for number in passage_nos]


class MilvusView:
    """A reading, and searches of the same sequence number."""

    def __init__(self, shared: Shared, seq: int) -> None:
        self.reading = MilvusReading(shared, seq)
        self.vectors = MilvusVectors(_Searched(VECTORS, "vector", shared.collections, self.reading))
        self.words = MilvusWords(
            _Searched(WORDS, "words", shared.collections, self.reading), shared.statistics, self.reading.seq
        )


@dataclass(frozen=True, slots=True)
class _Searched:
    """A collection that is searched by a field, without what is not current."""

    name: str
    by: str
    collections: Collections
    reading: MilvusReading

    def of(self, passage_nos: Sequence[int]) -> list[Row]:
        """Return the rows of those passages of these numbers that a search can find."""
        found = self.collections.get(self.name, _ints(passage_nos), "doc_id", "version", self.by)
        return self._current(sorted(found, key=lambda row: row["passage_no"]))

    def best(self, vector: list[float] | Sparse, k: int, within: str | None) -> list[Near]:
        """Return the `k` passages whose product with a vector is greatest, best first, ties by number."""
        dead: set[int] = set()
        while True:
            conditions = [within or "", f"version not in {sorted(dead)}" if dead else ""]
            expression = " and ".join(filter(None, conditions))
            (found,) = self.collections.search(self.name, [vector], k, expression, "doc_id", "version")
            current = {row["version"] for row in self._current([row for _, _, row in found])}
            gone = {row["version"] for _, _, row in found} - current
            if not gone or len(found) < min(k, MAX_RESULTS):
                hits = (Near(number, row["version"], float(score)) for number, score, row in found)
                return nearest_first(hit for hit in hits if hit.doc_no in current)
            dead |= gone

    def all(self) -> Iterator[Row]:
        """Yield the number, the document and the version of every passage that a search can find, by number."""
        for rows in in_batches(self.collections.each(self.name, "doc_id", "version"), MAX_RESULTS):
            yield from self._current(rows)

    def _current(self, rows: Sequence[Row]) -> list[Row]:
        versions = self.reading.current({row["doc_id"] for row in rows})
        return [row for row in rows if versions[row["doc_id"]] == row["version"]]


class MilvusVectors:
    """Vector search in Milvus."""

    def __init__(self, searched: _Searched) -> None:
        self._searched = searched

    def nearest(self, vector: Vectors, k: int, doc_nos: str | None = None) -> list[Near]:
        """Return at most `k` passages, nearest first, ties by number."""
        return self._searched.best(vector.tolist(), k, doc_nos)

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        """Return, for each of these passages that a search can find, how near it is."""
        rows = self._searched.of(passage_nos)
        if not rows:
            return []
        cosines = np.array([row["vector"] for row in rows], dtype=np.float32) @ vector
        return [
            Near(row["passage_no"], row["version"], cosine) for row, cosine in zip(rows, cosines.tolist(), strict=True)
        ]

    def searched(self, doc_nos: str | None = None) -> int:
        """Return how many passages a search looks at; with filters what was replaced is counted until it is removed."""
        if doc_nos is None:
            return self._searched.reading.passage_count()
        return self._searched.collections.count(self._searched.name, doc_nos)

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        return np.array([row["passage_no"] for row in self._searched.all()], dtype=np.int64)


class MilvusWords:
    """Word search in Milvus."""

    def __init__(self, searched: _Searched, statistics: TermStatistics, seq: int) -> None:
        self._searched = searched
        self._statistics = statistics
        self._seq = seq

    def matching(self, text: str, k: int, doc_nos: str | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their BM25 scores, best first, ties by number."""
        query = self._query(text)
        found = self._searched.best(query.bm25, k, doc_nos) if query.words else []
        return [(number, score) for number, _, score in found]

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        return np.array([row["passage_no"] for row in self._searched.all()], dtype=np.int64)

    def resembling(self, word: str, k: int, doc_nos: str | None = None) -> list[int]:
        """Return none: what Milvus keeps of words are numbers, which do not tell which words are alike."""
        return []

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""
        return self._query(text).anywhere

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""
        return text_weights(text, self._statistics, self._seq)

    def _query(self, text: str) -> WordQuery:
        return WordQuery.of(text, self._statistics, self._seq)


def logged(collections: Collections, condition: str = "") -> dict[str, Version]:
    """Return the entries of the log by their names."""
    rows = collections.query(STATE, f'name like "{LOG}%"{condition}', "value")
    return {row["name"]: Version(**json.loads("".join(row["value"]))) for row in rows}


def living(collections: Collections, versions: CurrentVersions, seq: int) -> tuple[int, list[int]]:
    """Return the number of passages of current versions, and which versions with passages are not current.

    These are left behind, or being written.
    """
    entries = logged(collections).values()
    current = versions.of(seq, {one.doc_id for one in entries})
    dead = {number for one in entries if current[one.doc_id] != one.version for number in one.passage_nos}
    found = collections.get(WORDS, sorted(dead), "version")
    return collections.count(WORDS) - len(found), sorted({row["version"] for row in found})


def _changed(what: str) -> DataBusy:
    return DataBusy(f"While {what!r} was read, another version took its place; try again.")


# Lone surrogates, and the control characters for which JSON has no letter.
_UNSAYABLE = re.compile("[\x00-\x07\x0b\x0e-\x1f\ud800-\udfff]")


def _among(name: str, values: Sequence[str], comparison: str = "in") -> str:
    # What Milvus cannot read in an expression stands in no row either.
    values = [value for value in values if not _UNSAYABLE.search(value)]
    if not values:
        return "version == -1" if comparison == "in" else "version != -1"
    return f"{name} {comparison} [{', '.join(map(quoted, values))}]"


def _ints(numbers: Sequence[int]) -> list[int]:
    # Numpy's integers are no JSON.
    return [int(number) for number in numbers]
