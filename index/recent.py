"""What was read last from a database, kept in bounds, so that it need not be read and taken apart again."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from typing import Generic, TypeVar

from index.records import StoredPassage

T = TypeVar("T")

# What was read last is kept in about so many bytes. Token vectors are so large that to keep those of a few passages
# would take longer than to read them again.
_WORDS_BYTES, _PASSAGES_BYTES = 16 * 1024 * 1024, 8 * 1024 * 1024
# What Python takes for the rest of a passage, for each of its sentences, and for the words of one beside the words.
_PASSAGE_BYTES, _SENTENCE_BYTES, _ROW_BYTES = 1024, 128, 128


class Recent(Generic[T]):
    """What never changes, by number, as much of it as was asked for last. Any number of threads may ask at once.

    It is kept in two generations, either of at most half the bytes: what is asked for is in the younger one, and when
    that is full, the elder is forgotten. `size` says how many bytes one takes.
    """

    def __init__(self, most_bytes: int, size: Callable[[T], int]) -> None:
        self._half = most_bytes // 2
        self._size = size
        self._young: dict[int, T] = {}
        self._elder: dict[int, T] = {}
        self._bytes = 0
        self._adding = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._young.keys() | self._elder.keys())

    def read(self, numbers: Sequence[int], fetched: Callable[[list[int]], Iterable[tuple[int, T]]]) -> dict[int, T]:
        """Return those of these numbers that there are, `fetched` being asked for what is not kept."""
        young, elder = self._young, self._elder
        found = {number: young[number] for number in numbers if number in young}
        if len(found) < len(numbers):
            again = {number: elder[number] for number in numbers if number not in found and number in elder}
            missing = [number for number in numbers if number not in found and number not in again]
            again.update(fetched(missing) if missing else ())
            self._add(again)
            found |= again
        return found

    def _add(self, read: dict[int, T]) -> None:
        with self._adding:
            for number, one in read.items():
                if number not in self._young:
                    self._bytes += self._size(one)
                    if self._bytes > self._half:
                        # Others may be reading both, so that neither is emptied.
                        self._young, self._elder, self._bytes = {}, self._young, self._size(one)
                    self._young[number] = one


class LastRead:
    """What was read last of one database's passages. The number of a passage is never given to another one."""

    def __init__(self, database_id: str) -> None:
        self.database_id = database_id
        self.passages = Recent[StoredPassage](_PASSAGES_BYTES, bytes_of)
        self.words = Recent[bytes](_WORDS_BYTES, lambda one: _ROW_BYTES + len(one))


def bytes_of(passage: StoredPassage) -> int:
    """Return about how many bytes of memory a passage takes."""
    texts = (passage.text, passage.heading, *filter(None, astuple(passage.metadata)))
    # Python takes as many bytes for each letter of a text as for the one that takes most.
    widths = (1 if text.isascii() else 2 if max(text) < "\U00010000" else 4 for text in texts)
    sizes = sum(width * len(text) for width, text in zip(widths, texts, strict=True))
    return _PASSAGE_BYTES + _SENTENCE_BYTES * len(passage.sentences) + sizes
