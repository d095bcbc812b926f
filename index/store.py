"""The store: documents, passages, sentences and their vectors in one database. It alone is the truth.

Every committed change has a sequence number, so that what is derived from the store can tell how far it has come.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from index.database import FORMAT, Connection, Database, seq_of
from index.document import Document, Metadata, Span
from index.errors import DataMismatch
from index.furniture import without_inline
from index.records import (
    Changes,
    DocumentSummary,
    EmbeddedPassage,
    FileRecord,
    Filters,
    Identity,
    Numbers,
    PassageVectors,
    PassageWords,
    StoredPassage,
)

_DOCUMENT_FIELDS = "doc_id, title, source, url, published_at"
_PassageRow = tuple[int, str, None, None, None, None, int, int, str, str, bytes, bytes, bytes]


class Store:
    """The database in a data folder. Any number of threads and processes read it; one at a time writes.

    Raises DataMissing where there is no database and `create` is None; DataMismatch where the database is of a newer
    format; DataCorrupt, DataUnwritable or DataBusy where SQLite says so.
    """

    def __init__(self, folder: Path, create: Identity | None = None) -> None:
        self._database = Database(folder, create)
        self.path = self._database.path
        with self._database.read() as connection:
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
        with self._database.read() as connection:
            yield Reading(connection, self.identity.dimension)

    def seq(self) -> int:
        """Return the number of the last change that has been committed."""
        with self.read() as reading:
            return reading.seq

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages in one transaction, in place of any of the same id."""
        with self._database.write() as (connection, seq):
            row = connection.execute("SELECT doc_no FROM documents WHERE doc_id = ?", (document.doc_id,)).fetchone()
            values = _document_row(document, file)
            if row is None:
                places = ", ".join(f":{name}" for name in values)
                inserted = f"INSERT INTO documents ({', '.join(values)}) VALUES ({places}) RETURNING doc_no"
                (doc_no,) = connection.execute(inserted, values).fetchone()
            else:
                doc_no = row[0]
                _remove_passages(connection, doc_no, seq)
                fields = ", ".join(f"{name} = :{name}" for name in values)
                connection.execute(
                    f"UPDATE documents SET {fields} WHERE doc_no = :doc_no", {**values, "doc_no": doc_no}
                )
            connection.executemany(
                "INSERT INTO passages (doc_no, start, end, heading, seq, vector, sentence_bounds, sentence_vectors)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [_passage_row(doc_no, seq, embedded) for embedded in passages],
            )

    def put_file(self, doc_id: str, file: FileRecord) -> None:
        """Record that a document whose content is unchanged now stands in another file."""
        with self._database.write() as (connection, _):
            connection.execute(
                "UPDATE documents SET file_path = ?, file_sha256 = ? WHERE doc_id = ?", (file.path, file.sha256, doc_id)
            )

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        with self._database.write() as (connection, seq):
            row = connection.execute("SELECT doc_no FROM documents WHERE doc_id = ?", (doc_id,)).fetchone()
            if row is not None:
                _remove_passages(connection, row[0], seq)
                connection.execute("DELETE FROM documents WHERE doc_no = ?", row)
        return row is not None

    def close(self) -> None:
        """Close the connections that no reader holds."""
        self._database.close()


class Reading:
    """One instant of the database. Everything read through it belongs together."""

    def __init__(self, connection: Connection, dimension: int) -> None:
        self._connection = connection
        self._dimension = dimension
        self.seq = seq_of(connection)

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
        vectors = np.frombuffer(b"".join(row[2] for row in added), dtype=np.float32)
        return Changes(
            seq=self.seq,
            passage_nos=np.array([row[0] for row in added], dtype=np.int64),
            doc_nos=np.array([row[1] for row in added], dtype=np.int64),
            vectors=vectors.reshape(-1, self._dimension),
            removed=np.array(self.removed_since(since), dtype=np.int64),
        )

    def words_since(self, since: int) -> Iterator[PassageWords]:
        """Yield the words of the passages added after `since`."""
        rows = self._connection.execute(
            "SELECT p.passage_no, p.doc_no, d.title, p.heading, substr(d.text, p.start + 1, p.end - p.start)"
            " FROM passages p JOIN documents d USING (doc_no) WHERE p.seq > ?",
            (since,),
        )
        for passage_no, doc_no, title, heading, text in rows:
            body = without_inline(text, Span(0, len(text)))
            yield PassageWords(passage_no, doc_no, title or "", heading, body)

    def removed_since(self, since: int) -> list[int]:
        """Return the numbers of the passages removed after `since`."""
        rows = self._connection.execute("SELECT passage_no FROM removals WHERE seq > ?", (since,))
        return [row[0] for row in rows]

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
            " substr(d.text, p.start + 1, p.end - p.start), p.vector, p.sentence_bounds, p.sentence_vectors"
            " FROM json_each(?) AS wanted JOIN passages p ON p.passage_no = wanted.value"
            " JOIN documents d USING (doc_no)",
            (json.dumps([int(number) for number in passage_nos]),),
        )
        found = {row[0]: self._passage(row) for row in rows}
        return [found[number] for number in passage_nos]

    def passage_vectors(self, passage_nos: Sequence[int]) -> PassageVectors:
        """Return what the passages of these numbers are ranked by, and none of their text."""
        rows = self._connection.execute(
            "SELECT p.passage_no, d.doc_id, p.start, p.end, p.vector, p.sentence_vectors FROM json_each(?) AS wanted"
            " JOIN passages p ON p.passage_no = wanted.value JOIN documents d USING (doc_no) ORDER BY p.passage_no",
            (json.dumps([int(number) for number in passage_nos]),),
        ).fetchall()
        sentences = np.frombuffer(b"".join(row[5] for row in rows), dtype=np.float16).reshape(-1, self._dimension)
        lengths = [len(row[5]) // (2 * self._dimension) for row in rows]
        return PassageVectors(
            keys=[(row[0], row[1], Span(row[2], row[3])) for row in rows],
            vectors=np.frombuffer(b"".join(row[4] for row in rows), dtype=np.float32).reshape(-1, self._dimension),
            sentence_vectors=sentences.astype(np.float32),
            starts=np.cumsum([0, *lengths]),
        )

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

    def _passage(
        self, row: tuple[int, str, None, None, None, None, int, int, str, str, bytes, bytes, bytes]
    ) -> StoredPassage:
        bounds = np.frombuffer(row[11], dtype="<i4").reshape(-1, 2)
        vectors = np.frombuffer(row[12], dtype=np.float16).reshape(-1, self._dimension)
        return StoredPassage(
            passage_no=row[0],
            doc_id=row[1],
            metadata=Metadata(*row[2:6]),
            span=Span(row[6], row[7]),
            heading=row[8],
            text=row[9],
            vector=np.frombuffer(row[10], dtype=np.float32),
            sentences=tuple(Span(int(start), int(end)) for start, end in bounds),
            sentence_vectors=vectors.astype(np.float32),
        )


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


def _passage_row(
    doc_no: int, seq: int, embedded: EmbeddedPassage
) -> tuple[int, int, int, str, int, bytes, bytes, bytes]:
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


def _remove_passages(connection: Connection, doc_no: int, seq: int) -> None:
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
