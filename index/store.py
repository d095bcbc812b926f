"""The store: one SQLite database that holds documents, passages, sentences and their vectors. It alone is the truth.

Every committed change has a sequence number, so that what is derived from the store can tell how far it has come.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.document import Document, Metadata, Passage, Span
from index.embedder import Vectors
from index.errors import DataBusy, DataCorrupt, DataError, DataMismatch, DataMissing, DataUnwritable

FORMAT = 1
DATABASE = "footnote.db"
BUSY_TIMEOUT_S = 10.0

Numbers = npt.NDArray[np.int64]

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
    doc_no INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_id TEXT NOT NULL UNIQUE,
    title TEXT, source TEXT, url TEXT, published_at TEXT,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file_path TEXT, file_sha256 TEXT,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX documents_by_source ON documents (source);
CREATE INDEX documents_by_file ON documents (file_path);
CREATE TABLE passages (
    passage_no INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_no INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL,
    heading TEXT NOT NULL,
    seq INTEGER NOT NULL,
    vector BLOB NOT NULL,
    sentence_bounds BLOB NOT NULL, sentence_vectors BLOB NOT NULL
) STRICT;
CREATE INDEX passages_by_document ON passages (doc_no);
CREATE INDEX passages_by_seq ON passages (seq);
CREATE TABLE removals (passage_no INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX removals_by_seq ON removals (seq);
"""
_DOCUMENT_FIELDS = "doc_id, title, source, url, published_at"


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
    """A passage as it is kept: where it stands, its own text, and the vectors of its sentences in float32."""

    passage_no: int
    doc_id: str
    metadata: Metadata
    span: Span
    heading: str
    text: str
    sentences: tuple[Span, ...]
    sentence_vectors: Vectors

    def slice(self, span: Span) -> str:
        """Return the text of a span of the document that lies inside this passage."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


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


class Store:
    """The database in a data folder. Any number of threads and processes read it; one at a time writes.

    Raises DataMissing where there is no database and `create` is None; DataMismatch where the database is of a newer
    format; DataCorrupt, DataUnwritable or DataBusy where SQLite says so.
    """

    def __init__(self, folder: Path, create: Identity | None = None) -> None:
        self.path = folder / DATABASE
        self._idle: list[sqlite3.Connection] = []
        if create is None and not self.path.is_file():
            raise DataMissing(f"There is no data in '{folder}' yet; run `rag index`, or name its folder with --data.")
        if create is not None:
            self._make_folder(folder)
        with self._connection() as connection:
            if create is not None:
                _create(connection, create)
            said = dict(connection.execute("SELECT key, value FROM meta"))
        if int(said["format"]) != FORMAT:
            raise DataMismatch(
                f"The data in '{folder}' has format {said['format']}, this version reads format {FORMAT}; "
                "use the version that wrote it, or index anew into another --data folder."
            )
        self.database_id = said["database_id"]
        self.identity = Identity(said["model"], said["fingerprint"], int(said["dimension"]), said["splitter"])

    @contextmanager
    def read(self) -> Iterator["Reading"]:
        """Give a view of one instant of the database, unchanged until it is left."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield Reading(connection, self.identity.dimension)
            finally:
                connection.rollback()

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages in one transaction, in place of any of the same id."""
        with self._write() as (connection, seq):
            row = connection.execute("SELECT doc_no FROM documents WHERE doc_id = ?", (document.doc_id,)).fetchone()
            values = _document_row(document, file)
            if row is None:
                doc_no = connection.execute(
                    f"INSERT INTO documents ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})",
                    values,
                ).lastrowid
            else:
                doc_no = row[0]
                _remove_passages(connection, doc_no, seq)
                fields = ", ".join(f"{name} = :{name}" for name in values)
                connection.execute(f"UPDATE documents SET {fields} WHERE doc_no = :doc_no", {**values, "doc_no": doc_no})
            connection.executemany(
                "INSERT INTO passages (doc_no, start, end, heading, seq, vector, sentence_bounds, sentence_vectors)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [_passage_row(doc_no, seq, embedded) for embedded in passages],
            )

    def put_file(self, doc_id: str, file: FileRecord) -> None:
        """Record that a document whose content is unchanged now stands in another file."""
        with self._write() as (connection, _):
            connection.execute(
                "UPDATE documents SET file_path = ?, file_sha256 = ? WHERE doc_id = ?", (file.path, file.sha256, doc_id)
            )

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        with self._write() as (connection, seq):
            row = connection.execute("SELECT doc_no FROM documents WHERE doc_id = ?", (doc_id,)).fetchone()
            if row is not None:
                _remove_passages(connection, row[0], seq)
                connection.execute("DELETE FROM documents WHERE doc_no = ?", row)
        return row is not None

    def close(self) -> None:
        """Close the connections that no reader holds."""
        while self._idle:
            self._idle.pop().close()

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataUnwritable(
                f"The data folder '{folder}' cannot be made ({error.strerror}); choose another with --data."
            ) from error

    @contextmanager
    def _write(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """Give a connection inside a write transaction and the number of this change; commit at the end."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                seq = _seq(connection) + 1
                yield connection, seq
                connection.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (str(seq),))
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; one at a time uses it, and it is kept for the next."""
        with _translated(self.path):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = _connect(self.path)
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            except BaseException:
                self._idle.append(connection)
                raise
            self._idle.append(connection)


class Reading:
    """One instant of the database. Everything read through it belongs together."""

    def __init__(self, connection: sqlite3.Connection, dimension: int) -> None:
        self._connection = connection
        self._dimension = dimension
        self.seq = _seq(connection)

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        query = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        documents, passages = self._connection.execute(query).fetchone()
        return documents, passages

    def changes(self, since: int) -> Changes:
        """Return what has to be added and removed to come from the state at `since` to this one."""
        added = self._connection.execute(
            "SELECT passage_no, doc_no, vector FROM passages WHERE seq > ? ORDER BY passage_no", (since,)
        ).fetchall()
        removed = self._connection.execute("SELECT passage_no FROM removals WHERE seq > ?", (since,)).fetchall()
        vectors = np.frombuffer(b"".join(row[2] for row in added), dtype=np.float32)
        return Changes(
            seq=self.seq,
            passage_nos=np.array([row[0] for row in added], dtype=np.int64),
            doc_nos=np.array([row[1] for row in added], dtype=np.int64),
            vectors=vectors.reshape(-1, self._dimension),
            removed=np.array([row[0] for row in removed], dtype=np.int64),
        )

    def doc_nos(self, filters: Filters) -> Numbers | None:
        """Return the numbers of the documents that pass, ascending; None where every document does."""
        conditions, values = _conditions(filters)
        if not conditions:
            return None
        query = f"SELECT doc_no FROM documents WHERE {' AND '.join(conditions)} ORDER BY doc_no"
        return np.array([row[0] for row in self._connection.execute(query, values)], dtype=np.int64)

    def passages(self, passage_nos: Sequence[int]) -> list[StoredPassage]:
        """Return the passages of these numbers, in the order of the numbers."""
        rows = self._connection.execute(
            f"SELECT p.passage_no, {_DOCUMENT_FIELDS}, p.start, p.end, p.heading,"
            " substr(d.text, p.start + 1, p.end - p.start), p.sentence_bounds, p.sentence_vectors"
            " FROM json_each(?) AS wanted JOIN passages p ON p.passage_no = wanted.value JOIN documents d USING (doc_no)",
            (json.dumps([int(number) for number in passage_nos]),),
        )
        found = {row[0]: self._passage(row) for row in rows}
        return [found[number] for number in passage_nos]

    def passage_spans(self, doc_id: str) -> list[Span]:
        """Return the spans of a document's passages, in order."""
        rows = self._connection.execute(
            "SELECT start, end FROM passages JOIN documents USING (doc_no) WHERE doc_id = ? ORDER BY start", (doc_id,)
        )
        return [Span(start, end) for start, end in rows]

    def passage_nos(self, doc_id: str) -> list[int]:
        """Return the numbers of a document's passages, in order."""
        rows = self._connection.execute(
            "SELECT passage_no FROM passages JOIN documents USING (doc_no) WHERE doc_id = ? ORDER BY start", (doc_id,)
        )
        return [row[0] for row in rows]

    def document(self, doc_id: str) -> Document | None:
        """Return a document, None where there is none of this id."""
        row = self._connection.execute(
            f"SELECT {_DOCUMENT_FIELDS}, media_type, text FROM documents WHERE doc_id = ?", (doc_id,)
        ).fetchone()
        return None if row is None else Document(row[0], row[6], row[5], Metadata(*row[1:5]))

    def documents(self, limit: int, after: str = "") -> list[DocumentSummary]:
        """Return at most `limit` documents whose ids come after `after`, in the order of their ids."""
        rows = self._connection.execute(
            f"SELECT {_DOCUMENT_FIELDS}, media_type, sha256,"
            " (SELECT count(*) FROM passages p WHERE p.doc_no = d.doc_no), length(text)"
            " FROM documents d WHERE doc_id > ? ORDER BY doc_id LIMIT ?",
            (after, limit),
        )
        return [DocumentSummary(row[0], Metadata(*row[1:5]), *row[5:]) for row in rows]

    def file(self, doc_id: str) -> FileRecord | None:
        """Return the file a document was read from, None where it came another way or there is none."""
        row = self._connection.execute(
            "SELECT file_path, file_sha256 FROM documents WHERE doc_id = ? AND file_path IS NOT NULL", (doc_id,)
        ).fetchone()
        return None if row is None else FileRecord(*row)

    def files(self) -> list[tuple[str, str]]:
        """Return doc_id and path of every document that was read from a file."""
        query = "SELECT doc_id, file_path FROM documents WHERE file_path IS NOT NULL ORDER BY doc_id"
        return [(doc_id, path) for doc_id, path in self._connection.execute(query)]

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the database itself, nothing where it is sound."""
        found = [row[0] for row in self._connection.execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def _passage(self, row: tuple[int, str, None, None, None, None, int, int, str, str, bytes, bytes]) -> StoredPassage:
        bounds = np.frombuffer(row[10], dtype="<i4").reshape(-1, 2)
        vectors = np.frombuffer(row[11], dtype=np.float16).reshape(-1, self._dimension)
        return StoredPassage(
            passage_no=row[0],
            doc_id=row[1],
            metadata=Metadata(*row[2:6]),
            span=Span(row[6], row[7]),
            heading=row[8],
            text=row[9],
            sentences=tuple(Span(int(start), int(end)) for start, end in bounds),
            sentence_vectors=vectors.astype(np.float32),
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, because in WAL mode NORMAL may lose acknowledged commits when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _create(connection: sqlite3.Connection, identity: Identity) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            said = {
                "format": FORMAT,
                "database_id": uuid.uuid4().hex,
                "model": identity.model,
                "fingerprint": identity.fingerprint,
                "dimension": identity.dimension,
                "splitter": identity.splitter,
                "seq": 0,
            }
            connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in said.items()])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _seq(connection: sqlite3.Connection) -> int:
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()
    return int(value)


def _document_row(document: Document, file: FileRecord | None) -> dict[str, str | None]:
    return {
        "doc_id": document.doc_id,
        "title": document.metadata.title,
        "source": document.metadata.source,
        "url": document.metadata.url,
        "published_at": document.metadata.published_at,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "file_path": file.path if file else None,
        "file_sha256": file.sha256 if file else None,
        "text": document.text,
    }


def _passage_row(doc_no: int, seq: int, embedded: EmbeddedPassage) -> tuple[int, int, int, str, int, bytes, bytes, bytes]:
    passage = embedded.passage
    bounds = np.array([(sentence.start, sentence.end) for sentence in passage.sentences], dtype="<i4")
    return (
        doc_no,
        passage.span.start,
        passage.span.end,
        passage.heading,
        seq,
        embedded.vector.astype(np.float32).tobytes(),
        bounds.tobytes(),
        embedded.sentence_vectors.astype(np.float16).tobytes(),
    )


def _remove_passages(connection: sqlite3.Connection, doc_no: int, seq: int) -> None:
    connection.execute("INSERT INTO removals SELECT passage_no, ? FROM passages WHERE doc_no = ?", (seq, doc_no))
    connection.execute("DELETE FROM passages WHERE doc_no = ?", (doc_no,))


def _conditions(filters: Filters) -> tuple[list[str], list[str]]:
    conditions: list[str] = []
    values: list[str] = []
    for field, wanted in (("doc_id", filters.doc_ids), ("source", filters.sources)):
        if wanted is not None:
            conditions.append(f"{field} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(wanted))
    for comparison, bound in ((">=", filters.published_after), ("<=", filters.published_before)):
        if bound is not None:
            conditions.append(f"{_PUBLISHED_DAY if len(bound) == 10 else _PUBLISHED_INSTANT} {comparison} ?")
            values.append(bound)
    return conditions, values


_PUBLISHED_DAY = "substr(published_at, 1, 10)"
# A document with a date alone counts as published at the first second of that day.
_PUBLISHED_INSTANT = "(published_at || CASE length(published_at) WHEN 10 THEN 'T00:00:00Z' ELSE '' END)"


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as DataErrors."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _data_error(path, error) from error


def _data_error(path: Path, error: sqlite3.DatabaseError) -> DataError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DataBusy(
            f"Another writer has held '{path}' for more than {BUSY_TIMEOUT_S:g} seconds; try again when it is done."
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such table" in str(error):
        return DataCorrupt(f"'{path}' is damaged ({error}); restore it, or index the articles into a new --data folder.")
    return DataUnwritable(
        f"'{path}' cannot be used ({error}); give the service a data folder it may write to, with free space, by --data."
    )
