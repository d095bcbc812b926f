"""One FAISS index of unit vectors: flat while it is small, an inverted file beyond. Nothing else imports FAISS."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import faiss
import numpy as np
import numpy.typing as npt

from index.embedder import Vectors

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# From so many rows on, an inverted file finds the nearest sooner than looking at all of them: benchmarks/README.md.
INVERTED_FROM = 30_000
# Of so few rows that pass a filter, each is looked at.
_EACH_ROW = 2_000
# Of a query's lists, at least so many are searched, and at least this share of all.
_LEAST_PROBES = 64
_PROBED_SHARE = 1 / 32
# k-means sees so many vectors for each list, and that often.
_SAMPLE_A_LIST = 40
_ROUNDS = 8
_HALF = faiss.ScalarQuantizer.QT_fp16
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class VectorIndex:
    """Rows of unit vectors, found by their inner product. It never changes; any number of threads may search it.

    Rows are kept in 16-bit floats: a search reads half the memory, and cosines are off by less than 0.001. To take rows
    out and put them into another index changes them no further.
    """

    faiss: faiss.Index

    @classmethod
    def of(cls, vectors: Vectors, threads: int = 1) -> Self:
        """Return an index of these vectors, shape `(n, dimension)`, built by so many threads."""
        rows, dimension = vectors.shape
        if rows < INVERTED_FROM:
            return cls.flat(vectors)
        inverted = _inverted(faiss.IndexFlatIP(dimension), _lists_for(rows))
        inverted.cp.niter = _ROUNDS
        inverted.cp.spherical = True
        with _threads(threads):
            # A fixed seed: the same vectors make the same index.
            sample = np.random.default_rng(rows).choice(rows, min(rows, _SAMPLE_A_LIST * inverted.nlist), replace=False)
            inverted.train(vectors[np.sort(sample)])
            inverted.add(vectors)
        inverted.make_direct_map()
        return cls(inverted)

    @classmethod
    def flat(cls, vectors: Vectors) -> Self:
        """Return an index that looks at each of these vectors, however many they are."""
        flat = _flat(vectors.shape[1])
        _add(flat, vectors)
        return cls(flat)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.faiss.ntotal)

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        return int(self.faiss.d)

    def vectors(self, rows: Rows) -> Vectors:
        """Return the vectors of these rows, shape `(n, dimension)`."""
        _use_one_thread()
        # Where they lie one after the other, all are decoded at once; row by row FAISS takes twice as long.
        found: Vectors = (
            self.faiss.reconstruct_batch(rows) if self._is_inverted else self.faiss.sa_decode(self._codes[rows])
        )
        return found

    def cosines(self, vector: Vectors, rows: Rows) -> Vectors:
        """Return the cosine of each of these rows, at least one, to a vector."""
        if self._is_inverted:
            return self.vectors(rows) @ vector
        # In a search FAISS decodes and multiplies at once, which takes half as long.
        few = _flat(self.dimension)
        few.add_sa_codes(self._codes[rows])
        _use_one_thread()
        (found,), (order,) = few.search(vector.reshape(1, -1), len(rows))
        cosines: Vectors = np.empty_like(found)
        cosines[order] = found
        return cosines

    def nearest(self, vector: Vectors, k: int, eligible: Mask) -> list[tuple[float, int]]:
        """Return at most `k` rows with their cosines, nearest first, of those that are eligible."""
        count = int(np.count_nonzero(eligible))
        k = min(k, count)
        if k == 0:
            return []
        if not self._is_inverted:
            return self._found(vector, k, eligible, count, None)
        if count <= _EACH_ROW:
            rows = np.flatnonzero(eligible)
            cosines = self.cosines(vector, rows)
            best = np.argsort(-cosines, kind="stable")[:k]
            return list(zip(cosines[best].tolist(), rows[best].tolist(), strict=True))
        # The fewer rows of a list are eligible, the more lists it takes.
        lists = self.faiss.nlist
        probes = min(lists, math.ceil(max(_LEAST_PROBES, _PROBED_SHARE * lists) * len(self) / count))
        found = self._found(vector, k, eligible, count, probes)
        return found if len(found) == k else self._found(vector, k, eligible, count, lists)

    def grown(self, kept: Mask, vectors: Vectors, threads: int = 1) -> "VectorIndex":
        """Return an index of the rows that are kept, in their order, followed by these vectors."""
        rows = int(np.count_nonzero(kept)) + len(vectors)
        if not self._is_inverted or _lists_for(rows) != self.faiss.nlist or rows < INVERTED_FROM:
            return VectorIndex.of(np.concatenate([self.vectors(np.flatnonzero(kept)), vectors]), threads)
        # Its own quantizer: that of the other index ends with the other index.
        grown = _inverted(faiss.clone_index(self.faiss.quantizer), self.faiss.nlist)
        _copy_lists(self.faiss, grown, kept)
        with _threads(threads):
            _add(grown, vectors)
        grown.make_direct_map()
        return VectorIndex(grown)

    def lengthened(self, kept: Mask, vectors: Vectors) -> "VectorIndex":
        """Return a flat index, as this one is, of the rows that are kept, in their order, followed by these vectors."""
        longer = _flat(self.dimension)
        longer.add_sa_codes(self._codes[kept])
        _add(longer, vectors)
        return VectorIndex(longer)

    def write(self, write: Callable[[bytes], object]) -> None:
        """Hand the bytes of the index to `write`, piece by piece."""

        def take(piece: bytes) -> None:
            write(piece)

        writer = faiss.PyCallbackIOWriter(take, _BLOCK)
        faiss.write_index(self.faiss, writer)
        del writer

    @classmethod
    def read(cls, path: Path, rows: int) -> Self:
        """Return the index of so many rows that a file begins with, an inverted one mapped, so that processes share it.

        The file may be removed or replaced after that, but must not be changed. Raises OSError where it cannot be read.
        """
        flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if rows >= INVERTED_FROM else 0
        try:
            index = faiss.read_index(str(path), flags)
        except RuntimeError as error:
            raise OSError(f"'{path}' cannot be read: {error}") from error
        if flags:
            # Threads that read ahead cost a search more than the pages they bring.
            faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
            index.make_direct_map()
        return cls(index)

    @property
    def _is_inverted(self) -> bool:
        return isinstance(self.faiss, faiss.IndexIVF)

    @property
    def _codes(self) -> npt.NDArray[np.uint8]:
        """The rows of a flat index as they lie in its memory, shape `(n, code_size)`."""
        size = self.faiss.code_size
        # Of none at all FAISS makes an array of floats.
        codes = np.asarray(faiss.rev_swig_ptr(self.faiss.codes.data(), len(self) * size), dtype=np.uint8)
        return codes.reshape(-1, size)

    def _found(
        self, vector: Vectors, k: int, eligible: Mask, count: int, probes: int | None
    ) -> list[tuple[float, int]]:
        # The selector borrows the bits, so they are kept in a name while FAISS looks at them.
        bits = None if count == len(self) else np.packbits(eligible, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        if probes is None:
            parameters = None if selector is None else faiss.SearchParameters(sel=selector)
        else:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
        _use_one_thread()
        cosines, rows = self.faiss.search(vector.reshape(1, -1), k, params=parameters)
        return [pair for pair in zip(cosines[0].tolist(), rows[0].tolist(), strict=True) if pair[1] >= 0]


def _lists_for(rows: int) -> int:
    """Return the power of two nearest to one and a half times the square root."""
    return 1 << round(math.log2(1.5 * math.sqrt(max(rows, 1))))


def _flat(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, _HALF, faiss.METRIC_INNER_PRODUCT)


def _inverted(quantizer: faiss.Index, lists: int) -> faiss.IndexIVFScalarQuantizer:
    return faiss.IndexIVFScalarQuantizer(quantizer, quantizer.d, lists, _HALF, faiss.METRIC_INNER_PRODUCT, False)


def _add(index: faiss.Index, vectors: Vectors) -> None:
    if len(vectors):
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))


def _copy_lists(source: faiss.IndexIVF, target: faiss.IndexIVF, kept: Mask) -> None:
    """Add to each list of `target` what is kept of the same list of `source`, its rows numbered anew."""
    renumbered = np.cumsum(kept, dtype=np.int64) - 1
    lists, size = source.invlists, source.code_size
    for number in range(source.nlist):
        length = lists.list_size(number)
        if not length:
            continue
        ids = faiss.rev_swig_ptr(lists.get_ids(number), length)
        codes = faiss.rev_swig_ptr(lists.get_codes(number), length * size).reshape(length, size)
        chosen = kept[ids]
        new_ids, new_codes = renumbered[ids[chosen]], np.ascontiguousarray(codes[chosen])
        if len(new_ids):
            target.invlists.add_entries(number, len(new_ids), faiss.swig_ptr(new_ids), faiss.swig_ptr(new_codes))
    target.ntotal = int(np.count_nonzero(kept))
    target.is_trained = True


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let FAISS use so many threads here, 0 for one on each core; every thread has a setting of its own."""
    faiss.omp_set_num_threads(count or os.cpu_count() or 1)
    try:
        yield
    finally:
        _use_one_thread()


def _use_one_thread() -> None:
    """Have FAISS use this thread alone here; while those it would begin wait, they keep a core busy."""
    faiss.omp_set_num_threads(1)
