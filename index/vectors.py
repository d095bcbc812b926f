"""Vector search: FAISS over the passages' vectors. Everything here is derived from the store and can be made again.

Readers hold a VectorSnapshot that never changes: a large base, a small part of what came since, and which of their rows
are still alive. A newer state is a new VectorSnapshot.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from index.embedder import Vectors
from index.records import Changes, Numbers

FILE = "vectors.faiss"
# The recent part is searched like the base; it is merged into the base when it holds this many rows or this share.
RECENT_ROWS = 2000
RECENT_SHARE = 0.1

# No process takes so long to save.
_LEFT_BEHIND_S = 600
_MAGIC = b"footnote-vectors-1\n"
_Mask = npt.NDArray[np.bool_]


class Near(NamedTuple):
    """A passage, its document, and its cosine to a vector, in [-1, 1]."""

    passage_no: int
    doc_no: int
    cosine: float


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one FAISS index with the passage and the document of each, and whether it is alive."""

    index: faiss.IndexFlat
    passage_nos: Numbers
    doc_nos: Numbers
    alive: _Mask

    @classmethod
    def of(cls, passage_nos: Numbers, doc_nos: Numbers, vectors: Vectors, dimension: int) -> "_Part":
        index = faiss.IndexFlatIP(dimension)
        if len(vectors):
            index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index, passage_nos, doc_nos, np.ones(len(passage_nos), dtype=bool))

    def vectors(self) -> Vectors:
        rows: Vectors = self.index.reconstruct_n(0, self.index.ntotal)
        return rows

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        if not len(self.passage_nos):
            return []
        wanted = np.asarray(passage_nos, dtype=np.int64)
        # Numbers only grow, so the rows are in their order.
        rows = np.minimum(np.searchsorted(self.passage_nos, wanted), len(self.passage_nos) - 1)
        rows = rows[self.alive[rows] & (self.passage_nos[rows] == wanted)]
        if not len(rows):
            return []
        cosines = self.index.reconstruct_batch(rows) @ vector
        return list(map(Near, self.passage_nos[rows].tolist(), self.doc_nos[rows].tolist(), cosines.tolist()))

    def without(self, removed: Numbers) -> "_Part":
        if not len(removed) or not len(self.passage_nos):
            return self
        return _Part(self.index, self.passage_nos, self.doc_nos, self.alive & ~np.isin(self.passage_nos, removed))

    def search(self, vector: Vectors, k: int, doc_nos: Numbers | None) -> list[tuple[float, int]]:
        eligible = self.alive if doc_nos is None else self.alive & np.isin(self.doc_nos, doc_nos)
        k = min(k, int(eligible.sum()))
        if k == 0:
            return []
        # Kept in a name while FAISS looks at it: the selector borrows the bits.
        bits = np.packbits(eligible, bitorder="little")
        parameters = None if eligible.all() else faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        scores, rows = self.index.search(vector.reshape(1, -1), k, params=parameters)
        return [
            (float(score), int(self.passage_nos[row]))
            for score, row in zip(scores[0], rows[0], strict=True)
            if row >= 0
        ]


