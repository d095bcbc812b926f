"""Upgrading: bringing stored data to the format, the model and the splitter of today, keeping every document."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from index.database import (
    FORMAT,
    Connection,
    Database,
    meta_of,
    set_identity,
    without_passages,
)
from index.document import Document, Metadata
from index.embedder import Embedder
from index.errors import EmptyDocument
from index.passage_embedding import PassageEmbedder
from index.passages import STANDARD, Splitting
from index.records import Identity
from index.store import add_passages, check_format

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did: from which format, to how many documents. Those `without_passages` cannot be found."""

    from_format: int
    documents: int
    without_passages: tuple[str, ...] = ()


def _unseen(_: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


def upgrade(
    folder: Path, embedder: Embedder, progress: Progress = _unseen, splitting: Splitting = STANDARD
) -> Upgraded | None:
    """Split and embed all documents anew in one transaction; None where the data is already as it would be.

    Killed on the way, it leaves everything as it was. Raises DataMismatch where the data is of a newer format.
    """
    embedding = PassageEmbedder(embedder, splitting)
    database = Database(folder, None)
    try:
        with database.read() as connection:
            if _is_current(folder, connection, embedding.identity):
                return None
        with database.write() as (connection, seq):
            from_format = int(meta_of(connection, "format")["format"])
            without_passages(connection)
            (count,) = connection.execute("SELECT count(*) FROM documents").fetchone()
            with progress(count) as on_document:
                bare = tuple(_embed_anew(connection, seq, embedding, on_document))
            set_identity(connection, embedding.identity)
        return Upgraded(from_format, count, bare)
    finally:
        database.close()


def made_with(folder: Path) -> tuple[str, str]:
    """Return the name and the fingerprint of the model that data of any format was made with."""
    database = Database(folder, None)
    try:
        with database.read() as connection:
            said = meta_of(connection, "model", "fingerprint")
            return said["model"], said["fingerprint"]
    finally:
        database.close()


def _is_current(folder: Path, connection: Connection, identity: Identity) -> bool:
    said = meta_of(connection, "format")
    if int(said["format"]) < FORMAT:
        return False
    check_format(folder, said["format"])
    return all(said.get(name) == str(getattr(identity, name)) for name in Identity.__slots__)


def _embed_anew(
    connection: Connection, seq: int, embedding: PassageEmbedder, on_document: Callable[[], None]
) -> Iterator[str]:
    """Store the passages of every document; yield the ids of those that have none."""
    numbers = [row[0] for row in connection.execute("SELECT doc_no FROM documents ORDER BY doc_no")]
    for doc_no in numbers:
        doc_id, title, source, url, published_at, media_type, text = connection.execute(
            "SELECT doc_id, title, source, url, published_at, media_type, text FROM documents WHERE doc_no = ?",
            (doc_no,),
        ).fetchone()
        document = Document(doc_id, text, media_type, Metadata(title, source, url, published_at))
        try:
            add_passages(connection, doc_no, seq, document, embedding.embedded(document))
        except EmptyDocument:
            yield doc_id
        on_document()
