"""A base too large to be made anew while a question waits: it is made beside the searches, and written for all."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index import vectors
from index.derived import Derived
from index.document import Document, Metadata, Passage, Span
from index.embedder import Vectors
from index.faiss_index import INVERTED_FROM
from index.records import EmbeddedPassage, Identity
from index.store import Store
from index.vectors import RECENT_ROWS

DIMENSION = 8
IDENTITY = Identity("model", "fingerprint", DIMENSION, DIMENSION, "splitter")
TOKENS = np.zeros((1, DIMENSION), dtype=np.int8)
ENOUGH_TO_MERGE = vectors.RECENT_MOST + 1


def unit_rows(count: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def put(store: Store, doc_id: str, rows: Vectors) -> None:
    """Store a document with a passage of one word for each vector."""
    text = "word " * len(rows)
    spans = [Span(5 * at, 5 * at + 4) for at in range(len(rows))]
    passages: Sequence[EmbeddedPassage] = [
        EmbeddedPassage(Passage(span, "", (span,)), row, TOKENS, (Span(0, 1),))
        for span, row in zip(spans, rows, strict=True)
    ]
    store.put(Document(doc_id, text, "text/plain", Metadata()), passages, None)


def opened(store: Store) -> Derived:
    with store.read() as reading:
        return Derived(store.path.parent, reading, DIMENSION, store.seq)


def snapshot_of(store: Store, derived: Derived) -> vectors.VectorSnapshot:
    with store.read() as reading:
        return derived.vectors_at(reading)


def saved_seq(store: Store) -> int:
    saved = vectors.load(store.path.parent, store.database_id, DIMENSION)
    assert saved is not None
    return saved.seq


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose derived file is large and holds all there is."""
    folder = tmp_path_factory.mktemp("large")
    store = Store(folder, create=IDENTITY)
    put(store, "large", unit_rows(INVERTED_FROM, 1))
    derived = opened(store)
    snapshot_of(store, derived)
    derived.save()
    store.close()
    return folder


@pytest.fixture
def store(large: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(shutil.copytree(large, tmp_path / "data"))
    yield store
    store.close()


@pytest.mark.slow
def test_a_large_file_is_mapped_and_not_written_for_a_little(store: Store) -> None:
    derived = opened(store)
    put(store, "small", unit_rows(RECENT_ROWS // 2, 2))
    assert snapshot_of(store, derived).searched() == INVERTED_FROM + RECENT_ROWS // 2
    derived.save()
    assert saved_seq(store) == 1
    assert snapshot_of(store, opened(store)).searched() == INVERTED_FROM + RECENT_ROWS // 2


@pytest.mark.slow
def test_much_that_came_is_found_at_once_and_merged_beside_the_searches(store: Store) -> None:
    derived = opened(store)
    put(store, "second", unit_rows(ENOUGH_TO_MERGE, 2))
    before = snapshot_of(store, derived)
    assert before.searched() == INVERTED_FROM + ENOUGH_TO_MERGE
    assert len(before.recent.passage_nos) == ENOUGH_TO_MERGE
    # What is put and deleted while the base is made must not be lost with it.
    put(store, "third", unit_rows(5, 3))
    store.delete("large")
    during = snapshot_of(store, derived)
    derived.save()
    after = snapshot_of(store, derived)
    assert after.passage_nos().tolist() == during.passage_nos().tolist()
    assert len(after.passage_nos()) == ENOUGH_TO_MERGE + 5
    assert after.nearest(unit_rows(5, 3)[2], 1)[0].cosine == pytest.approx(1, abs=1e-3)
    assert saved_seq(store) > 1


@pytest.mark.slow
def test_what_another_reader_has_merged_is_not_merged_again(store: Store) -> None:
    one, other = opened(store), opened(store)
    put(store, "second", unit_rows(ENOUGH_TO_MERGE, 2))
    snapshot_of(store, one)
    one.save()
    written = (store.path.parent / vectors.FILE).stat().st_ino
    snapshot_of(store, other)
    other.save()
    assert (store.path.parent / vectors.FILE).stat().st_ino == written
    assert snapshot_of(store, other).is_whole


def saved_where_it_cannot_be_written(store: Store) -> Derived:
    derived = opened(store)
    path = store.path.parent / vectors.FILE
    path.unlink()
    # A folder of that name cannot be replaced by a file.
    path.mkdir()
    put(store, "second", unit_rows(ENOUGH_TO_MERGE, 2))
    snapshot_of(store, derived)
    derived.save()
    return derived


@pytest.mark.slow
def test_a_file_that_could_not_be_written_is_tried_again(store: Store) -> None:
    derived = saved_where_it_cannot_be_written(store)
    path = store.path.parent / vectors.FILE
    path.rmdir()
    derived.save()
    assert path.is_file()


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_merged_in_memory(store: Store) -> None:
    derived = saved_where_it_cannot_be_written(store)
    assert snapshot_of(store, derived).is_whole