@dataclass(frozen=True, slots=True, eq=False)
class VectorSnapshot:
    """The vectors of all passages as of one sequence number of the store. Searching it takes no lock."""

    seq: int
    base: _Part
    recent: _Part

    @property
    def passages(self) -> int:
        """The number of passages that a search can find."""
        return int(self.base.alive.sum() + self.recent.alive.sum())

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        parts = [part.passage_nos[part.alive] for part in (self.base, self.recent)]
        return np.sort(np.concatenate(parts))

    def nearest(self, vector: Vectors, k: int, doc_nos: Numbers | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their cosines in [-1, 1], nearest first, ties by number.

        `vector` has shape `(dimension,)` and unit length; only passages of the documents `doc_nos` are looked at
        where that is given.
        """
        found = self.base.search(vector, k, doc_nos) + self.recent.search(vector, k, doc_nos)
        found.sort(key=lambda hit: (-hit[0], hit[1]))
        return [(passage_no, score) for score, passage_no in found[:k]]

    def near(self, vector: Vectors, passage_nos: Sequence[int]) -> list[Near]:
        """Return, for each of these passages that a search can find, how near it is."""
        return self.base.near(vector, passage_nos) + self.recent.near(vector, passage_nos)

    def after(self, changes: Changes) -> "VectorSnapshot":
        """Return the snapshot that follows from these changes."""
        # A passage that came and went since is in both lists; the store no longer lists it as added.
        base = self.base.without(changes.removed)
        kept = self.recent.without(changes.removed)
        dimension = self.base.index.d
        recent = _Part.of(
            np.concatenate([kept.passage_nos[kept.alive], changes.passage_nos]),
            np.concatenate([kept.doc_nos[kept.alive], changes.doc_nos]),
            np.concatenate([kept.vectors()[kept.alive], changes.vectors]),
            dimension,
        )
        moved = len(recent.passage_nos) + int((~base.alive).sum())
        if moved <= max(RECENT_ROWS, RECENT_SHARE * len(base.passage_nos)):
            return VectorSnapshot(changes.seq, base, recent)
        return VectorSnapshot(changes.seq, _merged(base, recent), _nothing(dimension))


def empty_snapshot(dimension: int) -> VectorSnapshot:
    """Return the snapshot of a store to which nothing has been added."""
    return VectorSnapshot(0, _nothing(dimension), _nothing(dimension))


def save(folder: Path, snapshot: VectorSnapshot, database_id: str) -> None:
    """Write a snapshot to its derived file in one step: a reader finds the old file or the new one, whole."""
    whole = _merged(snapshot.base, snapshot.recent)
    content = b"".join(
        (
            whole.passage_nos.astype("<i8").tobytes(),
            whole.doc_nos.astype("<i8").tobytes(),
            faiss.serialize_index(whole.index).tobytes(),
        )
    )
    header = {
        "database_id": database_id,
        "seq": snapshot.seq,
        "rows": len(whole.passage_nos),
        "dimension": whole.index.d,
    }
    head = json.dumps(header).encode() + b"\n"
    digest = hashlib.sha256(head + content).hexdigest().encode() + b"\n"
    _remove_left_behind(folder)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines((_MAGIC, digest, head, content))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(folder / FILE)
    finally:
        Path(temporary).unlink(missing_ok=True)


def load(folder: Path, database_id: str, dimension: int, newest_seq: int | None = None) -> VectorSnapshot | None:
    """Return the snapshot in the derived file; None where it is missing, damaged, of another database or a newer state.

    Without `newest_seq`, any state of the database is taken.
    """
    try:
        raw = (folder / FILE).read_bytes()
    except OSError:
        return None
    magic, digest, body = raw[: len(_MAGIC)], raw[len(_MAGIC) :][:64], raw[len(_MAGIC) + 65 :]
    if magic != _MAGIC or digest != hashlib.sha256(body).hexdigest().encode():
        return None
    head, _, content = body.partition(b"\n")
    header = json.loads(head)
    seq, rows = header["seq"], header["rows"]
    if header["database_id"] != database_id or header["dimension"] != dimension:
        return None
    if newest_seq is not None and seq > newest_seq:
        return None
    numbers = np.frombuffer(content[: 16 * rows], dtype="<i8").astype(np.int64)
    index = faiss.deserialize_index(np.frombuffer(content[16 * rows :], dtype=np.uint8))
    base = _Part(index, numbers[:rows], numbers[rows:], np.ones(rows, dtype=bool))
    return VectorSnapshot(seq, base, _nothing(dimension))


def _remove_left_behind(folder: Path) -> None:
    """Remove what processes that were killed while they saved have left."""
    for path in folder.glob(f".{FILE}-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                path.unlink()


def _nothing(dimension: int) -> _Part:
    none = np.empty(0, dtype=np.int64)
    return _Part.of(none, none, np.empty((0, dimension), dtype=np.float32), dimension)


def _merged(*parts: _Part) -> _Part:
    passage_nos = np.concatenate([part.passage_nos[part.alive] for part in parts])
    doc_nos = np.concatenate([part.doc_nos[part.alive] for part in parts])
    vectors = np.concatenate([part.vectors()[part.alive] for part in parts])
    return _Part.of(passage_nos, doc_nos, vectors, parts[0].index.d)
