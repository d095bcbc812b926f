"""What is derived from one database, vectors and words: opened, brought up to date by whoever reads, saved."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index import vectors
from index.embedder import give_way
from index.store import Reading
from index.vectors import VectorSnapshot
from index.words import Words, WordSnapshot


@dataclass(frozen=True, slots=True)
class Reached:
    """The sequence numbers that a process's searches have reached, and when they last went on (seconds of 1970)."""

    vectors: int
    words: int
    at: float


class Derived:
    """The vectors and the words of the database that `reading` reads, as far as the derived files have come.

    `newest_seq` says how far the database has come; `is_new` whether there was no file of the vectors to begin with.
    """

    def __init__(self, folder: Path, reading: Reading, dimension: int, newest_seq: Callable[[], int]) -> None:
        self.database_id = reading.database_id
        self._folder = folder
        self._dimension = dimension
        self._advancing = threading.Lock()
        self._advanced_at = time.time()
        loaded = vectors.load(folder, reading.database_id, dimension, reading.seq)
        self.is_new = loaded is None
        self._saved_seq = loaded.seq if loaded else -1
        self._is_unsaved = False
        self._vectors = loaded or vectors.empty_snapshot(dimension)
        self._merging: threading.Thread | None = None
        self._words = Words(folder, reading.database_id, newest_seq)

    def vectors_at(self, reading: Reading) -> VectorSnapshot:
        """Return a snapshot at least as new as `reading`, made by replaying what is missing."""
        if self._vectors.seq < reading.seq:
            with self._advancing:
                if self._vectors.seq < reading.seq:
                    self._vectors = self._vectors.after(reading.changes(self._vectors.seq))
                    self._advanced_at = time.time()
                    self._merge_beside()
        return self._vectors

    def words_at(self, reading: Reading) -> WordSnapshot:
        """Return a snapshot at least as new as `reading`, likewise."""
        return self._words.at(reading)

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return Reached(self._vectors.seq, self._words.seq, self._advanced_at)

    def save(self, wait_s: float | None = None) -> None:
        """Write the file of the vectors where it is too far behind; where it cannot be written it stays so, at no loss.

        A large file is left behind as long as it is soon caught up with. While a base is being made anew beside the
        searches, this waits for it, at most `wait_s` seconds, and leaves it at that.
        """
        merging = self._merging
        if merging is not None:
            merging.join(wait_s)
        snapshot = self._vectors
        is_near = self._saved_seq >= 0 and snapshot.is_large and not snapshot.is_due and not self._is_unsaved
        if snapshot.seq != self._saved_seq and not is_near and not self._is_merging:
            self._rebase(self._saved(snapshot, threads=0))

    @property
    def _is_merging(self) -> bool:
        return self._merging is not None and self._merging.is_alive()

    def _merge_beside(self) -> None:
        """Begin to make a large base anew where that is due, in a thread that gives way to everything else."""
        if self._vectors.is_due and not self._is_merging:
            self._merging = threading.Thread(target=self._merge, name="merge-vectors", daemon=True)
            self._merging.start()

    def _merge(self) -> None:
        give_way()
        snapshot = self._vectors
        # What another process has written meanwhile need not be made again.
        merged = vectors.load(self._folder, self.database_id, self._dimension, snapshot.seq)
        if merged is None or merged.seq <= self._saved_seq:
            merged = self._saved(snapshot, threads=1)
        else:
            self._saved_seq = merged.seq
        self._rebase(merged)

    def _saved(self, snapshot: VectorSnapshot, threads: int) -> VectorSnapshot:
        """Return a snapshot merged, and written where that is possible."""
        merged = snapshot.merged(threads)
        self._is_unsaved = True
        with suppress(OSError):
            merged = vectors.save(self._folder, merged, self.database_id)
            self._saved_seq, self._is_unsaved = merged.seq, False
        return merged

    def _rebase(self, merged: VectorSnapshot) -> None:
        with self._advancing:
            self._vectors = self._vectors.over(merged)
