"""The store: documents, passages, sentences and their vectors in one database. It alone is the truth.

Every committed change has a sequence number, so that what is derived from the store can tell how far it has come.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.database import FORMAT, Connection, Database, State, damage, meta_of, state_of
from index.document import Document, Metadata, Span
from index.errors import DataMismatch
from index.overlap import overlaps, packed
from index.recent import LastRead
from index.records import (
    Changes,
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

_DOCUMENT_FIELDS = "doc_id, title, source, url, published_at"
# Numbers grow with the changes, so this is their order too; for that SQLite would go through all passages.
_ADDED_SINCE = "FROM passages INDEXED BY passages_by_seq WHERE seq > ? ORDER BY seq, passage_no"


class Store:
    """The database in a data folder. Any number of threads and processes read it; one at a time writes.

    Another database of the same identity may be put in its place, restored from a backup; it is read and written from
    then on. Raises DataMissing where there is no database and `create` is None; DataMismatch where the database is of
    another format or, put there since, of another identity; DataCorrupt, DataUnwritable or DataBusy where SQLite says
    so.
    """

    def __init__(self, folder: Path, create: Identity | None = None) -> None:
        self._database = Database(folder, create)
        self.path = self._database.path
        with self._database.read() as connection:
            self.identity = _identity(folder, connection)
            self.database_id = state_of(connection).database_id
        self._last_read = LastRead(self.database_id)

    @contextmanager
    def read(self) -> Iterator["Reading"]:
        """Give a view of one instant of the database, unchanged until it is left."""
        with self._database.read() as connection:
            reading = Reading(connection, self.identity, self._last_read_of)
            self._check_still_ours(connection, reading.database_id)
            yield reading

    def state(self) -> State:
        """Return which database this is and how far it has come."""
        with self.read() as reading:
            return State(reading.database_id, reading.seq)

    def seq(self) -> int:
        """Return the number of the last change that has been committed."""
        return self.state().seq

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages in one transaction, in place of any of the same id."""
        with self._writing() as (connection, seq):
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
            add_passages(connection, doc_no, seq, document, passages)

    def put_file(self, document: Document, file: FileRecord) -> bool:
        """Record in which file a stored document now stands; tell whether it still has this text."""
        with self._writing() as (connection, _):
            changed = connection.execute(
                "UPDATE documents SET file_path = ?, file_sha256 = ? WHERE doc_id = ? AND sha256 = ?",
                (file.path, file.sha256, document.doc_id, document.sha256),
            )
            return changed.rowcount > 0

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        with self._writing() as (connection, seq):
            row = connection.execute("SELECT doc_no FROM documents WHERE doc_id = ?", (doc_id,)).fetchone()
            if row is not None:
                _remove_passages(connection, row[0], seq)
                connection.execute("DELETE FROM documents WHERE doc_no = ?", row)
        return row is not None

    def shorten_log(self) -> None:
        """Bring what has been committed from a long log into the database, so that the log begins anew."""
        self._database.shorten_log()

    def close(self) -> None:
        """Close the connections that no reader holds."""
        self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, int]]:
        with self._database.write() as (connection, seq):
            self._check_still_ours(connection, state_of(connection).database_id)
            yield connection, seq

    def _last_read_of(self, database_id: str) -> LastRead:
        last_read = self._last_read
        if last_read.database_id != database_id:
            self._last_read = last_read = LastRead(database_id)
        return last_read

    def _check_still_ours(self, connection: Connection, database_id: str) -> None:
        """Go on with a database that was put in the place of ours, if it is of one identity with it."""
        if database_id == self.database_id:
            return
        identity = _identity(self.path.parent, connection)
        if identity != self.identity:
            raise DataMismatch(
                f"'{self.path}' was replaced by one made with {identity.model!r} of fingerprint "
                f"{identity.fingerprint[:16]!r}, this process reads {self.identity.model!r} of "
                f"{self.identity.fingerprint[:16]!r}; start it anew."
            )
        self.database_id = database_id


