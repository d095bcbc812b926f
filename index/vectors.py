"""Vector search over the passages' vectors. Everything here is derived from the store and can be made again.

Readers hold a VectorSnapshot that never changes: a large base, a small part of what came since, and which of their rows
are still alive. A newer state is a new VectorSnapshot.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

from index.embedder import Vectors
from index.faiss_index import INVERTED_FROM, Mask, VectorIndex
from index.records import Changes, Numbers

FILE = "vectors.faiss"
# The recent part is merged into the base when it holds more rows than the first, or than the share of the base, but
# never more than the last: a search looks at each of them.
RECENT_ROWS = 2000
RECENT_SHARE = 0.1
RECENT_MOST = 10_000

# No process takes so long to save.
_LEFT_BEHIND_S = 600
# The file begins with what FAISS reads. It ends with a header, the header's length, the digest of all before, and this.
_MAGIC = b"footnote-vectors-3\n"
_LENGTH_BYTES = 8
_END_BYTES = _LENGTH_BYTES + hashlib.sha256().digest_size + len(_MAGIC)
_BLOCK = 1 << 20


class Near(NamedTuple):
    """A passage, its document, in Milvus the version of it, and its cosine to a vector, in [-1, 1]."""

    passage_no: int
    doc_no: int
    cosine: float


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one index with the passage and the document of each, and whether it is alive."""

    index: VectorIndex
    passage_nos: Numbers
    doc_nos: Numbers
    alive: Mask

    @classmethod
    def of(cls, passage_nos: Numbers, doc_nos: Numbers, index: VectorIndex) -> "_Part":
        return cls(index, passage_nos, doc_nos, np.ones(len(passage_nos), dtype=bool))

    @property
    def dead(self) -> int:
        return len(self.alive) - int(np.count_nonzero(self.alive))

    def living(self) -> tuple[Numbers, Numbers, Vectors]:
        rows = np.flatnonzero(self.alive)
        return self.passage_nos[rows], self.doc_nos[rows], self.index.vectors(rows)

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        if not len(self.passage_nos):
            return []
        wanted = np.asarray(passage_nos, dtype=np.int64)
        # Numbers only grow, so the rows are in their order.
        rows = np.minimum(np.searchsorted(self.passage_nos, wanted), len(self.passage_nos) - 1)
        rows = rows[self.alive[rows] & (self.passage_nos[rows] == wanted)]
        if not len(rows):
            return []
        return self._placed(rows, self.index.cosines(vector, rows).tolist())

    def _placed(self, rows: Sequence[int] | Numbers, cosines: Sequence[float]) -> list[Near]:
        chosen = np.asarray(rows, dtype=np.int64)
        return list(map(Near, self.passage_nos[chosen].tolist(), self.doc_nos[chosen].tolist(), cosines))

    def without(self, removed: Numbers) -> "_Part":
        if not len(removed) or not len(self.passage_nos):
            return self
        return _Part(self.index, self.passage_nos, self.doc_nos, self.alive & ~np.isin(self.passage_nos, removed))

    def nearest(self, vector: Vectors, k: int, doc_nos: Numbers | None) -> list[Near]:
        found = self.index.nearest(vector, k, self.eligible(doc_nos))
        return self._placed([row for _, row in found], [cosine for cosine, _ in found])

    def eligible(self, doc_nos: Numbers | None) -> Mask:
        """Return which rows a search among these documents looks at, among all where none are given."""
        return self.alive if doc_nos is None else self.alive & np.isin(self.doc_nos, doc_nos)

    def grown(self, passage_nos: Numbers, doc_nos: Numbers, vectors: Vectors, threads: int) -> "_Part":
        """Return the living rows followed by these, in an index for so many."""
        return self.followed_by(passage_nos, doc_nos, self.index.grown(self.alive, vectors, threads))

    def followed_by(self, passage_nos: Numbers, doc_nos: Numbers, index: VectorIndex) -> "_Part":
        """Return the living rows followed by these, which `index` has like this."""
        return _Part.of(
            np.concatenate([self.passage_nos[self.alive], passage_nos]),
            np.concatenate([self.doc_nos[self.alive], doc_nos]),
            index,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VectorSnapshot:
    """The vectors of all passages as of one sequence number of the store. Searching it takes no lock."""

    seq: int
    base: _Part
    recent: _Part

    @property
    def is_whole(self) -> bool:
        """Whether its base holds all there is and nothing else."""
        return not len(self.recent.passage_nos) and not self.base.dead

    @property
    def is_due(self) -> bool:
        """Whether so much has come and gone since its base was made that it should be made anew."""
        moved = len(self.recent.passage_nos) + self.base.dead
        return moved > max(RECENT_ROWS, min(RECENT_SHARE * len(self.base.passage_nos), RECENT_MOST))

    @property
    def is_large(self) -> bool:
        """Whether making its base anew, or writing it, takes longer than a question should wait."""
        return len(self.base.passage_nos) + len(self.recent.passage_nos) >= INVERTED_FROM

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        parts = [part.passage_nos[part.alive] for part in (self.base, self.recent)]
        return np.sort(np.concatenate(parts))

    def nearest(self, vector: Vectors, k: int, doc_nos: Numbers | None = None) -> list[Near]:
        """Return at most `k` passages, nearest first, ties by number.

        `vector` has shape `(dimension,)` and unit length; only passages of the documents `doc_nos` are looked at
        where that is given. Of a large base a few of the nearest may be missed.
        """
        found = self.base.nearest(vector, k, doc_nos) + self.recent.nearest(vector, k, doc_nos)
        return nearest_first(found)[:k]

    def searched(self, doc_nos: Numbers | None = None) -> int:
        """Return how many passages a search looks at."""
        return sum(int(np.count_nonzero(part.eligible(doc_nos))) for part in (self.base, self.recent))

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        """Return, for each of these passages that a search can find, how near it is."""
        return self.base.near(vector, passage_nos) + self.recent.near(vector, passage_nos)

    def after(self, changes: Changes) -> "VectorSnapshot":
        """Return the snapshot that follows from these changes, its base made anew where that is due and soon done."""
        if not len(self.base.passage_nos) and not len(self.recent.passage_nos):
            base = self.base.grown(changes.passage_nos, changes.doc_nos, changes.vectors, threads=0)
            return VectorSnapshot(changes.seq, base, _nothing(base.index.dimension))
        # A passage that came and went since is in both lists; the store no longer lists it as added.
        kept = self.recent.without(changes.removed)
        recent = kept.followed_by(
            changes.passage_nos, changes.doc_nos, kept.index.lengthened(kept.alive, changes.vectors)
        )
        snapshot = VectorSnapshot(changes.seq, self.base.without(changes.removed), recent)
        return snapshot.merged() if snapshot.is_due and not snapshot.is_large else snapshot

    def merged(self, threads: int = 1) -> "VectorSnapshot":
        """Return this snapshot with all in its base, made by so many threads, 0 for one on each core."""
        if self.is_whole:
            return self
        base = self.base.grown(*self.recent.living(), threads)
        return VectorSnapshot(self.seq, base, _nothing(base.index.dimension))

    def over(self, merged: "VectorSnapshot") -> "VectorSnapshot":
        """Return this snapshot with the base of a merged one that this one follows from."""
        base = merged.base
        alive = np.isin(base.passage_nos, self.passage_nos())
        since = [part.without(base.passage_nos).living() for part in (self.base, self.recent)]
        passage_nos, doc_nos, vectors = (np.concatenate(columns) for columns in zip(*since, strict=True))
        recent = _Part.of(passage_nos, doc_nos, VectorIndex.flat(vectors))
        return VectorSnapshot(self.seq, _Part(base.index, base.passage_nos, base.doc_nos, alive), recent)


def nearest_first(found: Iterable[Near]) -> list[Near]:
    """Return passages in the order of their cosines, ties by number."""
    return sorted(found, key=lambda one: (-one.cosine, one.passage_no))


def empty_snapshot(dimension: int) -> VectorSnapshot:
    """Return the snapshot of a store to which nothing has been added."""
    return VectorSnapshot(0, _nothing(dimension), _nothing(dimension))


def save(folder: Path, snapshot: VectorSnapshot, database_id: str, threads: int = 1) -> VectorSnapshot:
    """Write a snapshot to its derived file in one step: a reader finds the old file or the new one, whole.

    Returns the same, merged and as it is read from the file. Raises OSError where it cannot be written.
    """
    whole = snapshot.merged(threads)
    _remove_left_behind(folder)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(file, whole, database_id)
            file.flush()
            os.fsync(file.fileno())
        index = VectorIndex.read(Path(temporary), len(whole.base.passage_nos))
        Path(temporary).replace(folder / FILE)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return VectorSnapshot(whole.seq, _Part.of(whole.base.passage_nos, whole.base.doc_nos, index), whole.recent)


def load(folder: Path, database_id: str, dimension: int, newest_seq: int | None = None) -> VectorSnapshot | None:
    """Return the snapshot in the derived file; None where it is missing, damaged, of another database or a newer state.

    Without `newest_seq`, any state of the database is taken.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file:
            header = _header(file)
            if header is None or (header["database_id"], header["dimension"]) != (database_id, dimension):
                return None
            if newest_seq is not None and header["seq"] > newest_seq:
                return None
            rows = header["rows"]
            file.seek(header["numbers_at"])
            numbers = np.fromfile(file, dtype="<i8", count=2 * rows).astype(np.int64)
            index = VectorIndex.read(path, rows)
            # FAISS opens the file by its name, under which another process may have put a newer one.
            is_same = os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except OSError:
        return None
    if not is_same:
        return load(folder, database_id, dimension, newest_seq)
    return VectorSnapshot(header["seq"], _Part.of(numbers[:rows], numbers[rows:], index), _nothing(dimension))


class _Header(TypedDict):
    """What the file says of itself; the passage numbers begin at `numbers_at`, the document numbers follow them."""

    database_id: str
    seq: int
    rows: int
    dimension: int
    numbers_at: int


def _write(file: BufferedWriter, whole: VectorSnapshot, database_id: str) -> None:
    digest = hashlib.sha256()

    def write(piece: bytes) -> None:
        digest.update(piece)
        file.write(piece)

    base = whole.base
    base.index.write(write)
    header: _Header = {
        "database_id": database_id,
        "seq": whole.seq,
        "rows": len(base.passage_nos),
        "dimension": base.index.dimension,
        "numbers_at": file.tell(),
    }
    write(base.passage_nos.astype("<i8").tobytes())
    write(base.doc_nos.astype("<i8").tobytes())
    text = json.dumps(header).encode()
    write(text)
    write(len(text).to_bytes(_LENGTH_BYTES, "little"))
    file.write(digest.digest())
    file.write(_MAGIC)


def _header(file: BufferedReader) -> _Header | None:
    """Return the header of the file, None where it is not whole."""
    size = file.seek(0, os.SEEK_END)
    if size < _END_BYTES:
        return None
    file.seek(size - _END_BYTES)
    length, digest, magic = file.read(_LENGTH_BYTES), file.read(hashlib.sha256().digest_size), file.read()
    if magic != _MAGIC or digest != _digest(file, size - _END_BYTES + _LENGTH_BYTES):
        return None
    file.seek(size - _END_BYTES - int.from_bytes(length, "little"))
    header: _Header = json.loads(file.read(int.from_bytes(length, "little")))
    return header


def _digest(file: BufferedReader, size: int) -> bytes:
    """Return the digest of the first `size` bytes of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    for at in range(0, size, _BLOCK):
        digest.update(file.read(min(_BLOCK, size - at)))
    return digest.digest()


def _remove_left_behind(folder: Path) -> None:
    """Remove what processes that were killed while they saved have left."""
    for path in folder.glob(f".{FILE}-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                path.unlink()


def _nothing(dimension: int) -> _Part:
    none = np.empty(0, dtype=np.int64)
    return _Part.of(none, none, VectorIndex.flat(np.empty((0, dimension), dtype=np.float32)))
