"""The store in Milvus: documents, passages, vectors and words in collections that any number of processes share.

Milvus has no transactions. What is written of a document has a version of its own, and the document's row, written last
and in one step, says which version is the current one: readers leave out what is of another. What no row names any more
is removed later, by whoever writes then, so that nobody who is reading it is disturbed; a log says what that may be.
"""

import json
import re
import secrets
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np

from index.derived import Reached
from index.document import Document, Metadata, Span
from index.embedder import Vectors
from index.errors import DataBusy, DataMismatch, DataMissing, DataUnreachable
from index.furniture import without_inline
from index.milvus import (
    CONTENTS,
    DOCUMENTS,
    MAX_RESULTS,
    PIECE_CHARS,
    STATE,
    TEXTS,
    VECTORS,
    WORDS,
    Collections,
    Row,
    pieces,
    quoted,
)
from index.milvus_words import SAMPLES, Sparse, TermStatistics, WordQuery, product, sparse_of, text_weights
from index.records import (
    DocumentSummary,
    EmbeddedPassage,
    FileRecord,
    Filters,
    Identity,
    Numbers,
    PassageTokens,
    PassageWords,
    StoredPassage,
)
from index.storage import INDEX_ELSEWHERE, Milvus, check_identity
from index.vectors import Near

T = TypeVar("T")

FORMAT = 1

_IDENTITY, _CHANGED, _LOG = "identity", "changed", "log-"
# So long what was replaced may still be read, and a write may take from one sign of life to the next. The clocks of
# machines that write may differ by less than half of it.
RETAINED_S = 120.0
_CLEANED_EVERY_S = 30.0
# Rows written, and passages read, at once: a passage of 200 tokens has 35 KB.
_BATCH = 200
# A log that is not flushed is searched slowly by Milvus Lite; a server flushes by itself.
_FLUSHED_AT = 1000
# Documents whose current version a process remembers, until the store changes.
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class _Head:
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
    def of(cls, document: Document, version: int, file: FileRecord | None) -> "_Head":
        texts, chars = len(pieces(document.text)), len(document.text)
        return cls(
            document.doc_id, version, document.metadata, document.media_type, document.sha256, chars, texts, file
        )

    @classmethod
    def read(cls, row: Row) -> "_Head":
        said = json.loads("".join(row["head"]))
        metadata, file = Metadata(**said.pop("metadata")), said.pop("file")
        return cls(row["doc_id"], row["version"], metadata, file=FileRecord(**file) if file else None, **said)

    def row(self, passages: Sequence[str]) -> Row:
        said = {name: value for name, value in asdict(self).items() if name not in {"doc_id", "version"}}
        head = pieces(json.dumps(said, ensure_ascii=False))
        return {"doc_id": self.doc_id, "version": self.version, "head": head, "passages": list(passages)}

    @property
    def text_keys(self) -> list[str]:
        return [f"{self.version}-{number}" for number in range(self.texts)]


@dataclass(frozen=True, slots=True)
class _Written:
    """What a version of a document consists of, as the log has it."""

    doc_id: str
    version: int
    texts: list[str]
    passages: list[str]

    @property
    def passage_nos(self) -> list[int]:
        return [number for number, _ in _places(self.passages)]


class _Numbers:
    """Hands out numbers that no other process does: of the millisecond, of a number drawn for this process, counted."""

    def __init__(self) -> None:
        self._drawn = secrets.randbelow(1 << 14)
        self._last = 0
        self._drawing = threading.Lock()

    def next(self, count: int) -> list[int]:
        """Return so many, each greater than any before it."""
        with self._drawing:
            # 41 bits of milliseconds since 2020 last until 2089; 256 numbers fall to each.
            first = max(self._last + 1, (int(time.time() * 1000) - 1_577_836_800_000) << 8)
            self._last = first + count - 1
        return [(one >> 8) << 22 | self._drawn << 8 | one & 0xFF for one in range(first, first + count)]


