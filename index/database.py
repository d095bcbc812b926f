"""The database file: SQLite in WAL mode, its schema, its connections and its errors. Nothing else imports sqlite3."""

import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from index.errors import DataBusy, DataCorrupt, DataError, DataMissing, DataUnwritable, ReadOnlyData, StorageFull
from index.records import Identity

FORMAT = 3
DATABASE = "footnote.db"
BUSY_TIMEOUT_S = 10.0
LOG_BYTES = 4 * 1024 * 1024
# With less than this free, an error of the disk is taken for a full one.
SCANT_BYTES = 1024 * 1024

Connection = sqlite3.Connection

_MAKING = ".making-"
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
"""
_PASSAGES_SCHEMA = """
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
CREATE TABLE passage_words (
    passage_no INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    words BLOB NOT NULL
) STRICT;
CREATE TABLE removals (passage_no INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX removals_by_seq ON removals (seq);
"""


class State(NamedTuple):
    """Which database this is, and the number of the last change that has been committed to it.

    A restored database is another one than it was, so that what was derived from it before is not taken for its own.
    """

    database_id: str
    seq: int


class _Lent(NamedTuple):
    """A connection, and the file it was opened on: device and inode; `frozen` where it holds only for a file as it is.

    Where nothing can be written beside the database, SQLite reads it as a file that nobody changes. Whoever can write
    there may change it all the same; a connection from before that is not used again.
    """

    connection: Connection
    file: tuple[int, int]
    frozen: tuple[int, ...] | None = None


class Database:
    """The connections to one database file. Any number of threads and processes read it; one at a time writes.

    Where another file has been put in its place, the next reader and the next writer are on that one. What may only be
    read is read, and writing raises ReadOnlyData. Raises DataMissing where there is no file and `create` is None;
    DataCorrupt, DataUnwritable or DataBusy where SQLite says so.
    """

    def __init__(self, folder: Path, create: Identity | None) -> None:
        self.path = folder / DATABASE
        self._idle: list[_Lent] = []
        if not self.path.is_file():
            if create is None:
                raise DataMissing(
                    f"There is no data in '{folder}' yet; run `rag index`, or name its folder with --data."
                )
            make_folder(folder)
            _begin(self.path, create)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection inside a read transaction: what it sees does not change until it is left."""
        with self._connection() as (connection, *_):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _abandon(connection)

    @contextmanager
    def write(self) -> Iterator[tuple[Connection, int]]:
        """Give a connection inside a write transaction and the number of this change; commit at the end."""
        with self._connection() as (connection, file, frozen):
            if frozen is not None:
                raise _unwritable(self.path, "its folder may not be written", is_read_only=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                seq = state_of(connection).seq + 1
                yield connection, seq
                connection.execute("UPDATE meta SET value = ? WHERE key = 'seq'", (str(seq),))
                connection.commit()
            finally:
                _abandon(connection)
            if _file_at(self.path) != file:
                raise DataBusy(f"'{self.path}' was replaced while this was written; try again.")

    def shorten_log(self) -> None:
        """Bring what has been committed from a long log into the database, so that the log begins anew.

        SQLite does so at each commit, but not beyond what a reader of that instant sees.
        """
        with suppress(OSError, DataError), self._connection() as (connection, _, frozen):
            if frozen is None and Path(f"{self.path}-wal").stat().st_size > LOG_BYTES:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Close the connections that no reader holds."""
        while self._idle:
            self._idle.pop().connection.close()

    @contextmanager
    def _connection(self) -> Iterator[_Lent]:
        """Lend a connection; one at a time uses it, and it is kept for the next."""
        with _translated(self.path):
            kept = [self._taken()]
            try:
                yield kept[0]
            except sqlite3.Error:
                # It may be in any state; the next user gets a fresh one.
                kept.pop().connection.close()
                raise
            finally:
                self._idle += kept

    def _taken(self) -> _Lent:
        """Return a connection to the file that stands there now."""
        file = _file_at(self.path)
        while True:
            try:
                lent = self._idle.pop()
            except IndexError:
                return _connected(self.path, file)
            if lent.file == file and (lent.frozen is None or lent.frozen == _frozen_at(self.path)):
                return lent
            lent.connection.close()


def state_of(connection: Connection) -> State:
    """Return the state that the connection sees."""
    return stated(meta_of(connection, "database_id", "seq"))


def stated(meta: Mapping[str, str]) -> State:
    """Return the state that a database states of itself."""
    return State(meta["database_id"], int(meta["seq"]))


def meta_of(connection: Connection, *keys: str) -> dict[str, str]:
    """Return what the database says of itself; raise DataCorrupt where one of `keys` is missing."""
    said = dict(connection.execute("SELECT key, value FROM meta"))
    missing = [key for key in keys if key not in said]
    if missing:
        (path,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
        raise DataCorrupt(f"'{path}' is damaged (it does not say its {missing[0]}); {_RESTORE}.")
    return said


def set_meta(connection: Connection, **said: object) -> None:
    """Record what the database is to say of itself."""
    rows = [(key, str(value)) for key, value in said.items()]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def set_identity(connection: Connection, identity: Identity) -> None:
    """Record what the vectors depend on, as a database that nothing has been derived from yet."""
    fields = {name: getattr(identity, name) for name in Identity.__slots__}
    set_meta(connection, format=FORMAT, database_id=new_database_id(), **fields)


def new_database_id() -> str:
    """Return an id that no database has."""
    return uuid.uuid4().hex


def without_passages(connection: Connection) -> None:
    """Empty the tables of what is made from documents, and give them the shape that this version writes."""
    connection.execute("DROP TABLE IF EXISTS passage_words")
    connection.execute("DROP TABLE passages")
    connection.execute("DROP TABLE removals")
    _run(connection, _PASSAGES_SCHEMA)


def damage(connection: Connection) -> list[str]:
    """Return what SQLite finds wrong with a database itself, nothing where it is sound."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
    orphans = {(row[0], row[2]) for row in connection.execute("PRAGMA foreign_key_check")}
    lost = [f"rows of {table} belong to none of {parent}" for table, parent in sorted(orphans)]
    return lost + ([] if found == ["ok"] else found)


def is_ours(path: Path) -> bool:
    """Tell whether a file is a database of documents, of whatever format."""
    with suppress(sqlite3.Error, DataCorrupt), closing(sqlite3.connect(_uri(path, "ro"), uri=True)) as connection:
        return bool(meta_of(connection, "format", "database_id"))
    return False


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant, in use or not, over another or to where there is none.

    The target's readers and writers see all of it or nothing. Raises DataCorrupt where either is no database.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S

    def check_time(status: int, remaining: int, total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() > deadline:
            raise DataBusy(_held(target))

    with (
        _translated(target),
        closing(sqlite3.connect(_uri(source, "ro"), uri=True)) as origin,
        closing(sqlite3.connect(_uri(target, "rwc"), uri=True)) as copy,
    ):
        copy.execute("PRAGMA synchronous = FULL")
        origin.backup(copy, progress=check_time, sleep=0.05)


def as_one_file(path: Path) -> None:
    """Make a database that nobody uses one file that can be read where nothing can be written."""
    with _translated(path), closing(sqlite3.connect(_uri(path, "rw"), uri=True)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def put_in_place(made: Path, path: Path) -> None:
    """Put a finished database file in the place of `path`. Nobody else may be making one there."""
    for ending in ("-wal", "-shm"):
        # What a database that is gone has left there would be taken for a part of this one.
        Path(f"{path}{ending}").unlink(missing_ok=True)
    made.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """Give a folder inside the data folder to make a database in; one process at a time is given one."""
    with disk_errors_said(folder), _translated(folder), _alone(folder):
        for left_behind in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_MAKING) as made:
            yield Path(made)


def _begin(path: Path, identity: Identity) -> None:
    """Make an empty database in one step, so that what is killed on the way leaves none."""
    with making(path.parent) as folder:
        if path.exists():
            return
        made = folder / DATABASE
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN")
            _run(connection, _SCHEMA + _PASSAGES_SCHEMA)
            set_meta(connection, seq=0)
            set_identity(connection, identity)
            connection.commit()
        put_in_place(made, path)


def _run(connection: Connection, statements: str) -> None:
    for statement in filter(str.strip, statements.split(";")):
        connection.execute(statement)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making a database in this folder."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DataBusy(
                        f"Another process has been making or restoring the data in '{folder}' for more than "
                        f"{BUSY_TIMEOUT_S:g} seconds; try again when it is done."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make the data folder where there is none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataUnwritable(
            f"The data folder '{folder}' cannot be made ({error.strerror}); choose another with --data."
        ) from error


def _file_at(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise DataMissing(f"'{path}' is gone; put it back, or run `rag restore BACKUP`.") from None
    return found.st_dev, found.st_ino


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def _connected(path: Path, file: tuple[int, int]) -> _Lent:
    """Return a connection that writes, or where the database may only be read one that reads."""
    try:
        return _Lent(_connect(path), file)
    except sqlite3.OperationalError:
        if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
            raise
    if _has_log(path):
        # Another process writes, or one was killed; what it left beside the database belongs to it, and can be read.
        return _Lent(_opened(_uri(path, "ro")), file)
    frozen = _frozen_at(path)
    return _Lent(_opened(f"{_uri(path, 'ro')}&immutable=1"), file, frozen)


def _frozen_at(path: Path) -> tuple[int, ...]:
    """Return what changes as soon as a process that may write has begun to, or has written."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, _has_log(path)


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def _opened(uri: str) -> Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _connect(path: Path) -> Connection:
    connection = _opened(_uri(path, "rw"))
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL, because in WAL mode NORMAL may lose acknowledged commits when the power fails.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What a log that begins anew is cut to; a longer one has something in it that is not in the database.
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _abandon(connection: Connection) -> None:
    """Roll back what has not been committed, if anything."""
    if connection.in_transaction:
        connection.rollback()


_RESTORE = "run `rag restore BACKUP --force`, or index the articles into a new --data folder"


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as DataErrors."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.ProgrammingError) and "closed" not in str(error):
            # Ours, and nothing that making room or restoring would mend.
            raise
        raise _data_error(path, error) from error


@contextmanager
def disk_errors_said(path: Path) -> Iterator[None]:
    """Raise the errors of writing files at `path` as DataErrors."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _data_error(path: Path, error: sqlite3.DatabaseError) -> DataError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DataBusy(_held(path))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such table" in str(error):
        return DataCorrupt(f"'{path}' is damaged ({error}); {_RESTORE}.")
    return _unwritable(path, str(error), is_full=name == "SQLITE_FULL", is_read_only=name.startswith("SQLITE_READONLY"))


def _held(path: Path) -> str:
    return f"Another writer has held '{path}' for more than {BUSY_TIMEOUT_S:g} seconds; try again when it is done."


def _unwritable(path: Path, reason: str, *, is_full: bool = False, is_read_only: bool = False) -> DataUnwritable:
    """Return the error for what cannot be written, by what is the matter with its folder."""
    folder = path if path.is_dir() else path.parent
    if is_full or _is_full(folder):
        return StorageFull(
            f"There is no room left for '{path}' ({reason}); nothing was changed, make room on its disk and try again."
        )
    if is_read_only or not os.access(folder, os.W_OK):
        return ReadOnlyData(
            f"'{path}' is read-only ({reason}); make it and its folder writable, or give another folder with --data."
        )
    return DataUnwritable(
        f"'{path}' cannot be used ({reason}); give the service a data folder it may write to, with room, by --data."
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < SCANT_BYTES
    except OSError:
        return False
