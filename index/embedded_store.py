"""The embedded store: the database of a data folder, with the vectors and the words that are derived from it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from index import vectors, words
from index.database import DATABASE
from index.derived import Derived, Reached
from index.document import Document
from index.records import EmbeddedPassage, FileRecord, Identity
from index.storage import UPGRADE, check_identity
from index.store import Reading, Store
from index.vectors import VectorSnapshot
from index.words import WordSnapshot

# A service that ends does not wait longer for what can be made anew.
_CLOSING_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedView:
    """One instant of the database, and the vectors and the words that belong to it."""

    reading: Reading
    vectors: VectorSnapshot
    words: WordSnapshot


class EmbeddedStore:
    """The documents in a data folder of this machine; `index/storage.py` says what its methods do.

    Raises DataMissing where there is no data and `create` is false, DataMismatch where it is of another identity.
    """

    def __init__(self, folder: Path, ours: Identity, *, create: bool = False) -> None:
        self._folder = folder
        self._database = Store(folder, create=ours if create else None)
        self.path = self._database.path
        self.identity = self._database.identity
        check_identity(f"'{folder}'", self.identity, ours, UPGRADE)
        self._replacing = threading.Lock()
        with self.read() as reading:
            self._derived = self._derived_from(reading)
        if self._derived.is_new:
            self.save()
        else:
            self.publish()

    def read(self) -> AbstractContextManager[Reading]:
        """Give a reading of one instant, without bringing searches up to date."""
        return self._database.read()

    @contextmanager
    def view(self) -> Iterator[EmbeddedView]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""
        while True:
            with self.read() as reading:
                derived = self._derived_for(reading)
                if derived is None:
                    continue
                view = EmbeddedView(reading, derived.vectors_at(reading), derived.words_at(reading))
                # Another reader may have gone on to a newer state since this one looked; then this one looks again.
                if view.vectors.seq == view.words.seq == reading.seq:
                    yield view
                    return

    def put(self, document: Document, passages: Sequence[EmbeddedPassage], file: FileRecord | None) -> None:
        """Store a document with its passages in one transaction, in place of any of the same id."""
        self._database.put(document, passages, file)

    def put_file(self, doc_id: str, file: FileRecord) -> None:
        """Record that a document whose content is unchanged now stands in another file."""
        self._database.put_file(doc_id, file)

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        return self._database.delete(doc_id)

    def publish(self) -> None:
        """Bring what is derived up to date now, so that the next reader does not have to."""
        with self.view():
            pass

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return self._derived.reached()

    def disk_bytes(self) -> Mapping[str, int]:
        """Return the bytes of the database with its log, of the vectors and of the words."""
        return disk_bytes(self._folder)

    def save(self) -> None:
        """Bring the derived files up to date. Where the folder cannot be written they stay behind, at no loss."""
        self.publish()
        self._derived.save()

    def close(self) -> None:
        """Bring the derived files up to date if that is soon done, and close the connections that no reader holds."""
        self.publish()
        self._derived.save(wait_s=_CLOSING_S)
        self._database.close()

    def _derived_for(self, reading: Reading) -> Derived | None:
        """Return what is derived from the database that is read, opened anew where another was put in its place.

        None where the reading began before that and the database is no longer there.
        """
        if self._derived.database_id != reading.database_id:
            with self._replacing:
                newest = self._database.state().database_id
                if self._derived.database_id != newest == reading.database_id:
                    self._derived = self._derived_from(reading)
        derived = self._derived
        return derived if derived.database_id == reading.database_id else None

    def _derived_from(self, reading: Reading) -> Derived:
        return Derived(self._folder, reading, self.identity.dimension, self._database.seq)


def disk_bytes(folder: Path) -> dict[str, int]:
    """Return the bytes that each part of the data in a folder takes: the database with its log, vectors and words."""
    return {
        "database": sum(_size(path) for path in folder.glob(f"{DATABASE}*")),
        "vectors": _size(folder / vectors.FILE),
        "words": sum(_size(path) for path in (folder / words.FOLDER).glob("*")),
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # It was merged or replaced meanwhile.
        return 0