@dataclass(slots=True)
class _Versions:
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
        for some in _in_batches(sorted(one for one in wanted if one not in known), MAX_RESULTS):
            found = {row["doc_id"]: row["version"] for row in self.collections.get(DOCUMENTS, some, "version")}
            known |= {doc_id: found.get(doc_id, -1) for doc_id in some}
        self._remembered = seq, known
        return {doc_id: known[doc_id] for doc_id in wanted}


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all views of a process have in common."""

    collections: Collections
    identity: Identity
    versions: _Versions
    statistics: TermStatistics


class MilvusReading:
    """Documents and passages as of a sequence number, each document as a whole; `index/storage.py` says the rest."""

    def __init__(self, shared: _Shared, seq: int) -> None:
        self._shared = shared
        self._collections = shared.collections
        self.seq = seq

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        passages, _ = _living(self._collections, self._shared.versions, self.seq)
        return self._collections.count(DOCUMENTS), passages

    def doc_nos(self, filters: Filters) -> str | None:
        """Return the expression that passages of documents that pass fulfil; None where every document does."""
        conditions = []
        if filters.doc_ids is not None:
            conditions.append(_among("doc_id", filters.doc_ids))
        if filters.without_doc_ids:
            conditions.append(_among("doc_id", filters.without_doc_ids, "not in"))
        if filters.sources is not None:
            # A document without one has the empty string.
            conditions.append(_among("source", [_short(source) for source in filters.sources if source]))
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
                Metadata(**json.loads("".join(row["head"]))),
                Span(row["start"], row["end"]),
                "".join(row["heading"]),
                "".join(row["text"]),
                _tokens(row | {"tokens": []}, self._shared.identity).sentences,
            )
            for row in rows
        ]

    def passage_tokens(self, passage_nos: Sequence[int]) -> list[PassageTokens]:
        """Return what the passages of these numbers are read by, in the order of the numbers."""
        rows = self._contents(passage_nos, "doc_id", "start", "end", "bounds", "tokens")
        return [_tokens(row, self._shared.identity) for row in rows]

    def passage_nos(self, doc_id: str) -> list[int]:
        """Return the numbers of a document's passages, in order."""
        return [number for number, _ in self._places_of(doc_id)]

    def passage_spans(self, doc_id: str) -> list[Span]:
        """Return the spans of a document's passages, in order."""
        return [span for _, span in self._places_of(doc_id)]

    def embedded_passages(self, doc_id: str) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors, in order, to be put into another store."""
        made = []
        for numbers in _in_batches(self.passage_nos(doc_id), _BATCH):
            contents = self._contents(numbers, "doc_id", "start", "end", "heading", "bounds", "tokens")
            found = {row["passage_no"]: row["vector"] for row in self._collections.get(VECTORS, numbers, "vector")}
            if len(found) < len(numbers):
                raise _changed(doc_id)
            for row in contents:
                vector = np.array(found[row["passage_no"]], dtype=np.float32)
                made.append(_tokens(row, self._shared.identity).embedded("".join(row["heading"]), vector))
        return made

    def document(self, doc_id: str) -> Document | None:
        """Return a document, None where there is none of this id."""
        row = self._row(doc_id, "version", "head")
        if row is None:
            return None
        head = _Head.read(row)
        found = {
            piece["piece"]: piece["text"]
            for keys in _in_batches(head.text_keys, _BATCH)
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
                head.doc_id, head.metadata, head.media_type, head.sha256, len(_places(row["passages"])), head.chars
            )
            for row, head in ((row, _Head.read(row)) for row in rows)
        ]

    def file(self, doc_id: str) -> FileRecord | None:
        """Return the file a document was read from, None where it came another way or there is none."""
        row = self._row(doc_id, "version", "head")
        return None if row is None else _Head.read(row).file

    def files(self) -> list[tuple[str, str]]:
        """Return doc_id and path of every document that was read from a file."""
        heads = map(_Head.read, self._collections.each(DOCUMENTS, "version", "head"))
        return [(head.doc_id, head.file.path) for head in heads if head.file]

    def current(self, doc_ids: Iterable[str]) -> dict[str, int]:
        """Return the current version of each document; -1 where there is none of this id."""
        return self._shared.versions.of(self.seq, doc_ids)

    def _places_of(self, doc_id: str) -> list[tuple[int, Span]]:
        row = self._row(doc_id, "passages")
        return [] if row is None else _places(row["passages"])

    def _row(self, doc_id: str, *fields: str) -> Row | None:
        return next(iter(self._collections.get(DOCUMENTS, [doc_id], *fields)), None)

    def _contents(self, passage_nos: Sequence[int], *fields: str) -> list[Row]:
        found = {
            row["passage_no"]: row
            for numbers in _in_batches(_ints(passage_nos), _BATCH)
            for row in self._collections.get(CONTENTS, numbers, *fields)
        }
        if len(found) < len(set(passage_nos)):
            raise _changed("one of the passages")
        return [found[number] for number in passage_nos]


class MilvusView:
    """A reading, and searches of the same sequence number."""

    def __init__(self, shared: _Shared, seq: int) -> None:
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

    def best(self, vector: list[float] | Sparse, k: int, within: str | None) -> list[tuple[int, float]]:
        """Return the `k` best passages with their scores, best first, ties by number."""
        dead: set[int] = set()
        while True:
            conditions = [within or "", f"version not in {sorted(dead)}" if dead else ""]
            expression = " and ".join(filter(None, conditions))
            (found,) = self.collections.search(self.name, [vector], k, expression, "doc_id", "version")
            current = {row["version"] for row in self._current([row for _, _, row in found])}
            gone = {row["version"] for _, _, row in found} - current
            if not gone or len(found) < min(k, MAX_RESULTS):
                hits = [(number, float(score)) for number, score, row in found if row["version"] in current]
                return sorted(hits, key=lambda hit: (-hit[1], hit[0]))
            dead |= gone

    def all(self) -> Iterator[Row]:
        """Yield the number, the document and the version of every passage that a search can find, by number."""
        for rows in _in_batches(self.collections.each(self.name, "doc_id", "version"), MAX_RESULTS):
            yield from self._current(rows)

    def _current(self, rows: Sequence[Row]) -> list[Row]:
        versions = self.reading.current({row["doc_id"] for row in rows})
        return [row for row in rows if versions[row["doc_id"]] == row["version"]]


class MilvusVectors:
    """Vector search in Milvus."""

    def __init__(self, searched: _Searched) -> None:
        self._searched = searched

    def nearest(self, vector: Vectors, k: int, doc_nos: str | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their cosines, nearest first, ties by number."""
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
        return self._searched.best(query.bm25, k, doc_nos) if query.words else []

    def overlaps(self, text: str, passage_nos: Sequence[int]) -> dict[int, float]:
        """Return how much of a query's words each passage has, by number; one that has none is left out."""
        query = self._query(text)
        if not query.words:
            return {}
        wanted = query.overlap
        scores = {row["passage_no"]: product(wanted, row["words"]) for row in self._searched.of(passage_nos)}
        return {number: score for number, score in scores.items() if score}

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        return np.array([row["passage_no"] for row in self._searched.all()], dtype=np.int64)

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""
        return self._query(text).anywhere

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""
        return text_weights(text, self._statistics, self._seq)

    def _query(self, text: str) -> WordQuery:
        return WordQuery.of(text, self._statistics, self._seq)


