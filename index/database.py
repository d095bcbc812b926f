"""The database file: SQLite in WAL mode, its schema, its connections and its errors. Nothing else imports sqlite3."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import DataBusy, DataCorrupt, DataError, DataMissing, DataUnwritable
from index.records import Identity

FORMAT = 2
DATABASE = "footnote.db"
BUSY_TIMEOUT_S = 10.0

Connection = sqlite3.Connection

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
    sentence_bounds BLOB NOT NULL, token_vectors BLOB NOT NULL
) STRICT;
CREATE INDEX passages_by_document ON passages (doc_no);
CREATE INDEX passages_by_seq ON passages (seq);
CREATE TABLE removals (passage_no INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX removals_by_seq ON removals (seq);
"""


class Database:
    """The connections to one database file. Any number of threads and processes read it; one at a time writes.

    Raises DataMissing where there is no file and `create` is None; DataCorrupt, DataUnwritable or DataBusy where
    SQLite says so.
    """

    def __init__(self, folder: Path, create: Identity | None) -> None:
        self.path = folder / DATABASE
        self._idle: list[Connection] = []
        if create is None and not self.path.is_file():
            raise DataMissing(f"There is no data in '{folder}' yet; run `rag index`, or name its folder with --data.")
        if create is not None:
            _make_folder(folder)
            with self._connection() as connection:
                _create(connection, create)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection inside a read transaction: what it sees does not change until it is left."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _abandon(connection)

    @contextmanager
    def write(self) -> Iterator[tuple[Connection, int]]:
        """Give a connection inside a write transaction and the number of this change; commit at the end."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                seq = seq_of(connection) + 1
                yield connection, seq
                connection.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (str(seq),))
                connection.commit()
            finally:
                _abandon(connection)

    def close(self) -> None:
        """Close the connections that no reader holds."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lend a connection; one at a time uses it, and it is kept for the next."""
        with _translated(self.path):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = _connect(self.path)
            lent = [connection]
            try:
                yield connection
            except sqlite3.Error:
                # It may be in any state; the next user gets a fresh one.
                lent.pop().close()
                raise
            finally:
                self._idle += lent


def seq_of(connection: Connection) -> int:
    """Return the number of the last change that the connection sees."""
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()
    return int(value)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataUnwritable(
            f"The data folder '{folder}' cannot be made ({error.strerror}); choose another with --data."
        ) from error


def _connect(path: Path) -> Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, because in WAL mode NORMAL may lose acknowledged commits when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _create(connection: Connection, identity: Identity) -> None:
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
                "token_dimension": identity.token_dimension,
                "splitter": identity.splitter,
                "seq": 0,
            }
            connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in said.items()])
        connection.commit()
    finally:
        _abandon(connection)


def _abandon(connection: Connection) -> None:
    """Roll back what has not been committed, if anything."""
    if connection.in_transaction:
        connection.rollback()


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
        return DataCorrupt(
            f"'{path}' is damaged ({error}); restore it, or index the articles into a new --data folder."
        )
    return DataUnwritable(
        f"'{path}' cannot be used ({error}); give the service a data folder it may write to, with room, by --data."
    )
