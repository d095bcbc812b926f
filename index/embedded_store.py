"""The embedded store: the database of a data folder, with the vectors and the words that are derived from it."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
# So many may ask at once while a change is made searchable, and for so long, without waiting for it.
_KEPT = max(2, os.cpu_count() or 1)
_KEPT_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedView:
    """One instant of the database, and the vectors and the words that belong to it."""

    reading: Reading
    vectors: VectorSnapshot
    words: WordSnapshot


class _Kept:
    """Views of the instant before a change, lent to those who ask while it is made searchable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[tuple[EmbeddedView, ExitStack]] = []
        self._until = 0.0

    def keep(self, views: Sequence[tuple[EmbeddedView, ExitStack]]) -> None:
        """Begin to lend views, each with what closes it."""
        with self._lock:
            self._free = [*views]
            self._until = time.monotonic() + _KEPT_S

    def withdraw(self) -> None:
        """Close the views that nobody has; whoever has one closes it."""
        with self._lock:
            free, self._free = self._free, []
            self._until = 0.0
        for _, stack in free:
            stack.close()

    @contextmanager
    def lent(self) -> Iterator[EmbeddedView | None]:
        """Lend a view; None where no change is under way, or all are lent, or it takes too long."""
        with self._lock:
            until = self._until
            view, stack = self._free.pop() if time.monotonic() < until and self._free else (None, ExitStack())
        with ExitStack() as closing:
            closing.callback(stack.close)
            yield view
            with self._lock:
                if view is not None and until == self._until:
                    closing.pop_all()
                    self._free.append((view, stack))


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
        self._publishing = threading.Lock()
        self._kept = _Kept()
        with self.read() as reading:
            self._derived = self._derived_from(reading)
        if self._derived.is_new:
            self.save()
        else:
            self._publish()

    def read(self) -> AbstractContextManager[Reading]:
        """Give a reading of one instant, without bringing searches up to date."""
        return self._database.read()

    @contextmanager
    def view(self) -> Iterator[EmbeddedView]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""
        with self._kept.lent() as kept, ExitStack() as stack:
            yield kept or stack.enter_context(self._newest())

    @contextmanager
    def _newest(self) -> Iterator[EmbeddedView]:
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

    def put_file(self, document: Document, file: FileRecord) -> bool:
        """Record in which file a stored document now stands; tell whether it still has this text."""
        return self._database.put_file(document, file)

    def delete(self, doc_id: str) -> bool:
        """Remove a document with its passages; tell whether it was there."""
        return self._database.delete(doc_id)

    @contextmanager
    def published(self) -> Iterator[None]:
        """Have what is changed inside be found by the next view once this is left; nobody who asks meanwhile waits."""
        with self._publishing, ExitStack() as stack:
            stack.callback(self._database.shorten_log)
            stack.callback(self._kept.withdraw)
            self._kept.keep(self._views())
            yield
            self._publish()

    def _views(self) -> list[tuple[EmbeddedView, ExitStack]]:
        """Return some views of this instant, each with what closes it."""
        views: list[tuple[EmbeddedView, ExitStack]] = []
        with ExitStack() as opened:
            for _ in range(_KEPT):
                stack = opened.enter_context(ExitStack())
                views.append((stack.enter_context(self._newest()), stack))
            opened.pop_all()
        return views

    def _publish(self) -> None:
        """Bring what is derived up to date now, so that the next reader does not have to."""
        with self._newest():
            pass

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return self._derived.reached()

    def disk_bytes(self) -> Mapping[str, int]:
        """Return the bytes of the database with its log, of the vectors and of the words."""
        return disk_bytes(self._folder)

    def save(self) -> None:
        """Bring the derived files up to date. Where the folder cannot be written they stay behind, at no loss."""
        self._publish()
        self._derived.save()

    def close(self) -> None:
        """Bring the derived files up to date if that is soon done, and close the connections that no reader holds."""
        self._publish()
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