class Reading:
    """One instant of the database. Everything read through it belongs together.

    It is asked only for passages that there are at this instant: what was read of one before may still be kept.
    """

    def __init__(self, connection: Connection, identity: Identity, last_read_of: Callable[[str], LastRead]) -> None:
        self._connection = connection
        self._dimension = identity.dimension
        self._token_dimension = identity.token_dimension
        self.database_id, self.seq = state_of(connection)
        self._last_read = last_read_of(self.database_id)

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        query = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        documents, passages = self._connection.execute(query).fetchone()
        return documents, passages

    def changes(self, since: int) -> Changes:
        """Return what has to be added and removed to come from the state at `since` to this one."""
        count = "SELECT count(*) FROM passages WHERE seq > ?"
        (added,) = self._connection.execute(count, (since,)).fetchone()
        numbers = np.empty((added, 2), dtype=np.int64)
        vectors = np.empty((added, self._dimension), dtype=np.float32)
        rows = self._connection.execute(f"SELECT passage_no, doc_no, vector {_ADDED_SINCE}", (since,))
        for at, (passage_no, doc_no, vector) in enumerate(rows):
            numbers[at] = passage_no, doc_no
            vectors[at] = np.frombuffer(vector, dtype=np.float32)
        return Changes(
            seq=self.seq,
            passage_nos=np.ascontiguousarray(numbers[:, 0]),
            doc_nos=np.ascontiguousarray(numbers[:, 1]),
            vectors=vectors,
            removed=np.array(self.removed_since(since), dtype=np.int64),
        )

    def words_since(self, since: int) -> Iterator[tuple[int, int, PassageWords]]:
        """Yield number, document number and words of the passages added after `since`."""
        rows = self._connection.execute(f"SELECT doc_no, passage_no, heading, start, end {_ADDED_SINCE}", (since,))
        # A document's text is read once: SQLite would read all of a long one again for each of its passages.
        for doc_no, of_document in groupby(rows, key=itemgetter(0)):
            title, text = self._connection.execute(
                "SELECT title, text FROM documents WHERE doc_no = ?", (doc_no,)
            ).fetchone()
            for _, passage_no, heading, start, end in of_document:
                yield passage_no, doc_no, PassageWords.of(title, heading, text[start:end])

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
        found = self._last_read.passages.read(passage_nos, self._read_passages)
        return [found[number] for number in passage_nos]

    def passage_tokens(self, passage_nos: Sequence[int]) -> list[PassageTokens]:
        """Return what the passages of these numbers are read by, in the order of the numbers."""
        rows = self._connection.execute(
            "SELECT p.passage_no, d.doc_id, p.start, p.end, p.sentence_bounds, p.token_vectors, d.title, d.source"
            " FROM json_each(?) AS wanted"
            " JOIN passages p ON p.passage_no = wanted.value JOIN documents d USING (doc_no)",
            (_listed(passage_nos),),
        )
        found = {row[0]: self._passage_tokens(*row[1:]) for row in rows}
        return [found[number] for number in passage_nos]

    def overlaps(self, idfs: Mapping[str, float], passage_nos: Sequence[int]) -> dict[int, float]:
        """Return how much of a query's words each passage has, by number; one that has none is left out."""
        return overlaps(idfs, self._last_read.words.read(passage_nos, self._read_words))

    def unsound_words(self) -> list[int]:
        """Return the numbers of the passages beside which other words are kept than those of their text."""
        return [
            passage_no
            for passage_no, _, words in self.words_since(0)
            if dict(self._read_words([passage_no])).get(passage_no) != packed(words)
        ]

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

    def embedded_passages(self, doc_id: str) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors, in order, to be put into another store."""
        rows = self._connection.execute(
            "SELECT p.start, p.end, p.heading, p.vector, p.sentence_bounds, p.token_vectors"
            " FROM passages p JOIN documents USING (doc_no) WHERE doc_id = ? ORDER BY p.start",
            (doc_id,),
        )
        return [
            self._passage_tokens(doc_id, start, end, bounds, tokens).embedded(
                heading, np.frombuffer(vector, dtype=np.float32)
            )
            for start, end, heading, vector, bounds, tokens in rows
        ]

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
        return damage(self._connection)

    def _read_passages(self, passage_nos: Sequence[int]) -> Iterator[tuple[int, StoredPassage]]:
        rows = self._connection.execute(
            f"SELECT p.passage_no, {_DOCUMENT_FIELDS}, p.start, p.end, p.heading,"
            " substr(d.text, p.start + 1, p.end - p.start), p.sentence_bounds"
            " FROM json_each(?) AS wanted JOIN passages p ON p.passage_no = wanted.value"
            " JOIN documents d USING (doc_no)",
            (_listed(passage_nos),),
        )
        return ((row[0], _passage(row)) for row in rows)

    def _read_words(self, passage_nos: Sequence[int]) -> Iterable[tuple[int, bytes]]:
        return self._connection.execute(
            "SELECT passage_no, words FROM json_each(?) AS wanted JOIN passage_words ON passage_no = wanted.value",
            (_listed(passage_nos),),
        )

    def _passage_tokens(
        self, doc_id: str, start: int, end: int, bounds: bytes, vectors: bytes, *named: str | None
    ) -> PassageTokens:
        return PassageTokens(
            doc_id,
            Span(start, end),
            _bounds(bounds),
            np.frombuffer(vectors, dtype=np.int8).reshape(-1, self._token_dimension),
            *named,
        )


def add_passages(
    connection: Connection, doc_no: int, seq: int, document: Document, passages: Sequence[EmbeddedPassage]
) -> None:
    """Store the passages of a document that has none."""
    for embedded in passages:
        passage = embedded.passage
        (passage_no,) = connection.execute(
            "INSERT INTO passages (doc_no, start, end, heading, seq, vector, sentence_bounds, token_vectors)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING passage_no",
            _passage_row(doc_no, seq, embedded),
        ).fetchone()
        words = PassageWords.of(document.metadata.title, passage.heading, passage.span.of(document.text))
        connection.execute("INSERT INTO passage_words VALUES (?, ?)", (passage_no, packed(words)))


def check_format(folder: Path, found: str) -> None:
    """Raise DataMismatch where data is not of the format that this version reads and writes."""
    if int(found) == FORMAT:
        return
    remedy = (
        "run `rag upgrade`, which keeps every document"
        if int(found) < FORMAT
        else "use the version that wrote it, or index anew into another --data folder"
    )
    raise DataMismatch(f"The data in '{folder}' has format {found}, this version reads format {FORMAT}; {remedy}.")


def _identity(folder: Path, connection: Connection) -> Identity:
    check_format(folder, meta_of(connection, "format")["format"])
    said = meta_of(connection, *Identity.__slots__)
    return Identity(
        said["model"], said["fingerprint"], int(said["dimension"]), int(said["token_dimension"]), said["splitter"]
    )


def _listed(passage_nos: Sequence[int]) -> str:
    """Return numbers as SQLite's json_each takes them."""
    return f"[{','.join(map(str, passage_nos))}]"


