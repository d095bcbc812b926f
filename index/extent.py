"""How much there is: what the stored data holds, and what it takes of the disk. Cheap enough to ask every second."""

from collections.abc import Mapping
from dataclasses import dataclass

from index.corpus import Corpus
from index.derived import Reached


@dataclass(frozen=True, slots=True)
class Extent:
    """What a corpus holds at a sequence number of its store, and how far searches have come."""

    documents: int
    passages: int
    seq: int
    reached: Reached


class CorpusMeter:
    """Measures a corpus. What it counted it counts again only when the store has changed."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._counted = ("", -1), (0, 0)

    def extent(self) -> Extent:
        """Return the extent; searches are not brought up to date for it, so that it shows where they are behind."""
        with self._corpus.store.read() as reading:
            instant, counts = self._counted
            if instant != (reading.database_id, reading.seq):
                counts = reading.count()
                self._counted = (reading.database_id, reading.seq), counts
            return Extent(*counts, reading.seq, self._corpus.reached())

    def disk_bytes(self) -> Mapping[str, int]:
        """Return the bytes of each part on the disk."""
        return self._corpus.store.disk_bytes()
