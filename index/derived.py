"""What is derived from one database, vectors and words: opened, brought up to date by whoever reads, saved."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index import vectors
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
        self._advancing = threading.Lock()
        self._advanced_at = time.time()
        loaded = vectors.load(folder, reading.database_id, dimension, reading.seq)
        self.is_new = loaded is None
        self._saved_seq = loaded.seq if loaded else -1
        self._vectors = loaded or vectors.empty_snapshot(dimension)
        self._words = Words(folder, reading.database_id, newest_seq)

    def vectors_at(self, reading: Reading) -> VectorSnapshot:
        """Return a snapshot at least as new as `reading`, made by replaying what is missing."""
        if self._vectors.seq < reading.seq:
            with self._advancing:
                if self._vectors.seq < reading.seq:
                    self._vectors = self._vectors.after(reading.changes(self._vectors.seq))
                    self._advanced_at = time.time()
        return self._vectors

    def words_at(self, reading: Reading) -> WordSnapshot:
        """Return a snapshot at least as new as `reading`, likewise."""
        return self._words.at(reading)

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return Reached(self._vectors.seq, self._words.seq, self._advanced_at)

    def save(self) -> None:
        """Write the file of the vectors where it is behind. Where it cannot be written it stays so, at no loss."""
        snapshot = self._vectors
        if snapshot.seq != self._saved_seq:
            with suppress(OSError):
                vectors.save(self._folder, snapshot, self.database_id)
                self._saved_seq = snapshot.seq
