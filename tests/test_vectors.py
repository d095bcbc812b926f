from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import vectors
from index.embedder import Vectors
from index.records import Changes, Numbers

DIMENSION = 16


def unit_rows(count: int, seed: int) -> Vectors:
    """Vectors that 16-bit floats hold as they are, so that a search over them is exact."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    return unit


def numbers(values: npt.ArrayLike) -> Numbers:
    return np.asarray(values, dtype=np.int64)


def changes(seq: int, passage_nos: npt.ArrayLike, rows: Vectors, removed: npt.ArrayLike = ()) -> Changes:
    added = numbers(passage_nos)
    return Changes(seq, added, added // 10, rows, numbers(removed))


def twin(rows: dict[int, Vectors], query: Vectors, k: int, docs: set[int] | None) -> list[int]:
    """The slow and obvious search: every inner product, then a full sort."""
    scored = [(-float(row @ query), number) for number, row in rows.items() if docs is None or number // 10 in docs]
    return [number for _, number in sorted(scored)[:k]]


@given(
    batches=st.lists(st.tuples(st.integers(0, 12), st.sets(st.integers(1, 60), max_size=8)), min_size=1, max_size=6),
    k=st.integers(1, 20),
    docs=st.none() | st.sets(st.integers(0, 6)),
    seed=st.integers(0, 1000),
)
def test_any_history_of_changes_is_searched_as_numpy_would(
    batches: list[tuple[int, set[int]]], k: int, docs: set[int] | None, seed: int
) -> None:
    snapshot = vectors.empty_snapshot(DIMENSION)
    rows: dict[int, Vectors] = {}
    next_no = 1
    for seq, (count, removed) in enumerate(batches, start=1):
        gone = sorted(removed & rows.keys())
        for number in gone:
            del rows[number]
        added = list(range(next_no, next_no + count))
        next_no += count
        new = unit_rows(count, seed + seq)
        rows.update(zip(added, new, strict=True))
        snapshot = snapshot.after(changes(seq, added, new, gone))
    query = unit_rows(1, seed)[0]
    wanted = None if docs is None else numbers(sorted(docs))
    found = snapshot.nearest(query, k, wanted)
    assert [one.passage_no for one in found] == twin(rows, query, k, docs)
    assert np.allclose([one.cosine for one in found], [rows[one.passage_no] @ query for one in found], atol=1e-5)
    again = {one.passage_no: one for one in snapshot.near(query, sorted(rows))}
    assert again.keys() == rows.keys()
    assert [one.doc_no for one in found] == [again[one.passage_no].doc_no for one in found]
    assert np.allclose([one.cosine for one in found], [again[one.passage_no].cosine for one in found], atol=1e-6)
    assert snapshot.passage_nos().tolist() == sorted(rows)
    assert snapshot.searched(wanted) == len(twin(rows, query, len(rows), docs))


def test_a_snapshot_does_not_change_under_its_reader() -> None:
    rows = unit_rows(5, 1)
    before = vectors.empty_snapshot(DIMENSION).after(changes(1, [1, 2, 3, 4, 5], rows))
    found = before.nearest(rows[0], 5)
    before.after(changes(2, [6], unit_rows(1, 2), removed=[1, 2]))
    assert before.nearest(rows[0], 5) == found


def test_many_changes_are_merged_into_the_base() -> None:
    count = vectors.RECENT_ROWS + 1
    snapshot = vectors.empty_snapshot(DIMENSION).after(changes(1, range(count), unit_rows(count, 1)))
    assert len(snapshot.base.passage_nos) == count
    assert len(snapshot.recent.passage_nos) == 0


def test_vectors_are_rounded_once_whatever_becomes_of_them() -> None:
    rows = np.random.default_rng(1).standard_normal((30, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    once = vectors.empty_snapshot(DIMENSION).after(changes(1, range(30), rows))
    often = vectors.empty_snapshot(DIMENSION)
    for seq, at in enumerate(range(0, 30, 3), start=1):
        began = often
        often = often.after(changes(seq, range(at, at + 3), rows[at : at + 3]))
        often = often.over(began.merged()) if seq % 2 else often.merged()
    assert often.nearest(rows[7], 30) == once.nearest(rows[7], 30)
    cosines = [one.cosine for one in often.near(rows[7], range(30))]
    assert cosines == pytest.approx((rows @ rows[7]).tolist(), abs=1e-3)


def test_a_base_made_beside_the_searches_takes_the_place_of_the_older_one() -> None:
    rows = unit_rows(40, 1)
    began = vectors.empty_snapshot(DIMENSION).after(changes(1, range(30), rows[:30]))
    now = began.after(changes(2, range(30, 40), rows[30:], removed=[2, 29])).after(changes(3, [], rows[:0], [31]))
    placed = now.over(began.merged())
    assert placed.seq == 3
    assert placed.passage_nos().tolist() == now.passage_nos().tolist()
    assert placed.nearest(rows[35], 40) == now.nearest(rows[35], 40)


def test_equal_scores_come_in_the_order_of_their_numbers() -> None:
    row = unit_rows(1, 1)
    snapshot = vectors.empty_snapshot(DIMENSION).after(changes(1, [3, 1, 2], np.repeat(row, 3, axis=0)))
    assert [one.passage_no for one in snapshot.nearest(row[0], 3)] == [1, 2, 3]


class TestDerivedFile:
    @pytest.fixture
    def saved(self, tmp_path: Path) -> Path:
        snapshot = vectors.empty_snapshot(DIMENSION).after(changes(1, range(50), unit_rows(50, 1)))
        snapshot = snapshot.after(changes(7, range(50, 60), unit_rows(10, 2), removed=range(5)))
        vectors.save(tmp_path, snapshot, "database-a")
        return tmp_path

    def test_a_snapshot_comes_back_as_it_was_saved(self, saved: Path) -> None:
        loaded = vectors.load(saved, "database-a", DIMENSION, newest_seq=7)
        assert loaded is not None
        assert loaded.seq == 7
        assert loaded.passage_nos().tolist() == list(range(5, 60))
        query = unit_rows(10, 2)[3]
        assert loaded.nearest(query, 1)[0].passage_no == 53
        assert [path.name for path in saved.iterdir()] == [vectors.FILE]

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(lambda raw: b"", id="empty"),
            pytest.param(lambda raw: b"\0" * len(raw), id="zeros"),
            pytest.param(lambda raw: raw[:-1], id="one byte short"),
            pytest.param(lambda raw: raw[: len(raw) // 2], id="half"),
            pytest.param(lambda raw: raw[:30], id="part of the header"),
            pytest.param(lambda raw: raw + b"\0", id="one byte long"),
            pytest.param(lambda raw: raw[:-40] + b"\xff" + raw[-39:], id="one byte changed"),
            pytest.param(lambda raw: raw.replace(b'"rows": 55', b'"rows": 54'), id="a lying count"),
            pytest.param(lambda raw: raw.replace(b'"seq": 7', b'"seq": 9'), id="newer than the database"),
            pytest.param(lambda raw: raw.replace(b"database-a", b"database-b"), id="of another database"),
            pytest.param(lambda raw: raw.replace(b'"dimension": 16', b'"dimension": 32'), id="another dimension"),
            pytest.param(lambda raw: raw.replace(b"vectors-3", b"vectors-2"), id="another version"),
        ],
    )
    def test_a_file_that_cannot_be_trusted_is_not_used(self, saved: Path, damage: object) -> None:
        path = saved / vectors.FILE
        assert callable(damage)
        path.write_bytes(damage(path.read_bytes()))
        assert vectors.load(saved, "database-a", DIMENSION, newest_seq=7) is None

    def test_a_missing_file_is_not_used(self, tmp_path: Path) -> None:
        assert vectors.load(tmp_path, "database-a", DIMENSION, newest_seq=0) is None
