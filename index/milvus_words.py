"""Word search in Milvus: BM25 as an inner product of sparse vectors, with the words of `index/analysis.py`.

A passage's vector has for each word and field what BM25 makes of how often it stands there, and for each word that it
stands there at all. A query's vector has the inverse document frequencies, which are counted when it is asked. So one
search gives what Tantivy gives, but for the mean lengths of the fields, which are fixed when a corpus is begun.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from index.analysis import indexed_words, query_words, word_spans
from index.document import Span
from index.milvus import MAX_RESULTS, WORDS, Collections
from index.overlap import BM25_SHARE, FIELD_WEIGHTS, K1, MEAN_LENGTHS, B, inverse_frequency
from index.records import PassageWords

Sparse = dict[int, float]

_ANYWHERE = "anywhere"
# The embedded store's index holds one entry more than passages, its own state, and counts it.
_STATE_ENTRIES = 1
# From so many passages on, what one change does to a frequency is not worth counting it again for so long, nor what
# changes this share of them does for so much longer.
_MANY_PASSAGES, _COUNTED_FOR_S = 1000, 60.0
_LITTLE, _KEPT_FOR_S = 0.01, 3600.0
# Words are counted in so many passages, read in so many parts, or in a sample of more. What puts a passage into the
# sample is its number below SAMPLES.
SAMPLES = 65_536
_SAMPLE, _PARTS = 16_384, 8
# A word that so many of a sample have is frequent enough to be estimated; its estimate is off by a sixteenth.
_FREQUENT = 256
# A word that more passages have than one search finds is counted in one of so many, and again.
_STEP = 16


def sparse_of(words: PassageWords) -> Sparse:
    """Return the vector of a passage's words."""
    vector: Sparse = {}
    for name, mean in MEAN_LENGTHS.items():
        found = indexed_words(getattr(words, name))
        norm = K1 * (1 - B + B * len(found) / mean)
        for word, times in Counter(found).items():
            vector[_dimension(name, word)] = times / (times + norm)
            vector[_dimension(_ANYWHERE, word)] = 1.0
    # An empty vector is not taken; nothing that can be asked for has this dimension.
    return vector or {0: 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """The dimensions that the passages of a sample have, ascending, and how many of them have each.

    `passages` is the number of all passages, `share` the sample's share of them; `rare` has what was counted besides.
    They were counted at `counted_at`, and found to be still about right at `at`.
    """

    seq: int
    passages: int
    counted_at: float
    at: float
    share: float
    living: str
    dimensions: npt.NDArray[np.int64]
    having: npt.NDArray[np.int64]
    rare: dict[int, int]

    def of(self, dimension: int) -> int | None:
        """Return how many of all passages have a dimension, None where the sample does not tell."""
        row = int(np.searchsorted(self.dimensions, dimension))
        found = row < len(self.dimensions) and self.dimensions[row] == dimension
        having = int(self.having[row]) if found else 0
        if self.share < 1 and having < _FREQUENT:
            return self.rare.get(dimension)
        return round(having / self.share)


class TermStatistics:
    """How many passages have each word, counted when it is first asked for and kept until the store changes.

    `living` says for a sequence number how many passages there are, and which versions of documents are not current.
    Where there are many passages, what is known may be a minute old.
    """

    def __init__(self, collections: Collections, living: Callable[[int], tuple[int, list[int]]]) -> None:
        self._collections = collections
        self._living = living
        self._counting = threading.Lock()
        self._counts: _Counts | None = None

    def idfs(self, seq: int, terms: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
        """Return the inverse document frequency of each word in each field."""
        counts = self._counts_at(seq)
        dimensions = {term: _dimension(*term) for term in terms}
        missing = sorted({one for one in dimensions.values() if counts.of(one) is None})
        if missing:
            counts.rare.update(zip(missing, self._searched(missing, counts.living), strict=True))
        total = counts.passages + _STATE_ENTRIES
        return {term: inverse_frequency(counts.of(one) or 0, total) for term, one in dimensions.items()}

    def _counts_at(self, seq: int) -> _Counts:
        counts = self._counts
        if counts is not None and (counts.seq == seq or _is_recent(counts)):
            return counts
        # Who finds many passages being counted anew takes what was counted before.
        patient = counts is None or counts.passages < _MANY_PASSAGES
        if not self._counting.acquire(blocking=patient):
            return cast("_Counts", counts)
        try:
            if self._counts is None or (self._counts.seq != seq and not _is_recent(self._counts)):
                self._counts = self._counted(seq, self._counts)
            return self._counts
        finally:
            self._counting.release()

    def _counted(self, seq: int, before: _Counts | None) -> _Counts:
        now = time.monotonic()
        passages, dead = self._living(seq)
        if before is not None and _is_about_the_same(before, passages, now):
            return replace(before, seq=seq, at=now)
        bound = SAMPLES if passages <= _SAMPLE else SAMPLES * _SAMPLE // passages
        living = f"version not in {dead}" if dead else ""
        found = [np.empty(0, dtype=np.int64)]
        for part in range(_PARTS):
            first, end = bound * part // _PARTS, bound * (part + 1) // _PARTS
            expression = _all(f"sample >= {first} and sample < {end}", living)
            rows = self._collections.query(WORDS, expression, "words") if first < end else []
            found += [np.fromiter(row["words"], dtype=np.int64) for row in rows]
        dimensions, having = np.unique(np.concatenate(found), return_counts=True)
        return _Counts(seq, passages, now, now, bound / SAMPLES, living, dimensions, having, {})

    def _searched(self, dimensions: Sequence[int], living: str) -> list[int]:
        """Return how many passages have each of these dimensions, of the frequent ones an estimate from a sample."""
        share, wanted, counts = 1, list(dimensions), dict.fromkeys(dimensions, 0)
        while wanted:
            expression = _all(f"sample < {SAMPLES // share}" if share > 1 else "", living)
            found = self._collections.search(WORDS, [{one: 1.0} for one in wanted], MAX_RESULTS, expression)
            counts |= {one: share * len(hits) for one, hits in zip(wanted, found, strict=True)}
            full = [one for one, hits in zip(wanted, found, strict=True) if len(hits) >= MAX_RESULTS]
            share, wanted = share * _STEP, full if share < SAMPLES else []
        return [counts[one] for one in dimensions]


def _is_recent(counts: _Counts) -> bool:
    return counts.passages >= _MANY_PASSAGES and time.monotonic() - counts.at < _COUNTED_FOR_S


def _is_about_the_same(counts: _Counts, passages: int, now: float) -> bool:
    differs = abs(passages - counts.passages) > _LITTLE * counts.passages
    return counts.passages >= _MANY_PASSAGES and not differs and now - counts.counted_at < _KEPT_FOR_S


def _all(*conditions: str) -> str:
    return " and ".join(filter(None, conditions))


@dataclass(frozen=True, slots=True)
class WordQuery:
    """The words that a query asks for, with their inverse document frequencies anywhere and in each field."""

    words: tuple[str, ...]
    idfs: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, text: str, statistics: TermStatistics, seq: int) -> "WordQuery":
        """Return the query of a text."""
        words = tuple(query_words(text))
        fields = (_ANYWHERE, *FIELD_WEIGHTS)
        return cls(words, statistics.idfs(seq, [(name, word) for name in fields for word in words]))

    @property
    def bm25(self) -> Sparse:
        """The vector whose inner product with a passage's is its BM25 score."""
        return {
            _dimension(name, word): weight * (K1 + 1) * self.idfs[name, word]
            for word in self.words
            for name, weight in FIELD_WEIGHTS.items()
        }

    @property
    def anywhere(self) -> dict[str, float]:
        """Each word with its inverse document frequency."""
        return {word: self.idfs[_ANYWHERE, word] for word in self.words}


def overlap_of(idfs: Mapping[str, float]) -> Sparse:
    """Return the vector whose inner product with a passage's is how much it has of words with these frequencies.

    `idfs` are the words' inverse document frequencies, `index/overlap.py` says what an overlap is.
    """
    total = sum(idfs.values())
    weights = {_ANYWHERE: 1 - BM25_SHARE} | {name: BM25_SHARE * weight for name, weight in FIELD_WEIGHTS.items()}
    return {
        _dimension(name, word): weight * idf / total for word, idf in idfs.items() for name, weight in weights.items()
    }


def text_weights(text: str, statistics: TermStatistics, seq: int) -> list[tuple[Span, float]]:
    """Return where each word of a text stands, stop words too, with its inverse document frequency."""
    found = word_spans(text)
    idfs = statistics.idfs(seq, {(_ANYWHERE, word) for _, words in found for word in words})
    return [(span, max((idfs[_ANYWHERE, word] for word in words), default=0.0)) for span, words in found]


def product(query: Sparse, passage: Mapping[int, float]) -> float:
    """Return the inner product of two sparse vectors."""
    return sum(weight * passage[one] for one, weight in query.items() if one in passage)


def _dimension(name: str, word: str) -> int:
    """Return the dimension of a word in a field: a number from 1 to 2³² − 2, which two words seldom share."""
    digest = hashlib.blake2b(f"{name}\0{word}".encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "big") % (2**32 - 2)