def _passage(row: tuple[int, str, None, None, None, None, int, int, str, str, bytes]) -> StoredPassage:
    sentences = tuple(Span(start, end) for start, end in _bounds(row[10])[:, :2].tolist())
    return StoredPassage(row[1], Metadata(*row[2:6]), Span(row[6], row[7]), row[8], row[9], sentences)


def _bounds(stored: bytes) -> npt.NDArray[np.int32]:
    return np.frombuffer(stored, dtype="<i4").reshape(-1, 4)


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
    return (
        doc_no,
        passage.span.start,
        passage.span.end,
        passage.heading,
        seq,
        embedded.vector.astype(np.float32).tobytes(),
        embedded.bounds.tobytes(),
        embedded.token_vectors.tobytes(),
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
    if filters.without_doc_ids is not None:
        conditions.append("doc_id NOT IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(filters.without_doc_ids))
    for comparison, bound in ((">=", filters.published_after), ("<=", filters.published_before)):
        if bound is not None:
            conditions.append(f"{_PUBLISHED_DAY if len(bound) == 10 else _PUBLISHED_INSTANT} {comparison} ?")
            values.append(bound)
    return conditions, values


_PUBLISHED_DAY = "substr(published_at, 1, 10)"
# A document with a date alone counts as published at the first second of that day.
_PUBLISHED_INSTANT = "(published_at || CASE length(published_at) WHEN 10 THEN 'T00:00:00Z' ELSE '' END)"