class MilvusStore:
    """The documents in a Milvus; `index/storage.py` says what its methods do.

    Raises DataMissing where there is no data and `create` is false, DataMismatch where it is of another identity,
    DataUnreachable where Milvus does not answer.
    """

    def __init__(self, milvus: Milvus, ours: Identity, *, create: bool = False) -> None:
        self._collections = Collections(milvus)
        if create and not _has_identity(self._collections):
            self._begin(ours)
        self.identity = _read_identity(self._collections)
        check_identity(milvus.where, self.identity, ours, INDEX_ELSEWHERE)
        versions = _Versions(self._collections)
        living = partial(_living, self._collections, versions)
        self._shared = _Shared(self._collections, self.identity, versions, TermStatistics(self._collections, living))
        self._numbers = _Numbers()
        self._writing = threading.Lock()
        self._written = 0
        self._is_untold = False
        self._cleaned_at = 0.0
        self._reached = Reached(0, 0, time.time())

    @contextmanager
    def read(self) -> Iterator[MilvusReading]:
        """Give a reading of what is current now."""
        yield MilvusReading(self._shared, self._seq())

    @contextmanager
    def view(self) -> Iterator[MilvusView]:
        """Give a view of what is current now."""
        yield MilvusView(self._shared, self._seq())

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages as a whole, in place of any of the same id."""
        with self._changing():
            version, *numbers = self._numbers.next(1 + len(passages))
            head = _Head.of(document, version, file)
            places = _pieces_of_places(zip(numbers, (made.passage.span for made in passages), strict=True))
            begun = _Written(document.doc_id, version, head.text_keys, places)
            log = _Log(self._collections, [begun, *self._stored(document.doc_id)])
            for keyed in _in_batches(zip(head.text_keys, pieces(document.text), strict=True), _BATCH):
                self._collections.insert(TEXTS, [{"piece": key, "text": text} for key, text in keyed])
                log.still_here()
            for some in _in_batches(zip(numbers, passages, strict=True), _BATCH):
                for name, row in ((CONTENTS, _content_row), (VECTORS, _vector_row), (WORDS, _word_row)):
                    self._collections.insert(name, [row(number, version, document, made) for number, made in some])
                log.still_here()
            self._collections.upsert(DOCUMENTS, [head.row(places)])
            self._written += len(passages)

    def put_file(self, document: Document, file: FileRecord) -> bool:
        """Record in which file a stored document now stands; tell whether it still has this text."""
        with self._changing():
            rows = self._collections.get(DOCUMENTS, [document.doc_id], "version", "head", "passages")
            heads = [(_Head.read(row), row["passages"]) for row in rows]
            same = [(head, places) for head, places in heads if head.sha256 == document.sha256]
            for head, places in same:
                changed = _Head(**{name: getattr(head, name) for name in _Head.__slots__} | {"file": file})
                self._collections.upsert(DOCUMENTS, [changed.row(places)])
            return bool(same)

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        with self._changing():
            stored = self._stored(doc_id)
            if stored:
                _Log(self._collections, stored)
                self._collections.delete(DOCUMENTS, [doc_id])
        return bool(stored)

    @contextmanager
    def published(self) -> Iterator[None]:
        """Do nothing: what was put is found already."""
        yield

    def reached(self) -> Reached:
        """Return the sequence number that was read last; searches are never behind it."""
        return self._reached

    def disk_bytes(self) -> Mapping[str, int]:
        """Return nothing: what Milvus takes of its disk it does not say."""
        return {}

    def save(self) -> None:
        """Have Milvus Lite write down what came since; a server does so by itself.

        Where Milvus does not answer this is left to whoever writes next, at no loss.
        """
        with self._writing, suppress(DataUnreachable):
            self._clean()
            if self._collections.is_lite and self._written >= _FLUSHED_AT:
                self._collections.flush()
                self._written = 0

    def close(self) -> None:
        """Close the connection."""
        self._collections.close()

    def _begin(self, ours: Identity) -> None:
        self._collections.create(ours.dimension)
        if not _has_identity(self._collections):
            value = pieces(json.dumps({"format": FORMAT, **{name: getattr(ours, name) for name in Identity.__slots__}}))
            self._collections.upsert(STATE, [{"name": _IDENTITY, "at": 0, "value": value}])

    def _seq(self) -> int:
        """Return the number of the last change; raise DataMismatch where another model's data has been put there."""
        if self._is_untold:
            self._tell_readers()
        rows = {row["name"]: row for row in self._collections.get(STATE, [_IDENTITY, _CHANGED], "at", "value")}
        if _IDENTITY not in rows:
            raise _missing(self._collections.milvus)
        found = _identity(self._collections.milvus, rows[_IDENTITY])
        if found != self.identity:
            raise DataMismatch(
                f"{self._collections.milvus.collection!r} was replaced by one made with {found.model!r} of fingerprint "
                f"{found.fingerprint[:16]!r}, this process reads {self.identity.model!r} of "
                f"{self.identity.fingerprint[:16]!r}; start it anew."
            )
        seq = rows[_CHANGED]["at"] if _CHANGED in rows else 0
        if seq != self._reached.vectors:
            self._reached = Reached(seq, seq, time.time())
        return int(seq)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Write one change after the other, and tell readers of each before it is acknowledged."""
        with self._writing:
            self._seq()
            try:
                yield
            finally:
                # What failed may have been written all the same, where only its answer was lost.
                self._is_untold = True
                self._tell_readers()
            if time.monotonic() - self._cleaned_at > _CLEANED_EVERY_S:
                self._clean()

    def _tell_readers(self) -> None:
        (changed,) = self._numbers.next(1)
        self._collections.upsert(STATE, [{"name": _CHANGED, "at": changed, "value": [""]}])
        self._is_untold = False

    def _stored(self, doc_id: str) -> list[_Written]:
        rows = self._collections.get(DOCUMENTS, [doc_id], "version", "head", "passages")
        return [_Written(doc_id, row["version"], _Head.read(row).text_keys, row["passages"]) for row in rows]

    def _clean(self) -> None:
        """Remove what the log names, no document does, and nobody reads any more."""
        self._cleaned_at = time.monotonic()
        due = _logged(self._collections, f" and at < {int((time.time() - RETAINED_S) * 1000)}")
        rows = self._collections.get(DOCUMENTS, sorted({one.doc_id for one in due.values()}), "version")
        current = {row["version"] for row in rows}
        dead = [one for one in due.values() if one.version not in current]
        if dead:
            # Who wrote one may have been killed before it told anybody.
            self._tell_readers()
        for one in dead:
            for some in _in_batches(one.passage_nos, MAX_RESULTS):
                for name in (VECTORS, WORDS, CONTENTS):
                    self._collections.delete(name, some)
            self._collections.delete(TEXTS, one.texts)
        self._collections.delete(STATE, list(due))


class _Log:
    """Says of versions of documents that they may be left behind, while one of them is written."""

    def __init__(self, collections: Collections, versions: Sequence[_Written]) -> None:
        self._collections = collections
        self._told_at = 0.0
        self._rows = [
            {"name": f"{_LOG}{secrets.token_hex(12)}", "value": pieces(json.dumps(asdict(one)))} for one in versions
        ]
        self._tell()

    def still_here(self) -> None:
        """Say that what is written is not given up; raise DataBusy where others may have thought so."""
        silent = time.monotonic() - self._told_at
        if silent > RETAINED_S / 2:
            raise DataBusy(f"A step of writing took {silent:.0f} seconds, and was given up; try again.")
        if silent > RETAINED_S / 8:
            self._tell()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        now = int(time.time() * 1000)
        self._collections.upsert(STATE, [row | {"at": now} for row in self._rows])


def identity_of(milvus: Milvus) -> Identity:
    """Return what the vectors of a corpus were made with; raise DataMissing where there is none."""
    collections = Collections(milvus)
    try:
        return _read_identity(collections)
    finally:
        collections.close()


def _has_identity(collections: Collections) -> bool:
    return collections.exist() and bool(collections.get(STATE, [_IDENTITY], "at"))


def _read_identity(collections: Collections) -> Identity:
    if not collections.exist():
        raise _missing(collections.milvus)
    for row in collections.get(STATE, [_IDENTITY], "value"):
        return _identity(collections.milvus, row)
    raise _missing(collections.milvus)


def _identity(milvus: Milvus, row: Row) -> Identity:
    said = json.loads("".join(row["value"]))
    found = said.pop("format")
    if found != FORMAT:
        raise DataMismatch(
            f"{milvus.where} has format {found}, this version reads format {FORMAT}; "
            f"use the version that wrote it, or {INDEX_ELSEWHERE}."
        )
    return Identity(**said)


def _missing(milvus: Milvus) -> DataMissing:
    return DataMissing(f"There is no data in {milvus.where} yet; run `rag index` to make it.")


def _changed(what: str) -> DataBusy:
    return DataBusy(f"While {what!r} was read, another version took its place; try again.")


def _logged(collections: Collections, condition: str) -> dict[str, _Written]:
    """Return the entries of the log by their names."""
    rows = collections.query(STATE, f'name like "{_LOG}%"{condition}', "value")
    return {row["name"]: _Written(**json.loads("".join(row["value"]))) for row in rows}


def _living(collections: Collections, versions: _Versions, seq: int) -> tuple[int, list[int]]:
    """Return the number of passages of current versions, and which versions with passages are not current.

    These are left behind, or being written.
    """
    logged = _logged(collections, "")
    current = versions.of(seq, {one.doc_id for one in logged.values()})
    dead = {number for one in logged.values() if current[one.doc_id] != one.version for number in one.passage_nos}
    found = collections.get(WORDS, sorted(dead), "version")
    return collections.count(WORDS) - len(found), sorted({row["version"] for row in found})


def _filtered_row(number: int, version: int, document: Document) -> Row:
    published = document.metadata.published_at or ""
    return {
        "passage_no": number,
        "doc_id": document.doc_id,
        "version": version,
        "source": _short(document.metadata.source or ""),
        # A document with a date alone counts as published at the first second of that day.
        "published": f"{published}T00:00:00Z" if len(published) == 10 else published,
    }


def _vector_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
    return _filtered_row(number, version, document) | {"vector": made.vector.astype(np.float32).tolist()}


def _word_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
    text = made.passage.span.of(document.text)
    body, title = without_inline(text, Span(0, len(text))), document.metadata.title or ""
    words = sparse_of(PassageWords(number, version, title, made.passage.heading, body))
    # The sample is drawn by chance, so that any part of it is a fair one.
    return _filtered_row(number, version, document) | {"sample": secrets.randbelow(SAMPLES), "words": words}


def _content_row(number: int, version: int, document: Document, made: EmbeddedPassage) -> Row:
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


def _tokens(row: Row, identity: Identity) -> PassageTokens:
    bounds = np.frombuffer(_bytes_of(row["bounds"]), dtype="<i4").reshape(-1, 4)
    vectors = np.frombuffer(_bytes_of(row["tokens"]), dtype=np.int8).reshape(-1, identity.token_dimension)
    return PassageTokens(row["doc_id"], Span(row["start"], row["end"]), bounds, vectors)


def _pieces_of_places(places: Iterable[tuple[int, Span]]) -> list[str]:
    numbers = [(number, span.start, span.end) for number, span in places]
    return _pieces_of(np.array(numbers, dtype="<i8").tobytes())


def _places(passages: Sequence[str]) -> list[tuple[int, Span]]:
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


# Lone surrogates, and the control characters for which JSON has no letter.
_UNSAYABLE = re.compile("[\x00-\x07\x0b\x0e-\x1f\ud800-\udfff]")


def _among(name: str, values: Sequence[str], comparison: str = "in") -> str:
    # What Milvus cannot read in an expression stands in no row either.
    values = [value for value in values if not _UNSAYABLE.search(value)]
    if not values:
        return "version == -1" if comparison == "in" else "version != -1"
    return f"{name} {comparison} [{', '.join(map(quoted, values))}]"


def _short(source: str) -> str:
    """Return as much of a source as filters look at."""
    return source[:PIECE_CHARS]


def _ints(numbers: Sequence[int]) -> list[int]:
    # Numpy's integers are no JSON.
    return [int(number) for number in numbers]


def _in_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
