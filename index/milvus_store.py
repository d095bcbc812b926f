"""The store in Milvus: documents, passages, vectors and words in collections that any number of processes share.

Milvus has no transactions. What is written of a document has a version of its own, and the document's row, written last
and in one step, says which version is the current one: readers leave out what is of another. What no row names any more
is removed later, by whoever writes then, so that nobody who is reading it is disturbed; a log says what that may be.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial

from index.derived import Reached
from index.document import Document
from index.errors import DataBusy, DataMismatch, DataMissing, DataUnreachable
from index.milvus import CONTENTS, DOCUMENTS, MAX_RESULTS, STATE, TEXTS, VECTORS, WORDS, Collections, Row, pieces
from index.milvus_reading import LOG, CurrentVersions, MilvusReading, MilvusView, Shared, living, logged
from index.milvus_rows import (
    BATCH,
    Head,
    Version,
    content_row,
    in_batches,
    pieces_of_places,
    vector_row,
    word_row,
)
from index.milvus_words import TermStatistics
from index.records import EmbeddedPassage, FileRecord, Identity
from index.storage import INDEX_ELSEWHERE, Milvus, check_identity

FORMAT = 1

_IDENTITY, _CHANGED = "identity", "changed"
# So long what was replaced may still be read, and a write may take from one sign of life to the next. The clocks of
# machines that write may differ by less than half of it.
RETAINED_S = 120.0
_CLEANED_EVERY_S = 30.0
# A log that is not flushed is searched slowly by Milvus Lite; a server flushes by itself.
_FLUSHED_AT = 1000


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
        versions = CurrentVersions(self._collections)
        statistics = TermStatistics(self._collections, partial(living, self._collections, versions))
        self._shared = Shared(self._collections, self.identity, versions, statistics)
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
            head = Head.of(document, version, file)
            places = pieces_of_places(zip(numbers, (made.passage.span for made in passages), strict=True))
            begun = Version(document.doc_id, version, head.text_keys, places)
            log = _Log(self._collections, [begun, *self._stored(document.doc_id)])
            for keyed in in_batches(zip(head.text_keys, pieces(document.text), strict=True), BATCH):
                self._collections.insert(TEXTS, [{"piece": key, "text": text} for key, text in keyed])
                log.still_here()
            for some in in_batches(zip(numbers, passages, strict=True), BATCH):
                for name, row in ((CONTENTS, content_row), (VECTORS, vector_row), (WORDS, word_row)):
                    self._collections.insert(name, [row(number, version, document, made) for number, made in some])
                log.still_here()
            self._collections.upsert(DOCUMENTS, [head.row(places)])
            self._written += len(passages)

    def put_file(self, document: Document, file: FileRecord) -> bool:
        """Record in which file a stored document now stands; tell whether it still has this text."""
        with self._changing():
            rows = self._collections.get(DOCUMENTS, [document.doc_id], "version", "head", "passages")
            heads = [(Head.read(row), row["passages"]) for row in rows]
            same = [(head, places) for head, places in heads if head.sha256 == document.sha256]
            for head, places in same:
                changed = Head(**{name: getattr(head, name) for name in Head.__slots__} | {"file": file})
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

    def _stored(self, doc_id: str) -> list[Version]:
        rows = self._collections.get(DOCUMENTS, [doc_id], "version", "head", "passages")
        return [Version(doc_id, row["version"], Head.read(row).text_keys, row["passages"]) for row in rows]

    def _clean(self) -> None:
        """Remove what the log names, no document does, and nobody reads any more."""
        self._cleaned_at = time.monotonic()
        due = logged(self._collections, f" and at < {int((time.time() - RETAINED_S) * 1000)}")
        rows = self._collections.get(DOCUMENTS, sorted({one.doc_id for one in due.values()}), "version")
        current = {row["version"] for row in rows}
        dead = [one for one in due.values() if one.version not in current]
        if dead:
            # Who wrote one may have been killed before it told anybody.
            self._tell_readers()
        for one in dead:
            for some in in_batches(one.passage_nos, MAX_RESULTS):
                for name in (VECTORS, WORDS, CONTENTS):
                    self._collections.delete(name, some)
            self._collections.delete(TEXTS, one.texts)
        self._collections.delete(STATE, list(due))


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


class _Log:
    """Says of versions of documents that they may be left behind, while one of them is written."""

    def __init__(self, collections: Collections, versions: Sequence[Version]) -> None:
        self._collections = collections
        self._told_at = 0.0
        self._rows = [
            {"name": f"{LOG}{secrets.token_hex(12)}", "value": pieces(json.dumps(asdict(one)))} for one in versions
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
