import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.embedder import Vectors
from index.faiss_index import INVERTED_FROM, VectorIndex
from tests.command_line import ROOT

DIMENSION = 16
COUNT = INVERTED_FROM + 5_000
K = 10


def clustered(count: int, seed: int) -> Vectors:
    """Vectors as texts have them: many are near others."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((400, DIMENSION))
    rows = centres[random.integers(0, len(centres), count)] + 0.6 * random.standard_normal((count, DIMENSION))
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def recall(index: VectorIndex, rows: Vectors, eligible: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """The share of the nearest that are found, by comparison with every inner product."""
    shares = []
    allowed = np.flatnonzero(eligible)
    for query in clustered(50, 7):
        wanted = set(allowed[np.argsort(-(rows[allowed] @ query))[:K]].tolist())
        shares.append(len(wanted & {row for _, row in index.nearest(query, K, eligible)}) / len(wanted))
    return float(np.mean(shares))


# Prints how many threads a search in a thread begins. The process that tests is told to have one in any case.
COUNTING = """
import os, threading
import numpy as np
from index.faiss_index import INVERTED_FROM, VectorIndex

rows = np.random.default_rng(0).standard_normal((INVERTED_FROM, 8)).astype(np.float32)
indexes = [VectorIndex.flat(rows), VectorIndex.of(rows, threads=2)]

def count():
    before = len(os.listdir("/proc/self/task"))
    for index in indexes:
        index.nearest(rows[0], 5, np.ones(len(rows), dtype=bool))
        index.vectors(np.arange(5_000))
    print(len(os.listdir("/proc/self/task")) - before)

thread = threading.Thread(target=count)
thread.start()
thread.join()
"""

ROWS = clustered(COUNT, 1)
ALL = np.ones(COUNT, dtype=bool)


@pytest.fixture(scope="module")
def inverted() -> VectorIndex:
    return VectorIndex.of(ROWS)


def test_a_large_index_finds_nearly_all_of_the_nearest(inverted: VectorIndex) -> None:
    assert recall(inverted, ROWS, ALL) >= 0.98


@pytest.mark.parametrize("one_in", [2, 20, 2_000])
def test_a_filter_costs_no_neighbour(inverted: VectorIndex, one_in: int) -> None:
    eligible = np.random.default_rng(3).random(COUNT) < 1 / one_in
    assert recall(inverted, ROWS, eligible) >= 0.98
    for query in clustered(5, 9):
        assert all(eligible[row] for _, row in inverted.nearest(query, K, eligible))


def test_a_filter_that_few_pass_gives_as_many_as_there_are(inverted: VectorIndex) -> None:
    eligible = np.zeros(COUNT, dtype=bool)
    eligible[[5, 20_000, 34_999]] = True
    assert {row for _, row in inverted.nearest(ROWS[0], K, eligible)} == {5, 20_000, 34_999}
    assert inverted.nearest(ROWS[0], K, np.zeros(COUNT, dtype=bool)) == []


def test_as_many_as_asked_for_come_from_far_lists_too(inverted: VectorIndex) -> None:
    assert len(inverted.nearest(ROWS[0], 20_000, ALL)) == 20_000


def test_cosines_are_those_of_the_vectors(inverted: VectorIndex) -> None:
    for cosine, row in inverted.nearest(ROWS[4], K, ALL):
        assert cosine == pytest.approx(float(ROWS[row] @ ROWS[4]), abs=1e-3)
    assert np.allclose(inverted.vectors(np.array([3, 34_000])), ROWS[[3, 34_000]], atol=1e-3)


def test_a_grown_index_is_the_one_made_of_all(inverted: VectorIndex) -> None:
    kept = np.random.default_rng(5).random(COUNT) < 0.9
    added = clustered(3_000, 11)
    grown, together = inverted.grown(kept, added), np.concatenate([ROWS[kept], added])
    assert len(grown) == len(together)
    assert np.allclose(grown.vectors(np.arange(len(grown))), together, atol=1e-3)
    assert recall(grown, together, np.ones(len(grown), dtype=bool)) >= 0.98


def test_an_index_that_shrinks_looks_at_each_row(inverted: VectorIndex) -> None:
    kept = np.arange(COUNT) < 50
    small = inverted.grown(kept, clustered(10, 2))
    assert len(small) == 60
    assert recall(small, np.concatenate([ROWS[kept], clustered(10, 2)]), np.ones(60, dtype=bool)) >= 0.99
    # The inverted file has rounded them, and a flat index does so no further.
    assert (small.vectors(np.arange(50)) == inverted.vectors(np.flatnonzero(kept))).all()


@pytest.mark.parametrize("one_in", [1, 20])
def test_a_flat_index_finds_what_numpy_does(one_in: int) -> None:
    rows = clustered(3_000, 1)
    index, eligible = VectorIndex.flat(rows), np.random.default_rng(3).random(len(rows)) < 1 / one_in
    assert recall(index, rows, eligible) >= 0.99
    for cosine, row in index.nearest(rows[4], K, eligible):
        assert cosine == pytest.approx(float(rows[row] @ rows[4]), abs=1e-3)


def test_a_flat_index_is_lengthened_as_it_would_be_made_of_all() -> None:
    rows = clustered(300, 1)
    kept = np.arange(200) % 3 > 0
    longer = VectorIndex.flat(rows[:200]).lengthened(kept, rows[200:])
    made = VectorIndex.flat(np.concatenate([rows[:200][kept], rows[200:]]))
    all_of_them = np.arange(len(made))
    found = {row: cosine for cosine, row in made.nearest(rows[5], len(made), np.ones(len(made), dtype=bool))}
    assert made.cosines(rows[5], all_of_them[::-1]).tolist() == [found[row] for row in reversed(all_of_them.tolist())]
    assert (longer.vectors(all_of_them) == made.vectors(all_of_them)).all()
    assert np.allclose(made.vectors(all_of_them[-100:]), rows[200:], atol=1e-3)
    nothing = VectorIndex.flat(rows[:0])
    assert len(nothing.lengthened(np.ones(0, dtype=bool), rows[:0])) == 0
    assert nothing.vectors(np.arange(0)).shape == (0, DIMENSION)


def test_a_mapped_index_outlives_its_file(inverted: VectorIndex, tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    with path.open("wb") as file:
        inverted.write(file.write)
        file.write(b"what others append")
    mapped = VectorIndex.read(path, COUNT)
    path.unlink()
    assert mapped.nearest(ROWS[9], K, ALL) == inverted.nearest(ROWS[9], K, ALL)
    grown = mapped.grown(ALL, ROWS[:1])
    del mapped
    assert {row for _, row in grown.nearest(ROWS[0], 2, np.ones(COUNT + 1, dtype=bool))} == {0, COUNT}


def test_the_same_vectors_make_the_same_index(inverted: VectorIndex) -> None:
    again = VectorIndex.of(ROWS)
    assert again.nearest(ROWS[3], 100, ALL) == inverted.nearest(ROWS[3], 100, ALL)


def test_a_file_that_is_not_there_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        VectorIndex.read(tmp_path / "nothing", COUNT)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc here")
def test_a_search_begins_no_threads_in_whichever_thread_it_is_made() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, "-W", "ignore", "-c", COUNTING]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0\n", "")
