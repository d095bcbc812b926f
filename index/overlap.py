"""How much of a query's words a passage has, by the words that are kept beside each passage, and BM25's parameters.

An index of words finds the passages that have a word; asked what some hundred candidates have, it reads nearly all of a
word's passages. So each passage's words are kept as numbers, which are compared with the query's.
"""

import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from index.analysis import indexed_words
from index.errors import DataCorrupt
from index.records import PassageWords

# What counts more: a word in a title or a heading names what the passage is about.
FIELD_WEIGHTS: Final[Mapping[str, float]] = {"title": 0.5, "heading": 0.5, "body": 1.0}
# The mean numbers of words that the length of a field is weighed by; those of the seeds, rounded.
MEAN_LENGTHS: Final[Mapping[str, float]] = {"title": 8.0, "heading": 4.0, "body": 100.0}
# How much of an overlap is BM25, which also counts how often a word stands there; the rest is coverage.
BM25_SHARE = 1 / 3
# BM25's own, as Tantivy has them.
K1, B = 1.2, 0.75

_WEIGHTS, _MEAN_LENGTHS = np.array([*FIELD_WEIGHTS.values()]), np.array([*MEAN_LENGTHS.values()])
_NUMBER = np.dtype("<u4")


def inverse_frequency(having: int, passages: int) -> float:
    """Return the inverse document frequency of a word that so many of all passages have, as BM25 has it, above 0."""
    # Where the two are counted at different instants, more may have it than there are.
    having = min(having, passages)
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


def packed(words: PassageWords) -> bytes:
    """Return the words of a passage as they are kept: numbers of 32 bits, how many each field has, then its words."""
    fields = [indexed_words(getattr(words, name)) for name in FIELD_WEIGHTS]
    numbers = [_number(word) for field in fields for word in field]
    return np.array([*map(len, fields), *numbers], dtype=_NUMBER).tobytes()


def overlaps(idfs: Mapping[str, float], kept: Mapping[int, bytes]) -> dict[int, float]:
    """Return how much of a query's words each passage has, by number; one that has none is left out.

    `idfs` are the query's words with their inverse document frequencies, `kept` the words of each passage. An overlap
    is 0 for none and about 1 for all, comparable between queries: two thirds of it are the share of the words
    that stand in the passage, its title or its headings, and one third is BM25 (Robertson & Zaragoza 2009) as a share
    of the most that these words could score in the body, each word counted by its inverse document frequency.
    """
    if not idfs or not kept:
        return {}
    fields = _Fields.of(kept.values())
    idf = np.array([*idfs.values()]) / sum(idfs.values())
    word, field, times = fields.having([_number(word) for word in idfs])
    passage, kind = np.divmod(field, len(FIELD_WEIGHTS))
    saturation = times / (times + K1 * (1 - B + B * fields.lengths[field] / _MEAN_LENGTHS[kind]))
    # A passage's first field that has a word stands for the passage.
    covers = np.diff(word * len(kept) + passage, prepend=-1) > 0
    share = idf[word] * ((1 - BM25_SHARE) * covers + BM25_SHARE * _WEIGHTS[kind] * saturation)
    # Added one after the other, so that a passage's sum does not depend on those beside it.
    sums = np.bincount(passage, weights=share, minlength=len(kept))
    return {number: overlap for number, overlap in zip(kept, sums.tolist(), strict=True) if overlap}


@dataclass(frozen=True, slots=True, eq=False)
class _Fields:
    """The words of some passages, one after the other, and where each field of each passage begins and ends in them."""

    numbers: npt.NDArray[np.uint32]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, kept: Collection[bytes]) -> "_Fields":
        """Return the fields of passages whose words are kept like this; raise DataCorrupt where they cannot be."""
        sizes, odd = np.divmod([len(one) for one in kept], _NUMBER.itemsize)
        if odd.any() or sizes.min() < len(FIELD_WEIGHTS):
            raise _damaged()
        numbers = np.frombuffer(b"".join(kept), dtype=_NUMBER)
        last = np.cumsum(sizes)
        heads = (last - sizes)[:, np.newaxis] + np.arange(len(FIELD_WEIGHTS))
        lengths = numbers[heads].astype(np.int64)
        ends = heads[:, -1:] + 1 + np.cumsum(lengths, axis=1)
        if (ends[:, -1] != last).any():
            raise _damaged()
        return cls(numbers, (ends - lengths).ravel(), ends.ravel())

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many words each field has."""
        return self.ends - self.begins

    def having(self, words: Sequence[int]) -> tuple[npt.NDArray[np.int64], ...]:
        """Return which word stands in which field, and how often, in the order of the words and then of the fields."""
        places = [np.flatnonzero(self.numbers == word) for word in words]
        place = np.concatenate(places)
        word = np.repeat(np.arange(len(words)), [len(found) for found in places])
        field = np.searchsorted(self.ends, place, side="right")
        # What stands before the first field of a passage are the fields' lengths.
        is_word = place >= self.begins[field]
        word, field = word[is_word], field[is_word]
        # Both ascend, so a word's places in one field stand together.
        begins = np.flatnonzero(np.diff(word * len(self.ends) + field, prepend=-1))
        return word[begins], field[begins], np.diff(begins, append=len(word))


def _damaged() -> DataCorrupt:
    return DataCorrupt("The words kept beside a passage are damaged; run `rag doctor`, which says of which article.")


def _number(word: str) -> int:
    """Return the number that stands for a word, which two words hardly ever share."""
    return zlib.crc32(word.encode())
